"""The lock of a repository: it allows one release at a time, and waits for processes of a killed release."""

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from release_recipes import events
from release_recipes.errors import Busy
from release_recipes.processes.process import inherited
from release_recipes.state.atomic import write_atomically
from release_recipes.state.record import now
from release_recipes.state.typed import from_json

#: Seconds for which the next run waits for processes of a killed run, such as a push.
PATIENCE = 20.0

_PAUSE = 0.02

#: Seconds after which the user is told what is waited for.
_SILENCE = 1.0


@dataclass(frozen=True)
class Holder:
    """The holder of the lock."""

    pid: int
    host: str
    #: UTC, ISO 8601.
    since: str
    #: Its task, such as ``release``.
    task: str
    #: Its workspace; empty if it has none yet.
    workspace: str = ""


@dataclass(frozen=True)
class Lock:
    """The lock in the state folder of one repository."""

    folder: Path

    def holder(self) -> Holder | None:
        """Return the current holder of the lock, or the last one if it was killed."""
        try:
            return from_json(Holder, json.loads((self.folder / "holder.json").read_text("utf-8")))
        except (OSError, ValueError, RecursionError):
            return None

    @contextlib.contextmanager
    def held(self, task: str) -> Iterator[Holder | None]:
        """Hold the lock of this repository; it is released when the process ends.

        Yields:
            The last holder, if it was killed; otherwise ``None``.

        Raises:
            Busy: Another process holds it.
        """
        from filelock import FileLock, Timeout

        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            lock = FileLock(self.folder / "lock").acquire(timeout=0)
        except Timeout:
            raise _busy(self.holder()) from None
        with lock, self._held_by_children():
            killed = self.holder()
            # Keep the workspace of the killed run until it is removed, in case we are killed, too.
            self.hold(task, killed.workspace if killed else "")
            try:
                yield killed
            finally:
                self._let_go()

    @contextlib.contextmanager
    def _held_by_children(self) -> Iterator[None]:
        """Lock the folder for our child processes, after waiting for those of a killed holder.

        Processes that inherit the descriptor hold this lock; it is released at a normal end. Processes that hold it
        longer than a push takes, such as a credential cache, are not waited for, since steps converge.
        """
        if os.name == "nt":  # Windows has no such lock
            yield
            return
        import fcntl  # only on POSIX

        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            began, is_told = time.monotonic(), False
            deadline = began + PATIENCE
            while time.monotonic() < deadline:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    time.sleep(_PAUSE)
                    if not is_told and time.monotonic() > began + _SILENCE:
                        is_told = True
                        events.tell("Waiting for a program of the run that was killed, such as git push.")
                except OSError:
                    break  # some network file systems have no such lock, either
                else:
                    break
            with inherited(descriptor):
                yield
            with contextlib.suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_UN)
        finally:
            os.close(descriptor)

    def _let_go(self) -> None:
        """Remove the holder, unless its workspace could not be removed: the next run removes that."""
        holder = self.holder()
        if not (holder and holder.workspace and Path(holder.workspace).exists()):
            (self.folder / "holder.json").unlink(missing_ok=True)

    def hold(self, task: str, workspace: str) -> None:
        """Write the holder of the lock and its workspace, which the next run removes after a kill."""
        holder = Holder(os.getpid(), socket.gethostname(), now(), task, workspace)
        write_atomically(self.folder / "holder.json", json.dumps(asdict(holder)))


def _busy(holder: Holder | None) -> Busy:
    who = f"process {holder.pid} on {holder.host} ({holder.task}, since {holder.since})" if holder else "a process"
    hint = "Wait until it ends, or stop it; then try again."
    return Busy(f"Another release of this project is running: {who}.", hint)
