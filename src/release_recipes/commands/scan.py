"""Look for credentials in tracked files, in staged files, or in the given files."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from release_recipes import events
from release_recipes.errors import CommandFailed, InvalidSetting, NoRepository, SecretsFound, WrongUsage, typed
from release_recipes.findings import Finding
from release_recipes.programs.git import Git
from release_recipes.scan.files import scan_files, scan_staged
from release_recipes.scan.text import Place
from release_recipes.settings import sources


def scan(folder: Path, named: Sequence[str], *, staged: bool) -> str:
    """Scan the given files; otherwise the staged files, or the tracked files of the repository around a folder.

    Raises:
        WrongUsage: A given file does not exist, or files are given together with ``staged``.
        NoRepository: No files are given, and there is no repository.
        SecretsFound: There are credentials.
    """
    if named and staged:
        raise WrongUsage("--staged and --file cannot be used together.", "Use one of them.")
    git = _repository(folder)
    top = git.path if git else folder
    with contextlib.suppress(InvalidSetting):  # credentials are held before pyproject.toml is read
        sources(top)
    if places := _scan(git, folder, named, staged=staged):
        raise SecretsFound([_found(place, folder if named else top, top) for place in places])
    events.tell("No credentials found.")
    return "done"


def _scan(git: Git | None, folder: Path, named: Sequence[str], *, staged: bool) -> list[Place]:
    if named:
        return scan_files(_existing(named, folder), root=folder)
    if git is None:
        message = "This folder is not in the working tree of a git repository."
        raise NoRepository(message, f"Name the files to scan: {typed('scan', '--file', 'PATH')}")
    if staged:
        return scan_staged(git)
    paths = (git.path / name for name in git.tracked())
    return scan_files((path for path in paths if path.is_file() and not path.is_symlink()), root=git.path)


def _found(place: Place, base: Path, top: Path) -> Finding:
    """Return the finding for a place, whose path is relative to a folder; its file is relative to the repository."""
    name, _, member = place.path.partition("!")
    file = (base / name).relative_to(top).as_posix() if (base / name).is_relative_to(top) else ""
    return Finding(str(place), check="secret", file=file, line=place.line if file and not member else 0)


def _repository(folder: Path) -> Git | None:
    """Return the repository around a folder, which may have no commit yet; ``None`` if there is none."""
    try:
        return Git(Path(Git(folder).ask("rev-parse", "--show-toplevel")))
    except CommandFailed:
        return None


def _existing(names: Sequence[str], folder: Path) -> list[Path]:
    """Return the files and folders that the user gave.

    Raises:
        WrongUsage: A file does not exist.
    """
    paths = [folder / name for name in names]
    if missing := next((path for path in paths if not path.exists()), None):
        raise WrongUsage(f"The file {missing} does not exist.", "Name existing files, folders or distributions.")
    return paths
