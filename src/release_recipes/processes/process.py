"""Start a process, read what it writes, and end it: the only module that starts one.

A process gets an argument list (never a shell string), an environment without credentials, and its own process
group, so that whatever stops us stops it and its children. What it writes is decoded, masked and told line by line.
"""

import contextlib
import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from subprocess import TimeoutExpired
from typing import IO

from release_recipes import events
from release_recipes.errors import Interrupted, ProgramMissing
from release_recipes.secrets.mask import MASK

__all__ = [
    "Reader", "TimeoutExpired", "end", "forget", "inherited", "not_stopping", "scratch", "scratch_variables", "start",
    "stop_all",
]  # fmt: skip

from collections.abc import Iterator, Mapping, Sequence

#: Seconds to wait for the end of the output once the process is gone: a daemon may have inherited the pipe.
DRAIN = 2.0

#: Seconds that a process group has to end by itself before it is killed.
GRACE = 3.0

#: What interrupted a process that was not to be started any more.
_END = "the end of the release"

_live: set[subprocess.Popen[bytes]] = set()
_lock = threading.RLock()  # a signal may come while its holder is the main thread
_stopping = threading.Event()
_inherited: list[int] = []
_scratch: list[dict[str, str]] = []


def start(
    argv: Sequence[str],
    cwd: Path,
    env: Mapping[str, str],
    *,
    foreground: bool = False,
    fed: bool = False,
    inherits: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a process.

    Args:
        argv: The program and its arguments.
        cwd: Where it runs.
        env: Its whole environment.
        foreground: Whether it stays in our process group, where a user is asked: a terminal belongs to one group.
        fed: Whether something is written to its standard input; else it has none, or the terminal in the foreground.
        inherits: Whether it keeps the descriptors of :func:`inherited`.

    Raises:
        ProgramMissing: There is no such program.
        Interrupted: The release is being stopped.
    """
    options: dict[str, object] = {}
    if os.name == "nt":
        options["creationflags"] = 0 if foreground else subprocess.CREATE_NEW_PROCESS_GROUP  # type: ignore[attr-defined,unused-ignore]
    else:
        options |= {"start_new_session": not foreground, "umask": 0o022}
        options["pass_fds"] = tuple(_inherited) if inherits else ()
    stdin = subprocess.PIPE if fed else None if foreground else subprocess.DEVNULL
    with _lock:
        not_stopping()
        try:
            process = subprocess.Popen(  # noqa: S603 - an argument list, never a shell
                list(argv), cwd=cwd, env=dict(env), stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                **options,  # type: ignore[call-overload,unused-ignore]
            )  # fmt: skip
        except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
            if not cwd.is_dir():
                raise
            raise ProgramMissing(str(argv[0])) from error
        _live.add(process)
    return process  # type: ignore[no-any-return,unused-ignore]


def forget(process: subprocess.Popen[bytes]) -> None:
    """Forget a process that has ended."""
    with _lock:
        _live.discard(process)


def not_stopping() -> None:
    """Raise when the release is being stopped.

    Raises:
        Interrupted: It is.
    """
    if _stopping.is_set():
        raise Interrupted(_END)


def stop_all() -> None:
    """End every running process with its children, and start no other: the release is being stopped."""
    _stopping.set()
    with _lock:
        running = list(_live)
    end(*running)


def end(*processes: subprocess.Popen[bytes]) -> None:
    """End processes and their children: ask them to, then kill them."""
    if os.name == "nt":
        for process in processes:
            subprocess.run(  # noqa: S603 - fixed words and our own child's number
                ["taskkill", "/T", "/F", "/PID", str(process.pid)],  # noqa: S607 - a part of Windows
                check=False, capture_output=True,
            )  # fmt: skip
            process.wait()
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in processes:
            _signal_group(process, number)
        deadline = time.monotonic() + GRACE
        while any(process.poll() is None or _lives(process.pid) for process in processes):
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
        else:
            return


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    """Signal a process's own group; one in the foreground shares ours and is signalled alone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if process.poll() is None and os.getpgid(process.pid) != process.pid:
            process.send_signal(number)
        else:
            os.killpg(process.pid, number)


def _lives(group: int) -> bool:
    """Return whether a process of a group is left, other than a zombie: not every container's init reaps those."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    statuses = list(Path("/proc").glob("[0-9]*/stat"))
    for path in statuses:
        with contextlib.suppress(OSError):
            state, _, its_group = path.read_bytes().rpartition(b")")[2].split()[:3]
            if int(its_group) == group and state not in b"ZX":
                return True
    return not statuses  # where there is no /proc, the signal has the last word


@contextlib.contextmanager
def inherited(descriptor: int) -> Iterator[None]:
    """Have what we start keep a descriptor open, so that a lock on it is held until the last of them has ended.

    The project's own code is not given it: a server that its tests leave behind would hold the lock for ever.
    """
    _inherited.append(descriptor)
    try:
        yield
    finally:
        _inherited.remove(descriptor)


@contextlib.contextmanager
def scratch(folder: Path) -> Iterator[None]:
    """Have the project's own code keep its temporary files in a folder: what is killed cannot clean up any more."""
    _scratch.append(dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder)))
    try:
        yield
    finally:
        _scratch.pop()


def scratch_variables() -> dict[str, str]:
    """Return what has a process keep its temporary files in the folder of :func:`scratch`."""
    return _scratch[-1] if _scratch else {}


class Reader(threading.Thread):
    """Read one stream to its end: whole lines, decoded, masked, told."""

    def __init__(self, stream: IO[bytes], source: str, *, tell: bool) -> None:
        """Begin; with ``tell`` each line is an event as soon as it is there."""
        super().__init__(daemon=True)
        self._stream, self._source, self._tell = stream, source, tell
        self._lines: list[str] = []
        self.start()

    def run(self) -> None:
        """Read until the last writer has closed the stream."""
        with self._stream:
            for raw in self._stream:
                line = MASK(raw.decode("utf-8", "replace"))
                self._lines.append(line)
                if self._tell:
                    events.emit(events.Output(self._source, line.rstrip("\r\n")))

    def text(self) -> str:
        """Return what was read, once the stream has ended or nobody of ours can still write to it."""
        self.join(DRAIN)
        return "".join(self._lines)
