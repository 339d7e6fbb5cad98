"""What the user sees: one live line a step, warnings, errors as one sentence and one hint, tables.

Only this module knows Rich. Everything goes through the mask once more before it is printed.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console as RichConsole
from rich.text import Text

from release_recipes import events
from release_recipes.errors import CommandFailed, ReleaseError, TestsFailed
from release_recipes.findings import Finding
from release_recipes.secrets.mask import MASK

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


#: Steps in which git or ssh may ask for a pass phrase or a password: nothing may redraw the terminal meanwhile.
_MAY_ASK = frozenset({"commit", "tag", "claim", "push", "update-branch"})

#: What is told although nobody asked for verbose output.
_ALWAYS_TOLD = frozenset({"retry"})

_MARKS = {"done": ("✓", "green"), "already done": ("✓", "green"), "left out": ("-", "yellow"), "failed": ("✗", "red")}

#: Lines of a failed tool's output that are shown; all of it with VERBOSE_OUTPUT.
_TAIL = 60


class _Stream(RichConsole):
    """A stream whose reader may go away, such as ``head``: the release matters more than its picture."""

    def on_broken_pipe(self) -> None:
        """Go on without it."""


class Console:
    """Tells the user what happens; a listener for events."""

    def __init__(self, *, verbose: bool = False, to_stderr: bool = False) -> None:
        """Print to standard output, or to standard error where that belongs to a JSON document."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(AttributeError, ValueError):
                stream.reconfigure(errors="replace")  # type: ignore[union-attr]
        # The stream of now: a library's print is kept from standard output while it uploads.
        self._out = _Stream(file=sys.stderr if to_stderr else sys.stdout, markup=False, highlight=False, emoji=False)
        self._err = _Stream(file=sys.stderr, markup=False, highlight=False, emoji=False)
        self.verbose = verbose
        self._live: Progress | None = None
        self._running: dict[str, TaskID] = {}
        self._plan: Sequence[str] = ()

    # -- events ------------------------------------------------------------------------------------------------------

    def hear(self, event: events.Event) -> None:
        """Show one event."""
        match event:
            case events.StepStarted(name):
                self._begin(name)
            case events.StepEnded(name, state, seconds, note):
                self._end(name, state, seconds, note)
            case events.Progress(name, done, total) if self._live and name in self._running:
                self._live.update(self._running[name], completed=done, total=total)
            case events.Output(source, line) if self.verbose or source in _ALWAYS_TOLD:
                self.line(f"  {line}", style="dim")
            case events.Warned(finding):
                self._finding("warning", "yellow", finding, self._out)
            case events.Told(line):
                self.line(line)
            case events.Planned(_, lines):
                self._plan = lines
            case events.Described(steps):
                self._describe(steps)

    def _begin(self, name: str) -> None:
        if not self._out.is_terminal or name in _MAY_ASK:
            return
        if self._live is None:
            from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            columns = (SpinnerColumn(), TextColumn("{task.description:<14}"), BarColumn(20), TimeElapsedColumn())
            self._live = Progress(
                *columns, console=self._out, transient=True, redirect_stdout=False, redirect_stderr=False
            )
            self._live.start()
        self._running[name] = self._live.add_task(name, total=None)

    def _end(self, name: str, state: str, seconds: float, note: str) -> None:
        if name in self._running and self._live:
            self._live.remove_task(self._running.pop(name))
            if not self._running:
                self.quiet()
        mark, colour = _MARKS[state]
        said = "" if state in {"done", "failed"} else state
        rest = " · ".join(part for part in (said, note) if part)
        self._out.print(
            Text.assemble((mark, colour), f" {name:<13}{seconds:7.1f} s  ", (MASK(rest), "dim")), soft_wrap=True
        )

    def quiet(self) -> None:
        """Take the live lines away."""
        if self._live:
            self._live.stop()
            self._live = None
        self._running.clear()

    # -- lines -------------------------------------------------------------------------------------------------------

    def line(self, text: str, style: str = "") -> None:
        """Print one line, as long as it is."""
        self._out.print(Text(MASK(text), style), soft_wrap=True)

    def _finding(self, word: str, colour: str, finding: Finding, to: RichConsole) -> None:
        to.print(Text.assemble((f"{word}: ", colour), MASK(finding.message)), soft_wrap=True)
        if finding.hint:
            to.print(Text.assemble(("   → ", "dim"), MASK(finding.hint)), soft_wrap=True)

    def error(self, error: ReleaseError) -> None:
        """Tell what stopped the task: the failed tool's output, then what is wrong and what to do."""
        self.quiet()
        output = _output(error)
        if output and not self.verbose:
            shown = output.splitlines()[-_TAIL:]
            for text in shown:
                self._err.print(Text(f"  {MASK(text)}", "dim"), soft_wrap=True)
        if len(error.findings) != 1 or error.findings[0].message != error.message:
            for finding in error.findings:
                self._finding("error", "red", finding, self._err)
        self._finding("error", "bold red", Finding(error.message, error.hint), self._err)

    def _describe(self, steps: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Show the plan, and what each step would do."""
        self._show_plan()
        for name, lines in steps:
            for number, text in enumerate(lines):
                self.line(f"{'' if number else f'• {name}':<15} {text}")

    def _show_plan(self) -> None:
        for number, text in enumerate(self._plan):
            self.line(text, "" if number else "bold")

    # -- questions ---------------------------------------------------------------------------------------------------

    def confirm(self, question: str, default: bool) -> bool:  # noqa: FBT001 - as User.confirm
        """Ask; an empty line, and the end of the input, take the default and no."""
        self.quiet()
        if default:
            self._show_plan()
        self._out.print(Text(f"{MASK(question)} [{'Y/n' if default else 'y/N'}] "), end="")
        try:
            answer = sys.stdin.readline()
        except (EOFError, ValueError):
            answer = ""
        if not answer:
            return False
        return default if not answer.strip() else answer.strip().lower() in {"y", "yes"}


def _output(error: BaseException | None) -> str:
    """Return what the tool wrote that failed first."""
    while error is not None:
        if isinstance(error, (CommandFailed, TestsFailed)):
            return error.output
        error = error.__cause__
    return ""
