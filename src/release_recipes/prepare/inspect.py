"""Look at what was built before anybody else does: the set, the names, the versions, the descriptions."""

from __future__ import annotations

import email
import tarfile
import zipfile
from typing import TYPE_CHECKING

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    canonicalize_version,
    parse_sdist_filename,
    parse_wheel_filename,
)

from release_recipes import events
from release_recipes.errors import BadDistribution, Problem
from release_recipes.prepare.step import Step
from release_recipes.programs import twine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from email.message import Message
    from pathlib import Path

    from release_recipes.plan import Plan
    from release_recipes.prepare.workspace import Workspace


def _describe(_plan: Plan) -> list[str]:
    return ["twine check dist/*"]


def _run(plan: Plan, workspace: Workspace) -> str:
    files = workspace.distributions()
    inspect(files, name=plan.project, version=plan.version)
    return f"{len(files)} distributions of {plan.project} {plan.version}"


def inspect(files: Sequence[Path], *, name: str | None = None, version: str | None = None) -> None:
    """Inspect distributions; what twine's strict mode adds is told as a warning.

    Args:
        files: An sdist and its wheels, and nothing else.
        name: The project's name; that of the first file where it is not known.
        version: The planned version; likewise.

    Raises:
        BadDistribution: They are not what was planned, or an index would refuse them.
    """
    kinds = [
        ".whl" if file.name.endswith(".whl") else "sdist" if file.name.endswith(".tar.gz") else "" for file in files
    ]
    if stray := [file.name for file, kind in zip(files, kinds, strict=True) if not kind]:
        message = f"Beside the distributions lies {', '.join(stray)}."
        raise BadDistribution(message, "Only sdists (.tar.gz) and wheels (.whl) may be in dist/.")
    for kind, word in (("sdist", "sdist"), (".whl", "wheel")):
        if kind not in kinds:
            message = f"No {word} was built."
            raise BadDistribution(message, "A release is an sdist and at least one wheel; mend the build session.")
    for file in files:
        told = _read_metadata(file)
        name, version = name or told["Name"], version or told["Version"]
        _agree(file, told, name, version)
    errors, warnings = twine.check_descriptions(files)
    for message in warnings:
        hint = "It is uploaded all the same; the project's page would be poorer."
        events.emit(events.Warned(Problem("twine-check", message, hint)))
    if errors:
        raise BadDistribution(
            f"twine check: {errors[0]}", "Mend the project's description (readme); try: twine check dist/*"
        )


def read_name_and_version(file: Path) -> tuple[str, str]:
    """Return what a distribution's metadata says.

    Raises:
        BadDistribution: It carries none.
    """
    told = _read_metadata(file)
    return told["Name"] or "", told["Version"] or ""


def _agree(file: Path, told: Message, name: str, version: str) -> None:
    """See that the file name, the metadata and the plan say the same."""
    hint = "See where the build backend takes name and version from, and that it reads them from files in the commit."
    try:
        named = parse_wheel_filename(file.name)[:2] if file.suffix == ".whl" else parse_sdist_filename(file.name)
    except (InvalidWheelFilename, InvalidSdistFilename) as error:
        raise BadDistribution(f"{file.name} is not the name of a distribution: {error}.", hint) from None
    for where, there in (("its file name", named[0]), ("its metadata", canonicalize_name(told["Name"] or ""))):
        if there != canonicalize_name(name):
            raise BadDistribution(f"{file.name}: {where} says {there}, not {canonicalize_name(name)}.", hint)
    for where, said in (("its file name", str(named[1])), ("its metadata", told["Version"] or "")):
        if canonicalize_version(said) != canonicalize_version(version):
            raise BadDistribution(f"{file.name}: {where} says version {said or 'nothing'}, not {version}.", hint)


def _read_metadata(file: Path) -> Message:
    """Return the core metadata that a distribution carries.

    Raises:
        BadDistribution: It cannot be opened, or carries none.
    """
    try:
        if file.suffix == ".whl":
            with zipfile.ZipFile(file) as wheel:
                # The one at the top: a vendored package has its own further down.
                name = next(n for n in wheel.namelist() if n.count("/") == 1 and n.endswith(".dist-info/METADATA"))
                return email.message_from_bytes(wheel.read(name))
        with tarfile.open(file) as sdist:
            member = next(m for m in sdist if m.name.count("/") == 1 and m.name.endswith("/PKG-INFO"))
            content = sdist.extractfile(member)
            return email.message_from_bytes(content.read() if content else b"")
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError) as error:
        message = f"{file.name} cannot be opened: {error}."
        raise BadDistribution(message, "Build it again.") from None
    except StopIteration:
        message = f"{file.name} carries no metadata."
        raise BadDistribution(message, "Build it with a build backend (PEP 517).") from None


STEP = Step("inspect", _describe, _run)
