"""One client for questions and uploads, so that both see the same proxies, certificates and credentials."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests


def prepared(session: requests.Session) -> requests.Session:
    """Have a session trust what is set for other programs: ``SSL_CERT_FILE``, besides requests' own variables."""
    if not (os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")):
        session.verify = os.environ.get("SSL_CERT_FILE") or True
    return session


def why(error: BaseException) -> str:
    """Return the innermost reason of a failed request, without the objects that libraries wrap it in."""
    import requests

    *_, innermost = _chain(error)
    said = str(innermost) or type(innermost).__name__
    return f"the proxy says: {said}" if isinstance(error, requests.exceptions.ProxyError) else said


def never_sent(error: BaseException) -> bool:
    """Return whether no byte of a request can have left: there was no connection, or nowhere to go."""
    import requests
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    never = (NewConnectionError, ConnectTimeoutError, requests.exceptions.ProxyError)
    return is_permanent(error) or any(isinstance(cause, never) for cause in _chain(error))


def is_permanent(error: BaseException) -> bool:
    """Return whether asking again cannot help: a certificate that is not trusted, an address that is none."""
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
