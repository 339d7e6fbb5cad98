"""The client of a package index's simple API, which is what installers use.

It reads JSON (:pep:`691`) if the index offers it, otherwise HTML (:pep:`503`). Uploads are made by
:mod:`~release_recipes.index.twine`.
"""

from __future__ import annotations

import hashlib
import http
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urljoin, urlsplit

from packaging.utils import canonicalize_name

from release_recipes import events
from release_recipes.errors import NoIndexAnswer
from release_recipes.index.http import is_permanent, prepared, why
from release_recipes.index.page import Listed, Page, read_page
from release_recipes.index.retry import PATIENCE, Patience, retried, seconds_of
from release_recipes.secrets.token import Token
from release_recipes.settings import Target

if TYPE_CHECKING:
    import requests

T = TypeVar("T")

_JSON = "application/vnd.pypi.simple.v1+json"
_SIMPLE = f"{_JSON}, application/vnd.pypi.simple.v1+html;q=0.5, text/html;q=0.2"
_INTEGRITY = "application/vnd.pypi.integrity.v1+json"
_HEADERS = {
    "User-Agent": "release-recipes",
    "Cache-Control": "no-cache",
    "Accept-Encoding": "identity",  # a file's hash is of the bytes that are served
}

#: Bytes that are read at a time.
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Index:
    """The simple API of one index."""

    target: Target
    #: For an index that needs credentials; it is sent only to the host of the upload address.
    token: Token | None = None
    patience: Patience = PATIENCE

    def page(self, name: str) -> Page:
        """Return the page of a project, by any spelling of its name; transient faults are retried.

        Raises:
            NoIndexAnswer: There was no answer, or none that can be read.
        """
        page = self._get(self._address(name), read_page)
        return Page(exists=False) if page is None else page

    def refuses_us(self, name: str) -> bool:
        """Return whether the page of a project is refused with our credentials; other faults are not."""
        try:
            self._answer(self._address(name), read_page, _SIMPLE, (True,))
        except NoAnswer as error:
            return error.refused
        return False

    def sha256(self, file: Listed) -> str:
        """Return the hash of a file: from the index page, otherwise of the downloaded file.

        Raises:
            NoIndexAnswer: The page has none, and the file cannot be downloaded.
        """
        served = file.sha256 or self._get(file.url, _sha256)
        if served is None:
            message = f"The index lists {file.filename}, but does not serve it."
            raise NoIndexAnswer(message, "Try again later; a cache may be out of date.")
        return served

    def fetch(self, file: Listed, most: int) -> bytes | None:
        """Return the content of a file; ``None`` if it has more than ``most`` bytes, or is not served.

        Raises:
            NoIndexAnswer: It cannot be downloaded.
        """
        return self._get(file.url, lambda answer: _content(answer, most))

    def save(self, file: Listed, to: Path) -> bool:
        """Download a file; return whether the index serves it. Its content is not compared with anything.

        Raises:
            NoIndexAnswer: It cannot be downloaded.
        """
        return self._get(file.url, lambda answer: _written(answer, to)) is not None

    def provenance(self, project: str, version: str, filename: str) -> bytes | None:
        """Return the attestations of a file (:pep:`740`), in JSON; ``None`` if the index has none.

        Raises:
            NoIndexAnswer: There was no answer.
        """
        path = f"/integrity/{canonicalize_name(project)}/{version}/{filename}/provenance"
        return self._get(urljoin(self.target.index_address, path), lambda answer: answer.content, _INTEGRITY)

    def _address(self, name: str) -> str:
        return urljoin(self.target.index_address, f"{canonicalize_name(name)}/")

    def _get(self, url: str, read: Callable[[requests.Response], T], accept: str = _SIMPLE) -> T | None:
        """Return what ``read`` makes of an answer; ``None`` if there is no such page."""
        with events.effect(f"GET {url}"):
            return retried(self.patience.question, _transient, lambda: self._answer(url, read, accept))

    def _answer(
        self, url: str, read: Callable[[requests.Response], T], accept: str, rounds: Sequence[bool] = (False, True)
    ) -> T | None:
        """Ask without our credentials, and with them where the answer is that they are needed."""
        import requests
        from requests.auth import HTTPBasicAuth

        for authorised in rounds:
            login = None
            if authorised and self.token:
                login = HTTPBasicAuth(self.target.username.encode(), self.token.reveal().encode())
            try:
                with (
                    prepared(requests.Session()) as session,
                    session.get(
                        url, headers={**_HEADERS, "Accept": accept}, auth=login, timeout=self.patience.answer,
                        stream=True,
                    ) as answer,
                ):  # fmt: skip
                    if answer.ok:
                        found = read(answer)
                        return replace(found, is_closed=authorised) if isinstance(found, Page) else found
                    status = answer.status_code
                    wait = seconds_of(answer.headers.get("Retry-After"))
                    reason = f"{status} {answer.reason}"
            except (requests.RequestException, OSError) as error:
                raise NoAnswer(url, why(error), transient=not is_permanent(error)) from None
            except (ValueError, KeyError, TypeError) as error:
                raise NoAnswer(url, f"an answer that cannot be read ({error})", transient=False) from None
            if status == http.HTTPStatus.NOT_FOUND:
                return None
            refused = status in {http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN}
            if refused and not authorised and self.may_authorise(url):
                continue
            hint = "Check the user name, and the password or token, that are set for the index." if refused else ""
            if refused and not authorised:
                hint = "Set the password or the token for the index, or see who may read it."
            raise NoAnswer(url, reason, hint, transient=_passes(status, wait), refused=refused)
        raise AssertionError(url)  # the second round returns or raises

    def may_authorise(self, url: str) -> bool:
        """Return whether our credentials may be sent to an address: only to the host of the upload address."""
        ours, theirs = urlsplit(self.target.upload_address), urlsplit(url)
        return self.token is not None and (ours.scheme, ours.netloc) == (theirs.scheme, theirs.netloc)


class NoAnswer(NoIndexAnswer):
    """A request to the index failed."""

    def __init__(self, url: str, why: str, hint: str = "", *, transient: bool | float, refused: bool = False) -> None:
        """Keep the address, the reason, whether a retry can help (a number: after so many seconds), and a refusal."""
        message = f"The index gave no usable answer at {url}: {why}."
        super().__init__(message, hint or "Check the address and the status of the index.")
        self.transient, self.refused = transient, refused


def _transient(error: Exception) -> bool | float:
    return isinstance(error, NoAnswer) and error.transient


def _passes(status: int, wait: float | None) -> bool | float:
    """Return whether an HTTP status is transient, or the seconds after which the server asks for a retry."""
    if status != http.HTTPStatus.TOO_MANY_REQUESTS and status < http.HTTPStatus.INTERNAL_SERVER_ERROR:
        return False
    return True if wait is None else wait


def _content(answer: requests.Response, most: int) -> bytes | None:
    """Return the body of an answer; ``None`` if it is larger."""
    content = b""
    for chunk in answer.iter_content(_CHUNK):
        content += chunk
        if len(content) > most:
            return None
    return content


def _written(answer: requests.Response, to: Path) -> int:
    """Write the body of an answer to a file, and return its size in bytes."""
    with to.open("wb") as file:
        return sum(file.write(chunk) for chunk in answer.iter_content(_CHUNK))


def _sha256(answer: requests.Response) -> str:
    digest = hashlib.sha256()
    for chunk in answer.iter_content(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
