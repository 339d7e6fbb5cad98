"""Faults in the product on purpose: a crash test that stays silent about one of these proves nothing.

Each function breaks one promise in a process of its own (see ``victim.py --mutant``).
"""

import subprocess
from dataclasses import replace
from pathlib import Path

from release_recipes import events
from release_recipes.cli.session import Session
from release_recipes.publish import upload
from release_recipes.publish.step import Done, World
from release_recipes.state import temporary
from release_recipes.state.folder import State
from release_recipes.state.record import Record
from support.hurried import HURRIED


def record_after_the_first_upload() -> None:
    """The record is written when the first file is on the index."""
    save = State.save
    held: list[tuple[State, Record]] = []

    def later(state: State, record: Record) -> None:
        held.append((state, record))

    def hear(event: events.Event) -> None:
        if isinstance(event, events.Progress) and held:
            State.save = save  # type: ignore[method-assign]
            save(*held[-1])

    State.save = later  # type: ignore[method-assign, assignment]
    events._listeners.insert(0, hear)  # noqa: SLF001


def upload_trusts_the_record() -> None:
    """What the record says was begun is taken for done; the index is not asked."""
    converge = upload.STEP.converge

    def trusting(world: World) -> Done:
        return Done(state="already done") if world.record.maybe_public else converge(world)

    object.__setattr__(upload.STEP, "converge", trusting)
    Session.patience = HURRIED


def leftovers_stay() -> None:
    """The workspace of a killed run is not removed."""

    def stays(folder: Path) -> None:
        """Leave it."""

    temporary.remove_leftover = stays


def tag_made_anew() -> None:
    """A resume makes a tag of its own instead of taking the recorded one."""
    records = State.records

    def anew(state: State) -> list[Record]:
        return [replace(record, tag_object=_made_again(state.folder, record)) for record in records(state)]

    State.records = anew  # type: ignore[method-assign, assignment]


def _made_again(folder: Path, record: Record) -> str:
    said = subprocess.run(
        ["git", "cat-file", "tag", record.tag_object], cwd=folder, check=True, capture_output=True, text=True
    ).stdout
    return subprocess.run(
        ["git", "hash-object", "-w", "-t", "tag", "--stdin"],
        cwd=folder, check=True, capture_output=True, text=True, input=said + "\nMade again.\n",
    ).stdout.strip()  # fmt: skip
