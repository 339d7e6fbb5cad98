"""bump-my-version: knows the next version, and edits the version files.

It runs in a process of its own, which gets ready while we do something else: importing it takes as long as all that a
release asks of it. It is never asked to commit or tag: its git work is not atomic (a failing tag leaves the commit).
"""

import json
import re
import sys
import threading
from pathlib import Path

from release_recipes.errors import BumpFailed
from release_recipes.processes.environment import environment
from release_recipes.programs.helper import Helper

#: Seconds; it edits files, and its hooks may do more.
TIMEOUT = 600.0

_UTF8 = {"PYTHONUTF8": "1"}

#: What Python needs to find itself and its packages, and a place for files.
_NEEDED = re.compile(r"(?i)PATH|HOME|USERPROFILE|APPDATA|LOCALAPPDATA|SYSTEMROOT|TMPDIR|TEMP|TMP|LANG|LC_\w+|PYTHON\w+")

_helper: Helper | None = None
_lock = threading.Lock()


def ask(folder: Path, verb: str, value: str, *, file: str, config: str, hooks: bool) -> str:
    """Have one verb of ``_bump.py`` done; what it answers.

    Args:
        folder: The project's folder.
        verb: ``show``; ``raise`` for a part; ``set`` for a version.
        value: The part or the version; may be empty for ``show``.
        file: The project's own configuration, below its folder; empty where one was made.
        config: The one that was made (TOML), or nothing.
        hooks: Whether the hooks run that come before a commit.

    Raises:
        BumpFailed: It said no.
    """
    request = {
        "verb": verb,
        "value": value,
        "folder": str(folder),
        "file": file,
        "config": config,
        "hooks": hooks,
        # Of now: when it was started, no .env had been read, and what is in there was no credential yet.
        "environment": environment(_UTF8),
    }
    argv = ["bump-my-version", verb, *([value] if value else [])]
    answer = json.loads(get_ready().ask(json.dumps(request), argv, TIMEOUT))
    if "error" in answer:
        hint = "Fix its configuration; try it with: bump-my-version show-bump"
        raise BumpFailed(f"bump-my-version: {_last_line(answer['error'])}.", hint)
    return str(answer["output"])


def get_ready() -> Helper:
    """Start bump-my-version where it is not started yet."""
    global _helper  # noqa: PLW0603 - one for all that a process asks of it
    with _lock:
        if _helper is None or not _helper.lives:
            # -P keeps the script's folder, whose names are those of tools, off sys.path.
            script = Path(__file__).with_name("_bump.py")
            needed = {name: value for name, value in environment(_UTF8).items() if _NEEDED.fullmatch(name)}
            _helper = Helper([sys.executable, "-P", str(script)], env=needed)
    return _helper


def _last_line(text: str) -> str:
    """Return the line that says what is wrong: the last."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "it gives no reason"
