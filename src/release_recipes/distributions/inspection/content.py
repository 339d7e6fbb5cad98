"""Inspections of the content: secrets, what does not belong into a wheel, and what changed since the last release."""

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from release_recipes.distributions.distribution import Distribution
from release_recipes.distributions.inspection.subject import Subject
from release_recipes.findings import Check, Finding, warning
from release_recipes.programs import wheel_contents
from release_recipes.scan.files import scan_files

#: Names of files that hold credentials and nothing else.
_SECRETS = (
    *(".env", ".env.*", "*.env", ".pypirc", ".netrc", ".git-credentials"),
    *("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"),
)

#: Names among them that are there to be seen.
_EXAMPLES = (".env.example", ".env.sample", ".env.template", ".env.dist", "example.env", "sample.env")

#: Names of files that may be a private key, and often are one that a test suite made for itself.
_KEYS = ("*.key", "*.p12", "*.pfx", "*.jks")

#: How many files of one kind are named.
_NAMED = 8


def _secrets(subject: Subject) -> Iterator[Finding]:
    for one in subject.readable:
        for path in one.files:
            name = path.rpartition("/")[2].lower()
            if _fits(name, _SECRETS) and not _fits(name, _EXAMPLES):
                hint = "Take it out of the distribution (and out of git); what it held and was pushed: revoke it."
                yield Finding(f"{one.name} holds {path}, a file for credentials.", hint)
            elif _fits(name, _KEYS):
                hint = "See that it is one that the tests made, and no key of yours."
                yield warning(f"{one.name} holds {path}, which may be a private key.", hint)
        for found in scan_files([one.path], root=one.path.parent):
            hint = "Take it out and revoke it; what only looks like one has a comment: release-recipes: allow-secret"
            yield Finding(f"A credential stands in {found.path}, line {found.line}: {found.kind}.", hint)


def _fits(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _wheel_contents(subject: Subject) -> Iterator[Finding]:
    """Tell what check-wheel-contents says, and did not say of the last release: a quarter of good packages trip it."""
    for wheel in subject.wheels:
        before = subject.before(wheel)
        known = {_unversioned(said) for said in wheel_contents.check(before.path)} if before else set()
        for code, what, path in wheel_contents.check(wheel.path):
            if _unversioned((code, what, path)) not in known:
                at = f" ({path})" if path else ""
                hint = f"See {code} at https://github.com/jwodder/check-wheel-contents#checks; the release goes on."
                yield warning(f"{wheel.name}: {what}{at}.", hint)


def _unversioned(said: tuple[str, str, str]) -> tuple[str, str, str]:
    return *said[:2], _DATED.sub(r"\1", said[2])


#: The version in the names of a wheel's own folders.
_DATED = re.compile(r"-[^-/]+(\.dist-info|\.data)(?=/|$)")


def _changed_files(subject: Subject) -> Iterator[Finding]:
    for one in subject.readable:
        if before := subject.before(one):
            now, then = _bare_names(one), _bare_names(before)
            told = [f"{word}: {_listed(names)}" for word, names in (("new", now - then), ("gone", then - now)) if names]
            if told:
                hint = "See that each is meant: what is not committed is not in the clean clone that was built from."
                yield warning(f"{one.name} against {before.name}: {'; '.join(told)}.", hint)


def _bare_names(one: Distribution) -> set[str]:
    """Return the names of files without what changes with each version."""
    if one.is_sdist:
        return {name.removeprefix(one.info) for name in one.files}
    return {_DATED.sub(r"\1", name) for name in one.files}


def _listed(names: set[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(sorted(names)[:_NAMED])}{more}"


INSPECTIONS = (
    Check("secrets", "a credential that everybody can download for ever", _secrets),
    Check("wheel-contents", "tests, caches and strays that every user installs", _wheel_contents),
    Check("changed-files", "a file that got in, or was left out, without anybody noticing", _changed_files),
)
