"""Send a test notification."""

from release_recipes import events
from release_recipes.commands.checkout import Checkout
from release_recipes.errors import Failed, WrongUsage, typed
from release_recipes.programs import notifications


def notify(checkout: Checkout, *, test: bool) -> str:
    """Send a test message to each address. Returns ``done``.

    Raises:
        WrongUsage: ``test`` is not set, or there are no addresses.
        Failed: A message was not sent.
    """
    if not test:
        raise WrongUsage("notify only sends test messages; a release sends its own.", "Use: notify --test")
    given = checkout.sources.named(notifications.VARIABLE)
    if not given:
        hint = f"Set {notifications.VARIABLE} in .env or in the environment, as this says: {typed('explain', 'logs')}"
        raise WrongUsage(f"There are no addresses for notifications: {notifications.VARIABLE} is not set.", hint)
    if not notifications.is_installed():
        raise Failed("apprise is not installed.", f"Install it: {notifications.INSTALL}")
    name = checkout.folder.name
    results = notifications.send(
        notifications.addresses(given[0]), f"Test of release-recipes for {name}",
        "If you can read this, notifications of releases will arrive here.",
        failed=False, seconds=checkout.patience.notification,
    )  # fmt: skip
    events.tell(*(f"{sent.to}: {sent.fault or 'sent'}" for sent in results))
    if faults := [sent for sent in results if sent.fault]:
        message = f"{len(faults)} of {len(results)} notifications were not sent."
        raise Failed(message, f"Check the addresses in {notifications.VARIABLE} ({given[1]}).")
    return "done"
