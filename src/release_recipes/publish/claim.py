"""Claim the release under ``refs/release-recipes/<tag>`` on the remote, before the upload.

The claim blocks a second machine, proves that pushing is allowed, runs the pre-push hook, and makes sure that the
commit of a published version is not on one machine only.
"""

import time
from collections.abc import Mapping

from release_recipes import events
from release_recipes.errors import ClaimedElsewhere, Failed, NoIndexAnswer, PushRefused, typed
from release_recipes.processes.environment import shown
from release_recipes.programs.git import reason
from release_recipes.project.packages import packages, paths
from release_recipes.publish import listing
from release_recipes.publish.step import Done, Step, World, always
from release_recipes.state.claims import foreign
from release_recipes.state.record import Record


def command(record: Record) -> list[str]:
    """Return the arguments of git for the claim, which must not exist yet (this is what the empty lease means)."""
    lease = f"--force-with-lease={record.claim}:"
    return ["push", "--porcelain", lease, record.remote, f"{record.tag_object}:{record.claim}"]


def take_back(record: Record) -> list[str]:
    """Return the arguments of git to remove our claim, and no other."""
    lease = f"--force-with-lease={record.claim}:{record.tag_object}"
    return ["push", "--porcelain", "--no-verify", lease, record.remote, f":{record.claim}"]


def remove(world: World) -> bool:
    """Take our claim back where the remote has it, and return whether it is gone.

    Raises:
        CommandFailed: The remote does not answer.
    """
    record, git = world.record, world.git
    if git.remote_refs(record.remote).refs.get(record.claim) != record.tag_object:
        return True
    git.pushes(take_back(record))
    return git.remote_refs(record.remote).refs.get(record.claim) != record.tag_object


def by_hand(record: Record) -> str:
    """Return the command that a user types to delete the claim."""
    return shown(["git", "push", record.remote, f":{record.claim}"])


def kept(record: Record) -> str:
    """Say that the remote refuses to delete our claim."""
    return f"{record.remote} refuses to delete the claim {record.claim}."


def _describe(record: Record) -> list[str]:
    return [f"$ {shown(['git', *command(record)])}"]


def hold(world: World) -> None:
    """See again that the claim is ours, if that is some time ago: after a pause, another machine may have given it up.

    Raises:
        ReleaseError: Another machine has released this version, or is about to; nothing was uploaded.
    """
    if world.claimed and not world.record.maybe_public and time.time() - world.claimed[-1] > world.patience.claim:
        _converge(world)


def _converge(world: World) -> Done:
    record, git = world.record, world.git
    refs = world.refs()
    world.claimed.append(time.time())
    if record.pushes_tag and refs.get(f"refs/tags/{record.tag}") == record.tag_object:
        return Done(note=f"{record.remote} has the tag", state="already done")
    if refs.get(record.claim) not in {None, record.tag_object}:
        raise _claimed(record.claim, record.remote)
    free_to_go(world, refs)
    if record.claim in refs:
        return Done(state="already done")
    _alone(world, refs)
    pushed = git.pushes(command(record))
    refs = world.refs()
    if refs.get(record.claim) == record.tag_object:
        _alone(world, refs)
        return Done(note=record.claim)
    if record.claim in refs:
        raise _claimed(record.claim, record.remote)
    if pushed.code == 0 or _server_declined(pushed.stdout, record.claim):
        message = f"{record.remote} does not accept the ref {record.claim}, so a second machine is not refused."
        hint = "Allow refs/release-recipes/* on the remote, or release from one machine only."
        events.warn(message, hint, "claim")
        return Done(note="the remote does not accept claims", state="left out")
    message = f"git push to {record.remote} was refused: {reason(pushed.output)}"
    command_to_try = shown(["git", "push", "--dry-run", record.remote, record.branch])
    raise PushRefused(message, f"Check your access: {command_to_try}")


def _alone(world: World, refs: Mapping[str, str]) -> None:
    """Check that no other version of the project is in progress; of two simultaneous claims the first name stays.

    Raises:
        ClaimedElsewhere: There is one; our claim is removed.
    """
    record = world.record
    claims = foreign(world.git, record.remote, refs, {record.claim}) if not record.maybe_public else []
    held = record.claim in refs
    for claim in claims:
        if claim.concerns(record.project) and not (held and record.claim < claim.ref):
            if held:
                world.git.pushes(take_back(record))
            raise _claimed(claim.ref, record.remote)


def free_to_go(world: World, refs: Mapping[str, str]) -> None:
    """Check again, just before the upload, that the tag is free and the branch has not moved.

    Raises:
        Failed: The tag exists, or the branch has moved; nothing was uploaded.
    """
    record = world.record
    if record.maybe_public:
        return
    if record.pushes_tag and f"refs/tags/{record.tag}" in refs:
        message = f"The tag {record.tag} was pushed to {record.remote} after the checks."
        pull = shown(["git", "pull", "--rebase", "--tags", record.remote, *filter(None, [record.branch])])
        raise ClaimedElsewhere(message, f"This release is given up. Find out who made the other one, then: {pull}")
    theirs = refs.get(f"refs/heads/{record.branch}")
    if theirs and not world.git.contains(theirs, record.commit) and _concerns(world, refs) and not _is_public(world):
        message = f"Commits were pushed to {record.remote}/{record.branch} after the checks."
        raise Failed(message, f"Release again after: git pull --rebase --tags {record.remote} {record.branch}")


def _concerns(world: World, refs: Mapping[str, str]) -> bool:
    """Return whether new commits of the branch change the project; others, of a larger repository, are merged."""
    record, own = world.record, paths(world.record.folder, packages(world.git))
    if not own:
        return True
    tip = world.git.fetch_missing(record.remote, refs, f"refs/heads/{record.branch}")
    return world.git.count(f"{record.commit}..{tip}", own) > 0


def _is_public(world: World) -> bool:
    """Return whether a file of this release is on the index although no upload of ours began."""
    try:
        return bool(listing.of_record(world).same)
    except NoIndexAnswer:
        return False


def _server_declined(porcelain: str, claim: str) -> bool:
    """Return whether the server itself refused the claim, not the transport or a local hook."""
    refused = [line for line in porcelain.splitlines() if line.startswith("!") and "[remote rejected]" in line]
    return any(claim in line for line in refused)


def _claimed(claim: str, remote: str) -> ClaimedElsewhere:
    return ClaimedElsewhere(
        f"Another machine has claimed a release of this project ({claim} on {remote}).",
        f"Finish the release on that machine. If that machine is lost: {typed('abandon')}",
    )


STEP = Step("claim", always, _describe, _converge)
