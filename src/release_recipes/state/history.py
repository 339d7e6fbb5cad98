"""Releases of the past, as the history of a repository, its tags, and the index know them."""

import contextlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from release_recipes.state.record import Artifact

#: The lines of this year; those of others are in ``history-<year>.jsonl``.
FILE = "history.jsonl"

#: Bytes at the end of the file that :func:`usual` reads.
_NEWEST = 50_000

#: Outcomes of a task that did something, if it was only to see that nothing is left to do.
_DONE = frozenset({"released", "abandoned", "tested"})

#: The tasks that are an attempt of a release.
_ATTEMPTS = frozenset({"release", "release_changed", "publish", "resume", "abandon"})


@dataclass(frozen=True, kw_only=True)
class Release:
    """One release of the past; what is not known is empty, or ``None``."""

    #: The project's name as it spells it.
    project: str
    version: str
    tag: str = ""
    #: The id of the tag object; of a lightweight tag, that of its commit.
    tag_object: str = ""
    commit: str = ""
    #: When it was published, or its last attempt ended: UTC, ISO 8601, in seconds.
    at: str = ""
    #: The git identity, such as ``Jane <jane@example.com>``.
    who: str = ""
    #: The machine's name, or the page of the run in CI.
    where: str = ""
    #: The root of the index's simple API.
    index: str = ""
    files: tuple[Artifact, ...] = ()
    #: Wall-clock seconds of all attempts together.
    seconds: float | None = None
    #: How often it was attempted: the release, and each ``resume``.
    attempts: int | None = None
    #: Wall-clock seconds by step, in the attempt in which it took longest; some steps run at the same time.
    steps: Mapping[str, float] = field(default_factory=dict)
    #: ``released``, ``unfinished``, ``abandoned``, or as a task ends that did not publish anything.
    outcome: str = "released"

    @property
    def size(self) -> int:
        """The bytes of its files."""
        return sum(each.size for each in self.files)

    def filled(self, other: "Release") -> "Release":
        """Return it with what only another source knows of the same release."""
        empty = ("", (), None)
        known: dict[str, Any] = {name: value for name, value in vars(other).items() if getattr(self, name) in empty}
        return replace(self, **known)


def rotate(top: Path) -> None:
    """Give the lines of an earlier year a file of their own; what cannot be renamed stays."""
    path = top / FILE
    with contextlib.suppress(OSError):
        year = datetime.fromtimestamp(path.stat().st_mtime, UTC).year
        if year < datetime.now(UTC).year and not (kept := top / f"history-{year}.jsonl").exists():
            path.rename(kept)


def read(top: Path) -> tuple[list[dict[str, Any]], int]:
    """Return the lines of all years, the oldest first, and how many could not be read.

    Args:
        top: The state folder of the repository.
    """
    lines, broken = list[dict[str, Any]](), 0
    for path in (*sorted(top.glob("history-*.jsonl")), top / FILE):
        with contextlib.suppress(OSError):
            for text in path.read_text("utf-8", "replace").splitlines():
                try:
                    said = json.loads(text)
                    lines.append(_checked({**said, "at": str(said["at"]), "event": str(said["event"])}))
                except (ValueError, KeyError, TypeError):
                    broken += 1
    return lines, broken


def usual(top: Path, below: str) -> dict[str, float]:
    """Return how long each step of a project took when it last ran, in seconds; of the newest lines only.

    Args:
        top: The state folder of the repository.
        below: The project's folder, relative to the repository's.
    """
    runs, found = set[str](), dict[str, float]()
    with contextlib.suppress(OSError, ValueError), (top / FILE).open("rb") as file:
        file.seek(-min(_NEWEST, file.seek(0, os.SEEK_END)), os.SEEK_END)
        for text in file.read().split(b"\n"):
            with contextlib.suppress(ValueError, KeyError, TypeError):
                line = json.loads(text)
                if line["event"] == "started" and line["folder"] == below:
                    runs.add(line["run"])
                elif line["event"] == "step" and line["run"] in runs and line["state"] == "done":
                    found[line["step"]] = float(line["seconds"])
    return found


def _checked(line: dict[str, Any]) -> dict[str, Any]:
    """Return a line that has what its event needs; otherwise raise what reading it would."""
    _facts(line)
    needed = {"step": "step", "ended": "outcome"}.get(line["event"])
    return {**line, needed: str(line[needed]), "seconds": float(line["seconds"])} if needed else line


def releases(lines: Iterable[Mapping[str, Any]], project: str) -> list[Release]:
    """Return the releases of a project that lines are about, the newest first; attempts that began nothing are none."""
    found: dict[tuple[str, str], Release] = {}
    ordered = sorted(lines, key=lambda line: str(line.get("run", "")))
    for _, run in groupby(ordered, key=lambda line: str(line.get("run", ""))):
        for one in _runs(sorted(run, key=lambda line: line["at"])):
            if one.project == project:
                known = found.get((one.version, one.index))
                found[one.version, one.index] = _joined(known, one) if known else one
    kept = [one for one in found.values() if one.attempts != 0]
    return sorted(kept, key=lambda one: one.at, reverse=True)


def _runs(lines: Sequence[Mapping[str, Any]]) -> list[Release]:
    """Return what one run did: a release, or one for each package; lines of 0.1.0 have no run."""
    started = next((line for line in lines if line["event"] == "started"), {})
    ended = next((line for line in lines if line["event"] == "ended"), None)
    if started and started.get("task") not in _ATTEMPTS:
        return []
    result: list[Release] = []
    for line in lines:
        event, current = line["event"], result[-1] if result else None
        if event in {"planned", "recorded", "released", "abandoned"} and line.get("project"):
            facts = _facts(line)
            if current is None or (current.project, current.version) != (facts["project"], facts["version"]):
                facts |= {name: str(started.get(name, "")) for name in ("who", "where")}
                current = Release(**facts, attempts=1, outcome="unfinished" if event == "recorded" else "killed")
                result.append(current)
            outcome = {"planned": current.outcome, "recorded": "unfinished"}.get(event, event)
            result[-1] = replace(current, **{k: v for k, v in facts.items() if v}, outcome=outcome)
        elif event == "step" and current:
            steps = {**current.steps, line["step"]: current.steps.get(line["step"], 0) + float(line["seconds"])}
            result[-1] = replace(current, steps=steps, at=line["at"])
    if result and ended:
        last = result[-1]
        outcome = last.outcome if last.outcome in {"released", "abandoned"} else str(ended["outcome"])
        seconds = float(ended["seconds"]) if len(result) == 1 else sum(last.steps.values())
        has_begun = started.get("task") != "abandon" and {*last.steps} - {"check"}
        attempts = 1 if has_begun or outcome in _DONE else 0
        result[-1] = replace(last, outcome=outcome, seconds=seconds, at=ended["at"], attempts=attempts)
    return [
        each if each.seconds is not None else replace(each, seconds=sum(each.steps.values()) or None) for each in result
    ]


def _facts(line: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a line that a release has."""
    names = ("project", "version", "tag", "tag_object", "commit", "index", "at")
    listed = line.get("artifacts") or ()
    files = tuple(Artifact(str(a["filename"]), str(a["sha256"]), int(a["size"])) for a in listed)
    return {**{name: str(line.get(name) or "") for name in names}, "files": files}


def _joined(known: Release, later: Release) -> Release:
    """Return two attempts of a release as one."""
    if known.attempts == 0 or later.attempts == 0:  # one of them began nothing
        return later if known.attempts == 0 else known
    if known.at > later.at:
        known, later = later, known
    if known.outcome == "released":  # what came later found it done, or could not see that it was
        return known.filled(later)
    steps = {name: max(known.steps.get(name, 0), later.steps.get(name, 0)) for name in {**known.steps, **later.steps}}
    seconds = (known.seconds or 0) + (later.seconds or 0)
    attempts = (known.attempts or 0) + (later.attempts or 0)
    return replace(later.filled(known), steps=steps, seconds=seconds, attempts=attempts)
