"""What act 1 says once GitHub can be asked, by the true gh."""

from collections.abc import Iterator

import pytest

from support.checking import Told, look, problems, warnings
from support.github import FakeGitHub
from support.repository import Repository

pytestmark = pytest.mark.usefixtures("known")


@pytest.fixture
def github(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitHub]:
    """Serve a GitHub that the repository's remote is on; gh is signed in, and CI is content with HEAD."""
    with FakeGitHub(repository.remote) as github:
        address = f"https://{github.host}/{github.name}.git"
        repository.git("config", f"url.{repository.remote}.insteadOf", address)
        repository.git("remote", "set-url", "origin", address)
        for name, value in github.environment().items():
            monkeypatch.setenv(name, value)
        github.check_runs[repository.head] = {"tests": "success", "docs": "skipped"}
        yield github


@pytest.mark.green("ci", "protected", "github")
def test_a_repository_on_github_that_is_in_order(repository: Repository, github: FakeGitHub) -> None:
    """With green checks, an open branch and gh signed in there is nothing to say."""
    outcome = look(repository.path)
    assert (problems(outcome), warnings(outcome)) == ([], [])
    # A question to GraphQL is a POST, too.
    assert [call for call in github.calls if call.method != "GET" and "graphql" not in call.path] == []


@pytest.mark.red("ci")
def test_a_red_check(repository: Repository, github: FakeGitHub) -> None:
    """What CI has found broken is not released."""
    github.check_runs[repository.head] = {"tests": "failure", "docs": "success"}
    github.statuses[repository.head] = {"buildbot": "error"}
    assert problems(look(repository.path)) == [
        Told(
            "ci",
            f"CI failed on {repository.head[:12]}: buildbot, tests.",
            "Fix it; or, to release anyway, set in [tool.release]: skip_checks = ['ci']",
        )
    ]


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        ({"tests": "", "docs": "success"}, "CI has not finished on {head}: tests."),
        ({}, "CI has no result for {head}."),
    ],
    ids=["pending", "unknown"],
)
@pytest.mark.red("ci")
def test_a_check_that_is_not_done(
    runs: dict[str, str], message: str, repository: Repository, github: FakeGitHub
) -> None:
    """A check that has not ended, and a commit that CI has not seen, are warned of."""
    github.check_runs[repository.head] = runs
    outcome = look(repository.path)
    assert problems(outcome) == []
    assert [told[:2] for told in warnings(outcome)] == [("ci", message.format(head=repository.head[:12]))]


@pytest.mark.red("protected")
def test_a_protected_branch(repository: Repository, github: FakeGitHub) -> None:
    """The ways there are with a protected branch are told before the push is refused."""
    github.protect("main")
    assert warnings(look(repository.path)) == [
        Told(
            "protected",
            "main is protected on GitHub, so the push of the release commit may be refused.",
            "Bump in a pull request and release the merge with --part none, or allow your user to bypass it.",
        )
    ]


@pytest.mark.red("github")
def test_gh_is_signed_out(repository: Repository, github: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a sign-in the release goes on, and it is told beforehand what will be left out."""
    monkeypatch.delenv("GH_TOKEN")
    for name, value in github.environment("no").items():
        monkeypatch.setenv(name, value)
    assert warnings(look(repository.path)) == [
        Told(
            "github",
            "gh is not signed in to github.localhost, so no GitHub release is made.",
            "Sign in: gh auth login --hostname github.localhost",
        )
    ]


@pytest.mark.green("ci", "protected")
def test_a_github_that_does_not_answer(repository: Repository, github: FakeGitHub) -> None:
    """A GitHub that is out of order stops nothing: nobody knows better."""
    github.fail("GET", "/branches/main", times=9)
    github.fail("GET", "/status", times=9)
    assert problems(look(repository.path)) == []
