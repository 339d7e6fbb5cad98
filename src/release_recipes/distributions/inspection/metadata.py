"""Inspections of the core metadata: twine check, what PyPI refuses, and licence files."""

import difflib
import re
from collections.abc import Iterator
from email.message import Message
from email.utils import parseaddr
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from release_recipes.distributions.distribution import Distribution
from release_recipes.distributions.inspection.subject import Subject, each
from release_recipes.findings import Check, Finding, Severity
from release_recipes.index import twine

#: From this metadata version on, License-File is a path in the archive (:pep:`639`).
_LICENCE_FILES = Version("2.4")


def _twine_check(subject: Subject) -> Iterator[Finding]:
    errors, warnings = twine.check_descriptions([dist.path for dist in subject.readable if dist.info != "/"])
    for message in errors:
        yield Finding(f"twine check: {message}", "Fix the project's metadata or readme, then run: twine check dist/*")
    for message in warnings:
        hint = "This does not stop the release, but the project's page on PyPI is affected."
        if subject.settings.twine_strict:
            hint = "Fix the project's metadata or readme (twine_strict is set), then run: twine check --strict dist/*"
        severity = Severity.ERROR if subject.settings.twine_strict else Severity.WARNING
        yield Finding(f"twine check: {message}", hint, severity)
    for dist in subject.readable:
        for why in _refused_fields(dist.metadata):
            yield Finding(f"{dist.name}: {why}.", "PyPI refuses it; fix it in the project's metadata.")


def _refused_fields(told: Message) -> Iterator[str]:
    """Say what PyPI refuses although the specification of core metadata allows it."""
    if len(told.get("Summary", "")) > _LONGEST_SUMMARY:
        yield f"Summary has more than {_LONGEST_SUMMARY} characters"
    for field in ("Author-email", "Maintainer-email"):
        address = parseaddr(told.get(field, ""))[1]
        if address and not _EMAIL.fullmatch(address):
            yield f"{field} contains {address!r}, which is not an e-mail address"
    addresses = [(field, told[field]) for field in ("Home-page", "Download-URL") if field in told]
    for line in told.get_all("Project-URL", []):
        label, _, address = line.partition(",")
        if not 0 < len(label.strip()) <= _LONGEST_LABEL:
            yield f"Project-URL has the label {label.strip()!r}, which must have 1 to {_LONGEST_LABEL} characters"
        addresses.append(("Project-URL", address))
    for field, address in addresses:
        if urlsplit(address.strip()).scheme.lower() not in {"http", "https"}:
            yield f"{field} contains {address.strip()!r}, which is not a web address"


#: Characters.
_LONGEST_SUMMARY = 512
_LONGEST_LABEL = 32

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


def _classifiers(dist: Distribution) -> Iterator[Finding]:
    """Check classifiers against PyPI's own list; PyPI refuses "Private ::" on purpose, so it is allowed here."""
    from trove_classifiers import classifiers

    for name in dist.metadata.get_all("Classifier", []):
        if name not in classifiers and not name.startswith("Private ::"):
            near = difflib.get_close_matches(name, classifiers, 1)
            hint = f"Did you mean {near[0]!r}?" if near else "See the list at https://pypi.org/classifiers"
            yield Finding(f"{dist.name} has the classifier {name!r}, which PyPI does not know.", hint)


def _direct_urls(dist: Distribution) -> Iterator[Finding]:
    for line in dist.metadata.get_all("Requires-Dist", []):
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue  # `twine-check` reports it
        if requirement.url:
            hint = "PyPI refuses direct URLs (PEP 440); require a version that is on an index."
            yield Finding(f"{dist.name} requires {requirement.name} from {requirement.url}.", hint)


def _license_files(dist: Distribution) -> Iterator[Finding]:
    told = dist.metadata
    try:
        counts = Version(told.get("Metadata-Version", "0")) >= _LICENCE_FILES
    except InvalidVersion:
        return  # `twine-check` reports it
    folder = f"{dist.info}licenses/" if dist.is_wheel else dist.info
    for name in told.get_all("License-File", []) if counts else ():
        if f"{folder}{name}" not in dist.files:
            hint = "PyPI refuses it (PEP 639). Check license-files in pyproject.toml, and commit the file."
            yield Finding(f"{dist.name} lists the licence file {name}, but does not contain {folder}{name}.", hint)


INSPECTIONS = (
    Check("twine-check", "metadata that PyPI refuses, and a project page that cannot be read", _twine_check),
    Check("classifiers", "a classifier that PyPI refuses", each(_classifiers)),
    Check("direct-urls", "a direct URL as a requirement, which PyPI refuses", each(_direct_urls)),
    Check("license-files", "a package without the licence file that it lists", each(_license_files)),
)
