"""Build the distributions, in a clone of the release commit that is used for nothing else."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from release_recipes import events
from release_recipes.distributions.inspection.wheel import refused_platforms
from release_recipes.distributions.normalise import normalise
from release_recipes.errors import CommandFailed, Failed, ProgramMissing
from release_recipes.findings import Finding, warning
from release_recipes.plan import Plan
from release_recipes.prepare.step import Step, always
from release_recipes.prepare.workspace import Workspace, clone_release
from release_recipes.processes.environment import shown
from release_recipes.processes.run import run
from release_recipes.programs import auditwheel, nox
from release_recipes.programs import build as pypa_build
from release_recipes.project.compiled import is_compiled, wheels_elsewhere
from release_recipes.settings import Settings


def _describe(plan: Plan, workspace: Workspace) -> list[str]:
    folder = workspace.project(workspace.source.path)
    said = [f"$ {shown(_command(folder, plan.settings))}"]
    if plan.settings.normalise_sdist:
        said.append("repack the sdist, so that two builds are identical")
    if plan.settings.wheels == "local" and is_compiled(folder):
        what = "keep a wheel for this machine alone if auditwheel can repair it for PyPI, otherwise leave it out"
        said.append(f"{what}; {wheels_elsewhere(folder)}")
    return said


def _run(plan: Plan, workspace: Workspace) -> str:
    build(workspace, plan.settings, normalises=plan.settings.normalise_sdist or plan.test)
    return ", ".join(path.name for path in workspace.distributions())


def build(workspace: Workspace, settings: Settings, *, normalises: bool) -> None:
    """Build the release commit of a workspace into its ``dist``, and hash the distributions.

    Raises:
        Failed: The build failed, or wrote nothing to ``dist/``.
    """
    clone_release(workspace, workspace.build)
    for finding in build_in(workspace.project(workspace.build), settings, workspace.epoch, normalises=normalises):
        events.emit(events.Warned(finding))
    workspace.list_artifacts()


def build_in(folder: Path, settings: Settings, epoch: str, *, normalises: bool, after: float = 0.0) -> list[Finding]:
    """Build the project in a folder, into its ``dist``, and return a warning for each wheel that is left out.

    Args:
        folder: The project's folder in a clone.
        settings: They name the nox session for the build, which the project may have.
        epoch: The value of ``SOURCE_DATE_EPOCH``, in seconds.
        normalises: Whether sdists are repacked.
        after: When the build may begin, by the clock, in seconds.

    Raises:
        Failed: The build failed, or wrote nothing to ``dist/``.
    """
    dist = folder / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    command = _command(folder, settings)
    time.sleep(max(0.0, after - time.time()))
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
    wheels = sorted(dist.glob("*.whl"))
    return [finding for wheel in wheels for finding in _settled(wheel, settings, epoch, tells=not after)]


def _settled(wheel: Path, settings: Settings, epoch: str, *, tells: bool) -> Iterator[Finding]:
    """Repair a wheel that is for this machine alone, or remove it; or remove it by the setting ``wheels``."""
    refused = refused_platforms(wheel.name)
    if settings.wheels == "none":
        wheel.unlink()
    elif "platform-tags" not in settings.skip_checks and any(name.startswith("linux_") for name in refused):
        into = wheel.parent / ".repaired"
        try:
            repaired = auditwheel.repair(wheel, into, epoch)
            repaired.replace(wheel.parent / repaired.name)
            if tells:
                said = f"auditwheel has made {repaired.name} of {wheel.name}, which PyPI would refuse."
                events.tell(said)
        except (CommandFailed, ProgramMissing) as error:
            message = f"{wheel.name} is left out, because PyPI refuses {refused[0]}: {error}"
            hint = f"The sdist is released without it; {wheels_elsewhere(wheel.parent)}. To build no wheel: "
            yield warning(message, f'{hint}[tool.release] wheels = "none"', "platform-tags")
        shutil.rmtree(into, ignore_errors=True)
        wheel.unlink()


def _command(folder: Path, settings: Settings) -> list[str]:
    """Return the command for the build: the project's session, or the command of our session without nox."""
    if session := nox.first(folder, settings.build_session):
        return nox.command([session])
    return [*pypa_build.COMMAND, *["--sdist"] * (settings.wheels == "none")]


STEP = Step("build", always, _describe, _run)
