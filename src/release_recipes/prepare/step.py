"""What a step of act 2 is."""

from collections.abc import Callable
from dataclasses import dataclass

from release_recipes.plan import Plan
from release_recipes.prepare.workspace import Workspace


@dataclass(frozen=True)
class Step:
    """One step in the workspace; what it made is on disk there, so that no step hands anything to the next."""

    name: str
    #: Why it is left out of this release; empty where it is taken.
    left_out: Callable[[Plan], str]
    #: What it does in this release, one line each: the commands that it runs, by the functions that build them, or a
    #: sentence. The workspace has the source clone at the plan's base.
    describe: Callable[[Plan, Workspace], list[str]]
    #: Do it; returns a note for the user, which may be empty.
    run: Callable[[Plan, Workspace], str]


def always(_plan: Plan) -> str:
    """Leave a step out of no release."""
    return ""


def without_bump(plan: Plan) -> str:
    """Say why a step that makes the release commit is left out."""
    return "" if plan.bumps else f"{plan.version} is released as it stands"
