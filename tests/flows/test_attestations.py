"""Attestations: made before the first upload, sent with each file, and verified before and after.

The attestations here are true ones, which pypi-attestations verifies without a network. What cannot run here is
signing: a function that hands out a true attestation takes its place.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from release_recipes import events, publish
from release_recipes.commands.checkout import find
from release_recipes.errors import Failed
from release_recipes.index import trusted
from release_recipes.index.attestations import ABSENT, attest, fault
from release_recipes.index.publisher import Publisher
from release_recipes.index.retry import PATIENCE
from release_recipes.index.trusted import TrustedToken
from release_recipes.programs.git import Git
from release_recipes.publish import World
from release_recipes.secrets.token import Token
from release_recipes.settings import PYPI, Settings, Target
from release_recipes.state.record import Record
from support.attested import GITHUB, GITLAB, unpack
from support.checking import NOBODY
from support.cli import Cli
from support.oidc import IdentityProvider, TrustedIndex
from support.repository import Repository
from support.runner import without_masks
from support.world import make_world

OUTSIDE = dict(os.environ)
"""The environment before a test has one of its own: the download needs it."""

JOB = Publisher("GitHub", "trailofbits/pypi-attestations", "release.yml")
"""The job that made the true attestation."""
GITLAB_JOB = Publisher("GitLab", "facutuesca/gitlab-oidc-project", ".gitlab-ci.yml")

AT_ONCE = replace(PATIENCE, doubt=(0.0, 0.0))


@pytest.fixture(scope="session")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fetch the distributions with true attestations, from the index that pip is told to use."""
    fetch = [sys.executable, "-m", "support.attested"]
    subprocess.run(fetch, cwd=Path(__file__).parent.parent, env=OUTSIDE, check=True)
    return unpack(tmp_path_factory.mktemp("attested"))


@pytest.fixture
def dist(assets: Path, tmp_path: Path) -> Path:
    """Return a folder with the one distribution that has a true attestation."""
    (tmp_path / "dist").mkdir()
    shutil.copy(assets / GITHUB, tmp_path / "dist")
    return tmp_path / "dist"


@pytest.fixture
def true(assets: Path) -> str:
    """Return its attestation."""
    return (assets / f"{GITHUB}.publish.attestation").read_text("utf-8")


def token_of(publisher: Publisher | None, *, attests: bool = True) -> TrustedToken:
    token = TrustedToken(Target("https://pypi.example.org/", ""), "box", PATIENCE, attests=attests)
    token.publisher = publisher
    return token


@pytest.fixture
def told() -> Iterator[list[str]]:
    """Return what the user is told: lines and warnings."""
    lines: list[str] = []

    def hear(event: events.Event) -> None:
        match event:
            case events.Told(line):
                lines.append(line)
            case events.Warned(finding):
                lines.append(f"warning [{finding.check}]: {finding.message}")

    with events.listening(hear):
        yield lines


def never(_: Sequence[Path]) -> list[str]:
    pytest.fail("signed")


# -- one file ----------------------------------------------------------------------------------------------------------


def test_a_true_attestation(dist: Path, true: str, told: list[str]) -> None:
    """A true attestation is verified offline, against the file and the job; nothing needs to be told."""
    assert attest([dist / GITHUB], token_of(JOB), lambda _: [true]) == {GITHUB: true}
    assert told == []


def test_a_true_attestation_of_gitlab(assets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is one of a job of GitLab."""
    monkeypatch.setenv("SIGSTORE_ID_TOKEN", "set")
    true = (assets / f"{GITLAB}.publish.attestation").read_text("utf-8")
    assert attest([assets / GITLAB], token_of(GITLAB_JOB), lambda _: [true]) == {GITLAB: true}
    with pytest.raises(Failed, match="Build Config URI"):
        attest([assets / GITLAB], token_of(replace(GITLAB_JOB, workflow="ci.yml")), lambda _: [true])


@pytest.mark.parametrize(
    ("publisher", "words"),
    [
        pytest.param(JOB, "Verification failed: subject does not match distribution digest", id="another file"),
        pytest.param(
            replace(JOB, repository="mallory/demo"),
            "Verification failed: Certificate's OIDCSourceRepositoryURI does not match (got "
            "https://github.com/trailofbits/pypi-attestations, expected https://github.com/mallory/demo)",
            id="another repository",
        ),
    ],
)
def test_an_attestation_of_something_else(publisher: Publisher, words: str, dist: Path, true: str) -> None:
    """An attestation of another file, or of another job, is refused before anything is uploaded."""
    if publisher == JOB:
        (dist / GITHUB).write_bytes((dist / GITHUB).read_bytes() + b"\0")
    with pytest.raises(Failed) as refused:
        attest([dist / GITHUB], token_of(publisher), lambda _: [true])
    assert refused.value.message == f"The attestations could not be made: {words}."
    assert (
        refused.value.hint
        == "This attempt uploaded no file. Run the same command again, or set PYPI_ATTESTATIONS=false."
    )


def test_what_an_index_serves(assets: Path, dist: Path) -> None:
    """What an index serves is verified against the file and the job; what is wrong is said in one line."""
    file, served = dist / GITHUB, (assets / f"{GITHUB}.provenance").read_bytes()
    assert fault(file, served, JOB) == ""
    assert fault(file, served, replace(JOB, workflow="ci.yml")).startswith("Verification failed: Certificate's Build")
    assert fault(file, None, JOB) == ABSENT == "the index has no attestation for it"
    assert fault(file, b'{"version": 1, "attestation_bundles": []}', JOB) == ABSENT
    assert fault(file, b"<html>", JOB) == "1 validation error for Provenance"
    file.write_bytes(b"")
    assert fault(file, served, JOB) == "Verification failed: subject does not match distribution digest"


@pytest.mark.parametrize(
    ("publisher", "words"),
    [
        pytest.param(None, "they can be made in the CI of GitHub and GitLab only", id="other CI"),
        pytest.param(GITLAB_JOB, "the job lacks id_tokens: SIGSTORE_ID_TOKEN: aud: sigstore", id="no identity"),
        pytest.param(
            JOB,
            "pypi-attestations is not installed (pip install 'release-recipes[attest]')",
            id="not installed",
        ),
    ],
)
def test_why_there_are_none(
    publisher: Publisher | None, words: str, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where files cannot be attested, they are uploaded without, and one line says why."""
    if publisher == JOB:
        monkeypatch.setitem(sys.modules, "pypi_attestations", None)
    assert attest([Path("box-1.0.tar.gz")], token_of(publisher), never) == {}
    assert told == [f"The files are uploaded without attestations: {words}."]


@pytest.mark.parametrize("token", [Token("pypi-a-long-token"), token_of(JOB, attests=False)], ids=["token", "off"])
def test_where_none_are_wanted(token: Token, told: list[str]) -> None:
    """With a token of the user, or if they are turned off, nothing is attested and nothing told."""
    assert attest([Path("box-1.0.tar.gz")], token, never) == {}
    assert told == []


@pytest.mark.parametrize(
    ("setting", "for_pypi", "for_another"), [(None, True, False), ("true", True, True), ("false", False, False)]
)
def test_the_setting(
    setting: str | None, for_pypi: bool, for_another: bool, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes to PyPI is attested by default, and what goes to another index only on demand: the log is public."""
    monkeypatch.setenv("PYPI_TRUSTED_PUBLISHING", "always")
    if setting:
        monkeypatch.setenv("PYPI_ATTESTATIONS", setting)
    checkout = find(repository.path, NOBODY, PATIENCE)
    tokens = [checkout.index(target, uploads=True).token for target in (PYPI, Target("https://pypi.example.org/", ""))]
    assert [isinstance(token, TrustedToken) and token.attests for token in tokens] == [for_pypi, for_another]


# -- a release ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[IdentityProvider]:
    """Run as the job that made the true attestation."""
    with IdentityProvider() as provider:
        provider.claims = {"repository": JOB.repository}
        for name, value in provider.variables.items():
            monkeypatch.setenv(name, value)
        yield provider


@pytest.fixture
def index(tmp_path: Path, provider: IdentityProvider) -> Iterator[TrustedIndex]:
    """Serve an index that knows this job."""
    (tmp_path / "index").mkdir()
    with TrustedIndex(tmp_path / "index", provider) as index:
        index.publisher["repository"] = JOB.repository
        yield index


def world_of(index: TrustedIndex, dist: Path, sign: Callable[[Sequence[Path]], list[str]]) -> World:
    settings = Settings(repository_url=index.upload_url)
    record = Record.from_files("pypi-attestations", "0.0.19", list(dist.iterdir()), settings, test=False)
    token = TrustedToken(record.target, "pypi-attestations", AT_ONCE, attests=True)
    return World(record, Git(dist), None, token, dist, AT_ONCE, sign)


def test_attested_from_end_to_end(assets: Path, index: TrustedIndex, dist: Path, true: str, told: list[str]) -> None:
    """A file is attested before it is uploaded, sent with it, and what is served is verified; a rerun does nothing."""
    index.provenance[GITHUB] = json.loads((assets / f"{GITHUB}.provenance").read_text("utf-8"))

    def sign(files: Sequence[Path]) -> list[str]:
        assert [file.name for file in files] == [GITHUB]
        assert index.files() == {}
        return [true]

    publish.publish(world_of(index, dist, sign), publish.UPLOAD)
    assert list(index.files()) == [GITHUB]
    assert json.loads(index.attested[GITHUB]) == [json.loads(true)]
    assert f"GET /integrity/pypi-attestations/0.0.19/{GITHUB}/provenance 200" in index.requests
    asked = len(index.requests)
    publish.publish(world_of(index, dist, never), publish.UPLOAD)
    assert {line.split()[1] for line in index.requests[asked:]} == {"/simple/pypi-attestations/"}
    assert told == []


def test_what_is_served_is_another_files(
    assets: Path, index: TrustedIndex, dist: Path, true: str, told: list[str]
) -> None:
    """An index that serves an attestation of something else is told as a warning: the files are public."""
    attestation = json.loads((assets / f"{GITLAB}.publish.attestation").read_text("utf-8"))
    bundle = {"publisher": {"kind": "GitHub", "repository": "a/b", "workflow": "c"}, "attestations": [attestation]}
    index.provenance[GITHUB] = {"version": 1, "attestation_bundles": [bundle]}
    publish.publish(world_of(index, dist, lambda _: [true]), publish.UPLOAD)
    (line,) = told
    assert line.startswith(f"warning [attestations]: {GITHUB}: Verification failed: Certificate's OIDCIssuerV2")


def test_what_is_not_served(
    index: TrustedIndex, dist: Path, true: str, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attestation that PyPI does not serve is told as a warning; another index may have none, which is one line."""
    publish.publish(world_of(index, dist, lambda _: [true]), publish.UPLOAD)
    assert told == ["The index serves no attestations, so they were not verified."]
    (index.folder / GITHUB).unlink()
    told.clear()
    monkeypatch.setitem(trusted.AUDIENCES, index.upload_url, "demo-index")
    publish.publish(world_of(index, dist, lambda _: [true]), publish.UPLOAD)
    assert told == [f"warning [attestations]: {GITHUB}: the index has no attestation for it."]


def test_signing_that_fails(index: TrustedIndex, dist: Path) -> None:
    """If the second of two files cannot be attested, the first is not uploaded; what was public before is told."""
    shutil.copy(dist / GITHUB, dist / "pypi_attestations-0.0.19-py3-none-any.whl")

    def sign(files: Sequence[Path]) -> list[str]:
        message = f"no network for {len(files)} files."
        raise ConnectionError(message)

    with pytest.raises(Failed) as refused:
        publish.publish(world_of(index, dist, sign), publish.UPLOAD)
    assert refused.value.message == "The attestations could not be made: no network for 2 files."
    assert (index.files(), refused.value.may_be_public) == ({}, False)
    shutil.copy(dist / GITHUB, index.folder)
    with pytest.raises(Failed, match="no network for 1 files") as refused:
        publish.publish(world_of(index, dist, sign), publish.UPLOAD)
    assert refused.value.may_be_public


def test_sigstore_out_of_reach(
    index: TrustedIndex, provider: IdentityProvider, repository: Repository, cli: Cli
) -> None:
    """Without a network to Sigstore, the user reads that, and nothing is uploaded."""
    make_world(repository.path, wheels=1, token="")
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    variables = {**index.settings, **nowhere, "PYPI_ATTESTATIONS": "true"}
    result = cli("upload", cwd=repository.path, env=variables)
    assert result.code == 1
    assert result.err.splitlines()[-2:] == [
        "error: The attestations could not be made: Failed to refresh TUF metadata.",
        "   → This attempt uploaded no file. Run the same command again, or set PYPI_ATTESTATIONS=false.",
    ]
    assert index.files() == {}
    assert provider.audiences[-1] == "sigstore"
    assert not any(secret in without_masks(result.out + result.err) for secret in provider.given)
