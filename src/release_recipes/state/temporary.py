"""Temporary folders, outside of the repository: they are removed at the end, or by the next run after a kill."""

import contextlib
import os
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from release_recipes import events
from release_recipes.errors import Failed
from release_recipes.processes.process import scratch

#: The file that marks a folder as ours.
MARKER = ".release-recipes-workspace"

#: The prefix of the names of our temporary folders.
PREFIX = "release-recipes-"


@contextlib.contextmanager
def temporary_folder(repository: Path, made: Callable[[Path], None]) -> Iterator[Path]:
    """Make a folder with our marker, and always remove it afterwards.

    Args:
        repository: The user's repository; the folder must be outside of it.
        made: Called with the folder before it is created, so that the next run can remove it after a kill.

    Raises:
        Failed: It cannot be created, or it would be inside of the repository.
    """
    # Resolved: the temporary folder of macOS is behind a link, and tools compare paths.
    with _room():
        folder = Path(tempfile.gettempdir()).resolve() / f"{PREFIX}{secrets.token_hex(8)}"
    if folder.is_relative_to(repository):
        inside = f"The temporary folder {folder.parent} is inside the repository"
        message = f"{inside}, so tests and builds would find its files."
        raise Failed(message, "Set TMPDIR to a folder outside of the repository.")
    made(folder)  # before it exists, so that a kill leaves no unknown folder
    try:
        with _room(), events.effect(f"make {folder}"):
            folder.mkdir(mode=0o700)
            (folder / MARKER).touch()
            (folder / "tmp").mkdir()
        with scratch(folder / "tmp"):
            yield folder
    finally:
        with events.effect(f"remove {folder}"):
            remove(folder)


@contextlib.contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"No temporary folder can be made: {error.strerror}."
        raise Failed(message, "Free some space, or set TMPDIR to another folder.") from None


def remove(folder: Path) -> None:
    """Remove a workspace; retry for a second, since a process that is ending may still write into it.

    The marker is removed last, so that the next run can continue an interrupted removal.
    """
    for _ in range(10):
        for path in _content(folder):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, onerror=_writable_first)
            else:
                path.unlink(missing_ok=True)
        if not _content(folder):
            shutil.rmtree(folder, ignore_errors=True)
            return
        time.sleep(0.1)


def remove_leftover(folder: Path) -> None:
    """Remove the workspace of a killed run, only if it has our marker or is empty."""
    if folder.name.startswith(PREFIX) and ((folder / MARKER).exists() or not _content(folder)):
        remove(folder)


def _content(folder: Path) -> list[Path]:
    """Return what is in a workspace, but for the marker."""
    return [path for path in folder.iterdir() if path.name != MARKER] if folder.is_dir() else []


def _writable_first(function: Callable[[str], object], path: str, _error: object) -> None:
    """Make a file writable and remove it: git's objects are read-only, which matters on Windows."""
    with contextlib.suppress(OSError):
        os.chmod(os.path.dirname(path), stat.S_IRWXU)  # noqa: PTH101, PTH120 - rmtree passes strings
        os.chmod(path, stat.S_IRWXU)  # noqa: PTH101
        function(path)
