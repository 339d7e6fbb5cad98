"""What is on disk survives a power cut and a kill in the middle of a write: whole, in order, and known to be there."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from release_recipes.programs.git import Git
from release_recipes.state.atomic import write_atomically
from release_recipes.state.folder import State
from support.repository import Repository
from support.world import make_world
from test_state import RECORD


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Return what reaches the disk: device and number of each file or folder, in order."""
    seen: list[tuple[int, int]] = []
    monkeypatch.setattr("os.fsync", lambda descriptor: seen.append(_identity(os.fstat(descriptor))))
    return seen


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def identities(*paths: Path) -> list[tuple[int, int]]:
    """Return device and number of files or folders."""
    return [_identity(path.stat()) for path in paths]


def test_a_file_and_then_its_name_reach_the_disk(tmp_path: Path, synced: list[tuple[int, int]]) -> None:
    """The content is on the disk before the name, and the name before the call returns."""
    path = tmp_path / "record.json"
    write_atomically(path, "text")
    assert synced == identities(path, tmp_path)


def test_a_file_is_replaced_and_never_written_over(tmp_path: Path) -> None:
    """Whoever has the old file open keeps the whole of it."""
    path = tmp_path / "record.json"
    write_atomically(path, "old")
    with path.open(encoding="utf-8") as old:
        write_atomically(path, "new")
        assert (old.read(), path.read_text(encoding="utf-8")) == ("old", "new")
    assert list(tmp_path.iterdir()) == [path]


def test_distributions_reach_the_disk(tmp_path: Path, synced: list[tuple[int, int]]) -> None:
    """Each distribution is on the disk, and then their names, before a record can speak of them."""
    world = make_world(tmp_path / "release", wheels=2, token="")
    state = State(tmp_path / "state")
    state.keep_distributions(world.record, world.dist)
    kept = state.dist(world.record)
    assert synced == identities(*(kept / artifact.filename for artifact in world.record.artifacts), kept)


def test_a_record_reaches_the_disk(tmp_path: Path, synced: list[tuple[int, int]]) -> None:
    """The record is on the disk with its name and with that of its folder."""
    state = State(tmp_path)
    state.save(RECORD)
    folder = tmp_path / "demo-1.3.0"
    assert synced == identities(folder / "record.json", folder, tmp_path)


def test_git_is_told_to_write_to_the_disk(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects and refs of a release are as durable as its record, whatever the user has set."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", "0")
    repository.git("config", "core.fsync", "none")
    assert Git(repository.path).ask("config", "--get", "core.fsync") == "all"


def test_a_record_goes_before_its_distributions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is killed while it forgets a release leaves no record without files."""
    state = State(tmp_path)
    state.save(RECORD)
    state.dist(RECORD).mkdir()
    (state.dist(RECORD) / RECORD.artifacts[0].filename).touch()
    records: list[object] = []
    true: Callable[..., None] = shutil.rmtree

    def rmtree(path: Path, **words: bool) -> None:
        records.extend(state.records())
        true(path, **words)

    monkeypatch.setattr("shutil.rmtree", rmtree)
    state.drop(RECORD)
    assert (records, list(tmp_path.iterdir())) == ([], [])
