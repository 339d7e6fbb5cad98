"""gh, GitHub's CLI: it handles the host, the login and the API."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from release_recipes.errors import CommandFailed, CommandTimedOut, ProgramMissing
from release_recipes.processes.run import Completed, read, run
from release_recipes.programs.github_answer import Answer, GitHubFailed

#: Seconds for one call; uploads of assets have longer.
TIMEOUT = 60.0
UPLOAD_TIMEOUT = 1800.0

#: No questions, no update notices, no telemetry, no pager.
_QUIET = {
    "GH_PROMPT_DISABLED": "1",
    "GH_NO_UPDATE_NOTIFIER": "1",
    "GH_TELEMETRY": "false",
    "GH_PAGER": "cat",
    "NO_COLOR": "1",
}

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
        """Its address for a browser."""
        return f"https://{self.host}/{self.path}"


def parse_address(address: str) -> GitHubRepository | None:
    """Return the repository of a remote's address; ``None`` if it cannot be on GitHub.

    Only ``gh`` knows whether a host is really a GitHub: see :func:`is_github`.
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


def find(addresses: Iterable[str]) -> GitHubRepository | None:
    """Return the repository of the first address that can be on GitHub."""
    return next((found for address in addresses if (found := parse_address(address))), None)


def looks_like_github(repository: GitHubRepository) -> bool:
    """Return whether the name of a host contains "github"."""
    return "github" in repository.host


def is_github(repository: GitHubRepository, cwd: Path) -> bool:
    """Return whether a host is a GitHub: by its name, or because gh is signed in to it.

    gh is not asked about that host, because it would send ``GH_ENTERPRISE_TOKEN`` to it.
    """
    if looks_like_github(repository):
        return True
    try:
        said = _gh(["auth", "status"], cwd, check=False).output
    except ProgramMissing:
        return False
    return repository.host in said.splitlines()


def signed_in(repository: GitHubRepository, cwd: Path) -> bool:
    """Return whether ``gh`` is installed and signed in to the repository's host."""
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
    """Make a request to GitHub's API.

    Releases are read and changed by their id: ``gh release`` finds them by tag, reports "not found" even when GitHub
    answers 502, and chooses any of several drafts (seen with gh 2.102).

    Args:
        repository: The repository; its host is asked, with the credentials for it.
        endpoint: Relative to the repository, such as ``releases``; or a complete address from GitHub.
        cwd: The folder in which gh runs.
        method: GET changes nothing.
        fields: Sent as a JSON object.
        file: Sent unchanged.

    Raises:
        GitHubFailed: There is no answer, or it is not a success.
        ProgramMissing: gh is not installed.
    """
    whole = endpoint if "://" in endpoint else f"repos/{repository.path}/{endpoint}"
    words = ["api", "--include", "--hostname", repository.host, "--method", method, whole]
    for name, value in (fields or {}).items():
        words += (
            ["--raw-field", f"{name}={value}"] if isinstance(value, str) else ["--field", f"{name}={value}".lower()]
        )
    if file is not None:
        words += ["--input", str(file), "--header", "Content-Type: application/octet-stream"]
    done = _gh(words, cwd, check=False, timeout=UPLOAD_TIMEOUT if file else TIMEOUT)
    answer = Answer.of(done.stdout)
    if done.code != 0:
        raise GitHubFailed(done.argv, done.code, done.stderr, answer)
    return json.loads(answer.body or "null") if answer else None


def sha256_of(repository: GitHubRepository, asset: int, cwd: Path) -> str:
    """Fetch an asset of a release, and return the sha256 of its content.

    Raises:
        GitHubFailed: There is no answer, or it is not a success.
        CommandTimedOut: It did not arrive in time.
        ProgramMissing: gh is not installed.
    """
    words = ["gh", "api", "--hostname", repository.host, "--header", "Accept: application/octet-stream"]
    words.append(f"repos/{repository.path}/releases/assets/{asset}")
    # Newer versions of gh need the flag for a file with such bytes; older ones do not know it.
    for flags in (["--allow-escape-sequences"], []):
        try:
            return hashlib.sha256(
                read([*words, *flags], cwd=cwd, env=_QUIET, forge=True, timeout=UPLOAD_TIMEOUT)
            ).hexdigest()
        except CommandTimedOut:
            raise
        except CommandFailed as error:
            if not (flags and "unknown flag" in error.output):
                raise GitHubFailed(error.argv, error.code, error.output) from None
    raise AssertionError(words)  # the loop above returns or raises


def does(words: Sequence[str], cwd: Path, feed: str = "") -> str:
    """Run a command of ``gh`` that changes something.

    Raises:
        CommandFailed: It failed.
    """
    return _gh(words, cwd, feed=feed, timeout=UPLOAD_TIMEOUT).stdout.strip()


def _gh(words: Sequence[str], cwd: Path, *, feed: str = "", check: bool = True, timeout: float = TIMEOUT) -> Completed:
    return run(["gh", *words], cwd=cwd, env=_QUIET, forge=True, feed=feed, check=check, timeout=timeout)
