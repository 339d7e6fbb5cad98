"""All that survives a process: the lock, the record of a release in act 3, the history.

It lives in ``<git dir>/release-recipes/``, one a repository, also for its worktrees; it is never in a commit and never
in an sdist::

    lock, holder.json             held while a release runs; the holder names the process and its workspace
    <project>-<version>/dist/     the distributions, once inspected
    <project>-<version>/record.json   from the moment that act 3 begins until it ends
    history.jsonl                 one line an event
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import socket
import tempfile
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from release_recipes import events
from release_recipes.errors import Busy, Failed
from release_recipes.programs import guard, run
from release_recipes.tokens import MASK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from release_recipes.plan import Plan

#: The format of ``record.json``; another number is another version of release-recipes.
FORMAT = 1


@dataclass(frozen=True)
class Artifact:
    """One distribution file."""

    filename: str
    #: 64 lower-case hex digits.
    sha256: str
    #: Bytes.
    size: int

    @classmethod
    def of(cls, path: Path) -> Artifact:
        """Describe a file."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(path.name, digest, path.stat().st_size)

    @property
    def is_sdist(self) -> bool:
        """Whether it is a source distribution."""
        return not self.filename.endswith(".whl")


@dataclass(frozen=True, kw_only=True)
class Record:
    """What act 3 publishes, and where: everything that it reads, but the token."""

    project: str
    prior: str
    version: str
    #: The commit that the distributions were built from.
    commit: str
    #: The commit that the release started from.
    base: str
    tag: str
    #: The id of the tag object.
    tag_object: str
    #: Whether the tag is pushed, or the branch alone.
    pushes_tag: bool
    branch: str
    remote: str
    #: The remote's address when the release began, without credentials.
    remote_address: str
    test: bool
    upload_address: str
    index_address: str
    username: str
    github_release: bool
    upload_workers: int
    keeps_artifacts: bool
    #: UTC, ISO 8601.
    started: str
    #: In the order of upload: wheels, then sdists.
    artifacts: tuple[Artifact, ...]
    #: Whether an upload was tried whose end is not known, or a file was seen on the index.
    maybe_public: bool = False
    format: int = FORMAT

    @property
    def claim(self) -> str:
        """The ref that says, here and on the remote, that this release is under way."""
        return f"refs/release-recipes/{self.tag}"

    @property
    def is_prerelease(self) -> bool:
        """Whether installers pass over it unless asked (:pep:`440`)."""
        return Version(self.version).is_prerelease

    @property
    def folder_name(self) -> str:
        """The name of its folder in the state."""
        return f"{self.project}-{self.version}".replace("/", "_")


def record_of(plan: Plan, *, commit: str, tag_object: str, remote_address: str, artifacts: list[Artifact]) -> Record:
    """Make the record of a plan and of what was prepared."""
    return Record(
        project=plan.project,
        prior=plan.prior,
        version=plan.version,
        commit=commit,
        base=plan.base,
        tag=plan.tag,
        tag_object=tag_object,
        pushes_tag=plan.settings.auto_git_tag,
        branch=plan.branch or "",
        remote=plan.remote,
        remote_address=remote_address,
        test=plan.test,
        upload_address=plan.upload_address,
        index_address=plan.index_address,
        username=plan.username,
        github_release=plan.settings.github_release,
        upload_workers=plan.settings.upload_workers,
        keeps_artifacts=not plan.settings.clean_build_artifacts,
        started=now(),
        artifacts=tuple(sorted(artifacts, key=lambda artifact: (artifact.is_sdist, artifact.filename))),
    )


@dataclass(frozen=True)
class Holder:
    """Who holds the lock."""

    pid: int
    host: str
    #: UTC, ISO 8601.
    since: str
    #: What it is doing, such as ``release``.
    task: str
    #: Its workspace, once there is one.
    workspace: str | None = None


@dataclass(frozen=True)
class State:
    """The state folder of one repository."""

    folder: Path

    # -- records -----------------------------------------------------------------------------------------------------

    def records(self) -> list[Record]:
        """Return the releases that wait to be finished, oldest first.

        Raises:
            Failed: A record cannot be read, or was written by another version of release-recipes.
        """
        return sorted((_read(path) for path in self.folder.glob("*/record.json")), key=lambda record: record.started)

    def dist(self, record: Record) -> Path:
        """Return the folder with a record's distributions."""
        return self.folder / record.folder_name / "dist"

    def keep_distributions(self, record: Record, built: Path) -> None:
        """Copy the distributions beside where the record will be, durably."""
        kept = self.dist(record)
        with events.effect("write distributions"):
            shutil.rmtree(kept.parent, ignore_errors=True)
            kept.mkdir(parents=True)
            for artifact in record.artifacts:
                shutil.copyfile(built / artifact.filename, kept / artifact.filename)
                _sync(kept / artifact.filename)
            _sync(kept)

    def save(self, record: Record) -> None:
        """Put a record on disk: whole or not at all, and durably."""
        folder = self.folder / record.folder_name
        with events.effect("write record"):
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / "record.json", json.dumps(asdict(record), indent=2))
            _sync(self.folder)

    def mark_public(self, record: Record) -> Record:
        """Note that the index may have something of this release, before the attempt that makes it so."""
        marked = replace(record, maybe_public=True)
        self.save(marked)
        return marked

    def drop(self, record: Record) -> None:
        """Forget a release: the record first, then its distributions."""
        folder = self.folder / record.folder_name
        with events.effect("drop record"):
            (folder / "record.json").unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)

    def sweep(self) -> None:
        """Remove what a killed run left half written: a release before its record, a file before its name."""
        for path in self.folder.iterdir():
            if path.is_dir() and not (path / "record.json").exists():
                shutil.rmtree(path, ignore_errors=True)
        for pattern in (_half_written("*"), f"*/{_half_written('*')}"):
            for path in self.folder.glob(pattern):
                path.unlink(missing_ok=True)

    # -- the lock ----------------------------------------------------------------------------------------------------

    def holder(self) -> Holder | None:
        """Return who holds the lock, or held it last without letting go."""
        try:
            return Holder(**json.loads((self.folder / "holder.json").read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    @contextlib.contextmanager
    def locked(self, task: str) -> Iterator[Holder | None]:
        """Hold this repository's lock; it dies with the process.

        Yields:
            Who held it last and was killed before letting go; ``None`` after an orderly end.

        Raises:
            Busy: Another process holds it.
        """
        from filelock import FileLock, Timeout

        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / "lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise _busy(self.holder()) from None
        try:
            killed = self.holder()
            with self._guarded(killed):
                # What the killed one left is not forgotten before it is removed, should we be killed first.
                left = killed.workspace if killed else None
                self.hold(Holder(os.getpid(), socket.gethostname(), now(), task, left))
                try:
                    yield killed
                finally:
                    self._let_go()
        finally:
            lock.release()

    @contextlib.contextmanager
    def _guarded(self, killed: Holder | None) -> Iterator[None]:
        """Wait for what a killed holder had started, and have our own children guarded.

        Raises:
            Busy: It did not end in time.
        """
        with contextlib.ExitStack() as stack:
            try:
                descriptor = stack.enter_context(guard.held(self.folder, guard.PATIENCE))
            except BlockingIOError:
                who = f"{killed.task} of {killed.since}" if killed else "last run"
                message = f"The {who} was killed, and something that it started, such as a push, still runs."
                raise Busy(message, "Wait for it to end; then try again.") from None
            stack.enter_context(run.guarded(descriptor))
            yield

    def _let_go(self) -> None:
        """Say that nobody holds the lock; a workspace that could not be removed stays known to the next run."""
        holder = self.holder()
        if not (holder and holder.workspace and Path(holder.workspace).exists()):
            (self.folder / "holder.json").unlink(missing_ok=True)

    def hold(self, holder: Holder) -> None:
        """Say who holds the lock, and with which workspace."""
        write_whole(self.folder / "holder.json", json.dumps(asdict(holder)))

    # -- the history -------------------------------------------------------------------------------------------------

    def note(self, event: str, **facts: Any) -> None:  # noqa: ANN401 - whatever JSON holds
        """Add one line to the history."""
        line = MASK(json.dumps({"at": now(), "event": event, **facts}, ensure_ascii=False))
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "history.jsonl").open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def now() -> str:
    """Return the time: UTC, ISO 8601, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all, also after a power cut."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=_half_written(path.name).rstrip("*"))
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(MASK(text))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    _sync(path.parent)


def _half_written(name: str) -> str:
    """Return the pattern of what a file is called until it is whole."""
    return f".{name}-half-*"


def _sync(path: Path) -> None:
    """Have a file, or the names in a folder, reach the disk."""
    if path.is_dir() and os.name == "nt":
        return  # Windows has no such call for a folder; its file system journals names
    descriptor = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> Record:
    hint = f"Look at {path}; if nothing was published, delete that folder."
    try:
        said = json.loads(path.read_text("utf-8"))
        if said["format"] != FORMAT:
            message = f"The record {path} is of format {said['format']}; this version reads {FORMAT}."
            raise Failed(message, "Finish that release with the version of release-recipes that began it.")
        return Record(**{**said, "artifacts": tuple(Artifact(**artifact) for artifact in said["artifacts"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        message = f"The record {path} cannot be read ({error})."
        raise Failed(message, hint) from None


def _busy(holder: Holder | None) -> Busy:
    who = f"process {holder.pid} on {holder.host} ({holder.task}, since {holder.since})" if holder else "a process"
    return Busy(f"Another release of this repository runs: {who}.", "Wait for it to end, or stop it; then try again.")
