"""Where a version stands in the tracked files of a project, and the edit there.

The version is searched in all of its spellings and rated by what stands around it (see
:mod:`~release_recipes.project.contexts`). A plain number is not a place: pins of other packages, their entries in lock
files, changelogs and "since 2.5.0" may contain the same number. Files are edited by byte offsets, so line ends, quotes
and encodings stay.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from release_recipes.errors import BumpFailed
from release_recipes.programs.git import Git
from release_recipes.project import spelling
from release_recipes.project.contexts import COPY, MAYBE, Context, is_generated, is_searched
from release_recipes.project.source import is_version
from release_recipes.project.spelling import Spot

#: The score from which a place may be what the build backend reads.
LIKELY = 40

#: The lowest score of a place that is moved with the source.
SURE = 15

#: Bytes; larger files are not searched.
_LARGEST = 3_000_000

#: The suffixes of files from which code may read a version.
_DATA = (".py", ".pyi", ".cfg", ".ini", ".toml", ".json", ".yaml", ".yml", ".txt", ".in")

_LONG_TUPLE = r"[Vv](ersion|ERSION)[A-Za-z_]* *(:[^=]*)?= *[A-Za-z.]*[[(]"

_PART = re.compile(r"""(?i)(?<![a-z\d])(MAJOR|MINOR|PATCH|MICRO)\w*["']?[ \t]*[ \t=:][ \t]*["']?(\d+)(?![\w.])""")
_RELEASED = re.compile(r"""(?m)^date-released:\s*["']?(\d{4}-\d\d-\d\d)\b""")
_CRATE = re.compile(r"""(?m)^\[package\](?:\r?\n(?!\[).*)*?\nname\s*=\s*["']([^"']*)""")
_SHORT = re.compile(r"""(?m)^version\s*=\s*u?["'](\d+(?:\.\d+)+)["']""")


@dataclass(frozen=True)
class Place:
    """A place where the version of a project stands."""

    #: Relative to the project's folder, with slashes.
    file: str
    #: From 1.
    line: int
    #: From 0, in bytes.
    column: int
    #: The line, without the spaces around it.
    text: str
    #: From 100, which is surely what the build backend reads; from :data:`LIKELY` on, it may be.
    score: int
    #: ``source``: a declaration for a build backend; ``copy``: surely the project's own version as well, so that it is
    #: moved with the source; ``maybe``: likely, not certain. Whether it may be the source is a matter of the score.
    kind: str
    spots: tuple[Spot, ...]

    @property
    def where(self) -> tuple[str, int, int]:
        """What tells it from all other places, also where line ends differ."""
        return self.file, self.line, self.column


def find(git: Git, folder: Path, *, name: str, version: str, files: Sequence[str] = ()) -> list[Place]:
    """Return where a version stands in a project, the likeliest source first.

    Args:
        git: The repository.
        folder: The project's folder in it.
        name: The project's name.
        version: The version, in any spelling.
        files: Files that are known to contain it, relative to the folder: only they are searched, and more is taken
            for the version in them, such as "Version 1.6.1" or ``releases/tag/v1.6.1``.
    """
    listed = files or [file for file in git.files_with(_lines(version), folder) if is_searched(folder, file, name)]
    if not files and folder != git.path and git.tracked(":(top)uv.lock"):  # of a workspace, for all its members
        listed = [*listed, Path(os.path.relpath(git.path / "uv.lock", folder)).as_posix()]
    places = [place for file in listed for place in _in_file(folder, file, name, version, given=bool(files))]
    return sorted(places, key=lambda place: (-place.score, place.file, place.line))


def anywhere(git: Git, folder: Path, *, name: str, version: str) -> list[Place]:
    """Return where a version stands in files of code and data, whatever is around it; for a build backend to judge."""
    below = "" if folder == git.path else f"{folder.relative_to(git.path).as_posix()}/"
    tracked = [file.removeprefix(below) for file in git.tracked() if file.startswith(below)]
    listed = [file for file in tracked if file.endswith(_DATA) and is_searched(folder, file, name)]
    return [place for file in listed for place in _in_file(folder, file, name, version, given=False, bare=True)]


def edit(folder: Path, places: Sequence[Place], prior: str, version: str) -> None:
    """Change the version at places that :func:`find` returned for the files as they are now.

    Args:
        folder: The project's folder.
        places: The places.
        prior: The version that stands there.
        version: The new version; it is spelled as the prior one is at each place.

    Raises:
        BumpFailed: A file does not contain what was found there; nothing was changed.
    """
    spots = {(place.file, spot.start): (place, spot) for place in places for spot in place.spots}
    contents: dict[str, bytes] = {}
    for (file, _), (place, spot) in sorted(spots.items(), reverse=True):  # the last one of a file first
        path = folder / file
        content = contents.get(file) or (path.read_bytes() if path.is_file() else b"")
        if content[spot.start : spot.end] != spot.text.encode():
            message = f"{file} does not contain {prior} in line {place.line} any more."
            raise BumpFailed(message, "Something changed it meanwhile. Run the same command again.")
        contents[file] = content[: spot.start] + spot.becomes(version).encode() + content[spot.end :]
    for file, content in contents.items():
        (folder / file).write_bytes(content)


def _lines(version: str) -> list[str]:
    """Return patterns, as ``git grep -E`` takes them, for lines of files that may contain the version."""
    if not is_version(version):
        return [version.replace(".", "[.]")]
    first, *rest = Version(version).release
    quote = "[\"']?"
    start = f" *{quote}, *{quote}".join(map(str, [first, *rest][:2]))
    tuple_ = f"{_LONG_TUPLE}.*{start}([^0-9]|$)"
    parts = rf"(MAJOR|Major|major)[A-Za-z_]*[\"']?[[:blank:]]*[[:blank:]=:][[:blank:]]*[\"']?{first}([^0-9.]|$)"
    return ["[.]0*".join(map(str, [first, *rest])), tuple_, f"{_LONG_TUPLE}[[:space:]]*$", parts]


def _in_file(folder: Path, file: str, name: str, version: str, *, given: bool, bare: bool = False) -> list[Place]:
    """Return the places in a file; if ``bare``, all that spells the version, whatever is around it."""
    path = folder / file
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
        return []
    content = path.read_bytes()
    if b"\0" in content:
        return []
    text = content.decode("latin-1")  # a character is a byte
    if not given and is_generated(text):
        return []
    context = Context(file, text, name, crate=_crate(path), given=given)
    if bare:
        return [_place(context, content, [spot], SURE, MAYBE) for spot in _bare(context, version)]
    places = [_place(context, content, spots, *rated) for spots, rated in _rated(context, version) if rated[0]]
    # In a file of code that the user named, what is only likely is not the version if something else surely is.
    if given and (context.is_prose or all(place.kind == MAYBE for place in places)):
        places = [_place(context, content, each.spots, max(each.score, SURE), COPY) for each in places]
        spots = _bare(context, version)
        if not places and len(spots) == 1 and not context.is_other(spots[0].start):
            places = [_place(context, content, spots, SURE, COPY)]
    return places


def _crate(path: Path) -> str:
    """Return the name of the crate whose lock file this is."""
    manifest = path.with_name("Cargo.toml")
    if path.name != "Cargo.lock" or not manifest.is_file():
        return ""
    name = _CRATE.search(manifest.read_text("utf-8", "replace"))
    return name[1] if name else ""


def _place(context: Context, content: bytes, spots: Sequence[Spot], score: int, kind: str) -> Place:
    start = spots[0].start
    begin = content.rfind(b"\n", 0, start) + 1
    line = content[begin:].splitlines()[0].decode("utf-8", "replace").strip("\ufeff \t")
    return Place(context.file, content.count(b"\n", 0, start) + 1, start - begin, line, score, kind, tuple(spots))


def _spot(context: Context, start: int, end: int, form: str = "text") -> Spot:
    if form == "text" and context.is_semver:
        form = "semver"
    return Spot(start, end, context.text[start:end], form)


def _bare(context: Context, version: str) -> list[Spot]:
    """Return all that spells the version in a file."""
    tuples = spelling.found_tuples(context.text, version) if context.is_python else []
    texts = [_spot(context, *span) for span in spelling.found(context.text, version)]
    return texts + [_spot(context, *span, "tuple") for span in tuples]


def _rated(context: Context, version: str) -> Iterator[tuple[list[Spot], tuple[int, str]]]:
    """Yield what spells the version in a file, with its score and kind."""
    for start, end in spelling.found(context.text, version):
        rated, line = context.rate(start, end), context.line(start)
        spots = [_spot(context, start, end)]
        if context.name == "citation.cff" and rated[1] == COPY and (day := _RELEASED.search(context.text)):
            spots.append(_spot(context, *day.span(1), "date"))
        short = _SHORT.search(context.text) if context.name == "conf.py" and line.startswith("release") else None
        if short and spots[0].text.startswith(f"{short[1]}."):
            spots.append(_spot(context, *short.span(1), "short"))
        yield spots, rated
    for start, end in spelling.found_tuples(context.text, version) if context.is_python else ():
        yield [_spot(context, start, end, "tuple")], context.rate_tuple(start)
    for prefix, spots in _parts(context, version).items():
        if {spot.index for spot in spots} == {0, 1, 2}:
            yield spots, context.rate_parts(spots[0].start, prefix)


def _parts(context: Context, version: str) -> dict[str, list[Spot]]:
    """Return the numbers of the version that are named MAJOR, MINOR, and PATCH or MICRO, by the prefix of the names."""
    groups: dict[str, list[Spot]] = {}
    release = [*(Version(version).release if is_version(version) else ()), 0, 0]
    for match in _PART.finditer(context.text):
        index = {"major": 0, "minor": 1}.get(match[1].lower(), 2)
        if int(match[2]) == release[index] and not context.is_other(match.start()):
            prefix = re.split(r"\W", context.line(match.start()))[-1]
            groups.setdefault(prefix, []).append(Spot(*match.span(2), match[2], "number", index))
    return groups
