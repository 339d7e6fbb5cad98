"""Inspections of wheels: RECORD, METADATA, WHEEL, tags and entry points.

The rules are those of the binary distribution format (:pep:`427`) and of PyPI (pypi/warehouse, forklift/legacy.py).
"""

import base64
import configparser
import csv
import hashlib
import re
from collections.abc import Iterator

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from release_recipes.distributions.distribution import Distribution
from release_recipes.distributions.inspection.subject import each
from release_recipes.findings import Check, Finding

_BUILD_AGAIN = "PyPI refuses it. Build it again; to change a file of a wheel, use wheel unpack and wheel pack."

#: Hashes that are allowed in RECORD; older ones are not secure (:pep:`427`).
_HASHES = frozenset({"sha256", "sha384", "sha512"})

#: Files that need no hash in RECORD: signatures, and RECORD itself.
_UNLISTED = ("RECORD", "RECORD.jws", "RECORD.p7s")

#: The platforms that PyPI accepts, from its source; of the plain linux_* tags, only those for ARM.
_PLATFORM = re.compile(
    r"any|win32|win_(?:amd64|arm64|ia64)|linux_armv[67]l|macosx_1\d_\d+_\w+|macosx_[2-9]\d_\d+_\w+"
    r"|manylinux(?:1|2010|2014)_\w+|manylinux_\d+_\d+_\w+|musllinux_\d+_\d+_\w+"
    r"|ios_\d+_\d+_\w+_(?:iphoneos|iphonesimulator)|android_\d+_\w+|(?:pyodide|pyemscripten)_\d+_\d+_wasm32"
)

_GROUP = re.compile(r"\w+(?:\.\w+)*")
_REFERENCE = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*(?:\s*:\s*[^\W\d]\w*(?:\.[^\W\d]\w*)*)?(?:\s*\[[^]]*\])?")
_SCRIPT = re.compile(r"[\w.-]+")


def _metadata_files(dist: Distribution) -> Iterator[Finding]:
    if dist.is_sdist and dist.info == "/":
        hint = "Build it with a build backend (PEP 517)."
        yield Finding(f"{dist.name} has no PKG-INFO.", hint)
    if not dist.is_wheel:
        return
    infos = sorted({name.partition("/")[0] for name in dist.files if name.partition("/")[0].endswith(".dist-info")})
    if len(infos) != 1:
        listed = ", ".join(infos) or "none"
        yield Finding(f"{dist.name} must have one .dist-info folder, but has {len(infos)}: {listed}.", _BUILD_AGAIN)
        return
    for name in ("METADATA", "WHEEL", "RECORD"):
        if f"{infos[0]}/{name}" not in dist.files:
            yield Finding(f"{dist.name} has no {name}.", _BUILD_AGAIN)


def _record(wheel: Distribution) -> Iterator[Finding]:
    path = f"{wheel.info}RECORD"
    if path in wheel.files:  # otherwise `metadata-files` reports it
        for fault in _record_faults(wheel, path):
            yield Finding(f"{wheel.name}: {fault}.", _BUILD_AGAIN)


def _record_faults(wheel: Distribution, path: str) -> Iterator[str]:
    """Compare RECORD with the files in the wheel, in both directions."""
    rows = [row for row in csv.reader(wheel.text(path).splitlines()) if row]
    listed = {row[0]: row for row in rows}
    unlisted = {f"{wheel.info}{name}" for name in _UNLISTED}
    for name in sorted(wheel.files.keys() - listed.keys() - unlisted):
        yield f"{name} is not in RECORD"
    for name in sorted(listed.keys() - wheel.files.keys() - unlisted):
        yield f"RECORD lists {name}, which does not exist"
    if len(listed) != len(rows):
        yield "RECORD lists a file twice"
    for name in sorted(listed.keys() & wheel.files.keys() - unlisted):
        if fault := _row_fault(wheel, listed[name]):
            yield fault


def _row_fault(wheel: Distribution, row: list[str]) -> str:
    """Say what is wrong in a line of RECORD; empty if it is right."""
    name, digest, size = (*row, "", "")[:3]
    algorithm, _, said = digest.partition("=")
    if algorithm not in _HASHES:
        return f"RECORD has no secure hash of {name}"
    if algorithm == "sha256":
        true = bytes.fromhex(wheel.files[name].sha256)
    else:
        true = hashlib.new(algorithm, wheel.content(name)).digest()
    if base64.urlsafe_b64encode(true).rstrip(b"=").decode() != said:
        return f"the hash of {name} differs from RECORD"
    if size and size != str(wheel.files[name].size):
        return f"{name} has {wheel.files[name].size} bytes, but RECORD lists {size}"
    return ""


def refused_platforms(name: str) -> list[str]:
    """Return the platforms of a wheel, by its file name, that PyPI refuses; none of another file."""
    try:
        tags = parse_wheel_filename(name)[3]
    except InvalidWheelFilename:
        return []  # `dist-names` reports it, if it is a wheel
    return sorted({tag.platform for tag in tags if not _PLATFORM.fullmatch(tag.platform)})


def _platform_tags(dist: Distribution) -> Iterator[Finding]:
    for platform in refused_platforms(dist.name):
        hint = (
            "Repair it with auditwheel, as cibuildwheel does; for an index that accepts it, set in [tool.release]: "
            'skip_checks = ["platform-tags"]'
        )
        yield Finding(f"{dist.name} is for the platform {platform}, which PyPI refuses.", hint)


def _entry_points(wheel: Distribution) -> Iterator[Finding]:
    path = f"{wheel.info}entry_points.txt"
    if path in wheel.files:
        for fault in _entry_point_faults(wheel.text(path)):
            yield Finding(f"{wheel.name}: entry_points.txt {fault}.", _ENTRY_POINTS)


_ENTRY_POINTS = (
    "Write an entry point as name = package.module:function "
    "(https://packaging.python.org/en/latest/specifications/entry-points/)."
)


def _entry_point_faults(text: str) -> Iterator[str]:
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, default_section="")
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text)
    except configparser.Error as error:
        yield f"cannot be read: {str(error).splitlines()[0].rstrip('.')}"
        return
    for group in parser.sections():
        if not _GROUP.fullmatch(group):
            yield f"has the group [{group}], which is not a valid name"
        for name, reference in parser.items(group):
            if not _REFERENCE.fullmatch(reference):
                yield f"has {name} = {reference}, which is not a reference to an object"
            elif group in {"console_scripts", "gui_scripts"} and not _SCRIPT.fullmatch(name):
                yield f"has the script {name!r}, which is not a valid file name"


INSPECTIONS = (
    Check("metadata-files", "a file without the metadata that an index reads", each(_metadata_files)),
    Check("record", "a wheel whose RECORD does not match its files", each(_record, "wheels")),
    Check("platform-tags", "a wheel for a platform that PyPI refuses", each(_platform_tags, "distributions")),
    Check("entry-points", "entry points that do not work, or that PyPI refuses", each(_entry_points, "wheels")),
)
