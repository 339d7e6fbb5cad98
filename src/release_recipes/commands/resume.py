"""Finish a release that was interrupted after its upload began, at any point, any number of times."""

import contextlib
from collections.abc import Mapping
from dataclasses import replace

from release_recipes import events, publish
from release_recipes.commands.checkout import Checkout, alone
from release_recipes.errors import CommandFailed, NoIndexAnswer, ReleaseWaits, Unfinished, typed
from release_recipes.processes.environment import shown
from release_recipes.project import declared
from release_recipes.publish import listing
from release_recipes.publish.finish import finish
from release_recipes.settings import Target
from release_recipes.state.claims import Claim, foreign
from release_recipes.state.record import Record


def resume(checkout: Checkout) -> str:
    """Finish the unfinished releases of a project; at the top of the repository, those of each.

    Returns the outcome, ``released`` or ``nothing-waits``.

    Raises:
        ReleaseWaits: Only another machine has an unfinished release.
        ReleaseError: A step could not continue, or an address differs from the record; the record still waits.
    """
    waiting = checkout.unfinished()
    for one in waiting:
        with alone(one, "resume"):
            for record in one.state.records():
                events.emit(events.Recorded(record.facts))
                same_addresses(one, record)
                follow = publish.following(record, publish.steps_of(record))
                events.emit(events.Coming({"check": [], "prepare": [], "publish": follow}))
                finish(one.world(record, uploads=True), one.state)
                events.tell(f"{record.project} {record.version}: released")
                if record.goes_on:
                    events.tell(f"To release the other packages: {typed('release', *record.goes_on)}")
    if waiting:
        return "released"
    with alone(checkout, "resume"):
        with contextlib.suppress(CommandFailed):  # a remote that does not answer is no reason to fail
            for claim in claims_elsewhere(checkout):
                message = f"{claim}, and is not finished: {standing(checkout, claim)}."
                finish_there = f"Finish it on that machine, which has its distributions: {typed('resume')}"
                raise ReleaseWaits(message, f"{finish_there}. If that machine is lost: {typed('abandon')}")
        events.tell("No release is unfinished.")
    return "nothing-waits"


def same_addresses(checkout: Checkout, record: Record) -> None:
    """Refuse an address that differs from the record: a private package must not go to another index.

    Raises:
        Unfinished: One differs.
    """
    settings, target, version = checkout.settings, record.target, record.version
    recorded_as = {"repository_url": target.upload_address, "index_url": target.index_address}
    # A claim for another index has no upload address, since nothing is uploaded to it.
    for name, recorded in recorded_as.items() if target.upload_address else ():
        given = getattr(settings, name)
        if settings.origin(name) != "default" and given.rstrip("/") != recorded.rstrip("/"):
            message = f"The release of {version} goes to {recorded}, but {settings.origin(name)} is set to {given}."
            raise Unfinished(message, f"Remove that setting, then run: {typed('resume')}")
    remote = checkout.git.address(record.remote)
    if remote != record.remote_address:
        now = f"the remote {record.remote!r} {f'is now {remote}' if remote else 'does not exist now'}"
        message = f"The release of {version} goes to {record.remote_address}, but {now}."
        command = ["git", "remote", "set-url" if remote else "add", record.remote, record.remote_address]
        raise Unfinished(message, f"{shown(command)}, then run: {typed('resume')}")


def where_it_began(checkout: Checkout, record: Record) -> Record:
    """Return the record with the recorded address for the remote where its name leads elsewhere by now."""
    is_same = checkout.git.address(record.remote) == record.remote_address
    return record if is_same else replace(record, remote=record.remote_address)


def claims_elsewhere(checkout: Checkout, refs: Mapping[str, str] | None = None) -> list[Claim]:
    """Return the claims of other machines among a remote's refs: of the project, at the top of each.

    Raises:
        CommandFailed: The remote does not answer.
    """
    git, remote = checkout.git, checkout.settings.remote
    if refs is None:
        refs = git.remote_refs(remote).refs if git.address(remote) else {}
    own = [record.claim for state in checkout.state.all() for record in state.records()]
    claims = foreign(git, remote, refs, own)
    name = "" if checkout.whole else declared.read(checkout.folder, checkout.sources.pyproject).name
    return [claim for claim in claims if not name or claim.concerns(name)]


def claimed(checkout: Checkout, claim: Claim) -> Record:
    """Return the record of a release that another machine claimed, from its tag.

    The tag names its index. If that is not the index of our settings, it is asked without a token, because it may
    belong to anyone.
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
        remote_address=git.address(remote),
    )


def standing(checkout: Checkout, claim: Claim) -> str:
    """Say which files of a claimed release are on its index, and which are missing."""
    record = claimed(checkout, claim)
    try:
        found = listing.of_record(checkout.world(record))
    except NoIndexAnswer as error:
        return error.message.rstrip(".")
    lacks = ", ".join(name for name in found.ours if name not in found.same)
    has = f"{record.target.index_address} has {', '.join(found.same) or 'none of its files'}"
    return f"{has}, but not {lacks}" if found.same and lacks else has
