"""uv: new environments, and installation from files; and pip, for installation from an index."""

import importlib.machinery
import importlib.util
import os
import sys
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from release_recipes.errors import CommandFailed
from release_recipes.processes.run import Completed, run

#: Seconds for an installation with its dependencies.
TIMEOUT = 900.0

#: What uv says if there is no connection to an index.
_NO_CONNECTION = "error sending request"

#: What uv says of a distribution that cannot be built, whatever the index.
_BUILD_FAILED = "build backend returned an error"

#: Import modules and load every entry point of a project; print those that fail, with the reason.
_USE = """\
import importlib, importlib.metadata, sys
project, *modules = sys.argv[1:]
said, sys.stdout = sys.stdout, sys.stderr
uses = [(f"import {module}", lambda module=module: importlib.import_module(module)) for module in modules]
uses += [(f"{e.group}: {e.name} = {e.value}", e.load) for e in importlib.metadata.distribution(project).entry_points]
for what, use in uses:
    try:
        use()
    except BaseException as error:
        missing = getattr(error, "name", None) or "" if isinstance(error, ImportError) else ""
        words = f"{what}: {type(error).__name__}: {error}".splitlines()[0]
        print(missing, words, sep="\\t", file=said)
"""

#: Print the requirements of groups of Poetry as pip takes them.
_POETRY = """\
import sys
from pathlib import Path
from poetry.core.factory import Factory
package = Factory().create_poetry(Path()).package
for group in sys.argv[1:]:
    for dependency in package.dependency_group(group).dependencies:
        print(dependency.to_pep_508())
"""


@dataclass(frozen=True)
class Fault:
    """A module or an entry point of an installed project that cannot be used."""

    #: The dotted name of the missing module; empty if it fails for another reason.
    missing: str
    #: What it is and why, one line.
    words: str


def make_environment(folder: Path) -> Path:
    """Create a virtual environment with this interpreter, and return its python."""
    words = ["uv", "venv", "--quiet", "--no-project", "--python", sys.executable, str(folder)]
    run(words, cwd=folder.parent, timeout=TIMEOUT)
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def install_from(index_address: str, requirement: str, python: Path, indexes: Iterable[str] = ()) -> None:
    """Install a requirement only from the given index, then its dependencies as :func:`install_as_user` does.

    Raises:
        CommandFailed: The index does not serve it, or a dependency cannot be installed.
    """
    if pip := _pip(python):
        # Isolated and without a cache: pip keeps index pages for ten minutes, and PIP_FIND_LINKS would add a source.
        alone = [*pip, "--isolated", "install", "--no-cache-dir", "--no-deps", "--index-url", index_address]
    else:
        alone = [*_uv(python), "--no-config", "--no-cache", "--no-deps", "--default-index", index_address]
    run([*alone, requirement], cwd=python.parent, timeout=TIMEOUT)
    install_as_user(requirement, python, indexes)


def install(words: Sequence[str], python: Path, folder: Path) -> None:
    """Install into an environment, with the arguments of ``pip install`` in a folder.

    Raises:
        CommandFailed: Something cannot be installed.
    """
    run([*_uv(python), *words], cwd=folder, timeout=TIMEOUT)


def install_as_user(requirement: str, python: Path, indexes: Iterable[str] = ()) -> str:
    """Install a requirement and its dependencies as users do: with uv, and with pip if uv cannot.

    pip has a configuration of its own, and takes the highest version of all its indexes; uv takes the first index that
    has the project. No credentials are sent to an index, since code of the project runs.

    Args:
        requirement: The requirement, or the path of a distribution.
        python: The environment's python.
        indexes: The indexes that are asked before those of uv's configuration, if they can be read.

    Returns:
        Why uv cannot install it, if pip can; otherwise nothing.

    Raises:
        CommandFailed: Neither can install it, or an index cannot be reached.
    """
    uv, pip = _uv(python), _pip(python)
    given = tuple(indexes)
    for some in filter(None, dict.fromkeys((given, given[:1]))):  # one index that refuses ends the attempt
        try:
            run([*uv, *_asking(some), requirement], cwd=python.parent, timeout=TIMEOUT)
        except CommandFailed as error:
            if _NO_CONNECTION in error.output:  # another index may have a project of the same name
                error.hint = "The index did not answer. Run the same command again when it does."
                raise
        else:
            return ""
    try:
        run([*uv, requirement], cwd=python.parent, timeout=TIMEOUT)
    except CommandFailed as error:
        if not pip or _BUILD_FAILED in error.output:
            raise
        try:
            run([*pip, "install", requirement], cwd=python.parent, timeout=TIMEOUT)
        except CommandFailed:
            raise error from None
        return error.message
    return ""


def can_find(requirement: str, index: str, folder: Path) -> bool:
    """Return whether uv or pip find what is required, without its dependencies: on an index, or where they look."""
    alone = ("--quiet", "--no-deps", "--prerelease", "allow", "-")
    found = [["uv", "pip", "compile", *_asking(indexes), *alone] for indexes in ([index], [])]
    if pip := _pip(Path(sys.executable)):
        found.append([*pip, "install", "--dry-run", "--no-deps", "--ignore-installed", "--pre", requirement])
    return any(run(argv, cwd=folder, feed=requirement, timeout=TIMEOUT, check=False).code == 0 for argv in found)


def _asking(indexes: Iterable[str]) -> list[str]:
    return [word for index in indexes for word in ("--index", index)]


def _uv(python: Path) -> list[str]:
    return ["uv", "pip", "install", "--quiet", "--python", str(python)]


def _pip(python: Path) -> list[str]:
    """Return the command for the pip beside this interpreter; empty if there is none, as in an environment of uv."""
    if not importlib.util.find_spec("pip"):
        return []
    alone = ("--quiet", "--no-input", "--disable-pip-version-check")
    return [sys.executable, "-P", "-m", "pip", *alone, "--python", str(python)]


def poetry_requirements(folder: Path, groups: Sequence[str]) -> list[str]:
    """Return the requirements of groups that only Poetry can read, as pip takes them; poetry-core is asked.

    Raises:
        CommandFailed: They are not valid.
    """
    alone = ["uv", "run", "--quiet", "--isolated", "--no-project", "--python", sys.executable, "--with", "poetry-core"]
    return run([*alone, "python", "-c", _POETRY, *groups], cwd=folder, timeout=TIMEOUT).stdout.splitlines()


def check(python: Path) -> Completed:
    """Run ``uv pip check``, whose output lists incompatible packages."""
    return run(["uv", "pip", "check", "--python", str(python)], cwd=python.parent, timeout=TIMEOUT, check=False)


def unusable(python: Path, project: str, modules: list[str]) -> list[Fault]:
    """Import modules and load the entry points of an installed project, and return those that fail.

    Nothing is called, but the code of the imported modules runs.
    """
    use = [str(python), "-I", "-c", _USE, project, *modules]
    done = run(use, cwd=python.parent, timeout=TIMEOUT, check=False)
    faults = [Fault(*line.split("\t", 1)) for line in done.stdout.splitlines() if "\t" in line]
    if done.code != 0:
        faults.append(Fault("", (done.stderr.strip().splitlines() or ["Python ended without output"])[-1]))
    return faults


def top_level_modules(wheel: Path) -> list[str]:
    """Return the modules and packages of a wheel that are not inside of another regular package, by dotted name.

    They can be in a namespace package. Private packages and tests are left out.
    """
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    suffixes = (".py", *importlib.machinery.EXTENSION_SUFFIXES)
    packages = {name.removesuffix("/__init__.py") for name in names if name.endswith("/__init__.py")}
    found = {name.partition(".")[0] for name in names if "/" not in name and name.endswith(suffixes)}
    found |= {name for name in packages if not any(name.startswith(f"{other}/") for other in packages)}
    parts = {name: name.split("/") for name in found}
    good = {n for n, words in parts.items() if all(w.isidentifier() and w[0] != "_" and w != "tests" for w in words)}
    return sorted(name.replace("/", ".") for name in good)
