"""What a process that we start is given of our environment."""

from collections.abc import Mapping, Sequence

import pytest

from release_recipes.processes.environment import environment
from release_recipes.programs import bump_my_version


def test_no_variable_changes_a_bump(monkeypatch: pytest.MonkeyPatch) -> None:
    """What bump-my-version would take from the shell does not reach it, nor anybody else; what it has from us does."""
    for name in ("BUMPVERSION_TAG", "BUMPVERSION_COMMIT", "BUMPVERSION_CURRENT_VERSION"):
        monkeypatch.setenv(name, "true")
    monkeypatch.setenv("HARMLESS", "and needed")
    given = environment({"OURS": "1"})
    assert (given["HARMLESS"], given["OURS"]) == ("and needed", "1")
    assert [name for name in given if name.startswith("BUMPVERSION_")] == []


def test_no_variable_makes_up_a_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """What tells a build backend another version than the tag does not reach it."""
    names = ("SETUPTOOLS_SCM_PRETEND_VERSION", "SETUPTOOLS_SCM_PRETEND_VERSION_FOR_DEMO", "PBR_VERSION")
    for name in names:
        monkeypatch.setenv(name, "9.9.9")
    assert environment().keys().isdisjoint(names)


class Noted:
    """A helper that is not started; what it would be started with is kept."""

    lives = True

    def __init__(self, _argv: Sequence[str], *, env: Mapping[str, str]) -> None:
        self.env = env


def test_bump_my_version_begins_with_next_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is started before any `.env` was read, so what Python needs is all that it begins with."""
    monkeypatch.setattr(bump_my_version, "_helper", None)
    monkeypatch.setattr(bump_my_version, "Helper", Noted)
    monkeypatch.setenv("LC_MESSAGES", "C")
    monkeypatch.setenv("A_COPY", "of what .env will be found to hold")
    helper = bump_my_version.get_ready()
    assert isinstance(helper, Noted)
    assert {"PATH", "HOME", "LC_MESSAGES", "PYTHONUTF8"} <= helper.env.keys()
    assert "A_COPY" not in helper.env
