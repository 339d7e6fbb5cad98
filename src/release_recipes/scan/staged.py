"""Credentials in the lines that the next commit would add."""

from __future__ import annotations

import codecs
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from release_recipes.scan.text import Finding, scan_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from release_recipes.programs.git import Git

_HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def scan_staged(git: Git) -> list[Finding]:
    """Look into the lines that the next commit would add."""
    # One line of context: an allowing comment may stand in the line above.
    plain = ("--no-ext-diff", "--no-textconv", "--no-color", "--text", "--no-renames", "--unified=1")
    prefixes = ("--src-prefix=a/", "--dst-prefix=b/", "--inter-hunk-context=0", "--diff-filter=d", "--submodule=short")
    with tempfile.TemporaryDirectory(prefix="release-recipes-") as folder:
        # Into a file: what a process of ours prints is masked, and then nothing would be found.
        patch = Path(folder, "staged.diff")
        git.ask("-c", "core.quotePath=true", "diff", "--cached", *plain, *prefixes, f"--output={patch}")
        hunks = list(_hunks(patch.read_bytes()))
    return [finding for hunk in hunks for finding in hunk.findings()]


@dataclass(frozen=True)
class _Hunk:
    """A piece of a staged file."""

    path: str
    #: The number of its first line.
    first: int
    lines: list[bytes]
    #: The numbers of the lines that are new.
    added: set[int]

    def findings(self) -> Iterator[Finding]:
        """Yield what stands in the lines that are new."""
        for finding in scan_bytes(self.path, b"\n".join(self.lines)):
            number = self.first + finding.line - 1
            if number in self.added:
                yield Finding(self.path, number, finding.kind)


def _hunks(patch: bytes) -> Iterator[_Hunk]:
    """Yield the hunks of a patch; lines are counted, since what they hold may look like a header."""
    name = ""
    lines = iter(patch.split(b"\n"))
    for line in lines:
        if line.startswith(b"+++ "):
            name = _unquoted(line[4:].rstrip(b"\t")).removeprefix("b/")
        elif header := _HUNK.match(line):
            yield _hunk(name, lines, int(header[1] or 1), int(header[2]), int(header[3] or 1))


def _hunk(name: str, lines: Iterator[bytes], old: int, first: int, new: int) -> _Hunk:
    """Take a hunk's lines off a patch."""
    hunk = _Hunk(name, first, [], set())
    while old > 0 or new > 0:
        line = next(lines)
        if line[:1] in {b"+", b" "}:
            if line[:1] == b"+":
                hunk.added.add(first + len(hunk.lines))
            hunk.lines.append(line[1:])
            new -= 1
        old -= line[:1] in {b"-", b" "}
    return hunk


def _unquoted(name: bytes) -> str:
    """Return a path as it is: git writes unusual ones as a C string."""
    if name.startswith(b'"'):
        name = codecs.escape_decode(name[1:-1])[0]
    return name.decode("utf-8", "replace")
