"""A temporary folder of ours, outside the repository: removed whatever happens, by the next run after a kill."""

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

#: The file by which a leftover is known to be ours.
MARKER = ".release-recipes-workspace"

#: How the name of every temporary folder of ours begins.
PREFIX = "release-recipes-"


@contextlib.contextmanager
def temporary_folder(repository: Path, made: Callable[[Path], None]) -> Iterator[Path]:
    """Make a folder that carries our marker; remove it afterwards, whatever happens.

    Args:
        repository: The user's, outside of which the folder must be.
        made: Told of the folder before it is made, so that the next run can remove it after a kill.

    Raises:
        Failed: There is no room for it, or it would be inside the repository.
    """
    # Resolved: macOS's temporary folder is behind a link, and tools compare paths.
    try:
        folder = Path(tempfile.gettempdir()).resolve() / f"{PREFIX}{secrets.token_hex(8)}"
    except OSError as error:
        raise _no_room(error) from None
    if folder.is_relative_to(repository):
        message = f"The temporary folder {folder.parent} is inside the repository, where its files would be found."
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


def _writable_first(function: Callable[[str], object], path: str, _error: object) -> None:
    """Take away what kept a file from being removed: git's objects are read-only, and Windows minds."""
    with contextlib.suppress(OSError):
        os.chmod(os.path.dirname(path), stat.S_IRWXU)  # noqa: PTH101, PTH120 - rmtree speaks in strings
        os.chmod(path, stat.S_IRWXU)  # noqa: PTH101
        function(path)
