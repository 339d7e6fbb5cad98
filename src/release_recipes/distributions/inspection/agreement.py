"""Inspections of the set of distributions, and of its names and versions."""

from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatchcase

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    canonicalize_version,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from release_recipes.distributions.distribution import Distribution
from release_recipes.distributions.inspection.subject import Subject, each
from release_recipes.findings import Check, Finding, Severity

#: What differs between the wheels of a release: build number and tags.
_Slot = tuple[object, ...]

_BOTH = "A release consists of an sdist and wheels; fix the build session. Some files alone: validate --partial."

#: The endings of sources that are compiled, so that an sdist with them may go without a wheel.
_COMPILED = (".c", ".cc", ".cpp", ".cxx", ".pyx", ".rs", ".f", ".f90")


def _set(subject: Subject) -> Iterator[Finding]:
    distributions = subject.distributions
    if stray := [dist.name for dist in subject.everything if dist not in distributions]:
        hint = "Only sdists (.tar.gz) and wheels (.whl) may be in dist/; check what the build session writes there."
        yield Finding(f"dist/ contains files that are not distributions: {', '.join(stray)}.", hint)
    sdists = [dist.name for dist in distributions if dist.is_sdist]
    if not sdists:
        yield Finding("No sdist was built.", _BOTH)
    if not any(dist.is_wheel for dist in distributions) and subject.settings.wheels != "none":
        compiles = any(name.endswith(_COMPILED) for dist in distributions for name in dist.files)
        hint = "Installers compile the sdist." if compiles else _BOTH
        yield Finding("No wheel was built.", hint, Severity.WARNING if compiles else Severity.ERROR)
    if len(sdists) > 1:
        hint = "PyPI accepts one sdist for each release; empty dist/ before the build."
        yield Finding(f"There are {len(sdists)} sdists: {', '.join(sdists)}.", hint)
    slots: dict[_Slot, list[str]] = defaultdict(list)
    for dist in distributions:
        if parsed := _parsed(dist):
            slots[parsed[2]].append(dist.name)
    for slot, names in slots.items():
        if slot and len(names) > 1:
            hint = "Installers could use any of them; empty dist/ before the build."
            yield Finding(f"{' and '.join(names)} are for the same tags.", hint)


def _agreement(subject: Subject) -> Iterator[Finding]:
    hint = "Check where the build backend reads name and version from; the files must be in the commit."
    for dist in subject.distributions:
        parsed = _parsed(dist)
        if parsed is None:
            yield Finding(f"{dist.name} is not a valid name for a distribution.", f"See {_NAMES}")
        for where, (name, version) in _says(dist, parsed):
            if canonicalize_name(name) != canonicalize_name(subject.name):
                yield Finding(f"{dist.name}: {where} says {name or 'nothing'}, not {subject.name}.", hint)
            if canonicalize_version(version) != canonicalize_version(subject.version):
                yield Finding(f"{dist.name}: {where} says version {version or 'nothing'}, not {subject.version}.", hint)


_NAMES = "https://packaging.python.org/en/latest/specifications/binary-distribution-format/#file-name-convention"


def _says(dist: Distribution, parsed: tuple[str, str, _Slot] | None) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield every place in a distribution with a name and a version, and these."""
    if parsed:
        yield "its file name", parsed[:2]
    if dist.fault:
        return
    told = dist.metadata
    inside = "its metadata" if dist.is_wheel else "the PKG-INFO inside"
    yield inside, (told.get("Name", ""), told.get("Version", ""))
    for egg_info in (name for name in dist.files if dist.is_sdist and name.endswith(".egg-info/PKG-INFO")):
        import email

        inner = email.message_from_bytes(dist.content(egg_info))
        # Metadata of other packages, such as vendored ones or those of tests, is ignored.
        if canonicalize_name(inner.get("Name", "")) == canonicalize_name(told.get("Name", "")):
            yield egg_info, (inner.get("Name", ""), inner.get("Version", ""))


def _file_names(dist: Distribution) -> Iterator[Finding]:
    """Check file names as PyPI does: by :pep:`625`, for wheels likewise (pypi/warehouse, forklift/legacy.py)."""
    parsed = _parsed(dist)
    if parsed is None:
        return  # `dist-names` reports it
    stem = f"{parsed[0].replace('-', '_')}-{parsed[1]}"
    if not dist.name.startswith((f"{stem}-", f"{stem}.tar.gz")):
        hint = "PyPI refuses it. Use a newer version of the build backend, which names files by PEP 625."
        yield Finding(f"{dist.name} is not a normalised file name; it must start with {stem}.", hint)


def _local_version(dist: Distribution) -> Iterator[Finding]:
    version = dist.metadata.get("Version", "")
    try:
        local = Version(version).local
    except InvalidVersion:
        return  # `twine-check` reports it
    if local:
        hint = "PyPI refuses local versions (PEP 440). Release a commit with a tag, or a version without a local part."
        yield Finding(f"{dist.name} has the local version {version}.", hint)


def _parsed(dist: Distribution) -> tuple[str, str, _Slot] | None:
    """Return name and version (normalised) and slot of a file name; ``None`` if it is not valid for a distribution."""
    try:
        if dist.is_wheel:
            name, version, build, tags = parse_wheel_filename(dist.name)
            return name, str(version), (build, tags)
        name, version = parse_sdist_filename(dist.name)
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None
    return name, str(version), ()


def _expected(subject: Subject) -> Iterator[Finding]:
    """Compare with the files that a release is expected to have, such as the wheels of a matrix of jobs."""
    kinds = {kind_of(dist.name): dist.name for dist in subject.distributions}
    for pattern in subject.expect:
        if not any(fnmatchcase(kind, pattern) for kind in kinds):
            hint = "See whether its job failed, and collect its files, too; or change expect, wheels, or publish."
            yield Finding(f"There is no file for {pattern!r}, which expect in [tool.release] names.", hint)
    for kind, name in kinds.items():
        if subject.expect and not any(fnmatchcase(kind, pattern) for pattern in subject.expect):
            yield Finding(f"{name} is not expected.", f'Remove it, or add it in [tool.release]: expect = [… "{kind}"]')


def kind_of(filename: str) -> str:
    """Return the kind of a distribution: ``sdist``, or the tags in the name of a wheel."""
    return "-".join(filename.removesuffix(".whl").rsplit("-", 3)[1:]) if filename.endswith(".whl") else "sdist"


INSPECTIONS = (
    Check("expected", "a release without the wheels of a job that failed", _expected),
    Check("dist-set", "an incomplete release, or one with files that are not part of it", _set),
    Check("dist-names", "a file whose name or version differs from the release", _agreement),
    Check("file-names", "a file name that PyPI refuses after others were uploaded", each(_file_names, "distributions")),
    Check("local-version", "a version that PyPI refuses", each(_local_version)),
)
