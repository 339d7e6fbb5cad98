"""Where a version stands in a project without a configuration of bump-my-version, and the one that is made for it.

Each file is searched with context: the assignment of ``version`` or ``__version__``, and ``name==X`` in prose. A bare
number is never replaced: pins of other packages, changelogs and "since 2.5.0" hold the same digits.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from packaging.version import Version

from release_recipes.errors import InvalidSetting
from release_recipes.project.source import is_version

_VERSION = r"""[0-9][^"'\s,;]*"""
_ASSIGNED = re.compile(rf"""^(?:__version__|VERSION)\s*(?::[^=\n]+)?=\s*["']({_VERSION})["']""", re.MULTILINE)
_DUNDER = re.compile(rf"""^__version__\s*(?::[^=\n]+)?=\s*["']({_VERSION})["']""", re.MULTILINE)
_KEYWORD = re.compile(rf"""(?<![\w.-])(?:__)?version(?:__)?\s*=\s*["']({_VERSION})["']""")


def named(folder: Path, version_files: Sequence[str]) -> list[str]:
    """Return the files of the setting ``version_files``.

    Raises:
        InvalidSetting: One of them is not there.
    """
    for given in version_files:
        if not (folder / given).is_file():
            message = f"version_files names {given!r}, which is not there."
            raise InvalidSetting(message, "Name files that exist, relative to the project's root.")
    return list(version_files)


def holds(path: Path, name: str, version: str) -> bool:
    """Return whether a file has the version in a context that is the project's own."""
    sought = _context(name).format(current_version=re.escape(version))
    return re.search(sought, path.read_text("utf-8", "replace"), re.MULTILINE) is not None


def other_versions(folder: Path, candidates: Sequence[str], version: str) -> dict[str, str]:
    """Return the modules that say another version of the package than the project does, with what they say.

    A placeholder such as 0.0.0, which a build replaces, is none.
    """
    modules = [file for file in candidates if file.endswith(".py") and _is_for_versions(file)]
    said = {file: _DUNDER.search((folder / file).read_text("utf-8", "replace")) for file in modules}
    return {
        file: found[1]
        for file, found in said.items()
        if found and found[1] != version and is_version(found[1]) and any(Version(found[1]).release)
    }


def made_config(files: Sequence[str], name: str, version: str, table: str) -> str:
    """Return a configuration for a project that has none; ``{root}`` stands for its folder.

    Args:
        files: Those that hold the version, below the project's folder.
        name: The project's.
        version: The one that stands.
        table: The table of ``pyproject.toml`` that declares it; empty for none.
    """
    context = _context(name)
    lines = ["[tool.bumpversion]", f"current_version = {json.dumps(version)}", *_scheme(version)]
    for file in files:
        lines += ["[[tool.bumpversion.files]]", f'filename = "{{root}}/{file}"']
        search = json.dumps(_in_table(table) if table and file == "pyproject.toml" else context)
        lines += ["regex = true", f"search = {search}", r'replace = "\\g<1>{new_version}"']
    return "\n".join(lines) + "\n"


def _in_table(table: str) -> str:
    """Return the search pattern for the version in a table of ``pyproject.toml``.

    bump-my-version has ``key_path`` for that, but goes by it in its own configuration file only; elsewhere it would
    replace every number of that value (1.8.1, ``modify_files``).
    """
    up_to_key = rf"^\[{re.escape(table)}\][^\n]*\n(?:(?!\[)[^\n]*\n)*?[ \t]*version"
    return rf"""({up_to_key}[ \t]*=[ \t]*["']){{current_version}}(?=["'])"""


def _context(name: str) -> str:
    """Return the search pattern (a regular expression as bump-my-version takes it) for a version in context."""
    spelled = re.sub(r"[-_.]+", "[-_.]", re.sub(r"[^\w.-]", "", name))
    assigned = r"""(?<![\w.-])["']?(?:__version__|[vV]ersion|VERSION)["']?\s*(?::\s*\w+\s*)?[=:]\s*["']?"""
    pinned = rf"(?<![\w.-])(?i:{spelled})(?:\[[\w, -]*\])?=="
    return rf"({assigned}|{pinned}){{current_version}}(?![\w+!]|[.-]\w)"


def _scheme(version: str) -> list[str]:
    """Return how the parts of such a version are read and written.

    A version of two or three numbers has ``major``, ``minor`` and ``patch``; for any other the next one is not
    guessed, and ``--new-version`` names it.
    """
    numbers = version.count(".") + 1
    if not re.fullmatch(r"\d+(\.\d+){1,2}", version):
        return [r'parse = "(?P<version>.+)"', 'serialize = ["{version}"]']
    serialize = ["{major}.{minor}.{patch}"] if numbers == 3 else ["{major}.{minor}.{patch}", "{major}.{minor}"]  # noqa: PLR2004
    parse = r"(?P<major>\d+)\.(?P<minor>\d+)(?:\.(?P<patch>\d+))?"
    return [f"parse = {json.dumps(parse)}", f"serialize = {json.dumps(serialize)}"]


def likely(folder: Path) -> list[str]:
    """Return the files in which a version is likely to stand, the ones that declare it first."""
    modules = [
        path
        for pattern in ("*.py", "*/*.py", "src/*.py", "src/*/*.py")
        for path in sorted(folder.glob(pattern))
        if path.name not in {"setup.py", "conftest.py", "noxfile.py", "tasks.py"}
        and not path.relative_to(folder).parts[0].startswith((".", "test", "doc", "example", "build", "dist", "venv"))
        and (_is_for_versions(path.name) or _ASSIGNED.search(path.read_text("utf-8", "replace")))
    ]  # fmt: skip
    exported = {source for path in modules if path.name == "__init__.py" for source in _exported_from(path)}
    # What a package says is its version comes before a module that has one of its own, such as that of its data.
    modules.sort(key=lambda path: not (_is_for_versions(path.name) or path in exported))
    top = [folder / "pyproject.toml", folder / "setup.cfg", folder / "setup.py"]
    prose = [folder / "README.md", folder / "README.rst", folder / "docs/installation.md"]
    return [path.relative_to(folder).as_posix() for path in (*top, *modules, *prose) if path.is_file()]


def _exported_from(package: Path) -> list[Path]:
    """Return the modules from which a package's ``__init__.py`` takes its version."""
    text = package.read_text("utf-8", "replace")
    # "import __version__ as unicode_version" is the version of something else.
    imports = re.findall(r"^from \.(\w+) import [^\n]*\b__version__\b(?! +as )", text, re.MULTILINE)
    return [package.with_name(f"{module}.py") for module in imports]


def _is_for_versions(file: str) -> bool:
    """Return whether a module's name is one in which a package says its version."""
    return Path(file).stem.strip("_") in {"init", "version", "about", "version_info"}


def version_in(path: Path) -> str | None:
    """Return the version that a file assigns, if it is one of :pep:`440`."""
    if path.suffix != ".py":
        return None
    text = path.read_text("utf-8", "replace")
    found = _ASSIGNED.search(text) or (_KEYWORD.search(text) if path.name == "setup.py" else None)
    return found[1] if found and is_version(found[1]) else None
