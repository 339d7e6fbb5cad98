"""Install each distribution into a fresh environment before anybody else can: what fits this machine and this Python.

The index is not asked for the project itself, only for its dependencies, from where they always come. It runs in
parallel with the inspection.
"""

import functools
from pathlib import Path

from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from release_recipes import events
from release_recipes.errors import BadDistribution, CommandFailed
from release_recipes.findings import Finding, warning
from release_recipes.plan import Plan
from release_recipes.prepare.step import Step
from release_recipes.prepare.workspace import Workspace
from release_recipes.processes.threads import in_parallel
from release_recipes.programs import uv


def _left_out(plan: Plan) -> str:
    return "by the setting try_install" if plan.settings.try_install == "off" else ""


def _describe(plan: Plan, _workspace: Workspace) -> list[str]:
    kinds = "wheel" if plan.settings.try_install == "wheels" else "wheel, and the sdist,"
    return [f"install each {kinds} that fits this machine into a fresh environment with uv, and import it"]


def _run(plan: Plan, workspace: Workspace) -> str:
    wanted = [
        path
        for path in workspace.distributions()
        if fits_here(path) and (path.suffix == ".whl" or plan.settings.try_install == "all")
    ]
    jobs = [functools.partial(install, path, workspace.folder, plan.project) for path in wanted]
    for failure in in_parallel(jobs):
        raise failure
    return f"installed {', '.join(path.name for path in wanted)}" if wanted else "none can be installed on this machine"


def install(distribution: Path, folder: Path, project: str) -> None:
    """Install one distribution into an environment below a folder; what cannot be used then is told as a warning.

    Raises:
        BadDistribution: It cannot be installed, or does not fit together with its dependencies.
    """
    python = uv.make_environment(folder / f"installed-{distribution.name}")
    try:
        uv.install_file(distribution, python)
    except CommandFailed as error:
        hint = f"Try it: uv venv try && uv pip install --python try dist/{distribution.name}. {error.message}"
        raise BadDistribution([Finding(f"{distribution.name} cannot be installed.", hint, check="install")]) from error
    checked = uv.check(python)
    if checked.code != 0:
        last = checked.output.strip().splitlines()[-1:]
        message = f"{distribution.name} installs, but pip check is not content: {''.join(last)}"
        raise BadDistribution([Finding(message, "Fix the requirements in the project's metadata.", check="install")])
    modules = uv.top_level_modules(distribution) if distribution.suffix == ".whl" else []
    for fault in uv.unusable(python, project, modules):
        message = f"{distribution.name} installs, but this fails: {fault}."
        events.emit(events.Warned(warning(message, "An extra or an application may have its reasons.", "install")))


def fits_here(distribution: Path) -> bool:
    """Return whether a distribution can be installed on this machine: a wheel for its tags, or an sdist."""
    if distribution.suffix != ".whl":
        return distribution.name.endswith(".tar.gz")
    try:
        return not parse_wheel_filename(distribution.name)[3].isdisjoint(sys_tags())
    except InvalidWheelFilename:
        return False  # the inspection tells


STEP = Step("install", _left_out, _describe, _run)
