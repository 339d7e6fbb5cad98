"""The HTTP client for questions and uploads: both use the same proxies, certificates and credentials."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests

#: The hosts of this machine, to which credentials may be sent unencrypted.
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def prepared(session: requests.Session) -> requests.Session:
    """Make a session use ``SSL_CERT_FILE``, as other programs do, besides the variables of requests."""
    if not (os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")):
        session.verify = os.environ.get("SSL_CERT_FILE") or True
    return session


def in_netrc(url: str) -> bool:
    """Return whether ``~/.netrc`` has a name and a password for the host of an address."""
    from requests.utils import get_netrc_auth

    return get_netrc_auth(url) is not None


def why(error: BaseException) -> str:
    """Return the innermost reason of a failed request."""
    import requests

    *_, innermost = _chain(error)
    said = str(innermost) or type(innermost).__name__
    return f"the proxy says: {said}" if isinstance(error, requests.exceptions.ProxyError) else said


def never_sent(error: BaseException) -> bool:
    """Return whether no byte of a request can have been sent, because there was no connection."""
    import requests
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    never = (NewConnectionError, ConnectTimeoutError, requests.exceptions.ProxyError)
    return is_permanent(error) or any(isinstance(cause, never) for cause in _chain(error))


def is_permanent(error: BaseException) -> bool:
    """Return whether a retry cannot help: the certificate is not trusted, or the address is not valid."""
    from requests.exceptions import InvalidHeader, InvalidSchema, InvalidURL, MissingSchema
    from urllib3.exceptions import LocationParseError

    permanent = (ssl.SSLCertVerificationError, InvalidHeader, InvalidSchema, InvalidURL, MissingSchema)
    kinds = (*permanent, LocationParseError, UnicodeError)
    return any(isinstance(cause, kinds) for cause in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what led to it, down to the innermost."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
