"""Fetch distributions of the last release from the index, to compare them.

Act 2 has no credentials: an index that needs them gives no answer.
"""

from pathlib import Path, PurePath

from packaging.tags import Tag, sys_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

from release_recipes.index.client import Index
from release_recipes.index.page import Listed, Page

#: Bytes; larger files are not fetched.
LARGEST = 20 * 1024 * 1024


def fetch(index: Index, project: str, planned: str, folder: Path) -> list[Path]:
    """Fetch the last release before a planned version into a new folder; nothing if there is none.

    Raises:
        NoIndexAnswer: The index gives no answer.
    """
    folder.mkdir()
    for file in last_release(index.page(project), planned):
        if content := index.fetch(file, LARGEST):
            # Only the name: an index must not choose a folder on this disk.
            (folder / PurePath(file.filename).name).write_bytes(content)
    return sorted(folder.iterdir())


def last_release(page: Page, planned: str) -> list[Listed]:
    """Return the sdist and the wheel for this machine of the greatest version below the planned one."""
    files = all_files(page, planned)
    sdists = [file for file in files if file.filename.endswith(".tar.gz")]
    ours = {tag: rank for rank, tag in enumerate(sys_tags())}
    ranked = sorted((rank, file.filename, file) for file in files if (rank := _rank(file.filename, ours)) is not None)
    return sdists[:1] + [file for _, _, file in ranked[:1]]


def all_files(page: Page, planned: str) -> list[Listed]:
    """Return the files of the greatest version below the planned one."""
    versions = [Version(version) for version in page.versions()]
    older = [version for version in versions if version < Version(planned)]
    return page.of_version(str(max(older))) if older else []


def _rank(filename: str, ours: dict[Tag, int]) -> int | None:
    """Return the rank of a wheel for this platform, 0 is best; ``None`` if it does not fit, or is not a wheel."""
    try:
        tags = parse_wheel_filename(filename)[3]
    except InvalidWheelFilename:
        return None
    return min((ours[tag] for tag in tags if tag in ours), default=None)
