"""Checks of the index and of the credentials for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from release_recipes.check.finding import Check, Finding
from release_recipes.settings import TOKEN_PAGES, example, token_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from release_recipes.check.facts import Facts


def _token(facts: Facts) -> Iterator[Finding]:
    subject, test = facts.subject, facts.subject.request.test
    if subject.token is None:
        name, address = token_name(test=test), subject.settings.upload_address(test=test)
        page = TOKEN_PAGES.get(address, "your index")
        yield Finding(
            f"There is no token for {address} ({name} is not set).",
            f"{example()}, then put {name}=… there; make one at {page}, with the scope of this project only.",
        )


def _on_index(facts: Facts) -> Iterator[Finding]:
    plan = facts.plan.result()
    if plan.test:
        return  # the same bytes are found done there, others are a conflict
    page = facts.page.result()
    try:
        planned = Version(plan.version)
    except InvalidVersion:
        return  # the check `version` tells
    # As versions, not as texts: 1.3 and 1.3.0 are one release to an index (PEP 440).
    versions = {Version(version) for version in page.versions()}
    if planned in versions:
        free = _next_free(planned, versions)
        commands = " | ".join(f"invoke release --new-version {version}" for version in free)
        yield Finding(
            f"{plan.project} {plan.version} is on the index already ({plan.index_address}).",
            f"The next free: {commands}",
        )


def _next_free(taken: Version, versions: set[Version]) -> list[str]:
    """Return the next patch, minor and major version that the index does not have."""
    major, minor, patch = taken.release[0], taken.minor, taken.micro
    free = []
    for raised in (lambda n: (major, minor, patch + n), lambda n: (major, minor + n, 0), lambda n: (major + n, 0, 0)):
        candidates = (".".join(map(str, raised(n))) for n in range(1, len(versions) + 2))
        free.append(next(version for version in candidates if Version(version) not in versions))
    return free


CHECKS = (
    Check("token", "a release that ends at the upload", _token),
    Check("on-index", "a second release of a version, which an index refuses for ever", _on_index),
)
