"""Logs: what is written where, in which form, and never a secret."""

import json
import stat
from pathlib import Path

import pytest

from release_recipes import events
from release_recipes.cli.log import KEPT, Log
from release_recipes.findings import warning
from release_recipes.secrets.token import Token
from support.cli import Cli
from support.index import PypiServer
from support.repository import Repository

SECRET = "pypi-AgEIcHlwaS5vcmcCJDU1"  # noqa: S105 - invented
MINOR = ("release", "--part", "minor", "--yes")


@pytest.fixture
def log() -> Log:
    """Return the log of a run."""
    return Log(events.TaskStarted("release", "ab12"))


def emitted(log: Log) -> None:
    """Let it hear of each kind of event."""
    Token(SECRET)
    for event in (
        events.TaskStarted("release", "ab12"), events.StepStarted("build"), events.Started("python -m build"),
        events.Output("build", f"token {SECRET}", 7), events.Ended("python -m build", 1.23456),
        events.StepEnded("build", "failed", 2.0, "a note"), events.Progress("upload", 1, 2),
        events.Warned(warning("Odd.", "Look.", "odd")), events.AttemptFailed("one of two"),
        events.Recorded({"version": "1.3.0", "prior_version": None}), events.Told("said"),
        events.TaskEnded("release", "ab12", "failed", 1, 3.0, f"no {SECRET}", "Fix it."),
    ):  # fmt: skip
        log.hear(event)
    log.close()


def test_json(log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line is one event with its level, UTC time, run and values; what is only for the eye is left out."""
    monkeypatch.setenv("LOG_FORMAT", "JSON")
    monkeypatch.setenv("LOG_LEVEL", "debug")
    log.write_to(str(tmp_path / "log"))
    emitted(log)
    text = (tmp_path / "log").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert SECRET not in text
    assert {line["run"] for line in lines} == {"ab12"}
    assert {line["timestamp"][-1] for line in lines} == {"Z"}
    assert [(line["event"], line["level"]) for line in lines] == [
        *(("task started", "info"), ("step started", "debug"), ("started", "debug"), ("output", "debug")),
        *(("ended", "info"), ("step ended", "error"), ("warned", "warning"), ("attempt failed", "warning")),
        *(("recorded", "info"), ("told", "info"), ("task ended", "error")),
    ]
    assert (lines[4]["what"], lines[4]["seconds"]) == ("python -m build", 1.235)
    assert lines[6]["message"] == "Odd."
    assert "line" not in lines[6]
    assert "prior_version" not in lines[8]
    assert lines[-1]["message"] == "no **********"


def test_text_from_a_level(log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text is one line an event, without colours, from the level on; a log is appended to."""
    monkeypatch.setenv("LOG_LEVEL", "warning")
    (tmp_path / "log").write_text("before\n")
    log.write_to(str(tmp_path / "log"))
    emitted(log)
    lines = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "before"
    assert [line.split("[")[1].split("]")[0].strip() for line in lines[1:]] == ["error", "warning", "warning", "error"]
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize(
    ("name", "value", "values"),
    [("LOG_FORMAT", "xml", "text, json"), ("LOG_LEVEL", "loud", "debug, info, warning, error")],
)
def test_a_wrong_variable(quick: Repository, cli: Cli, tmp_path: Path, name: str, value: str, values: str) -> None:
    """A value that is none is wrong usage, where a log is wanted; otherwise it is some other program's."""
    wrong = cli("status", "--log-file", str(tmp_path / "log"), cwd=quick.path, env={name: value})
    assert wrong.code == 2
    assert wrong.err == f"error: {name} is {value!r}, which is not one of its values.\n   → Use one of {values}.\n"
    assert cli("bump", cwd=quick.path, env={name: value}).code == 0


def test_a_log_that_cannot_be_written(quick: Repository, cli: Cli, tmp_path: Path) -> None:
    """It is refused before anything is done."""
    result = cli("bump", "--log-file", str(tmp_path / "no" / "log"), cwd=quick.path)
    assert result.code == 2
    assert result.err.startswith(f"error: The log {tmp_path / 'no' / 'log'} cannot be written: No such file")
    assert quick.git("status", "--porcelain") == ""


def test_a_log_that_breaks(log: Log, tmp_path: Path) -> None:
    """A log that cannot be written any more is a warning, once."""
    log.write_to(str(tmp_path / "log"))
    log._sinks[0].file.close()  # noqa: SLF001 - as a full disk would
    told: list[events.Event] = []
    with events.listening(told.append):
        log.hear(events.Told("one"))
        log.hear(events.Told("two"))
    assert [event.finding.message for event in told if isinstance(event, events.Warned)] == [
        "The log cannot be written: I/O operation on closed file.."
    ]


@pytest.mark.usefixtures("known")
def test_the_log_that_is_kept(quick: Repository, cli: Cli) -> None:
    """A task that acts keeps its log, with every command, and its failure says where; one that looks keeps none."""
    quick.write("x.py", "")
    quick.git("add", "x.py")
    result = cli(*MINOR, cwd=quick.path)
    assert result.code == 1
    path = quick.path / result.log
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert lines[0]["event"] == "task started"
    assert (lines[-1]["event"], lines[-1]["outcome"]) == ("task ended", "refused")
    assert [line for line in lines if line["event"] == "ended" and line["what"].startswith("git ")]
    before = sorted(path.parent.iterdir())
    for words in (("status",), ("check",), ("release", "--part", "minor", "--dry-run"), ("history",)):
        cli(*words, cwd=quick.path)
    assert sorted(path.parent.iterdir()) == before
    assert cli(*MINOR, "--json", cwd=quick.path).json["log"].endswith(".jsonl")


def test_the_newest_logs_are_kept(log: Log, tmp_path: Path) -> None:
    """Older ones are removed, and nothing else."""
    (tmp_path / "logs").mkdir()
    for number in range(KEPT + 5):
        (tmp_path / "logs" / f"20200101T0000{number:02}Z-release-00.jsonl").touch()
    (tmp_path / "logs" / "note.txt").touch()
    path = log.keep(tmp_path)
    log.close()
    assert path
    names = sorted(each.name for each in (tmp_path / "logs").iterdir())
    assert (len(names), names[0], names[-2:]) == (
        KEPT + 1,
        "20200101T000006Z-release-00.jsonl",
        [path.name, "note.txt"],
    )


def test_a_state_folder_that_cannot_be_written(log: Log, tmp_path: Path) -> None:
    """There is no log then, and no word."""
    (tmp_path / "logs").touch()
    assert log.keep(tmp_path) is None


def test_standard_error(quick: Repository, cli: Cli, known: PypiServer) -> None:
    """The log can go to standard error, beside the JSON document."""
    result = cli("status", "--json", "--log-file", "-", cwd=quick.path)
    assert result.json["outcome"] == "nothing-waits"
    assert "task ended" in result.err
    assert known.index_url in result.err
