"""The table of the six build backends, printed at the end whichever worker made the rows."""

from typing import Any

import pytest

_COLUMNS = ("backend", "alone: sdist", "wheel", "released: sdist", "wheel", "normalised: sdist", "wheel", "told")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print one line a backend."""
    rows = [
        dict[str, Any](report.user_properties)["row"]
        for report in terminalreporter.stats.get("passed", ())
        if "row" in dict(report.user_properties)
    ]
    if not rows:
        return
    widths = [max(len(row[n]) for row in (_COLUMNS, *rows)) for n in range(len(_COLUMNS))]
    terminalreporter.section("two builds by each backend")
    for row in (_COLUMNS, *sorted(rows)):
        terminalreporter.line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
