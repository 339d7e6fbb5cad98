"""Which index a release, a resume and a test are about: where they go, and whose token they take."""

from dataclasses import replace
from pathlib import Path

import pytest

from release_recipes.commands.checkout import Checkout, find
from release_recipes.index.retry import PATIENCE
from release_recipes.plan import Plan, Request, make_plan
from release_recipes.project.source import Versions
from release_recipes.settings import Settings, Target, load, sources
from support.checking import NOBODY
from support.repository import Repository
from test_project import read
from test_state import RECORD

PYPI, TEST = "https://upload.example.org/legacy/", "https://upload.test.example.org/legacy/"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return settings that name an index for releases and another one for tests."""
    monkeypatch.setenv("PYPI_REPOSITORY_URL", PYPI)
    monkeypatch.setenv("TEST_PYPI_REPOSITORY_URL", TEST)
    return load(sources(tmp_path))


@pytest.mark.parametrize(("test", "address"), [(False, PYPI), (True, TEST)])
def test_a_plan(test: bool, address: str, settings: Settings, tmp_path: Path) -> None:
    """A release to the index for tests is compared with what that index has."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "demo"\nversion = "1.2.3"\n', encoding="utf-8")
    project = read(tmp_path)
    versions = Versions("1.2.3", "1.3.0", ("major", "minor", "patch"), ())
    plan: Plan = make_plan(project, settings, Request(part="minor", test=test), versions, branch="main", base="b" * 40)
    assert (plan.target, plan.last_index) == (Target(address, f"{address}simple/"), f"{address}simple/")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Return what the keyring, which has nothing, is asked for: an address and a user."""
    seen: list[tuple[str, str]] = []
    monkeypatch.setattr("keyring.get_password", lambda *words: seen.append(words))
    return seen


@pytest.fixture
def checkout(settings: Settings, quick: Repository) -> Checkout:
    """Return a checkout with those settings."""
    found = find(quick.path, NOBODY, PATIENCE)
    assert found.settings.repository_url == settings.repository_url
    return found


def test_a_token_for_a_release_that_waits(checkout: Checkout, asked: list[tuple[str, str]]) -> None:
    """The keyring is asked for the address to which the release that waits goes, whatever is set by now."""
    recorded = Target("https://private.example.org/legacy/", "https://private.example.org/simple/", "ada")
    assert checkout.world(replace(RECORD, target=recorded)).token is None
    assert asked == [("https://private.example.org/legacy/", "ada")]


@pytest.mark.parametrize(("test", "address"), [(False, PYPI), (True, TEST)])
def test_a_token_for_a_test(test: bool, address: str, checkout: Checkout, asked: list[tuple[str, str]]) -> None:
    """With --test the keyring is asked for the address of the index for tests."""
    assert checkout.subject(Request(test=test)).token is None
    assert asked == [(address, "__token__")]
