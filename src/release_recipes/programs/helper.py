"""A helper process that answers each line with a line, and that starts in advance."""

import atexit
import contextlib
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, cast

from release_recipes import events
from release_recipes.errors import CommandFailed, CommandTimedOut
from release_recipes.processes import process
from release_recipes.processes.environment import shown
from release_recipes.secrets.mask import MASK


class Helper:
    """A helper process."""

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str]) -> None:
        """Start it.

        Args:
            argv: The program and its arguments.
            env: Its whole environment.

        Raises:
            Interrupted: The release is being stopped.
        """
        self._asking = threading.Lock()
        self._is_late = False
        self._process = process.start(argv, Path(__file__).parent, env, fed=True)
        self._said = process.Reader(cast("IO[bytes]", self._process.stderr), argv[-1], tell=False)
        atexit.register(self._kill)

    @property
    def lives(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def ask(self, question: str, argv: Sequence[str], timeout: float) -> str:
        """Send a line, and return the answer; only one question at a time.

        Args:
            question: A line, without the line break.
            argv: The command as a user would type it.
            timeout: Seconds for the answer; after that, the process is ended.

        Raises:
            CommandFailed: The process ended.
            CommandTimedOut: There was no answer in time; the process was ended.
            Interrupted: The release is being stopped.
        """
        with self._asking, events.effect(shown(argv)):
            alarm = threading.Timer(timeout, self._late)
            alarm.daemon = True
            alarm.start()
            try:
                with contextlib.suppress(OSError):
                    stdin = cast("IO[bytes]", self._process.stdin)
                    stdin.write(f"{question}\n".encode())
                    stdin.flush()
                answer = cast("IO[bytes]", self._process.stdout).readline()
            except BaseException:
                self._close()
                raise
            finally:
                alarm.cancel()
            process.not_stopping()
            if answer.endswith(b"\n"):
                return MASK(answer.decode("utf-8", "replace"))
            self._close()
            if self._is_late:
                raise CommandTimedOut(argv, timeout, self._said.text())
            raise CommandFailed(argv, self._process.wait(), self._said.text())

    def _kill(self) -> None:
        """Kill the process, which has nothing to lose."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _late(self) -> None:
        self._is_late = True
        self._close()

    def _close(self) -> None:
        """End the process and its children: a late answer would be mistaken for the next one."""
        process.end(self._process)
        process.forget(self._process)
