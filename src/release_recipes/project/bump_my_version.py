"""The version source bump-my-version, with the project's own configuration."""

import configparser
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from release_recipes.errors import BumpFailed, InvalidVersion, UnknownPart
from release_recipes.programs import bump_my_version
from release_recipes.project.source import NONE, VersionFile, Versions, is_version

#: The hooks that run in a release; post-commit hooks do not, since bump-my-version makes no commit.
_HOOKS = ("setup_hooks", "pre_commit_hooks")


@dataclass(frozen=True)
class BumpMyVersion:
    """bump-my-version with the configuration of a project."""

    #: The file with the configuration, relative to the project's folder.
    configured_in: str
    from_tag: bool = False

    def read(self, folder: Path, part: str = "") -> Versions:
        """Return the current version, the next version for a part, and the version files."""
        increment = "" if part == NONE else part
        try:
            said = json.loads(self._ask(folder, "show", increment))
        except BumpFailed as error:
            if increment and f"No part named '{part}'" in error.message:
                raise self._unknown(folder, part) from None
            raise
        parts = tuple(said["parts"])
        if increment and part not in parts:
            raise self._unknown(folder, part)
        current = said["current_version"]
        files = [file for entry in said["files"] for file in _files(entry, folder, current, part)]
        files.append(VersionFile(self.configured_in, must_change=False))
        return Versions(current, said.get("new_version") or current, parts, tuple(files))

    def apply(self, folder: Path, part: str, version: str, *, hooks: bool) -> None:
        """Edit the version files."""
        self._ask(folder, *(("raise", part) if part else ("set", version)), hooks=hooks)

    def after(self, _version: str) -> Self:
        """Return itself: the configuration contains the current version."""
        return self

    def describe(self, folder: Path, part: str, version: str) -> list[str]:
        """Return what it does, including its hooks."""
        lines = [f"bump-my-version edits the version files: {f'bump {part}, ' if part else ''}to {version}"]
        table = self._table(folder)
        return lines + [f"hook of bump-my-version: {hook}" for name in _HOOKS for hook in _listed(table.get(name))]

    def current(self, folder: Path) -> str:
        """Return the current version that the configuration names; empty if it is that of ``[project]``."""
        return str(self._table(folder).get("current_version") or "")

    def templates(self, folder: Path) -> Mapping[str, str]:
        """Return the templates that the configuration sets, without bump-my-version's defaults."""
        table = self._table(folder)
        return {name: str(table[name]) for name in ("tag_name", "message") if table.get(name)}

    def _unknown(self, folder: Path, part: str) -> UnknownPart | InvalidVersion:
        versions = self.read(folder)
        if not is_version(versions.current):
            return InvalidVersion(versions.current, self.configured_in)
        return UnknownPart(part, (*versions.parts, NONE))

    def _ask(self, folder: Path, verb: str, value: str, *, hooks: bool = False) -> str:
        return bump_my_version.ask(folder, verb, value, file=self.configured_in, hooks=hooks)

    def _table(self, folder: Path) -> dict[str, Any]:
        """Return the table of the project's configuration."""
        text = (folder / self.configured_in).read_text("utf-8", "replace")
        if self.configured_in.endswith(".toml"):
            return dict(tomllib.loads(text).get("tool", {}).get("bumpversion", {}))
        parser = configparser.RawConfigParser()
        parser.read_string(text)
        return dict(parser["bumpversion"]) if parser.has_section("bumpversion") else {}


def configured_in(folder: Path, pyproject: Mapping[str, Any]) -> str:
    """Return the file in which bump-my-version finds its configuration; empty for none."""
    for name in bump_my_version.CONFIGS:
        path = folder / name
        if name == "pyproject.toml":
            if "bumpversion" in pyproject.get("tool", {}):
                return name
        elif path.is_file() and _HEADER.search(path.read_text("utf-8", "replace")):
            return name
    return ""


_HEADER = re.compile(r"^\[(?:tool\.)?bumpversion[].:]", re.MULTILINE)


def _listed(hooks: object) -> list[str]:
    """Return the configured hooks: a list in TOML, lines in an INI file."""
    lines = hooks if isinstance(hooks, list) else str(hooks or "").splitlines()
    return [str(line) for line in lines if str(line).strip()]


def _files(entry: Mapping[str, Any], folder: Path, current: str, part: str) -> Iterator[VersionFile]:
    """Yield the files of an entry of the configuration."""
    included, excluded = entry.get("include_bumps") or [], entry.get("exclude_bumps") or []
    skipped = bool(part) and (part in excluded or (bool(included) and part not in included))
    missing_version, missing_file = bool(entry.get("ignore_missing_version")), bool(entry.get("ignore_missing_file"))
    pattern = None if missing_version or entry.get("key_path") else _pattern(entry, current)
    search = str(entry.get("search") or "{current_version}").replace("{current_version}", current)
    sought = current if entry.get("regex") else repr(search)
    must_change = not (skipped or missing_version or missing_file)
    for name in _names(entry, folder):
        yield VersionFile(name, must_change, missing_file or not entry.get("filename"), pattern, sought)


def _names(entry: Mapping[str, Any], folder: Path) -> list[str]:
    """Return the files of an entry, relative to the folder: a name, or the matches of a pattern."""
    if not entry.get("filename"):
        return [path.relative_to(folder).as_posix() for path in folder.glob(str(entry["glob"]))]
    path = folder / str(entry["filename"])  # a generated configuration has absolute paths
    return [path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(entry["filename"])]


def _pattern(entry: Mapping[str, Any], current: str) -> re.Pattern[str] | None:
    """Return the pattern of an entry; ``None`` if it has other fields, or is not a valid regular expression."""
    search = str(entry.get("search") or "{current_version}")
    filled = search.replace("{current_version}", re.escape(current) if entry.get("regex") else current)
    if "{" in filled:
        return None
    try:
        return re.compile(filled if entry.get("regex") else re.escape(filled), re.MULTILINE | re.DOTALL)
    except re.error:
        return None  # bump-my-version then searches for the literal text
