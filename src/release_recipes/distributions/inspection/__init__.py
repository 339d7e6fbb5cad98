"""Look at distributions before anybody else does: what an index would refuse, and what nobody meant to publish."""

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

#: Every inspection, in the order in which findings are told.
INSPECTIONS: tuple[Check[Subject], ...] = (
    *agreement.INSPECTIONS,
    *archive.INSPECTIONS,
    *wheel.INSPECTIONS,
    *metadata.INSPECTIONS,
    *content.INSPECTIONS,
)

#: Those that look at the last release.
COMPARING = frozenset({"wheel-contents", "changed-files"})


def subject_of(
    files: Sequence[Path], settings: Settings, *, name: str = "", version: str = "", last: Sequence[Path] = ()
) -> Subject:
    """Say what is to be inspected.

    Args:
        files: An sdist and its wheels, and nothing else.
        settings: Which inspections are left out, and what is an error.
        name: The project's name; that of the first distribution where it is not known.
        version: The planned version; likewise.
        last: Distributions of the last release.
    """
    everything = tuple(Distribution(path) for path in files)
    first = next((dist for dist in everything if (dist.is_wheel or dist.is_sdist) and not dist.fault), None)
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
    found = [f for each in INSPECTIONS if each.name not in subject.skipped for f in each.findings(subject)]
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    for finding in found:
        if finding not in errors:
            events.emit(events.Warned(finding))
    if errors:
        raise BadDistribution(errors)
