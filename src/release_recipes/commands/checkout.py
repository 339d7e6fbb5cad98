"""A checkout: repository, project folder, state and settings; and the lock that allows one process at a time."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from release_recipes import events
from release_recipes.check import Subject
from release_recipes.errors import NoProject, ReleaseWaits, WrongUsage, typed
from release_recipes.findings import warning
from release_recipes.index.client import Index
from release_recipes.index.retry import PATIENCE, Patience
from release_recipes.plan import Request
from release_recipes.processes.environment import shown
from release_recipes.programs.git import Git, repository
from release_recipes.project.project import read_project
from release_recipes.publish import World
from release_recipes.settings import Settings, Sources, Target, is_placeholder, load, sources, token, token_name
from release_recipes.state import temporary
from release_recipes.state.folder import State
from release_recipes.state.record import Record


@dataclass(frozen=True)
class User:
    """The user, who can be asked if there is a terminal."""

    #: Whether there is a terminal.
    present: bool
    #: Ask a question, and return whether the answer is yes.
    confirm: Callable[[str], bool]


@dataclass(frozen=True)
class Checkout:
    """A repository, its project, state and settings, and the user."""

    git: Git
    #: The project's folder: the repository's, or one below it.
    folder: Path
    #: The current folder of the user.
    cwd: Path
    state: State
    sources: Sources
    settings: Settings
    user: User
    patience: Patience = PATIENCE

    def index(self, target: Target, *, test: bool = False) -> Index:
        """Return the client of an index with its token. Only this method decides which token goes to which address."""
        line = "Waiting for the keyring, which may ask for its password."
        waiting = threading.Timer(self.patience.silence, events.emit, [events.Told(line)])
        waiting.daemon = True
        waiting.start()
        try:
            held = token(self.sources, target, test=test)
        finally:
            waiting.cancel()
        return Index(target, held, self.patience)

    def world(self, record: Record) -> World:
        """Return the world of an unfinished release."""
        held = self.index(record.target).token
        return World(record, self.git, self.state, held, self.state.dist(record), self.patience)

    def subject(self, request: Request) -> Subject:
        """Return the subject of a release.

        Raises:
            NoProject: Name or version of the project cannot be read, or the current folder is in another project.
        """
        for folder in (self.cwd, *self.cwd.parents):
            if folder == self.folder:
                break
            if any((folder / name).is_file() for name in ("pyproject.toml", "setup.py", "setup.cfg")):
                message = (
                    f"{folder} is a separate project inside of {self.folder}, and only the outer one can be released."
                )
                there = shown(["cd", str(self.folder)])
                raise NoProject(message, f"To release the outer project: {there}")
        below = self.folder.relative_to(self.git.path).as_posix()
        project = read_project(self.folder, self.sources.pyproject, self.settings.version_files, below=below)
        index = self.index(self.settings.target(test=request.test), test=request.test)
        given = self.sources.named(token_name(test=request.test))
        return Subject(self.git, project, self.settings, request, index, bool(given and is_placeholder(given[0])))

    def distributions(self, named: Sequence[str]) -> list[Path]:
        """Return the files named, or all in ``dist/``.

        Raises:
            WrongUsage: A file does not exist, or there are none at all.
        """
        # `uv build` leaves a .gitignore in dist/.
        files = [(self.cwd / name).resolve() for name in named] or sorted((self.folder / "dist").glob("[!.]*"))
        if missing := [file for file in files if not file.is_file()]:
            message = f"The file {missing[0]} does not exist."
            raise WrongUsage(message, f"Name an existing distribution, or run: {typed('build')}")
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
    for name, near in found.misspelled():
        message = f".env sets {name}, which is not a setting."
        events.emit(events.Warned(warning(message, f"Did you mean {near}?", "dotenv")))
    settings = load(found)
    if not settings.remote:
        remote, origin = git.remote_of(git.branch() or "")
        settings = replace(settings, remote=remote, origins={**settings.origins, "remote": origin})
    return Checkout(git, git.path, folder, State(common / "release-recipes"), found, settings, user, patience)


def nothing_waits(state: State) -> None:
    """Check that no release is unfinished.

    Raises:
        ReleaseWaits: There is an unfinished release.
    """
    for record in state.records():
        message = f"The release of {record.project} {record.version} is not finished (started {record.started})."
        raise ReleaseWaits(message, f"To finish it: {typed('resume')}. To abandon it: {typed('abandon')}")


@contextlib.contextmanager
def alone(checkout: Checkout, task: str) -> Iterator[None]:
    """Hold the repository's lock; first remove what a killed run left behind.

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
    """Make a temporary folder for the holder of the lock; after a kill, the next run removes it."""
    hold = checkout.state.lock.hold
    with temporary.temporary_folder(checkout.git.path, lambda folder: hold(task, str(folder))) as folder:
        yield folder
