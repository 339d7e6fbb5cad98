"""Install the distributions that fit this platform and this Python into new environments, before the upload.

The project itself is installed from its file; its dependencies come from the index of the settings and from those that
uv and pip know. This runs in parallel with the inspection.
"""

import functools
from collections.abc import Sequence
from pathlib import Path

from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from release_recipes import events
from release_recipes.errors import BadDistribution, CommandFailed, typed
from release_recipes.findings import Finding
from release_recipes.plan import Plan
from release_recipes.prepare.step import Step
from release_recipes.prepare.workspace import Workspace
from release_recipes.processes.threads import in_parallel
from release_recipes.programs import uv


def _left_out(plan: Plan) -> str:
    return "by the setting try_install" if plan.settings.try_install == "off" else ""


def _describe(plan: Plan, _workspace: Workspace) -> list[str]:
    kinds = "each wheel" if plan.settings.try_install == "wheels" else "the sdist and each wheel"
    kinds = "the sdist" if plan.settings.wheels == "none" else kinds
    return [f"install {kinds} for this platform into a new environment with uv, and import it"]


def _run(plan: Plan, workspace: Workspace) -> str:
    paths = workspace.distributions()
    with_sdist = plan.settings.try_install == "all" or not any(path.suffix == ".whl" for path in paths)
    wanted = [path for path in paths if fits_here(path) and (path.suffix == ".whl" or with_sdist)]
    if not wanted:
        return "no distribution is for this platform"
    return install_all(wanted, workspace.folder, plan.project, plan.indexes)


def install_all(distributions: Sequence[Path], folder: Path, project: str, indexes: Sequence[str]) -> str:
    """Install each into an environment of its own, in parallel (see :func:`install`); return which."""
    for failure in in_parallel([functools.partial(install, path, folder, project, indexes) for path in distributions]):
        raise failure
    return f"installed {', '.join(path.name for path in distributions)}"


def install(distribution: Path, folder: Path, project: str, indexes: Sequence[str] = ()) -> None:
    """Install a distribution into an environment below a folder; what cannot be imported is a warning.

    Args:
        distribution: Its file.
        folder: The folder for the environment.
        project: The project's name.
        indexes: Indexes that may have its dependencies, besides those that uv and pip know.

    Raises:
        BadDistribution: It cannot be installed, or pip check fails.
    """
    python = uv.make_environment(folder / f"installed-{distribution.name}")
    try:
        why = uv.install_as_user(str(distribution), python, indexes)
    except CommandFailed as error:
        again = error.hint or f"To see it again: {typed('build')}, then {typed('validate', '--install')}"
        if "not found in the package registry" in error.message:
            again = (
                "For an index that needs a password for reading, put it into ~/.netrc. If another index than that of "
                "the settings has it, set UV_INDEX to the address of its simple API."
            )
        hint = f"{error.message} {again}"
        raise BadDistribution([Finding(f"{distribution.name} cannot be installed.", hint, check="install")]) from error
    if why:
        message = f"{distribution.name} can be installed with pip, but not with uv: {why}"
        events.warn(message, "Users of uv may need another index strategy.", "install")
    checked = uv.check(python)
    if checked.code != 0:
        last = checked.output.strip().splitlines()[-1:]
        message = f"{distribution.name} can be installed, but pip check fails: {''.join(last)}"
        raise BadDistribution([Finding(message, "Fix the requirements in the project's metadata.", check="install")])
    modules = uv.top_level_modules(distribution) if distribution.suffix == ".whl" else []
    for fault in uv.unusable(python, project, modules):
        message = f"{distribution.name} can be installed, but this fails: {fault.words}."
        # An extra cannot provide modules of the project itself.
        if any(f"{fault.missing}.".startswith(f"{module}.") for module in modules):
            hint = "A package or module is missing; check which ones the build backend includes."
            raise BadDistribution([Finding(message, hint, check="install")])
        hint = "This is fine if it needs an extra, or an application around it."
        events.warn(message, hint, "install")


def fits_here(distribution: Path) -> bool:
    """Return whether a distribution can be installed on this platform: a wheel with its tags, or an sdist."""
    if distribution.suffix != ".whl":
        return distribution.name.endswith(".tar.gz")
    try:
        return not parse_wheel_filename(distribution.name)[3].isdisjoint(sys_tags())
    except InvalidWheelFilename:
        return False  # the inspection reports it


STEP = Step("install", _left_out, _describe, _run)
