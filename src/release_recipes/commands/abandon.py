"""Give a release up: every trace goes while nothing is public; later its commit gets a home, and it is said what stays.

With ``--yes`` it always ends, whatever remote and index refuse: what could not be done is told.
"""

import time
from dataclasses import replace

from release_recipes import events
from release_recipes.commands.checkout import Checkout, alone
from release_recipes.commands.resume import claimed, claims_elsewhere, same_addresses, standing
from release_recipes.errors import CommandFailed, NoIndexAnswer, ReleaseWaits, Unfinished, typed
from release_recipes.processes.environment import shown
from release_recipes.programs.git import reason, without_credentials
from release_recipes.publish import listing
from release_recipes.publish.claim import take_back
from release_recipes.publish.finish import forget
from release_recipes.publish.push import own_branch
from release_recipes.publish.step import World


def abandon(checkout: Checkout, *, yes: bool) -> str:
    """Give up what waits, here or claimed on the remote by a machine that is gone. Returns ``nothing-waits``.

    Raises:
        ReleaseWaits: Something is public, or nobody knows, and ``yes`` was not given.
    """
    with alone(checkout, "abandon"):
        records = checkout.state.records()
        claims = [] if records else claims_elsewhere(checkout)
        for claim in [] if yes else claims:
            message = f"{claim}, and is not finished: {standing(checkout, claim)}."
            hint = (
                f"Finish it there: {typed('resume')}. If that machine is gone for good: {typed('abandon', '--yes')}. "
                "What was not uploaded is lost; if anything was, the tag is pushed."
            )
            raise ReleaseWaits(message, hint)
        for record in records or [claimed(checkout, claim) for claim in claims]:
            events.emit(events.Recorded(record.facts))
            with events.step(f"abandon {record.tag}") as running:
                running.note = _abandon(checkout, checkout.world(record), yes=yes)
            events.emit(events.Abandoned(record.facts))
        if not (records or claims):
            events.emit(events.Told("Nothing waits to be finished."))
    return "nothing-waits"


def _abandon(checkout: Checkout, world: World, *, yes: bool) -> str:
    """Give one release up."""
    record, git, public = world.record, world.git, list[str]()
    try:
        same_addresses(checkout, record)
        public = _on_index(world)
        if world.refs().get(f"refs/tags/{record.tag}") == record.tag_object:
            public.append(f"the tag {record.tag}")
    except (Unfinished, NoIndexAnswer) as error:
        if not yes:
            raise
        events.emit(events.Told(f"{error.message} What is public is not known."))
    else:
        if not public:
            forget(world, checkout.state)
            return "nothing was public; every trace is removed"
    if not yes:
        missing = [a.filename for a in record.artifacts if a.filename not in public]
        never = f" {', '.join(missing)} will never be there." if missing else ""
        message = f"This stays public for ever: {', '.join(public)}.{never}"
        hint = f"To finish instead: {typed('resume')}. To give it up all the same: {typed('abandon', '--yes')}"
        raise ReleaseWaits(message, hint)
    if without_credentials(git.config(f"remote.{record.remote}.url") or "") != record.remote_address:
        # The commit goes to no other repository that has the remote's name by now.
        world = replace(world, record=replace(record, remote=record.remote_address))
    home = _give_home(world)
    if git.resolve(f"refs/tags/{record.tag}") is None:
        git.does("update-ref", f"refs/tags/{record.tag}", record.tag_object, "")
    checkout.state.drop(record)
    if git.resolve(record.claim):
        git.does("update-ref", "-d", record.claim)
    return f"{home}, so that what stays public has its commit: {', '.join(public)}" if public else home


def _on_index(world: World) -> list[str]:
    """Return the files of a release that its index has, with our sha256; where an upload was begun, with patience.

    Raises:
        NoIndexAnswer: An upload was begun, and the index does not answer.
    """
    for pause in world.patience.doubt if world.record.maybe_public else (0.0,):
        time.sleep(pause)
        try:
            if found := listing.of_record(world).same:
                return found
        except NoIndexAnswer:
            if world.record.maybe_public:
                raise
    return []


def _give_home(world: World) -> str:
    """Push the tag, or a branch where the tag is not taken, and take the claim back; say what has the commit now."""
    record, git, remote = world.record, world.git, world.record.remote
    try:
        refs = git.remote_refs(remote).refs
        branch = own_branch(record.tag, record.commit, refs)
        for ref, ours in [(f"refs/tags/{record.tag}", record.tag_object)] * record.pushes_tag + [
            (branch, record.commit)
        ]:
            if refs.get(ref) is None:
                git.pushes(
                    ["push", "--porcelain", "--no-verify", f"--force-with-lease={ref}:", remote, f"{ours}:{ref}"]
                )
                refs = git.remote_refs(remote).refs
            if refs.get(ref) == ours:
                _take_back(world)
                return f"{ref.removeprefix('refs/tags/').removeprefix('refs/heads/')} is pushed"
        stays = f"{record.claim} stays there" if refs.get(record.claim) == record.tag_object else "has no trace of it"
    except CommandFailed as error:
        return f"{remote} does not answer ({reason(error.output)}), and has what it has; the tag {record.tag} is here"
    return f"{remote} takes neither tag nor branch, and {stays}; the tag {record.tag} is here"


def _take_back(world: World) -> None:
    """Take the claim back; where the remote does not let it go, tell how to do it by hand."""
    record, git = world.record, world.git
    if git.remote_refs(record.remote).refs.get(record.claim) == record.tag_object:
        git.pushes(take_back(record))
    if git.remote_refs(record.remote).refs.get(record.claim) == record.tag_object:
        by_hand = shown(["git", "push", record.remote, f":{record.claim}"])
        events.emit(events.Told(f"{record.remote} keeps the claim, which refuses other releases; by hand: {by_hand}"))
