"""git-cliff: what commits say. It is run from the path; where it is not installed, uv gets it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from release_recipes.errors import ProgramMissing
from release_recipes.processes.run import Completed, run

#: The version that uv gets.
VERSION = "2.14.2"

#: Seconds, with the installation.
TIMEOUT = 300.0

#: Our configuration: what is left out, and the group of each kind of a conventional commit.
_OURS = Path(__file__).parent.parent / "templates" / "cliff.toml"


@dataclass(frozen=True)
class Commit:
    """A commit that belongs in a changelog."""

    id: str
    #: Its first line; of a conventional commit, without its type.
    message: str
    #: Such as ``Added``; empty for a commit that is not conventional.
    group: str
    scope: str
    #: What it breaks; empty if it breaks nothing.
    breaking: str
    is_conventional: bool
    #: Its first line as it is.
    subject: str
    author: str
    email: str

    @property
    def is_by_a_bot(self) -> bool:
        """Whether a program made it, such as dependabot."""
        return self.author.endswith("[bot]")


def commits(repository: Path, span: str, below: str) -> list[Commit]:
    """Return the commits that belong in a changelog, the oldest first.

    Args:
        repository: The repository's folder.
        span: The commits, such as ``v1.2.3..HEAD``; empty for all.
        below: The project's folder, relative to the repository.

    Raises:
        CommandFailed: git-cliff failed, or uv cannot get it.
    """
    done = _run(repository, "--config", str(_OURS), "--context", *_commits(span, below))
    return [_commit(said) for release in json.loads(done.stdout or "[]") for said in release["commits"]]


def section(repository: Path, config: Path, span: str, *, below: str, tag: str) -> str:
    """Return the section of a release as the project's own configuration writes it.

    Raises:
        CommandFailed: git-cliff failed, or uv cannot get it.
    """
    return _run(repository, "--config", str(config), "--strip", "all", "--tag", tag, *_commits(span, below)).stdout


def _commits(span: str, below: str) -> list[str]:
    return [*(["--include-path", f"{below}/**"] if below != "." else []), *([span] if span else [])]


def _run(cwd: Path, *words: str) -> Completed:
    words = ("--offline", *words)
    try:
        return run(["git-cliff", *words], cwd=cwd, timeout=TIMEOUT)
    except ProgramMissing:
        return run(["uv", "tool", "run", "--quiet", f"git-cliff@{VERSION}", *words], cwd=cwd, timeout=TIMEOUT)


def _commit(said: dict[str, Any]) -> Commit:
    subject = said["raw_message"].partition("\n")[0]
    broken = said.get("breaking_description") or said["message"]
    return Commit(
        id=said["id"],
        message=said["message"].partition("\n")[0],
        group=said["group"] or "",
        scope=said["scope"] or "",
        breaking=broken.partition("\n")[0] if said.get("breaking") else "",
        is_conventional=said["conventional"],
        subject=subject,
        author=said["author"]["name"] or "",
        email=said["author"]["email"] or "",
    )
