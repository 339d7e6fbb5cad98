"""The version source of a project that does not configure bump-my-version: the places in files where it stands."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Self

from release_recipes.errors import BumpFailed
from release_recipes.programs.git import repository
from release_recipes.project import places
from release_recipes.project.places import Place
from release_recipes.project.raising import PARTS, next_version
from release_recipes.project.source import NONE, VersionFile, Versions, today


@dataclass(frozen=True)
class VersionFiles:
    """Places in files, found in the commit that is released."""

    name: str
    #: The version that stands there.
    prior: str
    #: The places that a bump changes.
    places: tuple[Place, ...]
    #: Earlier versions with the dates of their tags: they show how calendar versions go on.
    earlier: Mapping[str, dt.date] = field(default_factory=dict)

    configured_in: ClassVar[str] = ""
    from_tag: ClassVar[bool] = False

    def read(self, _folder: Path, part: str = "") -> Versions:
        """Return the prior version, the next version for a part, and the files."""
        raised = part not in {"", NONE}
        following = next_version(self.prior, part, today=today(), earlier=self.earlier) if raised else self.prior
        files = tuple(VersionFile(name) for name in dict.fromkeys(place.file for place in self.places))
        return Versions(self.prior, following, PARTS, files)

    def apply(self, folder: Path, _part: str, version: str, *, hooks: bool) -> None:
        """Edit the places; they are looked for again, since line ends can differ between two working trees."""
        del hooks  # there are none
        git, _ = repository(folder)
        known = {"name": self.name, "version": self.prior}
        found = {place.where: place for place in places.find(git, folder, **known)}
        if gone := [place for place in self.places if place.where not in found]:  # what the user named
            named = places.find(git, folder, **known, files=sorted({place.file for place in gone}))
            found = {place.where: place for place in named} | found
        if gone := [place for place in gone if place.where not in found]:  # what only the build backend knows
            found = {place.where: place for place in places.anywhere(git, folder, **known)} | found
        if gone := [place for place in gone if place.where not in found]:
            message = f"{gone[0].file} no longer contains {self.prior} in line {gone[0].line}."
            raise BumpFailed(message, "Commit or undo the changes in that file: git diff")
        places.edit(folder, [found[place.where] for place in self.places], self.prior, version)

    def after(self, version: str) -> Self:
        """Return the same places, with another version."""
        return replace(self, prior=version)

    def describe(self, _folder: Path, _part: str, version: str) -> list[str]:
        """Return where the version changes."""
        return [f"change {self.prior} to {version} in {place.file}, line {place.line}" for place in self.places]

    def templates(self, _folder: Path) -> Mapping[str, str]:
        """Return nothing: the tags that exist decide."""
        return {}
