"""gh: GitHub's own program; it knows the host, the sign-in and the API."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from release_recipes.errors import CommandFailed, ProgramMissing
from release_recipes.processes.run import Completed, run

#: Seconds for one call; uploads of assets have longer.
TIMEOUT = 60.0
UPLOAD_TIMEOUT = 1800.0

#: Never a question, a notice about a newer gh, a report about its use, or a pager.
_QUIET = {
    "GH_PROMPT_DISABLED": "1",
    "GH_NO_UPDATE_NOTIFIER": "1",
    "GH_TELEMETRY": "false",
    "GH_PAGER": "cat",
    "NO_COLOR": "1",
}

_SCP_ADDRESS = re.compile(r"(?:[\w.-]+@)?(?P<host>[\w.-]+):(?!//)(?P<path>.+)")
_STATUS = re.compile(r"\(HTTP (\d{3})\)")

#: The exit code of a gh that is not signed in (``gh help exit-codes``).
_NOT_SIGNED_IN = 4


class GitHubFailed(CommandFailed):
    """GitHub did not do what it was asked for."""

    @property
    def status(self) -> int | None:
        """The HTTP status; ``None`` where there was no answer."""
        found = _STATUS.search(self.output)
        return int(found[1]) if found else None

    @property
    def unauthorised(self) -> bool:
        """Whether nobody is signed in, or with a token that GitHub does not know (any more)."""
        return self.code == _NOT_SIGNED_IN or self.status == 401  # noqa: PLR2004

    @property
    def is_transient(self) -> bool:
        """Whether it may go better in a moment: GitHub broke down, or was not reached."""
        if self.unauthorised:
            return False
        return self.status is None or self.status >= 500 or self.status in {408, 429}  # noqa: PLR2004


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

    Whether a host really is a GitHub, only ``gh`` knows: see :func:`is_github`.
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


def is_github(repository: GitHubRepository, cwd: Path) -> bool:
    """Say whether a host is a GitHub: by its name, or since gh is signed in there.

    gh is not asked about the host by name: it would send it whatever stands in ``GH_ENTERPRISE_TOKEN``.
    """
    if looks_like_github(repository):
        return True
    try:
        said = _gh(["auth", "status"], cwd, check=False).output
    except ProgramMissing:
        return False
    return repository.host in said.splitlines()


def signed_in(repository: GitHubRepository, cwd: Path) -> bool:
    """Say whether ``gh`` is there and signed in to the repository's host."""
    try:
        return _gh(["auth", "status", "--hostname", repository.host], cwd, check=False).code == 0
    except ProgramMissing:
        return False


def api(
    repository: GitHubRepository,
    endpoint: str,
    cwd: Path,
    *,
    method: str = "GET",
    fields: Mapping[str, str | bool] | None = None,
    file: Path | None = None,
) -> Any:  # noqa: ANN401 - JSON
    """Make one request of GitHub's API.

    Releases are asked for and changed by their id: ``gh release`` finds them by tag, and then says "not found" also
    when GitHub answers 502, and takes any of several drafts (seen with gh 2.102).

    Args:
        repository: Whose host is asked, with its own credentials.
        endpoint: Below the repository, such as ``releases``; or a whole address that GitHub gave.
        cwd: Where gh runs.
        method: GET changes nothing.
        fields: What is sent as a JSON object.
        file: What is sent as it is.

    Raises:
        GitHubFailed: There is no answer, or it is no success.
        ProgramMissing: gh is not there.
    """
    whole = endpoint if "://" in endpoint else f"repos/{repository.path}/{endpoint}"
    words = ["api", "--hostname", repository.host, "--method", method, whole]
    for name, value in (fields or {}).items():
        words += (
            ["--raw-field", f"{name}={value}"] if isinstance(value, str) else ["--field", f"{name}={value}".lower()]
        )
    if file is not None:
        words += ["--input", str(file), "--header", "Content-Type: application/octet-stream"]
    done = _gh(words, cwd, check=False, timeout=UPLOAD_TIMEOUT if file else TIMEOUT)
    if done.code != 0:
        # gh repeats the answer's body on standard output; why it failed stands on standard error.
        raise GitHubFailed(done.argv, done.code, done.stderr, "Look at GitHub's state, and at: gh auth status")
    return json.loads(done.stdout or "null")


def does(words: Sequence[str], cwd: Path, feed: str = "") -> str:
    """Have ``gh`` change something.

    Raises:
        CommandFailed: It could not.
    """
    return _gh(words, cwd, feed=feed, timeout=UPLOAD_TIMEOUT).stdout.strip()


def _gh(words: Sequence[str], cwd: Path, *, feed: str = "", check: bool = True, timeout: float = TIMEOUT) -> Completed:
    return run(["gh", *words], cwd=cwd, env=_QUIET, forge=True, feed=feed, check=check, timeout=timeout)
