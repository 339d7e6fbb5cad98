"""What a check of act 1 or an inspection of act 2 is, and what it finds."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: What is looked at: the facts of act 1, or the distributions of act 2.
Subject = TypeVar("Subject")


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
class Check(Generic[Subject]):
    """One reason not to release."""

    #: As ``skip_checks`` takes it; no two of both acts have the same.
    name: str
    #: What it protects from, one sentence; ``docs/checks.md`` is made from it.
    protects_from: str
    find: Callable[[Subject], Iterator[Finding]]
    #: Whether it is about the repository, which ``--test`` leaves alone: there it only warns.
    of_repository: bool = False
