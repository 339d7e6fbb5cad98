"""The product in a hurry: the same program with seconds instead of minutes, and an event at which a test steps in.

Run as a script with the product's own arguments. The variable ``AT`` names a step, and ``RUN`` a shell command that is
run when that step begins: so a remote moves between two steps. The product itself knows no such variable.
"""

import os
import subprocess

from release_recipes import events
from release_recipes.__main__ import main
from release_recipes.index import client as index
from release_recipes.index import twine
from release_recipes.publish import github, listing, upload, verify


def hurry() -> None:
    """Make every wait short; what is counted (attempts) stays as it is."""
    twine.TIMEOUTS = (3.0, 3.0)
    index.TIMEOUT = 3.0
    index.FIRST_WAIT = github.FIRST_WAIT = upload.FIRST_WAIT = 0.01
    index.LONGEST_WAIT = github.LONGEST_WAIT = upload.LONGEST_WAIT = 0.05
    upload.PATIENCE = 20.0
    listing.QUESTIONS = upload.DOUBTS = (0.0, 0.1, 0.1)
    upload.LATE = (0.0, 0.1, 0.2, 0.4, 0.8)
    verify.PATIENCE = 2.0
    verify.SILENCE = 0.2


def step_in(event: events.Event) -> None:
    """Run the test's command when the step that it waits for begins."""
    if event == events.StepStarted(os.environ.get("AT", "")):
        subprocess.run(os.environ["RUN"], shell=True, check=True, env={**os.environ, "AT": ""})  # noqa: S602


if __name__ == "__main__":
    hurry()
    with events.listening(step_in):
        main()
