"""The version source of a project whose build backend takes the version from a git tag, such as setuptools-scm.

No file has to be changed. Before the build, the clone that is built from gets the tag: see
:mod:`~release_recipes.prepare.version`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from release_recipes.project.version_files import VersionFiles


@dataclass(frozen=True)
class FromTags(VersionFiles):
    """The tags of a project; it may have copies of the version in files, too."""

    #: The name of a tag that the backend reads, with ``{version}``.
    form: str = "v{version}"

    from_tag: ClassVar[bool] = True

    def describe(self, folder: Path, part: str, version: str) -> list[str]:
        """Return where the version comes from, and where copies of it change."""
        return ["the version comes from the tag", *super().describe(folder, part, version)]

    def templates(self, _folder: Path) -> Mapping[str, str]:
        """Return the form of a tag that the backend was seen to read."""
        return {"tag_name": self.form}
