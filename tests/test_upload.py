"""How distributions are sent: the first alone, the rest side by side, the sdist last, and none twice."""

import json
import logging
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from release_recipes import events
from release_recipes.cli.history import History
from release_recipes.distributions.distribution import Distribution
from release_recipes.errors import BadDistribution, FileConflict, Unfinished, UploadFailed, UploadRefused
from release_recipes.index.retry import PATIENCE
from release_recipes.publish import World, upload
from release_recipes.settings import Target
from release_recipes.state.folder import State
from support import faulty
from support.faulty import Exchange, Fault, FaultyIndex, answered, retry_after, stored
from support.index import PypiServer
from support.world import make_world

SDIST = "box-1.0.tar.gz"

#: What is tried again is tried at once.
AT_ONCE = replace(
    PATIENCE,
    question=replace(PATIENCE.question, first_wait=0.001),
    upload=replace(PATIENCE.upload, first_wait=0.001),
    doubt=(0.0, 0.01),
    late=(0.0, 0.01),
)


@pytest.fixture
def proxy(pypi: PypiServer) -> Iterator[FaultyIndex]:
    """Put the faulty proxy before a true index."""
    with FaultyIndex(pypi.upload_url, pypi.index_url) as proxy:
        yield proxy


def world_of(tmp_path: Path, proxy: FaultyIndex, pypi: PypiServer, wheels: int, **words: Any) -> World:  # noqa: ANN401
    """Return a release of so many wheels and an sdist."""
    target = Target(proxy.upload_url, proxy.index_url)
    return make_world(
        tmp_path / "release", wheels=wheels, token=pypi.token, patience=AT_ONCE, **{"target": target, **words}
    )


def expected(world: World) -> dict[str, str]:
    return {artifact.filename: artifact.sha256 for artifact in world.record.artifacts}


def test_order_and_parallel_uploads(tmp_path: Path, proxy: FaultyIndex, pypi: PypiServer) -> None:
    """The first wheel is alone, as many of the others as are allowed are sent at once, the sdist is alone and last."""
    lanes = 4
    under_way: set[str] = set()
    together: dict[str, int] = {}
    gate, lock = threading.Barrier(lanes, timeout=10), threading.Lock()
    world = world_of(tmp_path, proxy, pypi, 9)
    alone = {world.record.artifacts[0].filename, SDIST}

    def act(exchange: Exchange) -> None:
        exchange.receive()
        name = exchange.met.filename or ""
        with lock:
            under_way.add(name)
        if name not in alone:
            gate.wait()
        together[name] = len(under_way)
        answer = exchange.forward()
        if name not in alone:
            gate.wait()
        with lock:
            under_way.discard(name)
        exchange.send(answer)

    proxy.plan(Fault("counted", act), None)
    upload.STEP.converge(world)
    assert pypi.files() == expected(world)
    assert {name: together[name] for name in alone} == dict.fromkeys(alone, 1)
    assert max(together.values()) == lanes
    assert proxy.uploads[-1].filename == SDIST


def test_forty_files(tmp_path: Path, proxy: FaultyIndex, pypi: PypiServer) -> None:
    """Forty wheels and an sdist get there, each sent once, with one progress of all."""
    seen: list[events.Event] = []
    world = world_of(tmp_path, proxy, pypi, 40)
    with events.listening(seen.append):
        upload.STEP.converge(world)
    assert pypi.files() == expected(world)
    assert len(proxy.uploads) == 41
    progress = [(event.done, event.total) for event in seen if isinstance(event, events.Progress)]
    assert progress == [(done, 41) for done in range(1, 42)]


def test_interrupted_parallel_upload(tmp_path: Path, proxy: FaultyIndex, pypi: PypiServer) -> None:
    """A parallel upload that broke off sends on the second run what is missing, and nothing twice."""
    world = world_of(tmp_path, proxy, pypi, 9)
    broken = world.record.artifacts[5].filename
    proxy.plan(faulty.RESET_DURING, None, broken)
    with pytest.raises(UploadFailed, match=f"{broken} was not uploaded after 6 attempts: "):
        upload.STEP.converge(world)
    there = set(pypi.files())
    assert broken not in there
    assert SDIST not in there
    proxy.mend()
    before = len(proxy.uploads)
    upload.STEP.converge(world)
    assert pypi.files() == expected(world)
    assert {request.filename for request in proxy.uploads[before:]} == expected(world).keys() - there
    assert upload.STEP.converge(world).state == "already done"


def test_both_hashes_are_told(tmp_path: Path, proxy: FaultyIndex, pypi: PypiServer) -> None:
    """A file of the same name with other content is a conflict, told with both hashes, and nothing is sent."""
    world = world_of(tmp_path, proxy, pypi, 1)
    (pypi.folder / SDIST).write_bytes(b"another's")
    with pytest.raises(FileConflict) as told:
        upload.STEP.converge(world)
    assert told.value.message == (
        "The index has a different file named box-1.0.tar.gz: sha256 "
        "d138adb95f45e72c5ff2636505e638162afd772c2fcfb2ca6375026e8a6aa17a on the index, "
        f"{world.record.artifacts[1].sha256} here."
    )
    assert proxy.uploads == []


def test_changed_on_disk(tmp_path: Path, proxy: FaultyIndex, pypi: PypiServer) -> None:
    """A file that is not the recorded one any more is not sent."""
    world = world_of(tmp_path, proxy, pypi, 1, state=State(tmp_path / "state"))
    (world.dist / SDIST).write_bytes(b"changed")
    with pytest.raises(Unfinished, match="is not the file that was recorded"):
        upload.STEP.converge(world)
    assert proxy.uploads == []


def test_changed_after_it_was_hashed(tmp_path: Path, proxy: FaultyIndex, pypi: PypiServer) -> None:
    """Where there is no record, too, what is sent has the hash that was compared with the index."""
    world = world_of(tmp_path, proxy, pypi, 1)
    wheel = world.dist / world.record.artifacts[0].filename
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("box/other.py", "")
    with pytest.raises(Unfinished, match="is not the file that was recorded") as told:
        upload.STEP.converge(world)
    assert (told.value.exit_code, told.value.may_be_public) == (1, False)
    assert proxy.uploads == []


@pytest.mark.parametrize("name", ["box-1.0-py310-none-any.whl", SDIST])
def test_a_corrupt_distribution(tmp_path: Path, name: str) -> None:
    """Before anything of it is uploaded, a distribution is read to its end."""
    path = make_world(tmp_path, wheels=1, token="").dist / name
    assert Distribution(path).name_and_version() == ("box", "1.0")
    whole = path.read_bytes()
    at = whole.index(b"# box") if name.endswith(".whl") else len(whole) - 6
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    with pytest.raises(BadDistribution) as told:
        Distribution(path).name_and_version()
    assert f"{name} cannot be read completely: " in told.value.findings[0].message


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
def test_what_cannot_pass(tmp_path: Path, proxy: FaultyIndex, pypi: PypiServer, status: int) -> None:
    """A file that is refused for good is sent once; nothing is public and nothing waits, so the exit code is 1."""
    proxy.plan(answered(status), None)
    with pytest.raises(UploadRefused) as told:
        upload.STEP.converge(world_of(tmp_path, proxy, pypi, 1))
    assert (told.value.status, told.value.may_be_public, len(proxy.uploads)) == (status, False, 1)
    assert told.value.exit_code == 1
    assert "PYPI_USERNAME. " not in told.value.hint


def test_the_password_of_another_user(tmp_path: Path, proxy: FaultyIndex, pypi: PypiServer) -> None:
    """Where an index has accounts, the one that was refused is named, and how to use another."""
    proxy.plan(answered(403), None)
    target = Target(proxy.upload_url, proxy.index_url, "ann")
    with pytest.raises(UploadRefused) as told:
        upload.STEP.converge(world_of(tmp_path, proxy, pypi, 1, target=target))
    assert told.value.hint.startswith("The user is 'ann'; for another one, set PYPI_USERNAME. ")


def test_duplicate_that_is_listed_late(tmp_path: Path, proxy: FaultyIndex, pypi: PypiServer) -> None:
    """After an attempt whose end is not known, a duplicate is waited for until the index lists it."""
    proxy.plan(stored(faulty.SERVER_ERROR))
    proxy.plan(faulty.LISTED_LATE, 2)
    world = world_of(tmp_path, proxy, pypi, 1)
    upload.STEP.converge(world)
    assert pypi.files() == expected(world)


def test_attempts_are_logged(tmp_path: Path, proxy: FaultyIndex, pypi: PypiServer) -> None:
    """Each failed attempt is told with its pause, and stands in the history."""
    proxy.plan(retry_after(503, 0))
    seen: list[events.Event] = []
    state = State(tmp_path / "state")
    with events.listening(seen.append), events.listening(History(state).hear):
        upload.STEP.converge(world_of(tmp_path, proxy, pypi, 1, state=state))
    failed = "box-1.0-py310-none-any.whl: attempt 1 of 6 failed (503 Service Unavailable)"
    assert events.Output("retry", f"{failed}; trying again in 0.0 s") in seen
    history = [json.loads(line) for line in (tmp_path / "state" / "history.jsonl").read_text().splitlines()]
    assert [(line["event"], line["what"]) for line in history] == [("attempt failed", failed)]


def test_no_record_to_resume(tmp_path: Path, proxy: FaultyIndex, pypi: PypiServer) -> None:
    """An upload without a record does not point to `resume`."""
    proxy.plan(faulty.UNAVAILABLE, None)
    with pytest.raises(UploadFailed) as told:
        upload.STEP.converge(world_of(tmp_path, proxy, pypi, 1))
    assert told.value.may_be_public
    assert told.value.hint == (
        "No file is on the index. Later, run the same command again; files that are on the index are not uploaded "
        "twice."
    )


def test_token_in_no_log(
    tmp_path: Path,
    proxy: FaultyIndex,
    pypi: PypiServer,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The token is in no line that requests, urllib3 or twine log or print, also when they tell all."""
    seen: list[events.Event] = []
    proxy.plan(faulty.RESET_DURING)
    proxy.plan(faulty.FORBIDDEN)
    with caplog.at_level(logging.DEBUG), events.listening(seen.append), pytest.raises(UploadRefused) as told:
        upload.STEP.converge(world_of(tmp_path, proxy, pypi, 1))
    out, err = capfd.readouterr()
    assert "urllib3" in {record.name.partition(".")[0] for record in caplog.records}
    assert pypi.token not in f"{caplog.text}{out}{err}{seen}{told.value!r}{told.value.hint}"
