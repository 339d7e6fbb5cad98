"""What `init` writes leaves each kind of project releasing as it did, and a second `init` writes nothing."""

from pathlib import Path

import pytest

from release_recipes import events
from release_recipes.commands.bump import planned
from release_recipes.commands.checkout import find
from release_recipes.commands.init import init
from release_recipes.index.retry import PATIENCE
from release_recipes.plan import Request
from support.checking import NOBODY
from support.repository import Repository
from support.sources import SOURCES, make_source


def written(repository: Repository, only: str | None = None) -> list[str]:
    """Run `init --yes`, and return the files that it wrote."""
    told: list[events.Event] = []
    with events.listening(told.append):
        assert init(find(repository.path, NOBODY, PATIENCE), only=only, dry_run=False, yes=True) == "done"
    *_, names = (event.values["written"] for event in told if isinstance(event, events.Facts))
    assert isinstance(names, list)
    return names


def plan(repository: Repository) -> tuple[object, ...]:
    """Return what a minor release would be: its version, its tag, and the files that it changes."""
    checkout = find(repository.path, NOBODY, PATIENCE)
    made = planned(checkout, checkout.subject(Request(part="minor")))
    return made.version, made.tag, sorted({file.name for file in made.versions.files} - {".bumpversion.toml"})


@pytest.mark.parametrize("name", SOURCES)
def test_a_release_stays_the_same(tmp_path: Path, name: str) -> None:
    """Version, tag and changed files of the next release are those of before, and the second run writes nothing."""
    repository = make_source(tmp_path / "project", SOURCES[name])
    origin = "https://github.com/octo/demo.git"
    repository.git("config", f"url.{repository.remote}.insteadOf", origin)
    repository.git("remote", "set-url", "origin", origin)
    before = plan(repository)

    files = written(repository)

    assert {"tasks.py", ".env.example", ".gitignore", ".github/workflows/release.yml"} <= {*files}
    repository.commit("adopt")
    assert (written(repository), repository.git("status", "--porcelain")) == ([], "")
    assert plan(repository) == before
    if written(repository, "bump"):
        repository.commit("configure bump-my-version")
        assert written(repository, "bump") == []
        assert plan(repository) == before
