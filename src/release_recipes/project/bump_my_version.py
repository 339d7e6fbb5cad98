"""Versions that bump-my-version reads and raises: by the project's own configuration, or one that is made for it."""

import configparser
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from release_recipes.errors import BumpFailed, UnknownPart
from release_recipes.programs import bump_my_version
from release_recipes.project.source import NONE, VersionFile, Versions

#: Where bump-my-version looks, in its order.
_CONFIGS = (".bumpversion.cfg", ".bumpversion.toml", "setup.cfg", "pyproject.toml")

#: Hooks that run before the files are committed; those after a commit have none to follow here.
_HOOKS = ("setup_hooks", "pre_commit_hooks")


@dataclass(frozen=True)
class BumpMyVersion:
    """bump-my-version with the configuration of one project."""

    #: The file that has the project's own configuration, below its folder; empty where one was made.
    configured_in: str
    #: The configuration that was made (TOML; ``{root}`` stands for the project's folder), or nothing.
    made: str = ""

    def read(self, folder: Path, part: str = "") -> Versions:
        """Return the version, the one after a part, and the configured files."""
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
        if self.configured_in:
            files.append(VersionFile(self.configured_in, must_change=False))
        return Versions(current, said.get("new_version") or current, parts, tuple(files))

    def apply(self, folder: Path, part: str, version: str, *, hooks: bool) -> None:
        """Edit the version files."""
        self._ask(folder, *(("raise", part) if part else ("set", version)), hooks=hooks)

    def describe(self, folder: Path, part: str, version: str) -> list[str]:
        """Return what it does; its own hooks are listed as they are configured."""
        lines = [f"bump-my-version edits the version files: {f'raise {part}, ' if part else ''}to {version}"]
        table = self._table(folder)
        return lines + [f"hook of bump-my-version: {hook}" for name in _HOOKS for hook in _listed(table.get(name))]

    def templates(self, folder: Path) -> Mapping[str, str]:
        """Return the templates that the configuration sets in words (bump-my-version's own defaults are not)."""
        table = self._table(folder)
        return {name: str(table[name]) for name in ("tag_name", "message") if table.get(name)}

    def _unknown(self, folder: Path, part: str) -> UnknownPart:
        return UnknownPart(part, (*self.read(folder).parts, NONE))

    def _ask(self, folder: Path, verb: str, value: str, *, hooks: bool = False) -> str:
        config = self.made.replace("{root}", folder.as_posix())
        return bump_my_version.ask(folder, verb, value, file=self.configured_in, config=config, hooks=hooks)

    def _table(self, folder: Path) -> dict[str, Any]:
        """Return what the project's configuration says in words."""
        if not self.configured_in:
            return {}
        text = (folder / self.configured_in).read_text("utf-8", "replace")
        if self.configured_in.endswith(".toml"):
            return dict(tomllib.loads(text).get("tool", {}).get("bumpversion", {}))
        parser = configparser.RawConfigParser()
        parser.read_string(text)
        return dict(parser["bumpversion"]) if parser.has_section("bumpversion") else {}


def configured_in(folder: Path, pyproject: Mapping[str, Any]) -> str:
    """Return the file in which bump-my-version finds its configuration, as it would look for it; empty for none."""
    for name in _CONFIGS:
        path = folder / name
        if name == "pyproject.toml":
            if "bumpversion" in pyproject.get("tool", {}):
                return name
        elif path.is_file() and _HEADER.search(path.read_text("utf-8", "replace")):
            return name
    return ""


_HEADER = re.compile(r"^\[(?:tool\.)?bumpversion[].:]", re.MULTILINE)


def _listed(hooks: object) -> list[str]:
    """Return hooks as they are written: a list in TOML, lines in an INI file."""
    lines = hooks if isinstance(hooks, list) else str(hooks or "").splitlines()
    return [str(line) for line in lines if str(line).strip()]


def _files(entry: Mapping[str, Any], folder: Path, current: str, part: str) -> Iterator[VersionFile]:
    """Yield the files of one entry of the configuration."""
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
    """Return the files of an entry, below the folder: a name, or those that a pattern finds."""
    if not entry.get("filename"):
        return [path.relative_to(folder).as_posix() for path in folder.glob(str(entry["glob"]))]
    path = folder / str(entry["filename"])  # a configuration that was made holds whole paths
    return [path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(entry["filename"])]


def _pattern(entry: Mapping[str, Any], current: str) -> re.Pattern[str] | None:
    """Return what an entry searches for; ``None`` where it has more fields, or no regular expression."""
    search = str(entry.get("search") or "{current_version}")
    filled = search.replace("{current_version}", re.escape(current) if entry.get("regex") else current)
    if "{" in filled:
        return None
    try:
        return re.compile(filled if entry.get("regex") else re.escape(filled), re.MULTILINE | re.DOTALL)
    except re.error:
        return None  # bump-my-version then searches for the words themselves
