"""The live lines below a task's output: its acts, the steps that run, what their program says, and what follows."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import Console as RichConsole
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from release_recipes.secrets.mask import MASK

#: Colours and movements in what a program writes.
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\].*?(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f]")


@dataclass
class Screen:
    """What is shown live; it is drawn ten times a second, and leaves nothing behind."""

    console: RichConsole
    #: The steps of each act that are known to follow, in order.
    acts: Mapping[str, Sequence[str]]
    #: How long a step took the last time, in seconds.
    usual: Mapping[str, float]
    #: When each running step began, by the monotonic clock.
    running: dict[str, float] = field(default_factory=dict)
    #: The share of a step that is done, from 0 to 1.
    shares: dict[str, float] = field(default_factory=dict)
    #: The last line of a program.
    line: str = ""

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

    def say(self, line: str) -> None:
        """Take a line that a program wrote; empty ones change nothing."""
        self.line = _ESCAPES.sub("", line).strip() or self.line

    def __rich_console__(self, console: RichConsole, _options: object) -> Iterator[Text]:
        """Draw the lines, each cut to the width of the terminal."""
        for line in self._lines():
            if line.cell_len >= console.width:
                line.truncate(console.width - 1 - len(self._dots))
                line.append(self._dots)
            yield line

    def _lines(self) -> Iterator[Text]:
        now, steps = time.monotonic(), [step for names in self.acts.values() for step in names]
        if act := next((act for act, names in self.acts.items() if {*names} & {*self.running}), ""):
            said, names = Text(" "), [*self.acts]
            for number, name in enumerate(names):
                said.append(f" {self._arrow}" if number else "", "dim")
                done = number < names.index(act)
                said.append(
                    f" {self._done} {name}" if done else f" {name}",
                    "green" if done else "bold" if name == act else "dim",
                )
            yield said
        for name, began in self.running.items():
            turning = self._spinner.render(now)
            said = turning.copy() if isinstance(turning, Text) else Text(str(turning))
            said.append(f" {name:<19}{now - began:5.1f} s")
            if share := self.shares.get(name):
                said.append(f"  {share:.0%}")
            elif usual := self.usual.get(name):
                said.append(f"  last time {usual:.1f} s", "dim")
            yield said
        if self.line:
            yield Text(f"    {MASK(self.line)}", "dim")
        if last := max((steps.index(name) for name in self.running if name in steps), default=-1) + 1:
            yield Text(f"    then {', '.join(steps[last:])}" if steps[last:] else "", "dim")
