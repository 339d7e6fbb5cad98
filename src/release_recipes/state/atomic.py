"""Atomic writes: after a crash or a power cut, a file is complete or does not exist."""

import contextlib
import os
import tempfile
from pathlib import Path

from release_recipes.secrets.mask import MASK


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file atomically: a text is masked; bytes, which are the user's, are not, and the file keeps its mode."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=half_written(path.name).rstrip("*"))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content if isinstance(content, bytes) else MASK(content).encode())
            file.flush()
            if isinstance(content, bytes):
                Path(name).chmod(path.stat().st_mode if path.exists() else 0o644)  # not that of a temporary file
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    sync(path.parent)


def half_written(name: str) -> str:
    """Return the pattern for the name of a file until it is complete."""
    return f".{name}-half-*"


def sync(path: Path) -> None:
    """Flush a file, or the names in a folder, to disk."""
    if path.is_dir() and os.name == "nt":
        return  # Windows cannot do this for a folder; its file system journals names
    descriptor = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
