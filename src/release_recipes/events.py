"""What happens, told to every listener: the console, the report, the history.

Steps and programs emit; nothing here prints or stores, and nothing here knows a plan or a record. Every effect on the
world is told before it is made
(:class:`Started`) and after it (:class:`Ended`), which is also where the crash tests cut the power.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from release_recipes.findings import Finding


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
    """How far a long step is."""

    name: str
    done: int
    total: int


@dataclass(frozen=True)
class Warned:
    """Something to know that does not stop the release."""

    finding: Finding


@dataclass(frozen=True)
class Told:
    """A line for the user, such as the command that makes up for what was left out."""

    line: str


@dataclass(frozen=True)
class Described:
    """What each step of a release would do, or why it is left out: for a dry run."""

    #: Each step's name with its lines.
    steps: Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True)
class Facts:
    """What is known of a release by now, under the names of the JSON document."""

    #: Such as ``project``, ``version`` and ``tag``.
    values: Mapping[str, object]


@dataclass(frozen=True)
class Planned(Facts):
    """It is decided what the release will be."""

    #: The same for the user.
    lines: Sequence[str]


@dataclass(frozen=True)
class Recorded(Facts):
    """It is known what is published: the commit, the tag object and every file."""


@dataclass(frozen=True)
class AttemptFailed:
    """One attempt of an upload failed, and may be made again."""

    what: str


@dataclass(frozen=True)
class Released(Facts):
    """All of a release is public, and was seen to be."""


@dataclass(frozen=True)
class Abandoned(Facts):
    """A release was given up."""


Event = (
    StepStarted | StepEnded | Started | Ended | Output | Progress | Warned | Told | Described | Facts | AttemptFailed
)
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
