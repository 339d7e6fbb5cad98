"""Two releases at the same time: one wins, the other refuses before it uploads, and nothing is broken."""

import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import pytest

from crash.stage import RELEASE, Stage, staged
from support.repository import Repository

TIMES = 50
LANES = 5

Record = Callable[[str, object], None]


def ends(*processes: Popen[str]) -> list[tuple[int, str]]:
    """Wait for processes, and return code and words of each, the lowest code first."""
    return sorted((process.returncode, said) for process in processes for said in [process.communicate(timeout=120)[0]])


@pytest.mark.parametrize("lane", range(LANES))
def test_in_one_repository(lane: int, tmp_path: Path, record_property: Record) -> None:
    """Of two releases in one repository one wins; the other is refused, with who is at it."""
    for number in range(lane, TIMES, LANES):
        with staged(tmp_path / str(number)) as stage:
            (won, _), (lost, said) = ends(stage.start(*RELEASE), stage.start(*RELEASE))
            assert (won, lost) == (0, 1), said
            assert "error: Another release of this project is running: " in said
            stage.see_right_end()
    record_property("races in one repository: points", TIMES // LANES)
    record_property("races in one repository: right ends", TIMES // LANES)


def second(stage: Stage) -> Stage:
    """Return the stage of somebody else, with a clone of the same remote and the same index."""
    other = stage.repository.other_clone()
    # The same person in the same second would make the very same commit and tag, which is no race.
    other.git("config", "user.name", "Grace Hopper")
    folder = stage.folder / "second"
    (folder / "tmp").mkdir(parents=True)
    return Stage(folder, Repository(other.path, stage.repository.remote), stage.index, stage.settings)


@pytest.mark.parametrize("lane", range(LANES))
def test_in_two_clones(lane: int, tmp_path: Path, record_property: Record) -> None:
    """Of two releases in two clones one wins; the other uploads nothing, and is as it was before."""
    for number in range(lane, TIMES, LANES):
        with staged(tmp_path / str(number)) as stage:
            other = second(stage)
            base = stage.repository.head
            first, both = stage.start(*RELEASE), other.start(*RELEASE)
            codes = {"ours": first, "theirs": both}
            said = {name: process.communicate(timeout=120)[0] for name, process in codes.items()}
            assert sorted(process.returncode for process in codes.values()) == [0, 1], said
            won, lost = (stage, other) if first.returncode == 0 else (other, stage)
            won.see_right_end()
            words = said["theirs" if lost is other else "ours"]
            assert any(known in words for known in REFUSALS), words
            see_untouched(lost, base)
        shutil.rmtree(tmp_path / str(number))
    record_property("races in two clones: points", TIMES // LANES)
    record_property("races in two clones: right ends", TIMES // LANES)


REFUSALS = (
    "Another machine has claimed a release of this project (refs/release-recipes/v1.3.0 on origin).",
    "A release of v1.3.0 is in progress: refs/release-recipes/v1.3.0 on origin",
    "The tag v1.3.0 was pushed to origin after the checks.",
    "Commits were pushed to origin/main after the checks.",
    "demo-package 1.3.0 is already on the index",
)


def see_untouched(stage: Stage, base: str) -> None:
    """See that a repository is as it was before its release."""
    git = stage.repository.git
    assert git("rev-parse", "HEAD", "refs/heads/main").splitlines() == [base, base]
    assert git("status", "--porcelain") == ""
    assert git("for-each-ref", "--format=%(refname)", "refs/tags", "refs/release-recipes") == "refs/tags/v1.2.3"
    assert not stage.waits()
    assert list(stage.temporary.iterdir()) == []
    assert stage.processes() == []
