"""The live lines below a task's output: its acts, the steps that run, what their programs say, and what follows."""

import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import Console as RichConsole
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from release_recipes.secrets.mask import MASK

#: The columns of the narrowest terminal for which lines are broken at words.
_NARROW = 20


@dataclass
class Screen:
    """What is shown live; it is drawn ten times a second, and leaves nothing behind."""

    console: RichConsole
    #: The steps of each act that have not ended, in order.
    acts: Mapping[str, Sequence[str]]
    #: How long a step took the last time, in seconds.
    usual: Mapping[str, float]
    #: When each running step began, by the monotonic clock.
    running: dict[str, float] = field(default_factory=dict)
    #: How many files of a step are done, and of how many.
    shares: dict[str, str] = field(default_factory=dict)
    #: The last line of each program that runs, by its run.
    said: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin to draw."""
        utf = self.console.encoding.startswith("utf")
        self._spinner = Spinner("dots" if utf else "line")
        self._arrow, self._done, self._dots = ("→", "✓", "…") if utf else ("->", "ok", "...")
        self._live = Live(
            self, console=self.console, transient=True, redirect_stdout=False, redirect_stderr=False,
            refresh_per_second=10,
        )  # fmt: skip
        self._live.start()

    def close(self) -> None:
        """Remove the lines."""
        self._live.stop()

    def say(self, run: int, source: str, line: str) -> None:
        """Take a line that a program wrote, without colours and movements; an empty one changes nothing."""
        if line.strip():
            said = line.strip()
            self.said[run] = said if said.startswith(f"{source} ") else f"{source}: {said}"

    def __rich_console__(self, console: RichConsole, _options: object) -> Iterator[Text]:
        """Draw the lines, each cut to the width of the terminal."""
        for line in self._lines(console.width - 1):
            if line.cell_len >= console.width:
                line.truncate(max(console.width - 1 - len(self._dots), 0))
                line.append(self._dots)
            yield line

    def _lines(self, width: int) -> Iterator[Text]:
        now = time.monotonic()
        if act := next((act for act, names in self.acts.items() if {*names} & {*self.running}), ""):
            yield self._acts(act)
        for name, began in [*self.running.items()]:
            turning = self._spinner.render(now)
            said = turning.copy() if isinstance(turning, Text) else Text(str(turning))
            said.append(f" {name:<19}{now - began:5.1f} s")
            if share := self.shares.get(name):
                said.append(f"  {share}")
            if usual := self.usual.get(name):
                said.append(f"  last time {usual:.1f} s", "dim")
            yield said
        for line in [*self.said.values()]:
            yield Text(f"    {MASK(line)}", "dim")
        if following := ", ".join(step for steps in self.acts.values() for step in steps if step not in self.running):
            for line in textwrap.wrap(
                f"then {following}", max(width - 4, _NARROW), subsequent_indent="     ", break_on_hyphens=False
            ):
                yield Text(f"    {line}", "dim")

    def _acts(self, act: str) -> Text:
        """Return the names of the acts, with those that are done and the one that runs."""
        said, names = Text(" "), [*self.acts]
        for number, name in enumerate(names):
            said.append(f" {self._arrow}" if number else "", "dim")
            done = number < names.index(act)
            style = "green" if done else "bold" if name == act else "dim"
            said.append(f" {self._done} {name}" if done else f" {name}", style)
        return said
