"""gh: GitHub's own program; it knows the host, the sign-in and the API."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from release_recipes.errors import CommandFailed, ProgramMissing
from release_recipes.programs.run import Completed, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: Seconds for one call; uploads of assets have longer.
TIMEOUT = 60.0
UPLOAD_TIMEOUT = 1800.0

#: Never a question, a notice about a newer gh, a report about its use, or a pager.
_QUIET = {
    "GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1", "GH_TELEMETRY": "false", "GH_PAGER": "cat", "NO_COLOR": "1",
}  # fmt: skip

_SCP_ADDRESS = re.compile(r"(?:[\w.-]+@)?(?P<host>[\w.-]+):(?!//)(?P<path>.+)")


@dataclass(frozen=True)
class GitHubRepository:
    """A repository on a GitHub."""

    host: str
    #: ``owner/name``.
    path: str

    def __str__(self) -> str:
        """Return the name that ``gh --repo`` takes."""
        return f"{self.host}/{self.path}"

    @property
    def web_address(self) -> str:
        """Where a browser sees it."""
        return f"https://{self.host}/{self.path}"


def parse_address(address: str) -> GitHubRepository | None:
    """Return the repository that a remote's address names; ``None`` where that can be no GitHub.

    Whether a host really is a GitHub, only ``gh`` knows: see :func:`signed_in`.
    """
    parts = urlsplit(address)
    if parts.scheme in {"http", "https", "ssh", "git"} and parts.hostname:
        host, path = parts.hostname, parts.path
    elif (found := _SCP_ADDRESS.fullmatch(address)) and len(found["host"]) > 1:  # one letter is a Windows drive
        host, path = found["host"], found["path"]
    else:
        return None
    path = path.strip("/").removesuffix(".git")
    return GitHubRepository(host.removeprefix("ssh."), path) if path.count("/") == 1 else None


def looks_like_github(repository: GitHubRepository) -> bool:
    """Say whether a host calls itself GitHub."""
    return "github" in repository.host


def signed_in(repository: GitHubRepository, cwd: Path) -> bool:
    """Say whether ``gh`` is there and signed in to the repository's host."""
    try:
        return _gh(["auth", "status", "--hostname", repository.host], cwd, check=False).code == 0
    except ProgramMissing:
        return False


def api(repository: GitHubRepository, path: str, cwd: Path) -> Any:  # noqa: ANN401 - JSON
    """Ask GitHub's API about a repository; every page of a list.

    ``gh release view`` says "not found" also when GitHub answers 502 (seen with gh 2.102), so it is not asked.

    Raises:
        CommandFailed: There is no answer.
    """
    words = ["api", "--hostname", repository.host, "--paginate", "--slurp", f"repos/{repository.path}/{path}"]
    done = _gh(words, cwd, check=False)
    if done.code != 0:
        raise CommandFailed(done.argv, done.code, done.output, "Look at GitHub's state, and at: gh auth status")
    return [entry for page in json.loads(done.stdout or "[]") for entry in page]


def does(words: Sequence[str], cwd: Path, feed: str = "") -> str:
    """Have ``gh`` change something.

    Raises:
        CommandFailed: It could not.
    """
    return _gh(words, cwd, feed=feed, timeout=UPLOAD_TIMEOUT).stdout.strip()


def _gh(words: Sequence[str], cwd: Path, *, feed: str = "", check: bool = True, timeout: float = TIMEOUT) -> Completed:
    return run(["gh", *words], cwd=cwd, env=_QUIET, forge=True, feed=feed, check=check, timeout=timeout)
