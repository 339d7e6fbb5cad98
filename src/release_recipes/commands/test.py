"""Run the project's tests in the working tree."""

import tempfile
from pathlib import Path

from release_recipes import events
from release_recipes.commands.checkout import Checkout
from release_recipes.errors import TestsFailed
from release_recipes.prepare.test import run_tests
from release_recipes.state.temporary import PREFIX


def test(checkout: Checkout) -> str:
    """Run the tests. Returns ``done``.

    Raises:
        TestsFailed: They failed, or there are none.
        NoProject: There are only packages in folders.
    """
    checkout.see_a_package()
    with events.step("test") as running, tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
        report = Path(folder, "tests.json")
        try:
            running.note = run_tests(checkout.folder, checkout.settings, report)
        except TestsFailed as error:
            error.hint = error.hint.replace(error.OR_SKIP, "")
            raise
    return "done"
