"""The lock of a repository: one release at a time, and what a killed one had started is waited for."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from release_recipes.errors import Busy
from release_recipes.processes import process
from release_recipes.programs import guard
from release_recipes.state.atomic import write_whole
from release_recipes.state.record import now

if TYPE_CHECKING:
    from collections.abc import Iterator


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
class Lock:
    """The lock in the state folder of one repository."""

    folder: Path

    def holder(self) -> Holder | None:
        """Return who holds the lock, or held it last without letting go."""
        try:
            return Holder(**json.loads((self.folder / "holder.json").read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    @contextlib.contextmanager
    def held(self, task: str) -> Iterator[Holder | None]:
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
                self.hold(task, left)
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
            stack.enter_context(process.guarded(descriptor))
            yield

    def _let_go(self) -> None:
        """Say that nobody holds the lock; a workspace that could not be removed stays known to the next run."""
        holder = self.holder()
        if not (holder and holder.workspace and Path(holder.workspace).exists()):
            (self.folder / "holder.json").unlink(missing_ok=True)

    def hold(self, task: str, workspace: str | None) -> None:
        """Say who holds the lock, and with which workspace: the next run removes it after a kill."""
        holder = Holder(os.getpid(), socket.gethostname(), now(), task, workspace)
        write_whole(self.folder / "holder.json", json.dumps(asdict(holder)))


def _busy(holder: Holder | None) -> Busy:
    who = f"process {holder.pid} on {holder.host} ({holder.task}, since {holder.since})" if holder else "a process"
    return Busy(f"Another release of this repository runs: {who}.", "Wait for it to end, or stop it; then try again.")
