"""Run the project's tests as it declares them, with nox, in a separate clone of the release commit."""

from pathlib import Path

from release_recipes import events
from release_recipes.errors import CommandFailed, TestsFailed
from release_recipes.plan import Plan
from release_recipes.prepare.step import Step
from release_recipes.prepare.workspace import Workspace, clone_release
from release_recipes.processes.environment import shown
from release_recipes.processes.run import run
from release_recipes.programs import nox
from release_recipes.project import testing
from release_recipes.project.requirements import test_requirements
from release_recipes.project.testing import Tests
from release_recipes.settings import Settings


def _left_out(plan: Plan) -> str:
    if plan.run_tests:
        return "" if plan.has_tests else "no tests were found"
    return "by --skip-tests" if plan.settings.run_tests_before_upload else "by the setting run_tests_before_upload"


def _describe(plan: Plan, workspace: Workspace) -> list[str]:
    names, ours = chosen(workspace.project(workspace.source.path), plan.settings)
    if not (names or ours):
        return [f"no tests were found ({testing.SOUGHT})"]
    command = _command(names, ours, workspace.project(workspace.test), plan.settings, workspace.folder / "tests.json")
    said = f"$ {shown([word.replace(str(workspace.folder), '<workspace>') for word in command])}"
    return [said, *([f"in this session: {shown(ours.command)}"] if ours else [])]


def _run(plan: Plan, workspace: Workspace) -> str:
    clone_release(workspace, workspace.test)
    return run_tests(workspace.project(workspace.test), plan.settings, workspace.folder / "tests.json")


def run_tests(folder: Path, settings: Settings, report: Path) -> str:
    """Run the tests, and return what was run.

    The command of the settings wins, then the sessions of the settings, then the project's session ``test`` or
    ``tests``. Without these, our session runs what :func:`~release_recipes.project.testing.find` finds.

    Args:
        folder: The project's folder.
        settings: They may say how the tests are run.
        report: The file for nox's report of its sessions: a skipped session has not passed.

    Raises:
        TestsFailed: They failed, no session ran, or there are no tests.
    """
    names, ours = chosen(folder, settings)
    if not (names or ours):
        raise TestsFailed(testing.SOUGHT, "", ours=True)
    what, installs = f"nox -s {' '.join(names)}", bool(ours and ours.installs)
    if ours:
        what = shown(ours.command) + (f" with {shown(test_requirements(folder))}" if ours.installs else "")
    try:
        done = run(_command(names, ours, folder, settings, report), cwd=folder, env=nox.environment(), tell=True)
    except CommandFailed as error:
        raise TestsFailed(what, error.output, ours=installs) from None
    skipped, any_ran = nox.skipped(report)
    # unittest of Python 3.11 ends with 0 if it found no test.
    if not any_ran or (ours and testing.ran_none(done.output)):
        raise TestsFailed(what, done.output, ours=installs, skipped=skipped)
    for session in skipped:
        message = f"The session {session} was skipped, so its tests did not run."
        hint = "Run it where its requirements are available, such as in CI."
        events.warn(message, hint, "tests")
    return what


def chosen(folder: Path, settings: Settings) -> tuple[tuple[str, ...], Tests | None]:
    """Return the project's sessions that run its tests, or what our session does; neither if there are no tests.

    Raises:
        CommandFailed: The noxfile cannot be loaded.
    """
    if settings.test_command:
        return (), testing.find(folder, settings.test_command)
    names = settings.test_sessions or tuple(filter(None, [nox.first(folder, "test", "tests")]))
    return names, None if names else testing.find(folder)


def _command(names: tuple[str, ...], ours: Tests | None, folder: Path, settings: Settings, report: Path) -> list[str]:
    """Return the command for the project's sessions, or for ours in its folder."""
    where = folder if ours else None
    return nox.command(names or ["test"], ours_in=where, report=report, then=settings.test_command)


STEP = Step("test", _left_out, _describe, _run)
