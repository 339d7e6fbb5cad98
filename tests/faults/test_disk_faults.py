"""The disk of the repository fills up in the middle of a release; once there is room again, it is finished."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from faults.row import Row, rows, show
from faults.scene import RELEASE, Scene

#: What fills the disk; a snapshot leaves it out.
_FILL = "{0.repository.path}/.git/objects/fill"


def full_at(step: str) -> Callable[[Scene], None]:
    """Fill the repository's disk when a step begins."""
    return lambda scene: scene.step_in(step, f"dd if=/dev/zero bs=1k status=none of='{_FILL.format(scene)}' || true")


def room_again(scene: Scene) -> None:
    """Take away what fills the disk."""
    Path(_FILL.format(scene)).unlink()


NO_SPACE = "No space left on device"
DISK = rows(
    Row("disk: full before the record", full_at("tag"), "nothing sent", NO_SPACE, 1, 0, room_again, RELEASE),
    Row("disk: full at the claim", full_at("claim"), "nothing sent", NO_SPACE, 3, 0, room_again),
    Row("disk: full at the upload", full_at("upload"), "nothing sent", NO_SPACE, 3, 0, room_again),
    Row("disk: full at the push", full_at("push"), "uploaded and pushed", NO_SPACE, 3, 2, room_again),
    Row("disk: full on the way home", full_at("home"), "uploaded and pushed", NO_SPACE, 3, 2, room_again),
)  # fmt: skip


@pytest.fixture
def on_small_disk(scene: Scene) -> Iterator[Scene]:
    """Put the repository on a disk of its own, which is small; POSIX and root only."""
    path = scene.repository.path
    beside = path.with_name("beside")
    path.rename(beside)
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(path)], check=False)
    if mounted.returncode != 0:
        pytest.skip("no tmpfs can be mounted here")
    shutil.copytree(beside, path, dirs_exist_ok=True)
    try:
        yield scene
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@DISK
def test_disk(row: Row, on_small_disk: Scene, record_property: Callable[[str, object], None]) -> None:
    """A full disk comes to the outcome, the words, the exit code and the end of its row."""
    show(row, on_small_disk, record_property)
