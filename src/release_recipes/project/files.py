"""The version files of a project that does not configure bump-my-version, and a generated configuration for it.

The version is searched with context: an assignment of ``version`` or ``__version__``, and ``name==X`` in text. A plain
number is never replaced: pins of other packages, changelogs and "since 2.5.0" may contain the same number.
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


#: Top-level folders that are not packages.
_NO_PACKAGES = frozenset(
    {
        "test",
        "tests",
        "testing",
        "doc",
        "docs",
        "example",
        "examples",
        "build",
        "dist",
        "venv",
        "env",
        "bench",
        "benchmarks",
    }
)


def named(folder: Path, version_files: Sequence[str]) -> list[str]:
    """Return the files of the setting ``version_files``.

    Raises:
        InvalidSetting: A file does not exist.
    """
    for given in version_files:
        if not (folder / given).is_file():
            message = f"version_files lists {given!r}, which does not exist."
            raise InvalidSetting(message, "List existing files, relative to the root of the project.")
    return list(version_files)


def holds(path: Path, name: str, version: str) -> bool:
    """Return whether a file contains the version with context."""
    sought = _context(name).format(current_version=re.escape(version))
    return re.search(sought, path.read_text("utf-8", "replace"), re.MULTILINE) is not None


def other_versions(folder: Path, candidates: Sequence[str], version: str) -> dict[str, str]:
    """Return the modules whose version differs from the project's, with their versions.

    A placeholder such as 0.0.0, which a build replaces, is ignored.
    """
    modules = [file for file in candidates if file.endswith(".py") and _is_for_versions(file)]
    said = {file: _DUNDER.search((folder / file).read_text("utf-8", "replace")) for file in modules}
    return {
        file: found[1]
        for file, found in said.items()
        if found and found[1] != version and is_version(found[1]) and any(Version(found[1]).release)
    }


def made_config(files: Sequence[str], name: str, version: str, table: str) -> str:
    """Generate a configuration for a project that has none; ``{root}`` is its folder.

    Args:
        files: The version files, relative to the project's folder.
        name: The project's name.
        version: The current version.
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

    bump-my-version has ``key_path`` for that, but supports it in its own configuration file only; in other files it
    replaces every occurrence of the version (1.8.1, ``modify_files``).
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
    """Return the lines that define the parts of a version.

    A version of two or three numbers has ``major``, ``minor`` and ``patch``; any other needs ``--new-version``.
    """
    numbers = version.count(".") + 1
    if not re.fullmatch(
        r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){1,2}", version
    ):  # leading zeros, as in 2025.08.03, would be lost
        return [r'parse = "(?P<version>.+)"', 'serialize = ["{version}"]']
    serialize = ["{major}.{minor}.{patch}"] if numbers == 3 else ["{major}.{minor}.{patch}", "{major}.{minor}"]  # noqa: PLR2004
    parse = r"(?P<major>\d+)\.(?P<minor>\d+)(?:\.(?P<patch>\d+))?"
    return [f"parse = {json.dumps(parse)}", f"serialize = {json.dumps(serialize)}"]


def likely(folder: Path, name: str = "") -> list[str]:
    """Return the files that are likely to contain the version, those that declare it first.

    A package named as the project is one, whatever its folder is called.
    """
    no_packages = _NO_PACKAGES - {re.sub("[-.]", "_", name).lower()}
    modules = [
        path
        for pattern in ("*.py", "*/*.py", "src/*.py", "src/*/*.py")
        for path in sorted(folder.glob(pattern))
        if path.name not in {"setup.py", "conftest.py", "noxfile.py", "tasks.py"}
        and not path.relative_to(folder).parts[0].startswith(".")
        and path.relative_to(folder).parts[0] not in no_packages
        and (_is_for_versions(path.name) or _ASSIGNED.search(path.read_text("utf-8", "replace")))
    ]  # fmt: skip
    exported = {source for path in modules if path.name == "__init__.py" for source in _exported_from(path)}
    # The version of the package comes before modules with other versions, such as that of its data.
    modules.sort(key=lambda path: not (_is_for_versions(path.name) or path in exported))
    top = [folder / "pyproject.toml", folder / "setup.cfg", folder / "setup.py"]
    prose = [folder / "README.md", folder / "README.rst", folder / "docs/installation.md"]
    return [path.relative_to(folder).as_posix() for path in (*top, *modules, *prose) if path.is_file()]


def _exported_from(package: Path) -> list[Path]:
    """Return the modules from which a package's ``__init__.py`` imports its version."""
    text = package.read_text("utf-8", "replace")
    # "import __version__ as unicode_version" is the version of something else.
    imports = re.findall(r"^from \.(\w+) import [^\n]*\b__version__\b(?! +as )", text, re.MULTILINE)
    return [package.with_name(f"{module}.py") for module in imports]


def _is_for_versions(file: str) -> bool:
    """Return whether the name of a module is usual for the version of a package."""
    return Path(file).stem.strip("_") in {"init", "version", "about", "version_info"}


def version_in(path: Path) -> str | None:
    """Return the version that a file assigns, if it is valid by :pep:`440`."""
    if path.suffix != ".py":
        return None
    text = path.read_text("utf-8", "replace")
    found = _ASSIGNED.search(text) or (_KEYWORD.search(text) if path.name == "setup.py" else None)
    return found[1] if found and is_version(found[1]) else None
