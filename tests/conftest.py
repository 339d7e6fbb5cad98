"""Fixtures: a person's environment, a repository, the indexes, and the product as a command."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from release_recipes.secrets.mask import MASK, Mask
from support.cli import INVOKE, Cli
from support.environment import Environment, make_environment
from support.index import DevpiIndex, DevpiServer, PypiServer
from support.network import allow_loopback_only
from support.projects import quick_files
from support.repository import Repository, make_project

allow_loopback_only()
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what goes to the background so, and tests could interrupt nothing.
    signal.signal(signal.SIGINT, signal.default_int_handler)
if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    # So does nohup, and a supervisor.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that ``.ci/run`` uses."""
    parser.addoption("--third", type=int, choices=(1, 2, 3), help="run only every third test, always the same")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With ``--third``, leave out two of three tests, but none that itself goes through a third of its points."""
    if third := config.getoption("--third"):
        rows = sorted((item for item in items if "share" not in getattr(item, "fixturenames", ())), key=_name)
        left_out = {*rows} - {*rows[third - 1 :: 3]}
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


def _name(item: pytest.Item) -> str:
    return item.nodeid


@pytest.fixture(autouse=True)
def isolated_environment(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    pytestconfig: pytest.Config,
) -> Environment:
    """Give the test an empty home and no variable of the person who runs it, in this process and in those it starts."""
    cache = pytestconfig.cache.mkdir("uv")
    environment = make_environment(tmp_path_factory.mktemp("person"), os.environ, cache=cache)
    for name in set(os.environ) - set(environment.variables):
        monkeypatch.delenv(name)
    for name, value in environment.variables.items():
        monkeypatch.setenv(name, value)
    # What another test held is no secret of this one.
    Mask.__init__(MASK)
    # tempfile remembers the folder that it found first.
    monkeypatch.setattr("tempfile.tempdir", None)
    return environment


@pytest.fixture
def make_repository(tmp_path: Path) -> Callable[..., Repository]:
    """Return `make_project` for a folder with a space in its name."""
    return partial(make_project, tmp_path / "my project")


@pytest.fixture
def repository(make_repository: Callable[..., Repository]) -> Repository:
    """Return the project that is released fastest: it builds and tests without an environment of its own."""
    return make_repository(noxfile=True)


@pytest.fixture
def quick(make_repository: Callable[..., Repository]) -> Repository:
    """Return the project whose release makes the fewest steps: for tests that are about none of those left out."""
    return make_repository(noxfile=True, files=quick_files())


@pytest.fixture
def pypi(tmp_path: Path) -> Iterator[PypiServer]:
    """Serve an empty pypiserver."""
    folder = tmp_path / "pypi"
    folder.mkdir()
    with PypiServer(folder) as server:
        yield server


@pytest.fixture
def index(pypi: PypiServer, monkeypatch: pytest.MonkeyPatch) -> PypiServer:
    """Serve an empty pypiserver that every release of the test goes to."""
    for name, value in pypi.settings.items():
        monkeypatch.setenv(name, value)
    return pypi


@pytest.fixture
def known(index: PypiServer) -> PypiServer:
    """Serve a pypiserver that has an earlier version of the project."""
    (index.folder / "demo_package-1.2.3.tar.gz").write_bytes(b"")
    return index


@pytest.fixture(scope="session")
def devpi_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevpiServer]:
    """Run a devpi-server until the last test is over."""
    with DevpiServer(tmp_path_factory.mktemp("devpi")) as server:
        yield server


@pytest.fixture
def devpi(devpi_server: DevpiServer) -> DevpiIndex:
    """Return an empty index of the devpi-server."""
    return devpi_server.new_index()


@pytest.fixture
def cli() -> Cli:
    """Return the console script."""
    return Cli()


@pytest.fixture
def invoke() -> Cli:
    """Return Invoke, for a project with a `tasks.py`."""
    return Cli(INVOKE)
