"""Build a second time, in another folder and at another time, and compare: who rebuilds a release should get it.

What makes two builds of ours the same stands elsewhere: ``SOURCE_DATE_EPOCH`` in :mod:`~release_recipes.prepare.build`,
the umask in :func:`~release_recipes.prepare.workspace.usual_modes`, the sdist's repacking in
:mod:`~release_recipes.prepare.normalise`. See https://reproducible-builds.org/docs/.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from typing import TYPE_CHECKING

from release_recipes import events
from release_recipes.distributions.distribution import Distribution
from release_recipes.errors import BadDistribution, CommandFailed, Problem
from release_recipes.prepare.build import build_in
from release_recipes.prepare.step import Step
from release_recipes.prepare.workspace import clone_release
from release_recipes.processes.run import run
from release_recipes.programs import nox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from release_recipes.plan import Plan
    from release_recipes.prepare.workspace import Workspace

#: Seconds: the times in a ZIP archive are even.
CLOCK = 2.0

#: Seconds by which the second clone's files are older.
DAY = 86400

#: How many members are named for each thing in which they differ.
_NAMED = 5

#: What of a member can differ, as it is told; in this order.
_ASPECTS = {"kind": "kind", "target": "target", "sha256": "content", "mode": "mode", "mtime": "time", "owner": "owner"}

#: What an sdist's repacking takes away.
_REPACKED = {"mode", "time", "owner", "order", "archive"}


#: What a wheel that was not built from the sdist can have otherwise, and a user would notice.
_CONTENT = {"missing", "added", "content"}


def _describe(plan: Plan) -> list[str]:
    return ["build again elsewhere, and compare"] if plan.settings.reproducible in {"warn", "stop"} else []


def _run(plan: Plan, workspace: Workspace) -> str:
    again = workspace.folder / "again" / "build"
    again.parent.mkdir()
    clone_release(workspace, again)
    _make_older(again)
    first = workspace.distributions()
    time.sleep(max(0.0, max(path.stat().st_mtime for path in first) + CLOCK - time.time()))
    settings = plan.settings
    build_in(again, settings.build_session, workspace.epoch, normalises=settings.normalise_sdist or plan.test)
    problems = [*_compared(first, again / "dist")]
    if nox.has(settings.build_session, nox.sessions(workspace.build)):
        problems += _compared_with_sdist(first, workspace)
    if problems and settings.reproducible == "stop":
        raise BadDistribution(problems)
    for problem in problems:
        events.emit(events.Warned(problem))
    return f"{len(problems)} of {len(first)} differ" if problems else "the same bytes"


def _make_older(clone: Path) -> None:
    """Give every file of a clone another time than the first one has."""
    for path in clone.rglob("*"):
        if path.is_file() and not path.is_symlink() and ".git" not in path.relative_to(clone).parts:
            then = path.stat().st_mtime - DAY
            os.utime(path, (then, then))


def _compared(first: list[Path], again: Path) -> Iterator[Problem]:
    """Compare each distribution with that of the second build."""
    for path in first:
        second = again / path.name
        if not second.is_file():
            hint = "See where its name comes from: a version with a date, or the machine."
            yield _problem(f"{path.name} is not among what a second build makes.", hint)
        elif told := differences(Distribution(path), Distribution(second)):
            repacked = path.name.endswith(".tar.gz") and told.keys() <= _REPACKED
            hint = "See https://reproducible-builds.org/docs/ for the usual causes; look with: diffoscope"
            if repacked:
                hint = "Only what a repacking takes away; in pyproject.toml: [tool.release] normalise_sdist = true"
            yield _problem(f"{path.name} is not the same when it is built again: {_sentence(told)}.", hint)


def _compared_with_sdist(first: list[Path], workspace: Workspace) -> Iterator[Problem]:
    """Compare the wheels with the one that the sdist builds; a session of the project may build them apart."""
    folder = workspace.folder / "again" / "from-sdist"
    sdist = next((path for path in first if path.name.endswith(".tar.gz")), None)
    if sdist is None:
        return  # the inspection tells
    words = ["uv", "build", "--quiet", "--wheel", "--out-dir", str(folder), str(sdist)]
    try:
        run(words, cwd=workspace.folder, env={"SOURCE_DATE_EPOCH": workspace.epoch}, tell=True)
    except CommandFailed:
        hint = f"Whoever installs from source cannot; see its output above, and try: uv build --wheel dist/{sdist.name}"
        yield _problem(f"No wheel can be built from {sdist.name}.", hint)
        return
    for path in first:
        if (folder / path.name).is_file():
            told = differences(Distribution(path), Distribution(folder / path.name))
            if lacking := {what: names for what, names in told.items() if what in _CONTENT}:
                hint = "Build the wheel from the sdist (python -m build does), and see what the sdist lacks."
                yield _problem(f"{path.name} is not what {sdist.name} builds: {_sentence(lacking)}.", hint)


def differences(first: Distribution, second: Distribution) -> dict[str, list[str]]:
    """Return what differs between two distributions, each with the members that it is about; empty: the same bytes."""
    if first.path.read_bytes() == second.path.read_bytes():
        return {}
    ours = {member.name: member for member in first.members}
    theirs = {member.name: member for member in second.members}
    told: defaultdict[str, list[str]] = defaultdict(list)
    told["missing"] = sorted(ours.keys() - theirs.keys())
    told["added"] = sorted(theirs.keys() - ours.keys())
    for name in ours.keys() & theirs.keys():
        for aspect, word in _ASPECTS.items():
            if getattr(ours[name], aspect) != getattr(theirs[name], aspect):
                told[word].append(name)
    found = {word: sorted(names) for word, names in told.items() if names}
    if not found:
        same_order = [member.name for member in first.members] == [member.name for member in second.members]
        return {"archive" if same_order else "order": []}
    return found


def _sentence(told: dict[str, list[str]]) -> str:
    """Say what differs in one line."""
    said = []
    for word, names in told.items():
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        joint = ":" if word in {"missing", "added"} else " of"
        said.append(f"{word}{joint} {', '.join(names[:_NAMED])}{more}" if names else _WHOLE[word])
    return "; ".join(said)


_WHOLE = {"archive": "the archive's own bytes, such as the time in gzip's header", "order": "the order of the members"}


def _problem(message: str, hint: str) -> Problem:
    return Problem("reproducible", message, hint)


STEP = Step("rebuild", _describe, _run)
