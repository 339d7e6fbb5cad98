"""Inspect the distributions in ``dist/``, or the given files."""

from collections.abc import Sequence
from dataclasses import asdict

from release_recipes import events
from release_recipes.commands.checkout import Checkout
from release_recipes.distributions import inspection
from release_recipes.state.record import Artifact


def validate(checkout: Checkout, named: Sequence[str]) -> str:
    """Inspect them. Returns ``done``.

    Raises:
        WrongUsage: There are no distributions.
        BadDistribution: An index would refuse one, or they belong to different releases.
    """
    with events.step("inspect") as running:
        files = checkout.distributions(named)
        inspection.inspect(inspection.subject_of(files, checkout.settings))
        running.note = f"{len(files)} distributions"
    events.emit(events.Facts({"artifacts": [asdict(Artifact.of(file)) for file in files]}))
    return "done"
