"""Checks that ask GitHub, if the remote is on GitHub and ``gh`` is signed in."""

import re
import shutil
from collections.abc import Iterator
from typing import Any

from release_recipes.check.facts import Facts, if_known
from release_recipes.errors import typed
from release_recipes.findings import ALWAYS, Check, Finding, warning
from release_recipes.processes.environment import environment
from release_recipes.programs import gh
from release_recipes.workflows import publishing

#: The results of a check of CI that are not failures.
_GREEN = frozenset({"success", "neutral", "skipped"})


def _signed_in(facts: Facts) -> Iterator[Finding]:
    """Warn that act 3 will leave out the GitHub release."""
    if _is_wanted(facts) and not facts.subject.by_ci and (lacks := _lacks(facts)):
        yield warning(f"{lacks[0]}, so no GitHub release is made.", lacks[1])


def _lacks(facts: Facts) -> tuple[str, str] | None:
    """Return why gh cannot be asked about a remote on GitHub, and what to do."""
    repository = gh.find(facts.addresses)
    if repository is None or not gh.looks_like_github(repository):
        return None
    if not shutil.which("gh", path=environment()["PATH"]):
        return "gh is not installed", "Install it from https://cli.github.com"
    sign_in = f"Sign in: gh auth login --hostname {repository.host}"
    return (f"gh is not signed in to {repository.host}", sign_in) if facts.github() is None else None


def _is_wanted(facts: Facts) -> bool:
    """Return whether a GitHub release is to be made."""
    return facts.settings.github_release and facts.settings.auto_git_tag and not facts.request.test


def _burned_tag(facts: Facts) -> Iterator[Finding]:
    """Look for an immutable release of the tag that was deleted, among the events that GitHub keeps for some weeks."""
    if not _is_wanted(facts) or (events := _asked(facts, "events?per_page=100")) is None:
        return
    tag = facts.plan().tag
    payloads = [event["payload"] for event in events if event["type"] == "ReleaseEvent"]
    published = [payload["release"] for payload in payloads if payload.get("action") == "published"]
    was_used = any(release.get("tag_name") == tag and release.get("immutable") for release in published)
    releases = _asked(facts, "releases?per_page=100") if was_used else None
    if releases is not None and all(release["draft"] or release["tag_name"] != tag for release in releases):
        # The last number is the patch, or that of a pre-release.
        following = re.sub(r"\d+$", lambda found: str(int(found[0]) + 1), facts.plan().version)
        yield Finding(
            f"GitHub makes no release of {tag}: the tag was used by an immutable release that was deleted.",
            f"Release the next version: {typed('release', '--new-version', following)}; or, to release this one "
            "without a GitHub release, set in [tool.release]: github_release = false",
        )


def _protected(facts: Facts) -> Iterator[Finding]:
    branch = facts.branch()
    told = _asked(facts, f"branches/{branch}") if branch else None
    if told and told.get("protected"):
        yield warning(
            f"{branch} is protected on GitHub, so the push of the release commit may be refused.",
            "Bump in a pull request and release the merge with --part none, or allow your user to bypass it.",
        )


def _ci(facts: Facts) -> Iterator[Finding]:
    """Check the result of CI for HEAD: check runs and commit statuses."""
    if facts.github() is None:
        return
    head = facts.head()
    runs = (_asked(facts, f"commits/{head}/check-runs") or {}).get("check_runs", [])
    statuses = (_asked(facts, f"commits/{head}/status") or {}).get("statuses", [])
    states = {run["name"]: run["conclusion"] or "pending" for run in runs}
    states |= {status["context"]: status["state"] for status in statuses}
    red = sorted(name for name, state in states.items() if state not in _GREEN | {"pending"})
    pending = sorted(name for name, state in states.items() if state == "pending")
    if red:
        yield Finding(
            f"CI failed on {head[:12]}: {', '.join(red)}.",
            "Fix it; or, to release anyway, set in [tool.release]: skip_checks = ['ci']",
        )
    elif pending:
        yield warning(f"CI has not finished on {head[:12]}: {', '.join(pending)}.", "Wait for it if you can.")
    elif not states:
        yield warning(f"CI has no result for {head[:12]}.", "If the project uses CI, push the commit and wait for it.")


def _ci_publishes(facts: Facts) -> Iterator[Finding]:
    """Check that the tag starts something in CI, and that it can be watched."""
    if not facts.subject.by_ci:
        return
    here = 'set in [tool.release]: publish = "here"'
    if not facts.settings.auto_git_tag:
        message = "CI publishes on the tag, but auto_git_tag is off, so no tag is pushed."
        yield Finding(message, f"Set auto_git_tag to true; or, to publish from this machine, {here}")
    found = publishing(facts.git, facts.head())
    if not found:
        yield Finding(
            "CI publishes on the tag, but no workflow of this commit runs `release-recipes publish`.",
            f"Write one: {typed('init', '--only', 'workflows')}; or, to publish from this machine, {here}",
        )
    if facts.github() is None:
        where = f"Check that the forge of the remote runs {found[0]}" if found else "See the run of CI on its page"
        why, what_to_do = _lacks(facts) or ("the remote is not on GitHub", f"{where}: nothing else publishes the tag.")
        yield warning(f"Only the index can be watched: {why}.", what_to_do)


def _asked(facts: Facts, endpoint: str) -> Any:  # noqa: ANN401 - JSON
    """Ask GitHub; ``None`` if it cannot be asked or gives no answer."""
    repository = facts.github()
    return if_known(lambda: gh.api(repository, endpoint, facts.project.folder)) if repository else None


CHECKS = (
    Check("github", "a GitHub release that is missing afterwards", _signed_in, occasions=ALWAYS),
    Check("burned-tag", "a tag for which GitHub makes no release any more", _burned_tag, of_repository=True),
    Check("protected", "a push that is refused when everything else is done", _protected, of_repository=True),
    Check("ci", "a release of a commit on which CI failed", _ci, of_repository=True),
    Check("ci-publishes", "a tag that starts nothing, with publish = 'ci'", _ci_publishes),
)
