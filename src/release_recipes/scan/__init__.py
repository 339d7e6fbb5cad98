"""Find credentials by their form, in files, in distributions, and in what is staged for a commit.

A finding tells the place and the kind, never the credential. A line is left out that says so itself, or that stands
below one that does: ``release-recipes: allow-secret``, or the words of gitleaks and detect-secrets.

Only named formats are looked for, to which their issuers gave a prefix or a frame: these are rarely wrong, and a hook
that is often wrong is turned off. Besides, every value counts that a release on this machine would use.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from release_recipes.errors import CommandFailed, InvalidSetting, NoRepository, Problem, ReleaseError, WrongUsage
from release_recipes.programs.git import Git
from release_recipes.scan.files import scan_files
from release_recipes.scan.forms import FORMS
from release_recipes.scan.staged import scan_staged
from release_recipes.scan.text import Finding, scan_bytes
from release_recipes.settings import sources

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FORMS", "Finding", "SecretsFound", "scan", "scan_bytes", "scan_files"]


class SecretsFound(ReleaseError):
    """Credentials stand where they could be published."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        """Take every finding."""
        self._findings = findings
        count = len(findings)
        hint = (
            "Take it out, and revoke it if it was ever pushed or published; what only looks like one is allowed by a "
            "comment: release-recipes: allow-secret"
        )
        super().__init__(f"{count} {'credential' if count == 1 else 'credentials'} found.", hint)

    @property
    def problems(self) -> list[Problem]:
        """Each finding as a problem of its own."""
        return [Problem("secret", str(finding), "") for finding in self._findings]


def scan(folder: Path, names: Sequence[str] = (), *, staged: bool = False) -> list[Finding]:
    """Look into what is named; else into what is staged, or into the tracked tree around a folder.

    Raises:
        WrongUsage: What is named is not there, or is named besides ``staged``.
        NoRepository: Nothing is named, and there is no repository.
    """
    if names and staged:
        raise WrongUsage("--staged and --file exclude each other.", "Give one of them.")
    git = _repository(folder)
    with contextlib.suppress(InvalidSetting):  # credentials are held before pyproject.toml is read
        sources(git.path if git else folder)
    if names:
        return scan_files(_existing(names, folder), root=folder)
    if git is None:
        message = "This folder is not in the working tree of a git repository."
        raise NoRepository(message, "Name what to look into: invoke scan --file PATH")
    return scan_staged(git) if staged else scan_tree(git)


def scan_tree(git: Git) -> list[Finding]:
    """Look into every tracked file of a working tree, as it stands."""
    paths = (git.path / name for name in git.tracked())
    return scan_files((path for path in paths if path.is_file() and not path.is_symlink()), root=git.path)


def _repository(folder: Path) -> Git | None:
    """Return the repository around a folder, which may have no commit yet; ``None`` where there is none."""
    try:
        return Git(Path(Git(folder).ask("rev-parse", "--show-toplevel")))
    except CommandFailed:
        return None


def _existing(names: Sequence[str], folder: Path) -> list[Path]:
    """Return the files and folders that a person named.

    Raises:
        WrongUsage: One is not there.
    """
    paths = [folder / name for name in names]
    if missing := next((path for path in paths if not path.exists()), None):
        raise WrongUsage(f"There is no file {missing}.", "Name files, folders or distributions that exist.")
    return paths
