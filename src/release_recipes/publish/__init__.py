"""Act 3: publish. Every step can be run again at any time, and comes to the same end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_recipes import events
from release_recipes.publish import claim, github, push, upload, verify
from release_recipes.publish import install_from_index as install
from release_recipes.publish import update_branch as home
from release_recipes.publish.step import Step, World

if TYPE_CHECKING:
    from release_recipes.plan import Plan

__all__ = ["RELEASE", "TEST", "Step", "World", "describe", "publish"]

#: A release, in order.
RELEASE: tuple[Step, ...] = (
    claim.STEP,
    upload.STEP,
    push.STEP,
    github.STEP,
    verify.STEP,
    home.STEP,
)

#: A release to TestPyPI, which leaves no trace but there.
TEST: tuple[Step, ...] = (
    upload.STEP,
    verify.STEP,
    install.STEP,
)


def describe(plan: Plan) -> list[tuple[str, list[str]]]:
    """Return each step's name and what it would do; a step without a line is left out of this release."""
    return [(step.name, step.describe(plan)) for step in (TEST if plan.test else RELEASE)]


def publish(world: World, steps: tuple[Step, ...]) -> None:
    """Take every step.

    Raises:
        ReleaseError: A step could not go on. What was published stays so, and the record says how to finish.
    """
    for step in steps:
        with events.step(step.name) as running:
            done = step.converge(world)
            running.note, running.state = done.note, done.state
