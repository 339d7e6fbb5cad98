"""The project: its name, its version, and its version files.

The project's own configuration of bump-my-version wins; a project without it gets a generated configuration, see
:mod:`~release_recipes.project.files`. No code of the project is run.
"""

import ast
import configparser
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from release_recipes.errors import NoProject
from release_recipes.project import files
from release_recipes.project.bump_my_version import BumpMyVersion, configured_in
from release_recipes.project.source import VersionSource

#: Build backends and plug-ins that take the version from a tag.
_TAG_DRIVEN = (
    *("setuptools_scm", "setuptools-scm", "hatch-vcs", "versioningit", "versioneer"),
    *("dunamai", "pbr", "dynamic-versioning"),
)


@dataclass(frozen=True)
class Project:
    """A Python project in the folder of the repository, or in a folder below it."""

    folder: Path
    #: Its folder, relative to the repository: ``.`` or a path with slashes.
    below: str
    #: As the project spells it.
    name: str
    pyproject: Mapping[str, Any]
    #: The version that the project's metadata declares; ``None`` if it is computed.
    declared_version: str | None
    source: VersionSource
    #: Modules with a different ``__version__``, with their versions; empty if ``version_files`` is set.
    disagreeing: Mapping[str, str] = field(default_factory=dict)


def read_project(
    folder: Path, pyproject: Mapping[str, Any], version_files: Sequence[str] = (), *, below: str = "."
) -> Project:
    """Read the project in a folder, without running any of its code.

    Args:
        folder: The project's folder.
        pyproject: The content of its ``pyproject.toml``.
        version_files: The setting of that name.
        below: The folder, relative to the repository.

    Raises:
        NoProject: There is none, or its name or version cannot be read.
        InvalidSetting: A file of ``version_files`` does not exist.
    """
    if not any((folder / name).is_file() for name in ("pyproject.toml", "setup.py", "setup.cfg")):
        message = f"{folder} contains no Python project (no pyproject.toml, setup.py or setup.cfg)."
        raise NoProject(message, "Run this in the repository of the package that you want to release.")
    setup = _setup_keywords(folder)
    name = _first_string(_tables(pyproject, "name")) or setup.get("name")
    if not name:
        message = "The project's name cannot be read from pyproject.toml, setup.cfg or setup.py."
        raise NoProject(message, 'Set it in pyproject.toml: [project] name = "…"')
    declared = _first_string(_tables(pyproject, "version")) or setup.get("version")
    if config := configured_in(folder, pyproject):
        return Project(folder, below, name, pyproject, declared, BumpMyVersion(config))
    candidates = files.named(folder, version_files) or files.likely(folder, name)
    version = declared or next(filter(None, (files.version_in(folder / file) for file in candidates)), None)
    table = _version_table(pyproject)
    # Any other version in pyproject.toml belongs to a tool.
    found = [file for file in candidates if file != "pyproject.toml" or table]
    chosen = list(version_files) or [file for file in found if files.holds(folder / file, name, version or "")]
    if version is None or not chosen:
        raise _no_version(pyproject)
    made = BumpMyVersion("", files.made_config(chosen, name, version, table))
    others = {} if version_files else files.other_versions(folder, candidates, version)
    return Project(folder, below, name, pyproject, declared, made, others)


def _tables(pyproject: Mapping[str, Any], key: str) -> Iterator[object]:
    """Yield the values of a key: from the table of :pep:`621`, then from Poetry's."""
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


def _version_table(pyproject: Mapping[str, Any]) -> str:
    """Return the table in which ``pyproject.toml`` declares the version; empty if it does not."""
    found = zip(_tables(pyproject, "version"), ("project", "tool.poetry"), strict=True)
    return next((table for value, table in found if isinstance(value, str)), "")


def _no_version(pyproject: Mapping[str, Any]) -> NoProject:
    """Return the error for a project whose version is not found, with the reason if it is known."""
    requires = " ".join(map(str, pyproject.get("build-system", {}).get("requires", ())))
    driven = next((tool for tool in _TAG_DRIVEN if tool in requires), None)
    if driven:
        message = f"The version comes from git tags ({driven}), and no file contains it."
        return NoProject(message, "Versions from git tags are not supported yet.")
    message = "The project's version was not found in pyproject.toml, setup.cfg, setup.py or the package."
    return NoProject(message, "List the files in pyproject.toml: [tool.release] version_files = […]")
