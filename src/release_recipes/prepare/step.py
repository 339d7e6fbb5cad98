"""What a step of act 2 is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from release_recipes.plan import Plan
    from release_recipes.prepare.workspace import Workspace


@dataclass(frozen=True)
class Step:
    """One step in the workspace; what it made is on disk there, so that no step hands anything to the next."""

    name: str
    #: What it does in this release, one line each as a person would type it; empty: it is left out.
    describe: Callable[[Plan], list[str]]
    #: Do it; returns a note for the person, which may be empty.
    run: Callable[[Plan, Workspace], str]
