"""One task, face to face with a person or a program: console, report, signals, exit code.

No traceback leaves here: an error of ours is told as a sentence and a hint, and any other as a bug of ours.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Self

from release_recipes import events
from release_recipes.cli.console import Console
from release_recipes.cli.report import Report
from release_recipes.commands.checkout import nothing_waits, place
from release_recipes.errors import Interrupted, ReleaseError
from release_recipes.processes import process, run
from release_recipes.secrets.mask import MASK, masked_output

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType, TracebackType

    from release_recipes.commands.checkout import Place
    from release_recipes.plan import Request

#: What ends a task in order: Ctrl-C, a supervisor, a closed terminal (Windows has no SIGHUP, others no SIGBREAK).
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


class Face:
    """A context in which one task runs."""

    def __init__(self, *, json: bool) -> None:
        """Prepare what is shown; with ``json`` standard output is kept for the document."""
        self._json = json
        self._stdout = sys.stdout
        self._report = Report()
        self._console = Console(to_stderr=json)
        self._place: Place | None = None
        self._signal = ""
        self._listening = contextlib.ExitStack()

    # -- the context -------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        """Listen to events and signals."""
        self._listening.enter_context(events.listening(self._report.hear))
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
        if error is not None and self._signal and self._report.is_home and not self._waits():
            # The signal came when all was done; only its telling was cut off.
            self._done("released")
            error = None
        if error is None:
            self._print_document()
            return
        if isinstance(error, SystemExit):
            return
        told = self._told(error)
        self._report.fail(told)
        self._console.error(told)
        self._print_document()
        sys.stdout.flush()
        sys.stderr.flush()
        if self._signal:
            # A thread may still wait for a silent index; all that is disposable is gone, so nothing is lost.
            os._exit(told.exit_code)
        sys.exit(told.exit_code)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        """End every child and leave; a second signal while that goes on does no harm."""
        if self._signal:
            return
        self._signal = signal.Signals(number).name
        self._console.quiet()
        process.stop_all()
        raise KeyboardInterrupt

    def _told(self, error: BaseException) -> ReleaseError:
        """Return the error that a person is told."""
        waits = self._waits()
        if self._signal or isinstance(error, KeyboardInterrupt):
            return Interrupted(self._signal or "SIGINT", waits=waits)
        if isinstance(error, ReleaseError):
            return error
        if isinstance(error, OSError):
            where = f" ({error.filename})" if error.filename else ""
            hint = (
                "Finish it, once that is mended: invoke resume"
                if waits
                else "Mend that, and type the same command again."
            )
            return ReleaseError(f"{error.strerror or error}{where}.", hint, exit_code=3 if waits else 1)
        log = self._traceback(error)
        hint = f"Please report it with {log}." + (" Then try: invoke resume" if waits else "")
        return ReleaseError(
            f"release-recipes has a bug: {type(error).__name__}: {MASK(str(error))}", hint, exit_code=3 if waits else 1
        )

    def _waits(self) -> bool:
        """Say whether a record waits to be finished."""
        if self._place:
            with contextlib.suppress(ReleaseError):
                return bool(self._place.state.records())
        return False

    def _traceback(self, error: BaseException) -> str:
        """Keep the traceback where it can be found; not on the screen, where it helps nobody."""
        text = MASK("".join(traceback.format_exception(error)))
        if self._place is None:
            return text.strip().splitlines()[-1]
        path = self._place.state.folder / "bug.txt"
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return str(path)

    def _print_document(self) -> None:
        if self._json:
            document = MASK(json.dumps(self._report.document(), indent=2, ensure_ascii=False))
            print(document, file=self._stdout, flush=True)

    # -- what a task needs -------------------------------------------------------------------------------------------

    @staticmethod
    def request(part: str | None, new_version: str | None, *, test: bool = False, skip_tests: bool = False) -> Request:
        """Put flags together."""
        from release_recipes.plan import Request

        return Request(part=part, new_version=new_version, test=test, skip_tests=skip_tests)

    def _here(self) -> Place:
        self._place = place(Path.cwd())
        self._console.verbose = self._place.settings.verbose_output
        return self._place

    def _done(self, outcome: str) -> None:
        self._report.outcome = outcome

    # -- the tasks, each of which imports what it needs --------------------------------------------------------------

    def release(self, request: Request, *, dry_run: bool, yes: bool) -> None:
        """Release, or say how."""
        from release_recipes.commands import release as door

        here = self._here()
        if dry_run:
            described = door.dry_run(here, request)
            self._console.plan()
            self._console.steps(described)
            self._done("planned")
            return
        person = door.Person(run.has_terminal(), self._console.confirm, agrees=yes)
        self._done(door.release(here, request, person))
        self._console.line(f"{self._report.project} {self._report.version}: {self._report.outcome}", "bold")

    def rehearse(self, request: Request, *, dry_run: bool) -> None:
        """Rehearse a release."""
        from release_recipes.commands import rehearse as rehearsal

        here = self._here()
        if dry_run:
            described = rehearsal.dry_run(here, request)
            self._console.plan()
            self._console.steps(described)
            self._done("planned")
            return
        self._done(rehearsal.rehearse(here, request))
        self._console.table(self._report)

    def resume(self) -> None:
        """Finish what waits."""
        from release_recipes.ending import resume

        self._done(resume(self._here()))
        if self._report.outcome == "nothing-waits":
            self._console.line("Nothing waits to be finished.")

    def abandon(self, *, yes: bool) -> None:
        """Give up what waits."""
        from release_recipes.commands.abandon import abandon

        self._done(abandon(self._here(), yes=yes))
        if not self._report.steps:
            self._console.line("Nothing waits to be finished.")

    def status(self) -> None:
        """Show how the project stands."""
        from release_recipes.commands.status import status

        found = status(self._here())
        self._report.project, self._report.prior_version = found.project, found.prior
        self._done("unfinished" if found.waiting else "nothing-waits")
        self._console.status(found)

    def check(self, request: Request) -> None:
        """Look for every reason not to release."""
        from release_recipes.commands import release as door

        here = self._here()
        nothing_waits(here.state)
        door.checked(door.subject_of(here, request))
        self._console.plan()
        self._done("planned")

    def bump(self, request: Request) -> None:
        """Edit the version files."""
        from release_recipes.commands import preparing

        preparing.bump(self._here(), request)
        self._done("done")

    def test(self) -> None:
        """Run the tests."""
        from release_recipes.commands import preparing

        preparing.test(self._here())
        self._done("done")

    def build(self) -> None:
        """Fill ``dist/``."""
        from release_recipes.commands import preparing

        self._report.list_artifacts(preparing.build(self._here()))
        self._done("done")

    def validate(self, files: Sequence[str]) -> None:
        """Inspect distributions."""
        from release_recipes.commands import preparing

        self._report.list_artifacts(preparing.validate(self._here(), files))
        self._done("done")

    def scan(self, files: Sequence[str], *, staged: bool) -> None:
        """Look for credentials."""
        from release_recipes import scan

        if findings := scan.scan(Path.cwd(), files, staged=staged):
            raise scan.SecretsFound(findings)
        self._console.line("No credential found.")
        self._done("done")

    def upload(self, files: Sequence[str], *, test: bool) -> None:
        """Upload distributions."""
        from release_recipes.commands import upload as uploading

        uploading.upload(self._here(), files, test=test)
        self._done("tested" if test else "done")
