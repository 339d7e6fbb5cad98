"""What is being released: the name, the version, and where the version stands.

The bump-my-version configuration of a project wins. A project without one gets a configuration made for it, in which
each file has a search with context: the assignment of ``version`` or ``__version__``, and ``name==X`` in prose. A bare
number is never replaced: pins of other packages, changelogs and "since 2.5.0" hold the same digits.
"""

from __future__ import annotations

import ast
import configparser
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.version import InvalidVersion, Version

from release_recipes.errors import InvalidSetting, NoProject
from release_recipes.programs.bump_my_version import BumpMyVersion

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: Where bump-my-version looks, in its order.
_BUMP_CONFIGS = (".bumpversion.cfg", ".bumpversion.toml", "setup.cfg", "pyproject.toml")

#: Build backends and plug-ins that take the version from a tag.
_TAG_DRIVEN = (
    "setuptools_scm",
    "setuptools-scm",
    "hatch-vcs",
    "versioningit",
    "versioneer",
    "dunamai",
    "pbr",
    "dynamic-versioning",
)

_VERSION = r"""[0-9][^"'\s,;]*"""
_ASSIGNED = re.compile(rf"""^(?:__version__|VERSION)\s*(?::[^=\n]+)?=\s*["']({_VERSION})["']""", re.MULTILINE)
_DUNDER = re.compile(rf"""^__version__\s*(?::[^=\n]+)?=\s*["']({_VERSION})["']""", re.MULTILINE)
_KEYWORD = re.compile(rf"""(?<![\w.-])(?:__)?version(?:__)?\s*=\s*["']({_VERSION})["']""")


@dataclass(frozen=True)
class Project:
    """A Python project at the root of a repository."""

    root: Path
    #: As the project spells it.
    name: str
    pyproject: Mapping[str, Any]
    #: The version that the project's own metadata declares in words; ``None`` where it is computed.
    declared_version: str | None
    bumper: BumpMyVersion
    #: bump-my-version's configuration, relative to the root; ``None`` where it was made for the project.
    bump_config: str | None
    #: Modules that assign another ``__version__`` than the project's, and that nobody named as version files.
    disagreeing: Mapping[str, str] = field(default_factory=dict)


def read_project(root: Path, pyproject: Mapping[str, Any], version_files: Sequence[str] = ()) -> Project:
    """Read the project at a folder, without running any of its code.

    Args:
        root: The project's folder.
        pyproject: What its ``pyproject.toml`` holds.
        version_files: The setting of that name.

    Raises:
        NoProject: There is none, or its name or version cannot be read.
        InvalidSetting: A file of ``version_files`` is not there.
    """
    if not any((root / name).is_file() for name in ("pyproject.toml", "setup.py", "setup.cfg")):
        message = "This repository's root holds no Python project (no pyproject.toml, setup.py or setup.cfg)."
        raise NoProject(message, "Run this in the repository of the package that you release.")
    setup = _setup_keywords(root)
    name = _first_string(_tables(pyproject, "name")) or setup.get("name")
    if not name:
        message = "The project's name cannot be read from pyproject.toml, setup.cfg or setup.py."
        raise NoProject(message, 'Write it down: [project] name = "…" in pyproject.toml')
    declared = _first_string(_tables(pyproject, "version")) or setup.get("version")
    config = _bump_config(root, pyproject)
    if config:
        return Project(root, name, pyproject, declared, BumpMyVersion(None), config)
    candidates = _named_files(root, version_files) or _likely_files(root)
    version = declared or next(filter(None, (_version_in(root / file) for file in candidates)), None)
    # A version in pyproject.toml that is not the project's own is some tool's.
    found = [file for file in candidates if file != "pyproject.toml" or _version_table(pyproject)]
    files = list(version_files) or [file for file in found if _holds(root / file, name, version or "")]
    if version is None or not files:
        raise _no_version(pyproject)
    made = BumpMyVersion(_made_config(files, name, version, pyproject))
    others = {} if version_files else _other_versions(root, candidates, version)
    return Project(root, name, pyproject, declared, made, None, others)


def _tables(pyproject: Mapping[str, Any], key: str) -> Iterator[object]:
    """Return what the tables that may hold it say of a key: :pep:`621`'s first, then Poetry's."""
    yield pyproject.get("project", {}).get(key)
    yield pyproject.get("tool", {}).get("poetry", {}).get(key)


def _first_string(values: Iterator[object]) -> str | None:
    return next((value for value in values if isinstance(value, str)), None)


def _setup_keywords(root: Path) -> dict[str, str]:
    """Return name and version as ``setup.cfg`` and the literals of ``setup.py`` declare them."""
    found: dict[str, str] = {}
    setup_py = root / "setup.py"
    if setup_py.is_file():
        try:
            calls = [node for node in ast.walk(ast.parse(setup_py.read_bytes())) if isinstance(node, ast.Call)]
        except (SyntaxError, ValueError):
            calls = []
        for call in calls:
            if getattr(call.func, "id", getattr(call.func, "attr", "")) == "setup":
                found |= {
                    word.arg: word.value.value
                    for word in call.keywords
                    if word.arg in {"name", "version"} and isinstance(word.value, ast.Constant)
                    and isinstance(word.value.value, str)
                }  # fmt: skip
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(root / "setup.cfg", encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        return found
    for key in ("name", "version"):
        value = parser.get("metadata", key, fallback="")
        if value and not value.startswith(("attr:", "file:")):
            found[key] = value
    return found


def _bump_config(root: Path, pyproject: Mapping[str, Any]) -> str | None:
    """Return the file in which bump-my-version finds its configuration, as it would look for it."""
    for name in _BUMP_CONFIGS:
        path = root / name
        if name == "pyproject.toml":
            if "bumpversion" in pyproject.get("tool", {}):
                return name
        elif path.is_file() and "bumpversion" + ("]" if name.endswith(".cfg") else "") in path.read_text("utf-8"):
            return name
    return None


def _named_files(root: Path, version_files: Sequence[str]) -> list[str]:
    """Return the files of the setting ``version_files``.

    Raises:
        InvalidSetting: One of them is not there.
    """
    for given in version_files:
        if not (root / given).is_file():
            message = f"version_files names {given!r}, which is not there."
            raise InvalidSetting(message, "Name files that exist, relative to the project's root.")
    return list(version_files)


def _holds(path: Path, name: str, version: str) -> bool:
    """Say whether a file has the version in a context that is the project's own."""
    sought = _context(name).format(current_version=re.escape(version))
    return re.search(sought, path.read_text("utf-8", "replace"), re.MULTILINE) is not None


def _other_versions(root: Path, candidates: Sequence[str], version: str) -> dict[str, str]:
    """Return the modules that say another version of the package than the project does, with what they say.

    A placeholder such as 0.0.0, which a build replaces, is none.
    """
    modules = [file for file in candidates if file.endswith(".py") and _is_for_versions(file)]
    said = {file: _DUNDER.search((root / file).read_text("utf-8", "replace")) for file in modules}
    return {
        file: found[1]
        for file, found in said.items()
        if found and found[1] != version and is_version(found[1]) and any(Version(found[1]).release)
    }


def _made_config(files: Sequence[str], name: str, version: str, pyproject: Mapping[str, Any]) -> str:
    """Return a bump-my-version configuration for a project that has none; ``{root}`` stands for its folder."""
    context = _context(name)
    lines = ["[tool.bumpversion]", f"current_version = {json.dumps(version)}", *_scheme(version)]
    for file in files:
        lines += ["[[tool.bumpversion.files]]", f'filename = "{{root}}/{file}"']
        table = _version_table(pyproject) if file == "pyproject.toml" else None
        search = json.dumps(_in_table(table) if table else context)
        lines += ["regex = true", f"search = {search}", r'replace = "\\g<1>{new_version}"']
    return "\n".join(lines) + "\n"


def _version_table(pyproject: Mapping[str, Any]) -> str | None:
    """Return the table in which ``pyproject.toml`` declares the version."""
    found = zip(_tables(pyproject, "version"), ("project", "tool.poetry"), strict=True)
    return next((table for value, table in found if isinstance(value, str)), None)


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


def _likely_files(root: Path) -> list[str]:
    """Return the files in which a version is likely to stand, the ones that declare it first."""
    modules = [
        path
        for pattern in ("*.py", "*/*.py", "src/*.py", "src/*/*.py")
        for path in sorted(root.glob(pattern))
        if path.name not in {"setup.py", "conftest.py", "noxfile.py", "tasks.py"}
        and not path.relative_to(root).parts[0].startswith((".", "test", "doc", "example", "build", "dist", "venv"))
        and (_is_for_versions(path.name) or _ASSIGNED.search(path.read_text("utf-8", "replace")))
    ]  # fmt: skip
    exported = {source for path in modules if path.name == "__init__.py" for source in _exported_from(path)}
    # What a package says is its version comes before a module that has one of its own, such as that of its data.
    modules.sort(key=lambda path: not (_is_for_versions(path.name) or path in exported))
    top = [root / "pyproject.toml", root / "setup.cfg", root / "setup.py"]
    prose = [root / "README.md", root / "README.rst", root / "docs/installation.md"]
    return [path.relative_to(root).as_posix() for path in (*top, *modules, *prose) if path.is_file()]


def _exported_from(package: Path) -> list[Path]:
    """Return the modules from which a package's ``__init__.py`` takes its version."""
    text = package.read_text("utf-8", "replace")
    # "import __version__ as unicode_version" is the version of something else.
    imports = re.findall(r"^from \.(\w+) import [^\n]*\b__version__\b(?! +as )", text, re.MULTILINE)
    return [package.with_name(f"{module}.py") for module in imports]


def _is_for_versions(file: str) -> bool:
    """Say whether a module's name is one in which a package says its version."""
    return Path(file).stem.strip("_") in {"init", "version", "about", "version_info"}


def _version_in(path: Path) -> str | None:
    """Return the version that a file assigns, if it is one of :pep:`440`."""
    if path.suffix != ".py":
        return None
    text = path.read_text("utf-8", "replace")
    found = _ASSIGNED.search(text) or (_KEYWORD.search(text) if path.name == "setup.py" else None)
    return found[1] if found and is_version(found[1]) else None


def _no_version(pyproject: Mapping[str, Any]) -> NoProject:
    """Return the error for a project whose version is not found, with the reason where it is known."""
    requires = " ".join(map(str, pyproject.get("build-system", {}).get("requires", ())))
    driven = next((tool for tool in _TAG_DRIVEN if tool in requires), None)
    if driven:
        message = f"The version comes from git tags ({driven}), and no file holds it."
        return NoProject(message, "Projects with such versions cannot be released by this version of release-recipes.")
    message = "The project's version is not found in pyproject.toml, setup.cfg, setup.py or the package."
    return NoProject(message, "Name the files in pyproject.toml: [tool.release] version_files = […]")


def is_version(text: str) -> bool:
    """Say whether a text is a version of :pep:`440`."""
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True
