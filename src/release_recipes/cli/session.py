"""The session of one task: signals, exit code, what is shown and told, the JSON document.

No traceback leaves here: an error of ours is told as a sentence and a hint, and any other as a bug of ours. The exit
code is decided here, from one fact: does a record wait?
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, ClassVar, Self

from release_recipes import events
from release_recipes.cli.console import Console
from release_recipes.cli.history import History
from release_recipes.cli.report import Report
from release_recipes.errors import Interrupted, ReleaseError, WrongUsage, typed
from release_recipes.index.retry import PATIENCE, Patience
from release_recipes.processes import process
from release_recipes.processes.run import has_terminal
from release_recipes.secrets.mask import MASK, masked_output

if TYPE_CHECKING:
    from release_recipes.commands.checkout import Checkout

#: What ends a task in order: Ctrl-C, a supervisor, a closed terminal (Windows has no SIGHUP, others no SIGBREAK).
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")

_UNFINISHED = 3


class Session:
    """A context in which one task runs."""

    #: How long the world is waited for; whoever tests has less of it.
    patience: ClassVar[Patience] = PATIENCE

    def __init__(self, task: str, *, json: bool) -> None:
        """Prepare what is shown; with ``json`` standard output is kept for the document."""
        self._task, self._json = task, json
        self._stdout = sys.stdout
        #: What the task comes to; its outcome is set by whoever runs it.
        self.report = Report()
        self._console = Console(to_stderr=json)
        self._checkout: Checkout | None = None
        self._signal = ""
        self._listening = contextlib.ExitStack()

    @property
    def checkout(self) -> Checkout:
        """The checkout around the current folder.

        Raises:
            NoRepository: There is none.
            InvalidSetting: Its settings cannot be used.
        """
        if self._checkout is None:
            from release_recipes.commands.checkout import User, find

            user = User(has_terminal(), self._console.confirm)
            self._checkout = find(Path.cwd(), user, self.patience)
            self._console.verbose = self._checkout.settings.verbose_output
            if self._task != "rehearse":  # what is rehearsed did not happen
                self._listening.enter_context(events.listening(History(self._checkout.state).hear))
        return self._checkout

    def __enter__(self) -> Self:
        """Listen to events and signals."""
        self._listening.enter_context(events.listening(self.report.hear))
        self._listening.enter_context(events.listening(self._console.hear))
        self._listening.enter_context(masked_output())
        for number in (getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)):
            # What whoever started us chose to ignore, as nohup does, stays ignored.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._stop)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Tell what came of it, and end the process with the right code."""
        self._listening.close()
        self._console.quiet()
        waits = self._checkout is not None and self._checkout.state.waits()
        if error is not None and self._signal and self.report.is_released and not waits:
            # The signal came when all was done; only its telling was cut off.
            self.report.outcome = "released"
            error = None
        if error is None:
            self._print_document()
            return
        told = self._told(error, waits=waits)
        code = told.exit_code
        if (waits or told.may_be_public) and not isinstance(told, WrongUsage):
            code = _UNFINISHED
        self.report.fail(told, code)
        self._console.error(told)
        self._print_document()
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        if self._signal:
            # A thread may still wait for a silent index; all that is disposable is gone, so nothing is lost.
            os._exit(code)
        sys.exit(code)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        """End every child and leave; a second signal while that goes on does no harm."""
        if self._signal:
            return
        self._signal = signal.Signals(number).name
        self._console.quiet()
        process.stop_all()
        raise KeyboardInterrupt

    def _told(self, error: BaseException, *, waits: bool) -> ReleaseError:
        """Return the error that the user is told."""
        again = f"finish it: {typed('resume')}" if waits else "type the same command again."
        if self._signal or isinstance(error, KeyboardInterrupt):
            public = self._task != "rehearse" and self.report.has_uploaded
            return Interrupted(self._signal or "SIGINT", waits=waits, may_be_public=public)
        if isinstance(error, ReleaseError):
            return error
        if isinstance(error, OSError):
            where = f" ({error.filename})" if error.filename else ""
            return ReleaseError(f"{error.strerror or error}{where}.", f"Fix that, then {again}")
        message = f"release-recipes has a bug: {type(error).__name__}: {MASK(str(error))}"
        return ReleaseError(message, f"Please report it with {self._traceback(error)}; then {again}")

    def _traceback(self, error: BaseException) -> str:
        """Keep the traceback where it can be found; not on the screen, where it helps nobody."""
        text = MASK("".join(traceback.format_exception(error)))
        if self._checkout is None:
            return text.strip().splitlines()[-1]
        path = self._checkout.state.folder / "bug.txt"
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return str(path)

    def _print_document(self) -> None:
        if self._json:
            document = MASK(json.dumps(self.report.document(), indent=2, ensure_ascii=False))
            with contextlib.suppress(BrokenPipeError):
                print(document, file=self._stdout, flush=True)
