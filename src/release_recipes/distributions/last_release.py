"""Fetch distributions of the last release from the index, to compare them.

Act 2 has no credentials: an index that needs them gives no answer.
"""

import itertools
from pathlib import Path, PurePath

from packaging.tags import create_compatible_tags_selector, sys_tags
from packaging.utils import parse_wheel_filename
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
    wheels = sorted((file for file in files if file.filename.endswith(".whl")), key=lambda file: file.filename)
    best_first = create_compatible_tags_selector(sys_tags())
    fitting = best_first((file, parse_wheel_filename(file.filename)[3]) for file in wheels)
    return [*sdists[:1], *itertools.islice(fitting, 1)]


def all_files(page: Page, planned: str) -> list[Listed]:
    """Return the files of the greatest version below the planned one."""
    versions = [Version(version) for version in page.versions()]
    older = [version for version in versions if version < Version(planned)]
    return page.of_version(str(max(older))) if older else []
