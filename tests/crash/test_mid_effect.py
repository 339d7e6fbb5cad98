"""A release that is killed in the middle of an upload or a push comes to the same end."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen

import pytest

from crash.stage import FILES, RELEASE, Stage, staged
from crash.test_kill_points import Record, Tally
from support.faulty import Exchange, Fault, FaultyIndex

WHEEL, SDIST = FILES


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Make a stage."""
    with staged(tmp_path / "stage") as stage:
        yield stage


def kill(process: Popen[str]) -> None:
    """Kill a victim, and nothing that it started."""
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def wait_for(there: Callable[[], bool], process: Popen[str]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 60
    while not there():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.01)


# ---- uploads ---------------------------------------------------------------------------------------------------------


def paused(share: float, reached: threading.Event) -> Fault:
    """Read a share of the body, and no more until the uploader is gone."""

    def act(exchange: Exchange) -> None:
        exchange.receive(share)
        reached.set()
        exchange.hang()

    return Fault(f"paused after {share:.0%}", act)


def unanswered(reached: threading.Event) -> Fault:
    """Let the index have the file, and keep its answer until the uploader is gone."""

    def act(exchange: Exchange) -> None:
        exchange.forward()
        reached.set()
        exchange.connection.settimeout(None)
        while exchange.connection.recv(1):
            pass

    return Fault("stored, not answered", act)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0, None])
def test_killed_in_an_upload(stage: Stage, name: str, share: float | None, record_property: Record) -> None:
    """Killed with a part of a file sent, with all of it sent, or with it stored and the answer lost."""
    tally = Tally("killed in an upload", record_property)
    reached = threading.Event()
    with FaultyIndex(stage.index.upload_url) as proxy:
        stage.settings = {
            **stage.settings,
            "PYPI_REPOSITORY_URL": proxy.upload_url,
            "PYPI_INDEX_URL": proxy.index_url,
        }
        proxy.plan(unanswered(reached) if share is None else paused(share, reached), filename=name)
        victim = stage.start(*RELEASE)
        wait_for(reached.is_set, victim)
        kill(victim)
        tally.see(stage, f"{name} at {share}")
    tally.close()


# ---- pushes ----------------------------------------------------------------------------------------------------------

_STALL = """\
#!/bin/sh
if grep -q "{ref}" && [ ! -e stalled ]; then touch stalled; sleep {seconds}; fi
"""


@pytest.mark.parametrize("ref", ["refs/release-recipes", "refs/heads/main"])
@pytest.mark.parametrize("hook", ["pre-receive", "post-receive"])
@pytest.mark.parametrize("seconds", [0.3, 2.0])
def test_killed_in_a_push(stage: Stage, ref: str, hook: str, seconds: float, record_property: Record) -> None:
    """Killed while the server thinks about a push, which goes on by itself and is waited for."""
    tally = Tally("killed in a push", record_property)
    path = stage.repository.remote / "hooks" / hook
    path.write_text(_STALL.format(ref=ref, seconds=seconds), encoding="utf-8")
    path.chmod(0o755)
    victim = stage.start(*RELEASE)
    wait_for((stage.repository.remote / "stalled").exists, victim)
    kill(victim)
    tally.see(stage, f"{hook} of {ref}, {seconds} s")
    tally.close()


def test_abandoned_after_a_kill_in_the_claim(stage: Stage, record_property: Record) -> None:
    """Given up while the claim of a killed run is still on its way, a release leaves no claim behind."""
    path = stage.repository.remote / "hooks" / "pre-receive"
    path.write_text(_STALL.format(ref="refs/release-recipes", seconds=1.0), encoding="utf-8")
    path.chmod(0o755)
    before = stage.repository.remote_refs()
    victim = stage.start(*RELEASE)
    wait_for((stage.repository.remote / "stalled").exists, victim)
    kill(victim)
    done = stage.run("abandon")
    assert done.returncode == 0, done.stdout
    assert stage.repository.remote_refs() == before
    assert stage.repository.git("for-each-ref", "refs/release-recipes") == ""
    tally = Tally("killed in a push", record_property)
    tally.see(stage, "abandoned in the claim")
    tally.close()


# ---- tests and builds ------------------------------------------------------------------------------------------------

_SLOW = '''"""Sessions that take their time."""

import pathlib
import sys
import time

import nox


@nox.session(venv_backend="none")
def test(session: nox.Session) -> None:
    """Wait."""
    pathlib.Path("reached").touch()
    session.run(sys.executable, "-c", "import time; time.sleep(5)")


@nox.session(venv_backend="none")
def build(session: nox.Session) -> None:
    """Build."""
    session.run(sys.executable, "-m", "build", "--no-isolation")
'''


def test_killed_during_long_tests(tmp_path: Path, record_property: Record) -> None:
    """The tests of a killed release run to their end, and hold nobody up meanwhile."""
    tally = Tally("killed during tests", record_property)
    with staged(tmp_path / "stage", **{"noxfile.py": _SLOW}) as stage:
        victim = stage.start(*RELEASE[:-1])
        wait_for(lambda: any(stage.temporary.glob("*/test/reached")), victim)
        kill(victim)
        began = time.monotonic()
        resumed = stage.run("resume")
        assert resumed.returncode == 0, resumed.stdout
        assert time.monotonic() - began < 3
        assert "No release is unfinished." in resumed.stdout
        tally.see(stage, "during tests")
    tally.close()
