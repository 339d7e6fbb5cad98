"""Inspections of the archives: for what PyPI refuses, and for what misleads installers.

See https://blog.pypi.org/posts/2025-08-07-wheel-archive-confusion-attacks/ for why a ZIP must be unambiguous.
"""

import posixpath
import re
import struct
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from release_recipes.distributions.distribution import Distribution, Member
from release_recipes.distributions.inspection.subject import each
from release_recipes.findings import Check, Finding, warning

#: Bytes; PyPI's default limit for a file.
LARGEST = 100 * 1024 * 1024

_LIMITS = "https://docs.pypi.org/project-management/storage-limits/"

#: The longest path in characters, since a path on Windows has up to 260; and the longest name in bytes on Unix.
LONGEST_PATH = 255

_BUILD_AGAIN = (
    "Build it again; if that does not help, report it to the build backend, or to the tool that repacks the files."
)

#: Sizes of the data descriptor after a member whose flags announce it (APPNOTE.TXT 4.3.9).
_DESCRIPTORS = frozenset({12, 16, 20, 24})
_ANNOUNCES_DESCRIPTOR = 0x08
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_END = struct.Struct("<4s4H2LH")


def _archive(dist: Distribution) -> Iterator[Finding]:
    if dist.fault:
        yield Finding(f"{dist.name} cannot be read completely: {dist.fault}.", _BUILD_AGAIN)
        return
    counted = Counter(member.name for member in dist.members)
    for name, times in counted.items():
        if times > 1:
            yield Finding(f"{dist.name} contains {name} {times} times.", _BUILD_AGAIN)
    if dist.is_wheel:
        for why in _zip_faults(dist.path):
            yield Finding(f"{dist.name} is a ZIP that can be read in two ways: {why}.", _BUILD_AGAIN)
    for member in dist.members:
        if member.kind in {"sparse file", "special file"}:
            hint = "PyPI refuses it; an sdist may contain only files, folders and links."
            yield Finding(f"{dist.name} contains a {member.kind}: {member.name}.", hint)


def _zip_faults(path: Path) -> Iterator[str]:
    """Check a ZIP from its first byte: local headers without a gap, the directory, the end, and nothing after it."""
    data = path.read_bytes()
    end = data.rfind(b"PK\5\6")
    if end + _END.size + _END.unpack_from(data, end)[-1] != len(data):
        yield "there is data after the end"
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
            yield f"the header of {entry.filename} does not match the directory"
        stop = start + _LOCAL_HEADER.size + name_length + extra_length + entry.compress_size
        expected = {stop + descriptor for descriptor in _DESCRIPTORS} if announces else {stop}
    if directory not in expected:
        yield "there is hidden data before the directory"


def _paths(dist: Distribution) -> Iterator[Finding]:
    for member in dist.members:
        if why := _misleads(dist, member):
            yield Finding(f"{dist.name} contains {_short(member.name)}, {why}.", "Remove it from the distribution.")
    if dist.is_sdist and dist.info == "/":
        return  # `metadata-files` reports it
    outside = [member.name for member in dist.members if not f"{member.name}/".startswith(dist.info)]
    if dist.is_sdist and outside:
        hint = "An sdist has a single top-level folder (packaging.python.org: source distribution format)."
        yield Finding(f"{dist.name} contains {_short(outside[0])}, which is outside of {dist.info}.", hint)


def _portable_names(dist: Distribution) -> Iterator[Finding]:
    """Look for names that are the same on Windows or macOS, or that are not allowed there."""
    folded = Counter(name.lower() for name in dist.files)
    same = sorted(name for name in dist.files if folded[name.lower()] > 1)
    reserved = sorted(name for name in dist.files if _RESERVED.search(name))
    for names, why in ((same, "differ in case only"), (reserved, "are reserved on Windows")):
        if names:
            hint = "Rename them; on Windows or macOS, they cannot be installed or overwrite each other."
            yield warning(f"{dist.name} contains names that {why}: {', '.join(names[:_NAMED])}.", hint)


#: The number of names that are listed.
_NAMED = 5

#: Names of devices, with any suffix (learn.microsoft.com: naming files).
_RESERVED = re.compile(r"(?i)(^|/)(con|prn|aux|nul|com\d|lpt\d)(\.[^/]*)?(/|$)")


def _misleads(dist: Distribution, member: Member) -> str:
    """Say why a member would be installed outside of its folder, or not at all; empty if it is safe."""
    if member.kind == "symbolic link" and dist.is_wheel:
        return "a link, which is not allowed in a wheel"
    parts = re.split(r"[/\\]", member.name)
    if member.name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", member.name):
        return "an absolute path"
    if ".." in parts:
        return "a path that leads out of the archive"
    if "\\" in member.name:
        return "a path with a backslash, which is a folder on Windows only"
    if len(member.name) > LONGEST_PATH or max(len(part.encode()) for part in parts) > LONGEST_PATH:
        return f"a path of {len(member.name)} characters, too long for Windows"
    return _link_misleads(member) if member.target else ""


def _link_misleads(member: Member) -> str:
    base = posixpath.dirname(member.name) if member.kind == "symbolic link" else ""
    target = posixpath.normpath(posixpath.join(base, member.target))
    inside = target.partition("/")[0] == member.name.partition("/")[0]
    return "" if inside else f"a link out of the archive, to {member.target}"


def _short(name: str) -> str:
    """Shorten a long path."""
    return name if len(name) <= LONGEST_PATH else f"{name[:60]}…{name[-20:]}"


def _size(dist: Distribution) -> Iterator[Finding]:
    if (size := dist.path.stat().st_size) > LARGEST:
        hint = f'Request a higher limit ({_LIMITS}), then set in [tool.release]: skip_checks = ["size"]'
        yield Finding(f"{dist.name} has {size / 1024**2:.0f} MB; the limit of PyPI is 100 MB.", hint)


INSPECTIONS = (
    Check("archive", "a broken file, or one that programs read in different ways", each(_archive, "distributions")),
    Check("paths", "files that an installer writes to another place, or cannot write", each(_paths)),
    Check("portable-names", "files that cannot be installed on Windows or macOS", each(_portable_names)),
    Check("size", "a file that is too large for PyPI", each(_size, "distributions")),
)
