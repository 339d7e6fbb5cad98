"""What the GitHub release says: its notes, and whether it is the latest one."""

from pathlib import PurePosixPath
from urllib.parse import quote

from packaging.version import Version

from release_recipes.errors import CommandFailed
from release_recipes.programs.gh import GitHubRepository
from release_recipes.programs.git import tag_names
from release_recipes.project.changelog_file import NAME
from release_recipes.project.packages import others, packages
from release_recipes.project.tag_form import versions_of
from release_recipes.publish.step import World
from release_recipes.state.record import Record


def notes(world: World, repository: GitHubRepository, changes: str = "") -> str:
    """Return how to install it, a link to the changelog if there is one, some words, and our mark.

    GitHub appends its own notes; all together may have 125,000 characters.
    """
    record, path = world.record, _changelog(world)
    parts = [
        f"```\npip install {record.project}=={record.version}\n```",
        f"[Changelog]({repository.web_address}/blob/{quote(f'{record.tag}/{path}')})" if path else "",
        changes,
        mark(record),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def mark(record: Record) -> str:
    """Return the mark, a comment, by which a draft of this release is recognised."""
    return f"<!-- release-recipes {record.tag_object} -->"


def comparison(world: World, repository: GitHubRepository) -> str:
    """Return a link to the changes since the last final release, as in GitHub's own notes."""
    tag, ours = quote(world.record.tag), Version(world.record.version)
    finals = {name: each for name, each in _versions(world).items() if each < ours and not each.is_prerelease}
    prior = max(finals, key=finals.__getitem__, default="")
    changes = f"compare/{quote(prior)}...{tag}" if prior else f"commits/{tag}"
    return f"**Full Changelog**: {repository.web_address}/{changes}"


def is_latest(world: World) -> bool:
    """Return whether a release becomes the latest one of its repository: the highest final version of its project.

    A repository has one latest release. That of a package in a folder is not the latest one if there is a package at
    the top; among packages in folders, it is the one that was released last.
    """
    record, ours = world.record, Version(world.record.version)
    if ours.is_prerelease or (record.folder != "." and any(each.below == "." for each in packages(world.git))):
        return False
    return all(version <= ours or version.is_prerelease for version in _versions(world).values())


def _versions(world: World) -> dict[str, Version]:
    """Return the versions of the project's tags on the remote."""
    record = world.record
    theirs = others(record.folder, packages(world.git))
    found = versions_of(tag_names(world.refs()), name=record.project, below=record.folder, others=theirs)
    return {tag: Version(version) for tag, version in found.items()}


def _changelog(world: World) -> str:
    """Return the path of the changelog in the commit of the release; empty if there is none.

    The project's folder comes before the top of the repository, and both before their ``docs``.
    """
    record = world.record
    try:
        listed = world.git.ask("ls-tree", "-r", "-z", "--name-only", "--full-tree", record.commit)
    except CommandFailed:
        return ""
    places = [PurePosixPath(place, below) for below in ("", "docs") for place in (record.folder, ".")]
    files = [path for path in map(PurePosixPath, listed.split("\0")) if NAME.fullmatch(path.name)]
    found = [path for path in files if path.parent in places]
    return str(min(found, key=lambda path: (places.index(path.parent), path.name), default=""))
