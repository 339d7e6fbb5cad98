"""Run the project's tests with nox, in a clone of the release commit of their own."""

from pathlib import Path

from release_recipes.errors import CommandFailed, TestsFailed
from release_recipes.plan import Plan
from release_recipes.prepare.step import Step
from release_recipes.prepare.workspace import Workspace, clone_release
from release_recipes.processes.environment import shown
from release_recipes.processes.run import run
from release_recipes.programs import nox

#: The names that a session for tests has, where the settings name none.
_USUAL = ("test", "tests")


def _left_out(plan: Plan) -> str:
    if plan.run_tests:
        return ""
    return "by --skip-tests" if plan.settings.run_tests_before_upload else "by the setting run_tests_before_upload"


def _describe(plan: Plan, workspace: Workspace) -> list[str]:
    names, ours = _sessions(workspace.project(workspace.source.path), plan.settings.test_sessions)
    return [f"$ {shown(nox.command(names, ours_in=workspace.project(workspace.test) if ours else None))}"]


def _run(plan: Plan, workspace: Workspace) -> str:
    clone_release(workspace, workspace.test)
    return run_tests(workspace.project(workspace.test), plan.settings.test_sessions)


def run_tests(folder: Path, named: tuple[str, ...]) -> str:
    """Run the sessions that the settings name, else ``test`` or ``tests``, else ours; returns what was run.

    Raises:
        TestsFailed: They failed.
    """
    names, ours = _sessions(folder, named)
    try:
        run(nox.command(names, ours_in=folder if ours else None), cwd=folder, env=nox.environment(), tell=True)
    except CommandFailed as error:
        raise TestsFailed(" ".join(names), error.output) from None
    return f"nox -s {' '.join(names)}{' (ours)' if ours else ''}"


def _sessions(folder: Path, named: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """Return the sessions that test a project, and whether they are ours."""
    existing = nox.sessions(folder)
    usual = next(((name,) for name in _USUAL if nox.has(name, existing)), None)
    return named or usual or ("test",), not (named or usual)


STEP = Step("test", _left_out, _describe, _run)
