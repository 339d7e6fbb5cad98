"""The release on GitHub, made by the true gh on a GitHub of ours."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from release_recipes import events
from release_recipes.errors import Unfinished
from release_recipes.programs.gh import GitHubFailed, GitHubRepository, parse_address
from release_recipes.publish import World, github
from support.github import Call, FakeGitHub, Request
from support.world import make_world

ADDRESS = "https://github.localhost/o/r.git"
BY_HAND = (
    "The GitHub release was left out. To create it: gh release create v1.0 --repo github.localhost/o/r --verify-tag "
    "--generate-notes --title 'Release 1.0'"
)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitHub]:
    """Serve a GitHub whose repository has the tag, with gh signed in."""
    bare = tmp_path / "remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(bare)], check=True)
    commit = _commit(bare)
    subprocess.run(["git", "-C", str(bare), "update-ref", "refs/tags/v1.0", commit], check=True)
    with FakeGitHub(bare) as hub:
        for name, value in hub.environment().items():
            monkeypatch.setenv(name, value)
        yield hub


def _commit(bare: Path) -> str:
    """Make a commit without files."""
    tree = subprocess.run(["git", "-C", str(bare), "mktree"], check=True, capture_output=True, input=b"").stdout
    argv = ["git", "-C", str(bare), "commit-tree", "-m", "release", tree.decode().strip()]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a release of a wheel and an sdist."""
    return make_release(tmp_path / "release", ADDRESS)


def make_release(folder: Path, address: str) -> World:
    """Return a release of a wheel and an sdist, from a repository with a remote."""
    world = make_world(folder, wheels=1, token="pypi-a-long-token", remote_address=address)  # noqa: S106
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    subprocess.run(["git", "-C", str(folder), "remote", "add", "origin", address], check=True)
    return world


def test_release(hub: FakeGitHub, world: World) -> None:
    """A draft is made, filled, seen to be whole and published, by its id, and a second run finds it done."""
    done = github.STEP.converge(world)
    assert (done.state, done.note) == ("done", "https://github.localhost/o/r/releases/tag/v1.0")
    release = hub.release("v1.0")
    assert (release.title, release.draft, release.prerelease) == ("Release 1.0", False, False)
    assert release.digests == {artifact.filename: artifact.sha256 for artifact in world.record.artifacts}
    assert release.body.startswith(
        "```\npip install box==1.0\n```\n\n[Changelog](https://github.localhost/o/r/blob/v1.0/CHANGELOG.md)\n"
    )
    assert "**Full Changelog**" in release.body
    number = release.id
    assert hub.calls == [
        Call("GET", "/repos/o/r/releases"),
        Call("POST", "/repos/o/r/releases"),
        Call("POST", f"/repos/o/r/releases/{number}/assets"),
        Call("POST", f"/repos/o/r/releases/{number}/assets"),
        Call("GET", f"/repos/o/r/releases/{number}"),
        Call("PATCH", f"/repos/o/r/releases/{number}"),
    ]
    assert github.STEP.converge(world).state == "already done"
    assert len(hub.releases) == 1


def test_gh_is_absent(hub: FakeGitHub, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where gh is not there the release is left out, with the command that makes it."""
    monkeypatch.setattr("sys.executable", str(tmp_path / "bin" / "python"))
    reached = os.environ["PATH"].split(os.pathsep)
    monkeypatch.setenv("PATH", os.pathsep.join(path for path in reached if not Path(path, "gh").exists()))
    told: list[events.Event] = []
    with events.listening(told.append):
        done = github.STEP.converge(world)
    assert (done.state, done.note) == ("left out", "gh is not installed")
    assert events.Told(BY_HAND) in told
    assert hub.calls == []


def test_nobody_is_signed_in(hub: FakeGitHub, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody is signed in the release is left out, and GitHub is not asked."""
    for name in hub.environment():
        monkeypatch.delenv(name)
    for name, value in hub.environment("no").items():
        monkeypatch.setenv(name, value)
    told: list[events.Event] = []
    with events.listening(told.append):
        assert github.STEP.converge(world).note == "gh is not signed in"
    assert events.Told(BY_HAND) in told
    assert hub.calls == []


def test_another_host(hub: FakeGitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that is no GitHub is sent nothing, whatever gh is signed in with."""
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", hub.token)
    done = github.STEP.converge(make_release(tmp_path / "other", "https://git.example.org/o/r.git"))
    assert (done.state, done.note) == ("left out", "the remote is not on GitHub")
    assert [call for call in hub.calls if "releases" in call.path] == []


def test_an_address_that_git_rewrites(hub: FakeGitHub, world: World) -> None:
    """A remote whose address is short for one on GitHub is on GitHub."""
    # A15
    for words in (["remote", "set-url", "origin", "gh:o/r"], ["config", f"url.{ADDRESS[:-7]}.insteadOf", "gh:"]):
        subprocess.run(["git", "-C", str(world.git.path), *words], check=True)
    assert github.STEP.converge(world).state == "done"
    assert hub.release("v1.0").title == "Release 1.0"


@pytest.mark.parametrize(
    ("address", "repository"),
    [
        ("https://github.com/o/r.git", GitHubRepository("github.com", "o/r")),
        ("https://github.com/o/r/", GitHubRepository("github.com", "o/r")),
        ("git@github.com:o/r.git", GitHubRepository("github.com", "o/r")),
        ("ssh://git@ssh.github.com:443/o/r.git", GitHubRepository("github.com", "o/r")),
        ("https://gitlab.com/group/sub/r.git", None),
        ("/home/ada/r.git", None),
        ("C:/repos/r", None),
    ],
)
def test_addresses(address: str, repository: GitHubRepository | None) -> None:
    """The addresses of a repository on GitHub are known in each of their forms."""
    assert parse_address(address) == repository


# -- what GitHub says no to, and what it has ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "unauthorised", "is_transient"),
    [
        ("gh: Bad credentials (HTTP 401)", True, False),
        ("gh: Resource not accessible (HTTP 403)", False, False),
        ("gh: Request Timeout (HTTP 408)", False, True),
        ("gh: Validation Failed (HTTP 422)", False, False),
        ("gh: Too Many Requests (HTTP 429)", False, True),
        ("gh: Bad Gateway (HTTP 502)", False, True),
        ("error connecting to api.github.com", False, True),
    ],
)
def test_what_may_go_better(said: str, unauthorised: bool, is_transient: bool) -> None:
    """What GitHub answers is taken for what it is: nobody known, a refusal for good, or something that passes."""
    failure = GitHubFailed(["gh", "api"], 1, said)
    assert (failure.unauthorised, failure.is_transient) == (unauthorised, is_transient)


def test_a_token_that_is_known_no_more(hub: FakeGitHub, world: World) -> None:
    """A token that was revoked is told as what it is: nobody is signed in with it."""
    hub.token += "-renewed"
    done = github.STEP.converge(world)
    assert (done.state, done.note) == ("left out", "gh is not signed in")


@pytest.mark.parametrize(("version", "prerelease"), [("1.0rc1", True), ("1.0.dev1", True), ("1.0.post1", False)])
def test_a_prerelease(version: str, prerelease: bool, hub: FakeGitHub, world: World) -> None:
    """A version that installers pass over does not become the latest release of the repository."""
    github.STEP.converge(replace(world, record=replace(world.record, version=version)))
    assert hub.release("v1.0").prerelease is prerelease


def test_other_bytes_of_the_same_length(hub: FakeGitHub, world: World) -> None:
    """An asset of a public release that has the right size and other content is told, and not replaced."""
    made = hub.add_release("v1.0", title="By hand")
    wheel, sdist = world.record.artifacts
    hub.add_asset(made, wheel.filename, b"x" * wheel.size)
    hub.add_asset(made, sdist.filename, (world.dist / sdist.filename).read_bytes())
    told: list[events.Event] = []
    with events.listening(told.append):
        assert github.STEP.converge(world).state == "already done"
    messages = [event.finding.message for event in told if isinstance(event, events.Warned)]
    assert messages == [f"The GitHub release has different content for {wheel.filename}."]
    assert made.assets[wheel.filename].content == b"x" * wheel.size


def test_a_broken_asset_of_the_same_length(hub: FakeGitHub, world: World) -> None:
    """What a broken upload left in a public release is replaced, whatever its length, and nothing is said of it."""
    made = hub.add_release("v1.0", title="By hand")
    wheel, sdist = world.record.artifacts
    hub.add_asset(made, wheel.filename, b"x" * wheel.size, state="starter")
    told: list[events.Event] = []
    with events.listening(told.append):
        assert github.STEP.converge(world).state == "done"
    assert made.digests == {artifact.filename: artifact.sha256 for artifact in (wheel, sdist)}
    assert [event for event in told if isinstance(event, events.Warned)] == []


@pytest.mark.parametrize("answered", [{"draft": True}, {"assets": []}], ids=["a draft", "without assets"])
def test_what_is_published_is_looked_at(answered: dict[str, object], hub: FakeGitHub, world: World) -> None:
    """A release that is still a draft, or lacks files, after it was published is not told as made."""
    original = hub.answer

    def answer(request: Request) -> tuple[int, object]:
        status, payload = original(request)
        return status, payload | answered if request.method == "PATCH" else payload

    hub.answer = answer  # type: ignore[method-assign]
    with pytest.raises(Unfinished, match=r"The GitHub release v1\.0 is incomplete after it was published\."):
        github.STEP.converge(world)
