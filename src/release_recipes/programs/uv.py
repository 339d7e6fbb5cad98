"""Fresh environments by uv; installing by pip from an index, and by uv from files, as users of a package would."""

import importlib.machinery
import os
import sys
import zipfile
from pathlib import Path

from release_recipes.processes.run import Completed, run

#: Seconds for an installation with all its dependencies.
TIMEOUT = 900.0

#: Import modules, then load every entry point of a project; say of each that fails what it was and why.
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
        print(f"{what}: {type(error).__name__}: {error}".splitlines()[0], file=said)
"""


def make_environment(folder: Path) -> Path:
    """Make a virtual environment with this interpreter; its python."""
    run(
        ["uv", "venv", "--quiet", "--no-project", "--python", sys.executable, str(folder)],
        cwd=folder.parent,
        timeout=TIMEOUT,
    )
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def install_from(index_address: str, requirement: str, python: Path) -> None:
    """Install one requirement from one index and nowhere else, then its dependencies from where they always come.

    Raises:
        CommandFailed: The index does not serve it, or a dependency cannot be had.
    """
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    # Isolated and without a cache: pip keeps index pages for ten minutes, and PIP_FIND_LINKS would add a source.
    alone = ["install", "--isolated", "--no-cache-dir", "--no-deps", "--quiet", "--index-url", index_address]
    run([*pip[:3], "--isolated", *pip[3:], *alone, requirement], cwd=python.parent, timeout=TIMEOUT)
    run([*pip, "install", "--quiet", requirement], cwd=python.parent, timeout=TIMEOUT)


def install_file(distribution: Path, python: Path) -> None:
    """Install a distribution from its file, and its dependencies from where they always come.

    Raises:
        CommandFailed: It cannot be built or installed, or a dependency cannot be had.
    """
    words = ["uv", "pip", "install", "--quiet", "--python", str(python), str(distribution)]
    run(words, cwd=python.parent, timeout=TIMEOUT)


def check(python: Path) -> Completed:
    """Run ``pip check`` by uv: what is installed fits together, or the output says what does not."""
    return run(["uv", "pip", "check", "--python", str(python)], cwd=python.parent, timeout=TIMEOUT, check=False)


def unusable(python: Path, project: str, modules: list[str]) -> list[str]:
    """Import modules and load the entry points of an installed project; those that fail, each with its reason.

    Nothing is called, but a module that is imported does what it does then.
    """
    use = [str(python), "-I", "-c", _USE, project, *modules]
    done = run(use, cwd=python.parent, timeout=TIMEOUT, check=False)
    if done.code != 0:
        return [*done.stdout.splitlines(), *(done.stderr.strip().splitlines()[-1:] or ["Python ended without a word"])]
    return done.stdout.splitlines()


def top_level_modules(wheel: Path) -> list[str]:
    """Return the importable names at the top of a wheel; private and test packages are left out."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    suffixes = (".py", *importlib.machinery.EXTENSION_SUFFIXES)
    modules = {name.partition(".")[0] for name in names if "/" not in name and name.endswith(suffixes)}
    modules |= {name.partition("/")[0] for name in names if name.endswith("/__init__.py") and name.count("/") == 1}
    return sorted(name for name in modules if name.isidentifier() and not name.startswith("_") and name != "tests")
