"""A rehearsal is the release itself, in a place that nobody else sees; and so is, nearly, a release to TestPyPI."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from support.cli import Cli, Result
from support.environment import Environment
from support.index import PypiServer
from support.projects import quick_files
from support.released import waiting
from support.repository import Repository

MakeRepository = Callable[..., Repository]


@pytest.fixture
def repository(quick: Repository) -> Repository:
    """Return a project whose release makes the fewest steps."""
    return quick


STEPS = {
    *("check", "bump", "commit", "test", "build", "inspect", "tag"),
    *("claim", "upload", "push", "verify", "update-branch", "install-from-index"),
}


def steps(document: dict[str, list[dict[str, str]]]) -> set[str]:
    """Return the names of the steps that a document tells of and that were not left out."""
    return {step["name"] for step in document["steps"] if step["state"] == "done"}


def test_a_rehearsal_sends_nothing_anywhere(
    repository: Repository, index: PypiServer, cli: Cli, isolated_environment: Environment
) -> None:
    """All steps are made; the repository and the remote stay as they were, and the index is asked and sent nothing."""
    before, refs = repository.snapshot(), repository.remote_refs()
    result = cli("rehearse", "--part", "minor", "--json", cwd=repository.path)
    assert result.code == 0, result.err
    told = result.json
    assert (told["outcome"], told["prior_version"], told["version"], told["tag"]) == (
        "rehearsed",
        "1.2.3",
        "1.3.0",
        "v1.3.0",
    )
    assert steps(told) >= STEPS
    assert {artifact["filename"] for artifact in told["artifacts"]} == {
        *("demo_package-1.3.0-py3-none-any.whl", "demo_package-1.3.0.tar.gz"),
    }
    assert told["problems"] == []
    assert told["rehearsal"] == {
        "upload_address": index.upload_url,
        "published_by_ci": False,
        "remote": "origin",
        "remote_address": str(repository.remote),
        "branch": "main",
        "commits": ["release: v1.3.0"],
        "tag": "v1.3.0",
        "github_release": "",
        "since": "",
        "stat": told["rehearsal"]["stat"],
        "diff": told["rehearsal"]["diff"],
        "errors": [],
        "next": "release-recipes release --part minor",
    }
    assert told["rehearsal"]["stat"].endswith(" 4 files changed, 4 insertions(+), 4 deletions(-)")
    assert '\n-version = "1.2.3"\n+version = "1.3.0"\n' in told["rehearsal"]["diff"]
    assert repository.snapshot() == before
    assert repository.remote_refs() == refs
    assert {request.split()[0] for request in index.requests} == {"GET"}
    assert not waiting(repository)
    assert not list(isolated_environment.temporary.iterdir())


def dirty(repository: Repository) -> Path:
    """Leave a change, a staged file and an untracked one, on another branch, and take the remote away."""
    repository.git("remote", "remove", "origin")
    repository.git("switch", "--quiet", "--create", "feature")
    repository.write("NEWS.md", "unreleased\n")
    repository.write("staged.txt", "staged\n")
    repository.git("add", "staged.txt")
    repository.write("untracked.txt", "untracked\n")
    return repository.path


def shallow(repository: Repository) -> Path:
    """Make a clone without history, on no branch, with the tag of the planned version."""
    clone = repository.path.with_name("shallow")
    subprocess.run(["git", "clone", "--quiet", "--depth=1", repository.remote.as_uri(), clone], check=True)
    subprocess.run(["git", "-C", clone, "tag", "v1.2.4"], check=True)
    subprocess.run(["git", "-C", clone, "switch", "--quiet", "--detach"], check=True)
    return clone


@pytest.mark.parametrize(
    ("arrange", "told"),
    [
        (dirty, {"branch", "clean-tree", "remote", "identity", "token"}),
        (shallow, {"branch", "tag", "structure", "identity", "token"}),
    ],
)
def test_a_rehearsal_where_nothing_is_in_order(
    arrange: Callable[[Repository], Path],
    told: set[str],
    repository: Repository,
    cli: Cli,
    isolated_environment: Environment,
    pypi: PypiServer,
) -> None:
    """Without a token, an identity or a remote, on any checkout, it is told what would stop the release; it goes on."""
    folder = arrange(repository)
    (isolated_environment.home / ".gitconfig").write_text("", encoding="utf-8")
    copy = Repository(folder, repository.remote)
    before = copy.snapshot()
    variables = {"PYPI_REPOSITORY_URL": pypi.upload_url}
    result = cli("rehearse", "--skip-tests", "--json", cwd=folder, env=variables)
    assert result.code == 0, result.err
    document = result.json
    assert (document["outcome"], document["version"]) == ("rehearsed", "1.2.4")
    stops = [warning for warning in document["warnings"] if warning["message"].startswith("This would stop a ")]
    assert {warning["check"] for warning in stops} == told
    assert copy.snapshot() == before
    assert set(pypi.requests) == {"GET /simple/demo-package/ 404"}
    assert not list(isolated_environment.temporary.iterdir())


def test_a_rehearsal_that_fails(
    make_repository: MakeRepository, index: PypiServer, cli: Cli, isolated_environment: Environment
) -> None:
    """What would fail in the release fails in the rehearsal, with the same words and exit code 1, and no question."""
    repository = make_repository(noxfile=True, files=quick_files() | {"tests/test_demo.py": "raise SystemExit(1)\n"})
    before = repository.snapshot()
    result = cli("rehearse", cwd=repository.path)
    assert result.code == 1
    assert result.err.endswith(
        "error: The tests failed (nox -s test).\n   → Fix them, or release without them: --skip-tests.\n"
    )
    assert repository.snapshot() == before
    assert not list(isolated_environment.temporary.iterdir())
    assert set(index.requests) == {"GET /simple/demo-package/ 404"}


def test_a_rehearsal_of_what_cannot_be_planned(repository: Repository, index: PypiServer, cli: Cli) -> None:
    """A part that there is not is wrong usage for a rehearsal, too."""
    result = cli("rehearse", "--part", "mnior", "--json", cwd=repository.path)
    assert (result.code, result.json["outcome"]) == (2, "refused")
    assert result.json["problems"][0]["hint"] == "Use --part major | minor | patch | auto | none."
    assert {request.split()[0] for request in index.requests} <= {"GET"}


def test_what_the_user_sees_of_a_rehearsal(repository: Repository, cli: Cli, pypi: PypiServer) -> None:
    """A rehearsal tells that the package installs; a dry run makes no step.

    The user of the true index is none of the embedded one.
    """
    variables = {"PYPI_REPOSITORY_URL": pypi.upload_url, "PYPI_USERNAME": "ada"}
    result = cli("rehearse", "--part", "minor", "--skip-tests", cwd=repository.path, env=variables)
    assert result.code == 0, result.err
    assert "This would stop a release: There is no token for" in result.out
    assert "installed, import demo" in result.out
    planned = cli("rehearse", "--part", "minor", "--dry-run", "--json", cwd=repository.path, env=variables)
    assert (planned.code, planned.json["outcome"], steps(planned.json)) == (0, "planned", {"check"})


def end(result: Result) -> list[str]:
    """Return the lines after the last step, without the sizes of files."""
    lines = result.out.partition("installed, import demo\n")[2]
    return re.sub(r" +[\d.]+ kB", "", lines).splitlines()


def test_how_a_rehearsal_ends(repository: Repository, cli: Cli, pypi: PypiServer) -> None:
    """It ends with what a release would publish, push and change, what would stop it, and its command."""
    variables = {"PYPI_REPOSITORY_URL": pypi.upload_url, "GH_TOKEN": ""}
    repository.write("CHANGELOG.md", "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- Greetings are warm.\n")
    repository.commit("feat: warm greetings")
    repository.git("push", "--quiet", "origin", "main")
    repository.git("config", f"url.{repository.remote}.insteadOf", "https://github.com/you/demo")
    repository.git("remote", "set-url", "origin", "https://github.com/you/demo")
    result = cli("rehearse", "--part", "minor", "--skip-tests", cwd=repository.path, env=variables)
    assert result.code == 0, result.err
    lines = end(result)
    assert lines[:15] == [
        "",
        f"A release would publish to {pypi.upload_url}:",
        "  demo_package-1.3.0-py3-none-any.whl",
        "  demo_package-1.3.0.tar.gz",
        "and push to origin (https://github.com/you/demo):",
        "  main    1 commit, the newest: release: v1.3.0",
        "  v1.3.0  an annotated tag with the sha256 of each file",
        "with these changes:",
        "  ### Added",
        "",
        "  - Greetings are warm.",
        "and change in the files:",
        "  .bumpversion.toml | 2 +-",
        "  CHANGELOG.md      | 2 ++",
        "  README.md         | 2 +-",
    ]
    assert lines[-5:] == [
        "",
        "Rehearsed demo-package 1.3.0, without tests. A release would be stopped by 1 error:",
        f"  [token] There is no token for {pypi.upload_url} (PYPI_API_TOKEN is not set).",
        lines[-2],
        "Then release it: release-recipes release --part minor",
    ]
    assert lines[-2].startswith("    → Create one")


def test_the_end_of_a_rehearsal_without_a_remote_or_changes(
    repository: Repository, cli: Cli, index: PypiServer
) -> None:
    """Where there is no remote and no release commit, nothing is said of them but the names."""
    assert index.files() == {}
    repository.git("remote", "remove", "origin")
    result = cli("rehearse", "--new-version", "1.2.3", "--skip-tests", cwd=repository.path)
    assert result.code == 0, result.err
    lines = end(result)
    assert lines[4:7] == [
        "and push to origin:",
        "  main    its commits",
        "  v1.2.3  an annotated tag with the sha256 of each file",
    ]
    assert not any(line.startswith("and change") for line in lines)
    assert lines[-1] == "Then release it: release-recipes release --new-version 1.2.3"


# -- TestPyPI ----------------------------------------------------------------------------------------------------------


# A setuptools project without a pyproject.toml of its own; setuptools dates its sdists by the clock.
_QUICK = {
    "pyproject.toml": '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
    '[tool.release]\ntry_install = "off"\nreproducible = "off"\n'
}


@pytest.fixture
def test_pypi(index: PypiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PypiServer:
    """Return an index that stands for TestPyPI, beside the one that stands for PyPI."""
    folder = tmp_path / "testpypi"
    folder.mkdir()
    server = PypiServer(folder)
    monkeypatch.setenv("TEST_PYPI_REPOSITORY_URL", server.upload_url)
    monkeypatch.setenv("PYPI_TEST_TOKEN", server.token)
    assert index.upload_url != server.upload_url
    return server


def test_a_release_to_testpypi_can_be_made_again(
    make_repository: MakeRepository,
    test_pypi: PypiServer,
    cli: Cli,
    isolated_environment: Environment,
) -> None:
    """It is built, uploaded and installed from there; here nothing changes; a second run finds the bytes done.

    The build fetches setuptools from where packages come from, so this test needs that index.
    """
    repository = make_repository(kind="setuptools", noxfile=True, files=_QUICK)
    before, refs = repository.snapshot(), repository.remote_refs()
    with test_pypi:
        for state in ("done", "already done"):
            result = cli("release", "--part", "minor", "--test", "--skip-tests", "--json", cwd=repository.path)
            assert result.code == 0, result.err
            told = result.json
            assert (told["outcome"], told["index"]) == ("tested", test_pypi.index_url)
            assert [step["state"] for step in told["steps"] if step["name"] == "upload"] == [state]
            assert told["steps"][-1]["name"] == "install-from-index"
            assert {file["filename"]: file["sha256"] for file in told["artifacts"]} == test_pypi.files()
    assert sum(request.startswith("POST") for request in test_pypi.requests) == 2
    assert repository.snapshot() == before
    assert repository.remote_refs() == refs
    assert not waiting(repository)
    assert repository.git("for-each-ref", "refs/release-recipes") == ""
    assert not list(isolated_environment.temporary.iterdir())


def test_a_wrong_token_for_testpypi(repository: Repository, test_pypi: PypiServer, cli: Cli) -> None:
    """A refusal leaves nothing there, and nothing that waits here: exit code 1."""
    before = repository.snapshot()
    with test_pypi:
        wrong = {"PYPI_TEST_TOKEN": "pypi-0123456789abcdef"}
        result = cli("release", "--part", "minor", "--test", "--skip-tests", "--json", cwd=repository.path, env=wrong)
    assert (result.code, result.json["outcome"]) == (1, "failed")
    assert test_pypi.files() == {}
    assert repository.snapshot() == before
    assert not waiting(repository)
