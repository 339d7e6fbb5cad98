"""Commits and tags are signed with ssh or gpg as git is configured; the user is asked, or it is refused at once."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from support.cli import Cli, Result
from support.index import PypiServer
from support.repository import Repository

RELEASE = ("release", "--part", "minor", "--skip-tests", "--yes")
PASS_PHRASE = "correct horse"  # noqa: S105 - it opens keys that are made here


MakeKey = Callable[..., "Key"]


class Key(NamedTuple):
    """A key, and what git has to be told of it and of the program that makes signatures."""

    settings: dict[str, str]
    #: The question for its pass phrase, as the program puts it.
    question: str
    #: How often it is put in a release: gpg's agent remembers the pass phrase.
    questions: int
    #: What takes the key away.
    lose: list[Path]


def _ssh_key(folder: Path, pass_phrase: str) -> Key:
    if not shutil.which("ssh-keygen"):
        pytest.skip("ssh-keygen is not installed")
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", pass_phrase, "-f", str(key)], check=True)
    public = key.with_suffix(".pub")
    signers = folder / "signers"
    signers.write_text(f"ada@example.org {public.read_text(encoding='utf-8')}", encoding="utf-8")
    settings = {"gpg.format": "ssh", "user.signingkey": str(public), "gpg.ssh.allowedSignersFile": str(signers)}
    return Key(settings, "Enter passphrase:", 2, [key, public])


def _gpg_key(home: Path, pass_phrase: str) -> Key:
    if not shutil.which("gpg"):
        pytest.skip("gpg is not installed")
    words = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--passphrase", pass_phrase]
    words += ["--quick-generate-key", "Ada Lovelace <ada@example.org>", "ed25519", "sign", "never"]
    subprocess.run(words, check=True, capture_output=True)
    forget(home)
    return Key({"gpg.format": "openpgp"}, "passphrase", 1, [home / "private-keys-v1.d"])


def forget(home: Path) -> None:
    """End the agent, which keeps a pass phrase for some minutes."""
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "gpg-agent"], check=True)


@pytest.fixture
def gpg_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make a home for gpg; its agent's socket needs a short path."""
    with tempfile.TemporaryDirectory(prefix="g", dir=os.environ["TMPDIR"], ignore_cleanup_errors=True) as folder:
        monkeypatch.setenv("GNUPGHOME", folder)
        yield Path(folder)
        if shutil.which("gpgconf"):
            forget(Path(folder))


@pytest.fixture(params=["ssh", "gpg"])
def make_key(request: pytest.FixtureRequest, tmp_path: Path, gpg_home: Path) -> MakeKey:
    """Return what makes a key of one kind, and has git sign with it."""

    def make(repository: Repository, pass_phrase: str = "") -> Key:
        key = _ssh_key(tmp_path, pass_phrase) if request.param == "ssh" else _gpg_key(gpg_home, pass_phrase)
        for name, value in {**key.settings, "commit.gpgSign": "true", "tag.gpgSign": "true"}.items():
            repository.git("config", name, value)
        return key

    return make


def signed(done: Result, repository: Repository) -> None:
    """See that the release is there, and that both signatures are good."""
    assert done.code == 0, done.out + done.err
    refs = repository.remote_refs()
    assert refs["refs/heads/main"] == refs["refs/tags/v1.3.0^{}"]
    repository.git("verify-commit", "v1.3.0^{commit}")
    repository.git("verify-tag", "v1.3.0")


def refused(done: Result, repository: Repository, pypi: PypiServer, before: object) -> None:
    """See that nothing has happened, and that the signature is the reason."""
    assert done.code == 1
    assert "commit.gpgSign is set, but signing fails: " in done.err
    assert "→ Unlock the key (ssh-add, gpg-agent), or turn signing off: git config commit.gpgSign false" in done.err
    assert repository.snapshot() == before
    assert pypi.files() == {}
    assert [name for name in repository.remote_refs() if "v1.3.0" in name] == []


def test_a_key_that_is_open(cli: Cli, repository: Repository, make_key: MakeKey, pypi: PypiServer) -> None:
    """Where commits and tags are signed, those of a release are, and both verify."""
    make_key(repository)
    signed(cli(*RELEASE, cwd=repository.path, env=pypi.settings), repository)


def test_a_key_that_is_gone(cli: Cli, repository: Repository, make_key: MakeKey, pypi: PypiServer) -> None:
    """A key that is missing stops the release before its upload, and the repository is as it was."""
    for path in make_key(repository).lose:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    before = repository.snapshot()
    refused(cli(*RELEASE, cwd=repository.path, env=pypi.settings), repository, pypi, before)


def test_a_pass_phrase_that_nobody_types(cli: Cli, repository: Repository, make_key: MakeKey, pypi: PypiServer) -> None:
    """Without a terminal nobody is asked, and nothing waits for an answer: the release is refused at once."""
    make_key(repository, PASS_PHRASE)
    before = repository.snapshot()
    refused(cli(*RELEASE, cwd=repository.path, env=pypi.settings), repository, pypi, before)


def test_a_pass_phrase_that_is_typed(cli: Cli, repository: Repository, make_key: MakeKey, pypi: PypiServer) -> None:
    """On a terminal the program of the key asks for its pass phrase when the commit is made, and not in the checks."""
    key = make_key(repository, PASS_PHRASE)
    answers = [("[y/n]", "y"), *[(key.question, PASS_PHRASE)] * key.questions]
    words = [word for word in RELEASE if word != "--yes"]
    done = cli.terminal(*words, cwd=repository.path, env=pypi.settings, answers=answers)
    signed(done, repository)
    assert "signing fails" in done.out
    assert PASS_PHRASE not in done.out


def test_a_gpg_that_knows_the_pass_phrase(
    cli: Cli, repository: Repository, gpg_home: Path, tmp_path: Path, pypi: PypiServer
) -> None:
    """A pass phrase that gpg is configured to read from a file is nobody's to type: the release is signed."""
    _gpg_key(gpg_home, PASS_PHRASE)
    kept = tmp_path / "pass phrase"
    kept.write_text(PASS_PHRASE, encoding="utf-8")
    (gpg_home / "gpg.conf").write_text(f"batch\npinentry-mode loopback\npassphrase-file {kept}\n", encoding="utf-8")
    for name in ("commit.gpgSign", "tag.gpgSign"):
        repository.git("config", name, "true")
    signed(cli(*RELEASE, cwd=repository.path, env=pypi.settings), repository)
