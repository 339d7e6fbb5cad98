"""A release that is killed at any point comes to the same end, once somebody finishes it."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from crash.stage import RELEASE, Stage, WrongEnd, point_of, staged
from support.projects import computed

LANES = 8
WITH_TESTS = RELEASE[:-1]

Record = Callable[[str, object], None]


class Tally:
    """Points of one kind, and those that did not come to the right end."""

    def __init__(self, kind: str, record: Record) -> None:
        self._kind, self._record = kind, record
        self._points = 0
        self._wrong: list[str] = []

    def see(self, stage: Stage, point: str, words: tuple[str, ...] = RELEASE) -> None:
        """Finish what was killed at a point, and see the end."""
        self._points += 1
        try:
            stage.finish(words)
        except WrongEnd as wrong:
            self._wrong.append(f"{point}\n    {wrong}")

    def close(self) -> None:
        """Tell the counts, and fail where an end was wrong."""
        self._record(f"{self._kind}: points", self._points)
        self._record(f"{self._kind}: right ends", self._points - len(self._wrong))
        assert self._wrong == []


def last_line(log: Path) -> str:
    """Return the fatal point's number and words."""
    return log.read_text(encoding="utf-8").splitlines()[-1]


def kill_at_each(folder: Path, first: int, words: tuple[str, ...], tally: Tally, every: int) -> None:
    """Kill a release at one point of so many, from the first on, until there is a point that it does not come to."""
    for number in range(first, 1000, every):
        log = folder / f"{number}.log"
        with staged(folder / str(number)) as stage:
            killed = stage.run(*words, at=number, log=log)
            if killed.returncode != -signal.SIGKILL:
                assert killed.returncode == 0, killed.stdout
                stage.see_right_end()
                return
            tally.see(stage, last_line(log), words)


@pytest.mark.parametrize("lane", range(1, LANES + 1))
def test_killed_once(lane: int, share: int, tmp_path: Path, record_property: Record) -> None:
    """Killed before or after any effect, a release comes to the one right end."""
    tally = Tally("killed once", record_property)
    kill_at_each(tmp_path, 1 + (lane - 1) * share, RELEASE, tally, every=LANES * share)
    tally.close()


def test_killed_beside_its_tests(share: int, tmp_path: Path, record_property: Record) -> None:
    """Killed while tests and build run in parallel, it leaves nothing behind once they end, and comes right."""
    tally = Tally("killed with tests", record_property)
    kill_at_each(tmp_path, 3, WITH_TESTS, tally, every=8 * share)
    tally.close()


def kill_before(stage: Stage, words: str, log: Path) -> None:
    """Kill a release at the first line of a log that begins with these words, in a run as the one in the log."""
    assert stage.run(*RELEASE, at=point_of(log, words)).returncode == -signal.SIGKILL


FIRST = (
    "Ended write record",
    "StepEnded claim",
    "Ended POST",  # the wheel is there, the sdist is not
    "StepStarted push",
    "StepEnded push",
)


@pytest.mark.parametrize("first", FIRST)
def test_killed_again_during_resume(first: str, share: int, tmp_path: Path, record_property: Record) -> None:
    """Killed in act 3, and killed again at any point of the resume, a release comes to the one right end."""
    tally = Tally("killed twice", record_property)
    undisturbed = tmp_path / "undisturbed.log"
    with staged(tmp_path / "undisturbed") as stage:
        assert stage.run(*RELEASE, log=undisturbed).returncode == 0
    with staged(tmp_path / "stage") as stage:
        kill_before(stage, first, undisturbed)
        stage.keep()
        for number in range(1, 1000, share):
            log = tmp_path / f"{number}.log"
            killed = stage.run("resume", at=number, log=log)
            if killed.returncode != -signal.SIGKILL:
                assert killed.returncode == 0, killed.stdout
                break
            tally.see(stage, f"{first}, then {last_line(log)}")
            stage.restore()
        stage.see_right_end()
    tally.close()


def test_killed_twice_before_the_record(share: int, tmp_path: Path, record_property: Record) -> None:
    """Killed in act 2, and killed again in the next release, it comes to the one right end, with no workspace left."""
    tally = Tally("killed twice in act 2", record_property)
    undisturbed = tmp_path / "undisturbed.log"
    with staged(tmp_path / "undisturbed") as stage:
        assert stage.run(*RELEASE, log=undisturbed).returncode == 0
    with staged(tmp_path / "stage") as stage:
        kill_before(stage, "StepStarted inspect", undisturbed)
        stage.keep()
        for number in (*range(1, 13), 15, 20)[::share]:
            log = tmp_path / f"{number}.log"
            assert stage.run(*RELEASE, at=number, log=log).returncode == -signal.SIGKILL
            tally.see(stage, f"StepStarted inspect, then {last_line(log)}")
            stage.restore()
    tally.close()


def test_killed_while_the_build_backend_is_asked(tmp_path: Path) -> None:
    """What act 2 asks the backend with lies in the workspace, which the next run removes."""
    files = {**computed("Path('demo/version.txt').read_text().strip()"), "demo/version.txt": "1.2.3\n"}
    words = ("rehearse", "--part", "minor", "--skip-tests")
    with staged(tmp_path, **files) as stage:
        log = tmp_path / "undisturbed.log"
        assert stage.run("check").returncode == 0  # from now on, act 1 does not ask it
        assert stage.run(*words, log=log).returncode == 0
        number = point_of(log, "Started uv venv")
        assert stage.run(*words, at=number, log=tmp_path / "killed.log").returncode == -signal.SIGKILL
        assert stage.run(*words).returncode == 0
        assert list(stage.temporary.iterdir()) == []
