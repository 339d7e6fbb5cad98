"""Releases that another machine has claimed on the remote: what the tag object tells of them, and how they stand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from release_recipes.errors import NoIndexAnswer
from release_recipes.index.client import Index

if TYPE_CHECKING:
    from collections.abc import Mapping

    from release_recipes.commands.checkout import Place

PREFIX = "refs/release-recipes/"


@dataclass(frozen=True)
class Claim:
    """A release that is under way elsewhere."""

    ref: str
    tag: str
    tag_object: str
    #: The project's name as the tag's message has it.
    project: str
    #: Who made the tag, and when (UTC).
    who: str
    when: str
    #: sha256 by file name.
    files: Mapping[str, str]

    def __str__(self) -> str:
        """Say what it is."""
        return f"{self.tag} was claimed by {self.who} on {self.when}"


def foreign(here: Place) -> list[Claim]:
    """Return the claims on the remote that no record here belongs to; their objects are fetched.

    Raises:
        CommandFailed: The remote does not answer.
    """
    remote = here.settings.remote
    if here.git.config(f"remote.{remote}.url") is None:
        return []
    own = {record.claim for record in here.state.records()}
    refs = here.git.remote_refs(remote).refs
    names = [name for name in refs if name.startswith(PREFIX) and not name.endswith("^{}") and name not in own]
    if names:
        here.git.fetch_objects(remote, *names)
    return [_read(name, refs[name], here.git.ask("cat-file", "-p", refs[name])) for name in names]


def published(here: Place, claim: Claim) -> list[str]:
    """Return the files of a claimed release that the index of our settings has, with the same sha256.

    Raises:
        NoIndexAnswer: It does not answer.
    """
    settings = here.settings
    index = Index(settings.index_address(test=False), settings.username, None, settings.repository_url)
    page = index.page(claim.project)
    return [name for name in claim.files if name in page.files and index.sha256(page.files[name]) == claim.files[name]]


def standing(here: Place, claim: Claim) -> str:
    """Say which of its files the index has, and which it lacks."""
    address = here.settings.index_address(test=False)
    try:
        there = published(here, claim)
    except NoIndexAnswer as error:
        return error.message.rstrip(".")
    lacks = ", ".join(name for name in claim.files if name not in there)
    return f"{address} has {', '.join(there) or 'none of its files'}" + (
        f" and lacks {lacks}" if there and lacks else ""
    )


def _read(ref: str, tag_object: str, said: str) -> Claim:
    """Read a tag object; one that is none of ours tells little."""
    tagger = re.search(r"^tagger (.*?) (\d+) [+-]\d{4}$", said, re.MULTILINE)
    when = datetime.fromtimestamp(int(tagger[2]), UTC).strftime("%Y-%m-%d %H:%M UTC") if tagger else "an unknown day"
    subject = said.partition("\n\n")[2].partition("\n")[0]
    files = {name: sha256 for sha256, name in re.findall(r"^([0-9a-f]{64})  (\S+)$", said, re.MULTILINE)}
    who = tagger[1] if tagger else "somebody"
    return Claim(ref, ref.removeprefix(PREFIX), tag_object, subject.rpartition(" ")[0], who, when, files)
