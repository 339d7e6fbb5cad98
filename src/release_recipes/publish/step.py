"""What a step of act 3 is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_recipes.index.client import Index

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from release_recipes.plan import Plan
    from release_recipes.programs.git import Git
    from release_recipes.secrets.token import Token
    from release_recipes.state.folder import State
    from release_recipes.state.record import Record


@dataclass(frozen=True)
class World:
    """Where a release is published to, and what there is to publish; every question is asked anew."""

    record: Record
    #: The user's repository: it pushes, with its own configuration.
    git: Git
    #: Where the record is; ``None`` for an upload that has none.
    state: State | None
    token: Token | None
    #: The folder with the distributions.
    dist: Path

    @property
    def index(self) -> Index:
        """The index that the release goes to."""
        record = self.record
        return Index(record.index_address, record.username, self.token, record.upload_address)


@dataclass(frozen=True)
class Done:
    """What a step came to, in words for the person."""

    note: str = ""
    #: ``done``, ``already done`` or ``left out``.
    state: str = "done"


@dataclass(frozen=True)
class Step:
    """One convergent step: it asks the world what is so, does only what is missing, and sees that it is so."""

    name: str
    #: What it does in this release, one line each as a person would type it; empty: it is left out.
    describe: Callable[[Plan], list[str]]
    converge: Callable[[World], Done]
