"""What can be read in a PyPI token without asking anybody: which index it is for, its projects, its time.

A token is ``pypi-`` and a macaroon (version 2, binary, URL-safe base64): fields of type, length and data, in sections.
Its restrictions are JSON; their forms stand in PyPI's source, ``warehouse/macaroons/caveats``. The signature cannot be
checked here, and a restriction of a kind that is not known is left out.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from release_recipes.secrets.token import Token

PREFIX = "pypi-"

_LOCATION, _IDENTIFIER = 1, 2
_VERSION = 2


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
    if not text.startswith(PREFIX):
        return None
    packed = text.removeprefix(PREFIX)
    try:
        raw = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        if not raw or raw[0] != _VERSION:
            return None
        fields = list(_fields(raw[1:]))
        location = next(data for kind, data in fields if kind == _LOCATION).decode()
        # The first identifier is the token's own; each further one is a restriction.
        caveats = [json.loads(data) for kind, data in fields if kind == _IDENTIFIER and data[:1] in {b"[", b"{"}]
    except (binascii.Error, ValueError, IndexError, StopIteration):
        return None
    return _facts(location, caveats)


def _fields(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the type and data of each field; an end of section has neither length nor data."""
    position = 0
    while position < len(raw):
        kind, position = _number(raw, position)
        if kind == 0:
            continue
        length, position = _number(raw, position)
        if position + length > len(raw):
            raise ValueError(length)
        yield kind, raw[position : position + length]
        position += length


def _number(raw: bytes, position: int) -> tuple[int, int]:
    """Read a number of seven bits a byte, the lowest first; return it and where the next thing begins."""
    value = shift = 0
    while True:
        byte = raw[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if not byte & 0x80:
            return value, position


def _facts(location: str, caveats: list[Any]) -> TokenFacts:
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
