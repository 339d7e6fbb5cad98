"""Checks and findings: of act 1, of the inspections of distributions, and of the scan for credentials."""

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

#: When a check is made: before a release, before a tag is published, also if its distributions are given.
RELEASE = frozenset({"release"})
BUILD = frozenset({"release", "tag"})
ALWAYS = frozenset({"release", "tag", "given"})
TAG = frozenset({"tag", "given"})

#: The input of a check: the facts of act 1, or the distributions of act 2.
Subject = TypeVar("Subject")


class Severity(enum.Enum):
    """The effect of a finding on a release."""

    #: The release stops.
    ERROR = "error"
    #: The user is asked whether to continue; without a terminal it is a warning.
    QUESTION = "question"
    #: It is shown, and the release continues.
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """What is wrong, what to do now, and what it does to the release."""

    #: What is wrong, one sentence.
    message: str
    #: What to do now, one sentence; empty if the message is enough.
    hint: str = ""
    severity: Severity = Severity.ERROR
    #: The name of the check that found it, as ``skip_checks`` takes it.
    check: str = ""


def warning(message: str, hint: str, check: str = "") -> Finding:
    """Make a finding that does not stop the release."""
    return Finding(message, hint, Severity.WARNING, check)


def question(message: str, hint: str) -> Finding:
    """Make a finding that the user decides about."""
    return Finding(message, hint, Severity.QUESTION)


@dataclass(frozen=True)
class Check(Generic[Subject]):
    """One reason not to release."""

    #: As ``skip_checks`` takes it; no two have the same.
    name: str
    #: What it protects from, one sentence; ``docs/checks.md`` is made from it.
    protects_from: str
    find: Callable[[Subject], Iterator[Finding]]
    #: Whether it is about the repository, which ``--test`` leaves alone: there it only warns.
    of_repository: bool = False
    #: When it is made; of no meaning for the inspections of distributions.
    occasions: frozenset[str] = RELEASE

    def findings(self, subject: Subject) -> list[Finding]:
        """Return what it finds, under its name."""
        return [replace(finding, check=self.name) for finding in self.find(subject)]
