"""Act 2: prepare. Everything happens in a workspace, so that after a failure or a kill there is nothing to undo."""

import functools
from collections.abc import Callable

from release_recipes import events
from release_recipes.errors import TestsFailed
from release_recipes.plan import Plan
from release_recipes.prepare import (
    build,
    bump,
    changelog,
    commit,
    hooks,
    inspect,
    install,
    next_version,
    rebuild,
    tag,
    test,
    version,
)
from release_recipes.prepare.step import Step
from release_recipes.prepare.workspace import Workspace
from release_recipes.processes.threads import in_parallel

__all__ = ["STEPS", "describe", "following", "prepare"]

#: The steps in order; the steps of a line run in parallel.
STEPS: tuple[tuple[Step, ...], ...] = (
    (bump.STEP,),
    (hooks.STEP,),
    (changelog.STEP,),
    (commit.STEP,),
    (version.STEP,),
    (test.STEP, build.STEP),
    (inspect.STEP, install.STEP, rebuild.STEP),
    (tag.STEP,),
    (next_version.STEP,),
)


def describe(plan: Plan, workspace: Workspace) -> list[tuple[str, list[str]]]:
    """Return each step's name and what it would do, or why it is left out."""
    return [
        (step.name, [f"left out: {why}"] if (why := step.left_out(plan)) else step.describe(plan, workspace))
        for line in STEPS
        for step in line
    ]


def following(plan: Plan) -> list[str]:
    """Return the names of the steps that are not left out."""
    return [step.name for line in STEPS for step in line if not step.left_out(plan)]


def prepare(plan: Plan, workspace: Workspace, goes_on: Callable[[TestsFailed], bool]) -> None:
    """Run every step.

    Args:
        plan: The release.
        workspace: Where it is prepared.
        goes_on: Asks whether to continue after failed tests, when everything that ran in parallel has ended.

    Raises:
        Failed: A step failed; only the workspace was changed.
        TestsFailed: The tests failed, and ``goes_on`` returned false.
    """
    for line in STEPS:
        # Other failures come before failed tests: a user who continues without tests would get them anyway.
        failures = in_parallel([functools.partial(_run, step, plan, workspace) for step in line])
        failures.sort(key=lambda failure: isinstance(failure, TestsFailed))
        for failure in failures[:1]:
            if not (isinstance(failure, TestsFailed) and goes_on(failure)):
                raise failure


def _run(step: Step, plan: Plan, workspace: Workspace) -> None:
    with events.step(step.name) as running:
        if why := step.left_out(plan):
            running.state, running.note = "left out", why
        else:
            running.note = step.run(plan, workspace)
