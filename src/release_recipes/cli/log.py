"""Structured logs: every event and command of a task, with UTC time and the id of the run, masked.

``--log-file`` writes one where the user wants it; tasks that act keep theirs in the state folder, the newest twenty.
"""

import contextlib
import os
import re
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from release_recipes import events
from release_recipes.errors import InvalidSetting, WrongUsage
from release_recipes.findings import warning
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
        #: What each file is written with: its least level, and the logger.
        self._sinks: list[tuple[int, Any]] = []
        #: The events before the state folder is known, for the log that is kept.
        self._early: list[events.Event] = []
        self._is_broken = False
        self._files: list[TextIO] = []

    def write_to(self, name: str) -> None:
        """Write to a file of the user's, or to standard error for ``-``, as LOG_FORMAT and LOG_LEVEL say.

        Raises:
            WrongUsage: The file cannot be written.
            InvalidSetting: A variable has a value that is none of its values.
        """
        form = _choice("LOG_FORMAT", ("text", "json"), "text")
        level = _choice("LOG_LEVEL", _LEVELS, "info")
        try:
            opened = None if name == "-" else Path(name).open("a", encoding="utf-8", errors="replace")  # noqa: SIM115
        except OSError as error:
            message = f"The log {name} cannot be written: {error.strerror}."
            raise WrongUsage(message, "Name a file that can be written: --log-file FILE") from None
        self._add(sys.stderr if opened is None else opened, form, level)
        for event in self._early:
            self._write(event, self._sinks[-1:])

    def keep(self, top: Path) -> Path | None:
        """Keep a log in the state folder of the repository, and return it; without one if it cannot be written."""
        folder = top / "logs"
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        path = folder / f"{stamp}-{self._started.task}-{self._started.run}.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for old in sorted(folder.glob("*.jsonl"))[: -KEPT + 1]:
                old.unlink(missing_ok=True)
            file = os.fdopen(
                os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8", errors="replace"
            )
        except OSError:
            return None
        self._add(file, "json", "debug")
        for event in self._early:
            self._write(event, self._sinks[-1:])
        self._early.clear()
        return path

    def close(self) -> None:
        """Close its files."""
        self._sinks.clear()
        for file in self._files:
            with contextlib.suppress(OSError):  # the rest does not fit on a full disk, which was told
                file.close()

    def _add(self, file: TextIO, form: str, level: str) -> None:
        import structlog

        if file is not sys.stderr:
            self._files.append(file)
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        last = renderer if form == "json" else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=24)
        logger = structlog.wrap_logger(
            structlog.WriteLogger(file),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                last,
                _masked,
            ],
        )
        self._sinks.append((_LEVELS.index(level), logger.bind(run=self._started.run)))

    def hear(self, event: events.Event) -> None:
        """Write one event."""
        if len(self._early) < _EARLY and not isinstance(event, events.TaskEnded):
            self._early.append(event)
        self._write(event, self._sinks)

    def _write(self, event: events.Event, sinks: list[tuple[int, Any]]) -> None:
        if not sinks or (said := _said(event)) is None:
            return
        level, name, values = said
        values = {key: value for key, value in values.items() if value not in ("", None)}
        for least, logger in sinks:
            if _LEVELS.index(level) >= least:
                try:
                    getattr(logger, level)(
                        name, **{key: value for key, value in values.items() if value not in ("", None)}
                    )
                except (OSError, ValueError) as error:
                    self._fails(error)

    def _fails(self, error: Exception) -> None:
        if not self._is_broken:
            self._is_broken = True
            message = f"The log cannot be written: {getattr(error, 'strerror', None) or error}."
            events.emit(events.Warned(warning(message, "The task goes on without it.", "log")))


#: The most events that are remembered until the state folder is known.
_EARLY = 50


def _masked(_logger: object, _name: str, text: MutableMapping[str, Any] | str) -> str:
    return MASK(str(text))


def _choice(name: str, values: tuple[str, ...], default: str) -> str:
    value = os.environ.get(name, "").strip().lower() or default
    if value not in values:
        message = f"{name} is {value!r}, which is not one of its values."
        raise InvalidSetting(message, f"Use one of {', '.join(values)}.")
    return value


def _said(event: events.Event) -> tuple[str, str, dict[str, Any]] | None:
    """Return the level, the name and the values of an event; ``None`` for what is only for the eye."""
    kind = type(event).__name__
    if kind in _FOR_THE_EYE:
        return None
    values: dict[str, Any] = dict(event.values) if isinstance(event, events.Facts) else dict(vars(event))
    if finding := values.pop("finding", None):
        values |= {name: value for name, value in vars(finding).items() if value and name != "severity"}
    if "seconds" in values:
        values["seconds"] = round(values["seconds"], 3)
    values.pop("run", None)
    failed = values.get("state") == "failed" or values.get("exit_code")
    return "error" if failed else _LEVEL.get(kind, "info"), re.sub(r"(?<!^)(?=[A-Z])", " ", kind).lower(), values


#: The levels of events that are not on the level info, by their names.
_LEVEL = {
    **dict.fromkeys(("StepStarted", "Started", "Output", "Exited"), "debug"),
    **dict.fromkeys(("Warned", "AttemptFailed"), "warning"),
}

_FOR_THE_EYE = frozenset({"Progress", "Described", "Table"})
