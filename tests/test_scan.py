"""`invoke scan`: what it finds, where it looks, and what it leaves alone. No literal here looks like a credential."""

import dataclasses
import io
import random
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from dotenv import dotenv_values

from release_recipes.commands.scan import scan
from release_recipes.errors import SecretsFound
from release_recipes.scan.files import scan_files
from release_recipes.scan.patterns import PATTERNS
from release_recipes.scan.text import Place, scan_bytes
from release_recipes.settings import Settings, Sources, load, token_name
from support.cli import Cli
from support.leaks import make_token
from support.repository import Repository

CHANCE = random.Random(20)  # noqa: S311 -- nobody's credentials

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
HEX = "0123456789abcdef"


def some(length: int, alphabet: str = LETTERS) -> str:
    """Return letters by chance."""
    return "".join(CHANCE.choice(alphabet) for _ in range(length))


def key(kind: str, *, line: str = "\n", header: str = "") -> str:
    """Return a private key's frame around nothing."""
    return line.join([f"-----BEGIN {kind}-----", *([header, ""] if header else []), some(64), some(64), ""])


CREDENTIALS = {
    "a PyPI token": [make_token("PyPI", 1), make_token("TestPyPI", 2)],
    "a GitHub token": [*(f"gh{kind}_{some(36)}" for kind in "pousr"), f"github_pat_{some(22)}_{some(59)}"],
    "a GitLab token": [f"gl{kind}-{some(20)}" for kind in ("pat", "dt", "rt", "cbt", "ptt", "ft")],
    "an AWS access key": [f"AKIA{some(16, LETTERS[:26] + '234567')}", f"ASIA{some(16, LETTERS[:26])}"],
    "an AWS secret key": [f"aws_secret_access_key = {some(40)}", f'"SecretAccessKey": "{some(40)}"'],
    "a private key": [
        *(key(f"{kind}PRIVATE KEY") for kind in ("", "RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED ")),
        key("PGP PRIVATE KEY BLOCK", header="Version: 1"),
        key("RSA PRIVATE KEY", header="Proc-Type: 4,ENCRYPTED"),
        key("PRIVATE KEY", line="\\n"),
        key("PRIVATE KEY", line="\r\n"),
    ],
    "an age key": [f"AGE-SECRET-KEY-1{some(58, LETTERS[:26])}"],
    "a Slack token": [f"xoxb-{some(12, '0123456789')}-{some(12, '0123456789')}-{some(24)}", f"xapp-1-{some(40)}"],
    "a Slack webhook": [f"https://hooks.slack.com/services/T{some(9)}/B{some(9)}/{some(24)}"],
    "an npm token": [
        f"npm_{some(36)}",
        f"//registry/:_authToken={some(8, HEX)}{3 * ('-' + some(4, HEX))}-{some(12, HEX)}",
    ],
    "a RubyGems key": [f"rubygems_{some(48, HEX)}"],
    "a crates.io token": [f"cio{some(32)}"],
    "a Docker token": [f"dckr_pat_{some(27)}"],
    "a Google API key": [f"AIza{some(35)}"],
    "an Azure storage key": [f"AccountName=a;AccountKey={some(86)}=="],
    "a Stripe key": [f"sk_live_{some(24)}", f"rk_live_{some(99)}"],
    "an Anthropic key": [f"sk-ant-api03-{some(95)}"],
    "an OpenAI key": [f"sk-{some(20)}T3BlbkFJ{some(20)}"],
    "a Hugging Face token": [f"hf_{some(34, LETTERS[:52])}"],
    "a SendGrid key": [f"SG.{some(22)}.{some(43)}"],
    "a DigitalOcean token": [f"dop_v1_{some(64, HEX)}"],
    "a Vault token": [f"hvs.{some(95)}"],
    "a Terraform token": [f"{some(14)}.atlasv1.{some(67)}"],
    "a Telegram token": [f"{some(9, '123456789')}:AA{some(33)}"],
    "a Databricks token": [f"dapi{some(32, HEX)}"],
    "a Shopify token": [f"shpat_{some(32, HEX)}"],
    "a Sentry token": [f"sntryu_{some(64, HEX)}", f"sntrys_{some(120)}"],
    "a Grafana token": [f"glsa_{some(32)}_{some(8, HEX)}", f"glc_{some(60)}"],
}


def test_every_form_has_an_example() -> None:
    """Each form that is looked for is seen to be found."""
    assert {pattern.kind for pattern in PATTERNS} == set(CREDENTIALS)


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_a_credential_is_found_by_its_form(kind: str) -> None:
    """A credential is found in code, in a setting and in prose, and its line is told; it is not repeated."""
    for credential in CREDENTIALS[kind]:
        for text in (f'x = "{credential}"', f"TOKEN={credential}\n", f"see `{credential}` there"):
            findings = scan_bytes("a.txt", f"first\nsecond\n{text}".encode())
            assert findings == [Place("a.txt", 3, kind)], text
            assert credential not in str(findings)


@pytest.mark.parametrize(
    "text",
    [
        f"ghp_{'x' * 36}",
        "AKIAIOSFODNN7" + "EXAMPLE",
        "pypi-Ag…",
        f"pypi-{'A' * 80}",
        "-----BEGIN " + "PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        "-----BEGIN " + f"PUBLIC KEY-----\n{some(64)}",
        "if line.startswith('-----BEGIN RSA " + "PRIVATE KEY-----'):",
        f"sha256 {some(64, HEX)} and {some(40, HEX)}",
        f"social_{some(32)} glossary-of-gitlab-and-other-words",
        f"integrity sha512-{some(86)}==",
        "TOKEN=${PYPI_API_TOKEN} password=changeme",
    ],
)
def test_what_only_resembles_a_credential(text: str) -> None:
    """Placeholders, documentation, hashes and public keys are left alone."""
    assert scan_bytes("a.txt", text.encode()) == []


@pytest.mark.parametrize("comment", ["release-recipes: allow-secret", "gitleaks:allow", "pragma: allowlist secret"])
def test_a_comment_allows_a_line(comment: str) -> None:
    """A line that says so, and the line below one that does, is left out; the next one is not."""
    token = make_token("GitHub", 3)
    assert scan_bytes("a.py", f'x = "{token}"  # {comment}'.encode()) == []
    assert scan_bytes("a.py", f'a = 1\n# {comment}\nx = "{token}"\n'.encode()) == []
    assert scan_bytes("a.py", f'# {comment}\n\nx = "{token}"\n'.encode()) == [Place("a.py", 3, "a GitHub token")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".env", "# mine\nexport PYPI_API_TOKEN=short-but-mine\n"),
        (".pypirc", "[pypi]\nusername = ada\npassword = short"),
        (".netrc", "machine example.org\nlogin ada password short"),
        (".git-credentials", "https://ada:short@example.org"),
    ],
)
def test_a_file_that_is_made_for_credentials(name: str, text: str) -> None:
    """A file whose name says that it holds credentials is found with whatever value it has, and not without one."""
    assert [finding.kind for finding in scan_bytes(f"a/{name}", text.encode())] == ["a file for credentials"]
    assert scan_bytes(f"a/{name}.example", text.encode()) == []
    assert scan_bytes(f"a/{name}", b"# nothing\nPYPI_API_TOKEN=\n") == []


def test_distributions_are_looked_into(tmp_path: Path) -> None:
    """A token is found in a wheel, in an sdist, and in a wheel that lies in an sdist."""
    token = make_token("PyPI", 4).encode()
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr("demo/settings.py", b"# 1\nTOKEN = '" + token + b"'\n")
    (tmp_path / "demo-1.0-py3-none-any.whl").write_bytes(inner.getvalue())
    with tarfile.open(tmp_path / "demo-1.0.tar.gz", "w:gz") as sdist:
        for name, content in {"demo-1.0/a.txt": token, "demo-1.0/vendor/b.whl": inner.getvalue()}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            sdist.addfile(member, io.BytesIO(content))
    (tmp_path / "broken.whl").write_bytes(inner.getvalue()[:40])
    assert [str(finding) for finding in scan_files([tmp_path], root=tmp_path)] == [
        "demo-1.0-py3-none-any.whl!demo/settings.py:2: a PyPI token",
        "demo-1.0.tar.gz!demo-1.0/a.txt:1: a PyPI token",
        "demo-1.0.tar.gz!demo-1.0/vendor/b.whl!demo/settings.py:2: a PyPI token",
    ]


def found(folder: Path, *, staged: bool = False) -> list[str]:
    """Return what the task finds in a folder."""
    try:
        scan(folder, (), staged=staged)
    except SecretsFound as secrets:
        return [finding.message for finding in secrets.findings]
    return []


def test_what_is_staged(repository: Repository) -> None:
    """The files that the next commit changes are looked at as they are staged, however they are called."""
    old, new = make_token("GitHub", 5), make_token("GitLab", 6)
    repository.write("a.txt", f"{old}\nsecond\n")
    repository.commit("a token that is there already")
    repository.write("a.txt", f"{old}\nsecond\nthird\n++ b/{new}\n")
    repository.write('sub/ä "quoted"\t.txt', f"1\n2\n{new}")
    repository.write("allowed.txt", f"# gitleaks:allow\n{new}\n")
    repository.write("not-staged.txt", new)
    repository.git("add", "a.txt", "sub", "allowed.txt")
    repository.git("mv", "README.md", "READYOU.md")
    repository.write("a.txt", "not staged any more\n")
    quoted = 'sub/ä "quoted"\t.txt:3: a GitLab token'
    assert found(repository.path, staged=True) == ["a.txt:1: a GitHub token", "a.txt:4: a GitLab token", quoted]
    assert found(repository.path) == [quoted]


def test_the_first_commit(tmp_path: Path) -> None:
    """What is staged is looked at before there is any commit."""
    git = ["git", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    (tmp_path / "a.txt").write_text(make_token("PyPI", 7), encoding="utf-8")
    subprocess.run([*git, "add", "a.txt"], check=True)
    assert found(tmp_path, staged=True) == ["a.txt:1: a PyPI token"]


def test_the_password_in_use(repository: Repository, cli: Cli) -> None:
    """A credential of no known form is found where it is the one that a release on this machine would use."""
    repository.write(".env", "PYPI_API_TOKEN=correct-horse-battery-staple\n")
    repository.write("deploy.sh", "#!/bin/sh\ncurl -u ada:correct-horse-battery-staple https://example.org\n")
    repository.git("add", "deploy.sh")
    result = cli("scan", "--staged", cwd=repository.path)
    assert result.code == 1
    assert "deploy.sh:2: a credential that is in use on this machine" in result.err
    assert "correct-horse" not in result.out + result.err


def test_the_task(repository: Repository, cli: Cli, tmp_path: Path) -> None:
    """The task ends with 0 where nothing is found and with 1 where something is, and never shows it."""
    token = make_token("PyPI", 8)
    clean = cli("scan", cwd=repository.path)
    assert (clean.code, clean.out) == (0, "No credentials found.\n")
    repository.write("settings.py", f'x = 1\ny = "{token}"\n')
    repository.git("add", "settings.py")
    found = cli("scan", "--staged", "--json", cwd=repository.path)
    assert found.code == 1
    assert [problem["message"] for problem in found.json["problems"]] == ["settings.py:2: a PyPI token"]
    (tmp_path / "elsewhere").mkdir()
    named = cli("scan", "--file", str(repository.path / "settings.py"), cwd=tmp_path / "elsewhere")
    assert named.code == 1
    assert f"{repository.path}/settings.py:2: a PyPI token" in named.err
    for result in (found, named):
        assert token[:20] not in result.out + result.err
    assert cli("scan", "--file", "absent", cwd=repository.path).code == 2
    assert cli("scan", cwd=tmp_path / "elsewhere").code == 1


def test_a_token_cannot_be_committed(repository: Repository) -> None:
    """With the hook in place, git refuses the commit of a token and makes one without."""
    pytest.importorskip("pre_commit")
    config = Path(__file__).parent.parent.joinpath(".pre-commit-config.yaml").read_text(encoding="utf-8")
    repository.write(".pre-commit-config.yaml", config.replace("python -m", f"{sys.executable} -m"))
    repository.commit("build: look at commits")
    subprocess.run(
        [sys.executable, "-m", "pre_commit", "install"], cwd=repository.path, check=True, capture_output=True
    )
    before = repository.head
    repository.write("settings.py", f'TOKEN = "{make_token("PyPI", 9)}"\n')
    with pytest.raises(subprocess.CalledProcessError) as refused:
        repository.commit("feat: leak")
    assert "settings.py:1: a PyPI token" in "".join(refused.value.__notes__)
    assert repository.head == before
    repository.write("settings.py", 'TOKEN = ""\n')
    assert repository.commit("feat: no leak") != before


ROOT = Path(__file__).parent.parent


def test_the_example_of_an_env_file() -> None:
    """`.env.example` names each variable that is read, sets none, and holds nothing that looks like a credential."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = {line.lstrip("#").partition("=")[0] for line in text.splitlines() if "=" in line and " " not in line}
    variables = {name for field in dataclasses.fields(Settings) for name in field.metadata.get("env", ())}
    assert named == variables | {token_name(test=True), token_name(test=False), "RELEASE_NOTIFY_URLS"}
    assert not any(dotenv_values(stream=io.StringIO(text)).values())
    defaults = dict(line[1:].split("=") for line in text.splitlines() if line.startswith("#") and " " not in line)
    loaded = load(Sources({}, {name: value for name, value in defaults.items() if value}, {}))
    assert dataclasses.replace(loaded, origins={}) == Settings()
    assert scan_files([ROOT / ".env.example"]) == []


@pytest.mark.parametrize("name", [".env", ".env.local", ".pypirc", ".netrc", "id_rsa", "server.pem", "server.key"])
def test_git_ignores_what_holds_credentials(name: str) -> None:
    """The files in which people keep credentials are ignored here; the example is not."""
    for path, code in ((name, 0), (f"docs/{name}", 0), (".env.example", 1)):
        asked = subprocess.run(["git", "check-ignore", "--quiet", "--no-index", path], cwd=ROOT, check=False)
        assert asked.returncode == code, path


def test_this_repository_has_no_credential() -> None:
    """Nothing that is tracked here looks like a credential, these tests included."""
    assert found(ROOT) == []
