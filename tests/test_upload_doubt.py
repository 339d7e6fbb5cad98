"""An upload whose end is not known: what was noted before it, how long the index is asked, and what is forgotten."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from release_recipes.errors import Unfinished, UploadFailed, UploadRefused
from release_recipes.index import twine
from release_recipes.index.client import Index
from release_recipes.index.page import Listed, Page
from release_recipes.index.retry import PATIENCE
from release_recipes.index.twine import Answer, NoResponse
from release_recipes.publish import World, upload
from release_recipes.settings import Target
from release_recipes.state.folder import State
from support.world import make_world

FIRST, SECOND, THIRD, SDIST = (*(f"box-1.0-py3{number}-none-any.whl" for number in (10, 11, 12)), "box-1.0.tar.gz")

#: As many questions and attempts as ever, at once.
AT_ONCE = replace(
    PATIENCE,
    upload=replace(PATIENCE.upload, first_wait=0.0, longest_wait=0.0),
    doubt=(0.0,) * len(PATIENCE.doubt),
    late=(0.0,) * len(PATIENCE.late),
)

STORED = Answer(200, "OK")
FORBIDDEN = Answer(403, "Forbidden")
BAD_GATEWAY = Answer(502, "Bad Gateway")
DUPLICATE = Answer(400, "File already exists")
LOST = NoResponse("connection reset", sent=True, permanent=False)
NOT_CONNECTED = NoResponse("connection refused", sent=False, permanent=False)


class FakeIndex:
    """What an index answers to each upload of a file, the last answer repeated, and when its page lists the file."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer | NoResponse]] = {}
        #: How many pages do not list a file yet that is there.
        self.late: dict[str, int] = {}
        self.there: dict[str, str] = {}
        self.sent: list[str] = []
        #: What happens when a file is sent.
        self.meanwhile: Callable[[str], object] = lambda _: None
        self._lock = threading.Lock()

    def upload(self, _repository: object, file: Path, sha256: str, *_: object) -> Answer:
        with self._lock:
            self.sent.append(file.name)
            left = self.answers.get(file.name, [STORED])
            answer = left.pop(0) if len(left) > 1 else left[0]
        self.meanwhile(file.name)
        if answer is STORED:
            self.there[file.name] = sha256
        if isinstance(answer, NoResponse):
            raise answer
        return answer

    def page(self, _name: str) -> Page:
        with self._lock:
            listed = {name: Listed(name, "", sha256) for name, sha256 in self.there.items() if not self.late.get(name)}
            self.late = {name: left - (name in self.there and left > 0) for name, left in self.late.items()}
        return Page(exists=True, files=listed)


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> FakeIndex:
    """Return an index that takes everything until a test says otherwise."""
    fake = FakeIndex()

    @contextmanager
    def uploading(*_: object) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace()

    monkeypatch.setattr(twine, "uploading", uploading)
    monkeypatch.setattr(twine, "upload", fake.upload)
    monkeypatch.setattr(Index, "page", lambda _, name: fake.page(name))
    return fake


def world_of(tmp_path: Path, wheels: int = 1, **words: object) -> World:
    """Return a release with a record on disk."""
    target = Target("http://127.0.0.1:9/", "http://127.0.0.1:9/simple/")
    world = make_world(
        tmp_path / "release", wheels=wheels, token="pypi-a-long-token",  # noqa: S106 - opens nothing
        state=State(tmp_path / "state"), patience=AT_ONCE, target=target, **words,
    )  # fmt: skip
    assert world.state is not None
    world.state.save(world.record)
    return world


def test_the_mark_is_on_disk_before_the_first_byte_is_sent(tmp_path: Path, index: FakeIndex) -> None:
    """When the first file is sent, the record says already that the index may have something."""
    world = world_of(tmp_path)
    seen: list[bool] = []
    index.meanwhile = lambda _: seen.extend(kept.maybe_public for kept in State(tmp_path / "state").records())
    upload.STEP.converge(world)
    assert seen == [True, True]


@pytest.mark.parametrize(("began", "may_be_public"), [(True, True), (False, False)])
def test_the_doubt_of_an_earlier_run(began: bool, may_be_public: bool, tmp_path: Path, index: FakeIndex) -> None:
    """What a run before this one may have stored is not known to be absent since this one is refused."""
    index.answers[FIRST] = [FORBIDDEN]
    with pytest.raises(UploadRefused) as told:
        upload.STEP.converge(world_of(tmp_path, maybe_public=began))
    assert told.value.may_be_public is may_be_public


def test_a_doubt_is_not_forgotten(tmp_path: Path, index: FakeIndex) -> None:
    """After a lost answer, a connection that is refused and then a refusal leave it unknown what is public."""
    index.answers[FIRST] = [LOST, NOT_CONNECTED, FORBIDDEN]
    with pytest.raises(UploadRefused) as told:
        upload.STEP.converge(world_of(tmp_path))
    assert (told.value.may_be_public, index.sent) == (True, [FIRST] * 3)


def test_a_connection_that_is_never_made_leaves_no_doubt(tmp_path: Path, index: FakeIndex) -> None:
    """Where no connection was made on any attempt, nothing can be public."""
    index.answers[FIRST] = [NOT_CONNECTED]
    with pytest.raises(UploadFailed) as told:
        upload.STEP.converge(world_of(tmp_path))
    assert (told.value.may_be_public, index.sent) == (False, [FIRST] * 6)


def test_a_duplicate_of_ours_is_waited_for_as_long_as_pages_may_be_late(tmp_path: Path, index: FakeIndex) -> None:
    """A file of ours that the index says it has is asked for more often than one that it may have."""
    world = world_of(tmp_path)
    index.there = {SDIST: world.record.artifacts[1].sha256}
    index.answers[FIRST] = [LOST, DUPLICATE]
    index.meanwhile = lambda name: index.there.update({name: world.record.artifacts[0].sha256})
    # One question before the second attempt, and all but the last one of those after it.
    index.late[FIRST] = len(AT_ONCE.late)
    assert len(AT_ONCE.late) > len(AT_ONCE.doubt) + 1
    upload.STEP.converge(world)
    assert index.sent == [FIRST, FIRST]


def test_after_the_last_attempt_the_index_is_asked_again(tmp_path: Path, index: FakeIndex) -> None:
    """A file that the last of all attempts has stored, and that is listed a little late, has got there."""
    world = world_of(tmp_path)
    index.there = {SDIST: world.record.artifacts[1].sha256}
    index.answers[FIRST] = [BAD_GATEWAY]
    index.late[FIRST] = len(AT_ONCE.doubt) - 1

    def store_at_last(name: str) -> None:
        if index.sent.count(name) == AT_ONCE.upload.attempts:
            index.there[name] = world.record.artifacts[0].sha256

    index.meanwhile = store_at_last
    upload.STEP.converge(world)
    assert index.sent == [FIRST] * AT_ONCE.upload.attempts


def test_with_the_first_failure_nothing_is_tried_again(tmp_path: Path, index: FakeIndex) -> None:
    """Once a file is refused for good, another that is on its way is not sent a second time."""
    index.answers |= {SECOND: [FORBIDDEN], THIRD: [BAD_GATEWAY]}
    refused: list[threading.Thread] = []
    under_way, refusing = threading.Event(), threading.Event()

    def act(name: str) -> None:
        if name == SECOND:
            refused.append(threading.current_thread())
            refusing.set()
            assert under_way.wait(10)
        if name == THIRD:
            under_way.set()
            assert refusing.wait(10)
            refused[0].join(10)

    index.meanwhile = act
    with pytest.raises(UploadRefused, match=SECOND):
        upload.STEP.converge(world_of(tmp_path, wheels=3))
    assert sorted(index.sent) == [FIRST, SECOND, THIRD]


@pytest.mark.parametrize("name", [FIRST, SDIST])
def test_a_byte_that_was_changed(name: str, tmp_path: Path, index: FakeIndex) -> None:
    """A file that has the recorded length and other content is found before anything is sent."""
    world = world_of(tmp_path)
    content = (world.dist / name).read_bytes()
    (world.dist / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(Unfinished, match=f"{name} is not the file that was recorded"):
        upload.STEP.converge(world)
    assert index.sent == []
