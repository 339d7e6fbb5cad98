"""The interface of version sources, which read and change the version of a project.

Each implementation is a file in this folder. Checks, plan and act 2 use only this interface.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from packaging.version import InvalidVersion, Version

#: Our own part: the current version, without a bump.
NONE = "none"


@dataclass(frozen=True)
class VersionFile:
    """A file that contains the version."""

    #: Relative to the project's folder, with slashes.
    name: str
    #: Whether this bump must change it.
    must_change: bool = True
    may_be_missing: bool = False
    #: Matches its content before the bump; ``None`` if that is not known.
    pattern: re.Pattern[str] | None = None
    #: What is searched, for the user.
    sought: str = ""


@dataclass(frozen=True)
class Versions:
    """The versions of a project."""

    #: The current version.
    current: str
    #: The next version for the requested part; without a part, the current version.
    next: str
    #: The parts of a version, in order.
    parts: tuple[str, ...]
    files: tuple[VersionFile, ...]


class VersionSource(Protocol):
    """Reads and changes the version of a project."""

    @property
    def configured_in(self) -> str:
        """The configuration file, relative to the project's folder; empty if there is none."""

    @property
    def from_tag(self) -> bool:
        """Whether the build backend takes the version from a git tag."""

    def read(self, folder: Path, part: str = "") -> Versions:
        """Return the current version in a project's folder, and the next version for a part.

        Raises:
            UnknownPart: The version has no such part.
            BumpFailed: The configuration is not valid, or the part cannot be bumped.
        """

    def apply(self, folder: Path, part: str, version: str, *, hooks: bool) -> None:
        """Change the version files in a folder to a version, without a commit or a tag.

        Args:
            folder: The project's folder, in a clone or in the user's repository.
            part: The part that is bumped; empty for an explicit version.
            version: The version.
            hooks: Whether the hooks of the source run, which are code of the project.

        Raises:
            BumpFailed: A file does not contain the expected version; nothing was changed.
        """

    def after(self, version: str) -> "VersionSource":
        """Return the source of the project after a release of a version."""

    def describe(self, folder: Path, part: str, version: str) -> list[str]:
        """Return what :meth:`apply` does, as lines."""

    def templates(self, folder: Path) -> Mapping[str, str]:
        """Return its templates for releases: ``tag_name`` and ``message``, if they are set."""


def today() -> dt.date:
    """Return the date of today (UTC), for calendar versions and for the days that stand beside a version."""
    return dt.datetime.now(tz=dt.UTC).date()


def is_version(text: str) -> bool:
    """Return whether a text is a valid version by :pep:`440`."""
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True
