"""The project: its name, its version, and where the version stands.

Files are read first, since that is fast and runs no code. Where they do not give name and version, the build backend
is asked, in a clean clone; it has the last word.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.version import Version

from release_recipes.errors import InvalidSetting, NoProject
from release_recipes.programs.git import Git
from release_recipes.project import contexts, declared, places, tag_form
from release_recipes.project.bump_my_version import BumpMyVersion, configured_in
from release_recipes.project.declared import Declared
from release_recipes.project.from_tags import FromTags
from release_recipes.project.locate import PROBE, Located, locate, same
from release_recipes.project.packages import others, packages
from release_recipes.project.places import Place
from release_recipes.project.source import VersionSource, is_version
from release_recipes.project.version_files import VersionFiles

#: The version of a project that was never released, if its versions come from tags.
_NEVER = "0.0.0"

#: Forms of tags that are tried if the tags that exist do not say it.
_FORMS = ("v{version}", "{version}")


@dataclass(frozen=True)
class Project:
    """A Python project in the folder of the repository, or in a folder below it."""

    folder: Path
    #: Its folder, relative to the repository: ``.`` or a path with slashes.
    below: str
    #: As the project spells it.
    name: str
    pyproject: Mapping[str, Any]
    #: Whether its files say the version without running its code, so that the build backend need not be asked.
    is_static: bool
    source: VersionSource
    #: Places that may be copies of the version, which a bump does not change by itself.
    doubtful: tuple[Place, ...] = ()
    #: The version in a configuration of bump-my-version that is not that of the project; empty if it agrees.
    stale: str = ""


def read_project(
    git: Git,
    folder: Path,
    pyproject: Mapping[str, Any],
    *,
    version_files: Sequence[str] = (),
    left_alone: Sequence[str] = (),
    cache: Path,
) -> Project:
    """Read the project in a folder.

    Args:
        git: The repository.
        folder: The project's folder.
        pyproject: The content of its ``pyproject.toml``.
        version_files: The setting of that name.
        left_alone: The setting of that name.
        cache: The folder in which the answer of the build backend is kept.

    Raises:
        NoProject: There is none, or its name or version cannot be found.
        InvalidSetting: A file of ``version_files`` does not exist.
    """
    if not any((folder / name).is_file() for name in ("pyproject.toml", "setup.py", "setup.cfg")):
        message = f"{folder} contains no Python project (no pyproject.toml, setup.py or setup.cfg)."
        raise NoProject(message, "Run this in the repository of the package that you want to release.")
    for given in version_files:
        if not (folder / given).is_file():
            message = f"version_files lists {given!r}, which does not exist."
            raise InvalidSetting(message, "List existing files, relative to the root of the project.")
    said = declared.read(folder, pyproject)
    facts = _facts(git, folder, said, version_files, cache)
    found = [place for place in facts.found if place.file not in left_alone]
    copies = tuple(place for place in found if place.kind != contexts.MAYBE and place != facts.place)
    known = (folder, folder.relative_to(git.path).as_posix(), facts.name, pyproject, bool(said.version))
    stale = ""
    if config := configured_in(folder, pyproject):
        configured = BumpMyVersion(config, bool(facts.form))
        current = configured.current(folder)
        if not current or same(current, facts.version):
            return Project(*known, configured, copies)
        stale = current
    named: list[Place] = []
    if version_files:
        listed = places.find(git, folder, name=facts.name, version=facts.version, files=version_files)
        named = [place for place in listed if place.kind != contexts.MAYBE]
        if lacking := sorted(set(version_files).difference(place.file for place in named)):
            message = f"version_files lists {lacking[0]!r}, which does not contain {facts.version}."
            raise InvalidSetting(message, "List files that contain the current version.")
    source = [facts.place] if facts.place else []
    moved = tuple({place.where: place for place in (*source, *copies, *named)}.values())
    doubtful = tuple(place for place in found if place not in moved and place.file not in version_files)
    if facts.form:
        tags = FromTags(facts.name, facts.version, moved, facts.earlier, facts.form)
        return Project(*known, tags, doubtful, stale)
    if not (facts.place or version_files):
        raise _no_place(git, folder, said.file, facts)
    return Project(*known, VersionFiles(facts.name, facts.version, moved, facts.earlier), doubtful, stale)


@dataclass(frozen=True)
class _Facts:
    """What files and the build backend say."""

    name: str
    version: str
    #: The place that the build backend reads; ``None`` if it was not found, or the version comes from a tag.
    place: Place | None
    #: The name of a tag that the backend reads; empty if the version is in a file.
    form: str
    #: All places in which the version stands, and some that may be something else.
    found: list[Place]
    #: Earlier versions with the dates of their tags.
    earlier: Mapping[str, dt.date]
    #: The file that it reads in the commit; empty if it was not asked, or reads none.
    file: str
    #: A tracked file that the build backend changes, which some tools that read tags say in the version.
    rewrites: str


def _no_place(git: Git, folder: Path, declared_in: str, facts: _Facts) -> NoProject:
    """Return why there is no place that a bump could change."""
    if declared_in and not git.tracked((folder / declared_in).relative_to(git.path).as_posix()):
        message = f"{declared_in} is not tracked by git, so a clone for the build does not have it."
        return NoProject(message, f"Run: git add --force {declared_in} && git commit")
    if facts.file:
        message = f"The build backend reads {facts.version} from {facts.file}, which is not as it was committed."
        return NoProject(message, f"Commit or undo the changes: git diff HEAD {facts.file}")
    if facts.rewrites:
        message = f"The build changes {facts.rewrites}, which git tracks, so its version is {facts.version} at any tag."
        ignored = f"git rm --cached {facts.rewrites} && echo {facts.rewrites} >> .gitignore"
        return NoProject(message, f"Run: {ignored}; then commit.")
    message = f"The build backend says {facts.version}, but no tracked file was found that it reads it from."
    if declared_in:
        message = f"{declared_in} declares {facts.version}, but not in a form that is known."
    name = declared_in or "…"
    return NoProject(message, f'Name the file in pyproject.toml: [tool.release] version_files = ["{name}"]')


def _facts(git: Git, folder: Path, said: Declared, version_files: Sequence[str], cache: Path) -> _Facts:
    below, tags = folder.relative_to(git.path).as_posix(), git.tags()
    theirs = others(below, packages(git)) if below != "." else []
    asked = Located(said.name, said.version, said.file, 0, "")
    if not (said.name and said.version):
        forms = _forms(list(tags), said.name, below, others=theirs)
        asked = locate(git, below, cache, files=version_files, forms=forms, tags_first=bool(said.tag_tool))
    name, version = said.name or asked.name, said.version or asked.version
    merged = tag_form.versions_of(list(git.tags("--merged=HEAD")), name=name, below=below, others=theirs)
    earlier = {version: tags[tag] for tag, version in merged.items() if is_version(version)}
    form = "" if said.version else asked.form
    if form:
        version = max(earlier, key=Version, default=_NEVER)
    found = [] if form and not earlier else places.find(git, folder, name=name, version=version)
    if said.version:
        place = next((each for each in found if each.file == said.file and each.kind == contexts.SOURCE), None)
    else:
        at = (asked.file, asked.line)
        place = _at(at, found) or (
            _at(at, places.anywhere(git, folder, name=name, version=version)) if any(at) else None
        )
    file, rewrites = "" if said.version else asked.file, asked.rewrites if said.tag_tool else ""
    return _Facts(name, _spelled(place) or version, place, form, found, earlier, file, rewrites)


def _at(position: tuple[str, int], found: Sequence[Place]) -> Place | None:
    """Return the place in a line of a file."""
    return next((place for place in found if (place.file, place.line) == position), None)


def _spelled(source: Place | None) -> str:
    """Return the version as a place spells it; empty if it stands there in several numbers, or there is none."""
    text = source.spots[0].text if source and len(source.spots) == 1 else ""
    return text if is_version(text) else ""


def _forms(tags: Sequence[str], name: str, below: str, *, others: Sequence[str]) -> list[str]:
    """Return names of tags that the build backend may read, as the tags that exist first."""
    habit = tag_form.tag_for(PROBE, prior=PROBE, name=name, below=below, tags=tags, others=others)
    forms = (f"{name}-v{{version}}",) if others else _FORMS
    return list(dict.fromkeys([*([habit.replace(PROBE, "{version}")] if habit else []), *forms]))
