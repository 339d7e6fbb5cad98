"""Which build backends make the same bytes twice, what release-recipes does about the others, and what it says."""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from backends.projects import BACKENDS, Backend, files
from release_recipes.distributions.inspection import INSPECTIONS
from release_recipes.prepare.rebuild import CLOCK
from support.cli import Cli
from support.index import PypiServer
from support.repository import Repository, make_project

UMASKS = (0o022, 0o077)


def with_umask(umask: int, work: Callable[[], object]) -> None:
    """Do something as a person with another umask."""
    before = os.umask(umask)
    try:
        work()
    finally:
        os.umask(before)


def hashes(dist: Path) -> tuple[str, str]:
    """Return the sha256 of the sdist and of the wheel in a folder."""
    sdist, wheel = (next(dist.glob(pattern)) for pattern in ("*.tar.gz", "*.whl"))
    return hashlib.sha256(sdist.read_bytes()).hexdigest(), hashlib.sha256(wheel.read_bytes()).hexdigest()


def same(first: tuple[str, str], second: tuple[str, str]) -> tuple[bool, bool]:
    """Say whether sdists and wheels are the same."""
    return first[0] == second[0], first[1] == second[1]


def by_hand(folder: Path, backend: Backend) -> tuple[str, str]:
    """Build as a person does, in a fresh clone."""
    project = make_project(folder / "project", files=files(backend, normalise=False))
    command = [sys.executable, "-m", "build", "--installer=uv"]
    subprocess.run(command, cwd=project.path, check=True, capture_output=True)
    return hashes(project.path / "dist")


def by_recipe(project: Repository, folder: Path, cli: Cli) -> tuple[str, str]:
    """Build one commit with `release-recipes build`, in a clone somewhere else."""
    project.git("clone", "--quiet", str(project.path), str(folder))
    result = cli("build", cwd=folder)
    assert result.code == 0, result.err
    return hashes(folder / "dist")


@pytest.mark.parametrize("name", BACKENDS)
def test_two_builds(
    name: str, tmp_path: Path, index: PypiServer, cli: Cli, record_property: Callable[[str, object], None]
) -> None:
    """By hand some differ; in a release the wheels are the same and a rehearsal names what differs in the sdist.

    Each pair of builds has other folders, other times and other umasks; a normalised sdist is always the same.
    """
    backend, made = BACKENDS[name], {}
    for umask in UMASKS:
        with_umask(umask, lambda umask=umask: made.update({umask: by_hand(tmp_path / f"hand{umask}", backend)}))  # type: ignore[misc]
        time.sleep(CLOCK)  # else both could fall into the same two seconds
    alone = same(*made.values())
    assert alone == backend.alone

    plain = make_project(tmp_path / "plain", files=files(backend, normalise=False))
    result = cli("rehearse", "--part", "minor", "--skip-tests", "--json", cwd=plain.path)
    assert result.code == 0, result.err
    told = [problem["message"] for problem in result.json["warnings"] if problem["check"] == "reproducible"]
    assert [message[: len(backend.said)] for message in told] == [backend.said] * bool(backend.said)
    inspected = {"install", *(each.name for each in INSPECTIONS)}
    assert not [problem for problem in result.json["warnings"] if problem["check"] in inspected]

    normal = make_project(tmp_path / "normal", files=files(backend, normalise=True))
    for umask in UMASKS:
        folder = tmp_path / f"clone{umask}"
        with_umask(umask, lambda umask=umask, folder=folder: made.update({umask: by_recipe(normal, folder, cli)}))  # type: ignore[misc]
    assert same(*made.values()) == (True, True)
    assert index.files() == {}

    words = ["same" if it else "differs" for it in (*alone, not told, True, True, True)]
    record_property("row", (name, *words, told[0].partition(": ")[2] if told else "nothing"))
