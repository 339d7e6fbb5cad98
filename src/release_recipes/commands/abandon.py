"""Give a release up: every trace goes while nothing is public; later the tag is pushed, and it is said what stays."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from release_recipes import claims, events, publish
from release_recipes.commands.checkout import alone
from release_recipes.ending import forget
from release_recipes.errors import NoIndexAnswer, ReleaseWaits
from release_recipes.processes.process import shown
from release_recipes.programs.git import reason
from release_recipes.settings import token

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from release_recipes.commands.checkout import Place
    from release_recipes.programs.git import Git
    from release_recipes.state.record import Record

#: Seconds before each question to the index, where an upload was begun: its page may be behind.
_QUESTIONS = (0.0, 1.0, 2.0)


def abandon(here: Place, *, yes: bool) -> str:
    """Give up what waits, here or claimed on the remote by a machine that is gone. Returns ``nothing-waits``.

    Raises:
        ReleaseWaits: Something is public, or nobody knows, and ``yes`` was not given.
    """
    with alone(here, "abandon"):
        for record in here.state.records():
            events.emit(events.Recorded(record))
            with events.step(f"abandon {record.tag}") as running:
                running.note = _abandon(here, record, yes=yes)
            here.state.note("abandoned", project=record.project, version=record.version)
        for claim in claims.foreign(here):
            with events.step(f"abandon {claim.tag}") as running:
                running.note = _abandon_claim(here, claim, yes=yes)
    return "nothing-waits"


def _abandon(here: Place, record: Record, *, yes: bool) -> str:
    """Give one release up."""
    git = here.git
    held = token(here.sources, test=False, address=record.upload_address, username=record.username)
    world = publish.World(record, git, here.state, held, here.state.dist(record))
    refs = git.remote_refs(record.remote).refs
    public = _on_index(world)
    tag_is_ours = refs.get(f"refs/tags/{record.tag}") == record.tag_object
    if not public and not tag_is_ours:
        forget(world, here.state)
        return "nothing was public; every trace is removed"
    stays = ", ".join([*public, *[f"the tag {record.tag}"] * tag_is_ours])
    if not yes:
        missing = [a.filename for a in record.artifacts if a.filename not in public]
        never = f" {', '.join(missing)} will never be there." if missing else ""
        message = f"This stays public for ever: {stays}.{never}"
        raise ReleaseWaits(
            message, "To finish instead: invoke resume. To give it up all the same: invoke abandon --yes"
        )
    _push_commit(git, record.remote, refs, record.claim, record.tag, record.tag_object, record.commit)
    if git.resolve(f"refs/tags/{record.tag}") is None:
        git.does("update-ref", f"refs/tags/{record.tag}", record.tag_object, "")
    here.state.drop(record)
    git.does("update-ref", "-d", record.claim)
    return f"{record.tag} is pushed, so that what stays public has its commit: {stays}"


def _on_index(world: publish.World) -> list[str]:
    """Return the files of a release that its index has, by name, with our sha256.

    Raises:
        NoIndexAnswer: An upload was begun, and the index does not answer.
    """
    record, index = world.record, world.index
    for pause in _QUESTIONS if record.maybe_public else _QUESTIONS[:1]:
        time.sleep(pause)
        try:
            files = index.page(record.project).files
            listed = [a for a in record.artifacts if a.filename in files]
            if found := [a.filename for a in listed if index.sha256(files[a.filename]) == a.sha256]:
                return found
        except NoIndexAnswer:
            if record.maybe_public:
                raise
    return []


def _abandon_claim(here: Place, claim: claims.Claim, *, yes: bool) -> str:
    """Give up a release that another machine claimed and will not finish."""
    if not yes:
        message = f"{claim}, and is not finished: {claims.standing(here, claim)}."
        hint = (
            "Finish it there: invoke resume. If that machine is gone for good: invoke abandon --yes. "
            "What was not uploaded is lost; if anything was, the tag is pushed."
        )
        raise ReleaseWaits(message, hint)
    git, remote = here.git, here.settings.remote
    public = claims.published(here, claim)
    if not public:
        _push(git, remote, claim.tag, [f"--force-with-lease={claim.ref}:{claim.tag_object}"], [f":{claim.ref}"])
        return f"none of its files is on {here.settings.index_address(test=False)}; the claim is taken back"
    commit = git.ask("rev-parse", f"{claim.tag_object}^{{commit}}")
    refs = git.remote_refs(remote).refs
    _push_commit(git, remote, refs, claim.ref, claim.tag, claim.tag_object, commit)
    return f"{claim.tag} is pushed, so that what stays public has its commit: {', '.join(public)}"


def _push_commit(  # noqa: PLR0913, PLR0917 - the names of one release
    git: Git, remote: str, refs: Mapping[str, str], claim: str, tag: str, tag_object: str, commit: str
) -> None:
    """Push the tag, or a branch where the tag's name is taken, and take the claim back in the same push."""
    ref, ours = f"refs/tags/{tag}", tag_object
    if refs.get(ref) not in {None, tag_object}:
        ref, ours = f"refs/heads/release/{tag}", commit
    leases, updates = [], []
    if refs.get(ref) != ours:
        leases, updates = [f"--force-with-lease={ref}:{refs.get(ref, '')}"], [f"{ours}:{ref}"]
    if claim in refs:
        leases.append(f"--force-with-lease={claim}:{tag_object}")
        updates.append(f":{claim}")
    if updates:
        _push(git, remote, tag, leases, updates)


def _push(git: Git, remote: str, tag: str, leases: Sequence[str], updates: Sequence[str]) -> None:
    """Push.

    Raises:
        ReleaseWaits: The remote refuses.
    """
    done = git.pushes(["push", "--porcelain", "--atomic", "--no-verify", *leases, remote, *updates])
    if done.code != 0:
        message = f"{remote} refuses the push for {tag}: {reason(done.output)}"
        raise ReleaseWaits(message, f"Try it by hand: {shown(['git', 'push', remote, *updates])}")
