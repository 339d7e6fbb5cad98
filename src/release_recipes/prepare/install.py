"""Install each distribution into a fresh environment before anybody else can: what fits this machine and this Python.

The index is not asked for the project itself, only for its dependencies, from where they always come. It runs side by
side with the inspection.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from release_recipes import events
from release_recipes.errors import BadDistribution, CommandFailed, Problem
from release_recipes.prepare.step import Step
from release_recipes.processes.threads import side_by_side
from release_recipes.programs import uv as installer

if TYPE_CHECKING:
    from pathlib import Path

    from release_recipes.plan import Plan
    from release_recipes.prepare.workspace import Workspace


def _describe(plan: Plan) -> list[str]:
    patterns = {"wheels": ["dist/*.whl"], "all": ["dist/*.tar.gz", "dist/*.whl"]}.get(plan.settings.try_install, [])
    return [f"uv pip install {pattern}" for pattern in patterns]


def _run(plan: Plan, workspace: Workspace) -> str:
    wanted = [
        path
        for path in workspace.distributions()
        if fits_here(path) and (path.suffix == ".whl" or plan.settings.try_install == "all")
    ]
    works = [functools.partial(install, path, workspace.folder, plan.project) for path in wanted]
    for failure in side_by_side(works):
        raise failure
    return f"installed {', '.join(path.name for path in wanted)}" if wanted else "none can be installed on this machine"


def install(distribution: Path, folder: Path, project: str) -> None:
    """Install one distribution into an environment below a folder; what cannot be used then is told as a warning.

    Raises:
        BadDistribution: It cannot be installed, or does not fit together with its dependencies.
    """
    python = installer.make_environment(folder / f"installed-{distribution.name}")
    try:
        installer.install_file(distribution, python)
    except CommandFailed as error:
        hint = f"Try it: uv venv try && uv pip install --python try dist/{distribution.name}. {error.message}"
        raise BadDistribution([Problem("install", f"{distribution.name} cannot be installed.", hint)]) from error
    checked = installer.check(python)
    if checked.code != 0:
        last = checked.output.strip().splitlines()[-1:]
        message = f"{distribution.name} installs, but pip check is not content: {''.join(last)}"
        raise BadDistribution([Problem("install", message, "Mend the requirements in the project's metadata.")])
    modules = installer.top_level_modules(distribution) if distribution.suffix == ".whl" else []
    for fault in installer.unusable(python, project, modules):
        message = f"{distribution.name} installs, but this fails: {fault}."
        events.emit(events.Warned(Problem("install", message, "An extra or an application may have its reasons.")))


def fits_here(distribution: Path) -> bool:
    """Say whether a distribution can be installed on this machine: a wheel for its tags, or an sdist."""
    if distribution.suffix != ".whl":
        return distribution.name.endswith(".tar.gz")
    try:
        return not parse_wheel_filename(distribution.name)[3].isdisjoint(sys_tags())
    except InvalidWheelFilename:
        return False  # the inspection tells


STEP = Step("trial", _describe, _run)
