"""Look at what was built before anybody else does: what an index would refuse, and what nobody meant to publish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_recipes import events
from release_recipes.distributions.distribution import Distribution
from release_recipes.errors import BadDistribution, Problem
from release_recipes.findings import Weight
from release_recipes.prepare.inspection import archive, belonging, content, metadata, wheel
from release_recipes.prepare.inspection.subject import Subject
from release_recipes.prepare.last_release import fetch
from release_recipes.prepare.step import Step
from release_recipes.secrets.mask import MASK

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from release_recipes.findings import Check
    from release_recipes.plan import Plan
    from release_recipes.prepare.workspace import Workspace
    from release_recipes.settings import Settings

__all__ = ["INSPECTIONS", "STEP", "Subject", "inspect", "subject_of"]

#: Every inspection, in the order in which findings are told.
INSPECTIONS: tuple[Check[Subject], ...] = (
    *belonging.INSPECTIONS,
    *archive.INSPECTIONS,
    *wheel.INSPECTIONS,
    *metadata.INSPECTIONS,
    *content.INSPECTIONS,
)

#: Those that look at the last release.
_COMPARING = frozenset({"wheel-contents", "changed-files"})


def _describe(_plan: Plan) -> list[str]:
    return ["twine check dist/*", "check-wheel-contents dist/*.whl"]


def _run(plan: Plan, workspace: Workspace) -> str:
    found = sorted(workspace.dist.iterdir())
    compares = not _COMPARING.issubset(plan.settings.skip_checks)
    last = fetch(plan, workspace.folder / "last") if compares else []
    inspect(subject_of(found, plan.settings, name=plan.project, version=plan.version, last=last))
    against = f", compared with {', '.join(path.name for path in last)}" if last else ""
    return f"{len(found)} distributions of {plan.project} {plan.version}{against}"


def subject_of(
    files: Sequence[Path], settings: Settings, *, name: str = "", version: str = "", last: Sequence[Path] = ()
) -> Subject:
    """Say what is to be inspected.

    Args:
        files: An sdist and its wheels, and nothing else.
        settings: Which inspections are left out, and what stops.
        name: The project's name; that of the first distribution where it is not known.
        version: The planned version; likewise.
        last: Distributions of the last release.
    """
    everything = tuple(Distribution(path) for path in files)
    first = next((one for one in everything if (one.is_wheel or one.is_sdist) and not one.fault), None)
    return Subject(
        everything,
        name or (first.metadata.get("Name", "") if first else ""),
        version or (first.metadata.get("Version", "") if first else ""),
        tuple(Distribution(path) for path in last),
        settings.twine_strict,
        settings.skip_checks,
    )


def inspect(subject: Subject) -> None:
    """Inspect distributions: all that is wrong is told at once.

    Raises:
        BadDistribution: They are not what was planned, or an index would refuse them.
    """
    problems: list[Problem] = []
    for each in INSPECTIONS:
        for finding in each.find(subject) if each.name not in subject.skipped else ():
            problem = Problem(each.name, MASK(finding.message), MASK(finding.hint))
            if finding.weight is Weight.STOPS:
                problems.append(problem)
            else:
                events.emit(events.Warned(problem))
    if problems:
        raise BadDistribution(problems)


STEP = Step("inspect", _describe, _run)
