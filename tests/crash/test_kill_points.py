"""A release that is killed at any point comes to the same end, once somebody finishes it."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from crash.stage import RELEASE, Stage, WrongEnd, staged

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
    """Return the fatal point's words."""
    return log.read_text(encoding="utf-8").splitlines()[-1]


def kill_at_each(folder: Path, first: int, words: tuple[str, ...], tally: Tally) -> None:
    """Kill a release at each point of one lane, until there is a point that it does not come to."""
    for number in range(first, 1000, LANES):
        log = folder / f"{number}.log"
        with staged(folder / str(number)) as stage:
            killed = stage.run(*words, at=number, log=log)
            if killed.returncode != -signal.SIGKILL:
                assert killed.returncode == 0, killed.stdout
                stage.see_right_end()
                return
            tally.see(stage, f"{number} {last_line(log)}", words)


@pytest.mark.parametrize("lane", range(1, LANES + 1))
def test_killed_once(lane: int, tmp_path: Path, record_property: Record) -> None:
    """Killed before or after any effect, a release comes to the one right end."""
    tally = Tally("killed once", record_property)
    kill_at_each(tmp_path, lane, RELEASE, tally)
    tally.close()
