# /// script
# requires-python = ">=3.11"
# dependencies = ["nox[uv]>=2026.2"]
# ///
"""The checks of this project: ``nox -s test`` is what a change must pass, ``nox --list`` shows the rest.

The suite tests the built wheel, never the source folder. The long matrices are sessions of their own, so that the suite
is run often; ``.ci/run`` runs them all.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2026.2"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
nox.options.error_on_external_run = True
nox.options.error_on_missing_interpreters = True
nox.options.sessions = ["lint", "types", "test"]

#: The long matrices: each is a folder of tests, and a session of its own.
LONG = {
    "flows": "Go through what takes seconds a test: rehearsals, resumes, signals, locks, environments, single steps.",
    "crash": "Kill a release at every point, resume it, and compare the end; start two at once.",
    "faults": "Break the index, git and GitHub in every way; see what a person is told, and how it ends.",
    "backends": "Build twice with each build backend, and compare.",
    "secrets": "Send thousands of credentials through every way out; run the hook of pre-commit.",
}

#: Start-up is a part of what is tested and measured, and uv does not compile unless it is told to.
COMPILED = {"UV_COMPILE_BYTECODE": "1"}


def install_wheel(session: nox.Session, group: str = "test") -> None:
    """Install the wheel that this tree builds, with what a dependency group names."""
    # Not session.create_tmp(), which moves TMPDIR into this repository: tests look for what is outside of one.
    wheels = Path(session.virtualenv.location, "wheel")
    shutil.rmtree(wheels, ignore_errors=True)
    session.run_install("uv", "build", "--quiet", "--wheel", "--out-dir", str(wheels), external=True, env=COMPILED)
    wheel = next(wheels.glob("*.whl"))
    session.install(str(wheel), "--group", group, env=COMPILED)


def run_python(session: nox.Session, *arguments: str) -> None:
    """Run Python where the programs of the environment are found, and the source folder is not."""
    path = os.pathsep.join([session.bin, os.environ.get("PATH", os.defpath)])
    session.run("python", *arguments, *session.posargs, env={"PATH": path})


@nox.session
def test(session: nox.Session) -> None:
    """Run the test suite on the built wheel."""
    install_wheel(session)
    apart = [f"--ignore=tests/{folder}" for folder in LONG]
    run_python(session, "-m", "pytest", "--numprocesses=2", *apart, "tests")


def run_long(session: nox.Session) -> None:
    """Run the folder of tests that has the session's name."""
    install_wheel(session)
    run_python(session, "-m", "pytest", "--numprocesses=2", f"tests/{session.name}")


for name, about in LONG.items():
    long = nox.session(name=name)(run_long)
    long.__doc__ = about


@nox.session
def mutants(session: nox.Session) -> None:
    """Take the guard of each check away, and invert it; each time a test has to go red."""
    install_wheel(session)
    run_python(session, "tests/mutants.py")


@nox.session(venv_backend="none")
def build(session: nox.Session) -> None:
    """Build an sdist, and from it a wheel, into a fresh dist/."""
    shutil.rmtree("dist", ignore_errors=True)
    session.run(sys.executable, "-m", "build", "--installer", "uv", external=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Check the style of the code, and the security of workflows."""
    session.install("--group", "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types."""
    session.install("-e", ".", "--group", "test", "--group", "types")
    session.run("mypy")


@nox.session
def docs(session: nox.Session) -> None:
    """Check that what docs/ says about settings, checks and tasks is what the code says; -- --write mends it."""
    install_wheel(session)
    run_python(session, "docs/make_pages.py")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure by ratio, in one run: start-up, a release against the commands by hand, many uploads."""
    install_wheel(session)
    run_python(session, "tests/bench.py")


if __name__ == "__main__":
    nox.main()
