"""What a check is, and what it finds."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from release_recipes.check.facts import Facts


class Weight(enum.Enum):
    """What a finding does to a release."""

    #: Nothing is released.
    STOPS = "problem"
    #: A person at a terminal is asked whether to go on; where nobody is, it is told as a warning.
    ASKS = "question"
    #: It is told.
    WARNS = "warning"


@dataclass(frozen=True)
class Finding:
    """What is wrong, what to do now, and what it does to the release."""

    message: str
    hint: str
    weight: Weight = Weight.STOPS


def warning(message: str, hint: str) -> Finding:
    """Make a finding that does not stop the release."""
    return Finding(message, hint, Weight.WARNS)


def question(message: str, hint: str) -> Finding:
    """Make a finding that a person decides about."""
    return Finding(message, hint, Weight.ASKS)


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
