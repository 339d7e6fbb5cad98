"""Scan files, folders, the contents of archives, and staged files for credentials."""

import io
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from release_recipes.programs.git import Git
from release_recipes.scan.text import Place, scan_bytes

#: Bytes; larger files and members of archives are not scanned, since PyPI refuses larger distributions.
LARGEST = 100 * 1024 * 1024

#: The depth to which archives in archives are opened, such as a wheel in an sdist.
DEEPEST = 3

#: The mode of a submodule, which has no content in this repository.
_SUBMODULE = "160000"


def scan_files(paths: Iterable[Path], *, root: Path | None = None) -> list[Place]:
    """Scan files, folders, and the contents of archives (wheels, sdists, zips).

    Args:
        paths: The files and folders.
        root: The folder to which reported names are relative; without it they are complete.

    Raises:
        OSError: A file cannot be read.
    """
    found: list[Place] = []
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else (path,):
            if file.is_file() and not (file.is_symlink() and path.is_dir()):
                name = file.relative_to(root) if root and file.is_relative_to(root) else file
                with file.open("rb") as content:
                    found += _in_content(name.as_posix(), content.read(LARGEST + 1))
    return found


def scan_staged(git: Git) -> list[Place]:
    """Scan the complete staged content of each file that the next commit would add or change."""
    listed = git.ask("diff", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", "--diff-filter=d").split("\0")
    blobs = {
        path: blob
        for (_, mode, _, blob, _), path in zip(map(str.split, listed[:-1:2]), listed[1::2], strict=True)
        if mode != _SUBMODULE
    }
    contents = zip(blobs, git.contents(blobs.values()), strict=True)
    return [place for path, content in contents for place in scan_bytes(path, content)]


def _in_content(name: str, data: bytes, depth: int = 0) -> list[Place]:
    """Scan a file and, if it is an archive, its members; a broken archive is scanned like any file."""
    if len(data) > LARGEST:
        return [Place(name, 1, f"not scanned: larger than {LARGEST // 1024 // 1024} MiB")]
    found = scan_bytes(name, data)
    if depth < DEEPEST:
        try:
            for member, content in _members(data):
                found += _in_content(f"{name}!{member}", content, depth + 1)
        # Encrypted members are zipfile's RuntimeError, compressions that it does not know NotImplementedError.
        except (zipfile.BadZipFile, tarfile.TarError, OSError, EOFError, RuntimeError, ValueError, NotImplementedError):
            pass  # the inspection of distributions refuses it; here it is like any file
    return found


def _members(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the names and the contents of an archive's members; of one that is too large, one byte too many."""
    if data.startswith(b"PK\3\4"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                if not info.is_dir():
                    with archive.open(info) as member:
                        yield info.filename, member.read(LARGEST + 1)
    elif data.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ")):
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for entry in archive:
                if entry.isfile() and (file := archive.extractfile(entry)):
                    yield entry.name, file.read(LARGEST + 1)
