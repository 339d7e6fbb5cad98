"""Build a second time, in another folder and at another time, and compare, so that a release is reproducible.

What makes two builds identical is elsewhere: ``SOURCE_DATE_EPOCH`` in :mod:`~release_recipes.prepare.build`,
the umask in :mod:`~release_recipes.processes.process`, the repacking of sdists in
:mod:`~release_recipes.distributions.normalise`. See https://reproducible-builds.org/docs/.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from release_recipes import events
from release_recipes.distributions.comparison import differences, sentence
from release_recipes.distributions.distribution import Distribution
from release_recipes.errors import BadDistribution
from release_recipes.findings import Finding, Severity
from release_recipes.plan import Plan
from release_recipes.prepare.build import build_in
from release_recipes.prepare.step import Step
from release_recipes.prepare.workspace import Workspace, clone_release

#: Seconds: the times in a ZIP archive are even.
CLOCK = 2.0

#: Seconds by which the second clone's files are older.
DAY = 86400

#: The endings of what compilers write.
_COMPILED = (".so", ".pyd", ".dylib", ".a")

#: The differences that repacking an sdist removes.
_REPACKED = {"mode", "time", "owner", "order", "archive"}


def _left_out(plan: Plan) -> str:
    word = plan.settings.reproducible
    return "" if word in {"warn", "stop"} else f"by the setting reproducible ({word})"


def _describe(_plan: Plan, _workspace: Workspace) -> list[str]:
    return ["build again in another folder, and compare the distributions"]


def _run(plan: Plan, workspace: Workspace) -> str:
    again = workspace.folder / "again" / "build"
    again.parent.mkdir()
    clone_release(workspace, again)
    _make_older(again)
    first, settings = workspace.distributions(), plan.settings
    after = max(path.stat().st_mtime for path in first) + CLOCK
    folder, normalises = workspace.project(again), settings.normalise_sdist or plan.test
    build_in(folder, settings, workspace.epoch, normalises=normalises, after=after)
    found = list(_compared(first, folder / "dist"))
    if found and settings.reproducible == "stop":
        raise BadDistribution(found)
    for finding in found:
        events.emit(events.Warned(replace(finding, severity=Severity.WARNING)))
    return f"{len(found)} of {len(first)} differ" if found else "identical"


def _make_older(clone: Path) -> None:
    """Set the time of every file in a clone to an earlier one."""
    for path in clone.rglob("*"):
        if path.is_file() and not path.is_symlink() and ".git" not in path.relative_to(clone).parts:
            then = path.stat().st_mtime - DAY
            os.utime(path, (then, then))


def _compared(first: list[Path], again: Path) -> Iterator[Finding]:
    """Compare each distribution with the second build."""
    for path in first:
        second = again / path.name
        if not second.is_file():
            hint = "Check where its name comes from, such as the date or the machine."
            yield _found(f"A second build does not produce {path.name}.", hint)
        elif told := differences(Distribution(path), Distribution(second)):
            repacked = path.name.endswith(".tar.gz") and told.keys() <= _REPACKED
            hint = "See https://reproducible-builds.org/docs/ for common causes, and compare the files with: diffoscope"
            if any(name.endswith(_COMPILED) for name in told.get("content", ())):
                hint = f"Compilers write the build's folder into debug information; CFLAGS=-g0 leaves it out. {hint}"
            if repacked:
                hint = "Repacking removes these differences: remove normalise_sdist from [tool.release]."
            yield _found(f"{path.name} differs when it is built again: {sentence(told)}.", hint)


def _found(message: str, hint: str) -> Finding:
    return Finding(message, hint, check="reproducible")


STEP = Step("rebuild", _left_out, _describe, _run)
