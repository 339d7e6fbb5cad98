"""Finish a release that stopped after its upload began, from any point, any number of times."""

import contextlib

from release_recipes import events
from release_recipes.commands.checkout import Checkout, alone
from release_recipes.errors import CommandFailed, NoIndexAnswer, ReleaseWaits, Unfinished, typed
from release_recipes.processes.environment import shown
from release_recipes.programs.git import without_credentials
from release_recipes.publish import listing
from release_recipes.publish.finish import finish
from release_recipes.settings import Target
from release_recipes.state.claims import Claim, foreign
from release_recipes.state.record import Record


def resume(checkout: Checkout) -> str:
    """Finish what waits. Returns the outcome, ``released`` or ``nothing-waits``.

    Raises:
        ReleaseWaits: Nothing waits here, but another machine is not finished.
        ReleaseError: A step could not go on, or an address differs from the recorded one; the record still waits.
    """
    with alone(checkout, "resume"):
        records = checkout.state.records()
        for record in records:
            events.emit(events.Recorded(record.facts))
            same_addresses(checkout, record)
            finish(checkout.world(record), checkout.state)
            events.emit(events.Told(f"{record.project} {record.version}: released"))
        if records:
            return "released"
        with contextlib.suppress(CommandFailed):  # a remote that is silent is no reason to fail
            for claim in claims_elsewhere(checkout):
                message = f"{claim}, and is not finished: {standing(checkout, claim)}."
                finish_there = f"Finish it there, where its distributions are: {typed('resume')}"
                raise ReleaseWaits(message, f"{finish_there}. If that machine is gone: {typed('abandon')}")
        events.emit(events.Told("Nothing waits to be finished."))
    return "nothing-waits"


def same_addresses(checkout: Checkout, record: Record) -> None:
    """Refuse an address from outside that is not the recorded one: a private package must not go elsewhere.

    Raises:
        Unfinished: One differs.
    """
    settings, target, version = checkout.settings, record.target, record.version
    recorded_as = {"repository_url": target.upload_address, "index_url": target.index_address}
    # A claim for another index than ours says where to ask, and nothing is uploaded there.
    for name, recorded in recorded_as.items() if target.upload_address else ():
        given = getattr(settings, name)
        if settings.origin(name) != "default" and given.rstrip("/") != recorded.rstrip("/"):
            message = f"The release of {version} goes to {recorded}, but {settings.origin(name)} says {given}."
            raise Unfinished(message, f"Take that setting away, then type: {typed('resume')}")
    remote = without_credentials(checkout.git.config(f"remote.{record.remote}.url") or "")
    if remote != record.remote_address:
        now = f"the remote {record.remote!r} is now {remote or 'not there'}"
        message = f"The release of {version} goes to {record.remote_address}, but {now}."
        command = ["git", "remote", "set-url" if remote else "add", record.remote, record.remote_address]
        raise Unfinished(message, f"{shown(command)}, then type: {typed('resume')}")


def claims_elsewhere(checkout: Checkout) -> list[Claim]:
    """Return the releases that the remote says are under way, for a checkout in which none waits.

    Raises:
        CommandFailed: It does not answer.
    """
    git, remote = checkout.git, checkout.settings.remote
    if git.config(f"remote.{remote}.url") is None:
        return []
    return foreign(git, remote, git.remote_refs(remote).refs, ())


def claimed(checkout: Checkout, claim: Claim) -> Record:
    """Return the record of a release that another machine claimed, as far as its tag tells.

    Its index is the one that the tag names. Where that is not the index of the settings here, it is asked without a
    token: nobody knows whose it is.
    """
    git, remote, ours = checkout.git, checkout.settings.remote, checkout.settings.target(test=False)
    is_ours = claim.said.index_address == ours.index_address
    return Record.from_tag(
        claim.said,
        tag=claim.tag,
        tag_object=claim.tag_object,
        commit=git.ask("rev-parse", f"{claim.tag_object}^{{commit}}"),
        target=ours if is_ours else Target("", claim.said.index_address),
        remote=remote,
        remote_address=without_credentials(git.config(f"remote.{remote}.url") or ""),
    )


def standing(checkout: Checkout, claim: Claim) -> str:
    """Say which files of a claimed release its index has, and which it lacks."""
    record = claimed(checkout, claim)
    try:
        found = listing.of_record(checkout.world(record))
    except NoIndexAnswer as error:
        return error.message.rstrip(".")
    lacks = ", ".join(name for name in found.ours if name not in found.same)
    has = f"{record.target.index_address} has {', '.join(found.same) or 'none of its files'}"
    return f"{has} and lacks {lacks}" if found.same and lacks else has
