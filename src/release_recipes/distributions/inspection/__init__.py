"""Inspect distributions before the upload: for what an index would refuse, and for files published by mistake."""

from collections.abc import Sequence
from pathlib import Path

from release_recipes import events
from release_recipes.distributions.distribution import Distribution
from release_recipes.distributions.inspection import agreement, archive, content, metadata, wheel
from release_recipes.distributions.inspection.subject import Subject
from release_recipes.errors import BadDistribution
from release_recipes.findings import Check, Severity
from release_recipes.settings import Settings

__all__ = ["INSPECTIONS", "Subject", "inspect", "subject_of"]

#: Every inspection, in the order in which findings are reported.
INSPECTIONS: tuple[Check[Subject], ...] = (
    *agreement.INSPECTIONS,
    *archive.INSPECTIONS,
    *wheel.INSPECTIONS,
    *metadata.INSPECTIONS,
    *content.INSPECTIONS,
)

#: The inspections that compare with the last release.
COMPARING = frozenset({"wheel-contents", "changed-files"})


def subject_of(
    files: Sequence[Path],
    settings: Settings,
    *,
    name: str = "",
    version: str = "",
    last: Sequence[Path] = (),
    tracked: Sequence[str] = (),
) -> Subject:
    """Return the subject of the inspections.

    Args:
        files: An sdist and its wheels.
        settings: They say which inspections are skipped, and what is an error.
        name: The project's name; by default that of the first distribution.
        version: The planned version; by default that of the first distribution.
        last: Distributions of the last release.
        tracked: The files that git tracks in the project's folder.
    """
    everything = tuple(Distribution(path) for path in files)
    first = next((dist for dist in everything if (dist.is_wheel or dist.is_sdist) and not dist.fault), None)
    return Subject(
        everything,
        name or (first.metadata.get("Name", "") if first else ""),
        version or (first.metadata.get("Version", "") if first else ""),
        tuple(Distribution(path) for path in last),
        tuple(tracked),
        settings.twine_strict,
        settings.skip_checks,
        settings.wheels == "none",
    )


def inspect(subject: Subject) -> None:
    """Inspect distributions, and report all findings together.

    Raises:
        BadDistribution: They differ from the plan, or an index would refuse them.
    """
    found = [f for each in INSPECTIONS if each.name not in subject.skipped for f in each.findings(subject)]
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    for finding in found:
        if finding not in errors:
            events.emit(events.Warned(finding))
    if errors:
        raise BadDistribution(errors)
