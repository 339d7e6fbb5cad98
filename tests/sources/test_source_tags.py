"""A project whose versions come from tags needs the tags of the remote, and the tag of each of its releases."""

from dataclasses import replace
from pathlib import Path

import pytest

from support.checking import Told, look, problems
from support.cli import Cli
from support.index import PypiServer
from support.sources import RELEASE, SOURCES, make_source

VCS = SOURCES["hatch-vcs"]


@pytest.mark.red("source-tags")
def test_a_tag_that_was_not_fetched(tmp_path: Path, index: PypiServer) -> None:
    """A newer version that only the remote has is an error; with the command of the hint, the next one follows it."""
    del index
    repository = make_source(tmp_path / "project", VCS)
    other = repository.other_clone()
    for tag in ("1.4.0", "1.0.0", "later", "other-9.0.0"):
        other.git("tag", tag)
    other.git("push", "--quiet", "--tags")
    assert problems(look(repository.path)) == [
        Told(
            "source-tags",
            "The version comes from tags, and origin has 1.4.0, which is not here.",
            "Fetch the tags: git fetch --tags origin",
        )
    ]
    repository.git("fetch", "--quiet", "--tags", "origin")
    outcome = look(repository.path)
    assert problems(outcome) == []
    assert outcome.plan is not None
    assert (outcome.plan.prior, outcome.plan.version) == ("1.4.0", "1.5.0")


@pytest.mark.red("source-tags")
@pytest.mark.green("source-tags")
def test_a_release_without_its_tag(tmp_path: Path, index: PypiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """With AUTO_GIT_TAG=false the commit must have the tag before, or nothing would say which version it was."""
    del index
    repository = make_source(tmp_path / "project", VCS)
    assert problems(look(repository.path)) == []
    monkeypatch.setenv("AUTO_GIT_TAG", "false")
    make = "git tag -a 1.3.0 -m 1.3.0"
    assert problems(look(repository.path)) == [
        Told(
            "source-tags",
            "The version comes from the tag, and none would be made: environment AUTO_GIT_TAG says so.",
            f"Remove that setting; or make the tag, then release it: {make} && release-recipes release --part none",
        )
    ]
    repository.git(*make.split()[1:])
    assert problems(look(repository.path, part="none")) == []


def test_the_tag_of_the_version_is_on_an_earlier_commit(tmp_path: Path, pypi: PypiServer, cli: Cli) -> None:
    """With --test, the current version is built from a commit after it: the tag is made there in the workspace only."""
    repository = make_source(tmp_path / "project", VCS)
    environment = {"TEST_PYPI_REPOSITORY_URL": pypi.upload_url, "PYPI_TEST_TOKEN": pypi.token}
    before, words = repository.snapshot(), ("release", "--part", "none", "--test", "--skip-tests", "--yes")
    done = cli(*words, cwd=repository.path, env=environment)
    assert done.code == 0, done.err
    assert {name.split("-")[1].removesuffix(".tar.gz") for name in pypi.files()} == {"1.2.3"}
    assert repository.snapshot() == before


def test_copies_that_bump_my_version_changes(tmp_path: Path, index: PypiServer, cli: Cli) -> None:
    """Its configuration changes the copies in a release commit, and the tag on it says the version."""
    configuration = '\n[tool.bumpversion]\ncurrent_version = "1.2.3"\nfiles = [{filename = "COPY"}]\n'
    files = {**VCS.files, "COPY": "1.2.3\n", "pyproject.toml": VCS.files["pyproject.toml"] + configuration}
    repository = make_source(tmp_path / "project", replace(VCS, files=files))
    base = repository.head
    done = cli(*RELEASE, cwd=repository.path)
    assert done.code == 0, done.out + done.err
    assert {file.split("-")[1].removesuffix(".tar.gz") for file in index.files()} == {"1.3.0"}
    assert repository.git("diff", "--name-only", base).splitlines() == ["COPY", "pyproject.toml"]
    assert repository.remote_refs()["refs/tags/1.3.0^{}"] == repository.head


def test_copies_have_no_development_version(tmp_path: Path, index: PypiServer, cli: Cli) -> None:
    """The commit after a release would move copies to a version that no tag has, and the next release miss them."""
    del index
    source = SOURCES["setuptools-scm-copy"]
    setting = '\n[tool.release]\nafter_release = "dev"\n'
    files = {**source.files, "pyproject.toml": source.files["pyproject.toml"] + setting}
    repository = make_source(tmp_path / "project", replace(source, files=files))
    done = cli("release", "--part", "minor", "--dry-run", cwd=repository.path)
    assert done.code == 0, done.err
    (line,) = [line for line in done.out.splitlines() if "next-version" in line]
    assert line.split(maxsplit=2)[2] == "left out: the version comes from the tag"
