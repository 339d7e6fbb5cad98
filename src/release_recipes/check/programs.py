"""Checks of the programs that the plan needs."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
from typing import TYPE_CHECKING

from release_recipes.check.finding import Check, Finding, warning
from release_recipes.programs import gh

if TYPE_CHECKING:
    from collections.abc import Iterator

    from release_recipes.check.facts import Facts

#: ``git fetch --no-write-fetch-head`` is the newest thing that we ask of git.
_OLDEST_GIT = (2, 29)

#: What is run as ``python -m …`` from our own environment.
_OURS = ("build", "bump-my-version", "nox", "twine", "uv")


def _programs(facts: Facts) -> Iterator[Finding]:
    said = facts.subject.git.ask("version")
    numbers = re.search(r"(\d+)\.(\d+)", said)
    if numbers and (int(numbers[1]), int(numbers[2])) < _OLDEST_GIT:
        yield Finding(f"{said} is too old.", f"Install git {'.'.join(map(str, _OLDEST_GIT))} or newer.")
    for name in _OURS:
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield Finding(f"The package {name!r} is not installed beside release-recipes.", f"pip install {name}")


def _github(facts: Facts) -> Iterator[Finding]:
    """Tell now what act 3 will leave out: a GitHub release is not worth stopping for."""
    plan = facts.plan.result()
    repository = gh.parse_address(facts.remote_address or "")
    if plan.test or repository is None or not gh.looks_like_github(repository) or not plan.settings.github_release:
        return
    if not plan.settings.auto_git_tag:
        return
    if not shutil.which("gh"):
        yield warning("gh is not there, so no GitHub release is made.", "Install it: https://cli.github.com")
    elif not gh.signed_in(repository, facts.subject.root):
        yield warning(
            f"gh is not signed in to {repository.host}, so no GitHub release is made.",
            f"gh auth login --hostname {repository.host}",
        )


CHECKS = (
    Check("programs", "a release that stops half-way for want of a program", _programs),
    Check("github", "a GitHub release that is missing afterwards", _github),
)
