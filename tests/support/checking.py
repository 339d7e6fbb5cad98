"""Act 1 as a test asks for it, and what it tells."""

from pathlib import Path
from typing import Any, NamedTuple

from release_recipes.check import Outcome, check
from release_recipes.commands.checkout import User, find
from release_recipes.findings import Finding, Severity
from release_recipes.index.retry import PATIENCE
from release_recipes.plan import Request

__all__ = ["Told", "look", "problems", "questions", "warnings"]


#: Nobody is asked here.
NOBODY = User(present=False, confirm=lambda *_: False)


class Told(NamedTuple):
    """One finding as a person is told it."""

    check: str
    message: str
    hint: str


def look(folder: Path, **words: Any) -> Outcome:  # noqa: ANN401 - the fields of Request
    """Make act 1 of a minor release, or of the one that is asked for."""
    return check(find(folder, NOBODY, PATIENCE).subject(Request(**{"part": "minor", **words})))


def _told(findings: list[Finding]) -> list[Told]:
    return [Told(finding.check, finding.message, finding.hint) for finding in findings]


def problems(outcome: Outcome) -> list[Told]:
    """Return the errors of an outcome."""
    return _told(outcome.of(Severity.ERROR))


def questions(outcome: Outcome) -> list[Told]:
    """Return what a person at a terminal would be asked."""
    return _told(outcome.of(Severity.QUESTION))


def warnings(outcome: Outcome) -> list[Told]:
    """Return the warnings of an outcome."""
    return _told(outcome.of(Severity.WARNING))
