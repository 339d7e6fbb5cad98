"""What a source of versions is: where a project's version stands, and how it is changed.

Each implementation is one file beside this one. Checks, plan and act 2 know only what stands here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from packaging.version import InvalidVersion, Version

#: The part that is ours: the version as it stands.
NONE = "none"


@dataclass(frozen=True)
class VersionFile:
    """A file that holds the version."""

    #: Below the project's folder, with slashes.
    name: str
    #: Whether each bump of this kind changes it.
    must_change: bool = True
    may_be_missing: bool = False
    #: What it holds before the bump; ``None`` where that cannot be said.
    pattern: re.Pattern[str] | None = None
    #: The same for the user.
    sought: str = ""


@dataclass(frozen=True)
class Versions:
    """What a source says of a project."""

    #: The version that stands.
    current: str
    #: The one after the part that was asked for; the current one where none was.
    next: str
    #: The parts of a version, in order.
    parts: tuple[str, ...]
    files: tuple[VersionFile, ...]


class VersionSource(Protocol):
    """Where a project's version stands, and how it is changed."""

    @property
    def configured_in(self) -> str:
        """The file in which the user configures it, below the project's folder; empty where there is none."""

    def read(self, folder: Path, part: str = "") -> Versions:
        """Return the version that stands in a project's folder, and the one after raising a part.

        Raises:
            UnknownPart: The version has no such part.
            BumpFailed: The configuration cannot be used, or the part cannot be raised.
        """

    def apply(self, folder: Path, part: str, version: str, *, hooks: bool) -> None:
        """Bring the version files below a folder to a version; no commit and no tag is made.

        Args:
            folder: The project's folder, in a clone of ours or the user's.
            part: The part that is raised to get there; empty where the version was given itself.
            version: The version.
            hooks: Whether hooks of the source's own run, which are code of the project.

        Raises:
            BumpFailed: A file does not hold the version that it should; nothing was changed.
        """

    def describe(self, folder: Path, part: str, version: str) -> list[str]:
        """Return what :meth:`apply` does, a sentence or command a line."""

    def templates(self, folder: Path) -> Mapping[str, str]:
        """Return what it configures for releases: ``tag_name`` and ``message``, as far as they are set."""


def is_version(text: str) -> bool:
    """Return whether a text is a version of :pep:`440`."""
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True
