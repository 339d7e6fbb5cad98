"""Credentials: held so that they do not show, masked wherever text leaves, and kept out of other processes.

This module never sends a credential anywhere; the only place that reveals one is ``programs/index``.
"""

from __future__ import annotations

import base64
import os
import re
import threading
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: What stands where a credential stood.
STARS = "**********"

#: Shorter values would mask ordinary words; no index or forge issues tokens that short.
SHORTEST_SECRET = 8

_PUBLISHING = re.compile(
    r"""
      TWINE_.* | UV_PUBLISH_.* | FLIT_(?:USERNAME|PASSWORD) | HATCH_INDEX_(?:USER|AUTH) | PDM_PUBLISH_.*
    | POETRY_PYPI_TOKEN_.* | POETRY_HTTP_BASIC_.* | MATURIN_(?:PYPI_TOKEN|PASSWORD|USERNAME)
    | (?:.*_)?(?:TEST_?)?PYPI_(?:.*_)?(?:TOKEN|PASSWORD|PASS|SECRET|KEY)
    | ACTIONS_ID_TOKEN_.* | ACTIONS_RUNTIME_TOKEN | .*_ID_TOKEN
    | DEVPI_PASSWORD | NETRC
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SECRET = re.compile(r".*(?:TOKEN|PASS|AUTH|SECRET|KEY|PAT)(?:_.*|WORD|PHRASE)?", re.IGNORECASE)
_FORGE = re.compile(
    r"(?:GH|GITHUB)_(?:ENTERPRISE_)?(?:TOKEN|PAT)|GITLAB_(?:TOKEN|PRIVATE_TOKEN)|GITEA_TOKEN|CI_JOB_TOKEN|CI_DEPLOY_.*",
    re.IGNORECASE,
)


class Token:
    """A credential that shows as stars."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Hold the value, and have it masked from now on."""
        self._value = value
        MASK.add(value)

    def __repr__(self) -> str:
        """Show stars."""
        return STARS

    def reveal(self) -> str:
        """Return the value: for the one place that sends it."""
        return self._value


class Mask:
    """Every value that must not be seen, and the text without them."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._held: set[str] = set()
        self._spellings: set[str] = set()
        self._forms: re.Pattern[str] | None = None
        self._lock = threading.Lock()

    def add(self, *values: str, users: Iterable[str] = ("__token__",)) -> None:
        """Mask these values from now on, also as base64, URL-quoted, and in a basic authorization header.

        ``users`` are the user names with which a header could be made.
        """
        with self._lock:
            new = {value for value in values if len(value) >= SHORTEST_SECRET} - self._held
            if new:
                self._held |= new
                self._spellings.update(*(_forms(value, users) for value in new))
                longest_first = sorted(self._spellings, key=len, reverse=True)
                self._forms = re.compile("|".join(map(re.escape, longest_first)))

    def __call__(self, text: str) -> str:
        """Return ``text`` with stars in place of every value."""
        return self._forms.sub(STARS, text) if self._forms else text

    def holds(self, text: str) -> bool:
        """Say whether a value stands in ``text``."""
        return bool(self._forms and self._forms.search(text))


def _forms(value: str, users: Iterable[str]) -> set[str]:
    """Return the spellings in which a secret turns up."""
    raw = value.encode()
    forms = {value, quote(value, safe=""), quote_plus(value), repr(value)[1:-1]}
    for prefix in ("", *(f"{user}:" for user in users)):
        encoded = base64.b64encode(prefix.encode() + raw).decode()
        forms |= {encoded, encoded.rstrip("="), base64.urlsafe_b64encode(prefix.encode() + raw).decode().rstrip("=")}
    for offset in range(3):  # inside other base64, the value starts at one of three places of a group of four
        shifted = base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")
        forms.add(shifted[offset + (offset > 0) : -1])  # the first and last digits depend on the neighbours
    return {form for form in forms if len(form) >= SHORTEST_SECRET}


#: The one mask: what is printed, logged, recorded or raised goes through it.
MASK = Mask()


def is_credential(name: str) -> bool:
    """Say whether an environment variable of that name holds a credential of a release."""
    return bool(_PUBLISHING.fullmatch(name) or _FORGE.fullmatch(name))


def hold_environment(environment: Mapping[str, str]) -> None:
    """Mask every secret among the credentials that the environment holds (a user name or an address is none)."""
    MASK.add(*(value for name, value in environment.items() if is_credential(name) and _SECRET.fullmatch(name)))


def without_credentials(environment: Mapping[str, str], *, forge: bool = False) -> dict[str, str]:
    """Return the environment for another process.

    Taken out are the names of credentials and every variable in which a value that we hold stands. With ``forge``
    the forge's own stay (``GH_TOKEN`` and its like): git's credential helpers and ``gh`` need them to do their work.
    Certificates, proxies and where packages come from stay: real tests and builds need them.
    """
    return {
        name: value
        for name, value in environment.items()
        if (forge and _FORGE.fullmatch(name)) or not (is_credential(name) or MASK.holds(value))
    }


def read_environment() -> dict[str, str]:
    """Return this process's environment, with its credentials masked from now on."""
    environment = dict(os.environ)
    hold_environment(environment)
    return environment
