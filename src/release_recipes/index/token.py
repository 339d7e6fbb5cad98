"""What can be read in a PyPI token without asking anybody: which index it is for, its projects, its time.

A token is ``pypi-`` and a macaroon (version 2, binary, URL-safe base64): fields of type, length and data, in sections.
Its restrictions are JSON; their forms stand in PyPI's source, ``warehouse/macaroons/caveats``. The signature cannot be
checked here, and a restriction of a kind that is not known is left out.
"""

import base64
import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from release_recipes.secrets.token import Token

PREFIX = "pypi-"

#: The version of the format, then the location: its type, its length and as many bytes.
_LOCATION = re.compile(rb"\x02\x01(.)(.*)", re.DOTALL)


@dataclass(frozen=True)
class TokenFacts:
    """What a token says of itself."""

    #: The host of the index that made it, such as ``test.pypi.org``.
    location: str
    #: The normalised names of the projects that it is for; ``None`` where it does not name any.
    projects: frozenset[str] | None = None
    #: When it begins and ceases to count, in seconds since 1970; ``None`` where it does not say.
    not_before: int | None = None
    expires: int | None = None


def read_token(token: Token) -> TokenFacts | None:
    """Read a token; ``None`` where it is not one of PyPI's.

    Nothing of its text leaves here but what :class:`TokenFacts` names.
    """
    text = token.reveal()
    packed = text.removeprefix(PREFIX)
    try:
        raw = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        found = _LOCATION.match(raw)
        if not (text.startswith(PREFIX) and found and len(found[2]) > found[1][0]):
            return None
        location = found[2][: found[1][0]].decode()
    except ValueError:
        return None
    return _facts(location, _caveats(raw.decode("latin-1")))


def _caveats(text: str) -> Iterator[Any]:
    """Yield every JSON value in a token: its restrictions, among what is none."""
    for found in re.finditer(r"[\[{]", text):
        with contextlib.suppress(ValueError):
            yield json.JSONDecoder().raw_decode(text, found.start())[0]


def _facts(location: str, caveats: Iterator[Any]) -> TokenFacts:
    """Put the restrictions together, in their present form (a list that begins with its kind) and the earlier ones."""
    projects: frozenset[str] | None = None
    not_before = expires = None
    for caveat in caveats:
        match caveat:
            case [0, int(expires_at), int(begins)] | {"exp": int(expires_at), "nbf": int(begins)}:
                expires, not_before = expires_at, begins
            case [1, list(names)] | {"permissions": {"projects": list(names)}}:
                projects = frozenset(map(str, names))
    return TokenFacts(location, projects, not_before, expires)
