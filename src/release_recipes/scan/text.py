"""Scan a text for credentials: by their format, or because a release on this machine would use them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from release_recipes.scan.patterns import CREDENTIAL_FILE, PATTERNS
from release_recipes.secrets.mask import MASK

#: A comment that allows a credential on its line and on the line below.
ALLOWED = re.compile(rb"release-recipes: ?allow-secret|gitleaks:allow|pragma: allowlist (?:nextline )?secret")

#: Files for credentials, and the pattern of a line with a value.
_FILES = {
    ".env": rb"(?m)^\s*(?:export\s+)?\w+\s*=\s*[\"']?[^\s\"'#]",
    ".pypirc": rb"(?m)^\s*password\s*[:=]\s*\S",
    ".netrc": rb"\bpassword\s+\S",
    "_netrc": rb"\bpassword\s+\S",
    ".git-credentials": rb"(?m)^\w+://[^/\s]*@",
}

#: The minimum of different characters in a credential: ``ghp_xxxx…`` is an example.
_DIFFERENT = 9

#: The minimum length of a value of this machine that is searched; a shorter one may be a word.
_SHORTEST_HELD = 16


@dataclass(frozen=True, order=True)
class Place:
    """The place of a credential."""

    #: The path as it was given; a member of an archive follows after ``!``.
    path: str
    #: Starts at 1.
    line: int
    kind: str

    def __str__(self) -> str:
        """Return the line for the user."""
        return f"{self.path}:{self.line}: {self.kind}"


def scan_bytes(name: str, data: bytes) -> list[Place]:
    """Scan the content of a file; its name may have its own pattern."""
    return sorted({Place(name, data.count(b"\n", 0, at) + 1, kind) for at, kind in _places(name, data)})


def _places(name: str, data: bytes) -> Iterator[tuple[int, str]]:
    """Yield the position and the kind of each credential."""
    found = [
        (match.start(), pattern.kind)
        for pattern in PATTERNS
        if any(mark in data for mark in pattern.marks)
        for match in pattern.pattern.finditer(data)
        if len(set(match[0])) >= _DIFFERENT
    ]
    own = _FILES.get(PurePosixPath(name.rpartition("!")[2]).name)
    if own and (match := re.search(own, data)):
        found.append((match.end() - 1, CREDENTIAL_FILE))
    if not found and (at := _held(data)) is not None:
        found.append((at, "a credential that is in use on this machine"))
    yield from (place for place in found if not _is_allowed(data, place[0]))


def _held(data: bytes) -> int | None:
    """Return the position of a value that we hold; ``None`` if there is none."""
    text = data.decode("utf-8", "replace")
    start = next((span[0] for span in MASK.spans(text) if span[1] - span[0] >= _SHORTEST_HELD), None)
    return None if start is None else len(text[:start].encode())


def _is_allowed(data: bytes, start: int) -> bool:
    """Return whether a comment on its line, or on the line above, allows it."""
    line = data.rfind(b"\n", 0, start)
    above = data.rfind(b"\n", 0, max(line, 0)) + 1
    stop = data.find(b"\n", start)
    return ALLOWED.search(data, above, stop if stop >= 0 else len(data)) is not None
