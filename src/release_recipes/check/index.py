"""Checks of the index and of the credentials for it."""

import os
import re
import stat
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from packaging.utils import canonicalize_name
from packaging.version import Version

from release_recipes.check.facts import Facts, if_known
from release_recipes.errors import choice
from release_recipes.findings import ALWAYS, Check, Finding, question, warning
from release_recipes.index.http import LOOPBACK, in_netrc
from release_recipes.index.token import PREFIX, read_token
from release_recipes.index.trusted import TrustedToken
from release_recipes.programs import uv
from release_recipes.project.packages import last_tag
from release_recipes.project.source import is_version
from release_recipes.settings import HOSTS, TOKEN_PAGES, Target, dotenv_folder, token_name, where_to_put


def _token(facts: Facts) -> Iterator[Finding]:
    token, address, user = facts.subject.token, facts.target.upload_address, facts.target.username
    if facts.subject.by_ci:
        return
    if token is None:
        name = token_name(test=facts.request.test)
        why = "holds a placeholder" if facts.subject.has_placeholder else "is not set"
        made = f"Create one at {TOKEN_PAGES.get(address, 'your index')}, limited to this project."
        if user != Target.username:
            made = f"Use the password of the user {user!r}; for another user, set PYPI_USERNAME, too."
        where = where_to_put(name, _folder(facts), facts.git.path)
        yield Finding(
            f"There is no token for {address} ({name} {why}).",
            f"{made} Store it in a keyring or in the environment, or: {where}",
        )
    elif isinstance(token, TrustedToken):
        # Minting a token for a pending publisher would create the project. One that cannot be had is an error.
        page = if_known(facts.page)
        token.prove(mint=bool(page and page.exists))
    elif at := _unprintable(token.reveal()):
        yield Finding(
            f"The token from {token.origin} has a character that cannot be sent, at position {at}.",
            "The character may be invisible. Copy the token again.",
        )
    elif _is_read_by_another(facts) and facts.subject.index.refuses_us(facts.project.name):
        yield question(
            f"The index can be read with ~/.netrc, but it refuses the user {user!r} with {token.origin}.",
            "This is right for an account that can only upload; otherwise the password is wrong.",
        )


def _is_read_by_another(facts: Facts) -> bool:
    """Return whether the credentials of the upload were not needed for reading, since others are in ``~/.netrc``."""
    page, address = if_known(facts.page), facts.target.index_address
    is_open = page is not None and not page.is_closed
    return is_open and in_netrc(address) and facts.subject.index.may_authorise(address)


def _folder(facts: Facts) -> Path:
    """Return the project's folder in the user's checkout; what is checked may be a clone of a tag."""
    return facts.git.path / facts.project.below


def _unprintable(value: str) -> int:
    """Return the position of the first character that a header cannot contain or that is invisible; 0 for none."""
    odd = (at for at, char in enumerate(value, 1) if unicodedata.category(char)[0] in "CZ" or ord(char) > _LATIN_1)
    return next(odd, 0)


#: The greatest character that an HTTP header can contain (RFC 9110, 5.5).
_LATIN_1 = 0xFF


def _token_fits(facts: Facts) -> Iterator[Finding]:
    """Check the restrictions of the token, which can be read from a macaroon."""
    token, location = facts.subject.token, HOSTS.get(facts.target.upload_address)
    if token is None or location is None or isinstance(token, TrustedToken) or facts.subject.by_ci:
        return  # the scope of a minted token cannot be read
    told, name = read_token(token), token_name(test=facts.request.test)
    make = f"Create a token at {TOKEN_PAGES[facts.target.upload_address]}, and set {name} to it."
    if told is None:
        if token.reveal().startswith(PREFIX):
            yield warning(f"{name} cannot be decoded, so its scope is not known.", make)
        else:
            yield Finding(f"{name} is not a token of {location}; those start with pypi-.", make)
        return
    if told.location != location:
        yield Finding(f"{name} is a token of {told.location}, but the release goes to {location}.", make)
    project = canonicalize_name(facts.project.name)
    if told.projects is not None and project not in told.projects:
        scope = ", ".join(sorted(told.projects))
        yield Finding(f"{name} is limited to {scope}, and the release is of {project}.", make)
    if told.expires is not None and told.expires <= time.time():
        yield Finding(f"{name} has expired.", make)
    if told.not_before is not None and told.not_before > time.time():
        yield Finding(f"{name} is not valid yet.", "Wait until it is valid, or check the clock of this machine.")


def _plain_http(facts: Facts) -> Iterator[Finding]:
    """Check that the token is sent encrypted; loopback is this machine."""
    address = urlsplit(facts.target.upload_address)
    if address.scheme == "http" and address.hostname not in LOOPBACK and not facts.subject.by_ci:
        yield warning(
            f"{address.geturl()} is not encrypted: others on the network can read the token.",
            "Use https:// if the index supports it.",
        )


def _dotenv(facts: Facts) -> Iterator[Finding]:
    path = dotenv_folder(_folder(facts), facts.git.path) / ".env"
    if facts.git.tracked(".env", f"{facts.project.below}/.env"):
        yield Finding(
            ".env is tracked by git, so its content is in the history.",
            "Revoke every token in it, add .env to .gitignore, and run: git rm --cached .env",
        )
    if os.name != "nt" and path.is_file() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield warning(".env can be read by other users of this machine.", "Run: chmod 600 .env")


def _on_index(facts: Facts) -> Iterator[Finding]:
    plan = facts.plan()
    # With `--test`, identical files are done, and different ones are a conflict.
    if plan.test or not is_version(plan.version):
        return
    # Compared as versions: 1.3 and 1.3.0 are the same release (PEP 440).
    page, planned = facts.page(), Version(plan.version)
    versions = {Version(version) for version in page.versions()}
    if planned in versions:
        ours = urlsplit(plan.target.index_address).netloc
        other = f", according to {page.address}" if urlsplit(page.address).netloc not in {ours, ""} else ""
        message = f"{plan.project} {plan.version} is already on the index ({plan.target.index_address}{other})."
        highest = max(planned, Version(plan.prior)) if is_version(plan.prior) else planned
        yield Finding(message, choice("Release a version that is free", _next_free(highest, versions)))
    elif planned in {Version(version) for version in page.named_versions if is_version(version)}:
        yield Finding(
            f"{plan.project} {plan.version} was on the index before, and its files were deleted.",
            "Release another version; an index does not accept the name of a deleted file again.",
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
    """Check the project's status (:pep:`792`); archived and quarantined projects accept no files."""
    status = facts.page().status
    if status in _WAYS_OUT:
        yield Finding(f"{facts.project.name} is {status} on the index, so files cannot be uploaded.", _WAYS_OUT[status])


#: What to do about a status with which a project accepts no files.
_WAYS_OUT = {
    "archived": "Unarchive it in the project's settings on the index.",
    "quarantined": "Contact the administrators of the index.",
}


def _first_release(facts: Facts) -> Iterator[Finding]:
    """Check the name of a project that the index does not know, or knows as a project with other versions."""
    page, name = facts.page(), facts.project.name
    if not page.exists:
        last = last_tag(facts.git, name, facts.project.below, facts.packages())
        hint = "Check the spelling of the name; it cannot be changed afterwards."
        if last and facts.tagged is None:
            hint = f"There is a tag {last}: check the address of the index, {facts.target.index_address}"
        yield question(f"The index has no project {name}: this is its first release.", hint)
    elif facts.tagged is None and not facts.request.test:  # a job may have only one tag
        tags = [re.sub("[_-]", ".", tag) for tag in facts.tags()]
        versions = page.versions()
        is_tagged = any(facts.versions().current in tag for tag in tags)
        if versions and is_tagged and not any(version in tag for version in versions for tag in tags):
            newest = max(map(Version, versions))
            yield question(
                f"The index has a project {name} (its newest version: {newest}), but none of the versions that "
                "tags of this repository name.",
                f"Check that it is yours, and the address of the index: {page.address}",
            )


def _closed(facts: Facts) -> Iterator[Finding]:
    """Check that installers can read the index, which do not get the credentials of the upload."""
    page, address = facts.page(), facts.target.index_address
    if facts.settings.try_install == "off" or not page.is_closed:
        return
    project = facts.project.pyproject.get("project", {})
    if project and "dependencies" not in {*project, *project.get("dynamic", ())}:
        return  # it requires nothing
    newest = f"=={max(map(Version, page.versions()))}" if page.versions() else ""
    if uv.can_find(f"{facts.project.name}{newest}", address, facts.git.path):
        return
    required = [other.name for package in facts.own() for other in package.depends_on(facts.others())]
    message = f"{address} needs a password for reading, which installers do not have here."
    if in_netrc(address):
        message = f"{address} refuses the name and the password for reading in ~/.netrc."
    what = ", ".join(required) or "What the package requires of it"
    account = "the name and the password of an account that can read"
    hint = f"{what} cannot be installed before the upload: put {account} into ~/.netrc."
    yield Finding(message, hint) if required else warning(message, hint)


def _private(facts: Facts) -> Iterator[Finding]:
    """Check that a private project does not go to PyPI (https://pypi.org/classifiers, "Private ::")."""
    pyproject, folder = facts.project.pyproject, facts.project.folder
    tables = (pyproject.get("project", {}), pyproject.get("tool", {}).get("poetry", {}))
    classifiers = [str(name) for table in tables for name in table.get("classifiers", [])]
    for path in (folder / "setup.cfg", folder / "setup.py"):
        classifiers += _PRIVATE.findall(path.read_text("utf-8", "replace")) if path.is_file() else []
    private = [name for name in classifiers if name.startswith("Private ::")]
    if private and facts.target.upload_address in HOSTS:
        yield Finding(
            f"The project has the classifier {private[0]!r}, but the release goes to a public index.",
            "Set your own index: PYPI_REPOSITORY_URL, or repository_url in [tool.release].",
        )


#: The classifier in ``setup.cfg`` or ``setup.py``, unless it is commented out.
_PRIVATE = re.compile(r"""^[^#\n]*?(Private :: [^"'\n]+)""", re.MULTILINE)


CHECKS = (
    Check("token", "a release that stops at the upload", _token, occasions=ALWAYS),
    Check("token-fits", "a token for another index or project, or one that is not valid now",
          _token_fits, occasions=ALWAYS),
    Check("plain-http", "a token that others on the network can read", _plain_http, occasions=ALWAYS),
    Check("dotenv", "a token that others can read", _dotenv, occasions=ALWAYS),
    Check("on-index", "a second release of a version, which an index always refuses", _on_index),
    Check("project-status", "a release of a project that is archived or quarantined",
          _project_status, occasions=ALWAYS),
    Check("first-release", "a project that is registered under a misspelled name", _first_release, occasions=ALWAYS),
    Check("closed-index", "a release that stops, since what it requires cannot be installed", _closed),
    Check("private", "a private package on a public index", _private, occasions=ALWAYS),
)  # fmt: skip
