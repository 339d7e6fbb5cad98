"""Credentials: masked wherever text leaves, and kept out of every process that runs a project's own code."""

import base64
import copy
import dataclasses
import io
import json
import logging
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from rich import inspect
from rich.console import Console

from release_recipes.errors import ReleaseError
from release_recipes.processes.run import run
from release_recipes.secrets.mask import MASK, Mask, masked_output
from release_recipes.secrets.token import Token, hold_environment, is_credential, without_credentials
from support.cli import Cli
from support.environment import Environment
from support.index import PypiServer
from support.projects import project_files, quick_files
from support.repository import Repository

MakeRepository = Callable[..., Repository]

SECRET = "pypi-AgEIcHlwaS5vcmcCJDg+/=k3"  # noqa: S105 -- nobody's


@pytest.fixture
def repository(quick: Repository) -> Repository:
    """Return a project whose release makes the fewest steps."""
    return quick


@pytest.fixture
def mask() -> Mask:
    """Return a mask that holds one secret."""
    mask = Mask()
    mask.add(SECRET)
    return mask


@pytest.mark.parametrize(
    "spelling",
    [
        SECRET,
        quote(SECRET, safe=""),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
        base64.b64encode(f"__token__:{SECRET}".encode()).decode(),
    ],
    ids=["plain", "quoted", "base64", "url-safe base64", "basic authorization"],
)
def test_every_spelling_is_masked(spelling: str, mask: Mask) -> None:
    """A secret shows as stars, however it is written, and what stands around it stays."""
    assert mask(f"before {spelling.rstrip('=')} after") == "before ********** after"


PASSWORD = """a'b/c\\d<e>"f&ö"""  # noqa: S105 -- nobody's


@pytest.mark.parametrize(
    ("password", "spelling"),
    [
        ("pa ss/wörd+1", "pa%20ss%2Fw%C3%B6rd%2B1"),
        ("pa ss/wörd+1", "pa%20ss%2fw%c3%b6rd%2b1"),
        ("pa ss/wörd+1", "pa%20ss/w%C3%B6rd%2B1"),
        ("pa ss/wörd+1", "pa+ss%2Fw%C3%B6rd%2B1"),
        ("pa ss/wörd+1", r"pa ss/w\u00f6rd+1"),
        ("pa ss/wörd+1", r"pa ss/w\xc3\xb6rd+1"),
        ("pa ss/wörd+1", "pa ss/w?rd+1"),
        (PASSWORD, r"""a'b/c\\d<e>\"f&ö"""),
        (PASSWORD, r"""a'"'"'b/c\d<e>"f&ö"""),
        (PASSWORD, r"a&#x27;b/c\d&lt;e&gt;&quot;f&amp;ö"),
        (PASSWORD, r"""a'b/c\d&lt;e&gt;"f&amp;ö"""),
        (PASSWORD, r"""a'b/c\d<e>"f&\xf6"""),
        ("it's a/dög", r"it\'s a/dög"),
        ("correct-horse", "636f72726563742d686f727365"),
        ("correct-horse", "636F72726563742D686F727365"),
    ],
)
def test_every_spelling_of_a_short_password_is_masked(password: str, spelling: str) -> None:
    """A password of odd characters is stars in URLs, JSON, HTML, shells, hexadecimal digits and narrow streams, too."""
    mask = Mask()
    mask.add(password)
    assert mask(f"before {spelling} after") == "before ********** after"
    assert mask(f"at the end {spelling}") == "at the end **********"


@pytest.mark.parametrize("user", ["a", "ab", "ada", "lovelace"])
def test_a_header_for_any_user(user: str, mask: Mask) -> None:
    """A basic authorization header of another user gives nothing of the secret away."""
    header = base64.b64encode(f"{user}:{SECRET}".encode()).decode()
    masked = mask(f"Authorization: Basic {header}")
    assert "**********" in masked
    left = masked.removeprefix("Authorization: Basic ").replace("**********", "")
    assert len(left) < len(header) - len(base64.b64encode(SECRET.encode())) + 8


def test_the_longest_secret_goes_first() -> None:
    """Of two secrets of which one begins with the other, neither leaves a rest."""
    mask = Mask()
    mask.add("secret-one", "secret-one-and-more")
    assert mask("secret-one-and-more, secret-one") == "**********, **********"


def test_short_words_are_not_masked(mask: Mask) -> None:
    """A value so short that it is an ordinary word masks nothing."""
    mask.add("main", "")
    assert mask("main") == "main"


def test_a_token_shows_as_stars() -> None:
    """Neither its text nor its representation, nor a format of it, gives a token away."""
    token = Token(SECRET)
    assert f"{token} {token!r} {[token]}" == "********** ********** [**********]"
    assert token.reveal() == SECRET


@pytest.mark.parametrize(
    "name",
    [
        *("PYPI_API_TOKEN", "PYPI_TEST_TOKEN", "TEST_PYPI_TOKEN", "PYPI_PASSWORD", "MY_PYPI_TOKEN", "PYPI_TOKEN"),
        *("TWINE_PASSWORD", "TWINE_USERNAME", "TWINE_REPOSITORY_URL", "UV_PUBLISH_TOKEN", "UV_PUBLISH_PASSWORD"),
        *("FLIT_PASSWORD", "HATCH_INDEX_AUTH", "PDM_PUBLISH_PASSWORD", "POETRY_PYPI_TOKEN_PYPI"),
        *("GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "CI_JOB_TOKEN"),
        *("GITHUB_PAT", "GITLAB_TOKEN", "GITLAB_PRIVATE_TOKEN", "GITEA_TOKEN", "BITBUCKET_TOKEN", "CI_DEPLOY_PASSWORD"),
        *("DEVPI_PASSWORD", "MATURIN_PASSWORD", "MATURIN_PYPI_TOKEN", "POETRY_HTTP_BASIC_OURS_PASSWORD", "NETRC"),
        *("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_RUNTIME_TOKEN"),
        *("PYPI_ID_TOKEN", "SIGSTORE_ID_TOKEN", "VAULT_ID_TOKEN"),
    ],
)
def test_the_name_of_a_credential(name: str) -> None:
    """A variable that holds a credential of a release is known by its name, in any case."""
    assert is_credential(name)
    assert is_credential(name.lower())


@pytest.mark.parametrize(
    "name",
    [
        *("PATH", "HOME", "LANG", "TERM", "PYPI_USERNAME", "PYPI_REPOSITORY_URL", "PYPI_INDEX_URL", "RELEASE_VERSION"),
        *("HTTPS_PROXY", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_INDEX_URL", "UV_INDEX_URL", "UV_CACHE_DIR"),
        *("SSH_AUTH_SOCK", "GIT_SSH_COMMAND", "GITHUB_ACTIONS", "GITHUB_REF", "GH_HOST", "DATABASE_URL"),
    ],
)
def test_the_name_of_no_credential(name: str) -> None:
    """What real tests and builds need stays."""
    assert not is_credential(name)


def test_the_environment_of_another_process() -> None:
    """Names of credentials are taken out, and so is every variable in which a held value stands; the rest stays."""
    environment = {
        "PATH": "/bin",
        "TWINE_PASSWORD": "a-secret-of-twine",
        "COPY": "prefix-a-secret-of-twine",
        "PIP_INDEX_URL": "https://pypi.example.org/simple/",
        "PYPI_USERNAME": "ada",
        "GH_TOKEN": "gho_0123456789abcdef",
    }
    hold_environment({**environment, "ACTIONS_ID_TOKEN_REQUEST_URL": "https://run.actions.example.org/idtoken/"})
    assert not MASK.holds("https://run.actions.example.org/")  # it is no secret
    kept = {"PATH": "/bin", "PIP_INDEX_URL": "https://pypi.example.org/simple/", "PYPI_USERNAME": "ada"}
    assert without_credentials(environment) == kept
    assert without_credentials(environment, forge=True) == {**kept, "GH_TOKEN": "gho_0123456789abcdef"}


# -- a release that is spied on ----------------------------------------------------------------------------------------

# Runs wherever the project's own code runs: keeps the environment, and the command line of every process there is.
SPY = """\
def _spy(where):
    import json, os, pathlib
    lines = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().decode(errors="replace"))
        except OSError:
            pass
    seen = {"environment": dict(os.environ), "commands": lines}
    pathlib.Path("FOLDER", f"{where}-{os.getpid()}.json").write_text(json.dumps(seen))
    print(where, "was here")

_spy("WHERE")

"""


@pytest.fixture
def spied(make_repository: MakeRepository, tmp_path: Path) -> tuple[Repository, Path]:
    """Return a project whose noxfile, tests, build backend and hook tell what they can see, and where they tell it."""
    seen = tmp_path / "seen"
    seen.mkdir()
    plain = project_files("bare", name="demo-package", version="1.2.3", noxfile=True)

    def spying(where: str, text: str = "") -> str:
        return SPY.replace("FOLDER", str(seen)).replace("WHERE", where) + text

    files = {
        "hook.py": spying("hook"),
        # Before the docstring, which nobody needs there.
        "noxfile.py": spying("noxfile", plain["noxfile.py"]),
        "tests/test_demo.py": spying("tests", plain["tests/test_demo.py"]),
        "_backend/bare_backend.py": spying("backend", plain["_backend/bare_backend.py"]),
        "pyproject.toml": f'{quick_files()["pyproject.toml"]}pre_release_hooks = ["python hook.py"]\n',
    }
    return make_repository(noxfile=True, files=files), seen


def test_a_token_reaches_the_upload_and_nothing_else(
    spied: tuple[Repository, Path],
    index: PypiServer,
    cli: Cli,
    isolated_environment: Environment,
) -> None:
    """No hook, test or build sees a credential, none is in a command line or the output, and none stays on disk."""
    repository, seen = spied
    repository.write(".env", "PYPI_TEST_TOKEN=pypi-of-testpypi-0123456789\n")
    secrets = {
        "TWINE_PASSWORD": "twine-0123456789",
        "UV_PUBLISH_TOKEN": "uv-publish-0123456789",
        "GH_TOKEN": "gho_0123456789abcdef",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "oidc-0123456789abcdef",
        "A_COPY": f"https://__token__:{index.token}@example.org/",
        "HARMLESS": "and needed",
    }
    result = cli("release", "--part", "minor", cwd=repository.path, env={**secrets, "VERBOSE_OUTPUT": "true"})
    assert result.code == 0, result.err
    assert "tests was here" in result.out
    told = {path: json.loads(path.read_text(encoding="utf-8")) for path in seen.iterdir()}
    assert {path.name.split("-")[0] for path in told} == {"hook", "noxfile", "tests", "backend"}
    values = [index.token, "pypi-of-testpypi-0123456789", *secrets.values()]
    values.remove("and needed")
    for path, what in told.items():
        assert what["environment"]["HARMLESS"] == "and needed"
        assert not [value for value in values if value in path.read_text(encoding="utf-8")]
        assert not {"PYPI_API_TOKEN", "PYPI_TEST_TOKEN", *secrets} - {"HARMLESS"} & what["environment"].keys()
    assert not [value for value in values if value in result.out + result.err]
    repository.write(".env", "")
    kept = [path.read_bytes() for path in repository.path.rglob("*") if path.is_file()]
    kept += [path.read_bytes() for path in isolated_environment.temporary.rglob("*") if path.is_file()]
    assert not [value for value in values for content in kept if value.encode() in content]


def test_a_token_that_a_test_finds_shows_as_stars(
    make_repository: MakeRepository, index: PypiServer, cli: Cli, tmp_path: Path
) -> None:
    """What a project's tests print is masked, on failure and with verbose output, wherever they had it from."""
    (tmp_path / "found").write_text(index.token, encoding="utf-8")
    test = f"""\
import pathlib

print("found", pathlib.Path({str(tmp_path / "found")!r}).read_text())
raise SystemExit(1)
"""
    repository = make_repository(noxfile=True, files=quick_files() | {"tests/test_demo.py": test})
    for verbose in ("true", "false"):
        result = cli("release", "--part", "minor", cwd=repository.path, env={"VERBOSE_OUTPUT": verbose})
        assert result.code == 1
        assert "found **********" in result.out + result.err
        assert index.token not in result.out + result.err


def test_an_address_of_a_remote_with_a_token(
    repository: Repository, index: PypiServer, cli: Cli, isolated_environment: Environment
) -> None:
    """Credentials in a remote's address do not get into the record, the history or the clones."""
    address = "https://ada:gho_0123456789abcdef@github.localhost/o/r.git"
    repository.git("config", f"url.{repository.remote}.insteadOf", address)
    repository.git("remote", "set-url", "origin", address)
    repository.git("config", "remote.origin.pushurl", str(repository.remote))
    repository.write("noxfile.py", repository.path.joinpath("noxfile.py").read_text(encoding="utf-8") + _KEEP_CONFIG)
    repository.commit("build: keep what the clone says")
    keep = isolated_environment.home / "config"
    result = cli("release", "--part", "minor", "--skip-tests", cwd=repository.path, env={"KEEP": str(keep)})
    assert result.code == 0, result.err
    assert index.files()
    assert "https://github.localhost/o/r.git" in keep.read_text(encoding="utf-8")
    for text in (keep.read_text(encoding="utf-8"), result.out, result.err, *_state(repository)):
        assert "gho_0123456789abcdef" not in text


_KEEP_CONFIG = """

import os
import shutil

shutil.copyfile(".git/config", os.environ["KEEP"])
"""


def _state(repository: Repository) -> list[str]:
    state = repository.path / ".git" / "release-recipes"
    return [path.read_text(encoding="utf-8") for path in state.rglob("*") if path.is_file()]


def test_git_still_finds_its_credentials(repository: Repository, index: PypiServer, cli: Cli, tmp_path: Path) -> None:
    """The pre-push hook, which speaks for the forge, sees the forge's token and no token of an index."""
    hook = repository.path / ".git" / "hooks" / "pre-push"
    hook.write_text(f'#!/bin/sh\nenv > "{tmp_path}/pre-push"\n', encoding="utf-8")
    hook.chmod(0o755)
    result = cli(
        "release", "--part", "minor", "--skip-tests", cwd=repository.path, env={"GH_TOKEN": "gho_0123456789abcdef"}
    )
    assert result.code == 0, result.err
    seen = (tmp_path / "pre-push").read_text(encoding="utf-8")
    assert "GH_TOKEN=gho_0123456789abcdef" in seen
    assert index.token not in seen
    assert subprocess.run(["git", "-C", repository.remote, "rev-parse", "v1.3.0"], check=True, capture_output=True)


# -- a token as an object ----------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Holder:
    """Something that has a token."""

    token: Token


def test_no_text_of_a_token_shows_it(caplog: pytest.LogCaptureFixture) -> None:
    """Containers, formats, dataclasses, logs, attribute lists and tracebacks with locals show stars."""
    token = Token(SECRET, ".env PYPI_API_TOKEN")
    holder = Holder(token)
    logging.getLogger("any").warning("%s %r %s", token, [token], {"token": token})
    shown = io.StringIO()
    try:
        raise ValueError(token)  # noqa: TRY301 -- its traceback is what is looked at
    except ValueError:
        console = Console(file=shown, width=200)
        console.print_exception(show_locals=True)
        inspect(token, console=console, all=True)
    texts = [f"{token:>20}|{token!s}|{token!r}", "%s %r" % (token, token), f"{holder} {dataclasses.asdict(holder)}"]  # noqa: UP031
    texts += [caplog.text, shown.getvalue(), str(vars(holder)), str(copy.deepcopy({"a": [token]}))]
    for text in texts:
        assert "**********" in text
        assert SECRET not in text
    assert token.origin == ".env PYPI_API_TOKEN"


def test_a_token_is_not_pickled() -> None:
    """A token refuses to be written by pickle, alone and inside of something."""
    for thing in (Token(SECRET), Holder(Token(SECRET))):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError, match="cannot be pickled"):
                pickle.dumps(thing, protocol)


# -- pieces, and the cost ----------------------------------------------------------------------------------------------


def test_pieces_of_a_long_token_are_masked() -> None:
    """What a narrow column, a cut or `base64` in lines leaves of a long token is masked; a short word of it is not."""
    token = f"pypi-{base64.urlsafe_b64encode(bytes(range(96))).decode()}"
    mask = Mask()
    mask.add(token)
    assert mask(token[:40] + "…") == "**********…"
    assert mask("> " + token[50:66] + " <") == "> ********** <"
    assert mask(token[50:60]) == token[50:60]
    lines = base64.encodebytes(f"__token__:{token}".encode()).decode().splitlines()
    assert len(lines) == 3
    assert [mask(line) for line in lines[:2]] == ["**********", "**********"]


def test_a_prompt_is_not_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed is masked line by line, also one that is written in pieces; a prompt is shown when flushed."""
    MASK.add(SECRET)
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stdout", shown)
    with masked_output():
        print("Go on? [y/N] ", end="", flush=True)
        assert shown.getvalue() == "Go on? [y/N] "
        print(SECRET[:9], end="")
        print(SECRET[9:], "and more")
        print("no line end", SECRET, end="")
    assert shown.getvalue() == "Go on? [y/N] ********** and more\nno line end **********"


def test_a_line_that_a_process_writes_in_pieces(tmp_path: Path) -> None:
    """A secret that is written in pieces, seconds apart and in both streams, is masked once its line is whole."""
    MASK.add(SECRET)
    program = (
        "import sys, time\n"
        "for at in range(0, len(sys.argv[1]), 3):\n"
        "    for stream in (sys.stdout, sys.stderr):\n"
        "        print(sys.argv[1][at:at + 3], end='', flush=True, file=stream)\n"
        "    time.sleep(0.005)\n"
    )
    done = run([sys.executable, "-c", program, f"a {SECRET} b"], cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("a ********** b", "a ********** b")
    assert SECRET not in str(done)


def test_an_error_of_ours_masks_its_words() -> None:
    """What is raised carries no secret: not in its text, its arguments, its message or its hint."""
    MASK.add(SECRET)
    error = ReleaseError(f"refused {SECRET}", f"type {SECRET}")
    assert (str(error), error.args, error.hint) == ("refused **********", ("refused **********",), "type **********")


def test_the_mask_is_fast() -> None:
    """Megabytes of output take no minute, nor does a text that is all secrets."""
    mask = Mask()
    mask.add(f"pypi-{'x1Yz' * 45}", "ghp_" + "a1B2c3" * 6, "short-password", "another.password.1")
    text = "2026-11-22 INFO tests/test_demo.py::test_greets_by_name PASSED in 0.01s \n" * 60_000
    assert len(text) > 4_000_000
    for each in (text, "".join(f"{'x1Yz' * 45} {number}\n" for number in range(5_000))):
        began = time.process_time()
        for line in each.splitlines(keepends=True):
            mask(line)
        mask(each)
        assert time.process_time() - began < 4


# -- where a token comes from ------------------------------------------------------------------------------------------

KEYRING = """\
import json, os
from keyring.backend import KeyringBackend

class Keyring(KeyringBackend):
    priority = 1

    def get_password(self, service, username):
        with open(os.environ["KEYRING_LOG"], "a") as log:
            print(service, username, file=log)
        if os.environ.get("KEYRING_IS") == "broken":
            raise RuntimeError("locked")
        return json.loads(os.environ["KEYRING_HAS"]).get(service + " " + username)

    def set_password(self, service, username, password):
        raise NotImplementedError

    delete_password = None
"""


def test_a_release_with_the_token_in_the_keyring(
    repository: Repository, index: PypiServer, cli: Cli, tmp_path: Path
) -> None:
    """Where neither environment nor .env has a token, the keyring is asked for upload address and user, as by twine."""
    log = tmp_path / "log"
    (tmp_path / "ours_keyring.py").write_text(KEYRING, encoding="utf-8")
    env = {
        "PYTHONPATH": str(tmp_path),
        "PYTHON_KEYRING_BACKEND": "ours_keyring.Keyring",
        "KEYRING_LOG": str(log),
        "KEYRING_HAS": json.dumps({f"{index.upload_url} __token__": index.token}),
    }
    told = cli("check", "--part", "minor", cwd=repository.path, env=env)
    assert told.code == 0
    assert "token of environment PYPI_API_TOKEN" in told.out
    assert not log.exists()
    env["PYPI_API_TOKEN"] = ""
    broken = cli("check", "--part", "minor", cwd=repository.path, env={**env, "KEYRING_IS": "broken"})
    assert broken.code == 1
    assert f"There is no token for {index.upload_url}" in broken.err
    result = cli("release", "--part", "minor", "--skip-tests", cwd=repository.path, env=env)
    assert result.code == 0, result.err
    assert "token of keyring" in result.out
    assert set(log.read_text(encoding="utf-8").splitlines()) == {f"{index.upload_url} __token__"}
    assert index.files()
