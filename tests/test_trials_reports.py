"""What users of other release tools once reported, made again in small: each went wrong in the first version."""

import base64
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from distributions.made import INFO, METADATA, SDIST, SDIST_FILES, TOP, WHEEL, WHEEL_FILES, sdist, wheel
from faults.tls_server import untrusted_server
from release_recipes import events
from release_recipes.check import CHECKS
from release_recipes.commands.checkout import find
from release_recipes.distributions.inspection import Subject, inspect
from release_recipes.errors import BadDistribution, NoIndexAnswer, UploadFailed
from release_recipes.findings import Finding, Severity
from release_recipes.index import twine
from release_recipes.index.client import Index
from release_recipes.index.http import prepared
from release_recipes.index.page import Listed, Page
from release_recipes.index.retry import PATIENCE
from release_recipes.plan import Request
from release_recipes.prepare.workspace import Workspace
from release_recipes.programs import build as pypa_build
from release_recipes.programs import nox
from release_recipes.publish import upload
from release_recipes.secrets.token import Token
from release_recipes.settings import PYPI, TEST_PYPI, Settings, Sources, Target, load, read_pyproject
from release_recipes.state.record import Artifact
from support import faulty
from support.checking import NOBODY, look
from support.faulty import FaultyIndex, answered
from support.index import PypiServer
from support.repository import Repository
from test_inspect import GOOD, bad_wheel, metadata_files, told
from test_inspect_install import demo, warned
from test_project import make, read
from test_upload import AT_ONCE, expected, world_of

#: One question, once.
ONCE = replace(PATIENCE, question=replace(PATIENCE.question, attempts=1))


def found(check: str, **facts: Any) -> list[Finding]:  # noqa: ANN401 - the attributes of Facts and of its subject
    """Return what one check of act 1 finds; what it asks the world is answered at once."""
    asked: dict[str, Any] = {name: facts.pop(name) for name in ("plan", "page", "refs") if name in facts}
    answers = {name: lambda answer=answer: answer for name, answer in asked.items()}
    (one,) = [each for each in CHECKS if each.name == check]
    index, settings = facts.get("index"), facts.get("settings")
    more = {"target": index and index.target, "remote": settings and settings.remote}
    subject = SimpleNamespace(**{"by_ci": False, **facts})
    return one.findings(SimpleNamespace(subject=subject, **answers, **more, **facts))  # type: ignore[arg-type]


def on_path(folder: Path, *names: str) -> Path:
    """Put modules into a folder that end whoever imports them."""
    return make(folder, dict.fromkeys(names, "raise SystemExit('a file of the project was imported')\n"))


# -- which project, and which remote -----------------------------------------------------------------------------------


def test_from_the_folder_of_another_project(repository: Repository) -> None:
    """From the folder of a package in a workspace the root's package used to be released."""
    repository.write("packages/a/pyproject.toml", '[project]\nname = "a"\nversion = "1.0"\n')
    repository.commit("feat: a package")
    subject = find(repository.path / "packages/a", NOBODY, PATIENCE).subject(Request())
    assert (subject.project.name, subject.folder) == ("a", repository.path / "packages/a")


@pytest.mark.parametrize("root", [{}, {"pyproject.toml": "[tool.uv.workspace]\nmembers = ['packages/*']\n"}])
def test_from_the_folder_of_the_only_project(root: Mapping[str, str], repository: Repository) -> None:
    """Where the root has no project, the package in the folder is the one that is meant."""
    repository.git("rm", "--quiet", "pyproject.toml")
    make(repository.path, {**root, "packages/a/pyproject.toml": '[project]\nname = "a"\nversion = "1.0"\n'})
    repository.commit("refactor: into a folder")
    assert find(repository.path / "packages/a", NOBODY, PATIENCE).subject(Request()).project.name == "a"


@pytest.mark.parametrize(
    ("configured", "remote", "origin"),
    [
        ([], "origin", "branch.main.remote"),
        ([("branch.main.remote", "upstream")], "upstream", "branch.main.remote"),
        ([("remote.pushDefault", "upstream")], "upstream", "remote.pushDefault"),
        ([("branch.main.pushRemote", "upstream")], "upstream", "branch.main.pushRemote"),
        ([("remote.pushDefault", "origin"), ("branch.main.remote", "upstream")], "origin", "remote.pushDefault"),
    ],
    ids=["as cloned", "the branch's", "where all is pushed", "where the branch is pushed", "the nearest wins"],
)
def test_the_remote_is_that_of_the_branch(
    configured: list[tuple[str, str]], remote: str, origin: str, repository: Repository
) -> None:
    """It is the one that git pushes to, where `origin` used to be taken though it was a fork."""
    repository.git("remote", "add", "upstream", str(repository.remote))
    for key, value in configured:
        repository.git("config", key, value)
    settings = find(repository.path, NOBODY, PATIENCE).settings
    assert (settings.remote, settings.origin("remote")) == (remote, origin)


@pytest.mark.usefixtures("index")
def test_the_plan_names_the_remote_and_why(repository: Repository) -> None:
    """Before anything is done it says where the release is pushed to, and which setting of git says so."""
    repository.git("remote", "rename", "origin", "upstream")
    repository.git("remote", "add", "origin", "/nowhere/at/all.git")
    outcome = look(repository.path)
    assert [finding for finding in outcome.findings if finding.severity is Severity.ERROR] == []
    assert outcome.plan is not None
    assert "on upstream (branch.main.remote)" in "\n".join(outcome.plan.lines())


@pytest.mark.parametrize("name", ["docdemo", "testdemo", "builder", "distdemo", "examplelib", "environs", "bench"])
@pytest.mark.parametrize("above", ["", "src/"])
def test_the_name_of_a_package(name: str, above: str, tmp_path: Path) -> None:
    """The version in a package whose name only begins like a folder of tests, or is the project's, is found."""
    folder = make(
        tmp_path,
        {
            "pyproject.toml": f'[project]\nname = "{name}"\nversion = "1.2.3"\n',
            f"{above}{name}/__init__.py": '__version__ = "1.2.3"\n',
            "tests/__init__.py": '__version__ = "1.2.3"\n',
            "docs/conf.py": 'needs_sphinx = __version__ = "9.8"\n',
        },
    )
    files = read(folder).source.read(folder).files
    assert [file.name for file in files] == ["pyproject.toml", f"{above}{name}/__init__.py"]


# -- Python ------------------------------------------------------------------------------------------------------------

SHADOWS = ("build.py", "token.py", "types.py", "email.py", "inspect.py", "nox.py", "packaging.py")


@pytest.mark.parametrize("command", [(*pypa_build.COMMAND, "--version"), (*nox.command(["test"]), "--version")])
def test_a_file_of_the_project_shadows_no_program(command: tuple[str, ...], tmp_path: Path) -> None:
    """A file at the project's root used to be run in the place of the program, or imported by it."""
    done = subprocess.run(command, cwd=on_path(tmp_path, *SHADOWS), capture_output=True, text=True, check=False)
    assert (done.returncode, "a file of the project" in done.stdout + done.stderr) == (0, False)


def test_a_file_of_the_project_shadows_nothing_when_it_is_asked(tmp_path: Path) -> None:
    """Its sessions are listed, and its version is read, whatever its files are called."""
    make(on_path(tmp_path, *SHADOWS), {"noxfile.py": "import nox\n\n@nox.session\ndef test(session): ...\n"})
    make(tmp_path, {"pyproject.toml": '[project]\nname = "demo"\nversion = "1.2.3"\n'})
    assert nox.first(tmp_path, "test") == "test"
    assert read(tmp_path).source.read(tmp_path, "patch").next == "1.2.4"


@pytest.mark.red("python")
@pytest.mark.green("python")
@pytest.mark.parametrize(
    ("wanted", "fits"), [(">=3.11", True), ("", True), (">=3.99", False), ("<3", False), ("three", False)]
)
def test_the_python_that_a_project_asks_for(wanted: str, fits: bool) -> None:
    """A project for another Python is told before anything begins, where its tests used to fail in a resolver."""
    told = found("python", project=SimpleNamespace(pyproject={"project": {"requires-python": wanted}}))
    assert [finding.severity for finding in told] == ([] if fits else [Severity.ERROR])
    if wanted == ">=3.99":
        assert "uvx --python '>=3.99' release-recipes release" in told[0].hint


# -- distributions -----------------------------------------------------------------------------------------------------


@pytest.fixture
def no_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away where packages come from: nothing here needs more than what it makes."""
    for name in ("UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("UV_NO_INDEX", "1")


def namespaced(text: str) -> dict[str, str]:
    """Return the files of a wheel whose package is in a namespace."""
    files = {name: content for name, content in WHEEL_FILES.items() if name != "demo/__init__.py"}
    return {**files, f"{INFO}/entry_points.txt": "", "acme/demo/__init__.py": text}


@pytest.mark.usefixtures("no_index")
@pytest.mark.parametrize(
    "files",
    [demo("import demo.sub\ndef main(): ..."), demo("from demo import sub"), namespaced("import acme.demo.sub")],
    ids=["a module", "a name", "in a namespace"],
)
def test_a_wheel_without_a_module_of_its_own_stops(files: dict[str, str], tmp_path: Path) -> None:
    """A wheel that lacks a part of itself used to be released with a warning, or in a namespace without a word."""
    with pytest.raises(BadDistribution) as stopped:
        warned(tmp_path, wheel(files))
    assert [finding.check for finding in stopped.value.findings] == ["install"]
    assert "sub" in stopped.value.message


@pytest.mark.usefixtures("no_index")
def test_a_neighbour_in_the_namespace_is_another_project(tmp_path: Path) -> None:
    """What is imported from the namespace and is no part of the wheel may come with an extra: that only warns."""
    (told,) = warned(tmp_path, wheel(namespaced("import acme.neighbour")))
    assert "acme.neighbour" in told


def test_files_that_the_wheel_lacks_on_a_first_release(tmp_path: Path) -> None:
    """Without a last release to compare with, files of the package that the wheel lacks used not to be told."""
    tracked = ("demo/__init__.py", "demo/templates/a.html", "demo/sub/__init__.py", "demo/py.typed", "README.md")
    path = tmp_path / WHEEL
    path.write_bytes(GOOD[WHEEL])
    warnings: list[Finding] = []
    with events.listening(lambda event: warnings.append(event.finding) if isinstance(event, events.Warned) else None):
        settings = Settings(skip_checks=("dist-set",))
        inspect(Subject([path], settings, "demo-package", "1.3.0", tracked=tracked))
    (finding,) = [finding for finding in warnings if finding.check == "missing-files"]
    assert all(name in finding.message for name in tracked[1:4])
    assert "README.md" not in finding.message


def test_what_uv_build_leaves_is_no_distribution(tmp_path: Path) -> None:
    """The `.gitignore` that `uv build` writes into `dist/` used to stop the release."""
    workspace = Workspace(tmp_path)
    workspace.dist.mkdir(parents=True)
    for name in (WHEEL, ".gitignore"):
        (workspace.dist / name).write_bytes(b"*\n")
    assert [path.name for path in workspace.distributions()] == [WHEEL]
    workspace.list_artifacts()
    assert [artifact.filename for artifact in workspace.artifacts()] == [WHEEL]


def test_a_classifier_that_pypi_does_not_know(tmp_path: Path) -> None:
    """It used to be found by PyPI, when the first file was on its way; the nearest one is told."""
    problems, _ = told(tmp_path, metadata_files("Requires-P", "Classifier: Programming Language :: Pyhton\nRequires-P"))
    assert {problem.check for problem in problems} == {"classifiers"}
    assert "Programming Language :: Python" in problems[0].hint


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("License-Expression: MIT", "License-Expression: No-Such-Licence"),
        ("Requires-P", "Project-URL: no address\nRequires-P"),
        ("Requires-P", f"Project-URL: {'x' * 33}, https://example.org\nRequires-P"),
        ("Requires-P", "Author-email: nobody\nRequires-P"),
        ("Summary: Greet people.", f"Summary: {'x' * 513}"),
        ("Requires-P", "Provides-Extra: with space\nRequires-P"),
    ],
    ids=["licence", "address", "label", "e-mail", "summary", "extra"],
)
def test_fields_that_pypi_refuses(old: str, new: str, tmp_path: Path) -> None:
    """What PyPI says of a field is said by an inspection, before anything is sent."""
    problems, _ = told(tmp_path, metadata_files(old, new))
    assert problems != []


def test_metadata_that_is_not_ascii(tmp_path: Path) -> None:
    """Names and words of any language are text to each inspection, and a licence file of such a name is found."""
    text = METADATA.replace("Greet people", "Grüßt Leute").replace("License-File: LICENSE", "License-File: LIZENZ-für")
    text = text.replace("Requires-P", "Author-email: Zoë Ünal <zoe@example.org>\nRequires-P")
    files = {
        WHEEL: {**WHEEL_FILES, f"{INFO}/METADATA": text, f"{INFO}/licenses/LIZENZ-für": "MIT, auf Deutsch\n"},
        SDIST: {**SDIST_FILES, f"{TOP}/PKG-INFO": text, f"{TOP}/LIZENZ-für": "MIT\n"},
    }
    assert told(tmp_path, {WHEEL: wheel(files[WHEEL]), SDIST: sdist(files[SDIST])}) == ([], [])
    text = text.replace("Requires-P", "Classifier: Natural Language :: Português\nRequires-P")
    problems, _ = told(tmp_path, {**GOOD, WHEEL: wheel({**files[WHEEL], f"{INFO}/METADATA": text})})
    assert [problem.check for problem in problems] == ["classifiers"]


@pytest.mark.parametrize("name", ["demo/Data.json", "demo/aux.py", "demo/con.json", "demo/nul/__init__.py"])
def test_names_that_are_not_portable(name: str, tmp_path: Path) -> None:
    """Names that Windows or macOS cannot keep apart, or cannot have, used to be no word worth."""
    _, warnings = told(tmp_path, bad_wheel({"demo/data.json": "{}", name: "{}"}))
    assert any(name in warning.message for warning in warnings if warning.check == "portable-names")


# -- the token and the address -----------------------------------------------------------------------------------------

INVISIBLE = ["pypi-AgEI\u200bxyz", "pypi-AgEIxyz\u200b", "pypi-AgEI\u00a0xyz", "pypi-AgEI\ufeffxyz", "pypi-AgEI xyz"]


@pytest.mark.parametrize("value", INVISIBLE)
def test_a_token_with_an_invisible_character(value: str) -> None:
    """It is told before anything begins, with its place and without its value; it used to be a bug in the upload."""
    token = Token(value, ".env PYPI_API_TOKEN")
    (finding,) = found("token", token=token, folder=Path(), request=Request(), index=SimpleNamespace(target=PYPI))
    at = next(place for place, char in enumerate(value, 1) if not char.isascii() or char == " ")
    assert finding.severity is Severity.ERROR
    assert f"position {at}" in finding.message
    assert "AgEI" not in finding.message + finding.hint


def test_a_token_that_cannot_be_sent_leaves_nothing(tmp_path: Path, proxy: FaultyIndex, pypi: PypiServer) -> None:
    """Where no byte was sent, nothing is public and nothing waits; it used to be exit code 3 with a claim."""
    world = replace(world_of(tmp_path, proxy, pypi, 1), token=Token(INVISIBLE[0]))
    with pytest.raises(UploadFailed) as failed:
        upload.STEP.converge(world)
    assert (failed.value.exit_code, failed.value.may_be_public) == (1, False)
    assert proxy.uploads == []


@pytest.fixture
def proxy(pypi: PypiServer) -> Iterator[FaultyIndex]:
    """Put the faulty proxy before a true index."""
    with FaultyIndex(pypi.upload_url, pypi.index_url) as proxy:
        yield proxy


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("https://upload.pypi.org/legacy", PYPI),
        ("https://upload.pypi.org/legacy//", PYPI),
        ("http://upload.pypi.org/legacy/", PYPI),
        ("https://Upload.PyPI.org/legacy/", PYPI),
        ("https://test.pypi.org/legacy", TEST_PYPI),
        ("https://pypi.example.org/legacy/", None),
    ],
)
def test_pypi_is_known_however_it_is_spelled(address: str, target: Target | None) -> None:
    """A slash more or less used to make PyPI an index that nothing is known of, so that no token was looked at."""
    known = load(Sources({"PYPI_REPOSITORY_URL": address}, {}, {})).target(test=False)
    assert (known == target) if target else (known.upload_address == address)


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": '[project]\nclassifiers = ["Private :: Do Not Upload"]\n'},
        {"pyproject.toml": '[tool.poetry]\nclassifiers = ["Private :: Do Not Upload"]\n'},
        {"setup.cfg": "[metadata]\nclassifiers =\n    Private :: Do Not Upload\n"},
        {"setup.py": "setup(classifiers=['Private :: Do Not Upload'])\n"},
    ],
    ids=["PEP 621", "poetry", "setup.cfg", "setup.py"],
)
def test_a_private_project_wherever_it_says_so(files: Mapping[str, str], tmp_path: Path) -> None:
    """Only one of the places in which a project may call itself private used to be read."""
    folder = make(tmp_path, files)
    project = SimpleNamespace(pyproject=read_pyproject(folder), folder=folder)
    words = {"project": project, "folder": folder}
    assert [f.severity for f in found("private", index=SimpleNamespace(target=PYPI), **words)] == [Severity.ERROR]
    for path in folder.glob("setup.*"):
        path.write_text("".join(f"# {line}" for line in path.read_text().splitlines(keepends=True)), encoding="utf-8")
        assert found("private", index=SimpleNamespace(target=PYPI), **words) == []
    elsewhere = Target("https://pypi.example.org/", "https://pypi.example.org/simple/")
    assert found("private", index=SimpleNamespace(target=elsewhere), **words) == []


def test_a_keyring_that_is_slow_is_told(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the system's keyring hangs, or asks somebody, it is said what is waited for; it used to be silent."""
    told, heard = [], threading.Event()

    def hear(event: events.Event) -> None:
        if isinstance(event, events.Told):
            told.append(event.line)
            heard.set()

    monkeypatch.setattr("keyring.get_password", lambda *_: heard.wait(10) and None)
    with events.listening(hear):
        find(repository.path, NOBODY, replace(PATIENCE, silence=0.01)).index(PYPI)
    assert any("keyring" in line for line in told)


# -- the index ---------------------------------------------------------------------------------------------------------


def test_which_index_answered() -> None:
    """Where a mirror forwards the question, the address that answered is told; the project may be another's there."""
    listed = Listed("demo_package-1.3.0.tar.gz", "https://files.example.org/x", None)
    target = Target("https://mirror.example.org/", "https://mirror.example.org/simple/")
    plan = SimpleNamespace(test=False, prior="1.2.3", version="1.3.0", project="demo-package", target=target)
    for address in ("https://pypi.org/simple/demo-package/", "https://mirror.example.org/simple/demo-package/"):
        page = Page(exists=True, files={listed.filename: listed}, address=address)
        (finding,) = found("on-index", plan=plan, page=page)
        assert ("pypi.org" in finding.message) is ("pypi.org" in address)


def test_a_branch_named_as_the_tag() -> None:
    """The name used to be ambiguous from the release on, for everybody and without a word."""
    git = SimpleNamespace(resolve=lambda _: None, ask=lambda *_: "")
    settings = Settings(remote="origin")
    for branch in (None, "a" * 40):
        refs = SimpleNamespace(branch=lambda _, at=branch: at, tag=lambda _: None)
        plan = SimpleNamespace(tag="v1.3.0")
        findings = found("tag", plan=plan, refs=refs, git=git, settings=settings)
        assert [finding.severity for finding in findings] == [Severity.WARNING] * bool(branch)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "Not enough permissions to overwrite artifact (user needs DELETE permission)."),
        (400, "Validation failed: File name has already been taken"),
        (409, "The feed already contains file of that name"),
        (422, "duplicates"),
        (404, "Not Found"),
    ],
    ids=["Artifactory", "GitLab", "Azure", "Cloudsmith", "not to be seen"],
)
def test_it_is_there_in_the_words_of_other_servers(
    status: int, words: str, tmp_path: Path, proxy: FaultyIndex, pypi: PypiServer
) -> None:
    """After a lost answer, and with a page that is late, any refusal is answered by asking the index with patience."""
    proxy.plan(faulty.RESPONSE_LOST)
    proxy.plan(answered(status, words))
    proxy.plan(faulty.LISTED_LATE, 2, on="page")
    world = replace(world_of(tmp_path, proxy, pypi, 1), patience=replace(AT_ONCE, late=(0.0,) * 5))
    upload.STEP.converge(world)
    assert pypi.files() == expected(world)


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what leads requests elsewhere, and what they trust."""
    for name in ("NO_PROXY", "ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def asked(address: str) -> str:
    """Ask an index that gives no answer, and return why."""
    with pytest.raises(NoIndexAnswer) as silent:
        Index(Target(address, f"{address}simple/"), None, ONCE).page("box")
    return silent.value.message


def sent(address: str, folder: Path) -> twine.NoResponse:
    """Send a file to an index that gives no answer, and return what became of it."""
    file = folder / WHEEL
    file.write_bytes(GOOD[WHEEL])
    token = Token("pypi-a-long-token")
    with twine.uploading(Target(address, ""), token, (5.0, 5.0)) as to, pytest.raises(twine.NoResponse) as silent:
        twine.upload(to, file, Artifact.of(file).sha256)
    return silent.value


@pytest.mark.usefixtures("no_proxies")
def test_one_trust_for_questions_and_uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate that is trusted by a variable is trusted for both; uploads used to go by another variable."""
    with untrusted_server(tmp_path) as port:
        address = f"https://127.0.0.1:{port}/"
        assert "CERTIFICATE_VERIFY_FAILED" in asked(address)
        refused = sent(address, tmp_path)
        assert ("CERTIFICATE_VERIFY_FAILED" in str(refused), refused.sent, refused.permanent) == (True, False, True)
        for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.setenv(name, str(tmp_path / "certificate.pem"))
            assert "CERTIFICATE" not in asked(address)
            assert "CERTIFICATE" not in str(sent(address, tmp_path))
            monkeypatch.delenv(name)


@pytest.mark.usefixtures("no_proxies")
@pytest.mark.parametrize("name", ["ALL_PROXY", "HTTP_PROXY"])
def test_one_proxy_for_questions_and_uploads(
    name: str, pypi: PypiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that is set is asked by both; questions used to pass it by, so that act 1 was content."""
    monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert "the proxy says: " in asked(pypi.upload_url)
    refused = sent(pypi.upload_url, tmp_path)
    assert ("the proxy says: " in str(refused), refused.sent) == (True, False)


@pytest.mark.usefixtures("no_proxies")
def test_one_netrc_for_questions_and_uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pypi: PypiServer) -> None:
    """Questions read `.netrc`, too, as other programs that install and upload do."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ada password lovelace\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    seen: list[str | bytes | None] = []
    send = requests.Session.send

    def spy(self: requests.Session, request: requests.PreparedRequest, **words: Any) -> requests.Response:  # noqa: ANN401
        seen.append(request.headers.get("Authorization"))
        return send(self, request, **words)

    monkeypatch.setattr(requests.Session, "send", spy)
    assert Index(Target("", pypi.index_url), None, ONCE).page("box").exists is False
    assert seen == [f"Basic {base64.b64encode(b'ada:lovelace').decode()}"]


@pytest.mark.usefixtures("no_proxies")
def test_a_session_trusts_what_the_variables_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables of requests come before that of other programs."""
    monkeypatch.setenv("SSL_CERT_FILE", "/ssl.pem")
    assert prepared(requests.Session()).verify == "/ssl.pem"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/requests.pem")
    assert prepared(requests.Session()).verify is True
