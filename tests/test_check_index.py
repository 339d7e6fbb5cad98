"""What act 1 says of the index and of the credentials for it."""

import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from release_recipes.findings import Finding, Severity
from release_recipes.index.token import TokenFacts, read_token
from release_recipes.secrets.token import Token
from release_recipes.settings import PYPI, TEST_PYPI
from support.checking import Told, look, problems, questions, warnings
from support.index import PypiServer
from support.macaroon import pypi_token
from support.packages import make_packages
from support.repository import Repository

MAKE = "Create a token at https://pypi.org/manage/account/token/, and set PYPI_API_TOKEN to it."

JsonIndex = Callable[[dict[str, Any]], None]


@pytest.fixture
def json_index(monkeypatch: pytest.MonkeyPatch) -> Iterator[JsonIndex]:
    """Return what serves one page in the JSON form of the simple API; it is also where PyPI's own is asked for."""
    page: dict[str, Any] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"meta": {"api-version": "1.4"}, "name": "demo-package", "files": [], **page}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/vnd.pypi.simple.v1+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        monkeypatch.setenv("PYPI_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple/")
        monkeypatch.setenv("TEST_PYPI_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple/")
        yield page.update
        server.shutdown()


@pytest.mark.usefixtures("json_index")
@pytest.mark.parametrize(
    ("token", "told"),
    [
        pytest.param(
            "hunter2-hunter2",
            ("error", "PYPI_API_TOKEN is not a token of pypi.org; those start with pypi-."),
            id="another shape",
        ),
        pytest.param(
            "pypi-not+a+macaroon",
            ("warning", "PYPI_API_TOKEN cannot be decoded, so its scope is not known."),
            id="unreadable",
        ),
        pytest.param(
            pypi_token(location="test.pypi.org"),
            ("error", "PYPI_API_TOKEN is a token of test.pypi.org, but the release goes to pypi.org."),
            id="of TestPyPI",
        ),
        pytest.param(
            pypi_token([1, ["another-project", "a-third"]]),
            ("error", "PYPI_API_TOKEN is limited to a-third, another-project, and the release is of demo-package."),
            id="of another project",
        ),
        pytest.param(
            pypi_token({"version": 1, "permissions": {"projects": ["another-project"]}}),
            ("error", "PYPI_API_TOKEN is limited to another-project, and the release is of demo-package."),
            id="of another project, in the earlier form",
        ),
        pytest.param(pypi_token([0, 1_000_000_000, 0]), ("error", "PYPI_API_TOKEN has expired."), id="expired"),
        pytest.param(
            pypi_token([0, 9_000_000_000, 8_000_000_000]),
            ("error", "PYPI_API_TOKEN is not valid yet."),
            id="too early",
        ),
    ],
)
@pytest.mark.red("token-fits")
def test_a_token_that_does_not_fit(
    token: str, told: tuple[str, str], repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that PyPI would refuse is told before anything is built."""
    monkeypatch.setenv("PYPI_API_TOKEN", token)
    outcome = look(repository.path)
    found = [("error", *one) for one in problems(outcome)] + [("warning", *one) for one in warnings(outcome)]
    assert [(kind, name, message) for kind, name, message, _ in found] == [(told[0], "token-fits", told[1])]


@pytest.mark.usefixtures("json_index")
@pytest.mark.parametrize(
    "restrictions",
    [(), ([1, ["demo-package"]],), ([3, "a-user"],), ([0, 9_000_000_000, 0], [2, ["an-id"]], [99, "of the future"])],
    ids=["none", "the project", "the user", "time and more"],
)
@pytest.mark.green("token-fits", "token")
def test_a_token_that_fits(
    restrictions: tuple[Any, ...], repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token for this index and project is content, also with restrictions of kinds that are not known."""
    monkeypatch.setenv("PYPI_API_TOKEN", pypi_token(*restrictions))
    outcome = look(repository.path)
    assert (problems(outcome), warnings(outcome)) == ([], [])


@pytest.mark.usefixtures("json_index")
@pytest.mark.red("token-fits")
def test_a_token_of_pypi_for_testpypi(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token of PyPI is refused on the way to TestPyPI."""
    monkeypatch.setenv("PYPI_TEST_TOKEN", pypi_token())
    assert [told[:2] for told in problems(look(repository.path, test=True))] == [
        ("token-fits", "PYPI_TEST_TOKEN is a token of pypi.org, but the release goes to test.pypi.org.")
    ]


def test_what_a_token_says() -> None:
    """The restrictions of a token are read in both of the forms that PyPI has used."""
    now = pypi_token([1, ["a"]], [0, 20, 10])
    earlier = pypi_token({"version": 1, "permissions": {"projects": ["a"]}}, {"exp": 20, "nbf": 10})
    assert read_token(Token(now)) == TokenFacts("pypi.org", frozenset({"a"}), 10, 20)
    assert read_token(Token(earlier)) == TokenFacts("pypi.org", frozenset({"a"}), 10, 20)
    assert read_token(Token(pypi_token([1, ["x" * 300]]))) == TokenFacts("pypi.org", frozenset({"x" * 300}))


@pytest.mark.parametrize("cut", [1, 5, 8, 20, 40])
def test_a_token_that_was_cut(cut: int) -> None:
    """A token that lost its end is read as far as it goes, or not at all, and never breaks the check."""
    whole = pypi_token([1, ["a"]])
    told = read_token(Token(whole[: len("pypi-") + cut]))
    assert told is None or told.location == "pypi.org"


@pytest.mark.usefixtures("json_index")
@pytest.mark.parametrize(
    ("address", "warns"),
    [("http://index.example/", True), ("https://index.example/", False), ("http://localhost:8080/", False)],
)
@pytest.mark.red("plain-http")
@pytest.mark.green("plain-http")
def test_an_index_that_is_not_encrypted(
    address: str, warns: bool, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token is not sent readable over a network without a word; loopback is no network."""
    monkeypatch.setenv("PYPI_REPOSITORY_URL", address)
    monkeypatch.setenv("PYPI_API_TOKEN", "a-token-of-that-index")
    message = f"{address} is not encrypted: others on the network can read the token."
    assert [told.message for told in warnings(look(repository.path))] == [message] * warns


# -- .env --------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("index")
@pytest.mark.red("dotenv")
def test_a_dotenv_that_others_can_read(repository: Repository) -> None:
    """Other users of the machine could read the token."""
    repository.write(".git/info/exclude", ".env\n")
    repository.write(".env", "VERBOSE_OUTPUT=false\n").chmod(0o644)
    assert warnings(look(repository.path)) == [
        Told("dotenv", ".env can be read by other users of this machine.", "Run: chmod 600 .env")
    ]


@pytest.mark.usefixtures("index")
@pytest.mark.red("dotenv")
def test_a_dotenv_that_git_tracks(repository: Repository) -> None:
    """A token in the history is everybody's."""
    repository.write(".env", "VERBOSE_OUTPUT=false\n").chmod(0o600)
    repository.git("add", "--force", ".env")
    repository.commit("chore: a mistake")
    repository.git("push", "--quiet")
    assert problems(look(repository.path)) == [
        Told(
            "dotenv",
            ".env is tracked by git, so its content is in the history.",
            "Revoke every token in it, add .env to .gitignore, and run: git rm --cached .env",
        )
    ]


@pytest.mark.usefixtures("index")
@pytest.mark.green("dotenv")
def test_a_dotenv_that_only_its_owner_reads(repository: Repository) -> None:
    """A `.env` with mode 600 that git ignores is as it should be."""
    repository.write(".git/info/exclude", ".env\n")
    repository.write(".env", "VERBOSE_OUTPUT=false\n").chmod(0o600)
    outcome = look(repository.path)
    assert (problems(outcome), warnings(outcome)) == ([], [])


# -- the project on the index ------------------------------------------------------------------------------------------


@pytest.fixture
def _signed_for_pypi(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYPI_API_TOKEN", pypi_token())


@pytest.mark.usefixtures("_signed_for_pypi")
@pytest.mark.red("on-index")
def test_a_version_whose_files_were_deleted(repository: Repository, json_index: JsonIndex) -> None:
    """The names of deleted files are used up for ever."""
    json_index({"versions": ["1.2.3", "1.3.0"]})
    assert problems(look(repository.path)) == [
        Told(
            "on-index",
            "demo-package 1.3.0 was on the index before, and its files were deleted.",
            "Release another version; an index does not accept the name of a deleted file again.",
        )
    ]


@pytest.mark.usefixtures("_signed_for_pypi")
@pytest.mark.parametrize("status", ["archived", "quarantined"])
@pytest.mark.red("project-status")
def test_a_project_that_takes_no_files(status: str, repository: Repository, json_index: JsonIndex) -> None:
    """An archived and a quarantined project are told before the index refuses their files."""
    json_index({"project-status": {"status": status}})
    assert [told[:2] for told in problems(look(repository.path))] == [
        ("project-status", f"demo-package is {status} on the index, so files cannot be uploaded.")
    ]


@pytest.mark.usefixtures("_signed_for_pypi")
@pytest.mark.parametrize("page", [{}, {"project-status": {"status": "deprecated"}}, {"versions": ["1.2.3"]}])
@pytest.mark.green("project-status", "on-index", "first-release")
def test_a_project_that_takes_files(page: dict[str, Any], repository: Repository, json_index: JsonIndex) -> None:
    """An active project takes files, and a deprecated one, too (PEP 792)."""
    json_index(page)
    outcome = look(repository.path)
    assert (problems(outcome), questions(outcome), warnings(outcome)) == ([], [], [])


@pytest.mark.red("first-release")
def test_a_project_that_the_index_does_not_know(repository: Repository, index: PypiServer) -> None:
    """A first release is asked about: a misspelled name is taken for ever. With a tag, the index may be another one."""
    message = "The index has no project demo-package: this is its first release."
    tagged = f"There is a tag v1.2.3: check the address of the index, {index.index_url}"
    assert questions(look(repository.path)) == [Told("first-release", message, tagged)]
    repository.git("tag", "--delete", "v1.2.3")
    repository.git("push", "--quiet", "origin", ":v1.2.3")
    hint = "Check the spelling of the name; it cannot be changed afterwards."
    assert questions(look(repository.path)) == [Told("first-release", message, hint)]


@pytest.mark.red("first-release")
def test_a_project_of_somebody_else(repository: Repository, index: PypiServer) -> None:
    """An index that knows the name, and no version that a tag names, may have the project of others."""
    (index.folder / "demo_package-0.5.0.tar.gz").write_bytes(b"")
    ((check, message, hint),) = questions(look(repository.path))
    assert check == "first-release"
    assert message == (
        "The index has a project demo-package (its newest version: 0.5.0), but none of the versions that tags of this "
        "repository name."
    )
    assert hint.startswith(f"Check that it is yours, and the address of the index: {index.index_url}")
    repository.git("tag", "release_0_5_0", "HEAD~1")  # as some projects write it
    assert questions(look(repository.path)) == []


@pytest.mark.red("closed-index")
@pytest.mark.green("closed-index")
def test_an_index_that_needs_a_password_for_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a package requires of it is installed without our credentials; an account in ~/.netrc is enough."""
    packages = make_packages(tmp_path / "three", "app", "core", "tool", requires={"app": "core", "tool": "other"}).path
    for name in ("app", "core", "tool"):
        path = packages / "packages" / name / "pyproject.toml"
        path.write_text(path.read_text(encoding="utf-8").replace('try_install = "off"\n', ""), encoding="utf-8")
    (tmp_path / "closed").mkdir()
    netrc = tmp_path / "netrc"
    monkeypatch.setenv("NETRC", str(netrc))
    with PypiServer(tmp_path / "closed", authenticate=("update", "download", "list")) as server:
        for name in ("app", "core", "tool"):
            (server.folder / f"{name}-1.2.3.tar.gz").write_bytes(b"")
        for name, value in server.settings.items():
            monkeypatch.setenv(name, value)

        def told(name: str) -> list[Finding]:
            return [each for each in look(packages / "packages" / name).findings if each.check == "closed-index"]

        ((error,), (doubt,)) = told("app"), told("tool")
        assert (error.severity, doubt.severity) == (Severity.ERROR, Severity.WARNING)
        assert error.message == f"{server.index_url} needs a password for reading, which installers do not have here."
        assert error.hint.startswith("core cannot be installed before the upload: put ")
        assert told("core") == []  # it requires nothing
        netrc.write_text("machine 127.0.0.1 login __token__ password wrong\n", encoding="utf-8")
        netrc.chmod(0o600)
        (error,) = told("app")
        assert error.message == f"{server.index_url} refuses the name and the password for reading in ~/.netrc."
        (tmp_path / "open").mkdir()
        with zipfile.ZipFile(tmp_path / "open" / "app-1.2.3-py3-none-any.whl", "w") as wheel:
            wheel.writestr("app-1.2.3.dist-info/METADATA", "Metadata-Version: 2.1\nName: app\nVersion: 1.2.3\n")
            wheel.writestr(
                "app-1.2.3.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
        monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path / "open"))
        assert told("app") == []  # uv knows another place
        monkeypatch.delenv("UV_FIND_LINKS")
        assert "token" not in {each.check for each in look(packages / "packages" / "app").findings}
        netrc.write_text(f"machine 127.0.0.1 login __token__ password {server.token}\n", encoding="utf-8")
        assert told("app") == []
        assert "token" not in {each.check for each in look(packages / "packages" / "app").findings}
        monkeypatch.setenv("PYPI_API_TOKEN", "wrong")
        (doubt,) = (each for each in look(packages / "packages" / "app").findings if each.check == "token")
        assert doubt.severity is Severity.QUESTION
        assert doubt.message.startswith(
            "The index can be read with ~/.netrc, but it refuses the user '__token__' with "
        )


def _classify(repository: Repository) -> None:
    path = repository.path / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    classifiers = 'classifiers = ["Private :: Do Not Upload"]'
    path.write_text(text.replace("[project]", f"[project]\n{classifiers}"), encoding="utf-8")
    repository.commit("build: keep it private")
    repository.git("push", "--quiet")


@pytest.mark.usefixtures("json_index", "_signed_for_pypi")
@pytest.mark.red("private")
def test_a_private_package_on_the_way_to_a_public_index(repository: Repository) -> None:
    """A package that calls itself private does not go to PyPI."""
    _classify(repository)
    assert [told[:2] for told in problems(look(repository.path))] == [
        (
            "private",
            "The project has the classifier 'Private :: Do Not Upload', but the release goes to a public index.",
        )
    ]


@pytest.mark.green("private")
def test_a_private_package_on_the_way_to_its_own_index(repository: Repository, index: PypiServer) -> None:
    """An index of one's own takes a private package."""
    _classify(repository)
    assert problems(look(repository.path)) == []
    assert index.upload_url not in {PYPI.upload_address, TEST_PYPI.upload_address}
