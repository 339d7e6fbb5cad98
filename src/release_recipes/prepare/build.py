"""Build the distributions, in a clone of the release commit that nothing else has touched."""

import shutil
from pathlib import Path

from release_recipes.distributions.normalise import normalise
from release_recipes.errors import CommandFailed, Failed
from release_recipes.plan import Plan
from release_recipes.prepare.step import Step, always
from release_recipes.prepare.workspace import Workspace, clone_release
from release_recipes.processes.environment import shown
from release_recipes.processes.run import run
from release_recipes.programs import build as pypa_build
from release_recipes.programs import nox
from release_recipes.settings import Settings


def _describe(plan: Plan, workspace: Workspace) -> list[str]:
    sdist = ["repack the sdist, so that two builds are the same bytes"] if plan.settings.normalise_sdist else []
    return [f"$ {shown(_command(workspace.project(workspace.source.path), plan.settings))}", *sdist]


def _run(plan: Plan, workspace: Workspace) -> str:
    build(workspace, plan.settings, normalises=plan.settings.normalise_sdist or plan.test)
    return ", ".join(path.name for path in workspace.distributions())


def build(workspace: Workspace, settings: Settings, *, normalises: bool) -> None:
    """Build what the source clone of a workspace holds, into the workspace's ``dist``, and hash it.

    Raises:
        Failed: The build failed, or left nothing in ``dist/``.
    """
    clone_release(workspace, workspace.build)
    build_in(workspace.project(workspace.build), settings, workspace.epoch, normalises=normalises)
    workspace.list_artifacts()


def build_in(folder: Path, settings: Settings, epoch: str, *, normalises: bool) -> None:
    """Build the project in a folder, into its ``dist``.

    Args:
        folder: The project's folder in a clone.
        settings: They name the nox session that builds, where the project has it.
        epoch: For ``SOURCE_DATE_EPOCH``, seconds.
        normalises: Whether sdists are repacked.

    Raises:
        Failed: The build failed, or left nothing in ``dist/``.
    """
    dist = folder / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    command = _command(folder, settings)
    try:
        run(command, cwd=folder, env=nox.environment() | {"SOURCE_DATE_EPOCH": epoch}, tell=True)
    except CommandFailed as error:
        message = f"The build failed (exit code {error.code})."
        raise Failed(message, f"See its output above; try it in a fresh clone: {shown(command)}") from error
    if not dist.is_dir() or not any(path.is_file() for path in dist.iterdir()):
        message = f"The build ({shown(command)}) left nothing in dist/."
        raise Failed(message, "Have the session write the distributions to dist/.")
    if normalises:
        for sdist in dist.glob("*.tar.gz"):
            normalise(sdist, int(epoch))


def _command(folder: Path, settings: Settings) -> list[str]:
    """Return what builds the project: its session, or what our session does, without the start of nox around it."""
    has_session = nox.has(settings.build_session, nox.sessions(folder))
    return nox.command([settings.build_session]) if has_session else [*pypa_build.COMMAND]


STEP = Step("build", always, _describe, _run)
