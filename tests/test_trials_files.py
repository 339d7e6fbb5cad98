"""What an audit of secrets and of files on disk once found: each was so in the first version, and is not any more."""

import base64
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from urllib.parse import quote

import pytest

from release_recipes import events
from release_recipes.cli.session import Session
from release_recipes.errors import Failed, InvalidSetting, Unfinished, UploadFailed
from release_recipes.programs.git import Git
from release_recipes.publish import World, github, update_branch, upload
from release_recipes.secrets.mask import Mask, masked_output
from release_recipes.secrets.token import Token, hold_environment, is_credential, without_credentials
from release_recipes.settings import Settings, Sources, Target, load
from release_recipes.state.folder import State
from release_recipes.state.lock import Lock
from support.cli import Cli
from support.github import FakeGitHub
from support.index import PypiServer
from support.repository import Repository
from support.world import make_world
from test_state import RECORD
from test_upload import AT_ONCE

PASSWORD = "pass-word-in-address-1"  # noqa: S105 - nobody's


def put_record(state: Path, text: str) -> State:
    """Write what lies where a record would, and return the state."""
    dist = State(state).dist(RECORD)
    dist.parent.mkdir(parents=True)
    dist.with_name("record.json").write_text(text, encoding="utf-8")
    return State(state)


# -- distributions that are not those that were published --------------------------------------------------------------


@pytest.fixture
def hub(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitHub]:
    """Serve a GitHub whose repository has a tag, with gh signed in."""
    repository.git("push", "--quiet", str(repository.remote), "HEAD:refs/tags/v1.0")
    with FakeGitHub(repository.remote) as hub:
        for name, value in hub.environment().items():
            monkeypatch.setenv(name, value)
        repository.git("remote", "set-url", "origin", f"https://{hub.host}/{hub.name}.git")
        yield hub


def test_github_is_sent_no_file_that_was_changed(hub: FakeGitHub, repository: Repository, tmp_path: Path) -> None:
    """A file that is not the recorded one is not sent, where the release used to be published with other bytes."""
    made = make_world(tmp_path / "release", wheels=1, token="", version="1.0rc1")  # which never becomes the latest
    world = replace(made, git=Git(repository.path))
    wheel = world.dist / world.record.artifacts[0].filename
    right = wheel.read_bytes()
    wheel.write_bytes(right + b"X")
    with pytest.raises(Unfinished, match="is not the file that was published"):
        github.STEP.converge(world)
    assert [release.draft for release in hub.releases] == [True]
    wheel.write_bytes(right)
    github.STEP.converge(world)
    release = hub.release("v1.0")
    assert (release.draft, release.digests) == (False, {a.filename: a.sha256 for a in world.record.artifacts})


def test_only_what_was_published_is_kept(repository: Repository, tmp_path: Path) -> None:
    """Distributions are kept in `dist/` where they are what was published; altered ones used to be put there, too."""
    head = repository.head
    made = make_world(tmp_path / "release", wheels=1, token="", commit=head, base=head, keeps_artifacts=True)
    world = replace(made, git=Git(repository.path), record=replace(made.record, pushes_tag=False))
    altered, whole = (artifact.filename for artifact in world.record.artifacts)
    (world.dist / altered).write_bytes(b"altered")
    told: list[events.Event] = []
    with events.listening(told.append):
        update_branch.STEP.converge(world)
    assert sorted(path.name for path in (repository.path / "dist").glob("*")) == [".gitignore", whole]
    assert (repository.path / "dist" / whole).read_bytes() == (world.dist / whole).read_bytes()
    assert any(altered in event.line for event in told if isinstance(event, events.Told))


# -- what lies in the state folder -------------------------------------------------------------------------------------


def test_a_state_folder_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that belongs to another user used to count as empty, though a release may wait in it."""

    def refused(_: object) -> list[str]:
        raise PermissionError(13, "Permission denied")

    state = put_record(tmp_path, json.dumps(asdict(RECORD)))
    assert [record.version for record in state.records()] == [RECORD.version]
    monkeypatch.setattr("os.listdir", refused)
    with pytest.raises(Failed, match="cannot be read"):
        state.records()
    assert state.waits()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nobody keeps such a user from a folder")
@pytest.mark.parametrize("mode", [0o000, 0o600], ids=["not even a list", "a list and no more"])
def test_a_state_folder_of_another_user(mode: int, tmp_path: Path) -> None:
    """Whatever part of the folder is closed, it is told, and something may wait."""
    state = put_record(tmp_path / "state", json.dumps(asdict(RECORD)))
    state.folder.chmod(mode)
    try:
        with pytest.raises(Failed, match="cannot be read"):
            state.records()
        assert state.waits()
    finally:
        state.folder.chmod(0o700)


def test_the_exit_code_where_a_record_cannot_be_read(repository: Repository, cli: Cli) -> None:
    """Exit code 1 says that nothing is public, and of a record that cannot be read nobody knows that."""
    (repository.path / ".git/release-recipes/demo-package-1.3.0/record.json").mkdir(parents=True)
    done = cli("status", cwd=repository.path)
    assert (done.code, "Traceback" in done.err) == (3, False)
    assert "cannot be read" in done.err


NESTED = "[" * 100_000


def test_a_record_that_is_nested_deeply(tmp_path: Path) -> None:
    """Its reader gives up with a sentence, where a RecursionError used to pass every door; so does a holder's."""
    state = put_record(tmp_path, NESTED)
    with pytest.raises(Failed, match="cannot be read"):
        state.records()
    assert state.waits()
    (tmp_path / "holder.json").write_text(NESTED, encoding="utf-8")
    assert Lock(tmp_path).holder() is None


def test_no_traceback_of_a_record_that_is_nested_deeply(repository: Repository, cli: Cli) -> None:
    """With --json standard output used to be empty, and the exit code 1."""
    put_record(repository.path / ".git/release-recipes", NESTED)
    done = cli("resume", "--json", cwd=repository.path)
    assert (done.code, "Traceback" in done.err) == (3, False)
    assert done.json["outcome"] == "unfinished"
    assert "cannot be read" in done.json["problems"][0]["message"]


HOLDER = {"pid": 1, "host": "h", "since": "x", "task": "y", "workspace": "/w"}


def test_a_holder_is_read_as_it_was_written(tmp_path: Path) -> None:
    """One whose values have their types tells who holds the lock."""
    (tmp_path / "holder.json").write_text(json.dumps(HOLDER), encoding="utf-8")
    holder = Lock(tmp_path).holder()
    assert holder is not None
    assert asdict(holder) == HOLDER


@pytest.mark.parametrize(
    "wrong",
    [{"workspace": 5}, {"workspace": ["/w"]}, {"pid": "1"}, {"pid": True}, {"host": None}, {"more": 1}],
    ids=str,
)
def test_a_holder_of_another_type(wrong: dict[str, object], tmp_path: Path) -> None:
    """Nothing is made of it, and the lock can be had, where each task used to end as a bug for ever."""
    (tmp_path / "holder.json").write_text(json.dumps(HOLDER | wrong), encoding="utf-8")
    assert Lock(tmp_path).holder() is None
    with Lock(tmp_path).held("release") as killed:
        assert killed is None


ARTIFACT = asdict(RECORD.artifacts[0])


@pytest.mark.parametrize(
    "wrong",
    [
        *({"commit": None}, {"upload_workers": "8"}, {"started": 5}, {"format": True}, {"test": 0}, {"target": {}}),
        *({"artifacts": []}, {"artifacts": {}}, {"artifacts": ["a.whl"]}, {"of the future": 1}),
        *({"artifacts": [ARTIFACT | more]} for more in ({"size": "5"}, {"sha256": "0" * 63}, {"sha256": "A" * 64})),
        *({"artifacts": [ARTIFACT | {"filename": name}]} for name in ("../a.whl", "/a.whl", "a/b.whl", "..", "")),
    ],
    ids=str,
)
def test_a_record_of_another_type(wrong: dict[str, object], tmp_path: Path) -> None:
    """A record whose values are not what they should be is told, where it used to be taken or to end as a bug."""
    state = put_record(tmp_path, json.dumps(asdict(RECORD) | wrong))
    with pytest.raises(Failed) as told:
        state.records()
    assert str(tmp_path) in told.value.message
    assert state.waits()


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_a_traceback_is_for_its_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file in which the traceback of a bug is kept used to be readable by everybody."""
    session = Session("status", json=False)
    checkout = type("Checkout", (), {"state": State(tmp_path / "state"), "waits": lambda _: False})()
    monkeypatch.setattr(session, "_checkout", checkout)
    with pytest.raises(SystemExit), session:
        raise ZeroDivisionError
    kept = tmp_path / "state" / "bug.txt"
    assert "ZeroDivisionError" in kept.read_text(encoding="utf-8")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


# -- credentials -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        f"upload:{PASSWORD}@host/",
        f"https:/user:{PASSWORD}@host/",
        f"https//user:{PASSWORD}@host/",
        f"https://user:{PASSWORD}@[host/",
        f"https://user:{PASSWORD}@ho℀st/",
        f"https://host/legacy/?api_key={PASSWORD}",
        f"https://host/legacy/#{PASSWORD}",
        f"{PASSWORD}@",
    ],
)
@pytest.mark.parametrize("variable", ["PYPI_REPOSITORY_URL", "TEST_PYPI_INDEX_URL"])
def test_a_password_in_an_address_that_is_spelled_wrong(address: str, variable: str) -> None:
    """However the address is written, what may be a password in it is not shown; it used to be where it had a slip."""
    with pytest.raises(InvalidSetting) as told:
        load(Sources({variable: address}, {}, {}))
    assert PASSWORD not in f"{told.value.message}{told.value.hint}"


@pytest.mark.skipif(os.name == "nt", reason="core files are POSIX's")
def test_no_core_file_of_a_process_with_a_token() -> None:
    """From the first token on the process leaves no core file, in which the token used to stand in the clear."""
    text = (
        "import resource; from release_recipes.secrets.token import Token\n"
        "hard = resource.getrlimit(resource.RLIMIT_CORE)[1]; resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))\n"
        "Token('pypi-a-long-token'); print(resource.getrlimit(resource.RLIMIT_CORE)[0])\n"
        "import ctypes, sys; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) if sys.platform == 'linux' else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", text], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["0", "0"]


@pytest.fixture
def far_away(pypi: PypiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return an upload that goes through a proxy, while the index is asked without one."""
    for name in ("NO_PROXY", "no_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    target = Target(pypi.upload_url.replace("127.0.0.1", "localhost"), pypi.index_url)
    return make_world(tmp_path / "release", wheels=1, token=pypi.token, patience=AT_ONCE, target=target)


@pytest.mark.parametrize("proxy", ["http://u:p@127.0.0.1:bad", "htp://127.0.0.1:1", "http://", "socks5://127.0.0.1:1"])
def test_a_proxy_that_is_none(proxy: str, far_away: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can have been sent through it, so nothing is public; it used to be exit code 3 after six attempts."""
    monkeypatch.setenv("HTTP_PROXY", proxy)
    seen: list[events.Event] = []
    with events.listening(seen.append), pytest.raises(UploadFailed) as told:
        upload.STEP.converge(far_away)
    assert (told.value.exit_code, told.value.may_be_public) == (1, False)
    assert len([event for event in seen if isinstance(event, events.AttemptFailed)]) == 1


@pytest.mark.parametrize(
    "name",
    [
        *("PYPI_TOKEN_PROD", "PYPI_CREDENTIALS", "PYPI_API_TOKEN_2", "ARTIFACTORY_PASSWORD", "NEXUS_PASSWORD"),
        *("CODEARTIFACT_AUTH_TOKEN", "GITHUB_API_TOKEN", "BITBUCKET_TOKEN", "MY_NEXUS_TOKEN"),
    ],
)
def test_more_names_of_credentials(name: str) -> None:
    """Such a variable used to reach tests and builds, and its value was not masked."""
    value = f"value-of-{name}"
    assert is_credential(name)
    hold_environment({name: value})
    assert without_credentials({name: "another", "COPY": value, "PATH": "/bin"}) == {"PATH": "/bin"}


@pytest.mark.parametrize("secret", ["pypi-AgEIcHlwaS5vcmcCJDg+/=k3", "a short word"])
def test_more_spellings_of_a_secret(secret: str) -> None:
    """A header that is encoded twice, and a text whose every character is escaped, used to be shown whole."""
    mask = Mask()
    mask.add(secret)
    header = b"Basic " + base64.b64encode(f"__token__:{secret}".encode())
    percents = "".join(f"%{byte:02X}" for byte in secret.encode())
    for spelling in (base64.b64encode(header).decode(), percents, percents.lower(), quote(secret)):
        assert mask(f"before {spelling} after") in {
            f"before **********{rest} after" for rest in ("", "=", "==", spelling[-1:], spelling[-2:])
        }


def test_bytes_that_are_printed_are_masked(capfd: pytest.CaptureFixture[str]) -> None:
    """Who wrote bytes to standard output used to go around the mask."""
    Token("pypi-a-long-token")
    with masked_output():
        sys.stdout.write("first ")
        sys.stdout.buffer.write("ä pypi-a-long-token\n".encode())
        sys.stdout.buffer.flush()
    assert capfd.readouterr().out == "first ä **********\n"


def test_settings_without_an_address_are_taken() -> None:
    """Nobody has to say where an index is."""
    assert load(Sources({"PYPI_REPOSITORY_URL": " "}, {}, {})) == replace(Settings(), origins={})
