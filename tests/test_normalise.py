"""A repacked sdist has the same members with the same content, and says nothing of who built it, when and where."""

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from distributions.made import SDIST, SDIST_FILES, TOP, sdist, write
from release_recipes.distributions.normalise import normalise

EPOCH = 1_700_000_000


def special(mtime: int, umask: int, owner: str, header: int) -> bytes:
    """Return an sdist with an executable, a link and a folder, made by somebody at some time under some umask."""

    def put(archive: tarfile.TarFile) -> None:
        for name, kind, mode, target in (
            ("tools", tarfile.DIRTYPE, 0o777, ""),
            ("tools/run", tarfile.REGTYPE, 0o777, ""),
            ("tools/link", tarfile.SYMTYPE, 0o777, "run"),
        ):
            info = tarfile.TarInfo(f"{TOP}/{name}")
            info.type, info.mode, info.linkname, info.mtime = kind, mode & ~umask, target, mtime
            info.uname, info.uid = owner, len(owner)
            archive.addfile(info, io.BytesIO())

    packed = gzip.decompress(sdist(more=put))
    return gzip.compress(packed, mtime=header)


def normalised(folder: Path, content: bytes) -> Path:
    """Write an sdist and repack it."""
    (path,) = write(folder, {SDIST: content})
    normalise(path, EPOCH)
    return path


def test_two_builds_become_the_same_bytes(tmp_path: Path) -> None:
    """Time, owner, umask and gzip's header are taken away."""
    ada = normalised(tmp_path / "ada", special(1, 0o022, "ada", 10)).read_bytes()
    assert ada == normalised(tmp_path / "bob", special(2, 0o077, "robert", 11)).read_bytes()


def test_the_time_of_the_compression_is_that_of_the_release(tmp_path: Path) -> None:
    """The header of gzip has the time that is asked for, not that of the build."""
    packed = normalised(tmp_path, special(1, 0o022, "ada", 10)).read_bytes()
    assert int.from_bytes(packed[4:8], "little") == EPOCH


def packed_by(folder: Path, names: str, comment: str) -> bytes:
    """Pack files of these names in that order, with a comment of whoever packed them, and repack that."""

    def put(archive: tarfile.TarFile) -> None:
        for name in names:
            info = tarfile.TarInfo(f"{TOP}/{name}")
            info.pax_headers = {"comment": comment} if comment else {}
            archive.addfile(info)

    return normalised(folder, sdist(more=put)).read_bytes()


@pytest.mark.parametrize(("names", "comment"), [("cab", ""), ("abc", "by a tool"), ("bca", "by a tool")])
def test_neither_the_order_nor_a_comment_stays(names: str, comment: str, tmp_path: Path) -> None:
    """Whatever the order in which files were packed, and whatever a tool adds to each, the bytes are the same."""
    assert packed_by(tmp_path / "ada", "abc", "") == packed_by(tmp_path / "bob", names, comment)


def test_executables_links_and_folders_stay(tmp_path: Path) -> None:
    """Who unpacks it finds what was there before."""
    with tarfile.open(normalised(tmp_path, special(1, 0o077, "ada", 10))) as archive:
        members = {member.name.removeprefix(f"{TOP}/"): member for member in archive}
        told = {name: (member.type, oct(member.mode)) for name, member in members.items() if name.startswith("tools")}
        assert told == {
            "tools": (tarfile.DIRTYPE, "0o755"),
            "tools/run": (tarfile.REGTYPE, "0o755"),
            "tools/link": (tarfile.SYMTYPE, "0o755"),
        }
        assert members["tools/link"].linkname == "run"
        assert {member.mtime for member in members.values()} == {EPOCH}
        for name, text in SDIST_FILES.items():
            held = archive.extractfile(name)
            assert held is not None
            assert held.read().decode() == text
