"""bump-my-version: computes the next version, and edits the version files.

It runs in a separate process that starts in advance, because importing it takes longer than using it. It never makes a
commit or a tag, because it does not do that atomically (if the tag fails, the commit stays).
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

#: The files in which it looks for its configuration, in its order.
CONFIGS = (".bumpversion.cfg", ".bumpversion.toml", "setup.cfg", "pyproject.toml")

_UTF8 = {"PYTHONUTF8": "1"}

#: Variables that Python needs to find its packages and a folder for temporary files.
_NEEDED = re.compile(r"(?i)PATH|HOME|USERPROFILE|APPDATA|LOCALAPPDATA|SYSTEMROOT|TMPDIR|TEMP|TMP|LANG|LC_\w+|PYTHON\w+")

_helper: Helper | None = None
_lock = threading.Lock()


def ask(folder: Path, verb: str, value: str, *, file: str, hooks: bool) -> str:
    """Run a verb of ``_bump.py``, and return its answer.

    Args:
        folder: The project's folder.
        verb: ``show``; ``raise`` for a part; ``set`` for a version.
        value: The part or the version; may be empty for ``show``.
        file: The project's configuration, relative to its folder.
        hooks: Whether setup hooks and pre-commit hooks run.

    Raises:
        BumpFailed: bump-my-version reported an error.
    """
    request = {
        "verb": verb,
        "value": value,
        "folder": str(folder),
        "file": file,
        "hooks": hooks,
        # The current environment: when the process was started, .env had not been read, so its values were not known.
        "environment": environment(_UTF8),
    }
    argv = ["bump-my-version", verb, *([value] if value else [])]
    answer = json.loads(get_ready().ask(json.dumps(request), argv, TIMEOUT))
    if "error" in answer:
        hint = "Fix its configuration; to check it: bump-my-version show-bump"
        raise BumpFailed(f"bump-my-version: {_last_line(answer['error'])}.", hint)
    return str(answer["output"])


def may_be_configured(folder: Path) -> bool:
    """Return whether a file in a folder mentions it, so that it is worth to start it in advance."""
    return any(b"bumpversion" in (folder / name).read_bytes() for name in CONFIGS if (folder / name).is_file())


def get_ready() -> Helper:
    """Start bump-my-version if it is not running yet."""
    global _helper  # noqa: PLW0603 - one for all that a process asks of it
    with _lock:
        if _helper is None or not _helper.lives:
            # -P keeps the folder of the script off sys.path, since its modules have the names of tools.
            script = Path(__file__).with_name("_bump.py")
            needed = {name: value for name, value in environment(_UTF8).items() if _NEEDED.fullmatch(name)}
            _helper = Helper([sys.executable, "-P", str(script)], env=needed)
    return _helper


def _last_line(text: str) -> str:
    """Return the last line, which says what is wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "it gave no reason"
