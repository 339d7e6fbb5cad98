"""Structured logs: every event and command of a task, with UTC time and the id of the run, masked.

``--log-file`` writes one where the user wants it; tasks that act keep theirs in the state folder, the newest twenty.
"""

import contextlib
import json
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from release_recipes import events
from release_recipes.errors import InvalidSetting, WrongUsage
from release_recipes.secrets.mask import MASK

#: The tasks whose logs are kept.
TASKS = frozenset(
    {
        *("release", "release_changed", "rehearse", "publish", "resume", "abandon", "upload", "bump", "test", "build"),
        *("validate", "init"),
    }
)

#: The number of logs that are kept.
KEPT = 20

_LEVELS = ("debug", "info", "warning", "error")


class Log:
    """Listens to the events of a task, and writes them to each of its files."""

    def __init__(self, started: events.TaskStarted) -> None:
        """Begin without a file."""
        self._started = started
        self._sinks: list[_Sink] = []
        #: The events before the state folder is known, for the log that is kept.
        self._early: list[_Entry] = []
        self._is_broken = False

    def write_to(self, name: str) -> None:
        """Write to a file of the user's, or to standard error for ``-``, as LOG_FORMAT and LOG_LEVEL say.

        Raises:
            WrongUsage: The file cannot be written.
            InvalidSetting: A variable has a value that is none of its values.
        """
        form = _choice("LOG_FORMAT", ("text", "json"), "text")
        level = _choice("LOG_LEVEL", _LEVELS, "info")
        try:
            file = sys.stderr if name == "-" else Path(name).open("a", encoding="utf-8", errors="replace")  # noqa: SIM115
        except OSError as error:
            message = f"The log {name} cannot be written: {error.strerror}."
            raise WrongUsage(message, "Name a file that can be written: --log-file FILE") from None
        self._add(_Sink(file, _LEVELS.index(level), _as_json if form == "json" else _as_text))

    def keep(self, top: Path) -> Path | None:
        """Keep a log in the state folder of the repository, and return it; without one if it cannot be written."""
        folder = top / "logs"
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        path = folder / f"{stamp}-{self._started.task}-{self._started.run}.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for old in sorted(folder.glob("*.jsonl"))[: -KEPT + 1]:
                old.unlink(missing_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError:
            return None
        self._add(_Sink(os.fdopen(descriptor, "a", encoding="utf-8", errors="replace"), 0, _as_json))
        self._early.clear()
        return path

    def close(self) -> None:
        """Close its files."""
        for sink in self._sinks:
            if sink.file is not sys.stderr:
                with contextlib.suppress(OSError):  # the rest does not fit on a full disk, which was told
                    sink.file.close()
        self._sinks.clear()

    def hear(self, event: events.Event) -> None:
        """Write one event."""
        if entry := _entry(event, self._started.run):
            if len(self._early) < _EARLY and not isinstance(event, events.TaskEnded):
                self._early.append(entry)
            for sink in self._sinks:
                self._write(entry, sink)

    def _add(self, sink: "_Sink") -> None:
        self._sinks.append(sink)
        for entry in self._early:
            self._write(entry, sink)

    def _write(self, entry: "_Entry", sink: "_Sink") -> None:
        if _LEVELS.index(entry["level"]) < sink.least:
            return
        try:
            sink.file.write(f"{MASK(sink.form(entry))}\n")
            sink.file.flush()
        except (OSError, ValueError) as error:
            if not self._is_broken:
                self._is_broken = True
                message = f"The log cannot be written: {getattr(error, 'strerror', None) or error}."
                events.warn(message, "The task goes on without it.", "log")


#: What is written of an event: its time, level and name, the id of the run, and its values.
_Entry = dict[str, Any]


@dataclass(frozen=True)
class _Sink:
    """A file, the least level that is written to it, and the form of a line."""

    file: TextIO
    least: int
    form: Callable[[_Entry], str]


def _as_json(entry: _Entry) -> str:
    return json.dumps(entry, ensure_ascii=False, default=str)


def _as_text(entry: _Entry) -> str:
    values = " ".join(f"{name}={value!r}" for name, value in entry.items() if name not in _HEAD)
    return f"{entry['timestamp']} [{entry['level']:<7}] {entry['event']:<14} {values}"


#: The values of an entry that are not named in a line of text.
_HEAD = ("timestamp", "level", "event")


#: The most events that are remembered until the state folder is known.
_EARLY = 50


def _choice(name: str, values: tuple[str, ...], default: str) -> str:
    value = os.environ.get(name, "").strip().lower() or default
    if value not in values:
        message = f"{name} is {value!r}, which is not one of its values."
        raise InvalidSetting(message, f"Use one of {', '.join(values)}.")
    return value


def _entry(event: events.Event, run: str) -> _Entry | None:
    """Return what is written of an event; ``None`` for what is only for the eye."""
    kind = type(event).__name__
    if kind in _FOR_THE_EYE:
        return None
    values: dict[str, Any] = dict(event.values) if isinstance(event, events.Facts) else dict(vars(event))
    if finding := values.pop("finding", None):
        values |= {name: value for name, value in vars(finding).items() if value and name != "severity"}
    if "seconds" in values:
        values["seconds"] = round(values["seconds"], 3)
    failed = values.get("state") == "failed" or values.get("exit_code")
    return {
        "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "level": "error" if failed else _LEVEL.get(kind, "info"),
        "event": re.sub(r"(?<!^)(?=[A-Z])", " ", kind).lower(),
        "run": run,
        **{name: value for name, value in values.items() if value not in ("", None) and name != "run"},
    }


#: The levels of events that are not on the level info, by their names.
_LEVEL = {
    **dict.fromkeys(("StepStarted", "Started", "Output", "Exited"), "debug"),
    **dict.fromkeys(("Warned", "AttemptFailed"), "warning"),
}

_FOR_THE_EYE = frozenset({"Progress", "Described", "Table"})
