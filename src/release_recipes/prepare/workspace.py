"""The workspace: clones of the repository in a temporary folder, outside the project's tree.

One clone an activity: ``source`` is where the version is bumped, committed and tagged; ``test`` and ``build`` are
clones of the release commit that nothing else has touched. Whatever happens, there is nothing to undo: the folder
carries a marker, and the next run removes it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from release_recipes import events
from release_recipes.errors import Failed
from release_recipes.programs.git import Git, without_credentials
from release_recipes.programs.run import scratch
from release_recipes.state import Artifact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from release_recipes.plan import Plan

#: The file by which a leftover is known to be ours.
MARKER = ".release-recipes-workspace"

#: How the name of every temporary folder of ours begins.
PREFIX = "release-recipes-"


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


@contextlib.contextmanager
def temporary(project: Path, made: Callable[[Path], None]) -> Iterator[Path]:
    """Make a folder that carries our marker; remove it afterwards, whatever happens.

    Args:
        project: The user's project, outside of which the folder must be.
        made: Told of the folder before it is made, so that the next run can remove it after a kill.

    Raises:
        Failed: There is no room for it, or it would be inside the project.
    """
    # Resolved: macOS's temporary folder is behind a link, and tools compare paths.
    try:
        folder = Path(tempfile.gettempdir()).resolve() / f"{PREFIX}{secrets.token_hex(8)}"
    except OSError as error:
        raise _no_room(error) from None
    if folder.is_relative_to(project):
        message = f"The temporary folder {folder.parent} is inside the project, where its files would be found."
        raise Failed(message, "Name a folder outside of it in TMPDIR.")
    made(folder)  # told before it is there: a kill leaves nothing that nobody knows of
    try:
        _make(folder)
        with scratch(folder / "tmp"):
            yield folder
    finally:
        with events.effect(f"remove {folder}"):
            remove(folder)


def _make(folder: Path) -> None:
    try:
        with events.effect(f"make {folder}"):
            folder.mkdir(mode=0o700)
            (folder / MARKER).touch()
            (folder / "tmp").mkdir()
    except OSError as error:
        raise _no_room(error) from None


def _no_room(error: OSError) -> Failed:
    message = f"No temporary folder can be made: {error.strerror}."
    return Failed(message, "Make room there, or name another folder in TMPDIR.")


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


def remove(folder: Path) -> None:
    """Remove a workspace; a process that is just ending may still write into it, so try again for a second.

    The marker goes last: a removal that is killed half-way is taken up by the next run.
    """
    for _ in range(10):
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, onerror=_writable_first)
            elif path.name != MARKER:
                path.unlink(missing_ok=True)
        if not any(path.name != MARKER for path in (folder.iterdir() if folder.is_dir() else ())):
            shutil.rmtree(folder, ignore_errors=True)
            return
        time.sleep(0.1)


def remove_leftover(folder: Path) -> bool:
    """Remove the workspace of a run that was killed; only one that carries our marker, or is still empty."""
    if not folder.is_dir() or not folder.name.startswith(PREFIX):
        return False
    if not (folder / MARKER).exists() and any(folder.iterdir()):
        return False
    remove(folder)
    return True


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


def _writable_first(function: Callable[[str], object], path: str, _error: object) -> None:
    """Take away what kept a file from being removed: git's objects are read-only, and Windows minds."""
    with contextlib.suppress(OSError):
        os.chmod(os.path.dirname(path), stat.S_IRWXU)  # noqa: PTH101, PTH120 - rmtree speaks in strings
        os.chmod(path, stat.S_IRWXU)  # noqa: PTH101
        function(path)
