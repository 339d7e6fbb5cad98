"""The files that an index has of a release. Only this module compares them, by name and hash."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from packaging.version import Version

from release_recipes.errors import FileConflict, NoIndexAnswer, typed
from release_recipes.index.client import Index
from release_recipes.publish.step import World
from release_recipes.state.record import Artifact


@dataclass(frozen=True)
class Listing:
    """The files of a release, and the files of the same names on an index."""

    #: sha256 by file name, in the order of the question.
    ours: Mapping[str, str]
    #: sha256 by file name, for the files that the index has.
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
        """The files that it has with another sha256."""
        return [name for name in self.ours if name in self.theirs and name not in self.same]


def ask(index: Index, project: str, ours: Mapping[str, str]) -> Listing:
    """Ask an index for the files of a release.

    Args:
        index: The index.
        project: The project's name.
        ours: sha256 by file name.

    Raises:
        NoIndexAnswer: It gave no answer.
    """
    files = index.page(project).files
    return Listing(ours, {name: index.sha256(files[name]) for name in ours if name in files})


def of_record(world: World, artifacts: Iterable[Artifact] | None = None) -> Listing:
    """Ask the index of a release for its files, or some of them; if CI publishes it, for all that CI published.

    Raises:
        NoIndexAnswer: It gave no answer.
    """
    if not world.record.target.index_address:  # a claim with a tag that another tool made
        raise NoIndexAnswer("The tag does not name an index.")
    if world.record.by_ci:
        files = world.index.page(world.record.project).of_version(str(Version(world.record.version)))
        theirs = {file.filename: world.index.sha256(file) for file in files}
        return Listing(theirs, theirs)
    wanted = world.record.artifacts if artifacts is None else artifacts
    return ask(world.index, world.record.project, {a.filename: a.sha256 for a in wanted})


def absent(world: World, artifacts: Iterable[Artifact] | None = None) -> list[str]:
    """Return the files that the index does not have, in their order; a conflict is checked again.

    Raises:
        FileConflict: It has a file of that name with another sha256, also when it is checked again.
        NoIndexAnswer: It gave no answer.
    """
    for pause in world.patience.doubt:
        time.sleep(pause)
        listing = of_record(world, artifacts)
        if not listing.other:
            return listing.absent
    name = listing.other[0]
    if world.state:
        hint = f"Find out who uploaded it, then abandon this release and release the next version: {typed('abandon')}"
    elif world.record.test:
        hint = f"Test another version, such as --new-version {world.record.version}.dev1"
    else:
        hint = "Find out which of the two is right, and release the next version."
    raise FileConflict(name, listing.ours[name], listing.theirs[name], hint, may_be_public=bool(listing.same))
