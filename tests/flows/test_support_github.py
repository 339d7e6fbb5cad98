"""The GitHub of ours answers the true ``gh`` as GitHub does, in what the product asks and other tests rely on."""

import json
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.github import FakeGitHub, PullRequest, SignIn
from support.repository import Repository

Gh = Callable[..., "subprocess.CompletedProcess[str]"]
Api = Callable[..., Any]

INVALID = "gh: Validation Failed (HTTP 422)"
BROKEN = "gh: Server Error (HTTP 502)"


@pytest.fixture
def github(repository: Repository) -> Iterator[FakeGitHub]:
    """Serve a GitHub of the project, with a branch that is one commit ahead of main and has a tag."""
    repository.git("commit", "--quiet", "--allow-empty", "--message=ahead")
    repository.git(
        "push", "--quiet", "origin", "HEAD:refs/heads/ahead", "HEAD:refs/tags/v1.3.0", "main~:refs/heads/same"
    )
    with FakeGitHub(repository.remote) as github:
        yield github


@pytest.fixture
def gh(github: FakeGitHub, tmp_path: Path) -> Gh:
    """Return what runs the true gh without a terminal; its environment holds nothing that is not named here."""
    program = shutil.which("gh", path=sysconfig.get_path("scripts")) or shutil.which("gh")
    if program is None:
        pytest.skip("gh is not installed")

    def run(*words: str, sign_in: SignIn = "token") -> "subprocess.CompletedProcess[str]":
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **github.environment(sign_in)}
        return subprocess.run([program, *words], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def api(gh: Gh) -> Api:
    """Return what asks as the product does: the answer, or what gh says of one that is no success."""

    def ask(method: str, endpoint: str, *words: str) -> Any:  # noqa: ANN401 - JSON
        whole = endpoint if "://" in endpoint else f"repos/o/r/{endpoint}"
        done = gh("api", "--hostname", "github.localhost", "--method", method, whole, *words)
        return done.stderr.strip() if done.returncode else json.loads(done.stdout or "null")

    return ask


def test_sign_in(github: FakeGitHub, gh: Gh, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user is signed in or not; a token that GitHub does not know any more is refused; other programs see nothing."""
    status = ("auth", "status", "--hostname", "github.localhost")
    assert [gh(*status, sign_in=sign_in).returncode for sign_in in ("token", "no")] == [0, 1]
    variables = github.environment()
    assert {name.partition("_")[0] for name in variables} == {"GH"}
    monkeypatch.setattr(github, "environment", lambda _: variables)
    github.token += "-renewed"
    assert api("GET", "releases") == "gh: Bad credentials (HTTP 401)"


def test_a_draft_is_filled_and_published(github: FakeGitHub, api: Api, tmp_path: Path) -> None:
    """A draft takes assets at its upload address, each name once; of several with one tag one becomes public."""
    words = ["--raw-field", "tag_name=v1.3.0", "--raw-field", "body=Mine.", "--field", "draft=true"]
    words += ["--field", "generate_release_notes=true"]
    older, draft = (api("POST", "releases", *words) for _ in range(2))
    changes = "**Full Changelog**: https://github.localhost/o/r/compare/v1.2.3...v1.3.0"
    assert (draft["draft"], draft["body"]) == (True, f"Mine.\n\n{changes}")
    assert [release["id"] for release in api("GET", "releases?per_page=100")] == [draft["id"], older["id"]]
    (file := tmp_path / "file").write_bytes(b"content")
    upload = (draft["upload_url"].partition("{")[0] + "?name=box.whl", "--input", str(file))
    asset = api("POST", *upload)
    digest = "sha256:ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
    assert (asset["name"], asset["state"], asset["size"], asset["digest"]) == ("box.whl", "uploaded", 7, digest)
    assert api("POST", *upload) == INVALID
    public = api("PATCH", f"releases/{draft['id']}", "--field", "draft=false")
    assert (public["draft"], public["html_url"]) == (False, "https://github.localhost/o/r/releases/tag/v1.3.0")
    assert api("PATCH", f"releases/{older['id']}", "--field", "draft=false") == INVALID
    for gone in (f"releases/{older['id']}", f"releases/assets/{asset['id']}"):
        assert api("DELETE", gone) is None
    assert [(release.id, release.assets) for release in github.releases] == [(draft["id"], {})]
    assert api("GET", f"releases/{older['id']}") == "gh: Not Found (HTTP 404)"


def test_an_immutable_release(github: FakeGitHub, api: Api, tmp_path: Path) -> None:
    """A published release takes and gives no asset any more, and its tag is used up."""
    github.immutable_releases = True
    first, second = (github.add_release("v1.3.0", draft=True) for _ in range(2))
    asset = github.add_asset(first, "box.whl", b"")
    public = api("PATCH", f"releases/{first.id}", "--field", "draft=false")
    assert public["immutable"] is True
    (file := tmp_path / "file").touch()
    said = api("POST", public["upload_url"].partition("{")[0] + "?name=file", "--input", str(file))
    assert said == "gh: Cannot upload assets to an immutable release. (HTTP 422)"
    assert api("DELETE", f"releases/assets/{asset.id}") == INVALID
    api("DELETE", f"releases/{first.id}")
    assert api("PATCH", f"releases/{second.id}", "--field", "draft=false") == INVALID


def test_faults(github: FakeGitHub, api: Api, tmp_path: Path) -> None:
    """A fault breaks as many requests as it is planned for, before or after they take effect, until it is mended."""
    github.fail("GET", "/releases", times=2)
    assert [api("GET", "releases") for _ in range(3)] == [BROKEN, BROKEN, []]
    create = ("releases", "--raw-field", "tag_name=v1.3.0", "--field", "draft=true")
    github.fail("POST", "/releases", status=None)
    assert ("HTTP" in api("POST", *create), github.releases) == (False, [])
    github.fail("POST", "/releases", done=True)
    assert (api("POST", *create), len(github.releases)) == (BROKEN, 1)
    github.fail("POST", "/assets", starter=True)
    (file := tmp_path / "file").write_bytes(b"content")
    to = f"{api('GET', f'releases/{github.releases[0].id}')['upload_url'].partition('{')[0]}?name=file"
    assert api("POST", to, "--input", str(file)) == BROKEN
    assert [(one.state, one.content) for one in github.releases[0].assets.values()] == [("starter", b"")]
    github.fail("GET", "/releases", times=9)
    github.mend()
    assert len(api("GET", "releases")) == 1


def test_pull_requests(github: FakeGitHub, gh: Gh) -> None:
    """A pull request is opened from a branch that is ahead, found by it, and not opened twice."""
    ends = ("--repo", "github.localhost/o/r", "--head", "ahead", "--base", "main")
    found = ("pr", "list", *ends, "--json", "url", "--jq", ".[].url")
    create = ("pr", "create", "--title", "Release 1.3.0", "--body", "Words.", *ends)
    address = "https://github.localhost/o/r/pull/1\n"
    assert [gh(*words).stdout for words in (found, create, found)] == ["", address, address]
    assert github.pull_requests == [PullRequest(1, "Release 1.3.0", "Words.", "ahead", "main")]
    assert "already exists" in gh(*create).stderr
    assert "No commits between main and same" in gh(*create, "--head", "same").stderr


def test_checks(github: FakeGitHub, api: Api, repository: Repository) -> None:
    """Protection, check runs and statuses are told as they were put down."""
    assert api("GET", "branches/main")["protected"] is False
    github.protect("main")
    assert api("GET", "branches/main")["protected"] is True
    commit = repository.head
    github.check_runs[commit] = {"test": "success", "docs": ""}
    github.statuses[commit] = {"ci/other": "failure"}
    runs = api("GET", f"commits/{commit}/check-runs")["check_runs"]
    assert [(run["name"], run["conclusion"]) for run in runs] == [("test", "success"), ("docs", None)]
    assert api("GET", f"commits/{commit}/status")["statuses"] == [{"context": "ci/other", "state": "failure"}]


@pytest.mark.parametrize("words", [("graphql", "-f", "query=query Odd{a}"), ("repos/o/r/topics",)])
def test_a_question_without_an_answer(words: tuple[str, ...], github: FakeGitHub, gh: Gh) -> None:
    """What this server does not know fails the test, whatever gh makes of it."""
    assert gh("api", "--hostname", "github.localhost", *words).returncode == 1
    with pytest.raises(ExceptionGroup, match="the fake GitHub failed"):
        github.__exit__(None, None, None)
    github.__enter__()
    github.crashes.clear()
