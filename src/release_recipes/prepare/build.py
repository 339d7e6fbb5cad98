"""Build the distributions with nox, in a clone of the release commit that nothing else has touched."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from release_recipes.errors import CommandFailed, Failed
from release_recipes.prepare.normalise import normalise
from release_recipes.prepare.step import Step
from release_recipes.prepare.workspace import clone_release
from release_recipes.programs import nox
from release_recipes.programs.build import COMMAND
from release_recipes.programs.run import run, shown

if TYPE_CHECKING:
    from release_recipes.plan import Plan
    from release_recipes.prepare.workspace import Workspace


def _describe(plan: Plan) -> list[str]:
    return [f"nox -s {plan.settings.build_session}"]


def _run(plan: Plan, workspace: Workspace) -> str:
    build(workspace, plan.settings.build_session, normalises=plan.settings.normalise_sdist or plan.test)
    return ", ".join(path.name for path in workspace.distributions())


def build(workspace: Workspace, session: str, *, normalises: bool) -> None:
    """Build what the source clone of a workspace holds, into the workspace's ``dist``.

    Raises:
        Failed: The build failed, or left nothing in ``dist/``.
    """
    clone_release(workspace, workspace.build)
    shutil.rmtree(workspace.dist, ignore_errors=True)
    epoch = workspace.epoch
    environment = {"SOURCE_DATE_EPOCH": epoch}
    has_session = nox.has(session, nox.sessions(workspace.build))
    try:
        if has_session:
            nox.run_sessions(workspace.build, [session], ours=False, env=environment)
        else:
            # What our session does, without the start of nox around it.
            run(COMMAND, cwd=workspace.build, env=environment, tell=True)
    except CommandFailed as error:
        command = f"nox -s {session}" if has_session else shown(COMMAND)
        message = f"The build failed (exit code {error.code})."
        raise Failed(message, f"See its output above; try it in a fresh clone: {command}") from error
    if not workspace.dist.is_dir() or not workspace.distributions():
        message = f"The build (nox -s {session}) left nothing in dist/."
        raise Failed(message, "Have the session write the distributions to dist/.")
    if normalises:
        for sdist in workspace.dist.glob("*.tar.gz"):
            normalise(sdist, int(epoch))


STEP = Step("build", _describe, _run)
