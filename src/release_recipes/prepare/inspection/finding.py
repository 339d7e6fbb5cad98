"""What an inspection is, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from release_recipes.prepare.inspection.subject import Subject


@dataclass(frozen=True)
class Finding:
    """What is wrong with a distribution, what to do now, and whether it stops the release."""

    message: str
    hint: str
    stops: bool = True


def warning(message: str, hint: str) -> Finding:
    """Make a finding that does not stop the release."""
    return Finding(message, hint, stops=False)


@dataclass(frozen=True)
class Inspection:
    """One thing that is looked at in what was built."""

    #: As ``skip_checks`` takes it; no check of act 1 has the same.
    name: str
    #: What it protects from, one sentence; ``docs/checks.md`` is made from it.
    protects_from: str
    find: Callable[[Subject], Iterator[Finding]]
