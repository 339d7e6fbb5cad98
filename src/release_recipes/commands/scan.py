"""Look for credentials in the tracked files, in what is staged, or in what is named."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from release_recipes import events
from release_recipes.errors import CommandFailed, InvalidSetting, NoRepository, SecretsFound, WrongUsage, typed
from release_recipes.findings import Finding
from release_recipes.programs.git import Git
from release_recipes.scan.files import scan_files
from release_recipes.scan.staged import scan_staged
from release_recipes.scan.text import Place
from release_recipes.settings import sources


def scan(folder: Path, named: Sequence[str], *, staged: bool) -> str:
    """Look into what is named; else into what is staged, or into the tracked tree around a folder.

    Raises:
        WrongUsage: What is named is not there, or is named besides ``staged``.
        NoRepository: Nothing is named, and there is no repository.
        SecretsFound: There are some.
    """
    if named and staged:
        raise WrongUsage("--staged and --file exclude each other.", "Give one of them.")
    git = _repository(folder)
    with contextlib.suppress(InvalidSetting):  # credentials are held before pyproject.toml is read
        sources(git.path if git else folder)
    if places := _scan(git, folder, named, staged=staged):
        raise SecretsFound([Finding(str(place), check="secret") for place in places])
    events.emit(events.Told("No credential found."))
    return "done"


def _scan(git: Git | None, folder: Path, named: Sequence[str], *, staged: bool) -> list[Place]:
    if named:
        return scan_files(_existing(named, folder), root=folder)
    if git is None:
        message = "This folder is not in the working tree of a git repository."
        raise NoRepository(message, f"Name what to look into: {typed('scan', '--file', 'PATH')}")
    if staged:
        return scan_staged(git)
    paths = (git.path / name for name in git.tracked())
    return scan_files((path for path in paths if path.is_file() and not path.is_symlink()), root=git.path)


def _repository(folder: Path) -> Git | None:
    """Return the repository around a folder, which may have no commit yet; ``None`` where there is none."""
    try:
        return Git(Path(Git(folder).ask("rev-parse", "--show-toplevel")))
    except CommandFailed:
        return None


def _existing(names: Sequence[str], folder: Path) -> list[Path]:
    """Return the files and folders that the user named.

    Raises:
        WrongUsage: One is not there.
    """
    paths = [folder / name for name in names]
    if missing := next((path for path in paths if not path.exists()), None):
        raise WrongUsage(f"There is no file {missing}.", "Name files, folders or distributions that exist.")
    return paths
