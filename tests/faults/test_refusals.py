"""Whatever the remote refuses, and wherever the release stopped, there is a way out: resume finishes, or abandon ends.

Each state is a refusal times the place where the release was killed; from each both ways are gone. The table of the
session lists them with the outcome of each.
"""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from faults.scene import RELEASE, SDIST, WHEEL, Breaks, Scene
from support.cli import Result
from support.faulty import Exchange, Fault

CLAIM: Final = "refs/release-recipes/v1.3.0"
TAG: Final = "refs/tags/v1.3.0"
BRANCH: Final = "refs/heads/main"
ASIDE: Final = "refs/heads/release/v1.3.0"
NEXT: Final = ("release", "--new-version", "2.0.0", "--skip-tests")

#: Where the release is killed, and what is public by then.
PLACES: Final = {
    "before the claim": [],
    "after the claim": [],
    "after the first upload": [WHEEL],
    "after all uploads": [WHEEL, SDIST],
}

#: Folders of releases that were killed, by where; made by the first test that needs one.
_KILLED: dict[str, Path] = {}


def hook(*lines: str) -> Breaks:
    """Have the remote decide about each ref: $1 is its name, $3 what it is to be."""
    return lambda scene: scene.git_script(scene.repository.remote / "hooks" / "update", *lines)


def refuses(pattern: str) -> Breaks:
    """Have the remote refuse the refs that match a pattern of the shell's."""
    return hook(f'case "$1" in {pattern}) echo "GH013: not allowed" >&2; exit 1;; esac')


def configured(key: str, value: str) -> Breaks:
    """Configure the remote."""
    return lambda scene: scene.repository.git(f"--git-dir={scene.repository.remote}", "config", key, value)


def refuses_the_whole_push(scene: Scene) -> None:
    """Have the remote refuse a push with the tag in it by the hook that sees all its refs at once."""
    scene.git_script(scene.repository.remote / "hooks" / "pre-receive", "! grep -q refs/tags/")


def pushes_elsewhere(scene: Scene) -> None:
    """Let the address for pushes be another one than that for questions, and be gone."""
    scene.repository.git("config", "remote.origin.pushurl", str(scene.folder / "gone.git"))


REFUSALS: Final[dict[str, Breaks]] = {
    "nothing": lambda _: None,
    "the tag": refuses("refs/tags/*"),
    "a push with the tag": refuses_the_whole_push,
    "the branch": refuses("refs/heads/main"),
    "claims": refuses("refs/release-recipes/*"),
    "that a claim is deleted": hook('case "$1$3" in refs/release-recipes/*00000000) exit 1;; esac'),
    "that anything is deleted": configured("receive.denyDeletes", "true"),
    "a push of several refs": configured("receive.advertiseAtomic", "false"),
    "branches under release/": refuses("refs/heads/release/*"),
    "the branch, and those under release/": refuses("refs/heads/*"),
    "all but claims": hook('case "$1" in refs/release-recipes/*) ;; *) exit 1;; esac'),
    "everything": hook("exit 1"),
    "the push address, which is gone": pushes_elsewhere,
}


def content(scene: Scene) -> None:
    """Let the remote take everything again."""
    for name in ("update", "pre-receive"):
        (scene.repository.remote / "hooks" / name).unlink(missing_ok=True)
    configured("receive.denyDeletes", "false")(scene)
    configured("receive.advertiseAtomic", "true")(scene)
    subprocess.run(["git", "config", "--unset", "remote.origin.pushurl"], cwd=scene.repository.path, check=False)


def kill(scene: Scene, place: str) -> None:
    """Come to where a release was killed, as a copy of one that truly was."""
    if place not in _KILLED:
        _really_kill(scene, place)
        _KILLED[place] = scene.folder.with_name(f"{scene.folder.name} {place}")
        shutil.copytree(scene.folder, _KILLED[place], symlinks=True, ignore=shutil.ignore_patterns("popen*"))
        return
    shutil.rmtree(scene.folder)
    shutil.copytree(_KILLED[place], scene.folder, symlinks=True)
    scene.repository.git("remote", "set-url", "origin", str(scene.repository.remote))
    scene.base = scene.repository.head
    waits = next((scene.repository.path / ".git" / "release-recipes").glob("*/record.json"))
    told = json.loads(waits.read_text(encoding="utf-8"))
    told["remote_address"] = str(scene.repository.remote)
    told["target"] |= {"upload_address": scene.proxy.upload_url, "index_address": scene.proxy.index_url}
    waits.write_text(json.dumps(told), encoding="utf-8")


def _really_kill(scene: Scene, place: str) -> None:
    steps = {"before the claim": "claim", "after the claim": "upload", "after all uploads": "push"}
    if place in steps:
        scene.step_in(steps[place], "kill -9 $PPID")
    else:
        pid = scene.folder / "pid"
        scene.step_in("upload", f"echo $PPID > '{pid}'")

        def end(exchange: Exchange) -> None:
            os.kill(int(pid.read_text()), signal.SIGKILL)
            exchange.hang()

        scene.proxy.plan(Fault("killed", end), filename=SDIST)
    assert scene.run(*RELEASE).code == -signal.SIGKILL
    assert scene.leftovers()["records"] == ["demo-package-1.3.0"]
    assert sorted(scene.index.files()) == sorted(PLACES[place])
    scene.stay_out()
    shutil.rmtree(scene.temporary)
    scene.temporary.mkdir()


@dataclass(frozen=True)
class State:
    """Where a release was killed, and what is refused from then on."""

    refusal: str
    place: str

    def __str__(self) -> str:
        """Name it."""
        return f"refused: {self.refusal}; killed {self.place}"


STATES: Final = [State(refusal, place) for refusal in REFUSALS for place in PLACES]

every_state = pytest.mark.parametrize("state", STATES, ids=str)


def waits(scene: Scene) -> bool:
    """Say whether a record waits."""
    return scene.leftovers()["records"] != []


def next_is_free(scene: Scene, said: str) -> str:
    """See that a next release meets no record, and no claim but one that was told with the command; say which."""
    if scene.repository.remote_refs()[BRANCH] != scene.repository.head:
        scene.repository.git("pull", "--quiet", "--rebase", "origin", "main")
    tried = scene.run(*NEXT, "--dry-run")
    if tried.code == 0:
        return ""
    assert CLAIM in tried.err
    assert tried.err.count("error [") == tried.err.count("error [claim]") == 1, tried.err
    content(scene)
    command = re.search(rf"(git push origin v1\.3\.0 && )?git push origin :{CLAIM}", said)
    assert command, said
    subprocess.run(command[0], shell=True, cwd=scene.repository.path, check=True, capture_output=True)  # noqa: S602
    assert not scene.index.files() or {TAG, ASIDE} & scene.repository.remote_refs().keys()
    assert scene.run(*NEXT, "--dry-run").code == 0
    return ", a claim stays, and is told"


def shows(record_property: Callable[[str, object], None], state: State, way: str, done: Result, end: str) -> None:
    """Leave the line of the table."""
    told = (done.err or done.out).strip().splitlines()
    line = next((line for line in told if line.startswith("error: ")), told[-1])
    for name, value in {
        "fault": str(state),
        "what happened": way,
        "told": line[:60],
        "exit": done.code,
        "after resume": end,
    }.items():
        record_property(name, value)


@every_state
def test_resume_or_abandon(state: State, scene: Scene, record_property: Callable[[str, object], None]) -> None:
    """From each state resume finishes, or ends with nothing public, or abandon --yes ends it; no record is left."""
    kill(scene, state.place)
    REFUSALS[state.refusal](scene)
    resumed = done = scene.run("resume")
    end = "resume: released" if done.code == 0 else "resume: nothing public, no record"
    if waits(scene):
        assert done.code == 3, done.err
        done = scene.run("abandon", "--yes")
        end = "abandon --yes: ended"
    assert done.code == (1 if end.startswith("resume: nothing") else 0), done.err
    assert not waits(scene)
    see_the_commit(scene, done.out)
    end += next_is_free(scene, resumed.out + resumed.err + done.out)
    shows(record_property, state, "resume", resumed, end)


@every_state
def test_abandon(state: State, scene: Scene, record_property: Callable[[str, object], None]) -> None:
    """From each state abandon --yes ends with 0 and no record, without a resume before it."""
    kill(scene, state.place)
    REFUSALS[state.refusal](scene)
    done = scene.run("abandon", "--yes")
    assert done.code == 0, done.err
    assert not waits(scene)
    assert "Traceback" not in done.out + done.err
    see_the_commit(scene, done.out)
    end = "abandon --yes: ended" + next_is_free(scene, done.out)
    shows(record_property, state, "abandon", done, end)


#: What a release ends with that is not killed; 3 is the only one with a record.
ENDS: Final = {
    "nothing": 0,
    "the tag": 3,
    "a push with the tag": 3,
    "the branch": 0,
    "claims": 0,
    "that a claim is deleted": 0,
    "that anything is deleted": 0,
    "a push of several refs": 0,
    "branches under release/": 0,
    "the branch, and those under release/": 3,
    "all but claims": 3,
    "everything": 3,
    "the push address, which is gone": 1,
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_it_fails(refusal: str, scene: Scene, record_property: Callable[[str, object], None]) -> None:
    """A release that is refused from its beginning is released, or failed before its upload, or can be abandoned."""
    REFUSALS[refusal](scene)
    done = first = scene.run(*RELEASE)
    assert first.code == ENDS[refusal], first.err
    assert waits(scene) is (first.code == 3)
    end = {0: "release: released", 1: "release: nothing public, no record", 3: "abandon --yes: ended"}[first.code]
    if first.code == 1:
        assert scene.index.files() == {}
    if first.code == 3:
        assert scene.run("resume").code == 3
        done = scene.run("abandon", "--yes")
        assert done.code == 0, done.err
        assert not waits(scene)
    see_the_commit(scene, done.out)
    end += next_is_free(scene, first.out + done.out)
    shows(record_property, State(refusal, "never"), "release", first, end)


def see_the_commit(scene: Scene, said: str) -> None:
    """See that the commit of what is public is on the remote; where that takes nothing, here, and that is told."""
    if scene.index.files():
        assert scene.repository.git("cat-file", "-t", TAG) == "tag"
        told = "origin refuses both tag and branch, and has nothing of this release; the tag v1.3.0 exists only locally"
        assert {CLAIM, TAG, ASIDE} & scene.repository.remote_refs().keys() or told in said, said
