"""Act 2: prepare. Everything happens in a workspace, and whatever fails or is killed, there is nothing to undo."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from release_recipes import events
from release_recipes.errors import TestsFailed
from release_recipes.prepare import build, bump, commit, hooks, inspection, rebuild, tag, test
from release_recipes.prepare import install as trial
from release_recipes.prepare.inspection import INSPECTIONS
from release_recipes.prepare.workspace import usual_modes
from release_recipes.processes.threads import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable

    from release_recipes.plan import Plan
    from release_recipes.prepare.step import Step
    from release_recipes.prepare.workspace import Workspace

__all__ = ["INSPECTIONS", "INSPECTION_NAMES", "STEPS", "describe", "prepare"]

#: The steps in order; those of one line run side by side.
STEPS: tuple[tuple[Step, ...], ...] = (
    (bump.STEP,),
    (hooks.STEP,),
    (commit.STEP,),
    (test.STEP, build.STEP),
    (inspection.STEP, trial.STEP, rebuild.STEP),
    (tag.STEP,),
)

#: What ``skip_checks`` takes besides the checks of act 1.
INSPECTION_NAMES = tuple(each.name for each in INSPECTIONS)


def describe(plan: Plan) -> list[tuple[str, list[str]]]:
    """Return each step's name and what it would do; a step without a line is left out of this release."""
    return [(step.name, step.describe(plan)) for line in STEPS for step in line]


def prepare(plan: Plan, workspace: Workspace, goes_on: Callable[[TestsFailed], bool]) -> None:
    """Take every step.

    Args:
        plan: The release.
        workspace: Where it is prepared.
        goes_on: Asked when tests failed, once everything beside them is over.

    Raises:
        Failed: A step failed; only the workspace was touched.
        TestsFailed: The tests failed, and ``goes_on`` said no.
    """
    with usual_modes():
        for line in STEPS:
            wanted = [step for step in line if step.describe(plan)]
            try:
                _take(wanted, plan, workspace)
            except TestsFailed as failure:
                if not goes_on(failure):
                    raise


def _take(line: list[Step], plan: Plan, workspace: Workspace) -> None:
    """Take the steps of one line side by side; the first that failed is raised once all are over.

    A failure other than of the tests comes first: a person who goes on without tests would meet it anyway.
    """
    failures = side_by_side([functools.partial(_run, step, plan, workspace) for step in line])
    if failures:
        raise min(failures, key=lambda failure: isinstance(failure, TestsFailed))


def _run(step: Step, plan: Plan, workspace: Workspace) -> None:
    with events.step(step.name) as running:
        running.note = step.run(plan, workspace)
