"""A disk fills up in the middle of a release; once there is room again, it is finished, or begun anew."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from faults.row import Row, rows, show
from faults.scene import RELEASE, Scene

NO_SPACE = "No space left on device"

#: What fills the disk; a snapshot of the repository leaves it out.
_FILL = "{0.repository.path}/.git/objects/fill"


def full_at(step: str, fill: str = _FILL) -> Callable[[Scene], None]:
    """Fill a disk when a step begins."""
    return lambda scene: scene.step_in(step, f"dd if=/dev/zero bs=64k status=none of='{fill.format(scene)}' || true")


def room_again(scene: Scene) -> None:
    """Take away what fills the disk."""
    Path(_FILL.format(scene)).unlink()


REPOSITORY = rows(
    Row("disk: full before the record", full_at("tag"), "nothing sent", NO_SPACE, 1, 0, room_again, RELEASE),
    Row("disk: full at the claim", full_at("claim"), "nothing sent", NO_SPACE, 3, 0, room_again),
    Row("disk: full at the upload", full_at("upload"), "nothing sent", NO_SPACE, 3, 0, room_again),
    Row("disk: full at the push", full_at("push"), "uploaded and pushed", NO_SPACE, 3, 2, room_again),
    Row("disk: full at the local branch", full_at("update-branch"), "uploaded and pushed", NO_SPACE, 3, 2, room_again),
)  # fmt: skip


@contextmanager
def small_disk(path: Path, size: str) -> Iterator[None]:
    """Put a folder on a disk of its own, which is small; POSIX and root only."""
    beside = path.with_name("beside")
    path.rename(beside)
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(path)], check=False)
    if mounted.returncode != 0:
        pytest.skip("no tmpfs can be mounted here")
    try:
        shutil.copytree(beside, path, dirs_exist_ok=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@REPOSITORY
def test_the_repositorys_disk(row: Row, scene: Scene, record_property: Callable[[str, object], None]) -> None:
    """A full disk comes to the outcome, the words, the exit code and the end of its row."""
    with small_disk(scene.repository.path, "4m"):
        show(row, scene, record_property)


def test_the_temporary_folders_disk(scene: Scene, record_property: Callable[[str, object], None]) -> None:
    """A build that finds no room ends the release, and the workspace goes, as full as the disk is."""
    disk = scene.folder / "disk"
    disk.mkdir()
    row = Row("disk: full in the build", full_at("build", f"{disk}/fill"), "nothing sent", NO_SPACE, 1, 0,
              lambda _: (disk / "fill").unlink(), RELEASE)  # fmt: skip
    with small_disk(disk, "110m"):
        scene.temporary = disk / "temporary"
        scene.temporary.mkdir()
        scene.env["TMPDIR"] = str(scene.temporary)
        show(row, scene, record_property)
