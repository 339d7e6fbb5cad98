"""What a person sees: one live line a step, warnings, errors as one sentence and one hint, tables.

Only this module knows Rich. Everything goes through the mask once more before it is printed.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from rich.console import Console as RichConsole
from rich.text import Text

from release_recipes import events
from release_recipes.errors import CommandFailed, Problem, ReleaseError, TestsFailed
from release_recipes.secrets.mask import MASK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.progress import Progress, TaskID

    from release_recipes.cli.report import Report
    from release_recipes.commands.status import Status
    from release_recipes.plan import Plan

#: Steps in which git or ssh may ask for a pass phrase or a password: nothing may redraw the terminal meanwhile.
_MAY_ASK = frozenset({"commit", "tag", "claim", "push", "home"})

#: What is told although nobody asked for verbose output.
_ALWAYS_TOLD = frozenset({"retry"})

_MARKS = {"done": ("✓", "green"), "already done": ("✓", "green"), "left out": ("-", "yellow"), "failed": ("✗", "red")}

#: Lines of a failed tool's output that are shown; all of it with VERBOSE_OUTPUT.
_TAIL = 60


class Console:
    """Tells a person what happens; a listener for events."""

    def __init__(self, *, verbose: bool = False, to_stderr: bool = False) -> None:
        """Print to standard output, or to standard error where that belongs to a JSON document."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(AttributeError, ValueError):
                stream.reconfigure(errors="replace")  # type: ignore[union-attr]
        # The stream of now: a library's print is kept from standard output while it uploads.
        self._out = RichConsole(
            file=sys.stderr if to_stderr else sys.stdout, markup=False, highlight=False, emoji=False
        )
        self._err = RichConsole(file=sys.stderr, markup=False, highlight=False, emoji=False)
        self.verbose = verbose
        self._live: Progress | None = None
        self._running: dict[str, TaskID] = {}
        self._plan: Plan | None = None

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
            case events.Warned(problem):
                self._problem("warning", "yellow", problem, self._out)
            case events.Told(line):
                self.line(line)
            case events.Planned(plan):
                self._plan = plan

    def _begin(self, name: str) -> None:
        if not self._out.is_terminal or name in _MAY_ASK:
            return
        if self._live is None:
            from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            columns = (SpinnerColumn(), TextColumn("{task.description:<10}"), BarColumn(20), TimeElapsedColumn())
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
            Text.assemble((mark, colour), f" {name:<9}{seconds:7.1f} s  ", (MASK(rest), "dim")), soft_wrap=True
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

    def lines(self, texts: Sequence[str]) -> None:
        """Print lines."""
        for text in texts:
            self.line(text)

    def _problem(self, word: str, colour: str, problem: Problem, to: RichConsole) -> None:
        to.print(Text.assemble((f"{word}: ", colour), MASK(problem.message)), soft_wrap=True)
        if problem.hint:
            to.print(Text.assemble(("   → ", "dim"), MASK(problem.hint)), soft_wrap=True)

    def error(self, error: ReleaseError) -> None:
        """Tell what stopped the task: the failed tool's output, then what is wrong and what to do."""
        self.quiet()
        output = _output(error)
        if output and not self.verbose:
            shown = output.splitlines()[-_TAIL:]
            for text in shown:
                self._err.print(Text(f"  {MASK(text)}", "dim"), soft_wrap=True)
        if len(error.problems) != 1 or error.problems[0].message != error.message:
            for problem in error.problems:
                self._problem("problem", "red", problem, self._err)
        self._problem("error", "bold red", Problem("", error.message, error.hint), self._err)

    # -- whole things ------------------------------------------------------------------------------------------------

    def plan(self) -> None:
        """Show what the release will be, once it is planned."""
        if self._plan is None:
            return
        plan = self._plan
        self.line(f"{plan.project} {plan.prior} → {plan.version} ({plan.version_origin})", "bold")
        self.line(f"  from    {plan.base[:12]} on {plan.branch or 'a detached HEAD'}")
        origin = plan.settings.origin("test_repository_url" if plan.test else "repository_url")
        self.line(f"  to      {plan.upload_address} ({origin})")
        if not plan.test:
            self.line(f"  tag     {plan.tag if plan.settings.auto_git_tag else 'none'} on {plan.remote}")
        self.line(f"  tests   {'yes' if plan.run_tests else 'no'}")

    def steps(self, described: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Show what each step would do."""
        for name, lines in described:
            if not lines:
                self.line(f"- {name:<9} left out", "dim")
            for number, text in enumerate(lines):
                self.line(f"{'• ' + name if not number else '':<11} {text}")

    def table(self, report: Report) -> None:
        """Show the steps with their durations."""
        from rich.table import Table

        table = Table(
            "step", "state", title=f"{report.project} {report.version}: {report.outcome}", title_justify="left"
        )
        table.add_column("seconds", justify="right")
        for step in report.steps:
            table.add_row(step["name"], step["state"], f"{step['seconds']:.2f}")
        self._out.print(table)

    def status(self, status: Status) -> None:
        """Show how a project stands."""
        self.line(f"{status.project} {status.prior}", "bold")
        after = f"since {status.last_tag}" if status.last_tag else "and no tag"
        self.line(f"  commits   {status.commits_since} {after}")
        rows: Mapping[str, str] = {**status.parts, "index": status.index, "remote": status.remote}
        for name, value in rows.items():
            self.line(f"  {name:<9} {value}")
        for release, lines in status.waiting.items():
            self.line(f"{release} is not finished:", "yellow")
            self.lines([f"  {text}" for text in lines])

    def confirm(self, question: str, default: bool) -> bool:  # noqa: FBT001 - as Person.confirm
        """Ask; an empty line, and the end of the input, take the default and no."""
        self.quiet()
        if default:
            self.plan()
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
