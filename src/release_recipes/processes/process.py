"""Processes: the only module that starts one, and that ends those which run.

A process gets an argument list (never a shell string), an environment without credentials, and its own process
group, so that whatever stops us stops it and its children. What it writes is decoded, masked and told line by line.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from subprocess import TimeoutExpired
from typing import IO, TYPE_CHECKING, Any

from release_recipes import events
from release_recipes.errors import Interrupted, ProgramMissing
from release_recipes.programs import guard
from release_recipes.secrets.mask import MASK
from release_recipes.secrets.token import read_environment, without_credentials

__all__ = [
    "Reader", "TimeoutExpired", "end", "environment", "forget", "guarded", "not_stopping", "scratch",
    "scratch_variables", "shown", "start", "stop_all", "tell_guard",
]  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

#: Seconds to wait for the end of the output once the process is gone: a daemon may have inherited the pipe.
DRAIN = 2.0

#: What git's own hooks and outer tools leave behind, and what would change a release silently.
_MISLEADING = frozenset(
    {
        *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_PREFIX"),
        *("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS"),
        *("GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE", "GIT_SHALLOW_FILE", "GIT_REPLACE_REF_BASE"),
        *(
            "GIT_AUTHOR_DATE",
            "GIT_COMMITTER_DATE",
            "PYTHONPATH",
            "PYTHONHOME",
            "SOURCE_DATE_EPOCH",
            "__PYVENV_LAUNCHER__",
        ),
    }
)

#: What interrupted a process that was not to be started any more.
_END = "the end of the release"

_live: set[subprocess.Popen[bytes]] = set()
_lock = threading.RLock()  # a signal may come while its holder is the main thread
_stopping = threading.Event()
_guards: list[IO[bytes]] = []
_scratch: list[dict[str, str]] = []


def shown(argv: Sequence[str]) -> str:
    """Return a command as a person would type it, masked."""
    words = ["python" if word == sys.executable else word for word in argv]
    return MASK(subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words))


def environment(extra: Mapping[str, str] | None = None, *, forge: bool = False) -> dict[str, str]:
    """Return the environment for a process: ours, without credentials and without what misleads git or Python.

    Our own programs (uv, nox) come first on the path, so that they are found although no environment is active.
    """
    kept = without_credentials(read_environment(), forge=forge)
    clean = {n: v for n, v in kept.items() if n not in _MISLEADING and not n.startswith("BUMPVERSION_")}
    scripts = os.path.dirname(sys.executable)  # noqa: PTH120 - Path.parent would resolve nothing more
    clean["PATH"] = os.pathsep.join([scripts, clean.get("PATH", os.defpath)])
    return clean | dict(extra or {})


def start(
    argv: Sequence[str], cwd: Path, env: Mapping[str, str], *, foreground: bool, fed: bool
) -> subprocess.Popen[bytes]:
    """Start the process in its own group, or in ours where a person is asked (a terminal belongs to one group)."""
    options: dict[str, object] = {}
    if os.name == "nt":
        options["creationflags"] = 0 if foreground else subprocess.CREATE_NEW_PROCESS_GROUP  # type: ignore[attr-defined,unused-ignore]
    else:
        options |= {"start_new_session": not foreground, "umask": 0o022}
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
    """Know no more of a process that is over."""
    with _lock:
        _live.discard(process)
    tell_guard(f"- {process.pid}")


def not_stopping() -> None:
    """See that nothing is being stopped.

    Raises:
        Interrupted: The release is.
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
    """End processes and their children: politely, then for certain."""
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
        deadline = time.monotonic() + guard.GRACE
        while any(process.poll() is None or guard.lives(process.pid) for process in processes):
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


@contextlib.contextmanager
def guarded(descriptor: int | None) -> Iterator[None]:
    """Have a :mod:`~release_recipes.programs.guard` see to our children, should we be killed inside the block.

    Args:
        descriptor: A lock that it keeps until the last of them has ended.
    """
    inherited: dict[str, Any] = {"pass_fds": (descriptor,)} if descriptor is not None else {}
    process = subprocess.Popen(  # noqa: S603 - our own words
        [sys.executable, "-I", "-S", guard.__file__],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, bufsize=0,
        env=environment(), start_new_session=True, **inherited,
    )  # fmt: skip
    with process, process.stdin as stdin:  # type: ignore[union-attr]
        _guards.append(stdin)
        try:
            yield
        finally:
            _guards.remove(stdin)


def scratch_variables() -> dict[str, str]:
    """Return what has a process keep its temporary files in the folder of :func:`scratch`."""
    return _scratch[-1] if _scratch else {}


def tell_guard(line: str) -> None:
    """Tell of a process group that began or ended."""
    with _lock:
        for pipe in _guards[-1:] if line else ():
            with contextlib.suppress(OSError, ValueError):
                pipe.write(f"{line}\n".encode())


@contextlib.contextmanager
def scratch(folder: Path) -> Iterator[None]:
    """Have the project's own long work keep its temporary files in a folder: who is ended cannot clear up any more."""
    _scratch.append(dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder)))
    try:
        yield
    finally:
        _scratch.pop()


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
