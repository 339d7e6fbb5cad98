"""nox: runs a project's sessions; where it has none of that name, ours from ``release_recipes.sessions``."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from release_recipes.errors import CommandFailed
from release_recipes.processes.run import Completed, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: The sessions for a project that has none.
OURS = Path(__file__).parent.parent / "noxfile.py"

#: Seconds for listing sessions; a noxfile with script metadata makes its environment first.
LIST_TIMEOUT = 300.0


def command(sessions: Sequence[str], *, ours: bool, folder: Path | None = None) -> list[str]:
    """Return the command that runs sessions; ``folder`` is where ours keep their environments."""
    # nox changes into the folder of a noxfile that is named, so ours goes back (FACTS of nox: invoked_from).
    where = ["-f", str(OURS), "--envdir", str((folder or Path()) / ".nox")] if ours else []
    return [sys.executable, "-m", "nox", *where, "--stop-on-first-error", "-s", *sessions]


def sessions(root: Path) -> list[str]:
    """Return the names of a project's sessions; runs its noxfile.

    Raises:
        CommandFailed: The noxfile cannot be loaded.
    """
    if not (root / "noxfile.py").is_file():
        return []
    argv = [sys.executable, "-m", "nox", "--list-sessions", "--json"]
    try:
        listed = run(argv, cwd=root, env=_environment({}), timeout=LIST_TIMEOUT)
        # The list is one line, and the last: a noxfile may print while it is loaded.
        return [entry["name"] for entry in json.loads(listed.stdout.strip().rpartition("\n")[2])]
    except (CommandFailed, ValueError, KeyError) as error:
        output = error.output if isinstance(error, CommandFailed) else str(error)
        raise CommandFailed(argv, 1, output, "Mend noxfile.py; try it with: nox --list") from None


def has(name: str, existing: Sequence[str]) -> bool:
    """Say whether a session is defined; one for several interpreters is listed as ``test-3.11``, runs as ``test``."""
    return any(session == name or session.startswith((f"{name}-", f"{name}(")) for session in existing)


def run_sessions(root: Path, names: Sequence[str], *, ours: bool, env: Mapping[str, str] | None = None) -> Completed:
    """Run sessions in a folder, telling their output line by line.

    Raises:
        CommandFailed: One of them failed.
    """
    argv = command(names, ours=ours, folder=root)
    return run(argv, cwd=root, env=_environment(env or {}), tell=True)


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return what nox is told: uv makes environments where the project does not say otherwise."""
    backend = {} if "NOX_DEFAULT_VENV_BACKEND" in os.environ else {"NOX_DEFAULT_VENV_BACKEND": "uv|virtualenv"}
    return {**backend, **extra}
