"""The releases of a project as a fresh clone can know them: from the tags, the index, and GitHub."""

import functools
from collections.abc import Mapping, Sequence
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

    #: The index of a release that names none.
    default: str
    refs: RemoteRefs | None = None
    #: By the address of the index.
    pages: dict[str, Page] = field(default_factory=dict)
    #: GitHub's releases, by tag; ``None`` if they were not asked for.
    forge: Mapping[str, Mapping[str, Any]] | None = None
    #: What did not answer, with its words.
    faults: list[str] = field(default_factory=list)
    #: Tags of the project on the remote, with their versions.
    tags: Mapping[str, str] = field(default_factory=dict)
    #: What nobody could ask here, by what :mod:`verify_releases` counts, and why; it is no fault.
    unasked: dict[str, str] = field(default_factory=dict)

    def served(self, one: Release) -> list[Listed]:
        """Return the files that the index of a release has of it."""
        page = self.pages.get(one.index or self.default)
        return page.of_version(str(Version(one.version))) if page and is_version(one.version) else []

    def tell(self) -> None:
        """Say which sources did not answer."""
        events.tell(*(f"Not asked: {fault}" for fault in self.faults))


def ask(checkout: Checkout, name: str, releases: Sequence[Release]) -> World:
    """Ask the remote, the index of each release and that of the settings, and GitHub, all in parallel."""
    git, remote = checkout.git, checkout.settings.remote
    world = World(checkout.settings.target(test=False).index_address)

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
            world.unasked["assets"] = "the releases on GitHub (gh is not signed in: gh auth login)"
        else:
            found: dict[str, Mapping[str, Any]] = {}
            for number in range(1, _PAGES + 1):
                listed = gh.api(repository, f"releases?per_page={_PAGE}&page={number}", git.path)
                found |= {str(each["tag_name"]): each for each in listed if not each["draft"]}
                if len(listed) < _PAGE:
                    break
            world.forge = found

    indexes = sorted({world.default, *(one.index or world.default for one in releases)})
    for failure in in_parallel([ask_remote, ask_forge, *(functools.partial(ask_index, each) for each in indexes)]):
        if not isinstance(failure, ReleaseError):
            raise failure
        world.faults.append(failure.message)
    return world


def tagged(checkout: Checkout, name: str) -> list[Release]:
    """Return the releases that the tags here say, the newest first; one git process."""
    said_by_git = checkout.git.ask("for-each-ref", f"--format={_FORMAT}", "refs/tags")
    fields = (row.lstrip("\n").split("\x1f") for row in said_by_git.split("\x1e"))
    rows = [row for row in fields if len(row) == len(_FORMAT.split("%1f"))]
    versions = _versions(checkout, name, [row[0] for row in rows])
    found = []
    for tag, made, commit, at, tagger, message in (row for row in rows if row[0] in versions):
        said = tag_message.read(f"tagger {tagger}\n\n{message}")
        files = tuple(Artifact(filename, sha256, 0) for filename, sha256 in said.files.items())
        when = datetime.fromtimestamp(int(at), UTC).isoformat(timespec="seconds") if at else ""
        one = Release(
            project=name, version=versions[tag], tag=tag, tag_object=made, commit=commit or made,
            at=when, who=said.who if tagger else "", index=said.index_address, files=files,
        )  # fmt: skip
        found.append(one)
    return sorted(found, key=lambda one: Version(one.version), reverse=True)


def _versions(checkout: Checkout, name: str, tags: Sequence[str]) -> dict[str, str]:
    """Return the tags of the project among some, with their versions."""
    below = checkout.below
    return versions_of(tags, name=name, below=below, others=others(below, packages(checkout.git)))


def completed(one: Release, world: World) -> Release:
    """Return a release with what the index and GitHub know: files with sizes, and the time of the upload."""
    served = world.served(one)
    sizes = {each.filename: each.size for each in served}
    files = one.files or [Artifact(each.filename, each.sha256 or "", 0) for each in served]
    author = (world.forge or {}).get(one.tag, {}).get("author") or {}
    return replace(
        one,
        files=tuple(replace(each, size=each.size or sizes.get(each.filename, 0)) for each in files),
        at=min((each.uploaded for each in served if each.uploaded), default=one.at),
        index=one.index or (world.default if served else ""),
        who=one.who or str(author.get("login") or ""),
    )


def finished_elsewhere(one: Release, world: World) -> Release:
    """Return a release that was abandoned here as released, if another machine has published all of it since."""
    served = {each.filename: each.sha256 for each in world.served(one)}
    is_public = all(served.get(each.filename) == each.sha256 for each in one.files) and one.tag in world.tags
    return replace(one, outcome="released") if one.outcome == "abandoned" and one.files and is_public else one
