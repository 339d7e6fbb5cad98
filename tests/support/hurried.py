"""The product in a hurry: the same program with seconds instead of minutes, and an event at which a test steps in.

Run as a script with the product's own arguments. The variable ``AT`` names a step, and ``RUN`` a shell command that is
run when that step begins: so a remote moves between two steps. The product itself knows no such variable.
"""

import os
import subprocess
from dataclasses import replace
from typing import Final

from release_recipes import events
from release_recipes.__main__ import main
from release_recipes.cli.session import Session
from release_recipes.index.retry import PATIENCE, Patience

HURRIED: Final = Patience(
    question=replace(PATIENCE.question, first_wait=0.01, longest_wait=0.05),
    answer=3.0,
    upload=replace(PATIENCE.upload, seconds=20.0, first_wait=0.01, longest_wait=0.05),
    upload_answer=(3.0, 3.0),
    github=replace(PATIENCE.github, first_wait=0.01, longest_wait=0.05),
    doubt=(0.0, 0.1, 0.1),
    late=(0.0, 0.1, 0.2, 0.4, 0.8),
    served=2.0,
    watch=60.0,
    appears=4.0,
    watch_pauses=(0.05, 0.2),
    silence=0.2,
)
"""Every wait is short; what is counted (attempts) stays as it is."""


def step_in(event: events.Event) -> None:
    """Run the test's command when the step that it waits for begins."""
    if event == events.StepStarted(os.environ.get("AT", "")):
        subprocess.run(os.environ["RUN"], shell=True, check=True, env={**os.environ, "AT": ""})  # noqa: S602


if __name__ == "__main__":
    Session.patience = HURRIED
    with events.listening(step_in):
        main()
