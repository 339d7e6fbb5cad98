"""The GitHub of ours answers the true ``gh`` as GitHub does."""

import json
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from support.github import Asset, Call, FakeGitHub, PullRequest, SignIn

REPO = "github.localhost/o/r"
Gh = Callable[..., "subprocess.CompletedProcess[str]"]


def git(*words: str, at: Path) -> str:
    """Run git in a folder and return what it printed."""
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"]
    argv = ["git", *identity, *words]
    return subprocess.run(argv, cwd=at, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """Make a bare repository with two tags, and a branch that is one commit ahead of main."""
    work = tmp_path / "work"
    work.mkdir()
    git("init", at=work)
    for tag in ("v1.0.0", "v1.1.0"):
        git("commit", "--allow-empty", "-m", tag, at=work)
        git("tag", "-a", "-m", tag, tag, at=work)
    git("checkout", "-b", "release/v1.1.0", at=work)
    git("commit", "--allow-empty", "-m", "ahead", at=work)
    git("clone", "--bare", str(work), "remote.git", at=tmp_path)
    git("symbolic-ref", "HEAD", "refs/heads/main", at=tmp_path / "remote.git")
    return tmp_path / "remote.git"


@pytest.fixture
def github(bare: Path) -> Iterator[FakeGitHub]:
    """Serve a GitHub whose repository is the bare one."""
    with FakeGitHub(bare) as github:
        yield github


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """Write a file of 250 kB."""
    path = tmp_path / "box-1.1.0-py3-none-any.whl"
    path.write_bytes(b"wheel" * 50_000)
    return path


def argv_and_environment(
    github: FakeGitHub, home: Path, words: tuple[str, ...], sign_in: SignIn
) -> tuple[list[str], dict[str, str]]:
    """Return what a run of gh consists of; its environment holds nothing that is not named here."""
    program = shutil.which("gh", path=sysconfig.get_path("scripts")) or shutil.which("gh")
    if program is None:
        pytest.skip("gh is not installed")
    return [program, *words], {"PATH": os.environ["PATH"], "HOME": str(home), **github.environment(sign_in)}


@pytest.fixture
def gh(github: FakeGitHub, tmp_path: Path) -> Gh:
    """Run the true gh, outside any repository, without a terminal."""

    def run(*words: str, sign_in: SignIn = "token") -> "subprocess.CompletedProcess[str]":
        argv, environment = argv_and_environment(github, tmp_path, words, sign_in)
        return subprocess.run(
            argv, cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )

    return run


def create(gh: Gh, *files: Path, tag: str = "v1.1.0") -> "subprocess.CompletedProcess[str]":
    """Make a release as the product does, in one call."""
    words = ("--repo", REPO, "--verify-tag", "--title", f"Release {tag[1:]}", "--notes", "Notes.")
    return gh("release", "create", tag, *map(str, files), *words)


@pytest.mark.parametrize(("sign_in", "code"), [("token", 0), ("file", 0), ("no", 1)])
def test_auth_status(gh: Gh, sign_in: SignIn, code: int) -> None:
    """A person is signed in as in CI and as on a laptop, or not at all."""
    assert gh("auth", "status", "--hostname", "github.localhost", sign_in=sign_in).returncode == code


def test_token_that_was_revoked(github: FakeGitHub, gh: Gh) -> None:
    """A token that GitHub does not know any more is refused with 401."""
    token = github.token
    github.token += "-renewed"
    status = gh("auth", "status", "--hostname", "github.localhost", sign_in="file")
    assert (status.returncode, token in status.stdout + status.stderr) == (1, False)
    assert gh("api", "repos/o/r", sign_in="file").stderr == "gh: Bad credentials (HTTP 401)\n"


def test_home(gh: Gh, tmp_path: Path) -> None:
    """All that gh leaves in the home folder is its cache: no state, no id of the device."""
    before = {path.name for path in tmp_path.iterdir()}
    assert gh("release", "list", "--repo", REPO).returncode == 0
    assert {path.name for path in tmp_path.iterdir()} - before == {".cache"}


def test_release_with_assets(github: FakeGitHub, gh: Gh, wheel: Path) -> None:
    """A release with assets is made as a draft, filled, and published."""
    done = create(gh, wheel)
    assert (done.returncode, done.stdout) == (0, "https://github.localhost/o/r/releases/tag/v1.1.0\n")
    release = github.release("v1.1.0")
    assert (release.title, release.body, release.draft) == ("Release 1.1.0", "Notes.", False)
    assert release.digests == {wheel.name: sha256(wheel.read_bytes()).hexdigest()}
    assert github.calls == [
        Call("POST", "/graphql/RepositoryFindRef"),
        Call("HEAD", "/repos/o/r/releases/tags/v1.1.0"),
        Call("POST", "/repos/o/r/releases"),
        Call("POST", f"/repos/o/r/releases/{release.id}/assets"),
        Call("PATCH", f"/repos/o/r/releases/{release.id}"),
    ]


def test_view(github: FakeGitHub, gh: Gh, wheel: Path) -> None:
    """A release is seen with its assets and their digests, public or draft."""
    github.immutable_releases = True
    create(gh, wheel)
    github.add_release("v2.0.0", draft=True)
    fields = "isDraft,isImmutable,isPrerelease,name,body,tagName,url,assets,databaseId,uploadUrl"
    seen = json.loads(gh("release", "view", "v1.1.0", "--repo", REPO, "--json", fields).stdout)
    assert (seen["isDraft"], seen["isImmutable"], seen["tagName"]) == (False, True, "v1.1.0")
    assert seen["assets"][0]["digest"] == f"sha256:{sha256(wheel.read_bytes()).hexdigest()}"
    assert (seen["assets"][0]["state"], seen["assets"][0]["size"]) == ("uploaded", 250_000)
    draft = json.loads(gh("release", "view", "v2.0.0", "--repo", REPO, "--json", fields).stdout)
    assert (draft["isDraft"], draft["assets"]) == (True, [])
    none = gh("release", "view", "v3.0.0", "--repo", REPO, "--json", fields)
    assert (none.returncode, none.stderr) == (1, "release not found\n")


def test_view_in_an_outage(github: FakeGitHub, gh: Gh) -> None:
    """A release that is there is told to be "not found" when GitHub answers 502; only `gh api` tells the truth."""
    github.add_release("v1.1.0")
    github.fail("GET", "/releases/tags/v1.1.0")
    seen = gh("release", "view", "v1.1.0", "--repo", REPO)
    assert (seen.returncode, seen.stderr) == (1, "release not found\n")
    github.fail("GET", "/releases")
    seen = gh("api", "--hostname", "github.localhost", "repos/o/r/releases")
    assert (seen.returncode, seen.stderr) == (1, "gh: Server Error (HTTP 502)\n")


def test_list(github: FakeGitHub, gh: Gh) -> None:
    """The list holds drafts too, several with one tag, newest first."""
    github.add_release("v1.0.0", title="One")
    github.add_release("v1.1.0", draft=True)
    github.add_release("v1.1.0", draft=True)
    words = ("--json", "tagName,isDraft,isLatest,isImmutable,isPrerelease,name,publishedAt,createdAt")
    seen = json.loads(gh("release", "list", "--repo", REPO, *words).stdout)
    told = [(one["tagName"], one["isDraft"], one["isLatest"]) for one in seen]
    assert told == [("v1.1.0", True, False), ("v1.1.0", True, False), ("v1.0.0", False, True)]
    assert gh("release", "list", "--repo", REPO).stdout.count("\n") == 3
    rest = json.loads(gh("api", "--hostname", "github.localhost", "repos/o/r/releases").stdout)
    assert [one["tag_name"] for one in rest] == ["v1.1.0", "v1.1.0", "v1.0.0"]


def test_notes(github: FakeGitHub, gh: Gh, tmp_path: Path) -> None:
    """Generated notes come after the notes of a file, and compare with the prior tag."""
    (tmp_path / "notes.md").write_text("Mine.\n")
    words = ("--verify-tag", "--notes-file", str(tmp_path / "notes.md"), "--generate-notes", "--draft")
    assert gh("release", "create", "v1.1.0", "--repo", REPO, *words).returncode == 0
    changes = "**Full Changelog**: https://github.localhost/o/r/compare/v1.0.0...v1.1.0"
    assert github.release("v1.1.0").body == f"Mine.\n\n\n{changes}"
    assert github.release("v1.1.0").draft


def test_tag_that_is_not_pushed(github: FakeGitHub, gh: Gh, bare: Path) -> None:
    """--verify-tag refuses a tag that the remote has not; without it GitHub makes one that nobody signed."""
    refused = create(gh, tag="v9.0.0")
    words = "tag v9.0.0 doesn't exist in the repo o/r, aborting due to --verify-tag flag\n"
    assert (refused.returncode, refused.stderr, github.releases) == (1, words, [])
    assert gh("release", "create", "v9.0.0", "--repo", REPO, "--notes", "").returncode == 0
    assert git("cat-file", "-t", "v9.0.0", at=bare) == "commit"


def test_draft_upload_publish_delete(github: FakeGitHub, gh: Gh, wheel: Path, bare: Path) -> None:
    """A draft is filled, published and deleted, in a call each."""
    assert gh("release", "create", "v1.1.0", "--repo", REPO, "--draft", "--notes", "").returncode == 0
    assert gh("release", "upload", "v1.1.0", str(wheel), "--repo", REPO).returncode == 0
    again = gh("release", "upload", "v1.1.0", str(wheel), "--repo", REPO)
    words = f"asset under the same name already exists: [{wheel.name}]\n"
    assert (again.returncode, again.stderr) == (1, words)
    wheel.write_bytes(b"other")
    assert gh("release", "upload", "v1.1.0", str(wheel), "--clobber", "--repo", REPO).returncode == 0
    assert github.release("v1.1.0").digests == {wheel.name: sha256(b"other").hexdigest()}
    assert gh("release", "edit", "v1.1.0", "--draft=false", "--repo", REPO).returncode == 0
    assert not github.release("v1.1.0").draft
    assert gh("release", "delete", "v1.1.0", "--yes", "--cleanup-tag", "--repo", REPO).returncode == 0
    assert (github.releases, git("tag", at=bare)) == ([], "v1.0.0")


def test_release_exists(github: FakeGitHub, gh: Gh, wheel: Path) -> None:
    """A second release of a tag is refused: with assets by gh, without by GitHub."""
    github.add_release("v1.1.0")
    assert "a release with the same tag name already exists: v1.1.0" in create(gh, wheel).stderr
    assert "Release.tag_name already exists" in create(gh).stderr
    assert len(github.releases) == 1


def test_asset_that_fails_for_a_while(github: FakeGitHub, gh: Gh, wheel: Path) -> None:
    """An asset is tried four times, on 5xx and on a broken connection; then gh deletes its draft."""
    github.fail("POST", "/assets", status=500, times=2)
    github.fail("POST", "/assets", status=None)
    assert create(gh, wheel).returncode == 0
    assert list(github.release("v1.1.0").assets) == [wheel.name]
    github.releases.clear()
    github.fail("POST", "/assets", status=None, times=4)
    assert (create(gh, wheel).returncode, github.releases) == (1, [])


def test_asset_whose_upload_leaves_a_starter(github: FakeGitHub, gh: Gh, wheel: Path) -> None:
    """An upload that leaves a starter is refused when gh tries again, and the draft is deleted."""
    github.fail("POST", "/assets", status=502, starter=True)
    done = create(gh, wheel)
    assert (done.returncode, "ReleaseAsset.name already exists" in done.stderr, github.releases) == (1, True, [])


def test_lost_answers(github: FakeGitHub, gh: Gh, wheel: Path) -> None:
    """A release whose answer was lost is there, though gh says that it failed."""
    github.fail("POST", "/releases", status=502, done=True)
    done = create(gh, wheel)
    assert (done.returncode, "HTTP 502" in done.stderr) == (1, True)
    assert [(one.tag, one.draft) for one in github.releases] == [("v1.1.0", True)]
    github.releases.clear()
    github.fail("PATCH", "/releases/*", status=None, done=True)
    assert (create(gh, wheel).returncode, github.releases) == (1, [])


def test_killed_while_draft(github: FakeGitHub, gh: Gh, wheel: Path, tmp_path: Path) -> None:
    """A gh that is killed during an upload leaves a draft, and the next create makes another."""
    words = ("release", "create", "v1.1.0", str(wheel), "--repo", REPO, "--verify-tag", "--notes", "")
    argv, environment = argv_and_environment(github, tmp_path, words, "token")
    pause = github.pause("POST", "/assets")
    with subprocess.Popen(argv, env=environment, cwd=tmp_path) as running:
        assert pause.reached.wait(20)
        running.kill()
    pause.go_on.set()
    assert [(one.tag, one.draft) for one in github.releases] == [("v1.1.0", True)]
    assert create(gh, wheel).returncode == 0
    assert [(one.tag, one.draft) for one in github.releases] == [("v1.1.0", True), ("v1.1.0", False)]


def test_immutable(github: FakeGitHub, gh: Gh, wheel: Path) -> None:
    """A published release takes and gives no asset any more, and its tag is burned."""
    github.immutable_releases = True
    create(gh)
    release = github.release("v1.1.0")
    refused = gh("release", "upload", "v1.1.0", str(wheel), "--repo", REPO)
    assert (refused.returncode, "HTTP 422: Cannot upload assets" in refused.stderr) == (1, True)
    github.add_asset(release, wheel.name, b"")
    refused = gh("release", "upload", "v1.1.0", str(wheel), "--clobber", "--repo", REPO)
    assert (refused.returncode, "Cannot delete asset from an immutable" in refused.stderr) == (1, True)
    assert release.assets == {wheel.name: Asset(2, b"")}
    gh("release", "delete", "v1.1.0", "--yes", "--repo", REPO)
    assert "tag_name was used by an immutable release" in create(gh).stderr


def test_pull_request(github: FakeGitHub, gh: Gh) -> None:
    """A pull request is opened from a branch, found by it, and not opened twice."""
    asked = ("pr", "list", "--repo", REPO, "--head", "release/v1.1.0", "--json", "number,url,state,baseRefName")
    assert json.loads(gh(*asked).stdout) == []
    words = ("--head", "release/v1.1.0", "--base", "main", "--title", "Release 1.1.0", "--body", "Words.")
    made = gh("pr", "create", "--repo", REPO, *words)
    assert (made.returncode, made.stdout) == (0, "https://github.localhost/o/r/pull/1\n")
    assert github.pull_requests == [PullRequest(1, "Release 1.1.0", "Words.", "release/v1.1.0", "main")]
    url = "https://github.localhost/o/r/pull/1"
    assert json.loads(gh(*asked).stdout) == [{"number": 1, "url": url, "state": "OPEN", "baseRefName": "main"}]
    again = gh("pr", "create", "--repo", REPO, *words)
    assert (again.returncode, "already exists" in again.stderr) == (1, True)


def test_pull_request_of_nothing(github: FakeGitHub, gh: Gh, bare: Path) -> None:
    """A pull request from a branch that is not there, or not ahead, is refused."""
    git("branch", "same", "main", at=bare)
    for head in ("nowhere", "same"):
        words = ("--head", head, "--base", "main", "--title", "T", "--body", "")
        refused = gh("pr", "create", "--repo", REPO, *words)
        assert (refused.returncode, "No commits between main and" in refused.stderr) == (1, True)
    assert github.pull_requests == []


def test_protection_and_checks(github: FakeGitHub, gh: Gh, bare: Path) -> None:
    """Branch protection, check runs and statuses are told as they were put down."""
    commit = git("rev-parse", "main", at=bare)

    def api(path: str) -> dict[str, object]:
        answer = gh("api", "--hostname", "github.localhost", f"repos/o/r/{path}")
        loaded: dict[str, object] = json.loads(answer.stdout)
        return loaded | {"code": answer.returncode}

    unprotected = api("branches/main/protection")
    assert (unprotected["code"], unprotected["message"]) == (1, "Branch not protected")
    github.protect("main", "test")
    assert api("branches/main/protection")["required_status_checks"] == {"strict": False, "contexts": ["test"]}
    assert api("branches/main")["protected"] is True
    github.check_runs[commit] = {"test": "success", "docs": ""}
    github.statuses[commit] = {"ci/other": "failure"}
    assert api(f"commits/{commit}/check-runs")["check_runs"] == [
        {"name": "test", "status": "completed", "conclusion": "success"},
        {"name": "docs", "status": "in_progress", "conclusion": None},
    ]
    assert api("commits/main/status")["state"] == "failure"
    assert api("commits/v1.0.0/status")["state"] == "pending"


def test_repository(gh: Gh) -> None:
    """A repository is seen by its name, and any other is not found."""
    fields = ("--json", "nameWithOwner,defaultBranchRef,viewerPermission")
    seen = json.loads(gh("repo", "view", REPO, *fields).stdout)
    assert (seen["nameWithOwner"], seen["viewerPermission"]) == ("o/r", "ADMIN")
    assert seen["defaultBranchRef"]["name"] == "main"
    other = gh("repo", "view", "github.localhost/o/other", *fields)
    assert (other.returncode, "Could not resolve to a Repository" in other.stderr) == (1, True)


def test_github_com(bare: Path, tmp_path: Path, wheel: Path) -> None:
    """The name of the true host leads here as well, and needs no GH_HOST."""
    with FakeGitHub(bare, host="github.com") as github:
        words = ("release", "create", "v1.1.0", str(wheel), "--repo", "github.com/o/r", "--verify-tag", "--notes", "")
        argv, environment = argv_and_environment(github, tmp_path, words, "token")
        assert "GH_HOST" not in environment
        done = subprocess.run(argv, env=environment, check=True, capture_output=True, text=True)
        assert done.stdout == "https://github.com/o/r/releases/tag/v1.1.0\n"
        assert list(github.release("v1.1.0").assets) == [wheel.name]


def test_other_programs_are_left_alone(github: FakeGitHub) -> None:
    """No variable that leads gh here means anything to another program."""
    assert {name.partition("_")[0] for name in github.environment()} == {"GH"}


def test_question_without_an_answer(bare: Path, tmp_path: Path) -> None:
    """A query that this server does not know fails the test, whatever gh makes of it."""
    github = FakeGitHub(bare).__enter__()
    argv, environment = argv_and_environment(github, tmp_path, ("api", "graphql", "-f", "query=query Odd{a}"), "token")
    assert subprocess.run(argv, env=environment, capture_output=True, check=False).returncode == 1
    with pytest.raises(ExceptionGroup, match="the fake GitHub failed"):
        github.__exit__(None, None, None)
