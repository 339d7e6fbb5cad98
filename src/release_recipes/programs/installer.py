"""Fresh environments by uv, and installing from an index by pip, as a user of the package would."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from release_recipes.programs.run import Completed, run

if TYPE_CHECKING:
    from pathlib import Path

#: Seconds for an installation with all its dependencies.
TIMEOUT = 900.0


def make_environment(folder: Path) -> Path:
    """Make a virtual environment with this interpreter; its python."""
    run(
        ["uv", "venv", "--quiet", "--no-project", "--python", sys.executable, str(folder)],
        cwd=folder.parent,
        timeout=TIMEOUT,
    )
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def install_from(index_address: str, requirement: str, python: Path) -> None:
    """Install one requirement from one index and nowhere else, then its dependencies from where they always come.

    Raises:
        CommandFailed: The index does not serve it, or a dependency cannot be had.
    """
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    # Isolated and without a cache: pip keeps index pages for ten minutes, and PIP_FIND_LINKS would add a source.
    alone = ["install", "--isolated", "--no-cache-dir", "--no-deps", "--quiet", "--index-url", index_address]
    run([*pip[:3], "--isolated", *pip[3:], *alone, requirement], cwd=python.parent, timeout=TIMEOUT)
    run([*pip, "install", "--quiet", requirement], cwd=python.parent, timeout=TIMEOUT)


def imports(python: Path, modules: list[str]) -> Completed:
    """Import modules in an environment; the code tells whether that worked."""
    words = "; ".join(f"import {module}" for module in modules)
    return run([str(python), "-I", "-c", words], cwd=python.parent, timeout=TIMEOUT, check=False)
