"""One release at a time in a repository, by a lock that dies with its process."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from release_recipes.errors import Busy
from release_recipes.processes.process import end, start
from release_recipes.state import lock
from release_recipes.state.folder import State
from support.cli import Cli
from support.index import PypiServer
from support.repository import Repository

RELEASE = ("release", "--part", "minor", "--skip-tests")

_HOLD = """\
import sys, time
from pathlib import Path
from release_recipes.processes.run import run
from release_recipes.state.folder import State
with State(Path(sys.argv[1])).lock.held("release"):
    print("held", flush=True)
    run([sys.executable, "-c", f"import time; time.sleep({sys.argv[2]})"], cwd=Path("."), tell=sys.argv[3] == "ends")
"""


def hold(folder: Path, seconds: float = 30.0, child: str = "ends") -> "subprocess.Popen[str]":
    """Start a process that holds the lock and has a child; return once it does."""
    words = [sys.executable, "-c", _HOLD, str(folder), str(seconds), child]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    time.sleep(0.2)  # the child
    return process


def kill(process: "subprocess.Popen[str]") -> None:
    """Kill a process, and none of its children."""
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_the_second_is_told_who_is_at_it(cli: Cli, repository: Repository, pypi: PypiServer) -> None:
    """While somebody holds the lock every task that needs it is refused, with who and since when."""
    folder = repository.path / ".git/release-recipes"
    holder = hold(folder)
    try:
        for words in (RELEASE, ("resume",), ("abandon",), ("rehearse",), ("build",)):
            refused = cli(*words, cwd=repository.path, env=pypi.settings)
            assert refused.code == 1
            assert re.search(
                rf"error: Another release of this project is running: process {holder.pid} on \S+ "
                r"\(release, since 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00\)\.\n\s+→ Wait until it ends, or stop it;",
                refused.err,
            ), refused.err
    finally:
        kill(holder)


def test_it_dies_with_its_process(tmp_path: Path) -> None:
    """A lock whose process was killed holds nobody back, whatever the project's own tests still do."""
    holder = hold(tmp_path)
    with pytest.raises(Busy), State(tmp_path).lock.held("resume"):
        pass
    kill(holder)
    began = time.monotonic()
    with State(tmp_path).lock.held("resume") as killed:
        assert killed is not None
        assert killed.pid == holder.pid
        assert time.monotonic() - began < 5
    with State(tmp_path).lock.held("resume") as killed:
        assert killed is None


def test_a_child_that_lives_on_is_waited_for(tmp_path: Path) -> None:
    """A push of a killed run goes on; the next run begins when it is over."""
    kill(hold(tmp_path, 1.5, "lives on"))
    began = time.monotonic()
    with State(tmp_path).lock.held("resume"):
        assert 0.5 < time.monotonic() - began < 10


def test_a_child_that_lives_on_for_long_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a killed run left behind for good, such as a credential cache, holds the next one up for a while only."""
    monkeypatch.setattr(lock, "PATIENCE", 0.3)
    kill(hold(tmp_path, 5.0, "lives on"))
    began = time.monotonic()
    with State(tmp_path).lock.held("resume"):
        assert time.monotonic() - began < 3


def test_a_child_that_lives_on_after_an_orderly_end_holds_nobody_back(tmp_path: Path) -> None:
    """The lock that children share is given back at the end, whoever still has the descriptor."""
    with State(tmp_path).lock.held("release"):
        child = start([sys.executable, "-c", "import time; time.sleep(5)"], tmp_path, dict(os.environ), inherits=True)
    began = time.monotonic()
    with State(tmp_path).lock.held("resume"):
        assert time.monotonic() - began < 3
    end(child)
    for stream in (child.stdout, child.stderr):
        assert stream is not None
        stream.close()


def test_the_workspace_of_a_killed_run_is_removed(
    cli: Cli, repository: Repository, pypi: PypiServer, tmp_path: Path
) -> None:
    """The next run removes the folder that a killed one named, and only one that carries our marker."""
    state = repository.path / ".git/release-recipes"
    state.mkdir()
    ours, foreign = tmp_path / "release-recipes-ours", tmp_path / "release-recipes-foreign"
    for folder in (ours, foreign):
        folder.mkdir()
        (folder / "file").touch()
        said = {
            "pid": 1,
            "host": "h",
            "since": "2026-01-01T00:00:00+00:00",
            "task": "release",
            "workspace": str(folder),
        }
        if folder is ours:
            (folder / ".release-recipes-workspace").touch()
        (state / "holder.json").write_text(json.dumps(said), encoding="utf-8")
        assert cli("resume", cwd=repository.path, env=pypi.settings).code == 0
    assert not ours.exists()
    assert (foreign / "file").exists()


def test_a_read_only_state_folder_is_told(cli: Cli, repository: Repository, pypi: PypiServer) -> None:
    """Where the lock cannot be made, the release is refused in a sentence, and nothing was begun."""
    (repository.path / ".git/release-recipes").write_text("a file in the way", encoding="utf-8")
    refused = cli(*RELEASE, cwd=repository.path, env=pypi.settings)
    assert refused.code == 1
    assert "error: File exists" in refused.err
    assert "Traceback" not in refused.err
    assert pypi.files() == {}


def test_nothing_is_left_after_an_orderly_end(cli: Cli, repository: Repository, pypi: PypiServer) -> None:
    """After a release no process of ours is left."""
    assert cli(*RELEASE, cwd=repository.path, env=pypi.settings).code == 0
    mine = f"TMPDIR={os.environ['TMPDIR']}".encode()
    left = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if int(folder.name) != os.getpid() and mine in (folder / "environ").read_bytes().split(b"\0"):
                left.append((folder / "cmdline").read_bytes())
        except OSError:
            continue
    assert left == []
