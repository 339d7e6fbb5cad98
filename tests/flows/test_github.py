"""The release on GitHub, made by the true gh on a GitHub of ours."""

import os
import shutil
import subprocess
import sysconfig
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from release_recipes import events
from release_recipes.errors import REPEATED, Unfinished
from release_recipes.index.retry import PATIENCE
from release_recipes.programs.gh import GitHubRepository, parse_address
from release_recipes.programs.github_answer import Answer, GitHubFailed
from release_recipes.publish import World, github, github_release
from release_recipes.state.folder import State
from release_recipes.state.record import Artifact
from support.github import Call, FakeGitHub, Release, Request
from support.world import make_world

ADDRESS = "https://github.localhost/o/r.git"
SIGN_IN = "gh auth login --hostname github.localhost"
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
#: Waits are short; what is counted stays as it is.
HURRIED = replace(PATIENCE, github=replace(PATIENCE.github, first_wait=0.01, longest_wait=0.05))


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
    token = "pypi-a-long-token"  # noqa: S105
    world = make_world(folder, wheels=1, token=token, remote_address=address, patience=HURRIED)
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    git(world, "remote", "add", "origin", address)
    # Git itself reaches the bare repository.
    git(world, "config", f"url.{folder.parent / 'remote.git'}.insteadOf", address)
    return world


def git(world: World, *words: str) -> str:
    """Run git in the repository of a release."""
    return world.git.does(*words)


def lines(told: list[events.Event]) -> list[str]:
    """Return the lines that a person was told, warnings with their hints."""
    return [
        event.line if isinstance(event, events.Told) else f"{event.finding.message} {event.finding.hint}"
        for event in told
        if isinstance(event, (events.Told, events.Warned))
    ]


@pytest.fixture
def told() -> Iterator[list[events.Event]]:
    """Return what is told."""
    told: list[events.Event] = []
    with events.listening(told.append):
        yield told


def before(hub: FakeGitHub, method: str, path: str, happens: Callable[[], object]) -> None:
    """Let something happen just before the next request whose path contains some words takes effect."""
    original = hub.answer

    def answer(request: Request) -> tuple[int, object]:
        if request.method == method and path in request.path:
            hub.answer = original  # type: ignore[method-assign]
            happens()
        return original(request)

    hub.answer = answer  # type: ignore[method-assign]


def fill(hub: FakeGitHub, release: Release, world: World) -> None:
    """Give a release every distribution."""
    for artifact in world.record.artifacts:
        hub.add_asset(release, artifact.filename, (world.dist / artifact.filename).read_bytes())


def test_release(hub: FakeGitHub, world: World) -> None:
    """A draft is made, filled, seen to be whole and published, by its id, and a second run finds it done."""
    done = github.STEP.converge(world)
    assert (done.state, done.note) == ("done", "https://github.localhost/o/r/releases/tag/v1.0")
    release = hub.release("v1.0")
    assert (release.title, release.draft, release.prerelease) == ("Release 1.0", False, False)
    assert release.digests == {artifact.filename: artifact.sha256 for artifact in world.record.artifacts}
    assert release.latest is True
    assert release.body == (
        "```\npip install box==1.0\n```\n\n<!-- release-recipes dddddddddddddddddddddddddddddddddddddddd -->\n\n\n"
        "**Full Changelog**: https://github.localhost/o/r/commits/v1.0"
    )
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


def test_gh_is_absent(
    hub: FakeGitHub, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: list[events.Event]
) -> None:
    """Where gh is not there the release is left out, with how to get gh and the command that makes the release."""
    monkeypatch.setattr("sys.executable", str(tmp_path / "bin" / "python"))
    reached = os.environ["PATH"].split(os.pathsep)
    monkeypatch.setenv("PATH", os.pathsep.join(path for path in reached if not Path(path, "gh").exists()))
    done = github.STEP.converge(world)
    assert (done.state, done.note) == ("left out", "gh is not installed")
    assert lines(told) == [
        (
            f"The GitHub release was left out: gh is not installed. Install it from https://cli.github.com and sign in "
            f"({SIGN_IN}), then run: release-recipes publish --tag v1.0 --only github"
        )
    ]
    assert hub.calls == []


def test_nobody_is_signed_in(
    hub: FakeGitHub, world: World, monkeypatch: pytest.MonkeyPatch, told: list[events.Event]
) -> None:
    """Where nobody is signed in the release is left out, and GitHub is not asked."""
    for name in hub.environment():
        monkeypatch.delenv(name)
    for name, value in hub.environment("no").items():
        monkeypatch.setenv(name, value)
    assert github.STEP.converge(world).note == "gh is not signed in"
    assert lines(told) == [
        (
            f"The GitHub release was left out: gh is not signed in. Sign in ({SIGN_IN}), or set GH_TOKEN, then run: "
            "release-recipes publish --tag v1.0 --only github"
        )
    ]
    assert hub.calls == []


def test_a_token_that_has_expired(hub: FakeGitHub, world: World, told: list[events.Event]) -> None:
    """A token that has expired or was revoked is told as such, and the release is left out."""
    hub.token += "-renewed"
    done = github.STEP.converge(world)
    assert (done.state, done.note) == ("left out", "gh's token is not valid")
    assert lines(told) == [
        (
            "The GitHub release was left out: gh's token is not valid. Set GH_TOKEN to a valid token, or unset it and "
            f"sign in again ({SIGN_IN}), then run: release-recipes publish --tag v1.0 --only github"
        )
    ]


@pytest.mark.parametrize(
    ("repeated", "ends"),
    [
        ([], "publish --tag box-v1.0 --only github --project 'my packages/box'"),
        (["--project", "box"], "publish --tag box-v1.0 --only github --project box"),
    ],
    ids=["in the folder", "with the flag"],
)
def test_the_command_of_a_package_in_a_folder(
    repeated: list[str], ends: str, hub: FakeGitHub, world: World, told: list[events.Event]
) -> None:
    """The command that makes a release later names the package's folder, once."""
    hub.fail("POST", "/releases", status=403, message="Resource not accessible by integration")
    record = replace(world.record, folder="my packages/box", tag="box-v1.0")
    REPEATED[:] = repeated
    try:
        assert github.STEP.converge(replace(world, record=record)).note == "GitHub refused it"
    finally:
        REPEATED.clear()
    assert lines(told) == [
        (
            "GitHub refused the release: gh api failed (exit code 1): gh: Resource not accessible by integration "
            "(HTTP 403) The files and the tag are published. gh's token needs permission to write the contents of the "
            "repository."
        ),
        f"The GitHub release was left out: GitHub refused it. To create it later, run: release-recipes {ends}",
    ]


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
    # A pre-release, since git itself does not reach that address.
    assert github.STEP.converge(replace(world, record=replace(world.record, version="1.0rc1"))).state == "done"
    assert hub.release("v1.0").title == "Release 1.0rc1"


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
    ("status", "headers", "body", "is_transient", "wait"),
    [
        (401, {}, '{"message": "Bad credentials"}', False, None),
        (403, {"x-ratelimit-remaining": "4999"}, '{"message": "Resource not accessible"}', False, None),
        (403, {"retry-after": "30"}, SECONDARY, True, 30.0),
        (403, {"retry-after": "0"}, SECONDARY, True, 1.0),
        (429, {"retry-after": "60"}, "", True, 60.0),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "{in 50 s}"}, "API rate limit exceeded", True, 50.0),
        (403, {"x-ratelimit-remaining": "14", "x-ratelimit-reset": "{in 50 s}"}, SECONDARY, True, 60.0),
        (429, {}, "", True, 60.0),
        (404, {}, "", False, None),
        (408, {}, "", True, None),
        (422, {}, '{"message": "Validation Failed"}', False, None),
        (502, {}, "<html>Bad Gateway</html>", True, None),
        (503, {"retry-after": "30"}, "", True, None),
    ],
)
def test_what_may_go_better(
    status: int, headers: dict[str, str], body: str, is_transient: bool, wait: float | None
) -> None:
    """What GitHub answers is taken for what it is: a refusal for good, a limit that says how long, or what passes."""
    headers = {name: value.replace("{in 50 s}", str(int(time.time()) + 50)) for name, value in headers.items()}
    failure = GitHubFailed(["gh", "api"], 1, "", Answer(status, headers, body))
    assert failure.is_transient is is_transient
    assert failure.wait == (wait if wait is None else pytest.approx(wait, abs=2.0))


def test_no_answer() -> None:
    """Without an answer GitHub was not reached, which may pass, unless gh is not signed in."""
    assert (
        GitHubFailed(["gh", "api"], 1, "", Answer(401, {}, '{"message": "Requires authentication"}')).signed_out is True
    )
    failures = [GitHubFailed(["gh", "api"], code, "error connecting to api.github.com") for code in (1, 4)]
    assert [(each.is_transient, each.signed_out, each.status) for each in failures] == [
        (True, False, None),
        (False, True, None),
    ]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("HTTP/2.0 502 Bad Gateway\nA: b\r\n\r\n<html>", "no reason given (HTTP 502)"),
        ("HTTP/1.1 599 Odd\n\r\n", "no reason given (HTTP 599)"),
        ('HTTP/1.1 422 X\n\r\n{"message": "No.", "errors": ["why\\nso"]}', "No.; why so (HTTP 422)"),
        (
            (
                'HTTP/1.1 422 X\n\r\n{"message": "No", "errors": [{"resource": "ReleaseAsset", "code": '
                '"already_exists", "field": "name"}, {"code": "custom", "message": "body is too long"}]}'
            ),
            "No; ReleaseAsset name already_exists; body is too long (HTTP 422)",
        ),
    ],
)
def test_what_an_answer_says(said: str, reason: str) -> None:
    """What GitHub says is read from the body, with every error, in one line."""
    answer = Answer.of(said)
    assert answer is not None
    assert answer.reason == reason


@pytest.mark.parametrize("said", ["", "error connecting to api.github.com\n", "[]"])
def test_what_is_no_answer(said: str) -> None:
    """What does not begin with a status is no answer."""
    assert Answer.of(said) is None


def test_a_limit_is_waited_for(hub: FakeGitHub, world: World) -> None:
    """A secondary rate limit is waited for as long as GitHub asks."""
    hub.fail("GET", "/releases", status=403, message=SECONDARY, headers={"Retry-After": "1"})
    began = time.monotonic()
    assert github.STEP.converge(world).state == "done"
    assert time.monotonic() - began > 1.0


@pytest.mark.parametrize(
    ("has_record", "then"),
    [
        (True, "run: release-recipes resume"),
        (False, "run the same command again; files that are on the index are not uploaded twice."),
    ],
)
def test_a_limit_that_is_too_long(has_record: bool, then: str, hub: FakeGitHub, world: World, tmp_path: Path) -> None:
    """A wait that is longer than all attempts ends them, and the user is told how long to wait, and what to run."""
    hub.fail("POST", "/releases", status=429, message="Slow down.", headers={"Retry-After": "600"}, times=9)
    world = replace(world, state=State(tmp_path / "state")) if has_record else world
    with pytest.raises(Unfinished) as stopped:
        github.STEP.converge(world)
    assert (stopped.value.message, stopped.value.hint) == (
        (
            "The release is uploaded and pushed, but the GitHub release failed: gh api failed (exit code 1): gh: Slow "
            "down. (HTTP 429)"
        ),
        f"Wait 600 seconds, then {then}",
    )
    assert len(hub.calls) == 2


def test_a_tag_that_is_burned(hub: FakeGitHub, world: World, told: list[events.Event]) -> None:
    """The tag of an immutable release that was deleted is told as such; our draft is withdrawn, and all else stands."""
    hub.burn("v1.0")
    done = github.STEP.converge(world)
    assert (done.state, done.note) == ("left out", "its tag was used by an immutable release")
    assert lines(told) == [
        (
            "GitHub makes no release of v1.0: the tag was used by an immutable release that was deleted. The files and "
            "the tag are public anyway. Release the next version, or set in [tool.release]: github_release = false"
        )
    ]
    assert hub.releases == []


# -- what the release says ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "prerelease"), [("1.0rc1", True), ("1.0.dev1", True), ("1.0.post1", False)])
def test_a_prerelease(version: str, prerelease: bool, hub: FakeGitHub, world: World) -> None:
    """A version that installers pass over does not become the latest release of the repository."""
    github.STEP.converge(replace(world, record=replace(world.record, version=version)))
    made = hub.release("v1.0")
    assert (made.prerelease, made.latest) == (prerelease, not prerelease)


@pytest.mark.parametrize(
    ("tags", "packages", "folder", "latest"),
    [
        (["v0.9", "v1.0rc1"], ["."], ".", True),
        (["v0.9", "v2.0rc1", "v2.0.dev3"], ["."], ".", True),
        (["v1.1"], ["."], ".", False),
        (["v2.0", "v0.8"], ["."], ".", False),
        (["other-v7.0", "nightly"], [".", "packages/other"], ".", True),
        (["box-v0.9"], [".", "packages/box"], "packages/box", False),
        (["box-v0.9", "other-v7.0"], ["packages/other", "packages/box"], "packages/box", True),
        (["box-v1.0.1"], ["packages/other", "packages/box"], "packages/box", False),
    ],
)
def test_the_latest_release(
    tags: list[str], packages: list[str], folder: str, latest: bool, hub: FakeGitHub, world: World
) -> None:
    """The highest final version of a project is the latest release; a package beside one at the top never is."""
    for below in packages:
        name = "top" if below == "." and folder != "." else "box" if below in {".", folder} else Path(below).name
        (at := world.git.path / below).mkdir(parents=True, exist_ok=True)
        (at / "pyproject.toml").write_text(f"[project]\nname = '{name}'\n")
    git(world, "add", "*pyproject.toml")
    commit = _commit(hub.repository)
    for tag in tags:
        subprocess.run(["git", "-C", str(hub.repository), "update-ref", f"refs/tags/{tag}", commit], check=True)
    record = replace(world.record, folder=folder, tag="v1.0" if folder == "." else "box-v1.0")
    github.STEP.converge(replace(world, record=record))
    assert hub.release(record.tag).latest is latest


@pytest.mark.parametrize(
    ("files", "folder", "path"),
    [
        ([], ".", ""),
        (["README.md", "src/CHANGELOG.md", "CHANGELOG.json", "changes/1.md"], ".", ""),
        (["CHANGELOG.md", "docs/CHANGELOG.md"], ".", "CHANGELOG.md"),
        (["Changes.rst", "NEWS"], ".", "Changes.rst"),
        (["docs/history.txt"], ".", "docs/history.txt"),
        (["CHANGELOG.md", "box/NEWS", "box/docs/CHANGES"], "box", "box/NEWS"),
        (["CHANGELOG.md", "box/docs/CHANGES"], "box", "CHANGELOG.md"),
        (["other/CHANGELOG.md"], "box", ""),
        (["RELEASES", "my box/a.md"], "my box", "RELEASES"),
        (["my box/CHANGELOG.md"], "my box", "my%20box/CHANGELOG.md"),
    ],
)
def test_the_link_to_the_changelog(files: list[str], folder: str, path: str, hub: FakeGitHub, world: World) -> None:
    """The notes have a link to the changelog where the commit of the release has one, under its true name."""
    for name in files:
        (at := world.git.path / name).parent.mkdir(parents=True, exist_ok=True)
        at.write_text("What is new.\n")
    git(world, "add", ".")
    git(world, "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "--quiet", "--message=all")
    record = replace(world.record, commit=git(world, "rev-parse", "HEAD"), folder=folder, tag="v1.0+a")
    github.STEP.converge(replace(world, record=record))
    link = f"[Changelog](https://github.localhost/o/r/blob/v1.0%2Ba/{path})\n\n" if path else ""
    assert f"```\n\n{link}<!--" in hub.release("v1.0+a").body


@pytest.mark.parametrize(
    ("tags", "version", "changes"),
    [
        ([], "1.0", "commits/v1.0"),
        (["v0.9", "v0.10", "v1.0rc1", "v2.0"], "1.0", "compare/v0.10...v1.0"),
        (["v0.9", "v1.0rc1"], "1.0rc2", "compare/v0.9...v1.0"),
    ],
)
def test_notes_that_are_too_long(
    tags: list[str], version: str, changes: str, hub: FakeGitHub, world: World, told: list[events.Event]
) -> None:
    """Where GitHub's own notes are too long, the release has a link to the changes in their place."""
    hub.commits = ["x" * 124_900]
    commit = _commit(hub.repository)
    for tag in tags:
        subprocess.run(["git", "-C", str(hub.repository), "update-ref", f"refs/tags/{tag}", commit], check=True)
    github.STEP.converge(replace(world, record=replace(world.record, version=version)))
    made = hub.release("v1.0")
    assert made.body == (
        f"```\npip install box=={version}\n```\n\n**Full Changelog**: https://github.localhost/o/r/{changes}\n\n"
        "<!-- release-recipes dddddddddddddddddddddddddddddddddddddddd -->\n"
    )
    assert lines(told) == ["The notes are too long for a GitHub release; a link to the changes is there."]
    assert github.STEP.converge(world).state == "already done"


# -- assets ------------------------------------------------------------------------------------------------------------


def test_a_github_without_digests(hub: FakeGitHub, world: World) -> None:
    """Where GitHub has no digest of an asset, it is fetched and hashed, each once."""
    hub.digests = False
    assert github.STEP.converge(world).state == "done"
    fetched = [call.path for call in hub.calls if call.method == "GET" and "/releases/assets/" in call.path]
    assert [path.rpartition("/")[2] for path in fetched] == ["2", "3"]
    assert github.STEP.converge(world).state == "already done"


def test_other_bytes_without_digests(hub: FakeGitHub, world: World, told: list[events.Event]) -> None:
    """Where GitHub has no digest, an asset of the right size and other content is found out, too."""
    hub.digests = False
    made = hub.add_release("v1.0", title="By hand")
    fill(hub, made, world)
    wheel, _ = world.record.artifacts
    hub.add_asset(made, wheel.filename, b"\x1b[2J\xff\r\n".ljust(wheel.size, b"x"))
    assert github.STEP.converge(world).state == "already done"
    assert lines(told) == [
        (
            f"The GitHub release has different content for {wheel.filename}. It is left unchanged: "
            "https://github.localhost/o/r/releases/tag/v1.0"
        )
    ]


def test_an_older_gh_without_digests(
    hub: FakeGitHub, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gh that does not know the flag for files with any bytes is called without it."""
    hub.digests = False
    program = shutil.which("gh", path=sysconfig.get_path("scripts")) or shutil.which("gh")
    (older := tmp_path / "bin" / "gh").parent.mkdir()
    older.write_text(
        "#!/bin/sh\ncase \"$*\" in *--allow-escape*) echo 'unknown flag: --allow-escape-sequences' >&2; exit 1;; esac\n"
        f"exec '{program}' \"$@\"\n"
    )
    older.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(older.parent / "python"))
    for artifact in world.record.artifacts:  # gh refuses no such bytes without the flag
        (world.dist / artifact.filename).write_bytes(b"plain")
    record = replace(world.record, artifacts=tuple(Artifact.of(path) for path in sorted(world.dist.iterdir())))
    assert github.STEP.converge(replace(world, record=record)).state == "done"


def test_an_asset_that_cannot_be_fetched(hub: FakeGitHub, world: World) -> None:
    """An asset that GitHub does not serve is asked for again."""
    hub.digests = False
    hub.fail("GET", "/releases/assets/*")
    assert github.STEP.converge(world).state == "done"


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


def test_a_release_of_long_ago(hub: FakeGitHub, world: World) -> None:
    """A public release that is not among the newest hundred is found by its tag."""
    fill(hub, hub.add_release("v1.0", title="By hand"), world)
    for number in range(100):
        hub.add_release(f"v2.{number}")
    original = hub.answer

    def answer(request: Request) -> tuple[int, object]:
        status, payload = original(request)
        return status, payload[:100] if isinstance(payload, list) else payload

    hub.answer = answer  # type: ignore[method-assign]
    assert github.STEP.converge(world).state == "already done"
    assert len(hub.releases) == 101
    record = replace(world.record, tag="v1.0.1", version="1.0.1")
    assert github.STEP.converge(replace(world, record=record)).state == "done"


# -- two machines at once ----------------------------------------------------------------------------------------------


def test_an_asset_that_another_machine_uploads(hub: FakeGitHub, world: World) -> None:
    """An asset that exists already when it is sent is no failure."""
    before(hub, "POST", "/assets", lambda: fill(hub, hub.release("v1.0"), world))
    assert github.STEP.converge(world).state == "done"
    assert hub.release("v1.0").draft is False


def test_a_draft_that_another_machine_publishes(hub: FakeGitHub, world: World) -> None:
    """Where another machine has made the whole release from another draft and removed ours, nothing is missing."""

    def other() -> None:
        hub.releases.clear()
        fill(hub, hub.add_release("v1.0", title="By CI"), world)

    before(hub, "POST", "/assets", other)
    assert github.STEP.converge(world).state == "already done"
    assert [(made.title, made.draft) for made in hub.releases] == [("By CI", False)]


def test_a_draft_that_becomes_immutable(hub: FakeGitHub, world: World) -> None:
    """Where another machine fills and publishes our draft, and it is immutable then, nothing is missing."""

    def other() -> None:
        (made,) = hub.releases
        fill(hub, made, world)
        made.draft, made.immutable = False, True

    before(hub, "POST", "/assets", other)
    assert github.STEP.converge(world).state == "already done"
    assert len(hub.releases) == 1


def test_two_drafts_are_published(hub: FakeGitHub, world: World) -> None:
    """Of two drafts one becomes public: ours is removed where another machine was faster."""
    before(hub, "PATCH", "/releases/", lambda: fill(hub, hub.add_release("v1.0", title="By CI"), world))
    assert github.STEP.converge(world).state == "already done"
    assert [(made.title, made.draft) for made in hub.releases] == [("By CI", False)]


@pytest.mark.parametrize("seconds", [1.0, 300.0], ids=["then it is there", "for too long"])
def test_an_asset_that_is_being_uploaded(
    seconds: float, hub: FakeGitHub, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An asset that another machine seems to be uploading is not deleted, but waited for."""
    monkeypatch.setattr(github_release, "_UPLOADING", seconds)
    made = hub.add_release("v1.0", title="By CI")
    wheel, _ = world.record.artifacts
    asset = hub.add_asset(made, wheel.filename, b"", state="starter", created_at=datetime.now(UTC).isoformat())
    if seconds > 1.0:
        with pytest.raises(Unfinished, match=rf"Another run is uploading {wheel.filename} to the GitHub release\."):
            github.STEP.converge(world)
        assert (asset.state, len(hub.calls)) == ("starter", 1)
    else:
        before(hub, "GET", "/releases", lambda: before(hub, "GET", "/releases", lambda: fill(hub, made, world)))
        assert github.STEP.converge(world).state == "already done"
    assert [call for call in hub.calls if call.method == "DELETE"] == []


def test_two_machines(hub: FakeGitHub, world: World, tmp_path: Path) -> None:
    """Two machines that make the release of one tag at once end with one public release, and no draft."""
    other = make_release(tmp_path / "other", ADDRESS)
    for artifact in world.record.artifacts:
        (other.dist / artifact.filename).write_bytes((world.dist / artifact.filename).read_bytes())
    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(github.STEP.converge, [world, replace(other, record=world.record)]))
    assert {done.note for done in ended} == {"https://github.localhost/o/r/releases/tag/v1.0"}
    assert [(made.draft, made.digests) for made in hub.releases] == [
        (False, {artifact.filename: artifact.sha256 for artifact in world.record.artifacts})
    ]
