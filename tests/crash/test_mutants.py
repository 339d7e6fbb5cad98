"""The crash tests see it when the product breaks one of its promises."""

import re
import signal
from pathlib import Path

import pytest

from crash.stage import RELEASE, WrongEnd, point_of, staged

#: The mutant, the point of the kill, and the words of the check that caught it.
MUTANTS = {
    "record_after_the_first_upload": (
        "Ended POST",
        r"release ended with 1:.*demo-package 1\.3\.0 is already on the index",
    ),
    "upload_trusts_the_record": (
        "Ended POST",
        r"resume ended with 3:.*The index does not list demo_package-1\.3\.0\.tar\.gz yet",
    ),
    "leftovers_stay": (
        "StepStarted inspect",
        r"temporary folder: \['release-recipes-[0-9a-f]+'\], not \[\]",
    ),
    "tag_made_anew": (
        "StepEnded claim",
        r"resume ended with .*Another machine has claimed a release of this project",
    ),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_mutant_is_seen(mutant: str, tmp_path: Path) -> None:
    """Each mutant lives through an undisturbed release, and the end after a crash shows it."""
    point, words = MUTANTS[mutant]
    log = tmp_path / "undisturbed.log"
    with staged(tmp_path / "undisturbed") as stage:
        assert stage.run(*RELEASE, mutant=mutant, log=log).returncode == 0
        stage.see_right_end()
    number = point_of(log, point)
    with staged(tmp_path / "stage") as stage:
        assert stage.run(*RELEASE, at=number, mutant=mutant).returncode == -signal.SIGKILL
        with pytest.raises(WrongEnd, match=re.compile(words, re.DOTALL)):
            stage.finish(mutant=mutant)


@pytest.mark.parametrize("point", sorted({point for point, _ in MUTANTS.values()}))
def test_without_a_mutant_the_end_is_right(point: str, tmp_path: Path) -> None:
    """At the same points the product itself comes to the right end."""
    log = tmp_path / "undisturbed.log"
    with staged(tmp_path / "undisturbed") as stage:
        assert stage.run(*RELEASE, log=log).returncode == 0
    number = point_of(log, point)
    with staged(tmp_path / "stage") as stage:
        assert stage.run(*RELEASE, at=number).returncode == -signal.SIGKILL
        stage.finish()
