"""The table of the faults session, printed at its end whichever worker made the rows."""

from typing import Any

import pytest

from faults.scene import scene

__all__ = ["scene"]

_COLUMNS = ("fault", "what happened", "told", "exit", "after resume")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print one line a fault, and how many there were."""
    rows: list[tuple[str, ...]] = []
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, ()):
            told: dict[str, Any] = dict(report.user_properties)
            if "fault" in told:
                end = told["after resume"] if outcome == "passed" else "NOT AS IT SHOULD BE"
                rows.append((*(str(told[column]) for column in _COLUMNS[:-1]), end))
    if not rows:
        return
    widths = [max(len(row[n]) for row in (_COLUMNS, *rows)) for n in range(len(_COLUMNS))]
    terminalreporter.section("faults")
    for row in (_COLUMNS, *sorted(rows)):
        terminalreporter.line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    right = sum(row[-1] != "NOT AS IT SHOULD BE" for row in rows)
    terminalreporter.line(f"{len(rows)} faults, {right} came to the right end")
    states = [row[0] for row in rows if row[0].startswith("refused: ")]
    if states:
        terminalreporter.line(f"{len(set(states))} states of a release that the remote refuses, {len(states)} ways out")
