"""A release from end to end: what is there afterwards, and what is not."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.cli import Cli
from support.environment import Environment
from support.index import DevpiIndex, PypiServer
from support.projects import TASKS, Kind
from support.released import VERSION_FILES, released
from support.repository import Repository

MakeRepository = Callable[..., Repository]


def pip_install(requirement: str, index_url: str, folder: Path) -> str:
    """Install with pip from one index into a folder, and return the version that the package says."""
    pip = [sys.executable, "-m", "pip", "--isolated", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    installed = subprocess.run(
        [*pip, "--no-cache-dir", f"--target={folder}", f"--index-url={index_url}", requirement],
        check=False,
        capture_output=True,
        encoding="utf-8",
    )
    assert installed.returncode == 0, installed.stderr
    said = subprocess.run(
        [sys.executable, "-c", "import demo; print(demo.__version__)"],
        cwd=folder,
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    return said.stdout.strip()


@pytest.mark.parametrize("kind", ["bare", "setuptools", "hatchling", "flit"])
def test_a_minor_release_of_each_kind(
    kind: Kind, make_repository: MakeRepository, index: PypiServer, cli: Cli, isolated_environment: Environment
) -> None:
    """A release is on the index, and its commit and tag are on the remote, whatever builds the project."""
    repository = make_repository(kind=kind, noxfile=True)
    result = cli("release", "--part", "minor", cwd=repository.path)
    assert result.code == 0, result.err
    released(repository, index, isolated_environment.temporary)
    for name, text in VERSION_FILES[kind].items():
        assert text in (repository.path / name).read_text(encoding="utf-8")
    changed = repository.git("show", "--name-only", "--format=", "HEAD").splitlines()
    assert changed == sorted(VERSION_FILES[kind])


def test_pip_installs_what_invoke_released(
    make_repository: MakeRepository,
    index: PypiServer,
    invoke: Cli,
    isolated_environment: Environment,
    tmp_path: Path,
) -> None:
    """A project with a tasks.py of one line is released by Invoke, and pip gets the new version."""
    repository = make_repository(noxfile=True, files={"tasks.py": TASKS})
    result = invoke("release", "--part", "minor", "--skip-tests", cwd=repository.path)
    assert result.code == 0, result.err
    released(repository, index, isolated_environment.temporary)
    assert pip_install("demo-package", index.index_url, tmp_path / "site") == "1.3.0"


def test_a_release_into_devpi(
    repository: Repository, devpi: DevpiIndex, cli: Cli, isolated_environment: Environment
) -> None:
    """An index with users instead of tokens, and with its simple API elsewhere, is released to all the same."""
    result = cli("release", "--part", "minor", "--skip-tests", cwd=repository.path, env=devpi.settings)
    assert result.code == 0, result.err
    released(repository, devpi, isolated_environment.temporary)
