"""The output for the user: a live line for each step, warnings, and errors with a message and a hint.

Only this module and :mod:`~release_recipes.cli.screen` use Rich. All output is masked once more before it is printed.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from rich.console import Console as RichConsole
from rich.containers import Lines
from rich.control import Control
from rich.segment import ControlType
from rich.text import Text

from release_recipes import events, forge
from release_recipes.errors import CommandFailed, ReleaseError, TestsFailed
from release_recipes.findings import Finding
from release_recipes.secrets.mask import MASK

if TYPE_CHECKING:
    from release_recipes.cli.screen import Screen

#: Steps in which git or ssh may ask for a pass phrase or a password; they have no live line.
_MAY_ASK = frozenset({"commit", "tag", "claim", "push", "update-branch"})

#: The column of a step's note.
_NOTE = 30

#: How lines begin that have a colour, such as those of a difference.
_SIGNS = {"  ! ": "yellow", "      -": "red", "      +": "green"}

#: The sources of output that is always shown, even without VERBOSE_OUTPUT.
_ALWAYS_TOLD = frozenset({"retry"})

_MARKS = {"done": ("✓", "green"), "already done": ("✓", "green"), "left out": ("-", "yellow"), "failed": ("✗", "red")}

#: Replacements for terminals without these characters.
_ASCII = str.maketrans(
    {"✓": "ok", "✗": "FAILED", "→": "->", "•": "*", "·": "-", "…": "..."}
    | dict(zip("█▓▒░▚▞▁▂▃▄▅▆▇", "#%=:x+_.,-~oO", strict=True))
)

#: The columns of a table that are left out first, where there is not enough space.
_LEAST = (7, 3, 5, 6, 4)

#: The number of lines of a failed tool's output that are shown; with VERBOSE_OUTPUT, all of them.
_TAIL = 60


#: Movements of the cursor, titles and links, and other control characters; colours are not among them.
_CONTROLS = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-ln-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b(?!\[)|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]"
)

#: What GitHub's runner takes for a command: two colons at the start of a line, or the older form anywhere.
_COMMANDS = re.compile(r"(?m)^(\s*:)(?=:)|(##)(?=\[)")


def without_controls(text: str) -> str:
    """Return a text for a log, which has no cursor to move; what would be written over is kept in lines of its own."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


class _Stream(RichConsole):
    """A stream whose reader may close it, such as ``head``; the release continues."""

    #: The name of the forge whose log it is; empty outside of CI.
    forge = ""
    #: Whether there is a cursor to move, and so live lines, and lines that are folded at words.
    moves = False
    _waits = False

    def say(self, *parts: tuple[str, str], end: str = "\n", fold: int | None = None, kept: str = "") -> None:
        """Print pieces of text, each with a style, as one line; masked, in characters that the stream supports.

        Args:
            parts: The pieces.
            end: The end of the line.
            fold: The indent of further lines on a terminal, if it is too long; ``None`` to leave it as it is.
            kept: A piece at its end that is not folded, such as a command, which people copy.
        """
        self.forget_wait()
        text = Text(end="")
        for piece, style in (*parts, (f" {kept}" if kept else "", "")):
            masked = without_controls(MASK(piece)) if self.forge else MASK(piece)
            if self.forge == "GitHub":
                masked = _COMMANDS.sub(r"\1\2 ", masked)
            text.append(masked if self.encoding.startswith("utf") else masked.translate(_ASCII), style)
        if fold is not None and self.moves and text.cell_len >= self.width:
            text = self._folded(text, min(fold, self.width // 2), len(kept))
        self.print(text, soft_wrap=True, end=end)

    def _folded(self, text: Text, indent: int, kept: int) -> Text:
        first, rest, last = text.divide([indent, max(len(text) - kept, indent)])
        lines = rest.wrap(self, max(self.width - indent - 1, 1))
        if lines and last:
            lines[-1].rstrip()
            fits = lines[-1].cell_len + 1 + last.cell_len < self.width - indent
            lines = Lines([*lines[:-1], Text(" ").join([lines[-1], last])] if fits else [*lines, last])
        return Text(end="").join([first, Text(f"\n{' ' * indent}").join(lines)])

    def wait_for(self, name: str) -> None:
        """Name the running step in a line that a question of git, ssh or gpg is written over."""
        self.say((f"… {name}", "dim"), end="")
        self.control(Control(ControlType.CARRIAGE_RETURN))
        self._waits = True

    def forget_wait(self) -> None:
        """Remove the line of :meth:`wait_for`."""
        if self._waits:
            self._waits = False
            self.control(Control((ControlType.ERASE_IN_LINE, 0)))

    def on_broken_pipe(self) -> None:
        """Continue without it."""
        closed(self.file)


def closed(stream: IO[str]) -> None:
    """Let what goes to a stream without a reader go nowhere; else Python's last flush would change the exit code."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class Console:
    """Shows events to the user."""

    def __init__(self, *, verbose: bool = False, to_stderr: bool = False) -> None:
        """Print to standard output; or to standard error, if standard output is for a JSON document."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(AttributeError, ValueError):
                stream.reconfigure(errors="replace")  # type: ignore[union-attr]
        # The current streams: standard output is redirected for libraries during an upload.
        self._out = _Stream(file=sys.stderr if to_stderr else sys.stdout, markup=False, highlight=False, emoji=False)
        self._err = _Stream(file=sys.stderr, markup=False, highlight=False, emoji=False)
        known = forge.current()
        self._out.forge = self._err.forge = known.name if known else ""
        # Rich takes FORCE_COLOR and TTY_COMPATIBLE for a terminal: there are colours then, but no cursor to move.
        for stream in (self._out, self._err):
            stream.moves = stream.is_terminal and not (known or stream.is_dumb_terminal) and _is_terminal(stream.file)
        #: Whether there are live lines.
        self.moves = self._out.moves
        self.verbose = verbose
        #: How long each step took the last time, in seconds.
        self.usual: Mapping[str, float] = {}
        self._live: Screen | None = None
        #: The steps of each act that have not ended.
        self._acts: dict[str, list[str]] = {}
        self._plan: Sequence[str] = ()

    # -- events ------------------------------------------------------------------------------------------------------

    def hear(self, event: events.Event) -> None:
        """Show one event."""
        match event:
            case events.StepStarted(name):
                self._begin(name)
            case events.StepEnded(name, state, seconds, note):
                self._end(name, state, seconds, note)
            case events.Output(source, line, run) if self._shows(source, run):
                self.line(f"  {line}", style="dim")
            case events.Warned(finding):
                self._finding("warning", "yellow", finding, self._out)
            case _:
                self._tell(event)

    def _tell(self, event: events.Event) -> None:
        """Show what a task says beside its steps, or keep it until the question."""
        match event:
            case events.Told(line):
                said, kept = _with_command(line)
                column = re.match(r" *\S+ {2,}| *", line)
                self._out.say((said, _colour(said)), fold=max(column.end() if column else 0, 2), kept=kept)
            case events.Table():
                self._table(event)
            case events.Page(text):
                self._page(text)
            case events.Planned(_, lines):
                self._plan = lines
            case events.Previewed(lines):
                self._plan = [*self._plan, *lines]
            case events.Described(steps):
                self._describe(steps)
            case _:
                self._watch(event)

    def _watch(self, event: events.Event) -> None:
        """Take what only the live lines show."""
        match event:
            case events.Coming(acts):
                self._acts = {act: [*steps] for act, steps in acts.items()}
            case events.Progress(name, done, total) if self._live and total:
                self._live.shares[name] = f"{done} of {total}"
            case events.Output(source, line, run) if self._live and run:
                self._live.say(run, Path(source).stem, without_controls(line))
            case events.Exited(run) if self._live:
                self._live.said.pop(run, None)

    def _shows(self, source: str, run: int) -> bool:
        """Return whether a line is shown now; in CI, the lines of a program are shown together at its end."""
        return source in _ALWAYS_TOLD or (self.verbose and not (run and self._out.forge))

    def _begin(self, name: str) -> None:
        if name != "check":
            self._plan = ()  # it was agreed to
        if not self.moves:
            return
        if name in _MAY_ASK:
            self._out.wait_for(name)
            return
        if self._live is None:
            from release_recipes.cli.screen import Screen

            self._live = Screen(self._out, self._acts, self.usual)
        self._live.running[name] = time.monotonic()

    def _end(self, name: str, state: str, seconds: float, note: str) -> None:
        if self._live and self._live.running.pop(name, None) and not self._live.running:
            self.quiet()
        for steps in self._acts.values():
            steps[:] = [step for step in steps if step != name]
        mark, colour = _MARKS[state]
        said = "" if state in {"done", "failed"} else state
        rest = " · ".join(part for part in (said, note) if part)
        self._out.say((mark, colour), (f" {name:<19}{seconds:5.1f} s  ", ""), (rest, "dim"), fold=_NOTE)

    def quiet(self) -> None:
        """Remove the live lines."""
        self._out.forget_wait()
        if self._live:
            self._live.close()
            self._live = None

    # -- lines -------------------------------------------------------------------------------------------------------

    def line(self, text: str, style: str = "") -> None:
        """Print a line."""
        self._out.say((text, style))

    def _finding(self, word: str, colour: str, finding: Finding, to: _Stream) -> None:
        named = f" [{finding.check}]" if finding.check else ""
        to.say((f"{word}{named}: ", colour), (finding.message, ""), fold=3)
        if finding.hint:
            said, kept = _with_command(finding.hint)
            to.say(("   → ", "dim"), (said, ""), fold=5, kept=kept)

    def error(self, error: ReleaseError) -> None:
        """Show what stopped the task: the output of the failed tool, then the message and the hint."""
        self.quiet()
        shown = [] if self.verbose else _output(error).splitlines()[-_TAIL:]
        for text in shown:
            self._err.say((f"  {text}", "dim"))
        if len(error.findings) != 1 or error.findings[0].message != error.message:
            for finding in error.findings:
                self._finding("error", "red", finding, self._err)
        self._finding("error", "bold red", Finding(error.message, error.hint), self._err)

    def _table(self, told: events.Table) -> None:
        """Show a table; where it is too wide, it is folded, or the columns a row is understood without are left out."""
        from rich import box
        from rich.table import Table

        columns, rows = told.columns, told.rows
        widths = [max(map(len, column)) + 3 for column in zip(columns, *rows, strict=True)]
        shown = [number for number in range(len(columns)) if any(row[number] for row in rows)]
        for number in () if told.folds else _LEAST[: len(columns)]:
            if sum(widths[each] for each in shown) > self._out.width and number in shown:
                shown.remove(number)
        table = Table(box=box.SIMPLE if self._out.encoding.startswith("utf") else box.ASCII, pad_edge=False)
        for number in shown:
            fold = told.folds and number
            table.add_column(Text(columns[number]), no_wrap=not fold, overflow="fold" if fold else "ellipsis")
        for row in rows:
            table.add_row(*(Text(without_controls(MASK(row[number]))) for number in shown))
        self.line(told.title, "bold")
        self._out.print(table)

    def _page(self, text: str) -> None:
        """Show a page; as it is where there is no terminal."""
        from rich.markdown import Markdown

        if self._out.is_terminal:
            self._out.print(Markdown(MASK(text)))
        else:
            self.line(text.strip())

    def where(self, what: str, path: Path) -> None:
        """Tell where a file is that belongs to an error."""
        with contextlib.suppress(ValueError):  # another drive of Windows
            path = min(Path(os.path.relpath(path)), path, key=lambda each: len(str(each)))
        self.more(what, str(path))

    def more(self, what: str, text: str, *, fold: int | None = None) -> None:
        """Tell something else that belongs to an error."""
        self._err.say((f"   {what}: {text}", "dim"), fold=fold)

    def _describe(self, steps: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Show the plan, and what each step would do."""
        self._show_plan()
        for name, lines in steps:
            for number, text in enumerate(lines):
                self.line(f"{'' if number else f'• {name}':<20} {text}")

    def _show_plan(self) -> None:
        for number, text in enumerate(self._plan):
            self._out.say((text, _colour(text) if number else "bold"), fold=10)

    # -- questions ---------------------------------------------------------------------------------------------------

    def confirm(self, question: str) -> bool:
        """Show the plan, and ask until the answer is yes or no; the end of the input is no.

        Input that was typed before the question is discarded.
        """
        self.quiet()
        self._show_plan()
        self._plan = ()
        while True:
            _forget_what_was_typed()
            self._out.say((f"{question} [y/n] ", "bold"), end="", fold=0)
            try:
                answer = sys.stdin.readline()
            except (EOFError, ValueError):
                answer = ""
            except KeyboardInterrupt:
                self._out.print()
                raise
            if not answer:
                self._out.print()
            if not answer or answer.strip().lower() in {"y", "yes", "n", "no"}:
                return answer.strip().lower() in {"y", "yes"}


def _colour(line: str) -> str:
    """Return the colour of a line of a plan, or of the end of a rehearsal."""
    return next((colour for sign, colour in _SIGNS.items() if line.startswith(sign)), "")


def _with_command(line: str) -> tuple[str, str]:
    """Split a line into its words and what follows its last colon, which may be a command; masked before that."""
    said, colon, command = MASK(line).rpartition(": ")
    return (f"{said}:", command) if colon else (command, "")


def _is_terminal(stream: IO[str]) -> bool:
    with contextlib.suppress(AttributeError, ValueError):
        return stream.isatty()
    return False


def _forget_what_was_typed() -> None:
    """Empty the terminal's input buffer."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        if os.name == "nt":
            import msvcrt

            while msvcrt.kbhit():  # type: ignore[attr-defined,unused-ignore]
                msvcrt.getwch()  # type: ignore[attr-defined,unused-ignore]
        else:
            import termios

            termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


def _output(error: BaseException | None) -> str:
    """Return the output of the tool that failed first."""
    while error is not None:
        if isinstance(error, (CommandFailed, TestsFailed)):
            return error.output
        error = error.__cause__
    return ""
