"""True git repositories of small projects, each with a bare remote beside it."""

import stat
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from support.projects import Kind, project_files

__all__ = ["Repository", "make_project"]


@dataclass(frozen=True)
class Repository:
    """A working copy of a project, and the bare repository that is its remote `origin`."""

    path: Path
    remote: Path

    def git(self, *arguments: str) -> str:
        """Run git in the working copy and return what it printed, without the last line's end.

        Raises:
            subprocess.CalledProcessError: git failed; what it said is a note on the error.

        """
        try:
            finished = subprocess.run(
                ["git", *arguments],
                cwd=self.path,
                check=True,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                encoding="utf-8",
            )
        except subprocess.CalledProcessError as error:
            error.add_note(error.stderr)
            raise
        return finished.stdout.removesuffix("\n")

    @property
    def head(self) -> str:
        """The commit that is checked out."""
        return self.git("rev-parse", "HEAD")

    def branch_commit(self, branch: str) -> str:
        """Return the commit that a local branch points to."""
        return self.git("rev-parse", f"refs/heads/{branch}")

    def remote_refs(self) -> dict[str, str]:
        """Return what the remote has: object ids by ref, with an annotated tag's commit under `refs/tags/<tag>^{}`."""
        lines = self.git("ls-remote", str(self.remote), "refs/*").splitlines()
        return {ref: object_id for object_id, ref in (line.split("\t") for line in lines)}

    def write(self, relative: str, text: str) -> Path:
        """Write a file of the working copy, with its folders, and return its path."""
        path = self.path / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        return path

    def commit(self, message: str) -> str:
        """Commit everything that is not ignored and return the commit's id."""
        self.git("add", "--all")
        self.git("commit", "--quiet", f"--message={message}")
        return self.head

    def other_clone(self, folder: str = "colleague") -> "Repository":
        """Return a clone that belongs to someone else, who can commit and push."""
        path = self.path.with_name(folder)
        self.git("clone", "--quiet", str(self.remote), str(path))
        return Repository(path, self.remote)

    def snapshot(self) -> dict[str, bytes]:
        """Return all that an act before the last one must leave as it was, byte for byte.

        Each file and folder has its mode and its content, by path below the root: the working copy with its ignored
        files, and of `.git` the index, the configuration, HEAD, the reflogs and what else lies there. Refs, the stash
        among them, come as git tells them, for git may pack them at any time. Objects, the state folder and the refs
        of release-recipes are left out.
        """
        refs = self.git("for-each-ref", "--format=%(objectname) %(symref)\t%(refname)").splitlines()
        told = {ref: value.encode() for value, ref in (line.split("\t") for line in refs)}
        found = {path.relative_to(self.path).as_posix(): _state(path) for path in self.path.rglob("*")}
        return {name: state for name, state in (found | told).items() if not name.startswith(_NOT_THE_USERS)}


_NOT_THE_USERS = (
    ".git/objects",
    ".git/refs",
    ".git/packed-refs",
    ".git/release-recipes",
    ".git/logs/refs/release-recipes",
    "refs/release-recipes/",
)


def _state(path: Path) -> bytes:
    """Return mode and content of what lies at a path, without following a link."""
    mode = path.lstat().st_mode
    content = b""
    if stat.S_ISLNK(mode):
        content = str(path.readlink()).encode()
    elif stat.S_ISREG(mode):
        content = path.read_bytes()
    return f"{stat.filemode(mode)} ".encode() + content


def make_project(
    path: Path,
    *,
    kind: Kind = "bare",
    name: str = "demo-package",
    version: str = "1.2.3",
    files: Mapping[str, str] = MappingProxyType({}),
    noxfile: bool = False,
) -> Repository:
    """Make a project that was released once and has one commit since, all of it pushed to a bare remote beside it.

    The files given join those of the kind, or replace them, in the commit that is tagged `v<version>`.
    """
    repository = Repository(path, remote=path.with_name(f"{path.name}.git"))
    path.mkdir(parents=True)
    repository.git("init", "--quiet", "--initial-branch=main")
    for relative, text in {**project_files(kind, name=name, version=version, noxfile=noxfile), **files}.items():
        repository.write(relative, text)
    repository.commit(f"release: v{version}")
    repository.git("tag", "--annotate", f"v{version}", f"--message=Release {version}")
    repository.write("NEWS.md", "# News\n\nGreetings are warmer now.\n")
    repository.commit("feat: something to release")
    repository.git("init", "--quiet", "--bare", "--initial-branch=main", str(repository.remote))
    repository.git("remote", "add", "origin", str(repository.remote))
    repository.git("push", "--quiet", "--set-upstream", "origin", "main", f"v{version}")
    return repository
