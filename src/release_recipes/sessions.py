"""Nox sessions ``test`` and ``build`` for any project.

A project adopts them with a ``noxfile.py`` of two lines::

    from release_recipes.sessions import register
    register()

They are made by a call, not by an import: nox forgets what was registered before it loads the noxfile.
"""

import shutil
from pathlib import Path

import nox

from release_recipes.programs.build import COMMAND

#: pytest's exit code where there is no test.
_NO_TESTS = 5

#: Where a project says what its tests need, the likeliest first.
_TEST_NAMES = ("test", "tests", "testing", "dev")


def register() -> None:
    """Define the sessions in the noxfile that calls this."""
    nox.options.default_venv_backend = "uv|virtualenv"
    nox.options.error_on_missing_interpreters = True
    nox.session(name="test")(test)
    nox.session(name="build", venv_backend="none")(build)


def test(session: nox.Session) -> None:
    """Install the project with what its tests need, and run pytest."""
    session.chdir(session.invoked_from)
    session.install("pytest", *_test_requirements(Path("pyproject.toml")))
    session.run("pytest", success_codes=[0, _NO_TESTS])


def build(session: nox.Session) -> None:
    """Build an sdist, and from it a wheel, into a fresh ``dist/``."""
    session.chdir(session.invoked_from)
    shutil.rmtree("dist", ignore_errors=True)
    session.run(*COMMAND, external=True)


def _test_requirements(path: Path) -> list[str]:
    """Return the arguments that install the project, with its test group, test extra or requirements file."""
    pyproject = nox.project.load_toml(path) if path.is_file() else {}
    groups = pyproject.get("dependency-groups", {})
    extras = pyproject.get("project", {}).get("optional-dependencies", {})
    if group := next((name for name in _TEST_NAMES if name in groups), None):
        return [".", "--group", group]
    if extra := next((name for name in _TEST_NAMES if name in extras), None):
        return [f".[{extra}]"]
    return [".", *(f"-r{name}-requirements.txt" for name in _TEST_NAMES if Path(f"{name}-requirements.txt").is_file())]
