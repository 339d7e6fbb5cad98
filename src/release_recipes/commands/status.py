"""The status of a project: its version, the next versions, what is published and pushed, and unfinished releases."""

import contextlib
import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from packaging.version import Version

from release_recipes import events
from release_recipes.commands.checkout import Checkout
from release_recipes.commands.release_changed import members
from release_recipes.commands.resume import claims_elsewhere, standing
from release_recipes.errors import BumpFailed, ReleaseError, WrongUsage, counted, typed
from release_recipes.index.client import Index
from release_recipes.processes.threads import in_parallel
from release_recipes.programs.git import RemoteRefs
from release_recipes.project.packages import Package, packages, since_last_release
from release_recipes.project.source import is_version
from release_recipes.publish import listing, watch
from release_recipes.settings import PYPI, TEST_PYPI, Target
from release_recipes.state.record import Record

#: The rule of PyPI since July 2026; it starts with the first file, which is uploaded after the record is written.
CLOSES_AFTER = timedelta(days=14)


def status(checkout: Checkout) -> str:
    """Ask everything in parallel, and show it; at the top of a repository with several packages, each of them, too.

    Returns ``nothing-waits`` or ``unfinished``.

    Raises:
        NoProject: Name or version of a project cannot be read.
    """
    found = look(checkout)
    lines, rows = [str(checkout.folder)], {"remote": found["remote"]}
    if found["project"]:
        after = f"since {found['last_tag']}" if found["last_tag"] else "and no tag"
        lines = [f"{found['project']} {found['prior']}"]
        rows = {"commits": f"{found['commits_since']} {after}", **found["parts"], "index": found["index"], **rows}
    lines += [f"  {name:<9} {value}" for name, value in rows.items()]
    for each in found["packages"]:
        requires = f"; requires {', '.join(each['requires'])}" if each["requires"] else ""
        index = f" (index: {each['index'] or 'none'})"
        lines.append(f"{each['folder']}: {each['project']} {each['prior'] or '?'}{index}, {each['since']}{requires}")
    for release, words in found["waiting"].items():
        lines += [f"{release} is not finished:", *(f"  {text}" for text in words)]
    events.tell(*lines)
    events.emit(events.Facts({"project": found["project"], "prior_version": found["prior"], "status": found}))
    return "unfinished" if found["waiting"] else "nothing-waits"


def look(checkout: Checkout) -> dict[str, Any]:
    """Ask everything in parallel, for the JSON document; a question that failed has its reason as the answer."""
    known, records = packages(checkout.git), [(one, one.state.records()[0]) for one in checkout.unfinished()]
    answers: dict[str, Any] = {"project": None, "prior": None, "folder": str(checkout.folder)}
    waiting = {f"{record.project} {record.version}": list[str]() for _, record in records}
    jobs: list[Callable[[], object]] = []

    def ask_remote() -> None:
        answers["remote"], refs = _remote_line(checkout)
        for one, record in records:
            waiting[f"{record.project} {record.version}"] += _waiting(one, record, refs)
        for claim in claims_elsewhere(checkout, refs.refs) if refs else ():
            hint = f"finish it on that machine, or, if nothing runs there any more, abandon it: {typed('abandon')}"
            waiting[f"{claim.said.project} {claim.tag}".strip()] = [str(claim), standing(checkout, claim), hint]

    if not checkout.is_workspace(known):
        project = checkout.project()
        source, versions = project.source, project.source.read(checkout.folder)
        tag, commits = since_last_release(checkout.git, project.name, project.below, known)
        parts: dict[str, str] = dict.fromkeys(versions.parts, "")
        answers |= {"project": project.name, "prior": versions.current, "parts": parts}
        answers |= {"last_tag": tag or None, "commits_since": commits}

        def ask_part(part: str) -> None:
            parts[part] = source.read(checkout.folder, part).next

        def ask_index() -> None:
            answers["index"] = _index_line(checkout, project.name, versions.current)

        jobs = [ask_index, *(functools.partial(ask_part, part) for part in versions.parts)]
    # A part that cannot be bumped, for example because it has its last value, is left out.
    failures = in_parallel([ask_remote, *jobs])
    for failure in (failure for failure in failures if not isinstance(failure, (BumpFailed, WrongUsage))):
        raise failure
    several = members(checkout, known) if checkout.below == "." and len(known) > 1 else []
    newest = _newest(checkout, [member.package for member in several])
    if "parts" in answers:
        answers["parts"] = {part: version for part, version in answers["parts"].items() if version}
    rows = [member.facts(known) | {"index": newest[member.package.below]} for member in several]
    return {**answers, "packages": rows, "waiting": waiting}


def _newest(checkout: Checkout, known: Sequence[Package]) -> dict[str, str | None]:
    """Return the newest version of each package on its index; ``None`` if it has none."""
    found: dict[str, str | None] = {package.below: "not known" for package in known}
    clients, jobs = dict[Target, Index](), list[Callable[[], None]]()
    once = replace(checkout.patience, question=replace(checkout.patience.question, attempts=1))

    def ask(package: Package, client: Index) -> None:
        with contextlib.suppress(ReleaseError):
            versions = client.page(package.name).versions()
            found[package.below] = str(max(map(Version, versions))) if versions else None

    for package in known:
        with contextlib.suppress(ReleaseError):  # of settings that are wrong
            target = checkout.of(package.below).settings.target(test=False)
            if target not in clients:  # each asks the keyring
                clients[target] = replace(checkout.index(target), patience=once)
            jobs.append(functools.partial(ask, package, clients[target]))
    for failure in in_parallel(jobs):
        raise failure
    return found


def _index_line(checkout: Checkout, name: str, prior: str) -> str:
    target = checkout.settings.target(test=False)
    try:
        page = checkout.index(target).page(name)
    except ReleaseError as error:
        return error.message
    versions = sorted((Version(version) for version in page.versions()), reverse=True)
    if not versions:
        return f"{target.index_address} has no {name} yet"
    has = "has" if is_version(prior) and Version(prior) in versions else "does not have"
    return f"{target.index_address} {has} {prior}; the newest version is {versions[0]}"


def _remote_line(checkout: Checkout) -> tuple[str, RemoteRefs | None]:
    """Compare the remote with this checkout, and return its refs if it answered."""
    remote, git = checkout.settings.remote, checkout.git
    if not git.address(remote):
        return f"there is no remote {remote!r}", None
    try:
        refs = git.remote_refs(remote)
    except ReleaseError as error:
        return error.message, None
    branch = git.branch()
    theirs = refs.branch(branch) if branch else None
    if branch is None or theirs is None:
        return f"{remote} does not have the branch of this checkout", refs
    head = git.ask("rev-parse", "HEAD")
    if not git.contains(theirs, head):
        return f"{remote}/{branch} has commits that the local branch does not have", refs
    if theirs == head:
        return f"{remote}/{branch} is at HEAD", refs
    ahead = counted(int(git.ask("rev-list", "--count", f"{theirs}..{head}")), "commit")
    return f"HEAD is {ahead} ahead of {remote}/{branch}", refs


def _waiting(checkout: Checkout, record: Record, refs: RemoteRefs | None) -> list[str]:
    """Say which parts of an unfinished release are done, by hash and object id."""
    if record.by_ci:
        return _published_by_ci(checkout, record, refs)
    try:
        found = listing.of_record(checkout.world(record))
        said = {**dict.fromkeys(found.absent, "missing"), **dict.fromkeys(found.same, "published")}
        other = "conflict: the index has a different file of this name"
        lines = [f"{name}: {said.get(name, other)}" for name in found.ours]
    except ReleaseError as error:
        lines = [error.message]
    lines += [*_tag(record, refs), *closing(record, datetime.now(UTC))]
    is_lost = any("conflict: " in line for line in lines)
    return [*lines, f"give it up: {typed('abandon')}" if is_lost else f"finish it: {typed('resume')}"]


def _published_by_ci(checkout: Checkout, record: Record, refs: RemoteRefs | None) -> list[str]:
    """Say what CI does with a release, and what is public of it."""
    pushed = refs is None or refs.tag(record.tag) == record.tag_object
    finish = f"{'watch it to its end' if pushed else 'push its tag, and watch it'}: {typed('resume')}"
    return [*watch.look(checkout.world(record)).lines(), *_tag(record, refs), finish]


def _tag(record: Record, refs: RemoteRefs | None) -> list[str]:
    """Say whether the tag is on the remote."""
    if refs is None or not record.pushes_tag:
        return []
    words = {None: "missing", record.tag_object: "pushed"}
    word = words.get(refs.tag(record.tag), "conflict: the remote has a different one")
    return [f"tag {record.tag}: {word}"]


def closing(record: Record, at: datetime) -> list[str]:
    """Say how long PyPI accepts files for an unfinished release: 14 days from the first; others have no limit."""
    if record.target.upload_address not in {PYPI.upload_address, TEST_PYPI.upload_address}:
        return []
    left = (datetime.fromisoformat(record.started) + CLOSES_AFTER - at) / timedelta(days=1)
    if left <= 0:
        return [f"PyPI takes no more files for {record.version}, because 14 days have passed: {typed('abandon')}"]
    # If the clock was wrong when the release began, the limit is still 14 days.
    days = min(math.ceil(left), CLOSES_AFTER.days)
    return [f"PyPI takes files for this release for {counted(days, 'more day')}"]
