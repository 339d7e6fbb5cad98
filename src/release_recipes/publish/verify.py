"""See that the index serves what was uploaded: success is said only after it was seen."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from release_recipes import events
from release_recipes.errors import NoIndexAnswer, NotServed
from release_recipes.publish import listing
from release_recipes.publish.step import Done, Step, World

if TYPE_CHECKING:
    from release_recipes.plan import Plan

#: Seconds until a slow index is left to ``resume``, and the longest pause between two questions.
PATIENCE = 300.0
LONGEST_PAUSE = 10.0

#: Seconds of silence after which it is told what is waited for.
SILENCE = 5.0


def _describe(plan: Plan) -> list[str]:
    return [f"ask {plan.index_address} for the sha256 of each file"]


def _converge(world: World) -> Done:
    began, pause, told = time.monotonic(), 0.1, False
    while lacks := _what_it_lacks(world):
        waited = time.monotonic() - began
        if waited + pause > PATIENCE:
            message = f"{lacks} The uploads are done."
            raise NotServed(message, f"Give it some minutes, then {listing.how_to_finish(world)}")
        if waited > SILENCE and not told:
            told = True
            events.emit(events.Told(f"{lacks} Asking for {PATIENCE - waited:.0f} s more."))
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
    return Done(note=f"{len(world.record.artifacts)} files, the same sha256")


def _what_it_lacks(world: World) -> str:
    """Say what the index does not serve; nothing where it serves all.

    Raises:
        FileConflict: It serves another file under one of the names.
    """
    try:
        missing = [artifact.filename for artifact in listing.absent(world, world.record.artifacts)]
    except NoIndexAnswer as error:
        return error.message
    return f"The index does not list {', '.join(missing)} yet." if missing else ""


STEP = Step("verify", _describe, _converge)
