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
        github.host_remote_of(repository, monkeypatch)
        github.check_runs[repository.head] = {"tests": "success", "docs": "skipped"}
        yield github


@pytest.mark.green("ci", "protected", "github", "burned-tag")
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


@pytest.mark.parametrize(
    ("words", "tag", "following"),
    [
        ({}, "v1.3.0", "1.3.1"),
        ({"new_version": "1.3.0rc9", "part": ""}, "v1.3.0rc9", "1.3.0rc10"),
    ],
    ids=["final", "pre-release"],
)
@pytest.mark.red("burned-tag")
def test_a_tag_that_is_burned(
    words: dict[str, str], tag: str, following: str, repository: Repository, github: FakeGitHub
) -> None:
    """The tag of an immutable release that was deleted is an error before anything is done, with the next version."""
    github.burn("v0.9")
    github.burn(tag)
    assert problems(look(repository.path, **words)) == [
        Told(
            "burned-tag",
            f"GitHub makes no release of {tag}: the tag was used by an immutable release that was deleted.",
            f"Release the next version: release-recipes release --new-version {following}; or, to release this one "
            "without a GitHub release, set in [tool.release]: github_release = false",
        )
    ]
    assert [call for call in github.calls if call.method != "GET" and "graphql" not in call.path] == []


@pytest.mark.green("burned-tag")
def test_tags_that_are_not_burned(repository: Repository, github: FakeGitHub) -> None:
    """Neither the tag of a release that could be deleted, nor that of one that is there, nor another one is burned."""
    github.burn("v1.2.9")
    made = github.add_release("v1.3.0", draft=True)
    github.publish(made)
    github.releases.remove(made)
    assert problems(look(repository.path)) == []
    github.immutable_releases = True
    github.publish(github.add_release("v1.3.0", draft=True))
    assert problems(look(repository.path)) == []


@pytest.mark.parametrize("setting", ["github_release", "auto_git_tag"])
@pytest.mark.green("burned-tag")
def test_a_tag_that_is_burned_and_not_needed(setting: str, repository: Repository, github: FakeGitHub) -> None:
    """Where no GitHub release is to be made, a burned tag is no error."""
    configured = (repository.path / "pyproject.toml").read_text(encoding="utf-8")
    repository.write("pyproject.toml", f"{configured}\n[tool.release]\n{setting} = false\n")
    github.burn("v1.3.0")
    assert "burned-tag" not in {finding.check for finding in look(repository.path).findings}


@pytest.mark.parametrize("path", ["/events", "/releases"])
@pytest.mark.green("burned-tag")
def test_events_without_an_answer(path: str, repository: Repository, github: FakeGitHub) -> None:
    """Where GitHub does not say whether a tag is burned, nothing is said."""
    github.burn("v1.3.0")
    github.fail("GET", path)
    assert problems(look(repository.path)) == []


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
