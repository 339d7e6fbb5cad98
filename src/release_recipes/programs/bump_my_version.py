"""bump-my-version: knows the next version, and edits the version files.

It runs in a process of its own, and is never asked to commit or tag: its git work is not atomic (a failing tag leaves
the commit), and its hooks are code of the project, which must not see our environment.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from release_recipes.errors import BumpFailed, UnknownPart
from release_recipes.processes import process
from release_recipes.programs.helper import Helper

#: Seconds; it edits files, and its hooks may do more.
TIMEOUT = 600.0

#: The part that is ours: the version as it stands.
NONE = "none"

_UTF8 = {"PYTHONUTF8": "1"}

#: What Python needs to find itself and its packages, and a place for files.
_NEEDED = re.compile(r"(?i)PATH|HOME|USERPROFILE|APPDATA|LOCALAPPDATA|SYSTEMROOT|TMPDIR|TEMP|TMP|LANG|LC_\w+|PYTHON\w+")

_helper: Helper | None = None
_lock = threading.Lock()


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
            said = json.loads(self._ask(root, "show", increment))
        except BumpFailed as error:
            if increment and f"No part named '{part}'" in error.message:
                raise UnknownPart(str(part), (*self.show(root, None).parts, NONE)) from None
            raise
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
        self._ask(root, *(("raise", part) if part else ("set", version)))

    @staticmethod
    def bump_words(part: str | None, version: str) -> list[str]:
        """Return what a person would type for :meth:`bump`."""
        target = [part] if part else ["--new-version", version]
        return ["bump-my-version", "bump", *target, "--no-commit", "--no-tag", "--allow-dirty"]

    def _ask(self, root: Path, verb: str, value: str) -> str:
        """Have one verb of ``_bump.py`` done; what it answers.

        Raises:
            BumpFailed: It said no.
        """
        words = {
            "verb": verb,
            "value": value,
            "root": str(root),
            "config": (self.made_config or "").replace("{root}", root.as_posix()),
            # Of now: when it was started, no .env had been read, and what is in there was no credential yet.
            "environment": process.environment(_UTF8),
        }
        argv = ["bump-my-version", verb, *([value] if value else [])]
        answer = json.loads(get_ready().ask(json.dumps(words), argv, TIMEOUT))
        if "error" in answer:
            raise BumpFailed(
                f"bump-my-version: {_last_line(answer['error'])}.",
                "Mend its configuration; try it with: bump-my-version show-bump",
            )
        return str(answer["output"])


def get_ready() -> Helper:
    """Start bump-my-version where it is not started yet; it imports what it needs while we do something else."""
    global _helper  # noqa: PLW0603 - one for all that a process asks of it
    with _lock:
        if _helper is None or not _helper.lives:
            # -P keeps the script's folder, whose names are those of tools, off sys.path.
            script = Path(__file__).with_name("_bump.py")
            needed = {name: value for name, value in process.environment(_UTF8).items() if _NEEDED.fullmatch(name)}
            _helper = Helper([sys.executable, "-P", str(script)], env=needed)
    return _helper


def _relative(filename: str | None, root: Path) -> str | None:
    """Return a configured file name below the root; a made configuration holds whole paths."""
    if filename is None:
        return None
    path = Path(root, filename)
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else filename


def _last_line(text: str) -> str:
    """Return the line that says what is wrong: the last."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "it gives no reason"
