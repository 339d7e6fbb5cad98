"""The nox sessions ``test`` and ``build`` for any project.

A project adopts them with a ``noxfile.py`` of two lines::

    from release_recipes.sessions import register
    register()

They are defined by a call, not by an import: nox forgets sessions that were registered before it loads the noxfile.
"""

import shutil
from pathlib import Path

import nox

from release_recipes.programs.build import COMMAND
from release_recipes.project import testing


def register() -> None:
    """Define the sessions in the noxfile that calls this."""
    nox.options.default_venv_backend = "uv|virtualenv"
    nox.options.error_on_missing_interpreters = True
    nox.session(name="test")(test)
    nox.session(name="build", venv_backend="none")(build)


def test(session: nox.Session) -> None:
    """Run the tests as the project declares it, or the command after ``--``, in a new environment."""
    session.chdir(session.invoked_from)
    tests = testing.find(Path.cwd(), session.posargs)
    if tests is None:
        session.error(f"The project has no tests that could be found ({testing.SOUGHT}).")
    session.install(*tests.requirements(Path.cwd()))
    own: dict[str, str | None] = {
        "HATCH_DATA_DIR": str(session.cache_dir / "hatch"),  # not the user's home
        "PDM_IGNORE_SAVED_PYTHON": "1",
        **dict.fromkeys(("UV_PYTHON", "UV_PROJECT_ENVIRONMENT")),  # tox and hatch have environments of their own
    }
    session.run(*tests.command, env=own, external=True)


def build(session: nox.Session) -> None:
    """Build an sdist, and from it a wheel, into an empty ``dist/``."""
    session.chdir(session.invoked_from)
    shutil.rmtree("dist", ignore_errors=True)
    session.run(*COMMAND, external=True)
