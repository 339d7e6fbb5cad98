"""One row of the matrix: a fault, what comes of it, and how it ends; and the one way in which every row is shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from faults.scene import RELEASE, RELEASED, RESUME, Breaks, Scene, nothing


@dataclass(frozen=True)
class Row:
    """A fault, and all that is expected of it, as literals."""

    #: Begins with what is broken: upload, page, git or gh.
    name: str
    breaks: Breaks
    #: What became of the release, for the table.
    happened: str
    #: A piece of what the person is told.
    told: str
    code: int = 0
    #: How many files were sent, each attempt counted, until the first command ended.
    sent: int = 2
    mends: Breaks = nothing
    #: What is typed once the fault is gone.
    then: tuple[str, ...] = RESUME
    #: Its exit code, and a piece of what it tells.
    then_code: int = 0
    then_told: str = ""
    #: What is so at the end.
    end: Mapping[str, Any] = field(default_factory=lambda: RELEASED)
    #: Its name in the table.
    ends: str = "released"


def show(row: Row, scene: Scene, record_property: Callable[[str, object], None]) -> None:
    """Break, run, compare; mend, run, compare; and leave the line of the table."""
    row.breaks(scene)
    before = scene.repository.snapshot()
    done = scene.run(*RELEASE)
    said = done.out + done.err
    sent = len(scene.proxy.uploads)
    for name, value in {
        "fault": row.name,
        "what happened": row.happened,
        "told": row.told,
        "exit": done.code,
        "after resume": f"{' '.join(row.then[:1])}: {row.ends}",
    }.items():
        record_property(name, value)
    assert (done.code, row.told in said, sent) == (row.code, True, row.sent), said
    assert "Traceback" not in said
    if row.code == 1:
        assert scene.repository.snapshot() == before
        assert scene.leftovers() == {"records": [], "temporary": []}
    row.mends(scene)
    if row.code == 1:
        assert [name for name in scene.repository.remote_refs() if name.startswith("refs/release-recipes/")] == []
    if row.code == 0:
        assert scene.state() == row.end, said
    scene.proxy.mend()
    scene.stay_out()
    then = scene.run(*row.then)
    said = then.out + then.err
    assert (then.code, row.then_told in said) == (row.then_code, True), said
    assert scene.state() == row.end, said
    if row.code == 0 and row.then == RESUME:
        assert "No release is unfinished." in said


def rows(*matrix: Row) -> pytest.MarkDecorator:
    """Have one test for each row."""
    return pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in matrix])
