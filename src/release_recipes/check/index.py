"""Checks of the index and of the credentials for it."""

import os
import stat
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from release_recipes.check.facts import Facts
from release_recipes.errors import typed
from release_recipes.findings import Check, Finding, question, warning
from release_recipes.index.token import read_token
from release_recipes.project.source import is_version
from release_recipes.settings import PYPI, TEST_PYPI, TOKEN_PAGES, example, token_name

#: The hosts that PyPI's and TestPyPI's tokens name, by upload address.
_LOCATIONS = {PYPI.upload_address: "pypi.org", TEST_PYPI.upload_address: "test.pypi.org"}


def _upload_address(facts: Facts) -> str:
    return facts.subject.index.target.upload_address


def _token(facts: Facts) -> Iterator[Finding]:
    if facts.subject.token is None:
        name, address = token_name(test=facts.subject.request.test), _upload_address(facts)
        page = TOKEN_PAGES.get(address, "your index")
        yield Finding(
            f"There is no token for {address} ({name} is not set).",
            f"{example()}, then put {name}=… there (a keyring or the environment serve too); make one at {page}, with "
            "the scope of this project only.",
        )


def _token_fits(facts: Facts) -> Iterator[Finding]:
    """Read what the token says of itself: a macaroon shows its restrictions to whoever holds it."""
    token, location = facts.subject.token, _LOCATIONS.get(_upload_address(facts))
    if token is None or location is None:
        return
    told, name = read_token(token), token_name(test=facts.subject.request.test)
    make = f"Make one at {TOKEN_PAGES[_upload_address(facts)]}, and put it into {name}."
    if told is None:
        shape = token.reveal().startswith("pypi-")
        yield (
            warning(f"{name} cannot be read, so its scope is not known.", make)
            if shape
            else Finding(f"{name} is not a token of {location}: those begin with pypi-.", make)
        )
        return
    if told.location != location:
        yield Finding(f"{name} is a token of {told.location}, and the release goes to {location}.", make)
    project = canonicalize_name(facts.subject.project.name)
    if told.projects is not None and project not in told.projects:
        scope = ", ".join(sorted(told.projects))
        yield Finding(f"The scope of {name} is {scope}, not {project}.", make)
    if told.expires is not None and told.expires <= time.time():
        yield Finding(f"{name} has expired.", make)
    if told.not_before is not None and told.not_before > time.time():
        yield Finding(f"{name} is not valid yet.", "Wait until it is, or look at this machine's clock.")


def _plain_http(facts: Facts) -> Iterator[Finding]:
    """See that the token does not travel readable; loopback is this machine."""
    address = urlsplit(_upload_address(facts))
    if address.scheme == "http" and address.hostname not in {"localhost", "127.0.0.1", "::1"}:
        yield warning(
            f"{address.geturl()} is not encrypted: others on the network can read the token.",
            "Use https:// if the index has it.",
        )


def _dotenv(facts: Facts) -> Iterator[Finding]:
    path = facts.subject.folder / ".env"
    if facts.subject.git.tracked(".env"):
        yield Finding(
            ".env is tracked by git, so whatever it holds is in the history.",
            "git rm --cached .env, revoke every token in it, and list .env in .gitignore.",
        )
    if os.name != "nt" and path.is_file() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield warning(".env can be read by other users of this machine.", "chmod 600 .env")


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
        commands = " | ".join(typed("release", "--new-version", version) for version in free)
        message = f"{plan.project} {plan.version} is on the index already ({plan.target.index_address})."
        yield Finding(message, f"The next free: {commands}")
    elif planned in {Version(version) for version in page.named_versions if is_version(version)}:
        yield Finding(
            f"{plan.project} {plan.version} was on the index once: its files are deleted, and their names used up.",
            "Release another version: a file name cannot be used again.",
        )


def _next_free(taken: Version, versions: set[Version]) -> list[str]:
    """Return the next patch, minor and major version that the index does not have."""
    major, minor, patch = taken.major, taken.minor, taken.micro
    free = []
    for raised in (lambda n: (major, minor, patch + n), lambda n: (major, minor + n, 0), lambda n: (major + n, 0, 0)):
        candidates = (".".join(map(str, raised(n))) for n in range(1, len(versions) + 2))
        free.append(next(version for version in candidates if Version(version) not in versions))
    return free


def _project_status(facts: Facts) -> Iterator[Finding]:
    """Look at the project's status markers (:pep:`792`); archived and quarantined projects take no files."""
    status = facts.page.result().status
    if status in {"archived", "quarantined"}:
        yield Finding(
            f"{facts.subject.project.name} is {status} on the index, which takes no files for it.",
            "Unarchive it in the project's settings there."
            if status == "archived"
            else "Talk to the index's administrators.",
        )


def _first_release(facts: Facts) -> Iterator[Finding]:
    if not facts.page.result().exists:
        yield question(
            f"The index has no project {facts.subject.project.name} yet: this would be its first release.",
            "See that the name is spelled as you mean it; it cannot be changed afterwards.",
        )


def _private(facts: Facts) -> Iterator[Finding]:
    """See that a project that calls itself private does not go to PyPI (https://pypi.org/classifiers, "Private ::")."""
    classifiers = facts.subject.project.pyproject.get("project", {}).get("classifiers", [])
    private = [name for name in classifiers if str(name).startswith("Private ::")]
    if private and _upload_address(facts) in _LOCATIONS:
        yield Finding(
            f"The project has the classifier {private[0]!r}, and the release goes to a public index.",
            "Name your own index: PYPI_REPOSITORY_URL, or repository_url in [tool.release].",
        )


CHECKS = (
    Check("token", "a release that ends at the upload", _token),
    Check("token-fits", "a token of another index or project, or of another time", _token_fits),
    Check("plain-http", "a token that others on the network can read", _plain_http),
    Check("dotenv", "a token that others can read", _dotenv),
    Check("on-index", "a second release of a version, which an index refuses for ever", _on_index),
    Check("project-status", "a release for a project that takes no files", _project_status),
    Check("first-release", "a name that was misspelled, and is taken for ever", _first_release),
    Check("private", "a private package on a public index", _private),
)
