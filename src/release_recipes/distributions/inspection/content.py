"""Inspections of the content: secrets, files that do not belong in a wheel, and changes since the last release."""

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from release_recipes.distributions.distribution import Distribution
from release_recipes.distributions.inspection.subject import Subject
from release_recipes.findings import Check, Finding, warning
from release_recipes.programs import wheel_contents
from release_recipes.scan.files import scan_files
from release_recipes.scan.patterns import CREDENTIAL_FILE, PRIVATE_KEY

#: Names of files for credentials.
_SECRETS = (
    *(".env", ".env.*", "*.env", ".pypirc", ".netrc", ".git-credentials"),
    *("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"),
)

#: Names of examples of such files.
_EXAMPLES = (".env.example", ".env.sample", ".env.template", ".env.dist", "example.env", "sample.env")

#: Names of files that may be a private key, and are often a key for tests.
_KEYS = ("*.key", "*.p12", "*.pfx", "*.jks")

_FOR_TESTS = "Make sure that it is for tests only. The last release may have it, too."

#: A file of tests.
_OF_TESTS = re.compile(r"(^|/)(tests?|testing|testdata|fixtures|examples?)/|(^|/)test_")

#: The number of files that are listed.
_NAMED = 8


def _secrets(subject: Subject) -> Iterator[Finding]:
    for dist in subject.readable:
        for path in dist.files:
            name = path.rpartition("/")[2].lower()
            if _fits(name, _SECRETS) and not _fits(name, _EXAMPLES):
                message = f"{dist.name} contains {path}, a file for credentials."
                hint = "Remove it from the distribution and from git, and revoke what was ever pushed."
                is_known = _is_published(subject, dist, path)
                yield warning(message, _FOR_TESTS) if is_known else Finding(message, hint)
            elif _fits(name, _KEYS):
                hint = "Make sure that it is a key for tests only."
                yield warning(f"{dist.name} contains {path}, which may be a private key.", hint)
        for found in scan_files([dist.path], root=dist.path.parent):
            message = f"{found.path} contains a credential in line {found.line}: {found.kind}."
            member = found.path.partition("!")[2].partition("!")[0]
            is_for_tests = found.kind == PRIVATE_KEY and _OF_TESTS.search(member)
            # A token always stops a release: it can be revoked, and then a new one is in its place.
            is_known = found.kind in {PRIVATE_KEY, CREDENTIAL_FILE} and _is_published(subject, dist, member)
            hint = "Remove and revoke it. To allow a false positive, add a comment: release-recipes: allow-secret"
            yield warning(message, _FOR_TESTS) if is_for_tests or is_known else Finding(message, hint)


def _is_published(subject: Subject, dist: Distribution, member: str) -> bool:
    """Return whether the last release has the same file with the same content."""
    before, now = subject.before(dist), dist.files.get(member)
    then = before.files.get(f"{before.info}{member.removeprefix(dist.info)}") if before and dist.is_sdist else None
    return now is not None and then is not None and now.sha256 == then.sha256


def _fits(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _wheel_contents(subject: Subject) -> Iterator[Finding]:
    """Report what check-wheel-contents finds, unless it found the same in the last release: many packages have some."""
    for wheel in subject.wheels:
        before = subject.before(wheel)
        known = {_unversioned(said) for said in wheel_contents.check(before.path)} if before else set()
        for code, what, path in wheel_contents.check(wheel.path):
            if _unversioned((code, what, path)) not in known:
                at = f" ({path})" if path else ""
                hint = f"See {code} at https://github.com/jwodder/check-wheel-contents#checks; the release continues."
                yield warning(f"{wheel.name}: {what}{at}.", hint)


def _unversioned(said: tuple[str, str, str]) -> tuple[str, str, str]:
    return *said[:2], _DATED.sub(r"\1", said[2])


#: The version in the names of the folders for metadata and data.
_DATED = re.compile(r"-[^-/]+(\.dist-info|\.data)(?=/|$)")


def _changed_files(subject: Subject) -> Iterator[Finding]:
    for dist in subject.readable:
        if before := subject.before(dist):
            now, then = _bare_names(dist), _bare_names(before)
            told = [
                f"{word}: {_listed(names)}" for word, names in (("new", now - then), ("removed", then - now)) if names
            ]
            if told:
                hint = "Check that each change is intended; a build has committed files only."
                yield warning(f"{dist.name} compared with {before.name}: {'; '.join(told)}.", hint)


def _missing_files(subject: Subject) -> Iterator[Finding]:
    """Compare a wheel with the tracked files of its packages, if there is no last release to compare with."""
    for wheel in subject.wheels:
        if subject.before(wheel):
            continue  # `changed-files` reports it
        packages = {name.partition("/")[0] for name in wheel.files if name.endswith("/__init__.py")}
        for package in sorted(packages):
            places = {name.partition(f"{package}/")[0] for name in subject.tracked if f"{package}/__init__.py" in name}
            top = min((place for place in places if place in {"", "src/", "lib/", "python/"}), default=None)
            if top is None:
                continue
            inside = {name.removeprefix(top) for name in subject.tracked if name.startswith(f"{top}{package}/")}
            lacking = {name for name in inside - wheel.files.keys() if not _SOURCES.search(name)}
            if lacking:
                hint = "If users need them, include them in the settings of the build backend."
                yield warning(
                    f"{wheel.name} does not contain files that git tracks in {top}{package}: {_listed(lacking)}.", hint
                )


#: Files that may be missing in a wheel: tests, documentation, and sources of compiled modules.
_SOURCES = re.compile(
    r"(^|/)(tests?|docs?|examples?|benchmarks?)/|\.(pyx|pxd|c|cc|cpp|h|hpp|rs|in|md|rst|toml)$|(^|/)\."
)


def _bare_names(dist: Distribution) -> set[str]:
    """Return the names of files without the version."""
    if dist.is_sdist:
        return {name.removeprefix(dist.info) for name in dist.files}
    return {_DATED.sub(r"\1", name) for name in dist.files}


def _listed(names: set[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(sorted(names)[:_NAMED])}{more}"


INSPECTIONS = (
    Check("secrets", "a published credential", _secrets),
    Check("wheel-contents", "tests, caches and other files that do not belong in a wheel", _wheel_contents),
    Check("missing-files", "a first release in which files of the package are missing", _missing_files),
    Check("changed-files", "a file that was added or left out by mistake", _changed_files),
)
