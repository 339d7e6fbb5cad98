"""The lock of a repository: one release at a time, and what a killed one had started is waited for."""

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from release_recipes.errors import Busy
from release_recipes.processes.process import inherited
from release_recipes.state.atomic import write_atomically
from release_recipes.state.record import now
from release_recipes.state.typed import from_json

#: Seconds for which the next run waits for what a killed one had started, such as a push.
PATIENCE = 20.0

_PAUSE = 0.02


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
            return from_json(Holder, json.loads((self.folder / "holder.json").read_text("utf-8")))
        except (OSError, ValueError, RecursionError):
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
            with self._held_by_children():
                # What the killed one left is not forgotten before it is removed, should we be killed first.
                self.hold(task, killed.workspace if killed else None)
                try:
                    yield killed
                finally:
                    self._let_go()
        finally:
            lock.release()

    @contextlib.contextmanager
    def _held_by_children(self) -> Iterator[None]:
        """Lock the folder for what we start, too, and so wait first for what a killed holder had started.

        Whoever inherits the descriptor holds that lock; it is given back at an orderly end, whoever still has it. Who
        holds it for longer than a push takes, such as a credential cache, is not waited for: steps converge.
        """
        if os.name == "nt":  # which has no such lock
            yield
            return
        import fcntl  # POSIX has it

        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            deadline = time.monotonic() + PATIENCE
            while time.monotonic() < deadline:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    time.sleep(_PAUSE)
                except OSError:
                    break  # some network file systems have none either
                else:
                    break
            with inherited(descriptor):
                yield
            with contextlib.suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_UN)
        finally:
            os.close(descriptor)

    def _let_go(self) -> None:
        """Say that nobody holds the lock; a workspace that could not be removed stays known to the next run."""
        holder = self.holder()
        if not (holder and holder.workspace and Path(holder.workspace).exists()):
            (self.folder / "holder.json").unlink(missing_ok=True)

    def hold(self, task: str, workspace: str | None) -> None:
        """Say who holds the lock, and with which workspace: the next run removes it after a kill."""
        holder = Holder(os.getpid(), socket.gethostname(), now(), task, workspace)
        write_atomically(self.folder / "holder.json", json.dumps(asdict(holder)))


def _busy(holder: Holder | None) -> Busy:
    who = f"process {holder.pid} on {holder.host} ({holder.task}, since {holder.since})" if holder else "a process"
    return Busy(f"Another release of this repository runs: {who}.", "Wait for it to end, or stop it; then try again.")
