"""What other tests take for granted of their support: it notices, it isolates, it refuses."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from support import bare_backend
from support.cli import CTRL_C, Cli
from support.environment import Environment, make_environment
from support.index import DevpiIndex, PypiServer
from support.network import NetworkUsed
from support.repository import Repository


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
        (lambda it: it.write("README.md", "changed\n"), "README.md"),
        (lambda it: it.write(".env", "A=1\n"), ".env"),
        (lambda it: (it.path / "dist").mkdir(), "dist"),
        (lambda it: (it.path / "README.md").chmod(0o755), "README.md"),
        (_touch_and_look, ".git/index"),
        (lambda it: it.git("tag", "v9"), "refs/tags/v9"),
        (lambda it: it.git("update-ref", "refs/remotes/origin/x", "HEAD"), "refs/remotes/origin/x"),
        (lambda it: it.git("symbolic-ref", "HEAD", "refs/heads/x"), ".git/HEAD"),
        (lambda it: it.git("config", "a.b", "c"), ".git/config"),
        (_stash, "refs/stash"),
        (lambda it: it.git("fetch"), ".git/FETCH_HEAD"),
    ],
)
def test_a_snapshot_notices(change: Callable[[Repository], object], noticed: str, repository: Repository) -> None:
    """Whatever changes what is the user's changes the snapshot."""
    before = repository.snapshot()
    change(repository)
    assert before.get(noticed) != repository.snapshot().get(noticed)


def test_a_snapshot_overlooks_what_is_ours(repository: Repository) -> None:
    """State folder, our refs, new objects and packed refs leave the snapshot as it was."""
    before = repository.snapshot()
    repository.write(".git/release-recipes/lock", "")
    repository.git("update-ref", "--create-reflog", "refs/release-recipes/v1.3.0", "HEAD")
    repository.git("hash-object", "-w", "README.md")
    repository.git("pack-refs", "--all")
    repository.git("--no-optional-locks", "status")
    assert repository.snapshot() == before


@pytest.mark.parametrize("name", ["pypi", "devpi"])
def test_an_index_wants_its_token(name: str, request: pytest.FixtureRequest, repository: Repository) -> None:
    """What is built is the same bytes each time; an index takes it with its own token only, and tells its sha256."""
    index: PypiServer | DevpiIndex = request.getfixturevalue(name)
    with pytest.MonkeyPatch.context() as there:
        there.chdir(repository.path)
        one, other = (Path(tempfile.mkdtemp()) for _ in range(2))
        wheel = one / bare_backend.build_wheel(str(one))
        assert (other / bare_backend.build_wheel(str(other))).read_bytes() == wheel.read_bytes()
    login = [f"--repository-url={index.upload_url}", f"--username={index.username}", "--non-interactive"]
    command = [sys.executable, "-m", "twine", "upload", "--disable-progress-bar", f"--config-file={os.devnull}", *login]
    done: list[object] = []
    for password in ("pypi-wrong", index.password):
        words = [*command, f"--password={password}", str(wheel)]
        done.append(subprocess.run(words, check=False, capture_output=True).returncode)
        done.append(index.files())
    assert done == [1, {}, 0, {wheel.name: sha256(wheel.read_bytes()).hexdigest()}]


def test_an_index_can_be_closed_to_readers(tmp_path: Path) -> None:
    """An index that wants credentials for reading answers 401 to those who have none."""
    with PypiServer(tmp_path, authenticate=["update", "download", "list"]) as private:
        with pytest.raises(urllib.error.HTTPError, match="401") as caught:
            urllib.request.urlopen(private.index_url)
        caught.value.close()


def python(script: str) -> Cli:
    """Return a command that runs a script."""
    return Cli((sys.executable, "-c", script))


def test_a_command_is_alone(tmp_path: Path, isolated_environment: Environment) -> None:
    """Without a terminal nobody answers; the variables are those of the test, with the call's own added."""
    result = python("import sys; print([sys.stdin.read()]); open('/dev/tty')")(cwd=tmp_path)
    assert (result.code, result.out, "OSError" in result.err) == (1, "['']\n", True)
    shown = json.loads(python("import json, os; print(json.dumps(dict(os.environ)))")(cwd=tmp_path, env={"A": "1"}).out)
    given = {name: value for name, value in isolated_environment.variables.items() if not name.startswith("PYTEST_")}
    # Python itself sets LC_CTYPE where no locale is chosen (PEP 538).
    assert shown | {"LC_CTYPE": ""} == given | {"A": "1", "LC_CTYPE": ""}


def test_a_terminal_converses(tmp_path: Path) -> None:
    """Each answer is typed when its question is shown, Ctrl-C too; a question that never comes fails the test."""
    ask = "input('\\x1b[1mSure\\x1b[0m? '), getpass.getpass('Pass phrase: ')"
    command = python(f"import getpass; print(*({ask})); raise SystemExit(3)")
    result = command.terminal(cwd=tmp_path, answers={"Sure?": "y", "Pass phrase:": "sesame"})
    assert (result.code, result.plain) == (3, "Sure? y\nPass phrase: \ny sesame\n")
    slow = python("print('ready'); import time; time.sleep(60)")
    assert "KeyboardInterrupt" in slow.terminal(cwd=tmp_path, answers={"ready": CTRL_C}).out
    with pytest.raises(AssertionError, match=r"Never asked: Sure\?\nbye"):
        python("print('bye')").terminal(cwd=tmp_path, answers={"Sure?": "y"})


def test_the_environment_is_nobodys(tmp_path: Path, isolated_environment: Environment) -> None:
    """Credentials and private settings of the user who runs the tests are gone; what builds need stays."""
    kept = {"PATH": "/bin", "PIP_CERT": "/c.pem", "UV_DEFAULT_INDEX": "https://i/", "https_proxy": "http://p"}
    secret = ("PYPI_API_TOKEN", "TWINE_PASSWORD", "GH_TOKEN", "GITHUB_TOKEN", "UV_PUBLISH_TOKEN", "RELEASE_VERSION")
    private = ("HOME", "BUMPVERSION_TAG", "GIT_DIR", "GIT_AUTHOR_NAME", "PYTHONPATH", *secret)
    environment = make_environment(tmp_path, dict.fromkeys(private, "grace") | kept, cache=tmp_path / "cache")
    assert environment.variables == kept | {
        "UV_CACHE_DIR": str(tmp_path / "cache"),
        **dict.fromkeys(["HOME", "USERPROFILE"], str(tmp_path / "home")),
        **dict.fromkeys(["TMPDIR", "TEMP", "TMP"], str(tmp_path / "tmp")),
        "GIT_CONFIG_GLOBAL": str(tmp_path / "home" / ".gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
    assert (Path.home(), Path(tempfile.gettempdir())) == (isolated_environment.home, isolated_environment.temporary)


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "pypi.org", "localhost.example.org"])
def test_this_process_stays_on_this_machine(host: str) -> None:
    """Another host is refused before it is looked up or reached; loopback is open, by address and by name."""
    with pytest.raises(NetworkUsed, match=host):
        socket.create_connection((host, 443), timeout=1)
    with socket.socket() as plain, pytest.raises(NetworkUsed, match=r"socket\.connect 192\.0\.2\.1"):
        plain.connect(("192.0.2.1", 443))
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1]), timeout=5).close()
