"""Checks that ask GitHub, where the remote is there and ``gh`` is signed in."""

import shutil
from collections.abc import Iterator
from typing import Any

from release_recipes.check.facts import Facts
from release_recipes.errors import CommandFailed
from release_recipes.findings import Check, Finding, warning
from release_recipes.programs import gh

#: What a finished check of CI may have come to without being red.
_GREEN = frozenset({"success", "neutral", "skipped"})


def _signed_in(facts: Facts) -> Iterator[Finding]:
    """Tell now what act 3 will leave out: a GitHub release is not worth stopping for."""
    settings, repository = facts.subject.settings, gh.parse_address(facts.remote_address or "")
    wanted = settings.github_release and settings.auto_git_tag and not facts.subject.request.test
    if not wanted or repository is None or not gh.looks_like_github(repository):
        return
    if not shutil.which("gh"):
        yield warning("gh is not there, so no GitHub release is made.", "Install it: https://cli.github.com")
    elif facts.github.result() is None:
        yield warning(
            f"gh is not signed in to {repository.host}, so no GitHub release is made.",
            f"gh auth login --hostname {repository.host}",
        )


def _protected(facts: Facts) -> Iterator[Finding]:
    branch = facts.branch.result()
    if branch is None:
        return
    told = _asked(facts, f"branches/{branch}")
    if told and told.get("protected"):
        yield warning(
            f"{branch} is protected on GitHub, and may refuse the push of the release commit.",
            "Bump by a pull request, and release what was merged with --part none; or let whoever releases bypass it.",
        )


def _ci(facts: Facts) -> Iterator[Finding]:
    """Look at what CI says of HEAD: check runs and commit statuses."""
    if facts.github.result() is None:
        return
    head = facts.head.result()
    runs = (_asked(facts, f"commits/{head}/check-runs") or {}).get("check_runs", [])
    statuses = (_asked(facts, f"commits/{head}/status") or {}).get("statuses", [])
    states = {run["name"]: run["conclusion"] or "pending" for run in runs}
    states |= {status["context"]: status["state"] for status in statuses}
    red = sorted(name for name, state in states.items() if state not in _GREEN | {"pending"})
    pending = sorted(name for name, state in states.items() if state == "pending")
    if red:
        yield Finding(f"CI is red on {head[:12]}: {', '.join(red)}.", "Fix it, or say why not: skip_checks = ['ci']")
    elif pending:
        yield warning(f"CI is not done on {head[:12]}: {', '.join(pending)}.", "Wait for it, if you can.")
    elif not states:
        yield warning(f"CI has said nothing of {head[:12]}.", "Push it and wait, if you have CI.")


def _asked(facts: Facts, endpoint: str) -> dict[str, Any] | None:
    """Ask GitHub; ``None`` where it cannot be asked or does not say."""
    repository = facts.github.result()
    if repository is None:
        return None
    try:
        return dict(gh.api(repository, endpoint, facts.subject.folder))
    except CommandFailed:
        return None


CHECKS = (
    Check("github", "a GitHub release that is missing afterwards", _signed_in),
    Check("protected", "a push that is refused when everything else is done", _protected, of_repository=True),
    Check("ci", "a release of what CI has found broken", _ci, of_repository=True),
)
