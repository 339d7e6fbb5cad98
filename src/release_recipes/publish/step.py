"""What a step of act 3 is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from release_recipes.errors import CommandFailed, Unfinished, typed
from release_recipes.index.client import Index
from release_recipes.index.retry import PATIENCE, Patience
from release_recipes.programs.git import Git, reason
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
    patience: Patience = PATIENCE

    @property
    def index(self) -> Index:
        """The index that the release goes to."""
        return Index(self.record.target, self.token, self.patience)

    def refs(self) -> Mapping[str, str]:
        """Ask the remote for its refs; without its answer nobody knows what is public.

        Raises:
            Unfinished: It does not answer.
        """
        try:
            return self.git.remote_refs(self.record.remote).refs
        except CommandFailed as error:
            raise Unfinished(f"The remote {self.record.remote!r} does not answer: {reason(error.output)}") from None

    def how_to_finish(self) -> str:
        """Return what to type once a fault is fixed; where there is no record, there is nothing to resume."""
        if self.state:
            return f"type: {typed('resume')}"
        return "give the same command again: what is there is not sent twice."


@dataclass(frozen=True)
class Done:
    """What a step came to, in words for the user."""

    note: str = ""
    #: ``done``, ``already done`` or ``left out``.
    state: str = "done"


@dataclass(frozen=True)
class Step:
    """One convergent step: it asks the world what is so, does only what is missing, and sees that it is so."""

    name: str
    #: Why it is left out of this release; empty where it is taken.
    left_out: Callable[[Record], str]
    #: What it does in this release, one line each: the commands that it runs, by the functions that build them, or a
    #: sentence. In a dry run the record has words in the place of what is not made yet.
    describe: Callable[[Record], list[str]]
    converge: Callable[[World], Done]


def always(_record: Record) -> str:
    """Leave a step out of no release."""
    return ""
