"""Claim the release under ``refs/release-recipes/<tag>`` on the remote, before a byte is uploaded.

The claim refuses a second machine, proves that pushing is allowed, runs the pre-push hook, and keeps the commit of a
published version from living on one laptop only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_recipes import events
from release_recipes.errors import CommandFailed, Failed, NoIndexAnswer, Problem, Unfinished
from release_recipes.processes.process import shown
from release_recipes.programs.git import reason
from release_recipes.publish.step import Done, Step, World

if TYPE_CHECKING:
    from release_recipes.plan import Plan


def _describe(plan: Plan) -> list[str]:
    return [shown(["git", *command(plan.remote, plan.claim, "<tag object>")])]


def command(remote: str, claim: str, tag_object: str) -> list[str]:
    """Return the words with which git claims: only where nobody has (an empty expectation means "must not exist")."""
    return ["push", "--porcelain", f"--force-with-lease={claim}:", remote, f"{tag_object}:{claim}"]


class ClaimedElsewhere(Failed):
    """Another machine releases this version, or has just released it; nothing was uploaded from here."""


class PushRefused(Failed):
    """The remote, or the pre-push hook, refuses what a release pushes; nothing was uploaded."""


def _converge(world: World) -> Done:
    record, git = world.record, world.git
    refs = _refs(world)
    if record.pushes_tag and refs.get(f"refs/tags/{record.tag}") == record.tag_object:
        return Done(state="already done")
    if refs.get(record.claim) not in {None, record.tag_object}:
        raise _claimed(record.claim, record.remote)
    free_to_go(world, refs)
    if record.claim in refs:
        return Done(state="already done")
    pushed = git.pushes(command(record.remote, record.claim, record.tag_object))
    refs = _refs(world)
    if refs.get(record.claim) == record.tag_object:
        return Done(note=record.claim)
    if record.claim in refs:
        raise _claimed(record.claim, record.remote)
    if pushed.code == 0 or _server_declined(pushed.stdout, record.claim):
        message = f"{record.remote} keeps no ref {record.claim}, so a second machine would not be refused."
        events.emit(
            events.Warned(Problem("claim", message, "Allow refs/release-recipes/* there, or release from one place."))
        )
        return Done(note="the remote takes no claims", state="left out")
    message = f"git push to {record.remote} is refused: {reason(pushed.output)}"
    raise PushRefused(message, f"Try it: {shown(['git', 'push', '--dry-run', record.remote, record.branch])}")


def _refs(world: World) -> dict[str, str]:
    """Ask the remote; without its answer nobody knows who claimed what."""
    try:
        return dict(world.git.remote_refs(world.record.remote).refs)
    except CommandFailed as error:
        raise Unfinished(f"The remote {world.record.remote!r} does not answer: {reason(error.output)}") from None


def free_to_go(world: World, refs: dict[str, str]) -> None:
    """See once more, just before the upload, that nobody took the tag or moved the branch.

    Raises:
        Failed: Somebody did; nothing was uploaded.
    """
    record = world.record
    if record.maybe_public:
        return
    if record.pushes_tag and f"refs/tags/{record.tag}" in refs:
        message = f"The tag {record.tag} has appeared on {record.remote} since the checks."
        raise ClaimedElsewhere(message, "Find out who released it; then release another version.")
    theirs = refs.get(f"refs/heads/{record.branch}")
    if theirs and not world.git.contains(theirs, record.commit) and not _is_public(world):
        message = f"{record.remote}/{record.branch} has moved since the checks."
        raise Failed(message, f"git pull --rebase {record.remote} {record.branch}, then release again.")


def _is_public(world: World) -> bool:
    """Say whether a file of this release is on the index although no upload of ours began: somebody's hand."""
    try:
        files = world.index.page(world.record.project).files
        return any(
            world.index.sha256(files[a.filename]) == a.sha256 for a in world.record.artifacts if a.filename in files
        )
    except NoIndexAnswer:
        return False


def _server_declined(porcelain: str, claim: str) -> bool:
    """Say whether the server itself refused that one ref (the transport and the hook here were content)."""
    return any(
        line.startswith("!") and claim in line and "[remote rejected]" in line for line in porcelain.splitlines()
    )


def _claimed(claim: str, remote: str) -> ClaimedElsewhere:
    return ClaimedElsewhere(
        f"Another machine has claimed this release ({claim} on {remote}).",
        "Let it finish there. If that machine is gone for good: invoke abandon",
    )


STEP = Step("claim", _describe, _converge)
