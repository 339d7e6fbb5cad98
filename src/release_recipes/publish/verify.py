"""Verify that the index serves the uploaded files before the release is reported as a success."""

import time

from release_recipes import events
from release_recipes.errors import NoIndexAnswer, NotServed, counted
from release_recipes.index.attestations import ABSENT, attesting, fault
from release_recipes.index.publisher import Publisher
from release_recipes.index.trusted import AUDIENCES
from release_recipes.publish import listing
from release_recipes.publish.step import Done, Step, World, always
from release_recipes.state.record import Record


def _describe(record: Record) -> list[str]:
    return [
        f"ask {record.target.index_address} until it serves each file with the same sha256",
        "with Trusted Publishing, verify the attestations that it serves",
    ]


def _converge(world: World) -> Done:
    patience = world.patience
    began, pause, told = time.monotonic(), 0.1, False
    while lacks := _what_it_lacks(world):
        waited = time.monotonic() - began
        if waited + pause > patience.served:
            message = f"{lacks} All files are uploaded."
            raise NotServed(message, f"Wait some minutes, then {world.how_to_finish()}")
        if waited > patience.silence and not told:
            told = True
            events.tell(f"{lacks} Waiting for up to {patience.served - waited:.0f} s more.")
        time.sleep(pause)
        pause = min(pause * 2, patience.pause)
    attested = _attested(world)
    return Done(note=f"{counted(len(world.record.artifacts), 'file')}, same sha256{attested}")


def _attested(world: World) -> str:
    """Verify the attestations that the index serves; a fault is a warning, since the files are public."""
    publisher, record = attesting(world.token), world.record
    if publisher is None:
        return ""
    faults = {artifact.filename: _fault(world, artifact.filename, publisher) for artifact in record.artifacts}
    if {*faults.values()} == {ABSENT} and record.target.upload_address not in AUDIENCES:
        events.tell("The index serves no attestations, so they were not verified.")
        return ""
    for found in dict.fromkeys(filter(None, faults.values())):
        names = ", ".join(name for name, why in faults.items() if why == found)
        hint = "A file on an index cannot be attested later. If this job did not upload it, find out who did."
        events.warn(f"{names}: {found}.", hint, "attestations")
    return "" if any(faults.values()) else ", attested"


def _fault(world: World, filename: str, publisher: Publisher) -> str:
    """Say what is wrong with the attestations of a file on the index; if they are missing, it is asked again."""
    found = ABSENT
    for pause in world.patience.doubt:
        time.sleep(pause)
        try:
            served = world.index.provenance(world.record.project, world.record.version, filename)
            path = world.dist / filename
            # Another run has uploaded a file that is not here, or that differs.
            found = fault(path, served, publisher) if path.is_file() else ""
        except NoIndexAnswer as error:
            found = error.message.rstrip(".")
        if found != ABSENT:
            break
    return found


def _what_it_lacks(world: World) -> str:
    """Say what the index does not serve; empty if it serves everything.

    Raises:
        FileConflict: It serves a different file of one of the names.
    """
    try:
        missing = listing.absent(world)
    except NoIndexAnswer as error:
        return error.message
    return f"The index does not list {', '.join(missing)} yet." if missing else ""


STEP = Step("verify", always, _describe, _converge)
