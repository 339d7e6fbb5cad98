"""Break each check and each inspection, and see a test go red: ``nox -s mutants``; ``-- copies pins`` breaks those.

Each check is broken twice: its guard is removed (it never finds anything), and inverted (it always does). The tests
that are marked as red, or as green, for the check pass without the mutant, and with it in its place one has to fail.

Tests are collected once a process, and one process a core takes its share of the mutants.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from release_recipes import check
from release_recipes.check import CHECKS
from release_recipes.distributions import inspection
from release_recipes.distributions.inspection import INSPECTIONS
from release_recipes.findings import Finding

TESTS = Path(__file__).parent
PROCESSES = min(os.cpu_count() or 1, 4)
NAMES = [each.name for each in CHECKS] + [each.name for each in INSPECTIONS]
#: How a check is broken, and the tests of which one has to fail.
KINDS = {"removed": "red", "inverted": "green"}
#: What marks an argument that is a process's share.
SHARE = "--share="


@contextlib.contextmanager
def broken(name: str, kind: str) -> Iterator[None]:
    """Put a mutant in the place of a check."""
    found = [Finding("It always finds something.", "There is no way out.")] if kind == "inverted" else []
    try:
        for act, where, whole in ((check, "CHECKS", CHECKS), (inspection, "INSPECTIONS", INSPECTIONS)):
            act.__dict__[where] = tuple(
                replace(each, find=lambda _: iter(found)) if each.name == name else each for each in whole
            )
        yield
    finally:
        check.__dict__["CHECKS"], inspection.__dict__["INSPECTIONS"] = CHECKS, INSPECTIONS


@dataclass(eq=False)  # pytest keeps plug-ins in sets
class Share:
    """A plug-in of pytest that runs one process's share of the tests without a mutant, then of the mutants."""

    number: int
    mutants: list[tuple[str, str]]
    #: What is told of tests that fail without a mutant, and of mutants with which none fails.
    failures: list[str] = field(default_factory=list)
    survivors: dict[str, str] = field(default_factory=dict)
    _reports: list[pytest.TestReport] = field(default_factory=list)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the tests that are marked for one of the mutants."""
        items[:] = [item for item in items if any(_is_marked(item, *mutant) for mutant in self.mutants)]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run them all."""
        if session.testsfailed:
            message = "The tests cannot be collected."
            raise session.Interrupted(message)
        for item in session.items[self.number :: PROCESSES]:
            self.failures += [report.longreprtext for report in self._run(item) if report.failed]
        for name, kind in self.mutants[self.number :: PROCESSES]:
            marked = [item for item in session.items if _is_marked(item, name, kind)]
            with broken(name, kind):
                if not any(self._is_red(item) for item in marked):
                    self.survivors[f"{name}:{kind}"] = f"None of its {len(marked)} tests failed: {marked}"
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what one test came to."""
        self._reports.append(report)

    def _is_red(self, item: pytest.Item) -> bool:
        """Return whether a test fails: an error before or after it is no failure."""
        return any(report.failed and report.when == "call" for report in self._run(item))

    def _run(self, item: pytest.Item) -> list[pytest.TestReport]:
        """Run one test, which may have been run before; what lasts for the session goes on."""
        self._reports.clear()
        next_item = cast("Any", item.session)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=next_item)
        return list(self._reports)


def _is_marked(item: pytest.Item, name: str, kind: str) -> bool:
    """Return whether a test has to fail when a check is broken."""
    return any(name in mark.args for mark in item.iter_markers(KINDS[kind]))


def take(number: int, told: Path, mutants: list[tuple[str, str]]) -> None:
    """Run one process's share, and tell what came of it; nothing is told where the tests did not run at all."""
    share = Share(number, mutants)
    # A folder of its own: processes that clean up pytest's old folders at the same time trip over each other.
    own = f"--basetemp={told.with_suffix('.tests')}"
    code = pytest.main(["-q", "-p", "no:randomly", "--tb=short", own, str(TESTS)], plugins=[share])
    if code in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
        told.write_text(json.dumps([share.failures, share.survivors]), encoding="utf-8")


def main(*arguments: str) -> str | None:
    """Try every mutant, or those of the checks that are named; a share is that of one process."""
    names = [name for name in arguments if not name.startswith(SHARE)] or NAMES
    if unknown := set(names).difference(NAMES):
        return f"There is no check {min(unknown)}: {', '.join(NAMES)}"
    mutants = [(name, kind) for name in names for kind in KINDS]
    if shares := [name.removeprefix(SHARE) for name in arguments if name.startswith(SHARE)]:
        take(int(Path(shares[0]).stem), Path(shares[0]), mutants)
        return None
    began = time.monotonic()
    failures: list[str] = []
    survivors: dict[str, str] = {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, contextlib.ExitStack() as closing:
        processes = []
        for number in range(PROCESSES):
            log = closing.enter_context(Path(folder, f"{number}.log").open("wb"))
            argv = [sys.executable, __file__, f"{SHARE}{Path(folder, f'{number}.json')}", *names]
            processes.append(subprocess.Popen(argv, stdout=log, stderr=log, cwd=TESTS.parent))
        for number, process in enumerate(processes):
            process.wait()
            told = Path(folder, f"{number}.json")
            if not told.exists():
                return f"The tests did not run:\n{Path(folder, f'{number}.log').read_text('utf-8')[-4000:]}"
            of_one = json.loads(told.read_text("utf-8"))
            failures += of_one[0]
            survivors |= of_one[1]
    if failures:
        return "\n\n".join(["Without a mutant the marked tests have to pass:", *failures])[:8000]
    for mutant, said in survivors.items():
        print(f"{mutant} survives:\n{said}")
    seen, seconds = len(mutants) - len(survivors), time.monotonic() - began
    print(f"{seen} of {len(mutants)} mutants of {len(names)} checks were seen red, in {seconds:.0f} s")
    return "A check can be broken without a test that notices." if survivors else None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
