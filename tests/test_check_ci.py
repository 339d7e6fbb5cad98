"""What act 1 says where CI is to publish on the tag."""

from collections.abc import Iterator

import pytest

from support.checking import Told, look, problems, warnings
from support.github import FakeGitHub
from support.index import PypiServer
from support.repository import Repository

WORKFLOW = "on:\n  push:\n    tags: [v*]\njobs:\n  publish:\n    steps:\n    - run: release-recipes publish\n"
HERE = 'to publish from this machine, set in [tool.release]: publish = "here"'

NO_WORKFLOW = Told(
    "ci-publishes",
    "CI publishes on the tag, but no workflow of this commit runs `release-recipes publish`.",
    f"Write one: release-recipes init --only workflows; or, {HERE}",
)


@pytest.fixture
def github(repository: Repository, known: PypiServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitHub]:
    """Serve a GitHub to which gh is signed in; the repository has a workflow that publishes, and no token is set."""
    assert known
    monkeypatch.delenv("PYPI_API_TOKEN")
    monkeypatch.setenv("RELEASE_PUBLISH", "ci")
    repository.write(".github/workflows/release.yml", WORKFLOW)
    repository.commit("ci: publish")
    repository.git("push", "--quiet")
    with FakeGitHub(repository.remote) as github:
        github.host_remote_of(repository, monkeypatch)
        yield github


@pytest.mark.usefixtures("github")
@pytest.mark.green("ci-publishes")
def test_ci_publishes(repository: Repository) -> None:
    """With a workflow that publishes and gh signed in there is nothing to say, and no token is asked for."""
    outcome = look(repository.path)
    assert (problems(outcome), warnings(outcome)) == ([], [])
    assert outcome.plan is not None
    assert outcome.plan.by_ci


@pytest.mark.usefixtures("github")
def test_a_token_is_not_looked_at(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that would be refused, and an index without encryption, do not matter where nothing is uploaded."""
    monkeypatch.setenv("PYPI_API_TOKEN", "your-token-here")
    monkeypatch.setenv("PYPI_REPOSITORY_URL", "http://index.example.org/")
    assert (problems(look(repository.path)), warnings(look(repository.path))) == ([], [])
    monkeypatch.setenv("PYPI_API_TOKEN", "hunter2-hunter2")
    monkeypatch.setenv("PYPI_REPOSITORY_URL", "https://upload.pypi.org/legacy/")
    assert (problems(look(repository.path)), warnings(look(repository.path))) == ([], [])


@pytest.mark.usefixtures("github")
@pytest.mark.red("ci-publishes")
def test_no_workflow_publishes(repository: Repository) -> None:
    """Where no workflow of the commit publishes, the tag would start nothing: the release stops."""
    repository.write(".github/workflows/release.yml", "on: push\njobs:\n  test:\n    steps:\n    - run: pytest\n")
    repository.commit("ci: test")
    assert problems(look(repository.path)) == [NO_WORKFLOW]


@pytest.mark.usefixtures("github")
def test_no_tag_is_pushed(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a tag there is nothing that CI could publish on."""
    monkeypatch.setenv("AUTO_GIT_TAG", "false")
    assert problems(look(repository.path)) == [
        Told(
            "ci-publishes",
            "CI publishes on the tag, but auto_git_tag is off, so no tag is pushed.",
            f"Set auto_git_tag to true; or, {HERE}",
        )
    ]


def test_gh_is_signed_out(repository: Repository, github: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a login the release goes on, and it is told that only the index can be watched."""
    monkeypatch.delenv("GH_TOKEN")
    for name, value in github.environment("no").items():
        monkeypatch.setenv(name, value)
    outcome = look(repository.path)
    assert problems(outcome) == []
    assert warnings(outcome) == [
        Told(
            "ci-publishes",
            "Only the index can be watched: gh is not signed in to github.localhost.",
            "Sign in: gh auth login --hostname github.localhost",
        )
    ]


@pytest.mark.usefixtures("github")
def test_a_remote_elsewhere(repository: Repository) -> None:
    """On another forge, whose file is a workflow, too, only the index can be watched."""
    repository.git("rm", "-r", "--quiet", ".github")
    repository.write(".gitlab-ci.yml", "release:\n  script:\n  - release-recipes publish\n")
    repository.commit("ci: publish")
    repository.git("remote", "set-url", "origin", str(repository.remote))
    repository.git("push", "--quiet")
    outcome = look(repository.path)
    assert problems(outcome) == []
    assert warnings(outcome) == [
        Told(
            "ci-publishes",
            "Only the index can be watched: the remote is not on GitHub.",
            "Check that the forge of the remote runs .gitlab-ci.yml: nothing else publishes the tag.",
        )
    ]


@pytest.mark.usefixtures("known")
@pytest.mark.green("ci-publishes")
def test_a_release_from_here(repository: Repository) -> None:
    """A release from this machine needs no workflow."""
    assert problems(look(repository.path)) == []


def test_a_test_release(repository: Repository, known: PypiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A release to TestPyPI is made here, so it needs a token and no workflow."""
    monkeypatch.setenv("TEST_PYPI_REPOSITORY_URL", known.upload_url)
    monkeypatch.setenv("RELEASE_PUBLISH", "ci")
    assert [told.check for told in problems(look(repository.path, test=True))] == ["token"]
