"""Ctrl-C, SIGTERM and SIGHUP end a release in seconds, whatever it does, with the right code and nothing left."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import pytest

from support.cli import RELEASE_RECIPES, Cli, without_log
from support.faulty import Exchange, Fault, FaultyIndex, delayed
from support.index import PypiServer
from support.projects import quick_files
from support.repository import Repository

RELEASE = ("release", "--part", "minor", "--skip-tests")
WITH_TESTS = RELEASE[:-1]
SECONDS = 10.0

_SLOW = '''"""Sessions that take their time."""

import os
import pathlib
import sys

import nox

PATIENT = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"


@nox.session(venv_backend="none")
def {session}(session: nox.Session) -> None:
    """Wait, and do not listen."""
    pathlib.Path(os.environ["TMPDIR"], "reached").touch()
    session.run(sys.executable, "-c", PATIENT)
'''


def wait_for(there: Callable[[], bool], process: Popen[str]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 60
    while not there():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def reached_in_workspace() -> bool:
    """Say whether the slow session runs; its temporary folder is inside the workspace, and goes with it."""
    return any(Path(os.environ["TMPDIR"]).glob("release-recipes-*/tmp/reached"))


def stop(process: Popen[str], number: signal.Signals) -> str:
    """Send a signal, and another one while the first is attended to; return what was said on standard error."""
    began = time.monotonic()
    process.send_signal(number)
    time.sleep(0.1)
    process.send_signal(number)
    try:
        said = without_log(process.communicate(timeout=30)[1])
    finally:
        process.kill()
    assert time.monotonic() - began < SECONDS
    return said


def see_nothing_left(repository: Repository) -> None:
    """See that no workspace, no process and no lock is left."""
    temporary = Path(os.environ["TMPDIR"])
    assert [path.name for path in temporary.iterdir() if path.name != "reached"] == []
    assert not (repository.path / ".git/release-recipes/holder.json").exists()
    mine = f"TMPDIR={temporary}".encode()
    left = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            variables, state = (folder / "environ").read_bytes().split(b"\0"), (folder / "stat").read_bytes()
        except OSError:
            continue
        if mine in variables and int(folder.name) != os.getpid() and state.rpartition(b")")[2].split()[0] != b"Z":
            left.append((folder / "cmdline").read_bytes())
    assert left == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_during_the_tests(
    number: signal.Signals, cli: Cli, make_repository: Callable[..., Repository], pypi: PypiServer
) -> None:
    """Stopped while tests run that do not listen, the release is as if it had never begun."""
    repository = make_repository(files={"noxfile.py": _SLOW.format(session="test")})
    before = repository.snapshot()
    process = cli.start(*WITH_TESTS, cwd=repository.path, env=pypi.settings)
    wait_for(reached_in_workspace, process)
    said = stop(process, number)
    assert process.returncode == 130
    assert f"error: Interrupted by {number.name}; nothing is public." in said
    assert repository.snapshot() == before
    see_nothing_left(repository)


def test_during_the_build(cli: Cli, make_repository: Callable[..., Repository], pypi: PypiServer) -> None:
    """Stopped while the build runs, the release is as if it had never begun."""
    repository = make_repository(files={"noxfile.py": _SLOW.format(session="build")})
    process = cli.start(*RELEASE, cwd=repository.path, env=pypi.settings)
    wait_for(reached_in_workspace, process)
    stop(process, signal.SIGINT)
    assert process.returncode == 130
    see_nothing_left(repository)


def silent(reached: threading.Event) -> Fault:
    """Take a request and say nothing."""

    def act(exchange: Exchange) -> None:
        reached.set()
        exchange.hang()

    return Fault("silent", act)


@pytest.mark.parametrize(("on", "code"), [("page", 130), ("upload", 3)])
def test_against_a_silent_index(on: str, code: int, cli: Cli, repository: Repository, pypi: PypiServer) -> None:
    """Stopped while the index says nothing: in the checks nothing is public; in the upload the release waits."""
    reached = threading.Event()
    with FaultyIndex(pypi.upload_url) as proxy:
        proxy.plan(silent(reached), on=on)  # type: ignore[arg-type]
        settings = pypi.settings | {"PYPI_REPOSITORY_URL": proxy.upload_url, "PYPI_INDEX_URL": proxy.index_url}
        process = cli.start(*RELEASE, cwd=repository.path, env=settings)
        wait_for(reached.is_set, process)
        said = stop(process, signal.SIGINT)
    assert process.returncode == code
    assert ("the release is not finished." in said) == (code == 3)
    see_nothing_left(repository)


@pytest.mark.parametrize("task", ["upload", "release"])
def test_in_an_upload_without_a_record(
    task: str, cli: Cli, make_repository: Callable[..., Repository], pypi: PypiServer
) -> None:
    """Stopped while the sdist is sent by itself or to TestPyPI, it is not said that nothing is public: exit code 3."""
    repository, reached = make_repository(noxfile=True, files=quick_files()), threading.Event()
    with FaultyIndex(pypi.upload_url) as proxy:
        proxy.plan(silent(reached), filename="demo_package-1.2.3.tar.gz")
        test = {"TEST_PYPI_REPOSITORY_URL": proxy.upload_url, "PYPI_TEST_TOKEN": pypi.token}
        settings = {"PYPI_REPOSITORY_URL": proxy.upload_url, "PYPI_API_TOKEN": pypi.token, **test}
        if task == "upload":
            assert cli("build", cwd=repository.path).code == 0
        words = ("upload",) if task == "upload" else ("release", "--part", "none", "--test", "--skip-tests")
        process = cli.start(*words, cwd=repository.path, env=settings)
        wait_for(reached.is_set, process)
        said = stop(process, signal.SIGINT)
        assert (process.returncode, list(pypi.files())) == (3, ["demo_package-1.2.3-py3-none-any.whl"])
        assert said.endswith(
            "error: Interrupted by SIGINT; some files may be public.\n"
            "   → Run the same command again; files that are on the index are not uploaded twice.\n"
        )
        proxy.mend()
        assert cli(*words, cwd=repository.path, env=settings).code == 0
    see_nothing_left(repository)


def test_against_a_stalled_push(cli: Cli, repository: Repository, pypi: PypiServer) -> None:
    """Stopped while the remote thinks about the push, the release waits, and resume ends it."""
    hook = repository.remote / "hooks/pre-receive"
    hook.write_text(
        '#!/bin/sh\ngrep -q refs/heads/main && touch "$TMPDIR/reached" && sleep 30\nexit 0\n', encoding="utf-8"
    )
    hook.chmod(0o755)
    process = cli.start(*RELEASE, cwd=repository.path, env=pypi.settings)
    wait_for((Path(os.environ["TMPDIR"]) / "reached").exists, process)
    said = stop(process, signal.SIGTERM)
    assert process.returncode == 3
    assert "error: Interrupted by SIGTERM; the release is not finished.\n   → Finish it: release-recipes resume" in said
    see_nothing_left(repository)
    hook.unlink()
    assert cli("resume", cwd=repository.path, env=pypi.settings).code == 0
    assert "refs/tags/v1.3.0" in repository.remote_refs()


def test_a_signal_that_is_ignored_stays_ignored(repository: Repository, pypi: PypiServer) -> None:
    """A release under nohup outlives its terminal."""
    deaf = Cli(("sh", "-c", 'trap "" HUP; exec "$0" "$@"', *RELEASE_RECIPES))
    with FaultyIndex(pypi.upload_url, pypi.index_url) as proxy:
        proxy.plan(delayed(1.0), times=None)
        addresses = {"PYPI_REPOSITORY_URL": proxy.upload_url, "PYPI_INDEX_URL": proxy.index_url}
        process = deaf.start(*RELEASE, cwd=repository.path, env={**pypi.settings, **addresses})
        wait_for(lambda: bool(proxy.uploads), process)
        process.send_signal(signal.SIGHUP)
        out, err = map(without_log, process.communicate(timeout=60))
    assert (process.returncode, out.splitlines()[-1], err) == (0, "demo-package 1.3.0: released", "")
