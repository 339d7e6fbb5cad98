"""Inspections of the set: what there is, and whether all of it says the same name and version."""

from collections import defaultdict
from collections.abc import Iterator

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
from release_recipes.distributions.inspection.subject import Subject
from release_recipes.findings import Check, Finding

#: What one wheel of a matrix does not share with another: build number and tags.
_Slot = tuple[object, ...]


def _set(subject: Subject) -> Iterator[Finding]:
    distributions = subject.distributions
    if stray := [one.name for one in subject.everything if one not in distributions]:
        hint = "Only sdists (.tar.gz) and wheels (.whl) may be in dist/; see what the build session leaves there."
        yield Finding(f"Beside the distributions lies {', '.join(stray)}.", hint)
    sdists = [one.name for one in distributions if one.is_sdist]
    for word, found in (("sdist", sdists), ("wheel", [one.name for one in distributions if one.is_wheel])):
        if not found:
            yield Finding(f"No {word} was built.", "A release is an sdist and its wheels; fix the build session.")
    if len(sdists) > 1:
        hint = "PyPI takes one sdist a release; empty dist/ before the build."
        yield Finding(f"There are {len(sdists)} sdists: {', '.join(sdists)}.", hint)
    slots: dict[_Slot, list[str]] = defaultdict(list)
    for one in distributions:
        if parsed := _parsed(one):
            slots[parsed[2]].append(one.name)
    for slot, names in slots.items():
        if slot and len(names) > 1:
            hint = "An installer would choose one of them by chance; empty dist/ before the build."
            yield Finding(f"{' and '.join(names)} are for the same tags.", hint)


def _agreement(subject: Subject) -> Iterator[Finding]:
    hint = "See where the build backend takes name and version from, and that it reads them from files in the commit."
    for one in subject.distributions:
        parsed = _parsed(one)
        if parsed is None:
            yield Finding(f"{one.name} is not the name of a distribution.", f"Look at {_NAMES}")
        for where, (name, version) in _says(one, parsed):
            if canonicalize_name(name) != canonicalize_name(subject.name):
                yield Finding(f"{one.name}: {where} says {name or 'nothing'}, not {subject.name}.", hint)
            if canonicalize_version(version) != canonicalize_version(subject.version):
                yield Finding(f"{one.name}: {where} says version {version or 'nothing'}, not {subject.version}.", hint)


_NAMES = "https://packaging.python.org/en/latest/specifications/binary-distribution-format/#file-name-convention"


def _says(one: Distribution, parsed: tuple[str, str, _Slot] | None) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield every place of a distribution that says name and version, with what it says."""
    if parsed:
        yield "its file name", parsed[:2]
    if one.fault:
        return
    told = one.metadata
    inside = "its metadata" if one.is_wheel else "the PKG-INFO inside"
    yield inside, (told.get("Name", ""), told.get("Version", ""))
    for egg_info in (name for name in one.files if one.is_sdist and name.endswith(".egg-info/PKG-INFO")):
        import email

        inner = email.message_from_bytes(one.content(egg_info))
        # Another package's, such as one that is vendored or a test's, says what it likes.
        if canonicalize_name(inner.get("Name", "")) == canonicalize_name(told.get("Name", "")):
            yield egg_info, (inner.get("Name", ""), inner.get("Version", ""))


def _file_names(subject: Subject) -> Iterator[Finding]:
    """Compare with what PyPI wants: :pep:`625` for sdists, the same of wheels (pypi/warehouse, forklift/legacy.py)."""
    for one in subject.distributions:
        parsed = _parsed(one)
        if parsed is None:
            continue  # `dist-names` tells
        stem = f"{parsed[0].replace('-', '_')}-{parsed[1]}"
        if not one.name.startswith((f"{stem}-", f"{stem}.tar.gz")):
            hint = "PyPI refuses it. A newer version of the build backend names files as PEP 625 says."
            yield Finding(f"{one.name} is not a normalised file name; it would begin with {stem}.", hint)


def _local_version(subject: Subject) -> Iterator[Finding]:
    for one in subject.readable:
        version = one.metadata.get("Version", "")
        try:
            local = Version(version).local
        except InvalidVersion:
            continue  # `twine-check` tells
        if local:
            hint = "PyPI refuses local versions (PEP 440). Release from a commit that has the tag, or a plain version."
            yield Finding(f"{one.name} has the local version {version}.", hint)


def _parsed(one: Distribution) -> tuple[str, str, _Slot] | None:
    """Return name and version (normalised) and slot of a file name; ``None`` where it is not that of a distribution."""
    try:
        if one.is_wheel:
            name, version, build, tags = parse_wheel_filename(one.name)
            return name, str(version), (build, tags)
        name, version = parse_sdist_filename(one.name)
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None
    return name, str(version), ()


INSPECTIONS = (
    Check("dist-set", "half a release, or one with files in it that nobody meant to publish", _set),
    Check("dist-names", "a file that says another name or version than the release", _agreement),
    Check("file-names", "a file name that PyPI refuses after others were uploaded", _file_names),
    Check("local-version", "a version that PyPI refuses", _local_version),
)
