"""nox: runs the sessions of a project, or ours from ``release_recipes.sessions`` if it has none."""

import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from release_recipes.errors import CommandFailed
from release_recipes.processes.run import run

#: The sessions for a project without them.
OURS = Path(__file__).parent.parent / "noxfile.py"

#: Seconds to list sessions; for a noxfile with script metadata, nox creates an environment first.
LIST_TIMEOUT = 300.0


def command(
    sessions: Sequence[str], *, ours_in: Path | None = None, report: Path | None = None, then: Sequence[str] = ()
) -> list[str]:
    """Return the command that runs sessions, then words for them: the project's, or ours for the one in a folder."""
    # nox changes to the folder of the noxfile, so our sessions change back (see Session.invoked_from).
    ours = ["-f", str(OURS), "--envdir", str(ours_in / ".nox")] if ours_in else []
    told = ["--report", str(report)] if report else []
    words = ["--", *then] if then else []
    return [sys.executable, "-P", "-m", "nox", *ours, *told, "--stop-on-first-error", "-s", *sessions, *words]


def first(root: Path, *names: str) -> str:
    """Return the first of some sessions that a project has; empty if it has none. This runs its noxfile.

    Raises:
        CommandFailed: The noxfile cannot be loaded.
    """
    if not (any(names) and (root / "noxfile.py").is_file()):
        return ""
    argv = [sys.executable, "-P", "-m", "nox", "--list-sessions", "--json"]
    try:
        env = environment() | {"PYTHONDONTWRITEBYTECODE": "1"}  # a question leaves no file behind
        listed = run(argv, cwd=root, env=env, timeout=LIST_TIMEOUT)
        # The list is the last line: a noxfile may print while it is loaded.
        existing = [entry["name"] for entry in json.loads(listed.stdout.strip().rpartition("\n")[2])]
    except (CommandFailed, ValueError, KeyError) as error:
        output = error.output if isinstance(error, CommandFailed) else str(error)
        without = '[tool.release] build_session = "", test_command = "…"'
        hint = f"Fix noxfile.py; to check it: nox --list. To release without it: {without}"
        raise CommandFailed(argv, 1, output, hint) from None
    # For several interpreters, nox lists ``test`` as ``test-3.11``; with parameters, as ``test(…)``.
    return next((name for name in names if any(re.match(rf"{re.escape(name)}($|[-(])", each) for each in existing)), "")


def skipped(report: Path) -> tuple[list[str], bool]:
    """Return the skipped sessions of a report, each with its reason, and whether any session ran."""
    sessions = json.loads(report.read_text("utf-8"))["sessions"]
    left_out = [each for each in sessions if each["result"] == "skipped"]
    told = [f"{[each['name'], *each['signatures']][-1]} ({each['reason'] or 'skipped'})" for each in left_out]
    return told, any(each["result"] == "success" for each in sessions)


def environment() -> dict[str, str]:
    """Return the environment for nox: uv creates environments, unless the project chooses otherwise."""
    return {} if "NOX_DEFAULT_VENV_BACKEND" in os.environ else {"NOX_DEFAULT_VENV_BACKEND": "uv|virtualenv"}
