"""The end of act 3: finish it from wherever it is, or forget what came to nothing."""

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
from release_recipes.processes.environment import shown
from release_recipes.publish import RELEASE, listing, publish
from release_recipes.publish.claim import take_back
from release_recipes.publish.step import Step, World
from release_recipes.state.folder import State


def finish(world: World, state: State, steps: tuple[Step, ...] = RELEASE) -> None:
    """Make act 3 from wherever it is, and forget the record once all is public.

    Raises:
        ReleaseError: A step could not go on. The record waits, unless nothing came of it.
    """
    try:
        publish(world, steps)
    except (Failed, UploadRefused, UploadFailed) as refusal:
        if _came_to_nothing(world, state, refusal):
            with contextlib.suppress(ReleaseError):
                forget(world, state)
        raise
    events.emit(events.Released(world.record.facts))
    state.drop(world.record)


def _came_to_nothing(world: World, state: State, refusal: ReleaseError) -> bool:
    """Return whether the world is as it was: no attempt of unknown end, nothing on the index, no tag on the remote."""
    record = world.record
    if isinstance(refusal, (UploadRefused, UploadFailed)):
        maybe_public = refusal.may_be_public
    else:
        # What is on disk: an upload that began after this record was read is noted there.
        maybe_public = any(kept.maybe_public for kept in state.records() if kept.tag_object == record.tag_object)
    if maybe_public:
        return False
    if isinstance(refusal, ClaimedElsewhere):
        return True  # what the index and the remote have by now is the other machine's
    try:
        public = bool(listing.of_record(world).same)
        refs = world.git.remote_refs(record.remote).refs
    except (NoIndexAnswer, CommandFailed):
        return False
    return not (public or refs.get(f"refs/tags/{record.tag}") == record.tag_object)


def forget(world: World, state: State) -> None:
    """Remove every trace of a release of which nothing is public: the claim there, then the record, the claim here.

    Raises:
        CommandFailed: The remote does not answer.
        Unfinished: It does not let the claim go.
    """
    record, git = world.record, world.git
    if git.remote_refs(record.remote).refs.get(record.claim) == record.tag_object:
        git.pushes(take_back(record))
        if git.remote_refs(record.remote).refs.get(record.claim) == record.tag_object:
            by_hand = shown(["git", "push", record.remote, f":{record.claim}"])
            message = f"{record.remote} does not let the claim {record.claim} be taken back."
            raise Unfinished(message, f"Take it back by hand ({by_hand}), then type: {typed('abandon')}")
    state.drop(record)
    if git.resolve(record.claim):
        git.does("update-ref", "-d", record.claim)
