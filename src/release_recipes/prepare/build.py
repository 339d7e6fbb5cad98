"""Build the distributions with nox, in a clone of the release commit that nothing else has touched."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from release_recipes.errors import CommandFailed, Failed
from release_recipes.prepare.normalise import normalise
from release_recipes.prepare.step import Step
from release_recipes.prepare.workspace import clone_release
from release_recipes.processes.process import shown
from release_recipes.processes.run import run
from release_recipes.programs import nox
from release_recipes.programs.build import COMMAND

if TYPE_CHECKING:
    from pathlib import Path

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
    build_in(workspace.build, session, workspace.epoch, normalises=normalises)


def build_in(clone: Path, session: str, epoch: str, *, normalises: bool) -> None:
    """Build what a clone holds, into its ``dist``.

    Args:
        clone: The clone's folder.
        session: The nox session that builds, where the project has it.
        epoch: For ``SOURCE_DATE_EPOCH``, seconds.
        normalises: Whether sdists are repacked.

    Raises:
        Failed: The build failed, or left nothing in ``dist/``.
    """
    dist = clone / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    environment = {"SOURCE_DATE_EPOCH": epoch}
    has_session = nox.has(session, nox.sessions(clone))
    try:
        if has_session:
            nox.run_sessions(clone, [session], ours=False, env=environment)
        else:
            # What our session does, without the start of nox around it.
            run(COMMAND, cwd=clone, env=environment, tell=True)
    except CommandFailed as error:
        command = f"nox -s {session}" if has_session else shown(COMMAND)
        message = f"The build failed (exit code {error.code})."
        raise Failed(message, f"See its output above; try it in a fresh clone: {command}") from error
    if not dist.is_dir() or not any(path.is_file() for path in dist.iterdir()):
        message = f"The build (nox -s {session}) left nothing in dist/."
        raise Failed(message, "Have the session write the distributions to dist/.")
    if normalises:
        for sdist in dist.glob("*.tar.gz"):
            normalise(sdist, int(epoch))


STEP = Step("build", _describe, _run)
