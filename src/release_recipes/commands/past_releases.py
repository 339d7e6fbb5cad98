"""The releases of a project as a fresh clone can know them: from the tags, the index, and GitHub."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from packaging.version import Version

from release_recipes import events
from release_recipes.commands.checkout import Checkout
from release_recipes.errors import ReleaseError
from release_recipes.index.page import Listed, Page
from release_recipes.processes.threads import in_parallel
from release_recipes.programs import gh
from release_recipes.programs.git import RemoteRefs
from release_recipes.project.packages import others, packages
from release_recipes.project.source import is_version
from release_recipes.project.tag_form import versions_of
from release_recipes.state import tag_message
from release_recipes.state.history import Release
from release_recipes.state.record import Artifact

#: Releases that GitHub lists at once, and the most pages that are asked for.
_PAGE, _PAGES = 100, 10

_FORMAT = "%(refname:strip=2)%1f%(objectname)%1f%(*objectname)%1f%(creatordate:unix)%1f%(tagger)%1f%(contents)%1e"


@dataclass
class World:
    """What tags, indexes and GitHub say; a source that did not answer is empty, and its fault is told."""

    refs: RemoteRefs | None = None
    #: By the address of the index.
    pages: dict[str, Page] = field(default_factory=dict)
    #: GitHub's releases, by tag; ``None`` if they were not asked for.
    forge: Mapping[str, Mapping[str, Any]] | None = None
    #: What did not answer, with its words.
    faults: list[str] = field(default_factory=list)
    #: Tags of the project on the remote, with their versions.
    tags: Mapping[str, str] = field(default_factory=dict)
    #: What nobody could ask here, and why; it is no fault.
    unasked: list[str] = field(default_factory=list)


def ask(checkout: Checkout, name: str, indexes: Sequence[str]) -> World:
    """Ask the remote, each index and GitHub, all in parallel."""
    world, git, remote = World(), checkout.git, checkout.settings.remote

    def ask_remote() -> None:
        world.refs = git.remote_refs(remote)
        world.tags = _versions(checkout, name, world.refs.tags())

    def ask_index(address: str) -> None:
        world.pages[address] = checkout.index_of(address).page(name)

    def ask_forge() -> None:
        repository = gh.find(git.addresses(remote))
        if not repository or not gh.is_github(repository, git.path):
            return
        if not gh.signed_in(repository, git.path):
            world.unasked.append("the releases on GitHub (gh is not signed in: gh auth login)")
        else:
            found: dict[str, Mapping[str, Any]] = {}
            for number in range(1, _PAGES + 1):
                listed = gh.api(repository, f"releases?per_page={_PAGE}&page={number}", git.path)
                found |= {str(each["tag_name"]): each for each in listed if not each["draft"]}
                if len(listed) < _PAGE:
                    break
            world.forge = found

    jobs: list[Callable[[], object]] = [
        ask_remote,
        ask_forge,
        *(functools.partial(ask_index, address) for address in indexes),
    ]
    for failure in in_parallel(jobs):
        if not isinstance(failure, ReleaseError):
            raise failure
        world.faults.append(failure.message)
    return world


def tagged(checkout: Checkout, name: str) -> list[Release]:
    """Return the releases that the tags here say, the newest first; one git process."""
    said_by_git = checkout.git.ask("for-each-ref", f"--format={_FORMAT}", "refs/tags")
    rows = [row.lstrip("\n").split("\x1f") for row in said_by_git.split("\x1e")]
    rows = [row for row in rows if len(row) == len(_FORMAT.split("%1f"))]
    versions = _versions(checkout, name, [row[0] for row in rows])
    found = []
    for tag, made, commit, at, tagger, message in (row for row in rows if row[0] in versions):
        said = tag_message.read(f"tagger {tagger}\n\n{message}")
        files = tuple(Artifact(filename, sha256, 0) for filename, sha256 in said.files.items())
        known: dict[str, Any] = {
            "tag": tag,
            "tag_object": made,
            "commit": commit or made,
            "index": said.index_address,
            "at": _utc(at),
        }
        found.append(Release(project=name, version=versions[tag], files=files, who=said.who if tagger else "", **known))
    return sorted(found, key=lambda one: Version(one.version), reverse=True)


def _versions(checkout: Checkout, name: str, tags: Sequence[str]) -> dict[str, str]:
    """Return the tags of the project among some, with their versions."""
    below = checkout.below
    return versions_of(tags, name=name, below=below, others=others(below, packages(checkout.git)))


def rebuilt(releases: Sequence[Release], world: World, default: str) -> list[Release]:
    """Return releases with what the index and GitHub know: files with sizes, and the time of the upload.

    Args:
        releases: Those of the tags and the history.
        world: The answers.
        default: The index of a release that names none.
    """
    return [_completed(one, world.pages.get(one.index or default), world.forge or {}, default) for one in releases]


def _completed(one: Release, page: Page | None, forge: Mapping[str, Mapping[str, Any]], default: str) -> Release:
    served = of_release(one, page)
    files = tuple(Artifact(each.filename, each.sha256 or "", each.size) for each in served)
    listed = {each.filename: each for each in files}
    sized = tuple(replace(each, size=each.size or getattr(listed.get(each.filename), "size", 0)) for each in one.files)
    uploaded = min((each.uploaded for each in served if each.uploaded), default="")
    author = forge.get(one.tag, {}).get("author") or {}
    index = one.index or (default if served else "")
    return replace(
        one, files=sized or files, at=uploaded or one.at, index=index, who=one.who or str(author.get("login") or "")
    )


def of_release(one: Release, page: Page | None) -> list[Listed]:
    """Return the files that an index has of a release."""
    return page.of_version(str(Version(one.version))) if page and is_version(one.version) else []


def finished_elsewhere(one: Release, world: World, default: str) -> Release:
    """Return a release that was abandoned here as released, if another machine has published all of it since."""
    served = {each.filename: each.sha256 for each in of_release(one, world.pages.get(one.index or default))}
    is_public = all(served.get(each.filename) == each.sha256 for each in one.files) and one.tag in world.tags
    return replace(one, outcome="released") if one.outcome == "abandoned" and one.files and is_public else one


def _utc(seconds: str) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).isoformat(timespec="seconds") if seconds.isdigit() else ""


def told(world: World) -> None:
    """Say which sources did not answer."""
    for fault in world.faults:
        events.emit(events.Told(f"Not asked: {fault}"))
