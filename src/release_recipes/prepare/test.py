"""Run the project's tests with nox, in a separate clone of the release commit."""

from pathlib import Path

from release_recipes import events
from release_recipes.errors import CommandFailed, TestsFailed
from release_recipes.findings import warning
from release_recipes.plan import Plan
from release_recipes.prepare.step import Step
from release_recipes.prepare.workspace import Workspace, clone_release
from release_recipes.processes.environment import shown
from release_recipes.processes.run import run
from release_recipes.programs import nox
from release_recipes.project.requirements import test_requirements

#: The names of sessions for tests, if the settings name none.
_USUAL = ("test", "tests")


def _left_out(plan: Plan) -> str:
    if plan.run_tests:
        return ""
    return "by --skip-tests" if plan.settings.run_tests_before_upload else "by the setting run_tests_before_upload"


def _describe(plan: Plan, workspace: Workspace) -> list[str]:
    names, ours = _sessions(workspace.project(workspace.source.path), plan.settings.test_sessions)
    folder = workspace.project(workspace.test)
    command = nox.command(names, ours_in=folder if ours else None, report=workspace.folder / "tests.json")
    return [f"$ {shown([word.replace(str(workspace.folder), '<workspace>') for word in command])}"]


def _run(plan: Plan, workspace: Workspace) -> str:
    clone_release(workspace, workspace.test)
    report = workspace.folder / "tests.json"
    return run_tests(workspace.project(workspace.test), plan.settings.test_sessions, report)


def run_tests(folder: Path, named: tuple[str, ...], report: Path) -> str:
    """Run the sessions of the settings, else ``test`` or ``tests``, else ours; return what was run.

    Args:
        folder: The project's folder.
        named: The sessions of the settings.
        report: The file for nox's report of its sessions: a skipped session has not passed.

    Raises:
        TestsFailed: They failed, or no session ran.
    """
    names, ours = _sessions(folder, named)
    command = nox.command(names, ours_in=folder if ours else None, report=report)
    what = f"pytest with {' '.join(test_requirements(folder))}" if ours else f"nox -s {' '.join(names)}"
    try:
        done = run(command, cwd=folder, env=nox.environment(), tell=True)
    except CommandFailed as error:
        raise TestsFailed(what, error.output, ours=ours) from None
    skipped, any_ran = nox.skipped(report)
    if not any_ran:
        raise TestsFailed(what, done.output, ours=ours, skipped=skipped)
    for session in skipped:
        message = f"The session {session} was skipped, so its tests did not run."
        events.emit(
            events.Warned(warning(message, "Run it where its requirements are available, such as in CI.", "tests"))
        )
    return what


def _sessions(folder: Path, named: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """Return the sessions that run the tests of a project, and whether they are ours."""
    existing = nox.sessions(folder)
    usual = next(((name,) for name in _USUAL if nox.has(name, existing)), None)
    return named or usual or ("test",), not (named or usual)


STEP = Step("test", _left_out, _describe, _run)
