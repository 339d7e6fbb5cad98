"""Facts that can be read from a PyPI token: its index, its projects, and when it is valid.

A token is ``pypi-`` and a macaroon (version 2, binary, URL-safe base64): fields of type, length and data, in sections.
Its restrictions are JSON; PyPI's source defines them in ``warehouse/macaroons/caveats``. The signature cannot be
checked here, and unknown restrictions are ignored.
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
    """The facts in a token."""

    #: The host of the index that made it, such as ``test.pypi.org``.
    location: str
    #: The normalised names of its projects; ``None`` if it is not limited to projects.
    projects: frozenset[str] | None = None
    #: When it is valid from, and when it expires, in seconds since 1970; ``None`` if it has no such limit.
    not_before: int | None = None
    expires: int | None = None


def read_token(token: Token) -> TokenFacts | None:
    """Read a token; ``None`` if it is not a token of PyPI.

    Only the facts of :class:`TokenFacts` are returned.
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
    """Yield every JSON value in a token; its restrictions are among them."""
    for found in re.finditer(r"[\[{]", text):
        with contextlib.suppress(ValueError):
            yield json.JSONDecoder().raw_decode(text, found.start())[0]


def _facts(location: str, caveats: Iterator[Any]) -> TokenFacts:
    """Combine the restrictions, in the current format (a list that starts with its kind) and the older ones."""
    projects: frozenset[str] | None = None
    not_before = expires = None
    for caveat in caveats:
        match caveat:
            case [0, int(expires_at), int(begins)] | {"exp": int(expires_at), "nbf": int(begins)}:
                expires, not_before = expires_at, begins
            case [1, list(names)] | {"permissions": {"projects": list(names)}}:
                projects = frozenset(map(str, names))
    return TokenFacts(location, projects, not_before, expires)
