"""Distributions that other jobs have built: they are collected, and compared with the hashes that came with them."""

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from release_recipes.errors import BadDistribution, WrongUsage
from release_recipes.findings import Finding
from release_recipes.state.record import Artifact

#: A line of ``sha256sum``.
_LINE = re.compile(r"([0-9a-fA-F]{64}) [ *](.+)")


def collect(folder: Path, to: Path) -> list[Artifact]:
    """Copy the files in a folder and in the folders below it, one for each job, into a new folder.

    Hidden files are left out, such as the ``.gitignore`` of ``uv build``.

    Raises:
        WrongUsage: There is no such folder, or it has no files.
        BadDistribution: Two files of one name differ.
    """
    if not folder.is_dir():
        raise WrongUsage(f"There is no folder {folder}.", "Name the folder with the distributions: --dist DIR")
    to.mkdir()
    found: dict[str, Artifact] = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        shutil.copyfile(path, to / path.name)
        artifact = Artifact.of(to / path.name)
        if found.setdefault(path.name, artifact) != artifact:
            message = f"There are two files {path.name} below {folder}, with different content."
            hint = "Build each distribution in one job only; the sdist, too."
            raise BadDistribution([Finding(message, hint, check="dist-set")])
    if not found:
        raise WrongUsage(f"There are no files in {folder}.", "See whether the jobs that build them have succeeded.")
    return list(found.values())


def compare(given: list[Artifact], hashes: str) -> None:
    """Compare distributions with the hashes of the job that has built them.

    Args:
        given: The distributions.
        hashes: Lines as sha256sum writes them; empty if the job has not handed them over.

    Raises:
        BadDistribution: A file differs, is missing, or is not among them.
    """
    lines = {line.strip() for line in hashes.splitlines() if line.strip()}
    found = [(PurePosixPath(line[2]).name, line[1].lower()) for line in map(_LINE.fullmatch, lines) if line]
    handed = dict(found)
    if len(found) != len(lines) or len(handed) != len(set(found)):
        message = "RELEASE_HASHES has a line that sha256sum would not write, or two hashes for one file."
        raise WrongUsage(message, "Write a line for each file: <sha256>  <file name>")
    if lines and (errors := list(_differing({each.filename: each.sha256 for each in given}, handed))):
        raise BadDistribution(errors)


def _differing(given: Mapping[str, str], handed: Mapping[str, str]) -> Iterator[Finding]:
    hint = "It may have been altered between the jobs. Run the whole workflow again, and compare."
    for name in sorted(given.keys() | handed.keys()):
        if name not in given:
            yield Finding(
                f"{name} is missing, but the job that built it has handed over its hash.", hint, check="given"
            )
        elif name not in handed:
            yield Finding(f"{name} has no hash in RELEASE_HASHES.", hint, check="given")
        elif given[name] != handed[name]:
            message = f"{name} is not what was built: sha256 {given[name]}, but {handed[name]} was handed over."
            yield Finding(message, hint, check="given")
