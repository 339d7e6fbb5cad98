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
from release_recipes.project.requirements import test_requirements


def register() -> None:
    """Define the sessions in the noxfile that calls this."""
    nox.options.default_venv_backend = "uv|virtualenv"
    nox.options.error_on_missing_interpreters = True
    nox.session(name="test")(test)
    nox.session(name="build", venv_backend="none")(build)


def test(session: nox.Session) -> None:
    """Install the project with the requirements of its tests, and run pytest."""
    session.chdir(session.invoked_from)
    session.install("pytest", *test_requirements(Path()))
    session.run("pytest")


def build(session: nox.Session) -> None:
    """Build an sdist, and from it a wheel, into an empty ``dist/``."""
    session.chdir(session.invoked_from)
    shutil.rmtree("dist", ignore_errors=True)
    session.run(*COMMAND, external=True)
