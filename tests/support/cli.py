"""The product, run as a person runs it: a process of its own, with a terminal or without one."""

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

__all__ = ["CTRL_C", "CTRL_D", "HURRIED", "INVOKE", "RELEASE_RECIPES", "Cli", "Result", "posix", "without_log"]

# -P keeps the project's folder off sys.path, as the console scripts do.
RELEASE_RECIPES: Final = (sys.executable, "-P", "-m", "release_recipes")
"""What the console script runs."""
HURRIED: Final = (sys.executable, "-P", str(Path(__file__).with_name("hurried.py")))
"""The product in a hurry, as a script."""

INVOKE: Final = (sys.executable, "-P", "-m", "invoke")
"""Invoke itself, for a project whose `tasks.py` has the recipes."""

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals of this kind")
"""For a test that needs a terminal."""

CTRL_C: Final = "\x03"
"""What a terminal takes for an interrupt."""
CTRL_D: Final = "\x04"
"""What a terminal takes for the end of the input."""

_NOTHING: Mapping[str, str] = MappingProxyType({})
_SECONDS: Final = 120
_ESCAPE: Final = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[@-Z\\^_])")
"""Escape sequences of terminals: ECMA-48's control sequences, titles and links, and the short ones."""


_PUBLIC: Final = re.compile(r"(?m)^(?:\x1b\[\d+m)*   public: ([^\n\x1b]*)(?:\x1b\[\d+m)*\n")
"""The line under an error that says what is public."""

_DOCS: Final = Path(__file__).parents[2] / "docs"

_LOG: Final = re.compile(r"(?m)^(?:\x1b\[\d+m)*   log: (?:\x1b\[\d+m)*([^\n\x1b]*\.jsonl)(?:\x1b\[\d+m)*\n")
"""The line under an error that says where its log is."""


_SCHEMA: Final = Draft202012Validator(json.loads((_DOCS / "reference" / "document.schema.json").read_text("utf-8")))
"""What every document is like."""

_MORE: Final = re.compile(r"(?m)^(?:\x1b\[\d+m)*   more: \S+ explain [^\n]*\n")
"""The line under an error that says how to have it explained."""


def without_log(text: str) -> str:
    """Return what a command said without the lines below an error: its log, what is public, its page."""
    for line in (_PUBLIC, _LOG, _MORE):
        text = line.sub("", text)
    return text


@dataclass(frozen=True)
class Result:
    """What a command came to."""

    code: int
    """As Python tells it: negative after a signal."""
    out: str
    """All that a terminal showed, where there was one; its line ends are plain."""
    err: str
    """Without the line that says where the log is."""
    log: str = ""
    """What that line says."""
    public: str = ""
    """What the line under an error says that tells what is public; it is not in the streams either."""

    @classmethod
    def of(cls, code: int, out: str, err: str) -> "Result":
        """Take the lines under an error out of both streams; a terminal has one stream for both."""
        log, public = ((line.search(err) or line.search(out) or ["", ""])[1] for line in (_LOG, _PUBLIC))
        return cls(code, without_log(out), without_log(err), log, public)

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON document on standard output."""
        document: dict[str, Any] = json.loads(self.out)
        _SCHEMA.validate(document)
        return document

    @property
    def plain(self) -> str:
        """Standard output without colours and movements of the cursor."""
        return _plain(self.out)


@dataclass(frozen=True)
class Cli:
    """A command in the environment of the test, with the variables of a call added to it."""

    command: Sequence[str] = RELEASE_RECIPES

    def __call__(self, *arguments: str, cwd: Path, env: Mapping[str, str] = _NOTHING) -> Result:
        """Run the command without a terminal and without input."""
        process = self.start(*arguments, cwd=cwd, env=env)
        with _ended(process):
            out, err = process.communicate(timeout=_SECONDS)
        return Result.of(process.returncode, out, err)

    def start(self, *arguments: str, cwd: Path, env: Mapping[str, str] = _NOTHING) -> subprocess.Popen[str]:
        """Start the command without a terminal, for a test that kills or interrupts it."""
        return subprocess.Popen(
            [*self.command, *arguments],
            cwd=cwd,
            env=_variables() | dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            # Without this it could ask on the terminal of the person who runs the tests.
            start_new_session=True,
        )

    def terminal(
        self,
        *arguments: str,
        cwd: Path,
        env: Mapping[str, str] = _NOTHING,
        answers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        columns: int = 200,
    ) -> Result:
        """Run the command on a terminal of its own, POSIX only, and type each answer when its question is shown.

        The questions are pieces of what is shown, in the order in which they are asked. The answer `CTRL_C` interrupts,
        and `CTRL_D` ends the input. By default it is wide enough that no question is broken.

        Raises:
            AssertionError: The command ended before it asked.

        """
        master, terminal = os.openpty()
        try:
            process = subprocess.Popen(
                [sys.executable, "-c", _TAKE_TERMINAL % columns, *self.command, *arguments],
                cwd=cwd,
                env=_variables() | {"TERM": "xterm-256color"} | dict(env),
                stdin=terminal,
                stdout=terminal,
                stderr=terminal,
                start_new_session=True,
            )
            os.close(terminal)
            with _ended(process):
                shown = _converse(master, [*answers.items()] if isinstance(answers, Mapping) else [*answers])
        finally:
            os.close(master)
        return Result.of(process.returncode, shown.replace("\r\n", "\n"), "")


# Only a session's first process can take a terminal, and git asks nowhere else.
_TAKE_TERMINAL = """\
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
termios.tcsetwinsize(0, (50, %d))
os.execvp(sys.argv[1], sys.argv[1:])
"""


def _converse(master: int, answers: list[tuple[str, str]]) -> str:
    """Read what a terminal shows until the last process has left it, and type the answers."""
    deadline = time.monotonic() + _SECONDS
    shown = since_answer = b""
    while chunk := _read(master, deadline, shown):
        shown += chunk
        since_answer += chunk
        if answers and answers[0][0] in _plain(_text(since_answer)):
            os.write(master, f"{answers.pop(0)[1]}\r".encode())  # what the key sends
            since_answer = b""
    if answers:
        message = f"Never asked: {answers[0][0]}\n{_text(shown)}"
        raise AssertionError(message)
    return _text(shown)


def _read(master: int, deadline: float, shown: bytes) -> bytes:
    """Return what a terminal shows next, or nothing when the last process has left it."""
    readable, _, _ = select.select([master], [], [], max(0, deadline - time.monotonic()))
    if not readable:
        message = f"The terminal was silent until {_SECONDS} s were over.\n{_text(shown)}"
        raise TimeoutError(message)
    try:
        return os.read(master, 65536)
    except OSError:
        # Linux says EIO where others return nothing.
        return b""


def _text(shown: bytes) -> str:
    """Return what was shown as text; the end can be half a character."""
    return shown.decode("utf-8", "replace")


def _plain(text: str) -> str:
    """Return a text without colours and movements of the cursor."""
    return _ESCAPE.sub("", text)


def _variables() -> dict[str, str]:
    """Return the environment of the test, without what would tell a project's own pytest that it runs inside of one."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}


@contextlib.contextmanager
def _ended(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> Iterator[None]:
    """Wait for a process at the end, and kill it with its group when something goes wrong before."""
    with process:
        try:
            yield
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                process.kill() if sys.platform == "win32" else os.killpg(process.pid, signal.SIGKILL)
            raise
