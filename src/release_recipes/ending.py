"""The end of act 3: finish it from wherever it is, or forget what came to nothing."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from release_recipes import claims, events, publish
from release_recipes.commands.checkout import alone
from release_recipes.errors import (
    CommandFailed,
    Failed,
    InvalidSetting,
    NoIndexAnswer,
    ReleaseError,
    ReleaseWaits,
    Unfinished,
    UploadRefused,
)
from release_recipes.processes.process import shown
from release_recipes.publish.claim import ClaimedElsewhere
from release_recipes.settings import token

if TYPE_CHECKING:
    from release_recipes.commands.checkout import Place
    from release_recipes.settings import Settings
    from release_recipes.state.folder import State
    from release_recipes.state.record import Record


def finish(world: publish.World, state: State, steps: tuple[publish.Step, ...] = publish.RELEASE) -> None:
    """Make act 3 from wherever it is, and forget the record once all is public.

    Raises:
        ReleaseError: A step could not go on. The record waits (exit code 3), unless nothing came of it.
    """
    record = world.record
    try:
        publish.publish(world, steps)
    except (Failed, UploadRefused) as refusal:
        refusal.exit_code = 3
        if _came_to_nothing(world, state, refusal):
            with contextlib.suppress(ReleaseError):
                forget(world, state)
                refusal.exit_code = 1
        raise
    state.note("released", project=record.project, version=record.version, commit=record.commit, tag=record.tag)
    state.drop(record)


def _came_to_nothing(world: publish.World, state: State, refusal: ReleaseError) -> bool:
    """Say whether the world is as it was: no attempt of unknown end, nothing on the index, no tag on the remote."""
    # What is on disk: an upload that began after this record was read is noted there.
    records = [record for record in state.records() if record.tag_object == world.record.tag_object]
    maybe_public = any(record.maybe_public for record in records)
    if refusal.ambiguous if isinstance(refusal, UploadRefused) else maybe_public:
        return False
    if isinstance(refusal, ClaimedElsewhere):
        return True  # what the index and the remote have by now is the other machine's
    try:
        index = world.index
        files = index.page(world.record.project).files
        public = any(
            a.filename in files and index.sha256(files[a.filename]) == a.sha256 for a in world.record.artifacts
        )
        refs = world.git.remote_refs(world.record.remote).refs
    except (NoIndexAnswer, CommandFailed):
        return False
    ours = refs.get(f"refs/tags/{world.record.tag}") == world.record.tag_object
    return not (ours or public)


def forget(world: publish.World, state: State) -> None:
    """Remove every trace of a release of which nothing is public: the claim there, then the record, the claim here.

    Raises:
        CommandFailed: The remote does not answer.
        Unfinished: It does not let the claim go.
    """
    record, git = world.record, world.git
    if git.remote_refs(record.remote).refs.get(record.claim) == record.tag_object:
        lease = f"--force-with-lease={record.claim}:{record.tag_object}"
        git.pushes(["push", "--porcelain", "--no-verify", lease, record.remote, f":{record.claim}"])
        if git.remote_refs(record.remote).refs.get(record.claim) == record.tag_object:
            by_hand = shown(["git", "push", record.remote, f":{record.claim}"])
            message = f"{record.remote} does not let the claim {record.claim} be taken back."
            raise Unfinished(message, f"Take it back by hand ({by_hand}), then type: invoke abandon")
    state.drop(record)
    git.does("update-ref", "-d", record.claim)


def resume(here: Place) -> str:
    """Finish what waits. Returns the outcome, ``released`` or ``nothing-waits``.

    Raises:
        InvalidSetting: An address in the settings differs from the recorded one.
        ReleaseWaits: Nothing waits here, but another machine is not finished.
        ReleaseError: A step could not go on; the record still waits.
    """
    with alone(here, "resume"):
        records = here.state.records()
        for record in records:
            events.emit(events.Recorded(record))
            _same_addresses(record, here.settings)
            held = token(here.sources, test=False, address=record.upload_address, username=record.username)
            finish(publish.World(record, here.git, here.state, held, here.state.dist(record)), here.state)
        if not records:
            _nothing_elsewhere(here)
    return "released" if records else "nothing-waits"


def _nothing_elsewhere(here: Place) -> None:
    """See that no other machine has claimed a release; a remote that is silent is no reason to fail.

    Raises:
        ReleaseWaits: One has.
    """
    with contextlib.suppress(CommandFailed):
        for claim in claims.foreign(here):
            message = f"{claim}, and is not finished: {claims.standing(here, claim)}."
            hint = (
                "Finish it there, where its distributions are: invoke resume. If that machine is gone: invoke abandon"
            )
            raise ReleaseWaits(message, hint)


def _same_addresses(record: Record, settings: Settings) -> None:
    """Refuse an address from outside that is not the recorded one: a private package must not go elsewhere."""
    for name, recorded_address in (("repository_url", record.upload_address), ("index_url", record.index_address)):
        given = getattr(settings, name)
        if settings.origin(name) != "default" and given.rstrip("/") != recorded_address.rstrip("/"):
            message = (
                f"The release of {record.version} goes to {recorded_address}, but {settings.origin(name)} says {given}."
            )
            raise InvalidSetting(message, "Take that setting away, then type: invoke resume", exit_code=3)
