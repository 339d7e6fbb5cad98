"""Run act 3 from any point, and remove the record of a release of which nothing is public."""

import contextlib

from release_recipes import events
from release_recipes.errors import (
    ClaimedElsewhere,
    CommandFailed,
    Failed,
    NoIndexAnswer,
    ReleaseError,
    Unfinished,
    UploadFailed,
    UploadRefused,
    typed,
)
from release_recipes.publish import claim, listing, publish, steps_of
from release_recipes.publish.step import Step, World
from release_recipes.state.folder import State


def finish(world: World, state: State, steps: tuple[Step, ...] = ()) -> None:
    """Run act 3 from any point, and remove the record when everything is public.

    Args:
        world: The release.
        state: The state with its record.
        steps: The steps; by default those of its record.

    Raises:
        ReleaseError: A step could not continue. The record waits, unless nothing is public.
    """
    try:
        publish(world, steps or steps_of(world.record))
    except (Failed, UploadRefused, UploadFailed) as refusal:
        if _came_to_nothing(world, state, refusal):
            with contextlib.suppress(ReleaseError):
                forget(world, state)
        raise
    events.emit(events.Released(world.record.facts))
    state.drop(world.record)


def _came_to_nothing(world: World, state: State, refusal: ReleaseError) -> bool:
    """Return whether nothing is public: no attempt of unknown result, no file on the index, no tag on the remote."""
    record = world.record
    if isinstance(refusal, (UploadRefused, UploadFailed)):
        maybe_public = refusal.may_be_public
    else:
        # From disk, since an upload that began after this record was read is noted there.
        maybe_public = any(kept.maybe_public for kept in state.records() if kept.tag_object == record.tag_object)
    if maybe_public:
        return False
    if isinstance(refusal, ClaimedElsewhere):
        return True  # what is public comes from the other machine
    try:
        public = bool(listing.of_record(world).same)
        refs = world.git.remote_refs(record.remote).refs
    except (NoIndexAnswer, CommandFailed):
        return False
    return not (public or refs.get(f"refs/tags/{record.tag}") == record.tag_object)


def forget(world: World, state: State) -> None:
    """Remove all traces of a release of which nothing is public: the claim on the remote, the record, the local claim.

    Raises:
        CommandFailed: The remote does not answer.
        Unfinished: It refuses to delete the claim.
    """
    if not claim.remove(world):
        leave = f"Or leave it on the remote: {typed('abandon', '--yes')}"
        hint = f"Delete it by hand: {claim.by_hand(world.record)}, then run: {typed('abandon')}. {leave}"
        raise Unfinished(claim.kept(world.record), hint)
    clear(world, state)


def clear(world: World, state: State) -> None:
    """Remove the local traces of a release: the record, then the refs of the claim and of the commit after it."""
    state.drop(world.record)
    for ref in filter(world.git.resolve, (world.record.claim, world.record.next_ref)):
        world.git.does("update-ref", "-d", ref)
