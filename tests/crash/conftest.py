"""Counts of the crash session, told at its end whichever worker made them."""

from collections import Counter

import pytest


@pytest.fixture
def share(request: pytest.FixtureRequest) -> int:
    """Of how many points one is taken: of three with ``--third``, else each."""
    return 3 if request.config.getoption("--third") else 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many points there were, and how many came to the right end."""
    points: Counter[str] = Counter()
    right: Counter[str] = Counter()
    counts = {"points": points, "right ends": right}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()) if getattr(report, "when", "") == "call" else ():
                kind, _, what = name.partition(": ")
                if what in counts:  # other folders have tables of their own
                    counts[what][kind] += value
    if points:
        terminalreporter.section("crashes")
        for kind in points:
            terminalreporter.line(f"{kind}: {points[kind]} points, {right[kind]} at the right end")
        terminalreporter.line(f"all: {points.total()} points, {right.total()} at the right end")
