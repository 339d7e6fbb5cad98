"""What an index has of a release: the one place that compares, file by file and by hash."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from release_recipes.errors import FileConflict, NoIndexAnswer, typed
from release_recipes.index.client import Index
from release_recipes.publish.step import World
from release_recipes.state.record import Artifact


@dataclass(frozen=True)
class Listing:
    """The files of a release, and what an index has under their names."""

    #: sha256 by file name, in the order in which they were asked for.
    ours: Mapping[str, str]
    #: The same of those that the index has.
    theirs: Mapping[str, str]

    @property
    def absent(self) -> list[str]:
        """The files that the index does not have."""
        return [name for name in self.ours if name not in self.theirs]

    @property
    def same(self) -> list[str]:
        """The files that it has with the same sha256."""
        return [name for name, sha256 in self.ours.items() if self.theirs.get(name) == sha256]

    @property
    def other(self) -> list[str]:
        """The files under whose names it has something else."""
        return [name for name in self.ours if name in self.theirs and name not in self.same]


def ask(index: Index, project: str, ours: Mapping[str, str]) -> Listing:
    """Ask an index what it has of a release.

    Args:
        index: The index.
        project: The project's name.
        ours: sha256 by file name.

    Raises:
        NoIndexAnswer: It did not say.
    """
    files = index.page(project).files
    return Listing(ours, {name: index.sha256(files[name]) for name in ours if name in files})


def of_record(world: World, artifacts: Iterable[Artifact] | None = None) -> Listing:
    """Ask the index of a release for its files, or some of them.

    Raises:
        NoIndexAnswer: It did not say.
    """
    if not world.record.target.index_address:  # a claim, by a tag that another tool made
        raise NoIndexAnswer("The tag does not name its index.")
    wanted = world.record.artifacts if artifacts is None else artifacts
    return ask(world.index, world.record.project, {a.filename: a.sha256 for a in wanted})


def absent(world: World, artifacts: Iterable[Artifact] | None = None) -> list[str]:
    """Return those files that the index does not have, in their order; a conflict is asked again before it is believed.

    Raises:
        FileConflict: It has a file of that name with another sha256, also when asked again.
        NoIndexAnswer: It did not say.
    """
    for pause in world.patience.doubt:
        time.sleep(pause)
        listing = of_record(world, artifacts)
        if not listing.other:
            return listing.absent
    name = listing.other[0]
    if world.state:
        hint = f"Find out who uploaded it; then type: {typed('abandon')}, and release the next version."
    elif world.record.test:
        hint = f"Test another one, such as --new-version {world.record.version}.dev1"
    else:
        hint = "See which of the two is meant; then release the next version."
    raise FileConflict(name, listing.ours[name], listing.theirs[name], hint)
