"""Releases of the past, as the history of a repository, its tags, and the index know them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from release_recipes.state.record import Artifact


@dataclass(frozen=True, kw_only=True)
class Release:
    """One release of the past; what is not known is empty, or ``None``."""

    #: The project's name as it spells it.
    project: str
    version: str
    tag: str = ""
    #: The id of the tag object; of a lightweight tag, that of its commit.
    tag_object: str = ""
    commit: str = ""
    #: When it was published, or its last attempt ended: UTC, ISO 8601, in seconds.
    at: str = ""
    #: The git identity, such as ``Jane <jane@example.com>``.
    who: str = ""
    #: The machine's name, or the page of the run in CI.
    where: str = ""
    #: The root of the index's simple API.
    index: str = ""
    files: tuple[Artifact, ...] = ()
    #: Wall-clock seconds of all attempts together.
    seconds: float | None = None
    #: How often it was attempted: the release, and each ``resume``.
    attempts: int | None = None
    #: Wall-clock seconds by step, of all attempts together.
    steps: Mapping[str, float] = field(default_factory=dict)
    #: ``released``, ``unfinished``, ``abandoned``, or as a task ends that did not publish anything.
    outcome: str = "released"
