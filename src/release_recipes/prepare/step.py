"""The interface of a step of act 2."""

from collections.abc import Callable
from dataclasses import dataclass

from release_recipes.plan import Plan
from release_recipes.prepare.workspace import Workspace


@dataclass(frozen=True)
class Step:
    """A step in the workspace; its results are on disk there, so that no step passes anything to the next."""

    name: str
    #: Why it is left out of this release; empty if it runs.
    left_out: Callable[[Plan], str]
    #: What it does in this release, as lines: the commands that it runs, by the functions that build them, or a
    #: sentence. The workspace has the source clone at the plan's base.
    describe: Callable[[Plan, Workspace], list[str]]
    #: Run it, and return a note for the user, which may be empty.
    run: Callable[[Plan, Workspace], str]


def always(_plan: Plan) -> str:
    """Never leave a step out."""
    return ""


def without_bump(plan: Plan) -> str:
    """Leave a step out if there is no release commit."""
    if plan.bumps:
        return ""
    return "the version comes from the tag" if plan.source.from_tag else f"{plan.version} is the current version"
