"""Tokens in PyPI's form, made here: nobody signed them, and no index takes them."""

import base64
import json
from typing import Any

__all__ = ["pypi_token"]


def pypi_token(*restrictions: Any, location: str = "pypi.org") -> str:  # noqa: ANN401 - JSON
    """Return a token with restrictions, as the macaroon format of libmacaroons (version 2, binary) writes it."""
    end = b"\0"
    header = _field(1, location.encode()) + _field(2, b"0d4b3a0e-made-here") + end
    caveats = b"".join(_field(2, json.dumps(restriction).encode()) + end for restriction in restrictions)
    raw = b"\2" + header + caveats + end + _field(6, bytes(32))
    return "pypi-" + base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _field(kind: int, data: bytes) -> bytes:
    length, size = b"", len(data)
    while size > 0x7F:
        length += bytes([size & 0x7F | 0x80])
        size >>= 7
    return bytes([kind]) + length + bytes([size]) + data
