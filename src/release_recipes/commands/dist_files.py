"""Single steps, for people and CI who compose their own release.

Those of act 2 stand in ``preparing``, the upload in ``uploading``: who uploads need not import what inspects.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from release_recipes.errors import WrongUsage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from release_recipes.commands.checkout import Place


def distributions(here: Place, named: Sequence[str]) -> list[Path]:
    """Return the files named, or all in ``dist/``.

    Raises:
        WrongUsage: A file is not there, or there is none at all.
    """
    # `uv build` leaves a .gitignore in dist/.
    files = [Path(name).resolve() for name in named] or sorted((here.git.path / "dist").glob("[!.]*"))
    if missing := [file for file in files if not file.is_file()]:
        message = f"There is no file {missing[0]}."
        raise WrongUsage(message, "Name a distribution that exists, or run: invoke build")
    if not files:
        message = "There are no distributions in dist/."
        raise WrongUsage(message, "Run: invoke build")
    return files
