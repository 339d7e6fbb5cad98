"""Run a program to its end.

A program that may ask the user (``interactive``) runs in the foreground with the terminal and without a timeout;
without a terminal it gets no input and fails immediately.
"""

import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from release_recipes import events
from release_recipes.errors import CommandFailed, CommandTimedOut
from release_recipes.processes import process
from release_recipes.processes.environment import environment, shown
from release_recipes.secrets.mask import MASK


@dataclass(frozen=True)
class Completed:
    """A process that has ended, and its output (masked)."""

    argv: tuple[str, ...]
    code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """Both streams, standard output first."""
        return "\n".join(part for part in (self.stdout.rstrip("\n"), self.stderr.rstrip("\n")) if part)


def has_terminal() -> bool:
    """Return whether the user can be asked: standard input and standard error are a terminal."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def is_unseen() -> bool:
    """Return whether somebody types who does not see a question: standard error is not the terminal."""
    return sys.stdin is not None and sys.stdin.isatty() and not has_terminal()


def run(  # noqa: PLR0913 - every parameter is one property of a process
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    path: Path | None = None,
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
        cwd: The folder in which it runs.
        env: Variables in addition to :func:`~release_recipes.processes.environment.environment`.
        path: A folder of programs that comes first on PATH.
        forge: Whether the forge's credentials stay in its environment.
        feed: Its standard input.
        timeout: Seconds after which it is ended with all its children; ignored in the foreground.
        interactive: Whether it may ask the user.
        check: Whether an exit code other than 0 raises.
        tell: Whether it runs code of the project: its lines are emitted as :class:`~release_recipes.events.Output`
            while it runs (:class:`~release_recipes.events.Exited` follows), and its temporary files are in the
            workspace. Other programs, such as a push, are waited for
            by the next run if we are killed.

    Raises:
        ProgramMissing: It cannot be started.
        CommandFailed: Its exit code is not 0, and ``check`` is set.
        CommandTimedOut: It did not end in time, and was ended with its children.
        Interrupted: The release is being stopped.
    """
    foreground = interactive and has_terminal()
    with events.effect(shown(argv)):
        told = {"PYTHONUNBUFFERED": "1", **process.scratch_variables()} if tell else {}
        variables = environment({**told, **(env or {})}, forge=forge)
        if path:
            variables["PATH"] = os.pathsep.join([str(path), variables["PATH"]])
        if foreground and os.name != "nt":
            with contextlib.suppress(OSError):  # a terminal without a name, as in some containers
                variables.setdefault("GPG_TTY", os.ttyname(sys.stderr.fileno()))  # gpg's own input is not a terminal
        child = process.start(argv, cwd, variables, foreground=foreground, fed=bool(feed), inherits=not tell)
        source = argv[argv.index("-m") + 1] if argv[0] == sys.executable and "-m" in argv else argv[0]
        pipes = [pipe for pipe in (child.stdout, child.stderr) if pipe]
        streams = [process.Reader(pipe, source, tell=tell, run=child.pid) for pipe in pipes]
        try:
            if child.stdin:
                with contextlib.suppress(BrokenPipeError), child.stdin as stdin:
                    stdin.write(feed.encode())
            code = child.wait(None if foreground else timeout)
        except process.TimeoutExpired:
            process.end(child)
            said = "\n".join(reader.text() for reader in streams)
            raise CommandTimedOut(tuple(map(MASK, argv)), timeout or 0, said) from None
        except BaseException:
            process.end(child)
            raise
        finally:
            if tell:
                process.end(child)  # what tests or hooks left running, such as a server
                texts = [reader.text() for reader in streams]
                events.emit(events.Exited(child.pid, shown(argv)))
            process.forget(child)
        stdout, stderr = texts if tell else [reader.text() for reader in streams]
        done = Completed(tuple(map(MASK, argv)), code, stdout, stderr)
        process.not_stopping()
        if check and code != 0:
            raise CommandFailed(done.argv, code, done.output)
    return done


def read(
    argv: Sequence[str],
    *,
    cwd: Path,
    feed: bytes = b"",
    env: Mapping[str, str] | None = None,
    forge: bool = False,
    timeout: float | None = None,
) -> bytes:
    """Return the output of a program as bytes, unmasked: for scans and hashes, and never shown.

    The arguments are those of :func:`run`.

    Raises:
        CommandFailed: Its exit code is not 0.
        CommandTimedOut: It did not end in time, and was ended with its children.
        Interrupted: The release is being stopped.
    """
    with events.effect(shown(argv)):
        child = process.start(argv, cwd, environment(env, forge=forge), fed=True)
        try:
            stdout, stderr = child.communicate(feed, timeout)
        except process.TimeoutExpired:
            process.end(child)
            raise CommandTimedOut(tuple(map(MASK, argv)), timeout or 0, "") from None
        except BaseException:
            process.end(child)
            raise
        finally:
            process.forget(child)
        process.not_stopping()
        if child.returncode != 0:
            raise CommandFailed(tuple(map(MASK, argv)), child.returncode, MASK(stderr.decode("utf-8", "replace")))
    return stdout
