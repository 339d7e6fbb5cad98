"""Trusted Publishing: a job in CI that the index knows uploads without a token, and any other reads why not."""

import dataclasses
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from release_recipes.commands.checkout import find
from release_recipes.errors import NoToken
from release_recipes.index import trusted
from release_recipes.index.publisher import Publisher, current_publisher, publisher_lines, publisher_of
from release_recipes.index.retry import PATIENCE
from release_recipes.index.trusted import TrustedToken
from release_recipes.secrets.mask import MASK
from release_recipes.settings import PUBLISHER_PAGES, PYPI, TEST_PYPI, Target
from support.checking import NOBODY, look, problems
from support.cli import Cli
from support.index import PypiServer
from support.oidc import PUBLISHER, IdentityProvider, TrustedIndex
from support.repository import Repository
from support.runner import without_masks
from support.world import make_world

AT_ONCE = dataclasses.replace(PATIENCE, question=dataclasses.replace(PATIENCE.question, first_wait=0.001))

INSTEAD = "To use a token instead, set PYPI_TRUSTED_PUBLISHING=never and PYPI_API_TOKEN (PYPI_TEST_TOKEN for --test)."


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[IdentityProvider]:
    """Run as a job of GitHub Actions that may have an identity."""
    with IdentityProvider() as provider:
        for name, value in provider.variables.items():
            monkeypatch.setenv(name, value)
        yield provider


@pytest.fixture
def ours(tmp_path: Path, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch) -> Iterator[TrustedIndex]:
    """Serve an index that knows the job, and to which everything goes."""
    folder = tmp_path / "index"
    folder.mkdir()
    with TrustedIndex(folder, provider) as index:
        for name, value in index.settings.items():
            monkeypatch.setenv(name, value)
        yield index


def token_of(index: TrustedIndex) -> TrustedToken:
    return TrustedToken(Target(index.upload_url, index.index_url), "box", AT_ONCE)


def refused(index: TrustedIndex) -> NoToken:
    """Return the reason for which there is no token."""
    with pytest.raises(NoToken) as told:
        token_of(index).reveal()
    return told.value


@pytest.fixture
def dist(repository: Repository) -> Path:
    """Return the project's folder, with a wheel and an sdist in its ``dist``."""
    make_world(repository.path, wheels=1, token="")
    return repository.path


FILES = ["box-1.0-py310-none-any.whl", "box-1.0.tar.gz"]


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_job_that_the_index_knows_uploads(
    algorithm: Literal["RS256", "ES256"], tmp_path: Path, dist: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job gets one token for all its files, and neither that nor its identity is shown or kept anywhere."""
    (tmp_path / "index").mkdir()
    with IdentityProvider(algorithm) as provider, TrustedIndex(tmp_path / "index", provider) as index:
        for name, value in {**provider.variables, **index.settings, "VERBOSE_OUTPUT": "true"}.items():
            monkeypatch.setenv(name, value)
        result = cli("upload", "--json", cwd=dist)
        assert result.code == 0, result.err
        assert sorted(index.files()) == FILES
        assert index.requests[:4] == [
            "GET /simple/box/ 404",
            "GET /_/oidc/audience 200",
            "POST /_/oidc/mint-token 200",
            "POST / 200",
        ]
        assert provider.audiences[0] == "demo-index"
        shown = result.out + result.err + (dist / ".git/release-recipes/history.jsonl").read_text("utf-8")
        for secret in (*provider.given, *index.minted, provider.bearer):
            assert secret not in without_masks(shown)
        again = cli("upload", cwd=dist)
        assert again.code == 0, again.err
        assert len(index.presented) == 1  # nothing is missing, so no token is made


def test_what_is_exchanged_is_masked(provider: IdentityProvider, ours: TrustedIndex) -> None:
    """Identity and token are masked from the moment that we have them, and the token shows itself as stars."""
    token = token_of(ours)
    assert repr(token) == "**********"
    value = token.reveal()
    assert list(ours.minted) == [value]
    assert (token.origin, token.publisher) == (
        "Trusted Publishing",
        Publisher("GitHub", "octo/demo", "release.yml", "pypi"),
    )
    assert MASK.holds(f"…{value}…")
    assert MASK.holds(f"…{provider.given[0]}…")


@pytest.mark.parametrize(
    ("claims", "values"),
    [
        pytest.param({"repository": "mallory/demo"}, ("mallory", "demo", "release.yml", "pypi"), id="repository"),
        pytest.param(
            {"job_workflow_ref": "octo/demo/.github/workflows/ci.yml@refs/heads/main"},
            ("octo", "demo", "ci.yml", "pypi"),
            id="workflow",
        ),
        pytest.param({"environment": "test"}, ("octo", "demo", "release.yml", "test"), id="environment"),
        pytest.param({"environment": None}, ("octo", "demo", "release.yml", "(leave it empty)"), id="no environment"),
    ],
)
def test_a_job_that_the_index_does_not_know(
    claims: dict[str, str],
    values: tuple[str, ...],
    provider: IdentityProvider,
    ours: TrustedIndex,
    dist: Path,
    cli: Cli,
) -> None:
    """The user reads what the index said, and the values that its form wants."""
    provider.claims = claims
    result = cli("upload", cwd=dist)
    owner, name, workflow, environment = values
    assert result.code == 1
    said = (
        "invalid-publisher: valid token, but no corresponding publisher (Publisher with matching claims was not found)"
    )
    refusal = f"{ours.upload_url[7:-1]} refuses the identity of this job ({said})"
    assert result.err.splitlines() == [
        f"error: There is no token for {ours.upload_url}: {refusal}.",
        "   → Register this job as a trusted publisher of the index, with these values:",
        "     PyPI project name: demo-package",
        f"     Owner: {owner}",
        f"     Repository name: {name}",
        f"     Workflow name: {workflow}",
        f"     Environment name: {environment}",
    ]
    assert ours.files() == {}


def test_the_form_of_pypi(provider: IdentityProvider, ours: TrustedIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """For PyPI and TestPyPI, the addresses of the forms are told: that of the project, and that for a new one."""
    provider.claims = {"environment": ""}
    monkeypatch.setitem(trusted.AUDIENCES, ours.upload_url, "demo-index")
    for target, host in ((PYPI, "pypi.org"), (TEST_PYPI, "test.pypi.org")):
        pages = f"https://{host}/manage/project/box/settings/publishing/", f"https://{host}/manage/account/publishing/"
        monkeypatch.setattr(
            "release_recipes.index.publisher.PUBLISHER_PAGES",
            {ours.upload_url: PUBLISHER_PAGES[target.upload_address]},
        )
        assert refused(ours).hint.splitlines()[0] == (
            f"Register this job as a trusted publisher at {pages[0]} (if the index has no such project yet, at "
            f"{pages[1]}), with these values:"
        )


def test_an_expired_identity(provider: IdentityProvider, ours: TrustedIndex) -> None:
    """An identity that has expired is refused by the index, and the user is told to run the job again."""
    provider.claims = {"exp": int(time.time()) - 60}
    error = refused(ours)
    assert "(invalid-token: malformed or invalid token)." in error.message
    assert error.hint == "An identity token is valid for some minutes, and accepted once. Run the job again."


def test_an_identity_is_presented_once(provider: IdentityProvider, ours: TrustedIndex) -> None:
    """An identity that was used before is refused by the index."""
    provider.claims = {"jti": "1"}
    token_of(ours).reveal()
    assert "(invalid-reuse-token: invalid token: already used)." in refused(ours).message


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(("404 Not Found", ""), "404 Not Found", id="no such page"),
        pytest.param(
            ("403 Forbidden", {"message": "Trusted publishing functionality not enabled"}),
            "Trusted publishing functionality not enabled",
            id="turned off",
        ),
        pytest.param(("302 Found", {}), "302 Found", id="a redirect"),
    ],
)
def test_an_index_without_trusted_publishing(
    answer: tuple[str, object], words: str, provider: IdentityProvider, ours: TrustedIndex
) -> None:
    """An index that does not answer which audience it has is told as one without Trusted Publishing."""
    ours.audience = answer
    error = refused(ours)
    host = ours.upload_url[7:-1]
    assert error.message == f"There is no token for {ours.upload_url}: {host} has no Trusted Publishing ({words})."
    assert error.hint == INSTEAD
    assert provider.audiences == []


@pytest.mark.parametrize(
    "audience",
    ["pypi", "testpypi", "PyPI", "sigstore", "", None, "sts.amazonaws.com", "https://pypi.org", "api://X", "http://["],
)
def test_an_identity_for_another_is_never_sent(
    audience: str | None, provider: IdentityProvider, ours: TrustedIndex
) -> None:
    """An index that asks for an identity with the audience of PyPI, Sigstore or another host gets none."""
    ours.audience = ("200 OK", {"audience": audience})
    error = refused(ours)
    assert f"asks for an identity token with the audience {audience or ''!r}, which is not its own; none was sent" in (
        error.message
    )
    assert error.hint == f"Check the upload address. {INSTEAD}"
    assert (provider.audiences, ours.presented) == ([], [])


@pytest.mark.parametrize("audience", ["demo-index", "127.0.0.1", "https://127.0.0.1/upload"])
def test_an_audience_of_its_own(audience: str, ours: TrustedIndex) -> None:
    """An index may have a word, or its own host, as its audience."""
    ours.audience = ("200 OK", {"audience": audience})
    assert token_of(ours).reveal() in ours.minted


def test_pypi_has_one_audience(provider: IdentityProvider, ours: TrustedIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyPI gets an identity with the audience "pypi" and no other, whatever it answers."""
    monkeypatch.setitem(trusted.AUDIENCES, ours.upload_url, "pypi")
    assert "the audience 'demo-index'" in refused(ours).message
    assert provider.audiences == []
    ours.audience = ("200 OK", {"audience": "pypi"})
    assert token_of(ours).reveal() in ours.minted
    assert trusted.AUDIENCES[PYPI.upload_address] == "pypi"
    assert trusted.AUDIENCES[TEST_PYPI.upload_address] == "testpypi"


def test_a_redirect_gets_no_identity(ours: TrustedIndex, pypi: PypiServer) -> None:
    """An identity is not sent to where an index redirects."""
    ours.first = [("307 Temporary Redirect", {"Location": pypi.upload_url}, {})]
    assert "refuses the identity of this job (307 Temporary Redirect)" in refused(ours).message
    assert pypi.requests == []


def test_an_address_without_https(provider: IdentityProvider) -> None:
    """No identity goes over the network unencrypted; nobody is asked."""
    token = TrustedToken(Target("http://pypi.example.org/", ""), "box", AT_ONCE)
    with pytest.raises(NoToken, match="Trusted Publishing needs an address with https://"):
        token.reveal()
    assert provider.audiences == []


def test_servers_that_fail_at_first(provider: IdentityProvider, ours: TrustedIndex) -> None:
    """Failures of a server are tried again, each time with a new identity."""
    provider.failures = 1
    ours.first = [("503 Service Unavailable", {}, {})]
    assert token_of(ours).reveal() in ours.minted
    assert len(set(ours.presented)) == 2
    provider.failures = 1
    token_of(ours).prove(mint=False)
    assert (provider.failures, len(ours.minted)) == (0, 1)


def test_servers_that_fail(provider: IdentityProvider, ours: TrustedIndex) -> None:
    """A server that goes on to fail is named, with its answer."""
    ours.first = [("503 Service Unavailable", {}, {})] * 9
    error = refused(ours)
    address = f"{ours.upload_url}_/oidc/mint-token"
    assert error.message == f"There is no token for {ours.upload_url}: {address}: 503 Service Unavailable."
    assert error.hint == "Run the same command again later."
    assert len(ours.presented) == AT_ONCE.question.attempts
    provider.failures = 9
    assert "the CI gave no identity token (GitHub: OIDC token request failed (code=503" in refused(ours).message


def test_an_index_that_does_not_answer(provider: IdentityProvider) -> None:
    """An index that cannot be reached is named, with the reason."""
    token = TrustedToken(Target("http://127.0.0.1:9/", ""), "box", AT_ONCE)
    with pytest.raises(NoToken, match=r"http://127\.0\.0\.1:9/_/oidc/audience: .*[Rr]efused"):
        token.reveal()
    assert provider.audiences == []


def test_an_answer_without_a_token(ours: TrustedIndex) -> None:
    """An index that says yes without a token is told as such."""
    ours.first = [("200 OK", {}, {})]
    assert "answered without one" in refused(ours).message


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"message": "Token request failed", "errors": ["odd", 1]}, "Token request failed"),
        ({"message": ["odd"], "errors": 1}, "['odd']"),
        ({"errors": [{"code": "invalid-payload", "description": "1\n  2"}]}, "invalid-payload: 1 2"),
        ([], "422 Unprocessable Content"),
        ({"message": "x" * 400}, "x" * 300),
    ],
)
def test_a_refusal_in_an_odd_form(body: object, words: str, ours: TrustedIndex) -> None:
    """Whatever an index answers is told in one line of limited length."""
    ours.first = [("422 Unprocessable Content", {}, body)]
    assert refused(ours).message.endswith(f"refuses the identity of this job ({words}).")


def test_a_job_without_the_permission(ours: TrustedIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job of GitHub without ``id-token: write`` is told to add it."""
    monkeypatch.delenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    error = refused(ours)
    assert "the CI gave no identity token (GitHub: missing or insufficient OIDC token permissions" in error.message
    assert error.hint == f"Add to the job: permissions: id-token: write. {INSTEAD}"


def test_a_job_of_gitlab(ours: TrustedIndex, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job of GitLab has its identity in a variable, and one without is told to add it."""
    for name in provider.variables:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GITLAB_CI", "true")
    monkeypatch.setenv("CI_PROJECT_PATH", "octo/demo")
    ours.audience = ("200 OK", {"audience": "demo"})
    error = refused(ours)
    assert "(GitLab: Environment variable DEMO_ID_TOKEN not found)" in error.message
    assert error.hint == f"Add to the job: id_tokens: DEMO_ID_TOKEN: aud: demo. {INSTEAD}"
    monkeypatch.setenv("DEMO_ID_TOKEN", provider.identity("demo"))
    token_of(ours).prove(mint=True)
    assert ours.presented == []  # it is accepted once, and is kept for the upload
    assert token_of(ours).reveal() in ours.minted


def test_no_ci(ours: TrustedIndex, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a laptop, ``always`` says that there is no identity."""
    for name in provider.variables:
        monkeypatch.delenv(name)
    error = refused(ours)
    assert "Trusted Publishing works in CI only, and no CI service was recognised." in error.message
    assert error.hint == INSTEAD
    assert current_publisher() is None


def test_a_token_is_renewed(ours: TrustedIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that is valid for less than five minutes is replaced; if that fails, it is used until its end."""
    token = token_of(ours)
    ours.lifetime = 200
    first, second = token.reveal(), token.reveal()
    assert first != second
    ours.publisher = {}
    assert token.reveal() == second
    end = time.time() + ours.lifetime + 1
    with monkeypatch.context() as later:
        later.setattr("release_recipes.index.trusted.time.time", lambda: end)
        with pytest.raises(NoToken):
            token.reveal()
    ours.publisher, ours.lifetime = dict(PUBLISHER), 900
    assert token.reveal() == token.reveal() != second


@pytest.mark.parametrize("forge", ["GitHub", "GitLab"])
def test_the_values_of_the_form(forge: str) -> None:
    """The form of each forge has its own words, and the claims of its jobs have their own names."""
    if forge == "GitHub":
        labels = ["Owner: group/sub", "Repository name: demo", "Workflow name: .gitlab-ci.yml"]
    else:
        labels = ["Namespace: group/sub", "Project name: demo", "Top-level pipeline file path: .gitlab-ci.yml"]
    told = publisher_lines("box", "group/sub/demo", ".gitlab-ci.yml", "", forge=forge)
    assert told == ["PyPI project name: box", *labels, "Environment name: (leave it empty)"]


def test_the_claims_of_gitlab() -> None:
    """GitLab names project and pipeline file in its own claims; the jobs of another service name no publisher."""
    ref = "gitlab.com/group/demo//ci/release.yml@refs/tags/v1.3.0"
    claims = {"project_path": "group/demo", "ci_config_ref_uri": ref, "environment": "pypi"}
    assert publisher_of(claims) == Publisher("GitLab", "group/demo", "ci/release.yml", "pypi")
    assert publisher_of({"sub": "organization:acme"}) is None


# -- which token is used -----------------------------------------------------------------------------------------------


def chosen(folder: Path, target: Target) -> object:
    """Return the token for uploads to an index, or its kind if it is one of Trusted Publishing."""
    token = find(folder, NOBODY, PATIENCE).index(target, uploads=True).token
    return type(token) if isinstance(token, TrustedToken) else token.reveal() if token else None


def test_auto(repository: Repository, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a token, ``auto`` uses Trusted Publishing in CI, for PyPI and TestPyPI and no other index."""
    other = Target("https://pypi.example.org/", "https://pypi.example.org/simple/")
    asked: list[str] = []
    monkeypatch.setattr("release_recipes.settings.ask_keyring", lambda address, _: asked.append(address))
    folder = repository.path
    assert [chosen(folder, target) for target in (PYPI, TEST_PYPI, other)] == [TrustedToken, TrustedToken, None]
    assert chosen(folder, dataclasses.replace(PYPI, username="ada")) is None
    assert asked == [other.upload_address, PYPI.upload_address]
    assert find(folder, NOBODY, PATIENCE).index(PYPI).token is None
    monkeypatch.setenv("PYPI_API_TOKEN", "pypi-your-token-here")
    assert chosen(folder, PYPI) is TrustedToken
    monkeypatch.setenv("PYPI_API_TOKEN", "pypi-AgEIcHlwaS5vcmc")
    assert chosen(folder, PYPI) == "pypi-AgEIcHlwaS5vcmc"
    monkeypatch.delenv("PYPI_API_TOKEN")
    monkeypatch.setenv("PYPI_TRUSTED_PUBLISHING", "never")
    assert chosen(folder, PYPI) is None
    monkeypatch.setenv("PYPI_TRUSTED_PUBLISHING", "auto")
    for name in provider.variables:
        monkeypatch.delenv(name)
    assert chosen(folder, PYPI) is None


def test_always(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """``always`` uses Trusted Publishing for every index, and no other token, even where one is set."""
    monkeypatch.setattr("release_recipes.settings.ask_keyring", lambda *_: pytest.fail("asked"))
    monkeypatch.setenv("PYPI_TRUSTED_PUBLISHING", "always")
    monkeypatch.setenv("PYPI_API_TOKEN", "pypi-AgEIcHlwaS5vcmc")
    assert chosen(repository.path, Target("https://pypi.example.org/", "")) is TrustedToken
    assert find(repository.path, NOBODY, PATIENCE).index(PYPI).token is None


# -- act 1, and releases -----------------------------------------------------------------------------------------------


def publish_before(index: TrustedIndex) -> None:
    (index.folder / "demo_package-1.2.3.tar.gz").write_bytes(b"")


@pytest.mark.red("token")
def test_act_1_tells_why_there_is_no_token(
    repository: Repository, provider: IdentityProvider, ours: TrustedIndex
) -> None:
    """The check of the token mints one, and reports the reason if that is refused."""
    publish_before(ours)
    provider.claims = {"repository": "mallory/demo"}
    (told,) = problems(look(repository.path))
    assert told.check == "token"
    assert "(invalid-publisher: valid token, but no corresponding publisher" in told.message
    assert "     Owner: mallory\n     Repository name: demo\n" in f"{told.hint}\n"


@pytest.mark.green("token")
def test_act_1_mints_no_token_for_a_new_project(repository: Repository, ours: TrustedIndex) -> None:
    """For a project that the index does not have, only the identity is asked for: minting would create the project."""
    assert problems(look(repository.path)) == []
    assert (ours.requests.count("GET /_/oidc/audience 200"), ours.presented) == (1, [])
    publish_before(ours)
    assert problems(look(repository.path)) == []
    assert len(ours.minted) == 1


def test_a_release_in_ci(repository: Repository, provider: IdentityProvider, ours: TrustedIndex, cli: Cli) -> None:
    """A release without any token is made with one that is minted, and questions alone need none."""
    publish_before(ours)
    assert cli("status", cwd=repository.path).code == 0
    assert provider.audiences == []
    result = cli("release", "--part", "minor", "--json", cwd=repository.path, env={"VERBOSE_OUTPUT": "true"})
    assert result.code == 0, result.err
    document = result.json
    assert document["outcome"] == "released"
    assert "demo-package 1.2.3 → 1.3.0, token of Trusted Publishing" in result.err
    assert "demo_package-1.3.0.tar.gz" in ours.files()
    for secret in (*provider.given, *ours.minted):
        assert secret not in json.dumps(document) + without_masks(result.err)
    assert cli("resume", cwd=repository.path).code == 0
