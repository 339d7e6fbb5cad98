"""nox: runs a project's sessions; where it has none of that name, ours from ``release_recipes.sessions``."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from release_recipes.errors import CommandFailed
from release_recipes.processes.run import run

#: The sessions for a project that has none.
OURS = Path(__file__).parent.parent / "noxfile.py"

#: Seconds for listing sessions; a noxfile with script metadata makes its environment first.
LIST_TIMEOUT = 300.0


def command(sessions: Sequence[str], *, ours_in: Path | None = None) -> list[str]:
    """Return the command that runs sessions: the project's, or ours for the project in a folder."""
    # nox changes into the folder of a noxfile that is named, so ours goes back (see Session.invoked_from).
    ours = ["-f", str(OURS), "--envdir", str(ours_in / ".nox")] if ours_in else []
    return [sys.executable, "-m", "nox", *ours, "--stop-on-first-error", "-s", *sessions]


def sessions(root: Path) -> list[str]:
    """Return the names of a project's sessions; runs its noxfile.

    Raises:
        CommandFailed: The noxfile cannot be loaded.
    """
    if not (root / "noxfile.py").is_file():
        return []
    argv = [sys.executable, "-m", "nox", "--list-sessions", "--json"]
    try:
        listed = run(argv, cwd=root, env=environment(), timeout=LIST_TIMEOUT)
        # The list is one line, and the last: a noxfile may print while it is loaded.
        return [entry["name"] for entry in json.loads(listed.stdout.strip().rpartition("\n")[2])]
    except (CommandFailed, ValueError, KeyError) as error:
        output = error.output if isinstance(error, CommandFailed) else str(error)
        raise CommandFailed(argv, 1, output, "Fix noxfile.py; try it with: nox --list") from None


def has(name: str, existing: Sequence[str]) -> bool:
    """Return whether a session is defined; for several interpreters it is listed as ``test-3.11``, runs as ``test``."""
    return any(session == name or session.startswith((f"{name}-", f"{name}(")) for session in existing)


def environment() -> dict[str, str]:
    """Return what nox is told: uv makes environments where the project does not say otherwise."""
    return {} if "NOX_DEFAULT_VENV_BACKEND" in os.environ else {"NOX_DEFAULT_VENV_BACKEND": "uv|virtualenv"}
