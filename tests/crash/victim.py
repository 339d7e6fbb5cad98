"""Run release-recipes, and kill this very process (SIGKILL) at one of its effects.

``python victim.py N [--mutant NAME] [--log FILE] -- release --part minor …``

Points are counted from 1. A point comes directly before an effect: before a program is started or an address is asked,
as an event of :mod:`release_recipes.events` tells it, and before each change that the process itself makes to a file,
as Python's own audit hook tells it (a file opened for writing, a rename, a removal, a folder). After an upload or a
push there is one, too, since others may run in parallel. Between two points nothing changes, so each state of the world
is gone through once. The product knows nothing of this. With N = 0 it lives. The log gets a line for each event of an
effect or a step: the number of its point, or of the next one, and what it is.
"""

import importlib
import os
import signal
import sys
import threading
from pathlib import Path

from release_recipes import events

_TOLD = (events.Started, events.Ended, events.StepStarted, events.StepEnded)
#: What is asked of the repository on disk changes nothing; questions to the remote and the index are points, too.
_QUESTIONS = (
    *("git --no-optional-locks", "git rev-parse", "git symbolic-ref", "git merge-base"),
    *("git config --null --list", "git config --get"),
)
#: What is a point when it has ended, too.
_PUBLIC = ("POST", "git push")
_CHANGES = frozenset({"os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.copyfile", "shutil.rmtree"})
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Points:
    """Counts points, and ends it all at one of them."""

    def __init__(self, fatal: int, log: Path | None) -> None:
        """Choose the fatal point; 0 is none."""
        self._fatal = fatal
        self._count = 0
        self._lock = threading.RLock()
        # Opened before anything is counted.
        self._log = log.open("a", encoding="utf-8", buffering=1) if log else None

    def point(self, words: str) -> None:
        """Count one point."""
        with self._lock:
            self._write(words)
            self._count += 1
            if self._count == self._fatal:
                os.kill(os.getpid(), signal.SIGKILL)

    def _write(self, words: str) -> None:
        if self._log:
            line = words.replace("\n", " ")
            self._log.write(f"{self._count + 1} {line}\n")

    def hear(self, event: events.Event) -> None:
        """Count an event that tells of an effect, and write the others down."""
        if not isinstance(event, _TOLD):
            return
        words = event.what if isinstance(event, events.Started | events.Ended) else event.name
        if words.startswith(_QUESTIONS):
            return
        line = f"{type(event).__name__} {words}"
        if isinstance(event, events.Started) or (isinstance(event, events.Ended) and words.startswith(_PUBLIC)):
            self.point(line)
        else:
            with self._lock:
                self._write(line)

    def audit(self, name: str, arguments: tuple[object, ...]) -> None:
        """Count a change to a file that this process makes itself."""
        if name == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES:
            if isinstance(arguments[0], str) and _is_ours(arguments[0]):
                self.point(f"open {arguments[0]}")
        elif name in _CHANGES and arguments and _is_ours(path := str(arguments[0])):
            if name == "os.mkdir" and Path(path).is_dir():
                return  # it fails, and changes nothing
            self.point(f"{name} {path}")


def _is_ours(path: str) -> bool:
    """Say whether a path lies in the repository or among the temporary folders; bytecode is no effect."""
    return "release-recipes" in path and "__pycache__" not in path


def main() -> None:
    """Read the command line, subscribe, and be release-recipes."""
    cut = sys.argv.index("--")
    words, command = sys.argv[1:cut], sys.argv[cut + 1 :]
    options = dict(zip(words[1::2], words[2::2], strict=True))
    points = Points(int(words[0]), Path(options["--log"]) if "--log" in options else None)
    if "--mutant" in options:
        getattr(importlib.import_module("crash.mutants"), options["--mutant"])()
    events._listeners.append(points.hear)  # noqa: SLF001 - for the whole life of the process
    sys.addaudithook(points.audit)
    sys.argv = ["release-recipes", *command]
    from release_recipes.__main__ import main as product

    product()


if __name__ == "__main__":
    main()
