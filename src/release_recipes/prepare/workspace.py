"""The workspace: clones of the repository in a folder of ours, outside the project's tree.

One clone an activity: ``source`` is where the version is bumped, committed and tagged; ``test`` and ``build`` are
clones of the release commit that nothing else has touched. Whatever happens, there is nothing to undo.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_recipes.programs.git import Git, without_credentials
from release_recipes.state.record import Artifact

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from release_recipes.plan import Plan


@dataclass(frozen=True)
class Workspace:
    """The folder of one run; what it holds is the state of act 2."""

    folder: Path

    @property
    def source(self) -> Git:
        """The clone with the release commit."""
        return Git(self.folder / "source")

    @property
    def test(self) -> Path:
        """The clone in which tests run."""
        return self.folder / "test"

    @property
    def build(self) -> Path:
        """The clone from which distributions are built."""
        return self.folder / "build"

    @property
    def dist(self) -> Path:
        """The distributions, once built."""
        return self.folder / "build" / "dist"

    @property
    def commit(self) -> str:
        """The release commit, or the commit that is released as it stands."""
        return self.source.ask("rev-parse", "HEAD")

    @property
    def epoch(self) -> str:
        """The time for ``SOURCE_DATE_EPOCH``: when the release commit was made, in seconds."""
        return self.source.ask("log", "-1", "--format=%ct")

    def distributions(self) -> list[Path]:
        """Return what was built, by name."""
        return sorted(path for path in self.dist.iterdir() if path.is_file())

    def artifacts(self) -> list[Artifact]:
        """Return what was built, hashed."""
        return [Artifact.of(path) for path in self.distributions()]


def fill(folder: Path, user: Git, plan: Plan) -> Workspace:
    """Make a workspace in a folder: the source clone, at the plan's base, with the user's identity.

    Raises:
        CommandFailed: git cannot clone.
    """
    workspace = Workspace(folder)
    clone(user.path, workspace.source.path, plan.branch or "release", plan.base)
    make_ours(user, workspace.source, plan.remote)
    return workspace


def clone_release(workspace: Workspace, to: Path) -> None:
    """Clone the release commit for one activity."""
    clone(workspace.source.path, to, workspace.source.branch() or "release", workspace.commit)
    _set_origin(Git(to), workspace.source.config("remote.origin.url") or "")


def clone(origin: Path, to: Path, branch: str, commit: str) -> None:
    """Clone with shared objects, no hooks and no conversion of line ends, at one commit of one branch."""
    hooks = to.parent / "no-hooks"
    hooks.mkdir(exist_ok=True)
    options = [
        "--shared",
        "--no-checkout",
        "--quiet",
        "--template=",
        "-c",
        "core.autocrlf=false",
        "-c",
        f"core.hooksPath={hooks}",
    ]
    Git(to.parent).does("clone", *options, str(origin), str(to))
    Git(to).does("checkout", "--quiet", "--force", "-B", branch, commit)


@contextlib.contextmanager
def usual_modes() -> Iterator[None]:
    """Have every file that is made in the block readable by all, whatever umask the person has.

    git gives a clone's files the modes that the umask leaves, and setuptools puts those into wheels; the folder around
    them is closed to others. The umask is the whole process's.
    """
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


def make_ours(user: Git, clone: Git, remote: str) -> None:
    """Give a clone what makes a commit the user's own, and the true address of the remote without credentials."""
    for key, value in user.identity().items():
        clone.does("config", key, value)
    _set_origin(clone, without_credentials(user.config(f"remote.{remote}.url") or ""))


def _set_origin(clone: Git, address: str) -> None:
    """Have ``origin`` name the true remote: tools read it, and must not find a temporary folder there."""
    words = ["set-url", "origin", address] if address else ["remove", "origin"]
    clone.does("remote", *words)
