"""The push: branch and tag together; where the branch moved or declines, the commit is on the remote all the same."""

import shutil
import sysconfig
from collections.abc import Callable

import pytest

from support.cli import Cli, Result
from support.github import FakeGitHub
from support.index import PypiServer
from support.repository import Repository

RELEASE = ("release", "--part", "minor", "--skip-tests")
MINE = {"refs/heads/main", "refs/tags/v1.2.3", "refs/tags/v1.2.3^{}", "refs/tags/v1.3.0", "refs/tags/v1.3.0^{}"}

Ready = Callable[[], "Ready"]


@pytest.fixture
def release(cli: Cli, repository: Repository, pypi: PypiServer) -> Callable[..., Result]:
    """Return what runs a task of the product in the repository, against the index."""

    def run(*words: str, **variables: str) -> Result:
        return cli(*(words or RELEASE), cwd=repository.path, env=pypi.settings | variables)

    return run


def hook(repository: Repository, name: str, text: str) -> None:
    """Give the remote a hook."""
    path = repository.remote / "hooks" / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def when_claimed(repository: Repository, text: str) -> None:
    """Let something happen on the remote once: after the claim, which is after the last look at the branch."""
    once = (
        f"[ -e done ] && exit\ngrep -q release-recipes || exit 0\ntouch done\nunset GIT_QUARANTINE_PATH GIT_DIR\n{text}"
    )
    hook(repository, "post-receive", once)


def push_theirs(repository: Repository, path: str, text: str) -> str:
    """Prepare somebody else's commit on the remote, not yet on a branch; return its id."""
    other = repository.other_clone()
    other.write(path, text)
    theirs = other.commit("feat: theirs")
    other.git("push", "--quiet", "origin", "HEAD:refs/heads/theirs")
    return theirs


def test_branch_and_tag_come_together(release: Callable[..., Result], repository: Repository) -> None:
    """The remote gets branch and tag in one push, and no claim stays."""
    hook(repository, "post-receive", "cat >> pushes; echo . >> pushes")
    assert release().code == 0
    commit, tag = repository.head, repository.git("rev-parse", "v1.3.0")
    nothing, base = "0" * 40, repository.git("rev-parse", "HEAD~1")
    assert (repository.remote / "pushes").read_text(encoding="utf-8").splitlines() == [
        f"{nothing} {tag} refs/release-recipes/v1.3.0",
        ".",
        f"{base} {commit} refs/heads/main",
        f"{tag} {nothing} refs/release-recipes/v1.3.0",
        f"{nothing} {tag} refs/tags/v1.3.0",
        ".",
    ]


def test_a_branch_that_moved_is_merged(release: Callable[..., Result], repository: Repository) -> None:
    """When somebody pushed between upload and push, the tag is pushed as it is and the branch gets a merge of both."""
    theirs = push_theirs(repository, "theirs.txt", "news\n")
    when_claimed(repository, f"git update-ref refs/heads/main {theirs}")
    done = release()
    assert done.code == 0, done.err
    refs = repository.remote_refs()
    assert set(refs) == MINE | {"refs/heads/theirs"}
    repository.git("fetch", "--quiet")
    assert repository.git("rev-list", "--parents", "-1", "origin/main").split()[1:] == [
        theirs,
        refs["refs/tags/v1.3.0^{}"],
    ]
    assert repository.git("log", "-1", "--format=%an %ae %s", "origin/main") == (
        "Ada Lovelace ada@example.org Merge v1.3.0 into main"
    )
    assert repository.head == refs["refs/tags/v1.3.0^{}"]
    assert repository.git("status", "--porcelain") == ""
    assert {path.name for path in (repository.path / ".git/release-recipes").iterdir()} == {
        "lock",
        "logs",
        "history.jsonl",
    }


def test_a_branch_that_moves_with_a_conflict_gets_a_branch_beside_it(
    release: Callable[..., Result], repository: Repository
) -> None:
    """When the merge conflicts, tag and commit are pushed, the commit as release/v1.3.0, and the command is told."""
    theirs = push_theirs(repository, "demo/__init__.py", '__version__ = "2.0.0"\n')
    when_claimed(repository, f"git update-ref refs/heads/main {theirs}")
    done = release()
    assert done.code == 0, done.err
    refs = repository.remote_refs()
    assert set(refs) == MINE | {"refs/heads/theirs", "refs/heads/release/v1.3.0"}
    assert refs["refs/heads/main"] == theirs
    assert refs["refs/heads/release/v1.3.0"] == refs["refs/tags/v1.3.0^{}"]
    assert (
        "main does not accept the release commit, which is on release/v1.3.0. Merge it: "
        "git fetch origin release/v1.3.0 && git merge FETCH_HEAD\n"
    ) in done.out


PROTECTED = (
    'case "$1" in refs/heads/main) echo "GH006: Protected branch update failed for refs/heads/main."; exit 1;; esac'
)


def test_a_protected_branch_gets_a_branch_beside_it(release: Callable[..., Result], repository: Repository) -> None:
    """When the server declines the branch, tag and commit are on the remote, and the release is done."""
    hook(repository, "update", PROTECTED)
    base = repository.head
    done = release()
    assert done.code == 0, done.err
    refs = repository.remote_refs()
    assert set(refs) == MINE | {"refs/heads/release/v1.3.0"}
    assert refs["refs/heads/main"] == base
    assert refs["refs/heads/release/v1.3.0"] == refs["refs/tags/v1.3.0^{}"]
    assert release("resume").code == 0


def test_somebody_elses_release_branch_is_left_alone(release: Callable[..., Result], repository: Repository) -> None:
    """A branch release/v1.3.0 that is not ours is not written over: ours gets the commit's id into its name."""
    repository.git("push", "--quiet", "origin", "HEAD~1:refs/heads/release/v1.3.0")
    theirs = repository.git("rev-parse", "HEAD~1")
    hook(repository, "update", PROTECTED)
    assert release().code == 0
    refs = repository.remote_refs()
    commit = refs["refs/tags/v1.3.0^{}"]
    assert refs["refs/heads/release/v1.3.0"] == theirs
    assert refs[f"refs/heads/release/v1.3.0-{commit[:12]}"] == commit


def test_a_server_that_refuses_everything_is_no_end(
    release: Callable[..., Result], repository: Repository, pypi: PypiServer
) -> None:
    """When nothing but the claim is taken, the release waits with the claim on the remote, and resume ends it."""
    hook(repository, "update", 'case "$1" in refs/release-recipes/*) ;; *) echo "no room"; exit 1;; esac')
    refused = release()
    assert refused.code == 3
    assert "error: The release is uploaded, but origin refused the push: " in refused.err
    assert "no room" in refused.err or "remote rejected" in refused.err
    assert len(pypi.files()) == 2
    assert "refs/release-recipes/v1.3.0" in repository.remote_refs()
    (repository.remote / "hooks" / "update").unlink()
    assert release("resume").code == 0
    assert set(repository.remote_refs()) == MINE


def test_a_tag_that_is_taken_is_a_conflict(release: Callable[..., Result], repository: Repository) -> None:
    """A tag of that name that somebody pushed after the claim stops the release, and says which object is whose."""
    foreign = repository.git("rev-parse", "HEAD~1")
    when_claimed(repository, f"git update-ref refs/tags/v1.3.0 {foreign}")
    done = release()
    assert done.code == 3
    assert f"error: The tag v1.3.0 on origin is not the tag of this release, but {foreign}." in done.err


def test_without_a_tag_the_branch_is_pushed(release: Callable[..., Result], repository: Repository) -> None:
    """With AUTO_GIT_TAG=false the branch has the release commit, and there is no tag and no claim."""
    assert release(*RELEASE, AUTO_GIT_TAG="false").code == 0
    refs = repository.remote_refs()
    assert set(refs) == {"refs/heads/main", "refs/tags/v1.2.3", "refs/tags/v1.2.3^{}"}
    assert refs["refs/heads/main"] == repository.head
    assert repository.git("log", "-1", "--format=%s") == "release: v1.3.0"


@pytest.mark.skipif(shutil.which("gh", path=sysconfig.get_path("scripts")) is None, reason="gh is not installed")
def test_a_protected_branch_on_github_gets_a_pull_request(
    release: Callable[..., Result], repository: Repository
) -> None:
    """On GitHub the commit that a protected branch declines is offered in a pull request, whose address is told."""
    hook(repository, "update", PROTECTED)
    address = "https://github.localhost/o/r.git"
    repository.git("config", "remote.origin.url", address)
    repository.git("config", f"url.{repository.remote}.insteadOf", address)
    with FakeGitHub(repository.remote) as github:
        done = release(**github.environment())
        assert done.code == 0, done.err
        assert [(one.head, one.base, one.title) for one in github.pull_requests] == [
            ("release/v1.3.0", "main", "Release 1.3.0")
        ]
    assert "main does not accept the release commit. Merge it: https://github.localhost/o/r/pull/1\n" in done.out
