"""Claim the release under ``refs/release-recipes/<tag>`` on the remote, before a byte is uploaded.

The claim refuses a second machine, proves that pushing is allowed, runs the pre-push hook, and keeps the commit of a
published version from living on one laptop only.
"""

from collections.abc import Mapping

from release_recipes import events
from release_recipes.errors import ClaimedElsewhere, Failed, NoIndexAnswer, PushRefused, typed
from release_recipes.findings import warning
from release_recipes.processes.environment import shown
from release_recipes.programs.git import reason
from release_recipes.publish import listing
from release_recipes.publish.step import Done, Step, World, always
from release_recipes.state.claims import foreign
from release_recipes.state.record import Record


def command(record: Record) -> list[str]:
    """Return the words with which git claims: only where nobody has (an empty expectation means "must not exist")."""
    lease = f"--force-with-lease={record.claim}:"
    return ["push", "--porcelain", lease, record.remote, f"{record.tag_object}:{record.claim}"]


def take_back(record: Record) -> list[str]:
    """Return the words with which git takes our claim back, and nobody else's."""
    lease = f"--force-with-lease={record.claim}:{record.tag_object}"
    return ["push", "--porcelain", "--no-verify", lease, record.remote, f":{record.claim}"]


def _describe(record: Record) -> list[str]:
    return [f"$ {shown(['git', *command(record)])}"]


def _converge(world: World) -> Done:
    record, git = world.record, world.git
    refs = world.refs()
    if record.pushes_tag and refs.get(f"refs/tags/{record.tag}") == record.tag_object:
        return Done(state="already done")
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
        message = f"{record.remote} keeps no ref {record.claim}, so a second machine would not be refused."
        hint = "Allow refs/release-recipes/* there, or release from one place."
        events.emit(events.Warned(warning(message, hint, "claim")))
        return Done(note="the remote takes no claims", state="left out")
    message = f"git push to {record.remote} is refused: {reason(pushed.output)}"
    raise PushRefused(message, f"Try it: {shown(['git', 'push', '--dry-run', record.remote, record.branch])}")


def _alone(world: World, refs: Mapping[str, str]) -> None:
    """See that no other version of the project is under way; of two that claim at the same time the first name stays.

    Raises:
        ClaimedElsewhere: One is; our claim is taken back.
    """
    record = world.record
    claims = foreign(world.git, record.remote, refs, {record.claim}) if not record.maybe_public else []
    for claim in (claim for claim in claims if claim.concerns(record.project)):
        if record.claim in refs and record.claim < claim.ref:
            continue
        if record.claim in refs:
            world.git.pushes(take_back(record))
        raise _claimed(claim.ref, record.remote)


def free_to_go(world: World, refs: Mapping[str, str]) -> None:
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
    """Return whether a file of this release is on the index although no upload of ours began: somebody's hand."""
    try:
        return bool(listing.of_record(world).same)
    except NoIndexAnswer:
        return False


def _server_declined(porcelain: str, claim: str) -> bool:
    """Return whether the server itself refused that one ref (the transport and the hook here were content)."""
    return any(
        line.startswith("!") and claim in line and "[remote rejected]" in line for line in porcelain.splitlines()
    )


def _claimed(claim: str, remote: str) -> ClaimedElsewhere:
    return ClaimedElsewhere(
        f"Another machine has claimed a release of this project ({claim} on {remote}).",
        f"Let it finish there. If that machine is gone for good: {typed('abandon')}",
    )


STEP = Step("claim", always, _describe, _converge)
