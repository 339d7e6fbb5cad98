"""How a project stands: its version, what each part would give, and what is published, pushed, and unfinished."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from packaging.version import Version

from release_recipes.commands.release import subject_of
from release_recipes.errors import BumpFailed, CommandFailed, ReleaseError
from release_recipes.index.client import Index
from release_recipes.plan import Request
from release_recipes.processes.threads import side_by_side
from release_recipes.project.files import is_version
from release_recipes.settings import PYPI, TEST_PYPI, token

if TYPE_CHECKING:
    from release_recipes.commands.checkout import Place
    from release_recipes.state.record import Record

#: PyPI's rule since July 2026, counted from the first file, which came after the record was made.
CLOSES_AFTER = timedelta(days=14)


@dataclass(frozen=True)
class Status:
    """How a project stands; what could not be asked says why."""

    project: str
    prior: str
    #: Part to the version that it would give, in order.
    parts: dict[str, str]
    #: The last tag that HEAD contains, and how many commits came after it; ``None`` where there is no tag.
    last_tag: str | None
    commits_since: int
    #: Lines about the index and the remote.
    index: str
    remote: str
    #: Releases that wait to be finished, each with lines that say what is published and what is missing.
    waiting: dict[str, list[str]]


def status(here: Place) -> Status:
    """Ask everything, side by side.

    Raises:
        NoProject: There is no project whose name and version can be read.
    """
    subject = subject_of(here, Request())
    shown = subject.project.bumper.show(subject.root, None)
    answers: dict[str, str] = {}
    parts: dict[str, str] = {}

    def ask_part(part: str) -> None:
        parts[part] = subject.project.bumper.show(subject.root, part).new_version or ""

    def ask_index() -> None:
        answers["index"] = _index_line(here, subject.project.name, shown.current_version)

    def ask_remote() -> None:
        answers["remote"] = _remote_line(here)

    failures = side_by_side([ask_index, ask_remote, *(functools.partial(ask_part, part) for part in shown.parts)])
    # A part that cannot be raised, such as one past its last value, is left out.
    for failure in (failure for failure in failures if not isinstance(failure, BumpFailed)):
        raise failure
    described = _last_tag(here)
    since = int(here.git.ask("rev-list", "--count", f"{described}..HEAD" if described else "HEAD"))
    return Status(
        project=subject.project.name,
        prior=shown.current_version,
        parts={part: parts[part] for part in shown.parts if parts.get(part)},
        last_tag=described or None,
        commits_since=since,
        index=answers["index"],
        remote=answers["remote"],
        waiting={f"{record.project} {record.version}": _waiting(here, record) for record in here.state.records()},
    )


def _last_tag(here: Place) -> str:
    """Return the last tag that HEAD contains; empty where there is none (a tag may be on another branch only)."""
    try:
        return here.git.ask("describe", "--tags", "--abbrev=0")
    except CommandFailed:
        return ""


def _index_line(here: Place, name: str, prior: str) -> str:
    settings = here.settings
    try:
        held = token(here.sources, test=False)
        page = Index(settings.index_address(test=False), settings.username, held, settings.repository_url).page(name)
    except ReleaseError as error:
        return error.message
    versions = sorted((Version(version) for version in page.versions()), reverse=True)
    if not versions:
        return f"{settings.index_address(test=False)} has no {name} yet"
    has = "has" if is_version(prior) and Version(prior) in versions else "does not have"
    return f"{settings.index_address(test=False)} {has} {prior}; its newest is {versions[0]}"


def _remote_line(here: Place) -> str:
    remote, git = here.settings.remote, here.git
    if git.config(f"remote.{remote}.url") is None:
        return f"there is no remote {remote!r}"
    try:
        refs = git.remote_refs(remote)
    except ReleaseError as error:
        return error.message
    branch = git.branch()
    theirs = refs.branch(branch) if branch else None
    if branch is None or theirs is None:
        return f"{remote} has no branch of this checkout"
    head = git.ask("rev-parse", "HEAD")
    word = (
        "is at HEAD"
        if theirs == head
        else "is behind HEAD"
        if git.contains(theirs, head)
        else "has commits that are not here"
    )
    return f"{remote}/{branch} {word}"


def _waiting(here: Place, record: Record) -> list[str]:
    """Say of each part of an unfinished release whether it is done."""
    index = Index(record.index_address, record.username, token(here.sources, test=False), record.upload_address)
    try:
        files = index.page(record.project).files
        lines = [f"{a.filename}: {'published' if a.filename in files else 'missing'}" for a in record.artifacts]
    except ReleaseError as error:
        lines = [error.message]
    try:
        refs = here.git.remote_refs(record.remote).refs
        lines.append(f"tag {record.tag}: {'pushed' if f'refs/tags/{record.tag}' in refs else 'missing'}")
    except ReleaseError as error:
        lines.append(error.message)
    return [*lines, *closing(record, datetime.now(UTC)), "finish it: invoke resume"]


def closing(record: Record, at: datetime) -> list[str]:
    """Say how long PyPI takes files for an unfinished release: 14 days from its first; other indexes have no end."""
    if record.upload_address not in {PYPI[0], TEST_PYPI[0]}:
        return []
    left = (datetime.fromisoformat(record.started) + CLOSES_AFTER - at) / timedelta(days=1)
    if left <= 0:
        return [f"PyPI takes no more files for {record.version} since its 14 days are over: invoke abandon"]
    # A clock that was wrong when the release began must not promise more than there is.
    days = min(math.ceil(left), CLOSES_AFTER.days)
    return [f"PyPI takes files for it for {days} more {'day' if days == 1 else 'days'}"]
