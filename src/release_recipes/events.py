"""Events, which are sent to every listener: the console, the report, the history.

Steps and programs emit events. Nothing here prints or stores, and nothing here knows a plan or a record. Each effect
has an event before it (:class:`Started`) and after it (:class:`Ended`); the crash tests kill the process at these.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from release_recipes.findings import Finding, warning


class Event:
    """What happens."""


@dataclass(frozen=True)
class TaskStarted(Event):
    """A task begins."""

    task: str
    #: The id of this run, in the history and in logs: hex digits.
    run: str


@dataclass(frozen=True)
class TaskEnded(Event):
    """A task is over."""

    task: str
    run: str
    #: As in the JSON document, such as ``released``, ``refused`` or ``unfinished``.
    outcome: str
    exit_code: int
    #: Wall-clock seconds.
    seconds: float
    #: What stopped it, and what to do; empty if nothing did.
    message: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Coming(Event):
    """The steps that follow, for a user who watches."""

    #: The names of the steps of each act, in order.
    acts: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class StepStarted(Event):
    """A step of an act begins."""

    name: str


@dataclass(frozen=True)
class StepEnded(Event):
    """A step of an act is over."""

    name: str
    #: ``done``, ``already done``, ``left out`` or ``failed``.
    state: str
    #: Wall-clock seconds.
    seconds: float
    #: A note for the user, one line; may be empty.
    note: str = ""


@dataclass(frozen=True)
class Started(Event):
    """An effect begins: a command, a written file, a request."""

    what: str


@dataclass(frozen=True)
class Ended(Event):
    """An effect has ended."""

    what: str
    #: Wall-clock seconds.
    seconds: float


@dataclass(frozen=True)
class Output(Event):
    """One line that a tool wrote, masked, without its line end."""

    source: str
    line: str
    #: The run of a program of the project, as :class:`Exited` names it; otherwise 0.
    run: int = 0


@dataclass(frozen=True)
class Exited(Event):
    """A program of the project has ended, and its output was emitted."""

    run: int
    #: The command, masked.
    command: str


@dataclass(frozen=True)
class Progress(Event):
    """The progress of a long step."""

    name: str
    done: int
    total: int


@dataclass(frozen=True)
class Warned(Event):
    """A warning, which does not stop the release."""

    finding: Finding


@dataclass(frozen=True)
class Told(Event):
    """A line for the user, such as the command for something that was left out."""

    line: str


@dataclass(frozen=True)
class Table(Event):
    """A table for the user."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    #: Whether long texts are continued on further lines; otherwise columns are left out where it is too wide.
    folds: bool = False


@dataclass(frozen=True)
class Page(Event):
    """A page of the documentation, or a section of one, in Markdown."""

    text: str


@dataclass(frozen=True)
class Described(Event):
    """For a dry run: what each step would do, or why it is left out."""

    #: Each step's name with its lines.
    steps: Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True)
class Facts(Event):
    """Facts about a release, with the keys of the JSON document."""

    #: Such as ``project``, ``version`` and ``tag``.
    values: Mapping[str, object]


@dataclass(frozen=True)
class Planned(Facts):
    """The release is planned."""

    #: The plan for the user.
    lines: Sequence[str]


@dataclass(frozen=True)
class Previewed(Event):
    """What the planned release changes and builds, for a user who is asked whether to make it."""

    lines: Sequence[str]


@dataclass(frozen=True)
class Recorded(Facts):
    """The release is recorded: its commit, its tag object and every file."""


@dataclass(frozen=True)
class AttemptFailed(Event):
    """An attempt of an upload failed; there may be another one."""

    what: str


@dataclass(frozen=True)
class Released(Facts):
    """A release is public, and that was verified."""


@dataclass(frozen=True)
class Abandoned(Facts):
    """A release was abandoned."""


_listeners: list[Callable[[Event], None]] = []
_lock = threading.RLock()


def tell(*lines: str) -> None:
    """Tell the user some lines."""
    for line in lines:
        emit(Told(line))


def warn(message: str, hint: str, check: str = "") -> None:
    """Warn the user; ``check`` is the name that ``skip_checks`` takes, or that of what is warned about."""
    emit(Warned(warning(message, hint, check)))


def emit(event: Event) -> None:
    """Send an event to every listener, one at a time, in the thread that emits it."""
    with _lock:
        for listener in _listeners:
            listener(event)


@contextlib.contextmanager
def listening(listener: Callable[[Event], None]) -> Iterator[None]:
    """Send every event inside the block to ``listener``."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


@contextlib.contextmanager
def effect(what: str) -> Iterator[None]:
    """Emit events before and after an effect; an effect that fails has no event at its end."""
    emit(Started(what))
    began = time.monotonic()
    yield
    emit(Ended(what, time.monotonic() - began))


@dataclass
class Step:
    """The running step, for the block of :func:`step`: it may leave a note and a state."""

    state: str = "done"
    note: str = ""


@contextlib.contextmanager
def step(name: str) -> Iterator[Step]:
    """Emit events for a step with its duration; a step that raises has ``failed``."""
    emit(StepStarted(name))
    began = time.monotonic()
    running = Step()
    try:
        yield running
    except BaseException:
        emit(StepEnded(name, "failed", time.monotonic() - began))
        raise
    emit(StepEnded(name, running.state, time.monotonic() - began, running.note))
