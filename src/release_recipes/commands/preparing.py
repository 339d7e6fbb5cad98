"""The single steps of act 2: bump, test, build, validate."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from release_recipes import events
from release_recipes.commands.checkout import alone, work_folder
from release_recipes.commands.dist_files import distributions
from release_recipes.commands.release import subject_of
from release_recipes.errors import BumpFailed
from release_recipes.plan import make_plan, wanted_part
from release_recipes.prepare import build as building
from release_recipes.prepare import inspection, workspace
from release_recipes.prepare import test as testing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from release_recipes.commands.checkout import Place
    from release_recipes.plan import Plan, Request


def bump(here: Place, request: Request) -> Plan:
    """Edit the version files in the working tree; commit nothing.

    Raises:
        BumpFailed: A file does not hold the version that it should; nothing was changed.
    """
    with events.step("bump") as running:
        subject = subject_of(here, request)
        part, _, _ = wanted_part(request, here.settings)
        shown = subject.project.bumper.show(subject.root, part)
        branch, base = here.git.branch(), here.git.ask("rev-parse", "HEAD")
        plan = make_plan(subject.project, here.settings, request, shown, branch=branch, base=base)
        events.emit(events.Planned(plan))
        if not plan.bumps:
            message = f"The version is {plan.version} already."
            raise BumpFailed(message, "Name a part to raise: --part patch, minor or major.")
        subject.project.bumper.bump(subject.root, plan.part, plan.version)
        running.note = f"{plan.prior} → {plan.version}, not committed"
    return plan


def test(here: Place) -> None:
    """Run the project's tests in the working tree.

    Raises:
        TestsFailed: They failed.
    """
    with events.step("test") as running:
        running.note = testing.run_tests(here.git.path, here.settings.test_sessions)


def build(here: Place) -> list[Path]:
    """Build the distributions of HEAD in a clean clone, and put them into a fresh ``dist/``.

    Raises:
        Failed: The build failed; ``dist/`` is as it was.
    """
    with (
        events.step("build") as running,
        alone(here, "build"),
        work_folder(here, "build") as folder,
    ):
        prepared = workspace.Workspace(folder)
        branch = here.git.branch() or "main"
        workspace.clone(here.git.path, prepared.source.path, branch, here.git.ask("rev-parse", "HEAD"))
        workspace.make_ours(here.git, prepared.source, here.settings.remote)
        with workspace.usual_modes():
            building.build(prepared, here.settings.build_session, normalises=here.settings.normalise_sdist)
        dist = here.git.path / "dist"
        shutil.rmtree(dist, ignore_errors=True)
        shutil.copytree(prepared.dist, dist)
        built = sorted(dist.iterdir())
        running.note = ", ".join(path.name for path in built)
    return built


def validate(here: Place, named: Sequence[str]) -> list[Path]:
    """Inspect the distributions named, or those in ``dist/``.

    Raises:
        WrongUsage: There is none.
        BadDistribution: An index would refuse one, or they do not belong together.
    """
    with events.step("inspect") as running:
        files = distributions(here, named)
        inspection.inspect(inspection.subject_of(files, here.settings))
        running.note = f"{len(files)} distributions"
    return files
