"""Run the project's tests in the working tree."""

import tempfile
from pathlib import Path

from release_recipes import events
from release_recipes.commands.checkout import Checkout
from release_recipes.prepare.test import run_tests
from release_recipes.state.temporary import PREFIX


def test(checkout: Checkout) -> str:
    """Run the tests. Returns ``done``.

    Raises:
        TestsFailed: They failed, or there are none.
    """
    with events.step("test") as running, tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
        report = Path(folder, "tests.json")
        running.note = run_tests(checkout.folder, checkout.settings, report)
    return "done"
