"""Start a process, read its output, and end it. Only this module starts processes.

A process gets an argument list (never a shell string), an environment without credentials, and its own process group,
so that it ends with its children when we are stopped. Its output is decoded, masked and emitted line by line.
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

#: Seconds to wait for the end of the output after the process has ended: a daemon may have inherited the pipe.
DRAIN = 2.0

#: Seconds for a process group to end before it is killed.
GRACE = 3.0

#: The reason if a process is not started any more.
_END = "the end of the release"

_live: set[subprocess.Popen[bytes]] = set()
_lock = threading.RLock()  # a signal may arrive while the main thread holds it
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
        cwd: The folder in which it runs.
        env: Its complete environment.
        foreground: Whether it stays in our process group, to use the terminal, which belongs to a single group.
        fed: Whether its standard input is written to; otherwise it has none, or the terminal in the foreground.
        inherits: Whether it inherits the descriptors of :func:`inherited`.

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
    variables = {name: _encoded(value) for name, value in env.items()}
    stdin = subprocess.PIPE if fed else None if foreground else subprocess.DEVNULL
    with _lock:
        not_stopping()
        try:
            process = subprocess.Popen(  # noqa: S603 - an argument list, never a shell
                [_encoded(word) for word in argv], cwd=cwd, env=variables, stdin=stdin, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, **options,  # type: ignore[call-overload,unused-ignore]
            )  # fmt: skip
        except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
            if not cwd.is_dir():
                raise
            raise ProgramMissing(str(argv[0])) from error
        _live.add(process)
    return process  # type: ignore[no-any-return,unused-ignore]


def _encoded(text: str) -> str | bytes:
    """Return a text as a process is given it: in UTF-8 if the locale cannot encode it."""
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")
    return text


def forget(process: subprocess.Popen[bytes]) -> None:
    """Forget a process that has ended."""
    with _lock:
        _live.discard(process)


def not_stopping() -> None:
    """Raise if the release is being stopped.

    Raises:
        Interrupted: It is.
    """
    if _stopping.is_set():
        raise Interrupted(_END)


def stop_all() -> None:
    """End every running process with its children, and start no more processes."""
    _stopping.set()
    with _lock:
        running = list(_live)
    end(*running)


def end(*processes: subprocess.Popen[bytes]) -> None:
    """End processes and their children: terminate them, then kill them."""
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
    """Signal the group of a process; a process in the foreground shares our group, and is signalled alone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if process.poll() is None and os.getpgid(process.pid) != process.pid:
            process.send_signal(number)
        else:
            os.killpg(process.pid, number)


def _lives(group: int) -> bool:
    """Return whether a group has a process that is not a zombie, which some containers do not reap."""
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
    return not statuses  # without /proc, the signal decides


@contextlib.contextmanager
def inherited(descriptor: int) -> Iterator[None]:
    """Let processes inherit a descriptor, so that a lock on it is held until the last of them has ended.

    Code of the project does not inherit it: a server that its tests leave behind would hold the lock.
    """
    _inherited.append(descriptor)
    try:
        yield
    finally:
        _inherited.remove(descriptor)


@contextlib.contextmanager
def scratch(folder: Path) -> Iterator[None]:
    """Put temporary files of the project's code into a folder, since killed processes cannot remove them."""
    _scratch.append(dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder)))
    try:
        yield
    finally:
        _scratch.pop()


def scratch_variables() -> dict[str, str]:
    """Return the variables for temporary files in the folder of :func:`scratch`."""
    return _scratch[-1] if _scratch else {}


class Reader(threading.Thread):
    """Reads a stream to its end, line by line, decoded and masked."""

    def __init__(self, stream: IO[bytes], source: str, *, tell: bool, run: int = 0) -> None:
        """Start to read; with ``tell``, each line is an event immediately, of the given run."""
        super().__init__(daemon=True)
        self._stream, self._source, self._tell, self._run = stream, source, tell, run
        self._lines: list[str] = []
        self.start()

    def run(self) -> None:
        """Read until the last writer has closed the stream."""
        with self._stream:
            for raw in self._stream:
                line = MASK(raw.decode("utf-8", "replace"))
                self._lines.append(line)
                if self._tell:
                    events.emit(events.Output(self._source, line.rstrip("\r\n"), self._run))

    def text(self) -> str:
        """Return the text, when the stream has ended or after a short wait."""
        self.join(DRAIN)
        return "".join(self._lines)
