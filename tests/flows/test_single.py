"""Single tasks, for users and CI who compose their own; and what is asked of a project."""

from collections.abc import Callable
from pathlib import Path

import pytest

from support import bare_backend
from support.cli import Cli
from support.environment import Environment
from support.index import PypiServer
from support.released import VERSION_FILES
from support.repository import Repository

MakeRepository = Callable[..., Repository]

WHEEL = "demo_package-1.2.3-py3-none-any.whl"
SDIST = "demo_package-1.2.3.tar.gz"


@pytest.fixture
def built(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Return a project whose `dist/` is filled."""
    (repository.path / "dist").mkdir()
    with monkeypatch.context() as there:
        there.chdir(repository.path)
        bare_backend.build_sdist("dist")
        bare_backend.build_wheel("dist")
    return repository


def test_bump_edits_and_commits_nothing(repository: Repository, cli: Cli) -> None:
    """`bump` edits each version file in the working tree, whatever lies there, and leaves the commit to the user."""
    repository.write("NEWS.md", "Half a sentence\n")
    head = repository.head
    result = cli("bump", "--part", "minor", "--json", cwd=repository.path)
    assert result.code == 0, result.err
    assert (result.json["prior_version"], result.json["version"]) == ("1.2.3", "1.3.0")
    for name, text in VERSION_FILES["bare"].items():
        assert text in (repository.path / name).read_text(encoding="utf-8")
    assert repository.head == head
    assert repository.git("diff", "--name-only").splitlines() == [
        *(".bumpversion.toml", "NEWS.md", "README.md", "demo/__init__.py", "pyproject.toml"),
    ]
    assert repository.git("diff", "--cached", "--name-only") == ""


def test_bump_to_the_version_that_stands(repository: Repository, cli: Cli) -> None:
    """A bump that would change nothing is a failure that says so."""
    result = cli("bump", "--new-version", "1.2.3", cwd=repository.path)
    assert (result.code, result.err) == (
        1,
        "error: The version is already 1.2.3.\n   → Choose a part to bump: --part patch, minor or major.\n",
    )


@pytest.mark.parametrize(("text", "code"), [("", 0), ("raise SystemExit(1)\n", 1)])
def test_test_runs_the_tests_of_the_working_tree(text: str, code: int, repository: Repository, cli: Cli) -> None:
    """`test` runs what lies in the working tree, committed or not."""
    repository.write("tests/test_more.py", f'open("ran.txt", "w").close()\n{text}')
    result = cli("test", cwd=repository.path)
    assert result.code == code, result.err
    assert (repository.path / "ran.txt").exists()
    if code:
        assert result.err.endswith("error: The tests failed (nox -s test).\n   → Fix them.\n")


def test_build_takes_head_and_nothing_else(repository: Repository, cli: Cli, isolated_environment: Environment) -> None:
    """`build` fills a fresh `dist/` from a clean clone of HEAD; what lies uncommitted is not in it."""
    repository.write("dist/old.txt", "old\n")
    repository.write("demo/uncommitted.py", "raise SystemExit\n")
    result = cli("build", "--json", cwd=repository.path)
    assert result.code == 0, result.err
    assert {artifact["filename"] for artifact in result.json["artifacts"]} == {WHEEL, SDIST}
    assert {path.name for path in (repository.path / "dist").iterdir()} == {WHEEL, SDIST}
    assert b"uncommitted" not in (repository.path / "dist" / WHEEL).read_bytes()
    assert "HEAD was built" not in result.err  # what git does not know is not missed
    repository.write("README.md", "# Another text\n")
    changed = cli("build", cwd=repository.path)
    assert changed.out.endswith("HEAD was built, without what is not committed: README.md\n")
    assert not list(isolated_environment.temporary.iterdir())


def test_a_build_that_fails_leaves_dist_as_it_was(make_repository: MakeRepository, cli: Cli) -> None:
    """What was built before stays until there is something better."""
    repository = make_repository(noxfile=True, files={"_backend/bare_backend.py": "raise RuntimeError('why')\n"})
    kept = repository.write("dist/old.txt", "old\n")
    result = cli("build", cwd=repository.path)
    assert result.code == 1
    assert "why" in result.err
    assert kept.read_text(encoding="utf-8") == "old\n"


def test_validate_what_can_be_uploaded(built: Repository, cli: Cli) -> None:
    """`validate` takes `dist/`, with the .gitignore that `uv build` leaves there, or the files that are named."""
    built.write("dist/.gitignore", "*\n")
    assert cli("validate", cwd=built.path).code == 0
    assert cli("validate", "--file", f"dist/{WHEEL}", "--file", f"dist/{SDIST}", cwd=built.path).code == 0


@pytest.mark.parametrize(
    ("arrange", "code", "message"),
    [
        (lambda dist: (dist / WHEEL).unlink(), 1, "No wheel was built."),
        (lambda dist: (dist / SDIST).unlink(), 1, "No sdist was built."),
        (lambda dist: (dist / WHEEL).write_bytes(b"no zip"), 1, f"{WHEEL} cannot be read"),
        (lambda dist: (dist / SDIST).rename(dist / "demo_package-1.2.4.tar.gz"), 1, "1.2.4"),
        (lambda dist: [path.unlink() for path in dist.iterdir()], 2, "There are no distributions in dist/."),
    ],
    ids=["no wheel", "no sdist", "broken", "another version", "nothing"],
)
def test_validate_what_cannot_be_uploaded(
    arrange: Callable[[Path], object], code: int, message: str, built: Repository, cli: Cli
) -> None:
    """What an index would refuse, or the user would not mean, is told."""
    arrange(built.path / "dist")
    result = cli("validate", cwd=built.path)
    assert result.code == code
    assert message in result.err


def test_upload_asks_first(built: Repository, index: PypiServer, cli: Cli) -> None:
    """`upload` sends what the index lacks, finds the same bytes done, and stops at other bytes; it has no record."""
    for state, posts in (("done", 2), ("already done", 2)):
        result = cli("upload", "--json", cwd=built.path)
        assert result.code == 0, result.err
        assert [step["state"] for step in result.json["steps"] if step["name"] == "upload"] == [state]
        assert sum(request.startswith("POST") for request in index.requests) == posts
    assert index.files().keys() == {WHEEL, SDIST}
    other = (built.path / "dist" / SDIST).read_bytes() + b"\0"
    (built.path / "dist" / SDIST).write_bytes(other)
    result = cli("upload", cwd=built.path)
    assert result.code == 3
    assert f"The index has a different file named {SDIST}" in result.err
    assert sum(request.startswith("POST") for request in index.requests) == 2
    assert not list((built.path / ".git" / "release-recipes").glob("*/record.json"))


@pytest.mark.parametrize(
    ("token", "code", "message"),
    [("", 1, "There is no token for "), ("pypi-0123456789abcdef", 1, f"The index refused {WHEEL}: 403")],
)
def test_upload_with_a_token_that_does_not_do(
    token: str, code: int, message: str, built: Repository, index: PypiServer, cli: Cli
) -> None:
    """Without the right token nothing is public and nothing waits, so there is nothing to resume."""
    result = cli("upload", cwd=built.path, env={"PYPI_API_TOKEN": token})
    assert result.code == code
    assert message in result.err
    assert "release-recipes resume" not in result.err
    assert index.files() == {}


def test_upload_of_two_releases(built: Repository, index: PypiServer, cli: Cli) -> None:
    """What is left in `dist/` from another version is not uploaded by mistake."""
    edited = (built.path / "pyproject.toml").read_text(encoding="utf-8").replace("1.2.3", "1.2.2")
    built.write("pyproject.toml", edited)
    assert cli("upload", "--file", f"dist/{WHEEL}", "--file", "dist/none.whl", cwd=built.path).code == 2
    with pytest.MonkeyPatch.context() as there:
        there.chdir(built.path)
        bare_backend.build_wheel("dist")
    result = cli("upload", cwd=built.path)
    assert result.code == 2
    assert "belong to different releases" in result.err
    assert index.files() == {}


# -- status ------------------------------------------------------------------------------------------------------------


def test_status(repository: Repository, index: PypiServer, cli: Cli) -> None:
    """`status` tells the version, what each part would give, what came since the tag, and what is where."""
    (index.folder / SDIST).write_bytes(b"")
    before = repository.snapshot()
    result = cli("status", cwd=repository.path)
    assert result.code == 0, result.err
    lines = [line.strip() for line in result.out.splitlines()]
    for line in (
        "demo-package 1.2.3",
        "commits   1 since v1.2.3",
        "major     2.0.0",
        "minor     1.3.0",
        "patch     1.2.4",
        f"index     {index.index_url} has 1.2.3; the newest version is 1.2.3",
        "remote    origin/main is at HEAD",
    ):
        assert line in lines
    assert repository.snapshot() == before


def test_status_where_little_is_there(repository: Repository, cli: Cli, pypi: PypiServer) -> None:
    """A tag on another branch only, no remote and an empty index are told, and are no failure."""
    repository.git("switch", "--quiet", "--orphan", "fresh")
    repository.git("checkout", "--quiet", "main", "--", ".")
    repository.commit("feat: all anew")
    repository.git("remote", "remove", "origin")
    result = cli("status", cwd=repository.path, env={"PYPI_REPOSITORY_URL": pypi.upload_url})
    assert result.code == 0, result.err
    lines = [line.strip() for line in result.out.splitlines()]
    assert "commits   1 and no tag" in lines
    assert f"index     {pypi.index_url} has no demo-package yet" in lines
    assert "remote    there is no remote 'origin'" in lines


def test_status_of_an_index_that_wants_credentials(repository: Repository, cli: Cli, tmp_path: Path) -> None:
    """An index that shows itself to nobody else is asked with the token."""
    folder = tmp_path / "private"
    folder.mkdir()
    (folder / SDIST).write_bytes(b"")
    with PypiServer(folder, authenticate=("update", "list", "download")) as private:
        result = cli("status", cwd=repository.path, env=private.settings)
    assert "has 1.2.3; the newest version is 1.2.3" in result.out


# -- nothing waits -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", ["resume", "abandon"])
def test_nothing_waits(task: str, repository: Repository, cli: Cli, index: PypiServer) -> None:
    """`resume` and `abandon` with nothing to do say so, and are a success; nothing is asked of the index."""
    before = repository.snapshot()
    result = cli(task, cwd=repository.path)
    assert (result.code, result.out, result.err) == (0, "No release is unfinished.\n", "")
    assert cli(task, "--json", cwd=repository.path).json["outcome"] == "nothing-waits"
    assert repository.snapshot() == before
    assert index.requests == []
