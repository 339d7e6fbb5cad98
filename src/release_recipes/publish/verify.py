"""Verify that the index serves the uploaded files before the release is reported as a success."""

import time

from release_recipes import events
from release_recipes.errors import NoIndexAnswer, NotServed
from release_recipes.publish import listing
from release_recipes.publish.step import Done, Step, World, always
from release_recipes.state.record import Record


def _describe(record: Record) -> list[str]:
    return [f"ask {record.target.index_address} until it serves each file with the same sha256"]


def _converge(world: World) -> Done:
    patience = world.patience
    began, pause, told = time.monotonic(), 0.1, False
    while lacks := _what_it_lacks(world):
        waited = time.monotonic() - began
        if waited + pause > patience.served:
            message = f"{lacks} All files are uploaded."
            raise NotServed(message, f"Wait some minutes, then {world.how_to_finish()}")
        if waited > patience.silence and not told:
            told = True
            events.emit(events.Told(f"{lacks} Waiting for up to {patience.served - waited:.0f} s more."))
        time.sleep(pause)
        pause = min(pause * 2, patience.pause)
    return Done(note=f"{len(world.record.artifacts)} files, same sha256")


def _what_it_lacks(world: World) -> str:
    """Say what the index does not serve; empty if it serves everything.

    Raises:
        FileConflict: It serves a different file of one of the names.
    """
    try:
        missing = listing.absent(world)
    except NoIndexAnswer as error:
        return error.message
    return f"The index does not list {', '.join(missing)} yet." if missing else ""


STEP = Step("verify", always, _describe, _converge)
