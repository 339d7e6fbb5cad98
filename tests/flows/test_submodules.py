"""What git keeps elsewhere is in the clean clones, too: submodules, and files of Git LFS."""

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from release_recipes.programs.git import Git
from support.cli import Cli
from support.environment import Environment
from support.index import PypiServer
from support.projects import computed, quick_files
from support.repository import Repository, make_project

RELEASE = ("release", "--part", "minor", "--skip-tests")
WHEEL = "demo_package-1.3.0-py3-none-any.whl"
FILE = ("-c", "protocol.file.allow=always")


@pytest.fixture
def nested(tmp_path: Path) -> Repository:
    """Return a project with data in a submodule, which has a submodule itself; both are checked out."""
    for name in ("inner", "outer"):
        part = Repository(tmp_path / name, tmp_path / name)
        part.path.mkdir()
        part.git("init", "--quiet", "--initial-branch=main")
        part.write(f"{name}.txt", f"the {name} one\n")
        if name == "outer":
            part.git(*FILE, "submodule", "--quiet", "add", str(tmp_path / "inner"), "deep")
        part.commit("feat: data")
    repository = make_project(tmp_path / "my project", noxfile=True, files=quick_files())
    repository.git(*FILE, "submodule", "--quiet", "add", str(tmp_path / "outer"), "demo/data")
    repository.git(*FILE, "submodule", "--quiet", "update", "--init", "--recursive")
    repository.commit("feat: data")
    repository.git("push", "--quiet")
    return repository


def texts(index: PypiServer) -> dict[str, str]:
    """Return the texts of the data in the wheel that was published."""
    with zipfile.ZipFile(index.folder / WHEEL) as wheel:
        return {name: wheel.read(name).decode() for name in wheel.namelist() if name.endswith(".txt")}


DATA = {"demo/data/outer.txt": "the outer one\n", "demo/data/deep/inner.txt": "the inner one\n"}


def move_away(repository: Repository) -> None:
    """Have no remote of a submodule."""
    for name in ("inner", "outer"):
        shutil.move(repository.path.with_name(name), repository.path.with_name(f"{name} moved"))


def forget(repository: Repository) -> None:
    """Have no submodule checked out, as after a plain clone."""
    repository.git("submodule", "--quiet", "deinit", "--all", "--force")
    shutil.rmtree(repository.path / ".git" / "modules")


@pytest.mark.parametrize("arrange", [move_away, forget], ids=["objects here", "remotes only"])
def test_submodules_are_built(
    arrange: Callable[[Repository], None], nested: Repository, index: PypiServer, cli: Cli
) -> None:
    """Submodules come from the user's own repository, or from their remotes, whichever has them."""
    arrange(nested)
    before = nested.git("submodule", "status", "--recursive")
    result = cli(*RELEASE, cwd=nested.path)
    assert result.code == 0, result.err
    assert texts(index) == DATA
    assert nested.git("submodule", "status", "--recursive") == before
    assert nested.git("status", "--porcelain") == ""


@pytest.mark.usefixtures("known")
def test_a_rehearsal_with_submodules(nested: Repository, cli: Cli) -> None:
    """A rehearsal takes submodules from the user's repository, too."""
    move_away(nested)
    result = cli("rehearse", "--part", "minor", "--skip-tests", cwd=nested.path)
    assert result.code == 0, result.err


def test_a_submodule_that_is_not_fetched(nested: Repository, index: PypiServer, cli: Cli) -> None:
    """With `update = none` a clone has no submodule, and it is built as any other clone is."""
    nested.git("config", "--file", ".gitmodules", "submodule.demo/data.update", "none")
    nested.commit("build: without data")
    nested.git("push", "--quiet")
    forget(nested)
    result = cli(*RELEASE, cwd=nested.path)
    assert result.code == 0, result.err
    assert texts(index) == {}


def test_a_submodule_that_is_nowhere(
    nested: Repository, index: PypiServer, cli: Cli, isolated_environment: Environment
) -> None:
    """What cannot be fetched stops the release in its workspace, with the command that fetches it."""
    move_away(nested)
    forget(nested)
    before = nested.snapshot()
    result = cli(*RELEASE, cwd=nested.path)
    assert result.code == 1
    assert "\n   → Fetch it, then try again: git submodule update --init --recursive\n" in result.err
    assert nested.snapshot() == before
    assert index.files() == {}
    assert not list(isolated_environment.temporary.iterdir())


def test_a_backend_that_reads_a_submodule(nested: Repository, cli: Cli) -> None:
    """The clone in which the build backend is asked for the version has the submodules, too."""
    code = "(open('demo/data/deep/inner.txt').read(), open('demo/version.txt').read().strip())[1]"
    for name, text in {**computed(code), "demo/version.txt": "1.2.3\n"}.items():
        nested.write(name, text)
    nested.commit("build: a computed version")
    done = cli("bump", "--part", "minor", cwd=nested.path)
    assert done.code == 0, done.err
    assert (nested.path / "demo" / "version.txt").read_text() == "1.3.0\n"


@pytest.mark.skipif(not shutil.which("git-lfs"), reason="git-lfs is not installed")
def test_files_of_lfs(tmp_path: Path, index: PypiServer, cli: Cli) -> None:
    """Files of Git LFS are built as they are, from the objects that the user's repository has."""
    repository = make_project(tmp_path / "my project", noxfile=True, files=quick_files())
    repository.git("lfs", "install", "--skip-repo")
    repository.write("demo/.gitattributes", "*.txt filter=lfs diff=lfs merge=lfs -text\n")
    repository.write("demo/large.txt", "much text\n")
    repository.commit("feat: a large file")
    repository.git("push", "--quiet", "--no-verify")
    assert repository.git("show", "HEAD:demo/large.txt").startswith("version https://git-lfs")
    result = cli(*RELEASE, cwd=repository.path)
    assert result.code == 0, result.err
    assert texts(index) == {"demo/large.txt": "much text\n"}


def test_the_objects_of_lfs_in_a_worktree(repository: Repository) -> None:
    """A clone of a worktree has the objects of its repository."""
    tree = repository.path.with_name("tree")
    repository.git("worktree", "add", "--quiet", str(tree))
    (repository.path / ".git/lfs").mkdir()
    storage = str(repository.path / ".git/lfs")
    assert [Git(path).identity["lfs.storage"] for path in (repository.path, tree)] == [storage, storage]
