"""Checks of this machine: the programs that a release needs, and space for the workspace."""

import importlib.metadata
import re
import shutil
import tempfile
from collections.abc import Iterator

from release_recipes.check.facts import Facts
from release_recipes.findings import ALWAYS, BUILD, Check, Finding

#: The newest feature of git that is used is ``git fetch --no-write-fetch-head``.
_OLDEST_GIT = (2, 31)

#: Packages that are run as programs from our own environment.
_OURS = ("build", "bump-my-version", "nox", "twine", "uv")

#: The number of copies of HEAD in a workspace (three clones, an unpacked sdist), and bytes for environments.
_COPIES = 4
_ENVIRONMENTS = 100_000_000


def _programs(facts: Facts) -> Iterator[Finding]:
    said = facts.git.ask("version")
    numbers = re.search(r"(\d+)\.(\d+)", said)
    if numbers and (int(numbers[1]), int(numbers[2])) < _OLDEST_GIT:
        yield Finding(f"{said} is too old.", f"Install git {'.'.join(map(str, _OLDEST_GIT))} or newer.")
    for name in _OURS:
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield Finding(
                f"The package {name!r} is not installed in the environment of release-recipes.",
                f"Run: pip install {name}",
            )


def _room(facts: Facts) -> Iterator[Finding]:
    listed = facts.git.ask("ls-tree", "-r", "--long", "HEAD").splitlines()
    sizes = [line.split(maxsplit=4)[3] for line in listed]
    needed = _COPIES * sum(int(size) for size in sizes if size.isdigit()) + _ENVIRONMENTS
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if free < needed:
        yield Finding(
            f"The temporary folder {folder} has {free // 1_000_000} MB left; a release needs {needed // 1_000_000} MB.",
            "Free some space, or set TMPDIR to another folder.",
        )


CHECKS = (
    Check("programs", "a release that stops half-way because a program is missing", _programs, occasions=ALWAYS),
    Check("room", "a disk that fills up half-way", _room, occasions=BUILD),
)
