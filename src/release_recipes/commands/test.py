"""Run the project's tests with nox in the working tree."""

from release_recipes import events
from release_recipes.commands.checkout import Checkout
from release_recipes.prepare.test import run_tests


def test(checkout: Checkout) -> str:
    """Run the tests. Returns ``done``.

    Raises:
        TestsFailed: They failed.
    """
    with events.step("test") as running:
        running.note = run_tests(checkout.folder, checkout.settings.test_sessions)
    return "done"
