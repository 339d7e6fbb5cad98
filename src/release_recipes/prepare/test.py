"""Run the project's tests with nox, in a clone of the release commit of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_recipes.errors import CommandFailed, TestsFailed
from release_recipes.prepare.step import Step
from release_recipes.prepare.workspace import clone_release
from release_recipes.programs import nox

if TYPE_CHECKING:
    from pathlib import Path

    from release_recipes.plan import Plan
    from release_recipes.prepare.workspace import Workspace

#: The names that a session for tests has, where the settings name none.
_USUAL = ("test", "tests")


def _describe(plan: Plan) -> list[str]:
    return [f"nox -s {' '.join(plan.settings.test_sessions or ('test',))}"] if plan.run_tests else []


def _run(plan: Plan, workspace: Workspace) -> str:
    clone_release(workspace, workspace.test)
    return run_tests(workspace.test, plan.settings.test_sessions)


def run_tests(folder: Path, named: tuple[str, ...]) -> str:
    """Run the sessions that the settings name, else ``test`` or ``tests``, else ours; returns what was run.

    Raises:
        TestsFailed: They failed.
    """
    existing = nox.sessions(folder)
    usual = next(((name,) for name in _USUAL if nox.has(name, existing)), None)
    names, ours = named or usual or ("test",), not (named or usual)
    try:
        nox.run_sessions(folder, names, ours=ours)
    except CommandFailed as error:
        raise TestsFailed(" ".join(names), error.output) from None
    return f"nox -s {' '.join(names)}{' (ours)' if ours else ''}"


STEP = Step("test", _describe, _run)
