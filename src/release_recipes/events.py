"""What happens, told to whoever listens: the console, the report, the history.

Steps and ``programs`` emit; nothing here prints or stores. Every effect on the world is told before it is made
(:class:`Started`) and after it (:class:`Ended`), which is also where the crash tests cut the power.
"""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from release_recipes.errors import Problem
    from release_recipes.plan import Plan
    from release_recipes.state.record import Record


@dataclass(frozen=True)
class StepStarted:
    """A step of an act begins."""

    name: str


@dataclass(frozen=True)
class StepEnded:
    """A step of an act is over."""

    name: str
    #: ``done``, ``already done``, ``left out`` or ``failed``.
    state: str
    #: Wall-clock seconds.
    seconds: float
    #: What a person wants to know of it, one line; may be empty.
    note: str = ""


@dataclass(frozen=True)
class Started:
    """One effect begins: a command, a file written, a request."""

    what: str


@dataclass(frozen=True)
class Ended:
    """One effect is over."""

    what: str
    #: Wall-clock seconds.
    seconds: float


@dataclass(frozen=True)
class Output:
    """One line that a tool wrote, masked, without its line end."""

    source: str
    line: str


@dataclass(frozen=True)
class Progress:
    """How far a long work is."""

    name: str
    done: int
    total: int


@dataclass(frozen=True)
class Warned:
    """Something to know that does not stop the release."""

    problem: Problem


@dataclass(frozen=True)
class Told:
    """A line for the person, such as the command that makes up for what was left out."""

    line: str


@dataclass(frozen=True)
class Planned:
    """It is decided what the release will be."""

    plan: Plan


@dataclass(frozen=True)
class Recorded:
    """It is known what is published: the commit, the tag object and every file."""

    record: Record


Event = StepStarted | StepEnded | Started | Ended | Output | Progress | Warned | Told | Planned | Recorded
_listeners: list[Callable[[Event], None]] = []
_lock = threading.RLock()


def emit(event: Event) -> None:
    """Tell every listener, one event at a time, in the thread that emits."""
    with _lock:
        for listener in _listeners:
            listener(event)


@contextlib.contextmanager
def listening(listener: Callable[[Event], None]) -> Iterator[None]:
    """Have ``listener`` told of every event inside the block."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


@contextlib.contextmanager
def effect(what: str) -> Iterator[None]:
    """Tell of one effect, before and after; an effect that fails is not told as ended."""
    emit(Started(what))
    began = time.monotonic()
    yield
    emit(Ended(what, time.monotonic() - began))


class Step:
    """The running step, for the block of :func:`step`: it may leave a note and a state."""

    def __init__(self) -> None:
        """Start as ``done`` without a note."""
        self.state = "done"
        self.note = ""


@contextlib.contextmanager
def step(name: str) -> Iterator[Step]:
    """Tell of one step with its duration; a step that raises has ``failed``."""
    emit(StepStarted(name))
    began = time.monotonic()
    running = Step()
    try:
        yield running
    except BaseException:
        emit(StepEnded(name, "failed", time.monotonic() - began))
        raise
    emit(StepEnded(name, running.state, time.monotonic() - began, running.note))
