"""A checkout: repository, project folder, state and settings; and the lock that allows one process at a time."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.utils import canonicalize_name

from release_recipes import events
from release_recipes.check import Subject
from release_recipes.errors import NoProject, ReleaseWaits, WrongUsage, counted, typed
from release_recipes.index.client import Index
from release_recipes.index.retry import PATIENCE, Patience
from release_recipes.index.trusted import AUDIENCES, TrustedToken, applies
from release_recipes.plan import Request
from release_recipes.processes.environment import shown
from release_recipes.programs import git_cliff
from release_recipes.programs.git import Git, repository
from release_recipes.project import declared
from release_recipes.project.changes import part_of
from release_recipes.project.packages import Package, is_package, is_project, last_tag, packages
from release_recipes.project.project import Project, read_project
from release_recipes.publish import World
from release_recipes.secrets.token import Token
from release_recipes.settings import (
    Settings,
    Sources,
    Target,
    is_placeholder,
    load,
    read_pyproject,
    sources,
    token,
    token_name,
)
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
    #: Whether somebody sits at a terminal, but does not see a question.
    unseen: bool = False


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
    #: Whether tasks about unfinished releases mean those of the whole repository: at its top, if no project is named.
    whole: bool = False

    @property
    def below(self) -> str:
        """The project's folder, relative to the repository's; ``.`` if it is the same."""
        return self.folder.relative_to(self.git.path).as_posix()

    def is_workspace(self, known: Sequence[Package]) -> bool:
        """Return whether this is the top of a repository with its packages in folders, and not a package itself."""
        return self.below == "." and bool(known) and not is_package(self.folder)

    @property
    def states(self) -> list[State]:
        """The state of the project, or of each one of the repository."""
        return self.state.all() if self.whole else [self.state]

    def waits(self) -> bool:
        """Return whether there is an unfinished release."""
        return any(state.waits() for state in self.states)

    def unfinished(self) -> list["Checkout"]:
        """Return a checkout for each project with an unfinished release, the oldest release first.

        Raises:
            Failed: A record cannot be read.
        """
        waiting = [(state.records(), state.below) for state in self.states]
        found = sorted((records[0].started, below) for records, below in waiting if records)
        return [self if below == self.below else self.of(below) for _, below in found]

    def of(self, below: str) -> "Checkout":
        """Return the checkout of another project of this repository.

        Args:
            below: Its folder, relative to the repository's. If it does not exist now, the settings are those of this
                one.
        """
        folder, state = self.git.path / below, State(self.state.top, below)
        if not (folder.is_dir() and is_project(folder)):
            return replace(self, state=state, whole=False)
        return _open(self.git, state, folder, self.cwd, self.user, self.patience)

    @contextlib.contextmanager
    def _told_if_slow(self, line: str) -> Iterator[None]:
        """Tell the user what is waited for, if it takes some seconds."""
        waiting = threading.Timer(self.patience.silence, events.tell, [line])
        waiting.daemon = True
        waiting.start()
        try:
            yield
        finally:
            waiting.cancel()

    def index(self, target: Target, *, test: bool = False, uploads: bool = False) -> Index:
        """Return the client of an index with its token. Only this method decides which token goes to which address.

        Args:
            target: The index.
            test: Whether it is for ``--test``.
            uploads: Whether files may be uploaded, so that a token may come from Trusted Publishing. It is minted when
                it is first revealed, not here.
        """
        always = self.settings.trusted_publishing == "always"
        trusted = always or (self.settings.trusted_publishing == "auto" and applies(target))
        held: Token | None = None
        if not always:
            with self._told_if_slow("Waiting for the keyring, which may ask for its password."):
                held = token(self.sources, target, test=test, keyring=not trusted)
        if held is None and trusted and uploads:
            name = declared.read(self.folder, self.sources.pyproject).name
            # What is signed is in a public log, which is not for everyone who has an index of their own.
            public = target.upload_address in AUDIENCES or self.settings.origin("attestations") != "default"
            held = TrustedToken(target, name, self.patience, attests=self.settings.attestations and public)
        return Index(target, held, self.patience)

    def index_of(self, address: str) -> Index:
        """Return the client that reads an index; that of another than today's settings gets no token."""
        ours = self.settings.target(test=False)
        if address == ours.index_address:
            return self.index(ours)
        return Index(Target(address, address), None, self.patience)

    def world(self, record: Record, *, uploads: bool = False) -> World:
        """Return the world of an unfinished release; with ``uploads``, one in which its files may be uploaded."""
        held = self.index(record.target, uploads=uploads).token
        return World(record, self.git, self.state, held, self.state.dist(record), self.patience)

    def project(self, clone: Git | None = None) -> Project:
        """Read the project; with ``clone``, as it is there.

        Raises:
            NoProject: Its name or version cannot be read, or there are only packages in folders.
        """
        git = clone or self.git
        folder = git.path / self.below
        self.see_a_package(git)
        with self._told_if_slow("Asking the build backend for name and version, which may build the project."):
            return read_project(
                git, folder, read_pyproject(folder) if clone else self.sources.pyproject,
                version_files=self.settings.version_files, left_alone=self.settings.left_alone, cache=self.state.folder,
            )  # fmt: skip

    def see_a_package(self, git: Git | None = None) -> None:
        """See that this is not the top of a repository with packages only in its folders.

        Raises:
            NoProject: It is.
        """
        known = [] if is_package((git or self.git).path / self.below) else packages(git or self.git)
        if self.is_workspace(known):
            message = f"{self.folder} is not a package; the packages of this repository are in its folders."
            every = "To release or rehearse all that changed: --all-changed."
            raise NoProject(message, f"{every} Or name one of {_names(known)}: {shown(['--project', known[0].name])}")

    def subject(self, request: Request, project: Project | None = None) -> Subject:
        """Return the subject of a release; the project is read if it is not known.

        Raises:
            NoProject: There is no project (see :meth:`project`).
        """
        project = project or self.project()
        if request.by_commits:
            request = self._by_commits(request, project)
        index = self.index(self.settings.target(test=request.test), test=request.test, uploads=True)
        given = self.sources.named(token_name(test=request.test))
        return Subject(self.git, project, self.settings, request, index, bool(given and is_placeholder(given[0])))

    def _by_commits(self, request: Request, project: Project) -> Request:
        """Return the request with the part that the commits since the last release say.

        Raises:
            WrongUsage: There is no such commit, or none says it.
        """
        tag = last_tag(self.git, project.name, project.below, packages(self.git))
        found = git_cliff.commits(self.git.path, f"{tag}..HEAD" if tag else "", project.below)
        current = project.source.read(self.folder).current
        part, because = part_of(found, current)
        if not part:
            said = f"none of {counted(len(found), 'commit')}" if found else "no commit"
            message = f"--part auto: {said} since {tag or 'the start'} says what it changes."
            hint = "Only conventional commits do, such as 'fix: …' or 'feat: …'. Name the part: --part patch"
            raise WrongUsage(message, hint)
        return replace(request, part=part, because=f"--part auto: {part}, for {because}")

    def distributions(self, named: Sequence[str]) -> list[Path]:
        """Return the files named, or all in ``dist/``.

        Raises:
            WrongUsage: A file does not exist, or there are none at all.
            NoProject: No file is named, and there are only packages in folders.
        """
        if not named:
            self.see_a_package()
        # `uv build` leaves a .gitignore in dist/.
        files = [(self.cwd / name).resolve() for name in named] or sorted((self.folder / "dist").glob("[!.]*"))
        if missing := [file for file in files if not file.is_file()]:
            message = f"The file {missing[0]} does not exist."
            raise WrongUsage(message, f"Name an existing distribution, or run: {typed('build')}")
        if not files:
            message = "There are no distributions in dist/."
            raise WrongUsage(message, f"Run: {typed('build')}")
        return files


def find(folder: Path, user: User, patience: Patience, named: str = "") -> Checkout:
    """Find the project around a folder and its repository, and read its settings.

    The project's folder is the nearest one upwards that declares a project, otherwise the repository's.

    Args:
        folder: The current folder of the user.
        user: The user.
        patience: Timeouts and retries.
        named: The project's folder, relative to the current folder or to the repository's, or the name of a package;
            empty if it is not named.

    Raises:
        NoRepository: There is none.
        WrongUsage: There is no such project.
        InvalidSetting: Its settings cannot be used.
    """
    start = folder / named
    if named and not start.is_dir():
        here = repository(folder)[0]
        key = canonicalize_name(named)
        start = here.path / next((package.below for package in packages(here) if package.key == key), named)
    git, common = repository(start if start.is_dir() else folder)
    top, start = git.path.resolve(), start.resolve()
    inside = [each for each in (start, *start.parents) if each.is_dir() and each.is_relative_to(top)]
    project = git.path / next(filter(is_project, inside), top).relative_to(top)
    if named and project.resolve() != start:
        message = f"{named} is not a package of this repository, and not the folder of one."
        raise WrongUsage(message, f"The packages: {_names(packages(git)) or 'there is none'}")
    below = project.relative_to(git.path).as_posix()
    found = _open(git, State(common / "release-recipes", below), project, folder, user, patience)
    for name, near in found.sources.misspelled():
        message = f".env sets {name}, which is not a setting."
        events.warn(message, f"Did you mean {near}?", "dotenv")
    return replace(found, whole=below == "." and not named)


def _open(git: Git, state: State, project: Path, cwd: Path, user: User, patience: Patience) -> Checkout:
    """Read the settings of the project in a folder."""
    found = sources(project, git.path)
    if project != git.path and not is_package(git.path):
        found = replace(found, shared=read_pyproject(git.path))
    settings = load(found)
    if not settings.remote:
        remote, origin = git.remote_of(git.branch() or "")
        settings = replace(settings, remote=remote, origins={**settings.origins, "remote": origin})
    return Checkout(git, project, cwd, state, found, settings, user, patience)


def _names(known: Sequence[Package]) -> str:
    """Return the names of packages, as ``--project`` takes them."""
    return ", ".join(package.name for package in known)


def nothing_waits(state: State) -> None:
    """Check that no release is unfinished.

    Raises:
        ReleaseWaits: There is an unfinished release.
    """
    for record in state.records():
        since = f"{record.started[:16].replace('T', ' ')} UTC"
        message = f"The release of {record.project} {record.version} is not finished (started {since})."
        raise ReleaseWaits(message, f"To finish it: {typed('resume')}. To abandon it: {typed('abandon')}")


@contextlib.contextmanager
def alone(checkout: Checkout, task: str) -> Iterator[None]:
    """Hold the project's lock; first remove what a killed run left behind.

    Raises:
        Busy: Another process holds it.
    """
    with checkout.state.lock.held(task) as killed:
        if killed and killed.workspace:
            temporary.remove_leftover(checkout.git.path.joinpath(killed.workspace))
        checkout.state.sweep()
        claims = checkout.git.refs("refs/release-recipes/")
        others = [state for state in checkout.state.all() if state != checkout.state]
        # The claim of another project comes before its record, and after its process holds its lock.
        if not any(state.lock.holder() or state.waits() for state in others):
            for name in claims.keys() - {record.claim for record in checkout.state.records()}:
                checkout.git.does("update-ref", "-d", name)
        yield


@contextlib.contextmanager
def work_folder(checkout: Checkout, task: str) -> Iterator[Path]:
    """Make a temporary folder for the holder of the lock; after a kill, the next run removes it."""
    hold = checkout.state.lock.hold
    with temporary.temporary_folder(checkout.git.path, lambda folder: hold(task, str(folder))) as folder:
        yield folder
