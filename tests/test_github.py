"""The release on GitHub, made by the true gh on a GitHub of ours."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from release_recipes import events
from release_recipes.programs.gh import GitHubRepository, parse_address
from release_recipes.publish import World, github
from support.github import Call, FakeGitHub
from support.world import make_world

ADDRESS = "https://github.localhost/o/r.git"
BY_HAND = (
    "The GitHub release was left out; to make it: gh release create v1.0 --repo github.localhost/o/r --verify-tag "
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
    return make_world(tmp_path / "release", wheels=1, token="pypi-a-long-token", remote_address=ADDRESS)  # noqa: S106


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
    assert (done.state, done.note) == ("left out", "gh is not there")
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
    address = "https://git.example.org/o/r.git"
    other = make_world(tmp_path / "other", wheels=1, token="pypi-a-long-token", remote_address=address)  # noqa: S106
    done = github.STEP.converge(other)
    assert (done.state, done.note) == ("left out", "the remote is not on GitHub")
    assert [call for call in hub.calls if "releases" in call.path] == []


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
