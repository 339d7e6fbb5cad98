"""Build the distributions, in a clone of the release commit that is used for nothing else."""

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
    sdist = ["repack the sdist, so that two builds are identical"] if plan.settings.normalise_sdist else []
    return [f"$ {shown(_command(workspace.project(workspace.source.path), plan.settings))}", *sdist]


def _run(plan: Plan, workspace: Workspace) -> str:
    build(workspace, plan.settings, normalises=plan.settings.normalise_sdist or plan.test)
    return ", ".join(path.name for path in workspace.distributions())


def build(workspace: Workspace, settings: Settings, *, normalises: bool) -> None:
    """Build the release commit of a workspace into its ``dist``, and hash the distributions.

    Raises:
        Failed: The build failed, or wrote nothing to ``dist/``.
    """
    clone_release(workspace, workspace.build)
    build_in(workspace.project(workspace.build), settings, workspace.epoch, normalises=normalises)
    workspace.list_artifacts()


def build_in(folder: Path, settings: Settings, epoch: str, *, normalises: bool) -> None:
    """Build the project in a folder, into its ``dist``.

    Args:
        folder: The project's folder in a clone.
        settings: They name the nox session for the build, which the project may have.
        epoch: The value of ``SOURCE_DATE_EPOCH``, in seconds.
        normalises: Whether sdists are repacked.

    Raises:
        Failed: The build failed, or wrote nothing to ``dist/``.
    """
    dist = folder / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    command = _command(folder, settings)
    try:
        run(command, cwd=folder, env=nox.environment() | {"SOURCE_DATE_EPOCH": epoch}, tell=True)
    except CommandFailed as error:
        message = f"The build failed (exit code {error.code})."
        raise Failed(message, f"See the output above, and try it in a new clone: {shown(command)}") from error
    if not dist.is_dir() or not any(path.is_file() for path in dist.iterdir()):
        message = f"The build ({shown(command)}) did not write anything to dist/."
        raise Failed(message, "Change the session so that it writes the distributions to dist/.")
    if normalises:
        for sdist in dist.glob("*.tar.gz"):
            normalise(sdist, int(epoch))


def _command(folder: Path, settings: Settings) -> list[str]:
    """Return the command for the build: the project's session, or the command of our session without nox."""
    has_session = nox.has(settings.build_session, nox.sessions(folder))
    return nox.command([settings.build_session]) if has_session else [*pypa_build.COMMAND]


STEP = Step("build", always, _describe, _run)
