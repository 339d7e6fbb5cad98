"""bump-my-version: knows the next version, and edits the version files.

It runs in a process of its own, and is never asked to commit or tag: its git work is not atomic (a failing tag leaves
the commit), and its hooks are code of the project, which must not see our environment.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from release_recipes.errors import BumpFailed, CommandFailed, UnknownPart
from release_recipes.programs.run import run

#: Seconds; it edits files, and its hooks may do more.
TIMEOUT = 600.0

#: The part that is ours: the version as it stands.
NONE = "none"


@dataclass(frozen=True)
class Shown:
    """What bump-my-version says of a project."""

    current_version: str
    #: The version after the part that was asked for; ``None`` where none was.
    new_version: str | None
    #: The parts of a version, in order.
    parts: tuple[str, ...]
    #: ``files`` of its configuration, one mapping an entry; each ``filename`` below the project's root.
    files: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class BumpMyVersion:
    """bump-my-version with the configuration that serves for one project."""

    #: A configuration made for a project that has none (TOML; relative to the project's root); else ``None``.
    made_config: str | None

    def show(self, root: Path, part: str | None) -> Shown:
        """Ask for the version, the one after ``part``, and the configured files.

        Raises:
            UnknownPart: The project's version has no such part.
            BumpFailed: Its configuration cannot be used, or the part cannot be raised.
        """
        if part == "":
            raise UnknownPart(part, (*self.show(root, None).parts, NONE))
        increment = "" if part in {None, NONE} else str(part)
        try:
            said = json.loads(self._run(root, "show", increment))
        except CommandFailed as error:
            if increment and f"No part named '{part}'" in error.output:
                raise UnknownPart(str(part), (*self.show(root, None).parts, NONE)) from None
            raise _failure(error) from None
        parts = tuple(said["parts"])
        if increment and part not in parts:
            raise UnknownPart(str(part), (*parts, NONE))
        files = tuple({**entry, "filename": _relative(entry["filename"], root)} for entry in said["files"])
        return Shown(said["current_version"], said.get("new_version"), parts, files)

    def bump(self, root: Path, part: str | None, version: str) -> None:
        """Raise a part in the version files below ``root``, or set an explicit version (``part`` is ``None``); no git.

        Raises:
            BumpFailed: A file does not hold the version that it should; nothing was changed.
        """
        try:
            self._run(root, *(("raise", part) if part else ("set", version)))
        except CommandFailed as error:
            raise _failure(error) from None

    @staticmethod
    def bump_words(part: str | None, version: str) -> list[str]:
        """Return what a person would type for :meth:`bump`."""
        target = [part] if part else ["--new-version", version]
        return ["bump-my-version", "bump", *target, "--no-commit", "--no-tag", "--allow-dirty"]

    def _run(self, root: Path, verb: str, value: str) -> str:
        """Run one verb of ``_bump.py``; ``-P`` keeps its folder, whose names are those of tools, off ``sys.path``."""
        argv = [sys.executable, "-P", str(Path(__file__).with_name("_bump.py")), verb, value]
        if self.made_config is None:
            return run([*argv, ""], cwd=root, env=_UTF8, timeout=TIMEOUT).stdout
        with tempfile.TemporaryDirectory(prefix="release-recipes-") as folder:
            path = Path(folder, "bumpversion.toml")
            path.write_text(self.made_config.replace("{root}", root.as_posix()), encoding="utf-8")
            return run([*argv, str(path)], cwd=root, env=_UTF8, timeout=TIMEOUT).stdout


def _relative(filename: str | None, root: Path) -> str | None:
    """Return a configured file name below the root; a made configuration holds whole paths."""
    if filename is None:
        return None
    path = Path(root, filename)
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else filename


_UTF8 = {"PYTHONUTF8": "1"}


def _failure(error: CommandFailed) -> BumpFailed:
    """Return the line of its output that says what is wrong: the last."""
    lines = [line.strip() for line in error.output.splitlines() if line.strip()]
    reason = lines[-1] if lines else f"exit code {error.code}"
    return BumpFailed(
        f"bump-my-version: {reason.rstrip('.')}.", "Mend its configuration; try it with: bump-my-version show-bump"
    )
