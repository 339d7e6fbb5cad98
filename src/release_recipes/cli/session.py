"""The session of a task: signals, the exit code, the output, the JSON document.

The user sees no traceback: our errors are shown as a message and a hint, and any other error as a bug. The exit code is
decided here, from one fact: does a record wait?
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import secrets
import signal
import sys
import time
import traceback
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, ClassVar, Self

from release_recipes import events, forge
from release_recipes.cli.console import Console, closed
from release_recipes.cli.forge import Job
from release_recipes.cli.history import TASKS, History
from release_recipes.cli.log import TASKS as LOGGED
from release_recipes.cli.log import Log
from release_recipes.cli.notify import TASKS as TOLD
from release_recipes.cli.notify import Notifier
from release_recipes.cli.report import Report
from release_recipes.errors import REPEATED, Interrupted, ReleaseError, StoppedWatching, WrongUsage, typed
from release_recipes.index.retry import PATIENCE, Patience
from release_recipes.processes import process
from release_recipes.processes.run import has_terminal, is_unseen
from release_recipes.secrets.mask import MASK, masked_output
from release_recipes.settings import hold_dotenv
from release_recipes.state.atomic import write_atomically
from release_recipes.state.history import usual

if TYPE_CHECKING:
    from release_recipes.commands.checkout import Checkout

#: The signals that end a task: Ctrl-C, a supervisor, a closed terminal (SIGHUP is POSIX, SIGBREAK is Windows).
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")

_UNFINISHED = 3

#: The tasks after whose failure a user wants to know what is public.
_PUBLISHING = TOLD | {"upload"}


class Session:
    """The context in which a task runs."""

    #: The timeouts and retries; tests use shorter ones.
    patience: ClassVar[Patience] = PATIENCE

    def __init__(self, task: str, *, json: bool, project: str = "", acts: bool = True) -> None:
        """Prepare the output; with ``json``, standard output is for the document only.

        Args:
            task: The task's name.
            json: Whether standard output is for the document only.
            project: The value of ``--project``; empty if it was not given.
            acts: Whether it may change something, which is false for a dry run.
        """
        self._task, self._json, self._project, self._acts = task, json, project, acts
        self._began = time.monotonic()
        self._started = events.TaskStarted(task, secrets.token_hex(4))
        REPEATED[:] = ["--project", project] if project else []
        self._stdout = sys.stdout
        #: The report of the task; its outcome is set after the command.
        self.report = Report()
        self._console = Console(to_stderr=json)
        self._job = Job(task, json=json)
        self._log = Log(self._started)
        self._checkout: Checkout | None = None
        self._signal = ""
        self._listening = contextlib.ExitStack()

    @property
    def checkout(self) -> Checkout:
        """The checkout around the current folder, or of the project that was named.

        Raises:
            NoRepository: There is none.
            WrongUsage: There is no such project.
            InvalidSetting: Its settings cannot be used.
        """
        if self._checkout is None:
            from release_recipes.commands.checkout import User, find

            # Some runners give jobs a terminal, at which nobody sits.
            is_job = forge.current() is not None
            user = User(has_terminal() and not is_job, self._console.confirm, unseen=is_unseen() and not is_job)
            self._checkout = find(Path.cwd(), user, self.patience, self._project)
            self._console.verbose = self._checkout.settings.verbose_output
            if self._acts and self._task in LOGGED:
                self._listening.callback(self._log.close)
                kept = self._log.keep(self._checkout.state.top)
                self.report.facts["log"] = str(kept) if kept else None
            if self._acts and self._task in TOLD:
                notifier = Notifier(self._checkout, self.report)
                self._listening.enter_context(events.listening(notifier.hear))
            if self._acts and self._task in TASKS:
                history = History(self._checkout.state, self._started)
                history.begin(self._checkout.git)
                self._listening.enter_context(events.listening(history.hear))
            if self._console.moves:
                self._console.usual = usual(self._checkout.state.top, self._checkout.state.below)
        return self._checkout

    def log_to(self, name: str) -> None:
        """Write a log to a file of the user's.

        Raises:
            WrongUsage: It cannot be written, or LOG_FORMAT or LOG_LEVEL have a wrong value.
        """
        self._listening.callback(self._log.close)
        self._log.write_to(name)

    def __enter__(self) -> Self:
        """Listen to events and signals."""
        # At its end, Python looks through every object for garbage: 40 ms after an upload, for nothing.
        atexit.register(gc.freeze)
        for hear in (self.report.hear, self._console.hear, self._log.hear):
            self._listening.enter_context(events.listening(hear))
        self._listening.enter_context(self._job.listening())
        self._listening.enter_context(masked_output())
        for number in (getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)):
            # A signal that our parent process ignores, as with nohup, stays ignored.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._stop)
        with contextlib.suppress(OSError):  # such as a current folder that was deleted, which the task tells
            hold_dotenv(Path.cwd(), self._project)
        events.emit(self._started)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Show the result, and end the process with its exit code."""
        self._console.quiet()
        waits = self._checkout is not None and self._checkout.waits()
        if error is not None and self._signal and self.report.is_released and not waits:
            # The signal came after the last step; only the output was interrupted.
            self.report.outcome = "released"
            error = None
        if error is None:
            self._finish()
            return
        if isinstance(error, SystemExit) and not waits:
            self._listening.close()
            return
        told = self._told(error, waits=waits)
        told.may_be_public = told.may_be_public or getattr(error, "may_be_public", False)
        in_part = (waits or told.may_be_public) and not isinstance(told, WrongUsage)
        code = _UNFINISHED if in_part or self.report.released else told.exit_code
        self.report.fail(told, code, in_part=in_part)
        self._console.error(told)
        # An interruption says it itself.
        says_all = isinstance(told, WrongUsage | Interrupted) or not self.report.has_begun
        if self._task in _PUBLISHING and (self.report.released or not says_all):
            self._console.more("public", self.report.public(self._task), fold=6)
        packages = self.report.facts.get("packages", {})
        if (left := ", ".join(packages.get("left", ()))) and not isinstance(told, WrongUsage):
            first = f"first {typed('resume')}, then" if waits else "once that is repaired and committed"
            go_on = f"; to go on, {first}: {packages['next']}" if self._task in _PUBLISHING else ""
            self._console.more("left", f"{left}{go_on}", fold=6)
        if (log := self.report.facts["log"]) and not isinstance(told, WrongUsage):
            self._console.where("log", Path(log))
        self._name_more(told)
        self._finish(told, code)
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        if self._signal:
            # A thread may still wait for an index; temporary files are removed, so nothing is lost.
            os._exit(code)
        sys.exit(code)

    def _name_more(self, told: ReleaseError) -> None:
        """Name the command that explains an error, if there is more to say."""
        names = {each.check for each in told.findings if each.check}
        if len(names) > 1:
            self._console.more("more", f"{typed('explain', 'NAME')}, with a name in brackets")
        elif names and type(told) not in {ReleaseError, WrongUsage}:
            from release_recipes.commands.explain import sections

            for name in names & sections().keys():
                self._console.more("more", typed("explain", name))

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        """End every child process and stop; a second signal is ignored."""
        if self._signal:
            return
        self._signal = signal.Signals(number).name
        self._console.quiet()
        if self._console.moves:
            with contextlib.suppress(OSError):  # not by a stream, which may be in use
                os.write(2, b"\nstopping, which may take some seconds\n")
        process.stop_all()
        raise KeyboardInterrupt

    def _told(self, error: BaseException, *, waits: bool) -> ReleaseError:
        """Return the error that the user sees."""
        again = f"finish it: {typed('resume')}" if waits else "run the same command again."
        if isinstance(error, StoppedWatching):
            return error
        if self._signal or isinstance(error, KeyboardInterrupt):
            uploaded = "upload" in self.report.states and self._task != "rehearse"
            public = uploaded or getattr(error, "may_be_public", False)
            released = ", ".join(self.report.released)
            return Interrupted(self._signal or "SIGINT", waits=waits, may_be_public=public, released=released)
        if isinstance(error, ReleaseError):
            return error
        if isinstance(error, OSError):
            where = f" ({error.filename})" if error.filename else ""
            return ReleaseError(f"{error.strerror or error}{where}.", f"Fix that, then {again}")
        message = f"release-recipes has a bug: {type(error).__name__}: {MASK(str(error))}"
        return ReleaseError(message, f"Please report it with {self._traceback(error)}; then {again}")

    def _traceback(self, error: BaseException) -> str:
        """Write the traceback to a file, and return its path; without a repository, return its last line."""
        text = MASK("".join(traceback.format_exception(error)))
        if self._checkout is None:
            return text.strip().splitlines()[-1]
        path = self._checkout.state.folder / "bug.txt"
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, text)
        return str(path)

    def _finish(self, error: ReleaseError | None = None, exit_code: int = 0) -> None:
        said = (error.message, error.hint) if error else ("", "")
        seconds = time.monotonic() - self._began
        ended = events.TaskEnded(self._task, self._started.run, self.report.outcome, exit_code, seconds, *said)
        with self._listening:
            events.emit(ended)
            self._job.finish(self.report, error)
        if self._json:
            document = MASK(json.dumps(self.report.document(), indent=2, ensure_ascii=False))
            document = document.replace("##[", r"##\u005b")  # the runner of GitHub would take it for a command
            try:
                print(document, file=self._stdout, flush=True)
            except BrokenPipeError:
                closed(self._stdout)
