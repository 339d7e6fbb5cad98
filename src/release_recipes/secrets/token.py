"""Credentials: held so that they do not show, and kept out of other processes.

This module never sends a credential anywhere; ``index/twine`` and ``index/client`` do, to the upload's host.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import NoReturn

from release_recipes.secrets.mask import MASK, STARS

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
    """A credential that shows as stars, wherever it is: in a container, a format, a log, a traceback with locals."""

    # The value is in a closure: tools that list the attributes of an object find a function.
    __slots__ = ("_reveal", "origin")

    def __init__(self, value: str, origin: str = "") -> None:
        """Hold the value, and have it masked from now on."""
        self._reveal: Callable[[], str] = lambda: value
        #: Where it came from, such as ``.env PYPI_API_TOKEN``; for the user to read.
        self.origin = origin
        MASK.add(value)

    def __repr__(self) -> str:
        """Show stars."""
        return STARS

    def __format__(self, spec: str) -> str:
        """Show stars, as wide as they are to be."""
        return format(STARS, spec)

    def __copy__(self) -> Token:
        """Return itself: two of them would be one more place to look for."""
        return self

    def __deepcopy__(self, _memo: object) -> Token:
        """Return itself, also for ``dataclasses.asdict``."""
        return self

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        """Refuse to be pickled.

        Raises:
            TypeError: Always.
        """
        message = "A token is not written anywhere, so it cannot be pickled."
        raise TypeError(message)

    def reveal(self) -> str:
        """Return the value: for the one place that sends it."""
        return self._reveal()


def is_credential(name: str) -> bool:
    """Return whether an environment variable of that name holds a credential of a release."""
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


def ask_keyring(service: str, username: str) -> Token | None:
    """Return what the system's keyring has for an upload address and a user, as twine would ask; it may ask a person.

    A machine without a keyring, or with one that is locked or broken, has no token there: that is no error.
    """
    try:
        import keyring

        value = keyring.get_password(service, username)
    except Exception:  # noqa: BLE001 - a back end is somebody's plug-in and raises what it likes
        return None
    return Token(value, "keyring") if value else None
