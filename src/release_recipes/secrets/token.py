"""Credentials: stored so that they are not shown, and kept out of other processes.

This module never sends a credential anywhere; ``index/twine`` and ``index/client`` do, to the upload's host.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import sys
from collections.abc import Callable, Mapping
from typing import NoReturn

from release_recipes.secrets.mask import MASK, STARS

_PUBLISHING = re.compile(
    r"""
      TWINE_.* | UV_PUBLISH_.* | FLIT_(?:USERNAME|PASSWORD) | HATCH_INDEX_(?:USER|AUTH) | PDM_PUBLISH_.*
    | POETRY_PYPI_TOKEN_.* | POETRY_HTTP_BASIC_.* | MATURIN_(?:PYPI_TOKEN|PASSWORD|USERNAME)
    | (?:.*_)?(?:PYPI|ARTIFACTORY|NEXUS|CODEARTIFACT|CLOUDSMITH|GEMFURY|DEVPI)_(?:.*_)?
      (?:TOKEN|PASSWORD|PASS|SECRET|KEY|AUTH|CREDENTIALS?)(?:_.*)?
    | ACTIONS_ID_TOKEN_.* | ACTIONS_RUNTIME_TOKEN | .*_ID_TOKEN
    | NETRC | RELEASE_NOTIFY_URLS
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SECRET = re.compile(r"(?!.*_URL$).*(?:TOKEN|PASS|AUTH|SECRET|KEY|PAT|CREDENTIALS?)(?:_.*|WORD|PHRASE)?", re.IGNORECASE)
_FORGE = re.compile(
    r"(?:GH|GITHUB)_(?:ENTERPRISE_|API_)?(?:TOKEN|PAT)|GITLAB_(?:TOKEN|PRIVATE_TOKEN)|GITEA_TOKEN|BITBUCKET_TOKEN"
    r"|CI_JOB_TOKEN|CI_DEPLOY_.*",
    re.IGNORECASE,
)


class Token:
    """A credential that is shown as stars: in a container, a format, a log, or a traceback with locals."""

    # The value is in a closure, so that tools that list attributes find only a function.
    __slots__ = ("_reveal", "origin")

    def __init__(self, value: str, origin: str = "") -> None:
        """Keep the value, and mask it from now on."""
        self._reveal: Callable[[], str] = lambda: value
        #: Its origin for the user, such as ``.env PYPI_API_TOKEN``.
        self.origin = origin
        MASK.add(value)
        _keep_out_of_core_files()

    def __repr__(self) -> str:
        """Show stars."""
        return STARS

    def __format__(self, spec: str) -> str:
        """Show stars, with the requested width."""
        return format(STARS, spec)

    def __copy__(self) -> Token:
        """Return itself, so that there is no second copy."""
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
        """Return the value, for the code that sends it."""
        return self._reveal()


@functools.cache
def _keep_out_of_core_files() -> None:
    """Disable core files of this process and, on Linux, access to its memory and environment by other processes."""
    with contextlib.suppress(ImportError, OSError, ValueError, AttributeError):
        import resource  # only on POSIX

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        if sys.platform == "linux":
            import ctypes

            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


#: prctl(2)
_PR_SET_DUMPABLE = 4


def is_credential(name: str) -> bool:
    """Return whether an environment variable of that name is a credential of a release."""
    return bool(_PUBLISHING.fullmatch(name) or _FORGE.fullmatch(name))


def hold_environment(environment: Mapping[str, str]) -> None:
    """Mask every secret among the credentials in the environment (but not user names and addresses)."""
    MASK.add(*(value for name, value in environment.items() if is_credential(name) and _SECRET.fullmatch(name)))
    MASK.add(*_secrets_of(environment.get("RELEASE_NOTIFY_URLS", "")))


def _secrets_of(addresses: str) -> list[str]:
    """Return the parts of addresses for notifications that may be secrets; a host with a dot is none."""
    found = []
    for address in re.split(r"[\s,]+", addresses):
        rest = address.partition("://")[2]
        found += [address, rest, *(part for part in re.split(r"[/?&=@:]", rest) if "." not in part)]
    return found


def without_credentials(environment: Mapping[str, str], *, forge: bool = False) -> dict[str, str]:
    """Return the environment for another process.

    Variables with the names of credentials are removed, and variables that contain a value that we hold. With
    ``forge``, the credentials of the forge stay (such as ``GH_TOKEN``), for git's credential helpers and ``gh``.
    Settings for certificates, proxies and package indexes stay, because tests and builds need them.
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
    """Return the token in the system's keyring for an upload address and a user, as twine does; it may ask the user.

    If there is no keyring, or if it is locked or broken, there is no token; that is not an error.
    """
    try:
        import keyring

        value = keyring.get_password(service, username)
    except Exception:  # noqa: BLE001 - a backend is a plug-in, and can raise anything
        return None
    return Token(value, "keyring") if value else None
