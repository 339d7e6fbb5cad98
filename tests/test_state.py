"""What is on disk is whole or not there at all, and what cannot be read is told."""

import json
import threading
from pathlib import Path

import pytest

from release_recipes.errors import Failed
from release_recipes.settings import Target
from release_recipes.state.atomic import write_atomically
from release_recipes.state.folder import State
from release_recipes.state.record import Artifact, Record

RECORD = Record(
    project="demo", prior="1.2.3", version="1.3.0", commit="c" * 40, base="b" * 40, tag="v1.3.0", tag_object="a" * 40,
    pushes_tag=True, branch="main", remote="origin", remote_address="/remote", remote_tip="b" * 40, test=False,
    target=Target("http://i/", "http://i/simple/"), github_release=True, upload_workers=4,
    keeps_artifacts=False, started="2026-01-02T03:04:05+00:00",
    artifacts=(Artifact("demo-1.3.0.tar.gz", "0" * 64, 5),),
)  # fmt: skip


@pytest.fixture
def kept(tmp_path: Path) -> State:
    """Return a state folder."""
    return State(tmp_path)


def test_a_record_is_read_as_it_was_written(kept: State) -> None:
    """Every field comes back."""
    kept.save(RECORD)
    assert kept.records() == [RECORD]
    assert json.loads((kept.folder / "demo-1.3.0/record.json").read_text(encoding="utf-8"))["format"] == 2


def test_the_mark_is_on_disk(kept: State) -> None:
    """A release that is marked is read as one of which something may be public."""
    kept.save(RECORD)
    kept.mark_public(RECORD)
    assert kept.records()[0].maybe_public is True


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
def test_a_write_that_fails_leaves_the_old_file(step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full at whatever step of a write costs neither the old content nor a stray file."""
    path = tmp_path / "record.json"
    write_atomically(path, "old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(step, full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        ('{"format": 2}', "cannot be read"),
        ('{"format": 1}', "has format 1, but this version reads format 2"),
    ],
)
def test_a_record_that_cannot_be_read_is_told(kept: State, text: str, words: str) -> None:
    """A record that is damaged, or of another version, stops with words; it is never passed over."""
    (kept.folder / "demo-1.3.0").mkdir()
    (kept.folder / "demo-1.3.0/record.json").write_text(text, encoding="utf-8")
    with pytest.raises(Failed, match=words):
        kept.records()


def test_what_was_half_written_is_swept(kept: State) -> None:
    """Distributions without a record, an empty folder and half a file go; a record and what belongs to it stay."""
    kept.save(RECORD)
    for name in ("demo-1.2.0/dist", "demo-1.1.0", "demo-1.3.0/dist"):
        (kept.folder / name).mkdir() if name.count("/") == 0 else (kept.folder / name).mkdir(parents=True)
    for name in (".holder.json-half-abc", "demo-1.3.0/.record.json-half-abc", "lock", "history.jsonl"):
        (kept.folder / name).touch()
    kept.sweep()
    assert sorted(path.relative_to(kept.folder).as_posix() for path in kept.folder.rglob("*")) == [
        "demo-1.3.0",
        "demo-1.3.0/dist",
        "demo-1.3.0/record.json",
        "history.jsonl",
        "lock",
    ]


def test_the_state_of_a_project_in_a_folder(tmp_path: Path) -> None:
    """Each project of a repository has a state of its own, which the sweep of another one leaves alone."""
    top, inner, other = State(tmp_path), State(tmp_path, "packages/a b"), State(tmp_path, "packages")
    for state in (inner, other):
        (state.folder / "x-1.0").mkdir(parents=True)
    assert [state.below for state in inner.all()] == [".", "packages", "packages/a b"]
    top.sweep()
    other.sweep()
    assert [(state.folder / "x-1.0").exists() for state in (inner, other)] == [True, False]


@pytest.mark.parametrize("name", ["projects", "turn"])
def test_names_of_folders_that_mean_nothing(name: str, tmp_path: Path) -> None:
    """Neither a project nor a git folder may be mistaken for something of ours, whatever its name is."""
    top = State(tmp_path / name / "release-recipes")
    assert (top.folder, top.all()) == (tmp_path / name / "release-recipes", [top])
    with State(top.top, "a").lock.held("release"), top.turn(), State(top.top, name).lock.held("release"):
        assert [state.below for state in top.all()] == [".", "a", name]


def test_projects_take_turns(tmp_path: Path) -> None:
    """While one project of a repository has its turn, another one waits for it."""
    top, other, entered = State(tmp_path), State(tmp_path, "a"), list[str]()
    other.folder.mkdir(parents=True)

    def enter() -> None:
        with other.turn():
            entered.append("the second")

    second = threading.Thread(target=enter)
    with top.turn():
        second.start()
        second.join(0.3)
        entered.append("the first")
    second.join()
    assert entered == ["the first", "the second"]
