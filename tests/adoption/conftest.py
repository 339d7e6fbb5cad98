"""The table of the adoption session, printed at its end whichever worker made the rows."""

from collections import Counter
from typing import Any

import pytest

_COLUMNS = ("project", "planned", "kind", "outcome", "why")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print one line a project, and how many there were of each outcome."""
    rows: list[tuple[str, ...]] = []
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, ()):
            told: dict[str, Any] = dict(report.user_properties)
            if "outcome" in told:
                rows.append(tuple(str(told[column]) for column in _COLUMNS))
    if not rows:
        return
    widths = [max(len(row[n]) for row in (_COLUMNS, *rows)) for n in range(len(_COLUMNS))]
    terminalreporter.section("adoption")
    for row in (_COLUMNS, *sorted(rows)):
        terminalreporter.line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    counted = Counter(row[3] for row in rows)
    terminalreporter.line(f"{len(rows)} projects: {', '.join(f'{n} {name}' for name, n in counted.most_common())}")
