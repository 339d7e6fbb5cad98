"""Atomic writes: a file is there whole or not at all, also after a power cut, and on the disk when it is said to be."""

import contextlib
import os
import tempfile
from pathlib import Path

from release_recipes.secrets.mask import MASK


def write_atomically(path: Path, text: str) -> None:
    """Write a file, masked, in one atomic step."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=half_written(path.name).rstrip("*"))
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(MASK(text))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    sync(path.parent)


def half_written(name: str) -> str:
    """Return the pattern of what a file is called until it is whole."""
    return f".{name}-half-*"


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, reach the disk."""
    if path.is_dir() and os.name == "nt":
        return  # Windows has no such call for a folder; its file system journals names
    descriptor = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
