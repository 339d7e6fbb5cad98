"""What the index has of a release: judged by hash, and a conflict is asked again before it counts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from release_recipes.errors import FileConflict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from release_recipes.publish.step import World
    from release_recipes.state.record import Artifact

#: Seconds before each question, when one answer is not believed: a page may be half updated.
QUESTIONS: tuple[float, ...] = (0.0, 1.0, 2.0)


def absent(world: World, artifacts: Sequence[Artifact]) -> list[Artifact]:
    """Return those files that the index does not have, in their order.

    Raises:
        FileConflict: It has a file of that name with another sha256, also when asked again.
        NoIndexAnswer: It did not say.
    """
    for pause in QUESTIONS:
        time.sleep(pause)
        files = world.index.page(world.record.project).files
        theirs = {a.filename: world.index.sha256(files[a.filename]) for a in artifacts if a.filename in files}
        conflicts = [a for a in artifacts if theirs.get(a.filename, a.sha256) != a.sha256]
        if not conflicts:
            return [a for a in artifacts if a.filename not in theirs]
    conflict = conflicts[0]
    raise FileConflict(conflict.filename, conflict.sha256, theirs[conflict.filename])


def how_to_finish(world: World) -> str:
    """Return what to type once a fault is mended; where there is no record, there is nothing to resume."""
    return "type: invoke resume" if world.state else "give the same command again: what is there is not sent twice."
