"""A distribution file, which is read completely once.

A wheel is a ZIP archive, an sdist is a tar archive compressed by gzip; both are read into :class:`Member`, so that
comparisons and inspections work for both. Nothing is unpacked here.
"""

import email
import gzip
import hashlib
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from functools import cached_property
from pathlib import Path
from typing import Literal

from release_recipes.errors import BadDistribution
from release_recipes.findings import Finding

Kind = Literal["file", "folder", "symbolic link", "hard link", "sparse file", "special file"]

#: The exceptions of reading a broken archive.
_BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, ValueError, NotImplementedError)


@dataclass(frozen=True)
class Member:
    """An entry of an archive."""

    #: As in the archive, with slashes.
    name: str
    kind: Kind
    #: Permissions.
    mode: int
    #: The time of its last change: seconds since 1970 in an sdist; year, month, day, hour, minute, second in a wheel.
    mtime: object
    #: User and group of an sdist's member.
    owner: object
    #: The target of a link.
    target: str
    #: Bytes, unpacked.
    size: int
    #: sha256 of its content, 64 lower-case hex digits.
    sha256: str


class Distribution:
    """An sdist or a wheel, by its file name; or neither."""

    def __init__(self, path: Path) -> None:
        """Take a file; it is opened when it is needed."""
        self.path = path
        self.name = path.name
        self.is_wheel = path.name.endswith(".whl")
        self.is_sdist = path.name.endswith(".tar.gz")

    @cached_property
    def _read(self) -> tuple[tuple[Member, ...], str]:
        """The members, and the error that ended reading."""
        found: list[Member] = []
        try:
            found.extend(_zip_members(self.path) if self.is_wheel else _tar_members(self.path))
        except _BROKEN as error:
            return tuple(found), f"{error or type(error).__name__}".rstrip(".")
        return tuple(found), ""

    @property
    def members(self) -> tuple[Member, ...]:
        """Its members, in the order of the archive."""
        return self._read[0]

    @property
    def fault(self) -> str:
        """Why it cannot be read completely; empty if it can."""
        return self._read[1]

    @cached_property
    def files(self) -> dict[str, Member]:
        """Its regular files by name."""
        return {member.name: member for member in self.members if member.kind == "file"}

    def content(self, name: str) -> bytes:
        """Return the content of a file in it."""
        if self.is_wheel:
            with zipfile.ZipFile(self.path) as wheel:
                return wheel.read(name)
        with tarfile.open(self.path) as sdist:
            held = sdist.extractfile(name)
            return held.read() if held else b""

    def text(self, name: str) -> str:
        """Return the text of a file in it."""
        return self.content(name).decode("utf-8", "replace")

    @cached_property
    def info(self) -> str:
        """The folder of its metadata, with a slash: ``….dist-info/`` of a wheel, the top folder of an sdist."""
        end = ".dist-info/METADATA" if self.is_wheel else "/PKG-INFO"
        # At the top only: a vendored package has its own metadata below.
        at_top = (name for name in self.files if name.count("/") == 1 and name.endswith(end))
        return next(at_top, "").rpartition("/")[0] + "/"

    @cached_property
    def metadata(self) -> Message:
        """Its core metadata; empty if it has none."""
        name = self.info + ("METADATA" if self.is_wheel else "PKG-INFO")
        # As text: what email reads from bytes is no text where it is not ASCII.
        return email.message_from_string(self.text(name) if name in self.files else "")

    def name_and_version(self) -> tuple[str, str]:
        """Return name and version from the metadata, after the file was read completely.

        Raises:
            BadDistribution: It has no metadata, or cannot be read.
        """
        if self.fault:
            message = f"{self.name} cannot be read completely: {self.fault}."
            raise BadDistribution([Finding(message, "Build it again.", check="archive")])
        told = self.metadata
        if not told.get("Name") or not told.get("Version"):
            message = f"{self.name} has no metadata."
            raise BadDistribution(
                [Finding(message, "Build it with a build backend (PEP 517).", check="metadata-files")]
            )
        return told["Name"], told["Version"]


def _zip_members(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            with archive.open(entry) as content:
                sha256 = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]
            mode = entry.external_attr >> 16
            kind: Kind = "folder" if entry.is_dir() else "symbolic link" if stat.S_ISLNK(mode) else "file"
            target = archive.read(entry).decode("utf-8", "replace") if kind == "symbolic link" else ""
            yield Member(
                entry.filename, kind, stat.S_IMODE(mode), entry.date_time, None, target, entry.file_size, sha256
            )


def _tar_members(path: Path) -> Iterator[Member]:
    with gzip.open(path) as packed:
        with tarfile.open(fileobj=packed, mode="r:") as archive:
            for entry in archive:
                content = archive.extractfile(entry) if entry.isreg() else None
                sha256 = hashlib.file_digest(content, "sha256").hexdigest() if content else ""  # type: ignore[arg-type]
                owner = (entry.uid, entry.gid, entry.uname, entry.gname)
                yield Member(
                    entry.name, _kind(entry), entry.mode, int(entry.mtime), owner, entry.linkname, entry.size, sha256
                )
        # tarfile stops at the end mark; installers do not see data after it.
        if packed.read().strip(b"\0"):
            message = "data after the end of the archive"
            raise tarfile.ReadError(message)


def _kind(entry: tarfile.TarInfo) -> Kind:
    if entry.issparse():
        return "sparse file"
    if entry.isreg():
        return "file"
    if entry.isdir():
        return "folder"
    return "symbolic link" if entry.issym() else "hard link" if entry.islnk() else "special file"
