"""What a check is, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from release_recipes.check.facts import Facts


@dataclass(frozen=True)
class Finding:
    """What is wrong, what to do now, and whether it stops the release."""

    message: str
    hint: str
    stops: bool = True


def warning(message: str, hint: str) -> Finding:
    """Make a finding that does not stop the release."""
    return Finding(message, hint, stops=False)


@dataclass(frozen=True)
class Check:
    """One reason not to start."""

    #: As ``skip_checks`` takes it.
    name: str
    #: What it protects from, one sentence; ``docs/checks.md`` is made from it.
    protects_from: str
    find: Callable[[Facts], Iterator[Finding]]
    #: Whether it is about the repository, which ``--test`` leaves alone: there it only warns.
    of_repository: bool = False
