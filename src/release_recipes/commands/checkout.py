"""A checkout: repository, project folder, state and settings, held together; and one process at a time in it."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from release_recipes.check import Subject
from release_recipes.errors import NoProject, ReleaseWaits, WrongUsage, typed
from release_recipes.index.client import Index
from release_recipes.index.retry import PATIENCE, Patience
from release_recipes.plan import Request
from release_recipes.processes.environment import shown
from release_recipes.programs.git import Git, repository
from release_recipes.project.project import read_project
from release_recipes.publish import World
from release_recipes.settings import Settings, Sources, Target, load, sources, token
from release_recipes.state import temporary
from release_recipes.state.folder import State
from release_recipes.state.record import Record


@dataclass(frozen=True)
class User:
    """Who is asked, where somebody can be."""

    #: Whether there is a terminal with somebody at it.
    present: bool
    #: Ask; the second argument is the answer to an empty line.
    confirm: Callable[[str, bool], bool]


@dataclass(frozen=True)
class Checkout:
    """A repository, the project in it, its state, where its settings come from, and who is asked."""

    git: Git
    #: The project's folder: the repository's, or one below it.
    folder: Path
    #: Where the user stands in it.
    cwd: Path
    state: State
    sources: Sources
    settings: Settings
    user: User
    patience: Patience = PATIENCE

    def index(self, target: Target, *, test: bool = False) -> Index:
        """Return the client of an index, with the token for it: the one place that decides which token goes where."""
        return Index(target, token(self.sources, target, test=test), self.patience)

    def world(self, record: Record) -> World:
        """Return where a release that waits is published to."""
        held = self.index(record.target).token
        return World(record, self.git, self.state, held, self.state.dist(record), self.patience)

    def subject(self, request: Request) -> Subject:
        """Say what a release is about.

        Raises:
            NoProject: There is no project whose name and version can be read, or it is not the one that is meant.
        """
        for folder in (self.cwd, *self.cwd.parents):
            if folder == self.folder:
                break
            if any((folder / name).is_file() for name in ("pyproject.toml", "setup.py", "setup.cfg")):
                message = f"{folder} is a project of its own, below {self.folder}, which would be released."
                there = shown(["cd", str(self.folder)])
                raise NoProject(message, f"This version releases {self.folder} only; for that one: {there}")
        below = self.folder.relative_to(self.git.path).as_posix()
        project = read_project(self.folder, self.sources.pyproject, self.settings.version_files, below=below)
        index = self.index(self.settings.target(test=request.test), test=request.test)
        return Subject(self.git, project, self.settings, request, index)

    def distributions(self, named: Sequence[str]) -> list[Path]:
        """Return the files named, or all in ``dist/``.

        Raises:
            WrongUsage: A file is not there, or there is none at all.
        """
        # `uv build` leaves a .gitignore in dist/.
        files = [(self.cwd / name).resolve() for name in named] or sorted((self.folder / "dist").glob("[!.]*"))
        if missing := [file for file in files if not file.is_file()]:
            message = f"There is no file {missing[0]}."
            raise WrongUsage(message, f"Name a distribution that exists, or run: {typed('build')}")
        if not files:
            message = "There are no distributions in dist/."
            raise WrongUsage(message, f"Run: {typed('build')}")
        return files


def find(folder: Path, user: User, patience: Patience) -> Checkout:
    """Find the repository around a folder, and read its settings.

    Raises:
        NoRepository: There is none.
        InvalidSetting: Its settings cannot be used.
    """
    git, common = repository(folder)
    found = sources(git.path)
    return Checkout(git, git.path, folder, State(common / "release-recipes"), found, load(found), user, patience)


def nothing_waits(state: State) -> None:
    """See that no release waits to be finished.

    Raises:
        ReleaseWaits: One does.
    """
    for record in state.records():
        message = f"The release of {record.project} {record.version} is not finished (begun {record.started})."
        raise ReleaseWaits(message, f"Finish it: {typed('resume')}. Give it up: {typed('abandon')}")


@contextlib.contextmanager
def alone(checkout: Checkout, task: str) -> Iterator[None]:
    """Hold the repository's lock, and first remove what a killed run left behind.

    Raises:
        Busy: Another process holds it.
    """
    with checkout.state.lock.held(task) as killed:
        if killed and killed.workspace:
            temporary.remove_leftover(checkout.git.path.joinpath(killed.workspace))
        checkout.state.sweep()
        waiting = {record.claim for record in checkout.state.records()}
        for name in checkout.git.refs("refs/release-recipes/"):
            if name not in waiting:
                checkout.git.does("update-ref", "-d", name)
        yield


@contextlib.contextmanager
def work_folder(checkout: Checkout, task: str) -> Iterator[Path]:
    """Make a temporary folder for whoever holds the lock; the next run knows of it after a kill."""
    hold = checkout.state.lock.hold
    with temporary.temporary_folder(checkout.git.path, lambda folder: hold(task, str(folder))) as folder:
        yield folder
