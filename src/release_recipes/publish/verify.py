"""See that the index serves what was uploaded: success is said only after it was seen."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from release_recipes.errors import FileConflict, NoIndexAnswer, NotServed
from release_recipes.publish.step import Done, Step, World

if TYPE_CHECKING:
    from release_recipes.plan import Plan

#: Seconds until a slow index is left to ``resume``, and the longest pause between two questions.
PATIENCE = 300.0
LONGEST_PAUSE = 10.0


def _describe(plan: Plan) -> list[str]:
    return [f"ask {plan.index_address} for the sha256 of each file"]


def _converge(world: World) -> Done:
    deadline, pause = time.monotonic() + PATIENCE, 0.1
    while missing := _missing(world):
        if time.monotonic() + pause > deadline:
            message = f"The index does not list {', '.join(missing)} yet; everything else is done."
            raise NotServed(message, "Give it some minutes, then type: invoke resume")
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
    return Done(note=f"{len(world.record.artifacts)} files, the same sha256")


def _missing(world: World) -> list[str]:
    """Return what the index does not serve.

    Raises:
        FileConflict: It serves another file under one of the names.
    """
    try:
        files = world.index.page(world.record.project).files
        theirs = {name: world.index.sha256(file) for name, file in files.items() if name in _names(world)}
    except NoIndexAnswer:
        return sorted(_names(world))
    for artifact in world.record.artifacts:
        if theirs.get(artifact.filename, artifact.sha256) != artifact.sha256:
            raise FileConflict(artifact.filename, artifact.sha256, theirs[artifact.filename])
    return sorted(_names(world) - theirs.keys())


def _names(world: World) -> set[str]:
    return {artifact.filename for artifact in world.record.artifacts}


STEP = Step("verify", _describe, _converge)
