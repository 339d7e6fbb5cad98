"""Inspect distributions before the upload: for what an index would refuse, and for files published by mistake."""

from release_recipes import events
from release_recipes.distributions.inspection import agreement, archive, content, metadata, wheel
from release_recipes.distributions.inspection.subject import Subject
from release_recipes.errors import BadDistribution
from release_recipes.findings import Check, Severity

__all__ = ["INSPECTIONS", "Subject", "inspect"]

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


def inspect(subject: Subject) -> None:
    """Inspect distributions, and report all findings together.

    Raises:
        BadDistribution: They differ from the plan, or an index would refuse them.
    """
    wanted = [each for each in INSPECTIONS if each.name not in subject.settings.skip_checks]
    found = [finding for each in wanted for finding in each.findings(subject)]
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    for finding in found:
        if finding not in errors:
            events.emit(events.Warned(finding))
    if errors:
        raise BadDistribution(errors)
