"""Act 1 as a test asks for it, and what it tells."""

from pathlib import Path
from typing import Any, NamedTuple

from release_recipes.check import Outcome, check
from release_recipes.commands.checkout import place
from release_recipes.commands.release import subject_of
from release_recipes.errors import Problem
from release_recipes.plan import Request

__all__ = ["Told", "look", "problems", "questions", "warnings"]


class Told(NamedTuple):
    """One finding as a person is told it."""

    check: str
    message: str
    hint: str


def look(folder: Path, **words: Any) -> Outcome:  # noqa: ANN401 - the fields of Request
    """Make act 1 of a minor release, or of the one that is asked for."""
    return check(subject_of(place(folder), Request(**{"part": "minor", **words})))


def _told(problems: list[Problem]) -> list[Told]:
    return [Told(problem.check, problem.message, problem.hint) for problem in problems]


def problems(outcome: Outcome) -> list[Told]:
    """Return the problems of an outcome."""
    return _told(outcome.problems)


def questions(outcome: Outcome) -> list[Told]:
    """Return what a person at a terminal would be asked."""
    return _told(outcome.questions)


def warnings(outcome: Outcome) -> list[Told]:
    """Return the warnings of an outcome."""
    return _told(outcome.warnings)
