"""The interface of a step of act 3."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from release_recipes.errors import CommandFailed, Unfinished, typed
from release_recipes.index.attestations import Signer, sigstore
from release_recipes.index.client import Index
from release_recipes.index.retry import PATIENCE, Patience
from release_recipes.programs.git import Git, reason
from release_recipes.secrets.token import Token
from release_recipes.state.folder import State
from release_recipes.state.record import Record


@dataclass(frozen=True)
class World:
    """Where a release is published, and what is published; every question is asked again each time."""

    record: Record
    #: The user's repository, which pushes with its own configuration.
    git: Git
    #: The state with the record; ``None`` for an upload without a record.
    state: State | None
    token: Token | None
    #: The folder with the distributions.
    dist: Path
    patience: Patience = PATIENCE
    #: Makes attestations, if the token comes from Trusted Publishing.
    signer: Signer = sigstore
    #: When it was seen that the claim is ours, in seconds of the clock; empty if it was not.
    claimed: list[float] = field(default_factory=list, compare=False)

    @property
    def index(self) -> Index:
        """The index that the release goes to."""
        return Index(self.record.target, self.token, self.patience)

    def refs(self) -> Mapping[str, str]:
        """Ask the remote for its refs; without them it is not known what is public.

        Raises:
            Unfinished: It does not answer.
        """
        try:
            return self.git.remote_refs(self.record.remote).refs
        except CommandFailed as error:
            raise Unfinished(f"The remote {self.record.remote!r} does not answer: {reason(error.output)}") from None

    def turn(self) -> contextlib.AbstractContextManager[None]:
        """Wait until no other project of the repository pushes, or updates the branch."""
        return self.state.turn() if self.state else contextlib.nullcontext()

    def how_to_finish(self) -> str:
        """Return the command to run after a fault is fixed; without a record there is nothing to resume."""
        if self.state:
            return f"run: {typed('resume')}"
        return "run the same command again; files that are on the index are not uploaded twice."


@dataclass(frozen=True)
class Done:
    """The result of a step, for the user."""

    note: str = ""
    #: ``done``, ``already done`` or ``left out``.
    state: str = "done"


@dataclass(frozen=True)
class Step:
    """A convergent step: it asks what is already done, does only what is missing, and verifies the result."""

    name: str
    #: Why it is left out of this release; empty if it runs.
    left_out: Callable[[Record], str]
    #: What it does in this release, as lines: the commands that it runs, by the functions that build them, or a
    #: sentence. In a dry run, the record has placeholders for what does not exist yet.
    describe: Callable[[Record], list[str]]
    converge: Callable[[World], Done]


def always(_record: Record) -> str:
    """Never leave a step out."""
    return ""
