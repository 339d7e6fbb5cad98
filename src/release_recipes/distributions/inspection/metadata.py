"""Inspections of the core metadata: what twine says, what PyPI refuses, and the licences that it names."""

from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from release_recipes.distributions.inspection.subject import Subject
from release_recipes.findings import Check, Finding, Severity
from release_recipes.index import twine

#: From here on License-File means a file in the archive (:pep:`639`).
_LICENCES_COUNT = Version("2.4")


def _twine_check(subject: Subject) -> Iterator[Finding]:
    errors, warnings = twine.check_descriptions([one.path for one in subject.readable if one.info != "/"])
    for message in errors:
        yield Finding(f"twine check: {message}", "Fix the project's metadata or readme; try: twine check dist/*")
    for message in warnings:
        hint = "It is uploaded all the same; the project's page would be poorer."
        if subject.twine_strict:
            hint = "twine_strict is set; fix the project's metadata or readme, and try: twine check --strict dist/*"
        yield Finding(f"twine check: {message}", hint, Severity.ERROR if subject.twine_strict else Severity.WARNING)


def _direct_urls(subject: Subject) -> Iterator[Finding]:
    for one in subject.readable:
        for line in one.metadata.get_all("Requires-Dist", []):
            try:
                requirement = Requirement(line)
            except InvalidRequirement:
                continue  # `twine-check` tells
            if requirement.url:
                hint = "PyPI refuses requirements by address (PEP 440); require a version that an index has."
                yield Finding(f"{one.name} requires {requirement.name} from {requirement.url}.", hint)


def _license_files(subject: Subject) -> Iterator[Finding]:
    for one in subject.readable:
        told = one.metadata
        try:
            counts = Version(told.get("Metadata-Version", "0")) >= _LICENCES_COUNT
        except InvalidVersion:
            continue  # `twine-check` tells
        folder = f"{one.info}licenses/" if one.is_wheel else one.info
        for name in told.get_all("License-File", []) if counts else ():
            if f"{folder}{name}" not in one.files:
                hint = "PyPI refuses it (PEP 639). See license-files in pyproject.toml, and that the file is committed."
                yield Finding(f"{one.name} names the licence {name}, and does not hold {folder}{name}.", hint)


INSPECTIONS = (
    Check("twine-check", "metadata that PyPI refuses, and a project page that cannot be read", _twine_check),
    Check("direct-urls", "a requirement that PyPI refuses", _direct_urls),
    Check("license-files", "a package without the licence that it names", _license_files),
)
