"""GitHub's runner, as far as it reads a log: which lines it takes for commands, what it masks, what it shows.

After ``ActionCommand`` and ``ActionCommandManager`` of actions/runner: a command of the present form begins a line,
after any blanks; one of the older form may stand anywhere in it; between ``stop-commands`` and its token there is none.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = ["Command", "Log", "read", "without_masks"]

_KNOWN: Final = {
    *("add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group", "notice", "remove-matcher"),
    *("save-state", "set-env", "set-output", "stop-commands", "warning"),
}
_ESCAPES: Final = {"%0D": "\r", "%0A": "\n"}
_OF_PROPERTIES: Final = {**_ESCAPES, "%3A": ":", "%2C": ","}
_OF_THE_OLDER_FORM: Final = {"%3B": ";", **_ESCAPES, "%5D": "]"}


@dataclass(frozen=True)
class Command:
    """What the runner was told to do."""

    name: str
    data: str
    properties: Mapping[str, str]


@dataclass
class Log:
    """What the runner made of a log."""

    commands: list[Command] = field(default_factory=list)
    """Those that acted, without `stop-commands`."""
    shown: list[str] = field(default_factory=list)
    """The lines that a person reads, masked."""
    groups: list[tuple[str, list[str]]] = field(default_factory=list)
    """Each group's name and its lines, without those that stop commands and resume them."""
    stopped: str = ""
    """The token that resumes commands; empty where they act."""

    def named(self, *names: str) -> list[Command]:
        """Return the commands of a name."""
        return [command for command in self.commands if command.name in names]

    @property
    def masked(self) -> list[str]:
        """The values that were announced."""
        return [command.data for command in self.named("add-mask")]


def read(text: str) -> Log:
    """Read one stream of a step from its start to its end."""
    log, in_group = Log(), False
    for line in re.split(r"\r\n|\r|\n", text):
        command = _parsed(line, _KNOWN | {log.stopped} - {""})
        if log.stopped and command and command.name == log.stopped:
            log.stopped = ""
        elif command and command.name == "stop-commands" and not log.stopped:
            log.stopped = command.data.lower()
        elif command and not log.stopped:
            log.commands.append(command)
            if command.name == "group":
                log.groups.append((command.data, []))
            in_group = command.name == "group" or (in_group and command.name != "endgroup")
            if command.name == "add-mask":
                continue
        elif in_group:
            log.groups[-1][1].append(line)
        log.shown.append(_stars(line, log.masked))
    return log


def _parsed(line: str, known: set[str]) -> Command | None:
    new = re.match(r"\s*::(.*?)::(.*)", line, re.DOTALL)
    old = re.search(r"##\[(.*?)\](.*)", line, re.DOTALL)
    for found, separator, of_properties, of_data in (
        (new, ",", _OF_PROPERTIES, _ESCAPES),
        (old, ";", _OF_THE_OLDER_FORM, _OF_THE_OLDER_FORM),
    ):
        name, _, listed = found[1].partition(" ") if found else ("", "", "")
        if found and name.lower() in known:
            pairs = (pair.partition("=") for pair in listed.strip().split(separator))
            properties = {key: _unescaped(value, of_properties) for key, _, value in pairs if key and value}
            return Command(name.lower(), _unescaped(found[2], of_data), properties)
    return None


def _unescaped(text: str, escapes: Mapping[str, str]) -> str:
    for escape, character in escapes.items():
        text = text.replace(escape, character)
    return text.replace("%25", "%")


def _stars(line: str, masked: list[str]) -> str:
    for value in sorted(masked, key=len, reverse=True):
        line = line.replace(value, "***")
    return line


def without_masks(text: str) -> str:
    """Return a log without the lines by which the runner of GitHub learns what to mask."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("::add-mask::"))
