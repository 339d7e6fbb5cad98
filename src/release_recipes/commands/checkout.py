"""Where a release happens: a repository with its state and settings, and one process at a time in it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_recipes.errors import ReleaseWaits
from release_recipes.programs.git import repository
from release_recipes.settings import load, sources
from release_recipes.state import temporary
from release_recipes.state.folder import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from release_recipes.programs.git import Git
    from release_recipes.settings import Settings, Sources


@dataclass(frozen=True)
class Place:
    """A repository, its state, and where its settings come from."""

    git: Git
    state: State
    sources: Sources
    settings: Settings


def place(folder: Path, flags: dict[str, str] | None = None) -> Place:
    """Find the repository around a folder, and read its settings.

    Raises:
        NoRepository: There is none.
        InvalidSetting: Its settings cannot be used.
    """
    git, common = repository(folder)
    found = sources(git.path)
    return Place(git, State(common / "release-recipes"), found, load(found, flags))


def nothing_waits(state: State) -> None:
    """See that no release waits to be finished.

    Raises:
        ReleaseWaits: One does.
    """
    for record in state.records():
        message = f"The release of {record.project} {record.version} is not finished (begun {record.started})."
        raise ReleaseWaits(message, "Finish it: invoke resume. Give it up: invoke abandon")


@contextlib.contextmanager
def alone(here: Place, task: str) -> Iterator[None]:
    """Hold the repository's lock, and first remove what a killed run left behind.

    Raises:
        Busy: Another process holds it.
    """
    with here.state.lock.held(task) as killed:
        if killed and killed.workspace:
            temporary.remove_leftover(here.git.path.joinpath(killed.workspace))
        here.state.sweep()
        waiting = {record.claim for record in here.state.records()}
        for name in here.git.refs("refs/release-recipes/"):
            if name not in waiting:
                here.git.does("update-ref", "-d", name)
        yield


@contextlib.contextmanager
def work_folder(here: Place, task: str) -> Iterator[Path]:
    """Make a temporary folder for whoever holds the lock; the next run knows of it after a kill."""
    with temporary.temporary_folder(here.git.path, lambda folder: here.state.lock.hold(task, str(folder))) as folder:
        yield folder
