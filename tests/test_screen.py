"""The live lines: one look tells where a task is, on any width, without colour, and nothing secret is in them."""

import io
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console as RichConsole

from release_recipes import events
from release_recipes.cli import console
from release_recipes.cli.console import Console
from release_recipes.cli.report import Report
from release_recipes.cli.screen import Screen
from release_recipes.errors import Failed
from release_recipes.findings import warning
from release_recipes.secrets.mask import MASK
from release_recipes.state.history import usual
from support.screen import left

ACTS: dict[str, list[str]] = {
    "check": [],
    "prepare": ["test", "build", "inspect", "install", "tag", "next-version"],
    "publish": ["claim", "upload", "push", "github", "verify", "update-branch", "install-from-index"],
}


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Screen]]:
    """Return what makes the live lines of a console without a terminal behind it, at a time that stands still."""
    made, now = list[Screen](), time.monotonic()
    monkeypatch.setattr("release_recipes.cli.screen.time", SimpleNamespace(monotonic=lambda: now))

    def make(width: int = 80, encoding: str = "utf-8") -> Screen:
        file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        of = RichConsole(file=file, width=width, force_terminal=True, no_color=True)
        made.append(Screen(of, ACTS, {"test": 4.1}, {"test": now - 3.24, "build": now - 1.02}))
        return made[-1]

    yield make
    for each in made:
        each.close()


def drawn(screen: Screen) -> list[str]:
    """Return the lines as they are drawn now."""
    return [line.plain for line in screen.__rich_console__(screen.console, None)]


def test_one_look(screen: Callable[..., Screen]) -> None:
    """The acts, the running steps with their time and the last one, the last line of each program, what follows."""
    shown = screen()
    shown.say(7, "nox", "  collected 4 items  \n")
    shown.say(7, "nox", "\n")
    shown.say(8, "nox", "nox > python -m build")
    acts, test, build, *others = drawn(shown)
    assert acts == "  ✓ check → prepare → publish"
    assert test[1:] == " test                 3.2 s  last time 4.1 s"
    assert build[1:] == " build                1.0 s"
    assert others == [
        "    nox: collected 4 items",
        "    nox > python -m build",
        "    then inspect, install, tag, next-version, claim, upload, push, github,",
        "         verify, update-branch, install-from-index",
    ]


@pytest.mark.parametrize("width", [1, 5, 20, 40, 80, 140])
def test_any_width(width: int, screen: Callable[..., Screen]) -> None:
    """No line is as wide as the terminal, so that none is broken."""
    shown = screen(width)
    shown.say(7, "nox", "x" * 200)
    lines = drawn(shown)
    assert max(map(len, lines)) < max(width, 2)
    assert any(line.endswith("…") for line in lines)


def test_only_ascii(screen: Callable[..., Screen]) -> None:
    """Where the terminal has no other characters, the lines of ours need none."""
    shown = screen(60, "ascii")
    shown.say(7, "nox", "x" * 200)
    lines = drawn(shown)
    assert lines[0] == "  ok check -> prepare -> publish"
    assert all(line.isascii() for line in lines)


def test_no_secret(screen: Callable[..., Screen]) -> None:
    """A value that is held is not in the lines, even if the program's line was taken unmasked."""
    MASK.add("s3cret-of-a-test")
    shown = screen()
    shown.say(7, "nox", "token s3cret-of-a-test")
    assert "s3cret" not in "".join(drawn(shown))


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> tuple[Console, io.StringIO]:
    """Return a console on a terminal of 80 columns, and what it shows."""
    shown = io.StringIO()
    monkeypatch.setattr(shown, "isatty", lambda: True)
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(f"sys.{name}", shown)
    for name in ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm", "NO_COLOR": "1", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    return Console(), shown


def test_lines_of_programs(terminal: tuple[Console, io.StringIO]) -> None:
    """The line of a program goes when it ends; its colours and movements never come; steps that ended do not follow."""
    of, _ = terminal
    of.hear(events.Coming({"check": [], "prepare": ["bump", "test"], "publish": ["push"]}))
    for name in ("bump", "test"):
        of.hear(events.StepStarted(name))
    live = of._live  # noqa: SLF001 - what is drawn
    assert live
    of.hear(events.StepEnded("bump", "done", 0.1))
    of.hear(events.Output("nox", "\x1b[2K\x1b[31mred\x1b[0m \x1b]0;title\x07end", 7))
    of.hear(events.Output("retry", "attempt 1 of 6", 0))
    assert [line.strip() for line in drawn(live)[2:]] == ["nox: \x1b[31mred\x1b[0m end", "then push"]
    of.hear(events.Exited(7, "nox"))
    assert [line.strip() for line in drawn(live)[2:]] == ["then push"]
    of.hear(events.StepEnded("test", "done", 0.1))
    assert of._live is None  # noqa: SLF001


def test_a_step_that_may_ask(terminal: tuple[Console, io.StringIO]) -> None:
    """Its name is shown where the question of git or ssh is written over it, and nothing of it stays."""
    of, shown = terminal
    of.hear(events.StepStarted("push"))
    assert shown.getvalue() == "\x1b[2m… push\x1b[0m\r"
    of.hear(events.StepEnded("push", "done", 0.1, "main"))
    assert left(shown.getvalue()) == ["✓ push                 0.1 s  main", ""]


LONG = "This is a sentence that is too long for one line of a terminal with eighty columns, so it is folded"


@pytest.mark.parametrize(
    ("event", "lines"),
    [
        (
            events.StepEnded("build", "done", 0.1, f"{'a' * 30}.whl, {'b' * 30}.tar.gz"),
            [f"✓ build                0.1 s  {'a' * 30}.whl,", f"{' ' * 30}{'b' * 30}.tar.gz"],
        ),
        (
            events.Warned(warning(LONG, f"{LONG}: git push origin v1.2.3 main")),
            [
                "warning: This is a sentence that is too long for one line of a terminal with",
                "   eighty columns, so it is folded",
                "   → This is a sentence that is too long for one line of a terminal with eighty",
                "     columns, so it is folded: git push origin v1.2.3 main",
            ],
        ),
        (
            events.Warned(warning("m", f"Run: git {'word ' * 20}")),
            ["warning: m", "   → Run:", f"     git {'word ' * 20}".rstrip()],
        ),
        (events.Told(f"  index     {LONG}"), [f"  index     {LONG[:67]}", f"            {LONG[68:]}"]),
    ],
    ids=["a note", "a warning", "a command", "a line"],
)
def test_folded_at_words(event: events.Event, lines: list[str], terminal: tuple[Console, io.StringIO]) -> None:
    """On a terminal lines are folded at words; a command at the end of a line is not, since people copy it."""
    of, shown = terminal
    of.hear(event)
    assert left(shown.getvalue()) == [*lines, ""]


def test_not_folded_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    """In a pipe a line is a line, and there are no live lines."""
    of = Console()
    of.hear(events.StepStarted("push"))
    of.hear(events.StepStarted("build"))
    of.hear(events.Warned(warning(LONG, LONG)))
    assert capsys.readouterr().out == f"warning: {LONG}\n   → {LONG}\n"


# ---- how long it took the last time ----------------------------------------------------------------------------------


def line(run: str, event: str, **words: Any) -> str:  # noqa: ANN401 - as in the file
    """Return a line of the history."""
    return json.dumps({"at": "2026-01-01T00:00:00+00:00", "run": run, "event": event, **words})


def test_the_last_time(tmp_path: Path) -> None:
    """The last time that a step of this project was done counts; lines that cannot be read do not matter."""
    lines = [
        line("a", "started", folder="."),
        *(line("a", "step", step=name, state="done", seconds=9.0) for name in ("test", "build", "push")),
        line("b", "started", folder="."),
        line("b", "step", step="test", state="failed", seconds=1.0),
        line("b", "step", step="build", state="done", seconds=3.5),
        line("c", "started", folder="packages/other"),
        line("c", "step", step="push", state="done", seconds=70.0),
        *("broken", "[]", line("b", "step")),
    ]
    (tmp_path / "history.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert usual(tmp_path, ".") == {"test": 9.0, "build": 3.5, "push": 9.0}
    assert usual(tmp_path / "none", ".") == {}


def test_a_long_history_costs_little(tmp_path: Path) -> None:
    """Only its end is read."""
    lines = [line("a", "started", folder="."), *[line("a", "step", step="test", state="done", seconds=1.0)] * 200_000]
    (tmp_path / "history.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert usual(tmp_path, ".") == {}


# ---- what is public --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heard", "in_part", "said"),
    [
        ([events.StepEnded("test", "failed", 1)], False, "nothing"),
        ([events.StepEnded("upload", "failed", 1)], True, "some files may be on INDEX"),
        (
            [events.Progress("upload", 1, 3), events.StepEnded("upload", "failed", 1)],
            True,
            "at least 1 of 3 files is on INDEX",
        ),
        (
            [events.StepEnded("upload", "done", 1), events.StepEnded("push", "failed", 1)],
            True,
            "all files are on INDEX, the tag v1 was not seen on the remote",
        ),
        (
            [
                events.StepEnded("upload", "already done", 1),
                events.StepEnded("push", "done", 1),
                events.StepEnded("verify", "failed", 1),
            ],
            True,
            "all files are on INDEX, the tag v1 is pushed",
        ),
        (
            [events.StepEnded("push", "done", 1), events.StepEnded("watch", "failed", 1)],
            True,
            "what CI has published on INDEX, the tag v1 is pushed",
        ),
    ],
    ids=["before act 3", "no file seen", "one file", "no push", "no verify", "by CI"],
)
def test_what_is_public(heard: list[events.Event], said: str, *, in_part: bool) -> None:
    """The words are those of the release that failed, not of another one of the same task."""
    report = Report()
    done = [events.StepEnded(name, "done", 1) for name in ("check", "upload", "push")]
    facts = events.Recorded({"project": "demo", "tag": "v1", "index": "INDEX"})
    for event in (events.Progress("upload", 2, 2), *done, events.StepEnded("check", "done", 1), facts, *heard):
        report.hear(event)
    report.fail(Failed("why"), 3, in_part=in_part)
    assert report.public("release") == said


def test_what_others_have_made_public() -> None:
    """Where a tag is published, or other packages are released already, it is not said that nothing is public."""
    report = Report()
    report.hear(events.Recorded({"project": "app", "version": "1.4.0", "tag": "app-v1.4.0", "index": "INDEX"}))
    report.fail(Failed("why"), 1, in_part=False)
    assert report.public("publish").startswith("the tag app-v1.4.0; for the index, see: ")
    assert report.public("release") == "nothing"
    report.hear(events.Facts({"packages": {"outcome": "nothing-waits", "done": [], "left": ["core", "app"]}}))
    assert report.public("release_changed") == "nothing"
    report.hear(events.Facts({"packages": {"outcome": "released", "done": ["core 1.3.0"], "left": ["app"]}}))
    assert report.public("release_changed") == "core 1.3.0"
    report.fail(Failed("why"), 3, in_part=True)
    assert report.public("release_changed") == "core 1.3.0; of app 1.4.0, some files may be on INDEX"
    report.hear(events.Facts({"packages": {"outcome": "rehearsed", "done": ["core 1.3.0"], "left": ["app"]}}))
    assert report.released == []


def test_the_question(monkeypatch: pytest.MonkeyPatch, terminal: tuple[Console, io.StringIO]) -> None:
    """Anything but yes or no asks again, from an empty buffer each time; the end of the input is a no."""
    of, shown = terminal
    emptied = list[int]()
    monkeypatch.setattr(console, "_forget_what_was_typed", lambda: emptied.append(1))
    for typed, answer, asked in (("\nminor\nYES\n", True, 3), ("N\n", False, 1), ("", False, 1), ("yse\n", False, 2)):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        shown.truncate(0)
        emptied.clear()
        assert of.confirm("Release?") is answer
        assert shown.getvalue().count("Release? [y/n] ") == len(emptied) == asked
