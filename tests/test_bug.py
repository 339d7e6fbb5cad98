"""A bug of ours: the person is told one sentence, the traceback is in a file, and the exit code says what waits."""

from pathlib import Path

import pytest

from release_recipes.cli.session import Session
from release_recipes.secrets.token import Token
from release_recipes.state.folder import State
from support.repository import Repository
from test_state import RECORD

SECRET = "pypi-a-long-token"  # noqa: S105 - opens nothing


@pytest.fixture
def state(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> State:
    """Return the state of the repository in which tasks run; pytest keeps its signals."""
    monkeypatch.chdir(repository.path)
    monkeypatch.setattr("release_recipes.cli.session._SIGNALS", ())
    return State(repository.path / ".git" / "release-recipes")


def end_with(error: Exception) -> int | str | None:
    """Let a task that has found its repository end with an error; return the exit code."""
    session = Session("resume", json=False)
    assert session.checkout.state.folder.name == "release-recipes"
    with pytest.raises(SystemExit) as ended, session:
        raise error
    return ended.value.code


@pytest.mark.parametrize(
    ("waits", "code", "hint"),
    [(False, 1, "run the same command again."), (True, 3, "finish it: release-recipes resume")],
)
def test_a_bug(waits: bool, code: int, hint: str, state: State, capfd: pytest.CaptureFixture[str]) -> None:
    """A bug while a release waits ends with the code that says so, and with 1 where none does."""
    Token(SECRET)
    if waits:
        state.save(RECORD)
    assert end_with(TypeError(f"no such thing: {SECRET}")) == code
    out, err = capfd.readouterr()
    path = state.folder / "bug.txt"
    assert err.splitlines()[:-1] == [
        "error: release-recipes has a bug: TypeError: no such thing: **********",
        f"   → Please report it with {path}; then {hint}",
    ]
    assert err.splitlines()[-1].startswith("   log: ")
    kept = path.read_text(encoding="utf-8")
    assert kept.startswith("Traceback (most recent call last):\n")
    assert kept.splitlines()[-1] == "TypeError: no such thing: **********"
    assert SECRET not in out + err + kept


def test_a_bug_before_a_repository_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Where there is no place for a file, the last line of the traceback is told."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("release_recipes.cli.session._SIGNALS", ())
    with pytest.raises(SystemExit) as ended, Session("check", json=False):
        raise TypeError("no such thing")
    assert ended.value.code == 1
    assert "Please report it with TypeError: no such thing; then run the same command again." in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []
