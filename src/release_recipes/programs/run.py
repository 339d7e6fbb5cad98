"""Start processes: the only place that does.

A process gets an argument list (never a shell string), an environment without credentials, and its own process
group, so that whatever stops us stops it and its children. What it writes is decoded, masked and told line by line.
A process that may ask a person (``interactive``) runs in the foreground with the terminal and without a time-out;
without a terminal it gets no input and fails at once.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import queue
import shlex
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from release_recipes import events
from release_recipes.errors import CommandFailed, CommandTimedOut, Interrupted, ProgramMissing
from release_recipes.programs import guard
from release_recipes.tokens import MASK, read_environment, without_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

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


@dataclass(frozen=True)
class Completed:
    """A process that has ended, and what it wrote (masked)."""

    argv: tuple[str, ...]
    code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """Both streams, standard output first."""
        return "\n".join(part for part in (self.stdout.rstrip("\n"), self.stderr.rstrip("\n")) if part)


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


def has_terminal() -> bool:
    """Say whether a person can be asked: standard input and error are a terminal."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def run(  # noqa: PLR0913 - every parameter is one property of a process
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    forge: bool = False,
    feed: str = "",
    timeout: float | None = None,
    interactive: bool = False,
    check: bool = True,
    tell: bool = False,
) -> Completed:
    """Run a program to its end.

    Args:
        argv: The program and its arguments.
        cwd: Where it runs.
        env: Variables on top of :func:`environment`.
        forge: Whether the forge's credentials stay in its environment.
        feed: What it reads on standard input.
        timeout: Seconds until it is ended, with all its children; ignored where a person is asked.
        interactive: Whether it may ask a person.
        check: Whether a code other than 0 raises.
        tell: Whether it is the project's own long work: its lines are told as :class:`~release_recipes.events.Output`
            while it runs, and it is ended when we are killed (anything else runs to its end).

    Raises:
        ProgramMissing: It cannot be started.
        CommandFailed: It ended with another code than 0, and ``check`` is set.
        CommandTimedOut: It did not end in time; it and its children are gone.
        Interrupted: The release is being stopped.
    """
    foreground = interactive and has_terminal()
    with events.effect(shown(argv)):
        variables = environment({**(_scratch[-1] if tell and _scratch else {}), **(env or {})}, forge=forge)
        if foreground and os.name != "nt":
            variables.setdefault("GPG_TTY", os.ttyname(sys.stderr.fileno()))  # its own input is no terminal
        process = _start(argv, cwd, variables, foreground=foreground, fed=bool(feed))
        _tell_guard(f"+ {process.pid} {'end' if tell else 'wait'}" if not foreground else "")
        source = argv[0] if argv[0] != sys.executable else argv[min(2, len(argv) - 1)]
        streams = [_Reader(stream, source, tell=tell) for stream in (process.stdout, process.stderr) if stream]
        try:
            if process.stdin:
                with contextlib.suppress(BrokenPipeError), process.stdin as stdin:
                    stdin.write(feed.encode())
            code = process.wait(None if foreground else timeout)
        except subprocess.TimeoutExpired:
            _end(process)
            said = "\n".join(reader.text() for reader in streams)
            raise CommandTimedOut(tuple(map(MASK, argv)), timeout or 0, said) from None
        except BaseException:
            _end(process)
            raise
        finally:
            with _lock:
                _live.discard(process)
            _tell_guard(f"- {process.pid}")
        stdout, stderr = (reader.text() for reader in streams)
        done = Completed(tuple(map(MASK, argv)), code, stdout, stderr)
        if _stopping.is_set():
            raise Interrupted(_END)
        if check and code != 0:
            raise CommandFailed(done.argv, code, done.output)
    return done


class Helper:
    """A process of ours that answers lines with lines until it is closed; it gets ready while we do something else."""

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str]) -> None:
        """Start it, with variables on top of :func:`environment`.

        Raises:
            Interrupted: The release is being stopped.
        """
        self._asking = threading.Lock()
        self._process = _start(argv, Path(guard.__file__).parent, environment(env), foreground=False, fed=True)
        self._answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._said = _Reader(cast("IO[bytes]", self._process.stderr), argv[-1], tell=False)
        threading.Thread(target=self._listen, daemon=True).start()
        atexit.register(self._process.kill)  # there is nothing that it could lose

    @property
    def lives(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def ask(self, question: str, argv: Sequence[str], timeout: float) -> str:
        """Ask one line, and return the answer; who asks at the same time waits.

        Args:
            question: A line without its end.
            argv: What a person would type for it.
            timeout: Seconds for the answer; then it is ended.

        Raises:
            CommandFailed: It ended instead.
            CommandTimedOut: There is no answer yet; it is gone.
            Interrupted: The release is being stopped.
        """
        with self._asking, events.effect(shown(argv)):
            _tell_guard(f"+ {self._process.pid} wait")
            try:
                with contextlib.suppress(OSError):
                    stdin = cast("IO[bytes]", self._process.stdin)
                    stdin.write(f"{question}\n".encode())
                    stdin.flush()
                answer = self._answers.get(timeout=timeout)
            except BaseException as error:
                self._close()
                if isinstance(error, queue.Empty):
                    raise CommandTimedOut(argv, timeout, self._said.text()) from None
                raise
            finally:
                _tell_guard(f"- {self._process.pid}")
            if answer is None:
                self._close()
            if _stopping.is_set():
                raise Interrupted(_END)
            if answer is None:
                raise CommandFailed(argv, self._process.wait(), self._said.text())
            return answer

    def _close(self) -> None:
        """End it, with what it may have started: an answer that comes too late would be taken for the next one's."""
        _end(self._process)
        with _lock:
            _live.discard(self._process)

    def _listen(self) -> None:
        with cast("IO[bytes]", self._process.stdout) as stream:
            for line in stream:
                self._answers.put(MASK(line.decode("utf-8", "replace")))
        self._answers.put(None)


def stop_all() -> None:
    """End every running process with its children, and start no other: the release is being stopped."""
    _stopping.set()
    with _lock:
        running = list(_live)
    _end(*running)


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


@contextlib.contextmanager
def scratch(folder: Path) -> Iterator[None]:
    """Have the project's own long work keep its temporary files in a folder: who is ended cannot clear up any more."""
    _scratch.append(dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder)))
    try:
        yield
    finally:
        _scratch.pop()


def _tell_guard(line: str) -> None:
    """Tell of a process group that began or ended."""
    with _lock:
        for pipe in _guards[-1:] if line else ():
            with contextlib.suppress(OSError, ValueError):
                pipe.write(f"{line}\n".encode())


def _start(
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
        if _stopping.is_set():
            raise Interrupted(_END)
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


def _end(*processes: subprocess.Popen[bytes]) -> None:
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


class _Reader(threading.Thread):
    """Read one stream to its end: whole lines, decoded, masked, told."""

    def __init__(self, stream: IO[bytes], source: str, *, tell: bool) -> None:
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
