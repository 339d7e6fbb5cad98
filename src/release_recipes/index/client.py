"""A package index: asked by its simple API, which is what an installer sees.

The JSON form (:pep:`691`) is read where it is offered, else the HTML form (:pep:`503`). Uploading is twine's work, in
:mod:`~release_recipes.index.twine`.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin, urlsplit

from packaging.utils import canonicalize_name

from release_recipes import events
from release_recipes.errors import NoIndexAnswer
from release_recipes.index.page import Page, read_page
from release_recipes.index.retry import attempts, seconds_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from release_recipes.index.page import Listed
    from release_recipes.secrets.token import Token

T = TypeVar("T")

#: Seconds for one answer.
TIMEOUT = 20.0

#: Attempts and seconds for one question; whichever ends first.
ATTEMPTS = 4
PATIENCE = 30.0

#: Seconds before the second attempt, doubled for each further one, and the longest; plus a jitter.
FIRST_WAIT = 0.25
LONGEST_WAIT = 4.0

_JSON = "application/vnd.pypi.simple.v1+json"
_ACCEPT = f"{_JSON}, application/vnd.pypi.simple.v1+html;q=0.5, text/html;q=0.2"


@dataclass(frozen=True)
class Index:
    """The simple API of one index."""

    #: The root, with a slash at its end.
    address: str
    #: Credentials for an index that wants some; sent to the host of the upload address only.
    username: str = ""
    token: Token | None = None
    upload_address: str = ""

    def page(self, name: str) -> Page:
        """Ask what there is of a project, by any spelling of its name; a passing fault is asked again.

        Raises:
            NoIndexAnswer: There was no answer, or none that can be read.
        """
        body = self._get(urljoin(self.address, f"{canonicalize_name(name)}/"), read_page)
        return Page(exists=False) if body is None else body

    def sha256(self, file: Listed) -> str:
        """Return a file's hash: as the index offers it, else of what it serves.

        Raises:
            NoIndexAnswer: It offers none, and the file cannot be had.
        """
        if file.sha256:
            return file.sha256
        served = self._get(file.url, lambda answer: hashlib.file_digest(answer, "sha256").hexdigest())
        if served is None:
            message = f"The index lists {file.filename} but does not serve it."
            raise NoIndexAnswer(message, "Ask again later; a cache may be behind.")
        return served

    def fetch(self, file: Listed, most: int) -> bytes | None:
        """Return what a file holds; ``None`` where it has more than ``most`` bytes, or is not served.

        Raises:
            NoIndexAnswer: It cannot be had.
        """
        content = self._get(file.url, lambda answer: bytes(answer.read(most + 1)))
        return content if content is not None and len(content) <= most else None

    def _get(self, url: str, read: Callable[[Any], T]) -> T | None:
        """Return what ``read`` makes of an answer; ``None`` where there is no such page."""
        with events.effect(f"GET {url}"):
            tries = attempts(
                _passing, most=ATTEMPTS, patience=PATIENCE, first_wait=FIRST_WAIT, longest_wait=LONGEST_WAIT
            )
            for attempt in tries:
                with attempt:
                    return self._answer(url, read)
        raise AssertionError(url)  # the loop above returns or raises

    def _answer(self, url: str, read: Callable[[Any], T]) -> T | None:
        for authorised in (False, True):
            try:
                with urllib.request.urlopen(self._request(url, authorised=authorised), timeout=TIMEOUT) as answer:  # noqa: S310
                    return read(answer)
            except urllib.error.HTTPError as error:
                error.close()
                if error.code == http.HTTPStatus.NOT_FOUND:
                    return None
                wants_credentials = error.code in {http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN}
                if wants_credentials and not authorised and self._may_authorise(url):
                    continue
                wait = seconds_of(error.headers.get("Retry-After"))
                raise NoAnswer(url, f"{error.code} {error.reason}", passing=_passes(error.code, wait)) from None
            except (OSError, http.client.HTTPException) as error:
                raise NoAnswer(url, str(getattr(error, "reason", error)), passing=True) from None
            except (ValueError, KeyError, TypeError) as error:
                raise NoAnswer(url, f"an answer that cannot be read ({error})", passing=False) from None
        raise AssertionError(url)  # the second round returns or raises

    def _request(self, url: str, *, authorised: bool) -> urllib.request.Request:
        request = urllib.request.Request(  # noqa: S310 - an address of the settings, or one that the index gave
            url, headers={"Accept": _ACCEPT, "User-Agent": "release-recipes", "Cache-Control": "no-cache"}
        )
        if authorised and self.token:
            pair = f"{self.username}:{self.token.reveal()}".encode()
            # Unredirected: a redirect to another host must not carry it there.
            request.add_unredirected_header("Authorization", f"Basic {base64.b64encode(pair).decode()}")
        return request

    def _may_authorise(self, url: str) -> bool:
        """Say whether our credentials belong to that address: the host that they are uploaded to."""
        ours, theirs = urlsplit(self.upload_address), urlsplit(url)
        return self.token is not None and (ours.scheme, ours.netloc) == (theirs.scheme, theirs.netloc)


class NoAnswer(NoIndexAnswer):
    """One question failed."""

    def __init__(self, url: str, why: str, *, passing: bool | float) -> None:
        """Say which address said what, and whether asking again can help (a number: after so many seconds)."""
        super().__init__(f"The index gave no usable answer at {url}: {why}.", "Check the index's address and state.")
        self.passing = passing


def _passing(error: Exception) -> bool | float:
    return isinstance(error, NoAnswer) and error.passing


def _passes(status: int, wait: float | None) -> bool | float:
    """Say whether an HTTP status can be another one in a moment, or after the seconds that the server asks for."""
    if status != http.HTTPStatus.TOO_MANY_REQUESTS and status < http.HTTPStatus.INTERNAL_SERVER_ERROR:
        return False
    return True if wait is None else wait
