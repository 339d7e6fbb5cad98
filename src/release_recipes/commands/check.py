"""Run all checks of a release, and change nothing."""

from release_recipes import events
from release_recipes.commands.checkout import Checkout, nothing_waits
from release_recipes.commands.release import checked
from release_recipes.plan import Request


def check(checkout: Checkout, request: Request) -> str:
    """Run act 1. Returns ``planned``.

    Raises:
        Refused: There are errors.
    """
    nothing_waits(checkout.state)
    for line in checked(checkout.subject(request)).lines():
        events.emit(events.Told(line))
    return "planned"
