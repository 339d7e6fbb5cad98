"""What the tests stand on does what they take for granted."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from support import bare_backend
from support.cli import CTRL_C, Cli
from support.environment import Environment, make_environment
from support.index import DevpiIndex, Index, PypiServer
from support.network import NetworkUsed
from support.projects import Kind
from support.repository import Repository

MakeRepository = Callable[..., Repository]

SDIST = "demo_package-1.2.3.tar.gz"
WHEEL = "demo_package-1.2.3-py3-none-any.whl"


def python(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run Python with one stream for all that is said."""
    return subprocess.run(
        [sys.executable, "-P", *arguments],
        cwd=cwd,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


@pytest.fixture
def distributions(make_repository: MakeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the wheel and the sdist of a bare project."""
    monkeypatch.chdir(make_repository().path)
    dist = tmp_path / "dist"
    dist.mkdir()
    return [dist / bare_backend.build_wheel(str(dist)), dist / bare_backend.build_sdist(str(dist))]


def upload(index: Index, password: str, files: list[Path]) -> subprocess.CompletedProcess[str]:
    """Upload with twine."""
    credentials = [f"--username={index.username}", f"--password={password}", "--disable-progress-bar", "--verbose"]
    address = [f"--repository-url={index.upload_url}", f"--config-file={os.devnull}", "--non-interactive"]
    return python("-m", "twine", "--no-color", "upload", *credentials, *address, *map(str, files), cwd=files[0].parent)


@pytest.mark.parametrize("kind", ["bare", "setuptools", "hatchling", "flit"])
def test_each_kind_builds_and_passes_its_tests(kind: Kind, make_repository: MakeRepository) -> None:
    """The sessions of a project's noxfile run its tests and fill `dist/` with what twine accepts."""
    project = make_repository(kind=kind, noxfile=True).path
    sessions = python("-m", "nox", "--session", "test", "build", cwd=project)
    assert sessions.returncode == 0, sessions.stdout
    assert "Ran 1 test in" in sessions.stdout
    assert {path.name for path in (project / "dist").iterdir()} == {SDIST, WHEEL}
    checked = python("-m", "twine", "check", "--strict", f"dist/{SDIST}", f"dist/{WHEEL}", cwd=project)
    assert checked.returncode == 0, checked.stdout


def test_the_bare_kind_builds_in_isolation(make_repository: MakeRepository) -> None:
    """The bare kind needs nothing from outside to be built as everybody builds."""
    project = make_repository().path
    built = python("-m", "build", "--installer=uv", cwd=project)
    assert built.returncode == 0, built.stdout
    assert {path.name for path in (project / "dist").iterdir()} == {SDIST, WHEEL}


def test_the_bare_kind_builds_the_same_bytes_again(distributions: list[Path], tmp_path: Path) -> None:
    """A second build gives the same files, byte for byte."""
    wheel, sdist = distributions
    assert (tmp_path / bare_backend.build_wheel(str(tmp_path))).read_bytes() == wheel.read_bytes()
    assert (tmp_path / bare_backend.build_sdist(str(tmp_path))).read_bytes() == sdist.read_bytes()


@pytest.mark.parametrize(
    ("kind", "version_files"),
    [
        ("bare", [".bumpversion.toml", "README.md", "demo/__init__.py", "pyproject.toml"]),
        ("setuptools", [".bumpversion.toml", "README.md", "demo/__init__.py", "setup.py"]),
        ("hatchling", ["README.md", "pyproject.toml", "src/demo/__init__.py"]),
    ],
)
def test_a_bump_edits_the_version_files(kind: Kind, version_files: list[str], make_repository: MakeRepository) -> None:
    """What bump-my-version finds in a project is enough to bump it, and leaves the pins of others alone."""
    repository = make_repository(kind=kind)
    bumped = python("-m", "bumpversion", "bump", "minor", cwd=repository.path)
    assert bumped.returncode == 0, bumped.stdout
    assert repository.git("diff", "--name-only").splitlines() == version_files
    readme = (repository.path / "README.md").read_text(encoding="utf-8")
    assert readme.endswith(
        "Install it with `pip install demo-package==1.3.0`. It gets on well with `other-package==1.2.3`.\n"
    )


def test_a_project_has_something_to_release(repository: Repository) -> None:
    """The tag is one commit behind, the tree is clean, and the remote has both."""
    assert repository.git("status", "--porcelain") == ""
    assert repository.git("log", "--format=%s%d") == (
        "feat: something to release (HEAD -> main, origin/main)\nrelease: v1.2.3 (tag: v1.2.3)"
    )
    assert repository.remote_refs() == {
        "refs/heads/main": repository.head,
        "refs/tags/v1.2.3": repository.git("rev-parse", "v1.2.3"),
        "refs/tags/v1.2.3^{}": repository.git("rev-parse", "HEAD~1"),
    }


def test_someone_else_can_push(repository: Repository) -> None:
    """A commit from the other clone is on the remote, and not here."""
    other = repository.other_clone()
    other.write("theirs.txt", "news\n")
    theirs = other.commit("feat: theirs")
    other.git("push", "--quiet")
    assert repository.remote_refs()["refs/heads/main"] == theirs
    assert repository.branch_commit("main") != theirs


def test_what_git_said_is_told(repository: Repository) -> None:
    """A failed git command carries git's own words."""
    with pytest.raises(subprocess.CalledProcessError) as caught:
        repository.git("switch", "nowhere")
    assert caught.value.__notes__ == ["fatal: invalid reference: nowhere\n"]


def _touch_and_look(repository: Repository) -> None:
    """Ask for the status in the way that rewrites the index."""
    os.utime(repository.path / "README.md", (0, 0))
    repository.git("status")


def _stash(repository: Repository) -> None:
    """Put a change away, so that the tree is clean again."""
    repository.write("README.md", "changed\n")
    repository.git("stash", "--quiet")


@pytest.mark.parametrize(
    ("change", "noticed"),
    [
        pytest.param(lambda it: it.write("README.md", "changed\n"), "README.md", id="file"),
        pytest.param(lambda it: it.write(".env", "A=1\n"), ".env", id="ignored file"),
        pytest.param(lambda it: (it.path / "dist").mkdir(), "dist", id="empty folder"),
        pytest.param(lambda it: (it.path / "README.md").chmod(0o755), "README.md", id="mode"),
        pytest.param(_touch_and_look, ".git/index", id="index"),
        pytest.param(lambda it: it.git("tag", "v9"), "refs/tags/v9", id="tag"),
        pytest.param(
            lambda it: it.git("update-ref", "refs/remotes/origin/x", "HEAD"), "refs/remotes/origin/x", id="ref"
        ),
        pytest.param(lambda it: it.git("symbolic-ref", "HEAD", "refs/heads/x"), ".git/HEAD", id="HEAD"),
        pytest.param(lambda it: it.git("config", "a.b", "c"), ".git/config", id="config"),
        pytest.param(_stash, "refs/stash", id="stash"),
        pytest.param(lambda it: it.git("fetch"), ".git/FETCH_HEAD", id="fetch"),
    ],
)
def test_a_snapshot_notices(change: Callable[[Repository], object], noticed: str, repository: Repository) -> None:
    """Whatever changes what is the user's changes the snapshot."""
    before = repository.snapshot()
    change(repository)
    after = repository.snapshot()
    assert before != after
    assert before.get(noticed) != after.get(noticed)


def test_a_snapshot_overlooks_what_is_ours(repository: Repository) -> None:
    """State folder, our refs, new objects and packed refs leave the snapshot as it was."""
    before = repository.snapshot()
    repository.write(".git/release-recipes/lock", "")
    repository.git("update-ref", "--create-reflog", "refs/release-recipes/v1.3.0", "HEAD")
    repository.git("stash", "create")
    repository.git("hash-object", "-w", "README.md")
    repository.git("pack-refs", "--all")
    repository.git("--no-optional-locks", "status")
    assert repository.snapshot() == before


def test_pypiserver_wants_its_token(pypi: PypiServer, distributions: list[Path]) -> None:
    """An upload with another token is refused and leaves nothing; with the right one it is served."""
    refused = upload(pypi, "pypi-wrong", distributions)
    assert "403 Forbidden" in refused.stdout
    assert pypi.files() == {}
    accepted = upload(pypi, pypi.token, distributions)
    assert accepted.returncode == 0, accepted.stdout
    assert pypi.files() == {path.name: sha256(path.read_bytes()).hexdigest() for path in distributions}
    assert pypi.requests == ["POST / 403", "POST / 200", "POST / 200"]
    with urllib.request.urlopen(f"{pypi.index_url}demo-package/") as page:
        assert f"{WHEEL}#sha256={pypi.files()[WHEEL]}" in page.read().decode()


def test_pypiserver_can_be_closed_to_readers(tmp_path: Path) -> None:
    """An index that wants credentials for reading answers 401 to those who have none."""
    folder = tmp_path / "private"
    folder.mkdir()
    with PypiServer(folder, authenticate=["update", "download", "list"]) as private:
        with pytest.raises(urllib.error.HTTPError, match="401") as caught:
            urllib.request.urlopen(private.index_url)
        caught.value.close()


def test_devpi_wants_its_password(devpi: DevpiIndex, distributions: list[Path]) -> None:
    """An upload with another password is refused and leaves nothing; with the right one it is served."""
    refused = upload(devpi, "wrong", distributions)
    assert "401 Unauthorized" in refused.stdout
    assert devpi.files() == {}
    accepted = upload(devpi, devpi.password, distributions)
    assert accepted.returncode == 0, accepted.stdout
    assert devpi.files() == {path.name: sha256(path.read_bytes()).hexdigest() for path in distributions}


def test_devpi_overwrites_nothing(devpi: DevpiIndex, distributions: list[Path]) -> None:
    """The same file again is welcome; other bytes under its name are a conflict."""
    wheel, _ = distributions
    upload(devpi, devpi.password, [wheel])
    assert upload(devpi, devpi.password, [wheel]).returncode == 0
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.comment = b"other bytes"
    assert "409 Conflict" in upload(devpi, devpi.password, [wheel]).stdout


def python_cli(script: str) -> Cli:
    """Return a command that runs a script."""
    return Cli((sys.executable, "-c", script))


def test_a_command_has_no_terminal_and_no_input(tmp_path: Path) -> None:
    """Code, output and errors are told apart, and whoever asks gets no answer."""
    result = python_cli("import sys; print([sys.stdin.read()]); open('/dev/tty')")(cwd=tmp_path)
    assert result.code == 1
    assert result.out == "['']\n"
    assert "OSError" in result.err


def test_a_command_sees_only_what_it_is_given(tmp_path: Path, isolated_environment: Environment) -> None:
    """The variables are those of the test's environment, with the call's own added."""
    shown = python_cli("import json, os; print(json.dumps(dict(os.environ)))")(cwd=tmp_path, env={"A": "1"}).json
    given = {name: value for name, value in isolated_environment.variables.items() if not name.startswith("PYTEST_")}
    # Python itself sets LC_CTYPE where no locale is chosen (PEP 538).
    assert shown | {"LC_CTYPE": ""} == given | {"A": "1", "LC_CTYPE": ""}


def test_a_command_can_be_killed(tmp_path: Path) -> None:
    """A started command is there to be killed, and its code says how it ended."""
    with python_cli("import time; print('ready', flush=True); time.sleep(60)").start(cwd=tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.kill()
    assert process.returncode == -signal.SIGKILL


def test_a_terminal_answers_questions(tmp_path: Path) -> None:
    """Each answer is typed when its question is shown, be it coloured or asked past standard input."""
    ask = "input('\\x1b[1mSure\\x1b[0m? '), getpass.getpass('Pass phrase: ')"
    command = python_cli(f"import getpass; print(*({ask})); raise SystemExit(3)")
    result = command.terminal(cwd=tmp_path, answers={"Sure?": "y", "Pass phrase:": "sesame"})
    assert result.code == 3
    assert result.plain == "Sure? y\nPass phrase: \ny sesame\n"


def test_a_terminal_can_interrupt(tmp_path: Path) -> None:
    """Ctrl-C reaches the command as a signal."""
    result = python_cli("print('ready'); import time; time.sleep(60)").terminal(cwd=tmp_path, answers={"ready": CTRL_C})
    assert "KeyboardInterrupt" in result.out


def test_a_question_that_never_comes_is_an_error(tmp_path: Path) -> None:
    """A command that ends before it asks fails the test, with what it showed."""
    with pytest.raises(AssertionError, match=r"Never asked: Sure\?\nbye"):
        python_cli("print('bye')").terminal(cwd=tmp_path, answers={"Sure?": "y"})


def test_the_environment_is_nobodys(tmp_path: Path) -> None:
    """Credentials and private settings of the person who runs the tests are gone; what builds need stays."""
    outer = {
        "PATH": "/bin",
        "PIP_CERT": "/cert.pem",
        "UV_DEFAULT_INDEX": "https://index.example.org/simple/",
        "https_proxy": "http://proxy.example.org",
        "HOME": "/home/grace",
        **dict.fromkeys(["PYPI_API_TOKEN", "TWINE_PASSWORD", "GH_TOKEN", "GITHUB_TOKEN", "UV_PUBLISH_TOKEN"], "secret"),
        **dict.fromkeys(["BUMPVERSION_TAG", "GIT_DIR", "GIT_AUTHOR_NAME", "RELEASE_VERSION", "PYTHONPATH"], "grace"),
    }
    environment = make_environment(tmp_path, outer, cache=tmp_path / "cache")
    assert environment.variables == {
        "PATH": "/bin",
        "PIP_CERT": "/cert.pem",
        "UV_DEFAULT_INDEX": "https://index.example.org/simple/",
        "https_proxy": "http://proxy.example.org",
        "UV_CACHE_DIR": str(tmp_path / "cache"),
        **dict.fromkeys(["HOME", "USERPROFILE"], str(tmp_path / "home")),
        **dict.fromkeys(["TMPDIR", "TEMP", "TMP"], str(tmp_path / "tmp")),
        "GIT_CONFIG_GLOBAL": str(tmp_path / "home" / ".gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }


def test_this_process_lives_in_the_environment(isolated_environment: Environment) -> None:
    """Home, temporary folder and git's idea of who commits are the test's own."""
    assert Path.home() == isolated_environment.home
    assert Path(tempfile.gettempdir()) == isolated_environment.temporary
    name = subprocess.run(["git", "config", "user.name"], check=True, capture_output=True, encoding="utf-8")
    assert name.stdout == "Ada Lovelace\n"


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "pypi.org", "localhost.example.org"])
def test_this_process_stays_on_this_machine(host: str) -> None:
    """Another host is refused before it is looked up or reached."""
    with pytest.raises(NetworkUsed, match=host):
        socket.create_connection((host, 443), timeout=1)


def test_addresses_of_other_machines_are_refused_at_the_socket() -> None:
    """A connection that needs no look-up is refused as well."""
    with socket.socket() as plain, pytest.raises(NetworkUsed, match=r"socket\.connect 192\.0\.2\.1"):
        plain.connect(("192.0.2.1", 443))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_can_be_reached(host: str) -> None:
    """Loopback is open, by address and by name."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection((host, server.getsockname()[1]), timeout=5).close()
