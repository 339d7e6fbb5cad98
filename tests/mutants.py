"""Break each check and each inspection, and see a test go red: ``nox -s mutants``.

Each check is broken twice: its guard is removed (it never finds anything), and inverted (it always does). The tests
that are marked as red, or as green, for the check pass without the mutant, and with it in its place one has to fail.
"""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from release_recipes.check import CHECKS
from release_recipes.prepare import INSPECTIONS

TESTS = Path(__file__).parent


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run tests in one process, in their order."""
    argv = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:randomly", *words, str(TESTS)]
    return subprocess.run(argv, check=False, capture_output=True, text=True, cwd=TESTS.parent)


def survives(mutant: str) -> str | None:
    """Run the marked tests with a mutant; what happened, where none of them failed (an error is no failure)."""
    done = run("--mutant", mutant)
    return None if done.returncode == 1 and "1 failed" in done.stdout else done.stdout[-2000:] + done.stderr[-2000:]


def main() -> str | None:
    """Try every mutant, two at a time."""
    began = time.monotonic()
    if (control := run("-m", "red or green", "-n", "2")).returncode:
        return f"Without a mutant the marked tests have to pass:\n{control.stdout[-4000:]}"
    names = [check.name for check in CHECKS] + [inspection.name for inspection in INSPECTIONS]
    mutants = [f"{name}:{kind}" for name in names for kind in ("removed", "inverted")]
    with ThreadPoolExecutor(2) as pool:
        survivors = {mutant: said for mutant, said in zip(mutants, pool.map(survives, mutants), strict=True) if said}
    for mutant, said in survivors.items():
        print(f"{mutant} survives:\n{said}")
    seen, seconds = len(mutants) - len(survivors), time.monotonic() - began
    print(f"{seen} of {len(mutants)} mutants of {len(names)} checks were seen red, in {seconds:.0f} s")
    return "A check can be broken without a test that notices." if survivors else None


if __name__ == "__main__":
    sys.exit(main())
