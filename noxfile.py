# /// script
# requires-python = ">=3.11"
# dependencies = ["nox[uv]>=2026.2"]
# ///
"""The checks of this project: ``nox -s test`` is what a change must pass, ``nox --list`` shows the rest.

The suite tests the built wheel, never the source folder. The long matrices are sessions of their own, so that the suite
is run often; ``.ci/run`` runs them as ``matrices``, every third test of the longest. One environment serves all
sessions that need the wheel: ``install`` makes it.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import nox
from nox.virtualenv import VirtualEnv

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
    "faults": "Break the index, git and GitHub in every way; see what the user is told, and how it ends.",
    "backends": "Build twice with each build backend, and compare.",
    "sources": "Release a small project for each place in which a version can stand, with no configuration.",
    "adoption": "Release 88 real packages with no configuration; take ten of them through `init` and its workflows.",
    "workflows": "Run our workflows with act, from a push to files on an index and a release on a GitHub of ours.",
    "examples": "Run every command of the documentation, and see what the page says.",
    "secrets": "Send thousands of credentials through every way out; run the hook of pre-commit.",
}

#: Scripts that are sessions of their own.
SCRIPTS = {
    "mutants": ("tests/mutants.py", "Take each check's guard away, and invert it; each time a test has to go red."),
    "picture": ("docs/make_picture.py", "Rehearse a small project in a terminal, and draw docs/rehearsal.svg."),
    "bench": ("tests/bench.py", "Measure by ratio: start-up, a release against commands by hand, many uploads."),
}

#: Pythons beside the one that runs nox.
PYTHONS = ("3.12", "3.13")

#: Start-up is a part of what is tested and measured, and uv does not compile unless it is told to.
COMPILED = {"UV_COMPILE_BYTECODE": "1"}


def install_wheel(session: nox.Session) -> None:
    """Install the wheel that this tree builds, with what its tests and its documentation need."""
    # Not session.create_tmp(), which moves TMPDIR into this repository: tests look for what is outside of one.
    wheels = Path(session.virtualenv.location, "wheel")
    shutil.rmtree(wheels, ignore_errors=True)
    session.run_install("uv", "build", "--quiet", "--wheel", "--out-dir", str(wheels), external=True, env=COMPILED)
    wheel = next(wheels.glob("*.whl"))
    session.install(str(wheel), "--group", "test", "--group", "docs", env=COMPILED)


def run_python(session: nox.Session, *arguments: str) -> None:
    """Run the Python of the environment that ``install`` makes; its programs are found, the source folder is not."""
    shared = Path(session.cache_dir.parent, "install")
    folder = session.virtualenv.location if isinstance(session.virtualenv, VirtualEnv) else shared
    scripts = Path(folder, "Scripts" if os.name == "nt" else "bin").resolve()
    path = os.pathsep.join([str(scripts), os.environ.get("PATH", os.defpath)])
    session.run(str(scripts / "python"), *arguments, *session.posargs, env={"PATH": path}, external=True)


def interpreter(version: str) -> str:
    """Return the path of a Python, also where a version manager keeps it out of the path; else its version."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    found = sorted(versions.glob(f"{version}.*/bin/python"))
    return str(found[-1]) if found else version


@nox.session
def install(session: nox.Session) -> None:
    """Install the built wheel, and what its tests need, into the one environment of the sessions that need it."""
    install_wheel(session)


def run_suite(session: nox.Session) -> None:
    """Run the test suite on the built wheel."""
    apart = [f"--ignore=tests/{folder}" for folder in LONG]
    run_python(session, "-m", "pytest", "--numprocesses=3", *apart, "tests")


@nox.session(venv_backend="none", requires=["install"])
def test(session: nox.Session) -> None:
    """Run the test suite on the built wheel."""
    run_suite(session)


def test_on(session: nox.Session) -> None:
    """Run the test suite on another Python; where there is none, skip it, but never in the forge's CI."""
    install_wheel(session)
    run_suite(session)


for version in PYTHONS:
    python = interpreter(version)
    if python == version and not shutil.which(f"python{version}") and not os.environ.get("GITHUB_ACTIONS"):
        other = nox.session(name=f"test-{version}", venv_backend="none")(lambda s: s.skip("there is no such Python"))
    else:
        other = nox.session(name=f"test-{version}", python=python)(test_on)
    other.__doc__ = f"Run the test suite on Python {version}."


def run_long(session: nox.Session) -> None:
    """Run the folder of tests that has the session's name."""
    run_python(session, "-m", "pytest", "--numprocesses=3", f"tests/{session.name}")


for name, about in LONG.items():
    nox.session(name=name, venv_backend="none", requires=["install"])(run_long).__doc__ = about


@nox.session(venv_backend="none", requires=["install"])
def matrices(session: nox.Session) -> None:
    """Run several long matrices as one, so that no processor waits for the slowest test of each: -- flows crash."""
    folders = [f"tests/{word}" if word in LONG else word for word in session.posargs]
    session.posargs.clear()
    run_python(session, "-m", "pytest", "--numprocesses=3", "--dist=worksteal", *folders)


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
    session.run("zizmor", "--offline", "--persona=auditor", "--strict-collection", ".github")
    session.run("actionlint", "-shellcheck=", "-pyflakes=")  # whatever else is on this machine


@nox.session
def types(session: nox.Session) -> None:
    """Check the types."""
    session.install("-e", ".", "--group", "test", "--group", "types")
    session.run("mypy")


@nox.session(venv_backend="none", requires=["install"])
def docs(session: nox.Session) -> None:
    """Build the site of the documentation into site/; -- --write updates what is made from the code."""
    run_python(session, "docs/make_pages.py")
    session.posargs.clear()
    run_python(session, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", "docs", "site")


@nox.session(venv_backend="none", requires=["install"])
def links(session: nox.Session) -> None:
    """Check the links of the documentation to other sites."""
    run_python(session, "-m", "sphinx", "--builder", "linkcheck", "docs", "site")


def run_script(session: nox.Session) -> None:
    """Run the script of the session."""
    run_python(session, SCRIPTS[session.name][0])


for name, (_, about) in SCRIPTS.items():
    nox.session(name=name, venv_backend="none", requires=["install"])(run_script).__doc__ = about


if __name__ == "__main__":
    nox.main()
