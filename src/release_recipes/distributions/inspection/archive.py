"""Inspections of the archives themselves: what PyPI refuses, and what an installer could be led astray by.

See https://blog.pypi.org/posts/2025-08-07-wheel-archive-confusion-attacks/ for why a ZIP must say one thing only.
"""

import posixpath
import re
import struct
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from release_recipes.distributions.distribution import Distribution, Member
from release_recipes.distributions.inspection.subject import Subject
from release_recipes.findings import Check, Finding

#: Bytes; PyPI's limit for a file of a project that has not asked for more.
LARGEST = 100 * 1024 * 1024

_LIMITS = "https://docs.pypi.org/project-management/storage-limits/"

#: Characters: no folder on Windows, whose paths end at 260, can hold more; and bytes of one name on Unix.
LONGEST_PATH = 255

_BUILD_AGAIN = "Build it again; if it stays so, the build backend or what repacks its files is at fault."

#: Sizes of the data descriptor that may stand after a member whose flags announce one (APPNOTE.TXT 4.3.9).
_DESCRIPTORS = frozenset({12, 16, 20, 24})
_ANNOUNCES_DESCRIPTOR = 0x08
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_END = struct.Struct("<4s4H2LH")


def _archive(subject: Subject) -> Iterator[Finding]:
    for one in subject.distributions:
        if one.fault:
            yield Finding(f"{one.name} cannot be read to its end: {one.fault}.", _BUILD_AGAIN)
            continue
        counted = Counter(member.name for member in one.members)
        for name, times in counted.items():
            if times > 1:
                yield Finding(f"{one.name} holds {name} {times} times.", _BUILD_AGAIN)
        if one.is_wheel:
            for why in _zip_faults(one.path):
                yield Finding(f"{one.name} is a ZIP that can be read in two ways: {why}.", _BUILD_AGAIN)
        for member in one.members:
            if member.kind in {"sparse file", "special file"}:
                hint = "PyPI refuses it; only files, folders and links may be in an sdist."
                yield Finding(f"{one.name} holds a {member.kind}, {member.name}.", hint)


def _zip_faults(path: Path) -> Iterator[str]:
    """Walk a ZIP from its first byte: local headers without a gap, the directory, the end, and nothing after it."""
    data = path.read_bytes()
    end = data.rfind(b"PK\5\6")
    if end + _END.size + _END.unpack_from(data, end)[-1] != len(data):
        yield "there is data after its end"
    with zipfile.ZipFile(path) as archive:
        directory, entries = archive.start_dir, sorted(archive.infolist(), key=lambda entry: entry.header_offset)
    expected = {0}
    for entry in entries:
        start = entry.header_offset
        if start not in expected:
            yield f"there is hidden data before {entry.filename}"
        _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL_HEADER.unpack_from(data, start)
        described = (method, crc, packed, size)
        announces = bool(flags & _ANNOUNCES_DESCRIPTOR)
        true = (entry.compress_type, entry.CRC, entry.compress_size, entry.file_size)
        if (method != true[0]) if announces or 0xFFFFFFFF in described else (described != true):  # noqa: PLR2004 - ZIP64
            yield f"the header of {entry.filename} is not what the directory says"
        stop = start + _LOCAL_HEADER.size + name_length + extra_length + entry.compress_size
        expected = {stop + descriptor for descriptor in _DESCRIPTORS} if announces else {stop}
    if directory not in expected:
        yield "there is hidden data before its directory"


def _paths(subject: Subject) -> Iterator[Finding]:
    for one in subject.readable:
        for member in one.members:
            if why := _misleads(one, member):
                yield Finding(f"{one.name} holds {_short(member.name)}, {why}.", "Take it out of the distribution.")
        if one.is_sdist and one.info == "/":
            continue  # `metadata-files` tells
        outside = [member.name for member in one.members if not f"{member.name}/".startswith(one.info)]
        if one.is_sdist and outside:
            hint = "An sdist has one folder at its top (packaging.python.org: source distribution format)."
            yield Finding(f"{one.name} holds {_short(outside[0])}, which is not below {one.info}.", hint)


def _misleads(one: Distribution, member: Member) -> str:
    """Say why a member could land where it does not belong, or nowhere; empty where it cannot."""
    if member.kind == "symbolic link" and one.is_wheel:
        return "a link, which wheels cannot have"
    return _path_misleads(member) or (_link_misleads(member) if member.target else "")


def _path_misleads(member: Member) -> str:
    parts = re.split(r"[/\\]", member.name)
    if member.name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", member.name):
        return "an absolute path"
    if ".." in parts:
        return "a path that leads out of the archive"
    if "\\" in member.name:
        return "a path with a backslash, which is a folder on Windows only"
    if len(member.name) > LONGEST_PATH or max(len(part.encode()) for part in parts) > LONGEST_PATH:
        return f"a path of {len(member.name)} characters, too long for Windows"
    return ""


def _link_misleads(member: Member) -> str:
    base = posixpath.dirname(member.name) if member.kind == "symbolic link" else ""
    target = posixpath.normpath(posixpath.join(base, member.target))
    inside = target.partition("/")[0] == member.name.partition("/")[0]
    return "" if inside else f"a link out of the archive, to {member.target}"


def _short(name: str) -> str:
    """Return a path in a length that can be read."""
    return name if len(name) <= LONGEST_PATH else f"{name[:60]}…{name[-20:]}"


def _size(subject: Subject) -> Iterator[Finding]:
    for one in subject.distributions:
        if (size := one.path.stat().st_size) > LARGEST:
            hint = f'Ask for more ({_LIMITS}), then skip_checks = ["size"] in [tool.release].'
            yield Finding(f"{one.name} has {size / 1024**2:.0f} MB; PyPI takes 100 MB.", hint)


INSPECTIONS = (
    Check("archive", "a broken file, or one that shows another content to each program that reads it", _archive),
    Check("paths", "files that an installer puts elsewhere, or cannot put anywhere", _paths),
    Check("size", "a file that PyPI refuses for its size", _size),
)
