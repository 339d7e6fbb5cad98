"""Machines and repositories as people have them: a release ends well there, or is refused clearly before its upload."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from release_recipes.programs.git import Git, clone
from support.cli import Cli, Result
from support.index import PypiServer
from support.repository import Repository

RELEASE = ("release", "--part", "minor", "--skip-tests")
Run = Callable[..., Result]


@pytest.fixture
def release(cli: Cli, pypi: PypiServer) -> Run:
    """Return what releases from a folder."""

    def run(folder: Path, *words: str, **variables: str) -> Result:
        return cli(*(words or RELEASE), cwd=folder, env=pypi.settings | variables)

    return run


def released(done: Result, repository: Repository) -> dict[str, str]:
    """See that branch and tag are on the remote, and return its refs."""
    assert done.code == 0, done.err
    refs = repository.remote_refs()
    assert refs["refs/heads/main"] == refs["refs/tags/v1.3.0^{}"]
    assert "refs/release-recipes/v1.3.0" not in refs
    return refs


def test_a_worktree(release: Run, repository: Repository) -> None:
    """A release from a linked worktree has the repository's one state folder, and moves the branch checked out."""
    repository.git("switch", "--quiet", "--detach")
    worktree = repository.path.with_name("worktree")
    repository.git("worktree", "add", "--quiet", str(worktree), "main")
    refs = released(release(worktree), repository)
    assert repository.branch_commit("main") == refs["refs/heads/main"]
    assert subprocess.run(["git", "status", "--porcelain"], cwd=worktree, capture_output=True, check=True).stdout == b""
    assert (repository.path / ".git/release-recipes/history.jsonl").exists()


def test_an_identity_by_include(release: Run, repository: Repository) -> None:
    """A name that git has from an includeIf for this folder stands in commit and tag."""
    home = Path(os.environ["HOME"])
    (home / "work.gitconfig").write_text("[user]\n\tname = Ada at Work\n\temail = ada@work.example\n", encoding="utf-8")
    with Path(os.environ["GIT_CONFIG_GLOBAL"]).open("a", encoding="utf-8") as config:
        config.write(f'[includeIf "gitdir:{repository.path.parent}/"]\n\tpath = {home / "work.gitconfig"}\n')
    released(release(repository.path), repository)
    assert repository.git("log", "-1", "--format=%an <%ae> %cn <%ce>", "v1.3.0") == (
        "Ada at Work <ada@work.example> Ada at Work <ada@work.example>"
    )
    assert "tagger Ada at Work <ada@work.example> " in repository.git("cat-file", "tag", "v1.3.0")


def test_line_ends(release: Run, repository: Repository, pypi: PypiServer) -> None:
    """With core.autocrlf=true in the user's configuration, commit and distributions have the repository's lines."""
    repository.git("config", "--global", "core.autocrlf", "true")
    refs = released(release(repository.path), repository)
    assert b"\r" not in _git_bytes(repository, "show", f"{refs['refs/heads/main']}:README.md")
    assert repository.git("diff", "--stat", "v1.2.3", "v1.3.0", "--", "demo").endswith("1 insertion(+), 1 deletion(-)")
    assert b"\r" not in subprocess.run(
        ["tar", "-xzOf", str(pypi.folder / "demo_package-1.3.0.tar.gz"), "demo_package-1.3.0/README.md"],
        check=True, capture_output=True,
    ).stdout  # fmt: skip


def _git_bytes(repository: Repository, *words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=repository.path, check=True, capture_output=True).stdout


def test_letters_of_all_kinds(release: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spaces, quotes and letters outside ASCII in the paths of project, remote and temporary folder do no harm."""
    from support.repository import make_project

    repository = make_project(tmp_path / "Größe 'und' \"漢字\" $HOME", noxfile=True)
    temporary = tmp_path / "tmp ümlaut"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    released(release(repository.path), repository)
    assert list(temporary.iterdir()) == []


def test_hooks_of_the_user(release: Run, repository: Repository, tmp_path: Path) -> None:
    """Commit hooks of the repository, a template or core.hooksPath do not run in clones; the pre-push hook does."""
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("pre-commit", "commit-msg", "post-checkout", "pre-push"):
        end = "exit 0" if name == "pre-push" else "exit 1"
        for folder in (hooks, repository.path / ".git/hooks"):
            (folder / name).write_text(f"#!/bin/sh\necho {name} >> '{tmp_path}/ran'\n{end}\n", encoding="utf-8")
            (folder / name).chmod(0o755)
    template = tmp_path / "template"
    shutil.copytree(hooks, template / "hooks")
    repository.git("config", "--global", "init.templateDir", str(template))
    repository.git("config", "--global", "core.hooksPath", str(hooks))
    released(release(repository.path), repository)
    assert (tmp_path / "ran").read_text(encoding="utf-8").splitlines() == ["pre-push"]


def test_a_pre_push_hook_that_refuses(release: Run, repository: Repository, pypi: PypiServer) -> None:
    """A pre-push hook that fails stops the release before its upload, and leaves nothing behind."""
    before = repository.remote_refs()
    hook = repository.path / ".git/hooks/pre-push"
    hook.write_text("#!/bin/sh\necho 'error: not on a Friday' >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    done = release(repository.path)
    assert done.code == 1
    assert "git push to origin was refused: error: not on a Friday." in done.err
    assert pypi.files() == {}
    assert repository.remote_refs() == before
    assert not list((repository.path / ".git/release-recipes").glob("*/record.json"))


def test_git_variables_of_a_hook(release: Run, repository: Repository, tmp_path: Path) -> None:
    """GIT_DIR and its like, as git's own hooks leave them behind, do not lead the release elsewhere."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = release(
        repository.path,
        GIT_DIR=str(elsewhere), GIT_WORK_TREE=str(elsewhere), GIT_INDEX_FILE=str(elsewhere / "index"),
        GIT_OBJECT_DIRECTORY=str(elsewhere), GIT_AUTHOR_DATE="2001-01-01T00:00:00Z", SOURCE_DATE_EPOCH="1",
    )  # fmt: skip
    released(done, repository)
    assert list(elsewhere.iterdir()) == []
    assert not repository.git("log", "-1", "--format=%aI", "v1.3.0").startswith("2001")


# ---- room ------------------------------------------------------------------------------------------------------------


def test_no_temporary_folder_outside(release: Run, repository: Repository, pypi: PypiServer) -> None:
    """A temporary folder inside the repository is refused: tests would find the user's files above it."""
    inside = repository.path / "tmp"
    inside.mkdir()
    done = release(repository.path, TMPDIR=str(inside))
    assert done.code == 1
    assert "is inside the repository, so tests and builds would find its files." in done.err
    assert "→ Set TMPDIR to a folder outside of the repository." in done.err
    assert pypi.files() == {}


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """Mount a disk of 64 kB, POSIX and root only."""
    disk = tmp_path / "small"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("no tmpfs can be mounted here")
    return disk


def test_a_full_temporary_folder(release: Run, repository: Repository, pypi: PypiServer, small_disk: Path) -> None:
    """With no room for the workspace the release is refused, before anything was begun."""
    before = repository.snapshot()
    try:
        (small_disk / "full").write_bytes(b"\0" * 40960)
        done = release(repository.path, TMPDIR=str(small_disk))
    finally:
        subprocess.run(["umount", "--lazy", str(small_disk)], check=True)
    assert done.code == 1, done.out
    assert "has 0 MB left; a release needs" in done.err
    assert "→ Free some space, or set TMPDIR to another folder." in done.err
    assert repository.snapshot() == before
    assert pypi.files() == {}


#: A session of the project's tests that pushes wherever it can, and fails if it does.
PUSHES = """
import subprocess

import nox


@nox.session(venv_backend="none")
def test(session: nox.Session) -> None:
    for to in ("origin", *{addresses!r}):
        done = subprocess.run(["git", "push", to, "HEAD:refs/heads/from-a-test"], capture_output=True, text=True)
        assert "no-push" in done.stderr, done.stderr
"""


@pytest.mark.parametrize("task", ["rehearse", "release"])
def test_code_of_the_project_cannot_push(task: str, release: Run, make_repository: Callable[..., Repository]) -> None:
    """Tests of a release or a rehearsal push neither to the remote nor to any address that it has, in words."""
    repository = make_repository()
    other, name = repository.remote.with_name("other.git"), str(repository.remote)
    repository.git("clone", "--quiet", "--bare", name, str(other))
    # The first address as git uses it, as it is configured, one more, and one that only pushes go to.
    rewritten = f"file://{repository.remote}"
    repository.git("config", f"url.{rewritten}.insteadOf", "mirror:")
    repository.git("remote", "rename", "origin", "upstream")
    repository.git("remote", "set-url", "upstream", "mirror:")
    repository.git("remote", "set-url", "--add", "upstream", str(other))
    repository.git("config", "remote.upstream.pushurl", name)
    repository.write("noxfile.py", PUSHES.format(addresses=(rewritten, str(other), name)))
    repository.git("add", "noxfile.py")
    repository.git("commit", "--quiet", "--message=Push from tests")
    repository.git("push", "--quiet", "upstream", "main")
    done = release(repository.path, task, "--part", "minor", "--yes" if task == "release" else "--json")
    assert done.code == 0, done.out + done.err
    refs = {*repository.remote_refs(), *repository.git("ls-remote", str(other), "refs/*").split()}
    assert "refs/heads/from-a-test" not in refs
    assert ("refs/tags/v1.3.0" in refs) == (task == "release")


def test_a_remote_with_a_password(make_repository: Callable[..., Repository]) -> None:
    """A password in the address of the remote is in no configuration of a clone, in which code of the project runs."""
    repository = make_repository()
    repository.git("remote", "set-url", "origin", "https://ada:s3cr3t@git.example.org/ada/demo.git")
    user = Git(repository.path)
    made = clone(user, repository.path.with_name("made"), remote="origin")
    assert [address for _, address in user.barred("origin")] == ["https://git.example.org/ada/demo.git"]
    assert "s3cr3t" not in (made.path / ".git" / "config").read_text("utf-8")
