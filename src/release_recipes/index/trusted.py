"""Trusted Publishing: a job in CI shows an index who it is, and gets a token that is valid for some minutes.

The exchange is the one that PyPI documents (https://docs.pypi.org/trusted-publishers/internals/), as twine makes it.
An identity token is a credential for everyone who accepts its audience, so it is sent only to the index whose audience
that is, and never to the target of a redirect.
"""

from __future__ import annotations

import contextlib
import http
import json
import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin, urlsplit

from release_recipes import events
from release_recipes.errors import NoToken
from release_recipes.index.http import LOOPBACK, is_permanent, prepared, why
from release_recipes.index.publisher import Publisher, current_publisher, how_to_register, publisher_of
from release_recipes.index.retry import Patience, retried
from release_recipes.secrets.token import Token
from release_recipes.settings import PYPI, TEST_PYPI, Target

if TYPE_CHECKING:
    import requests

T = TypeVar("T")

#: The audiences of PyPI and TestPyPI, by upload address.
AUDIENCES = {PYPI.upload_address: "pypi", TEST_PYPI.upload_address: "testpypi"}

#: Audiences that do not name their host. To Sigstore, whoever has such a token is our job.
_OF_OTHERS = frozenset({"pypi", "testpypi", "sigstore"})

#: The variables of the CI services that ``id`` knows.
_CI = ("GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI", "GOOGLE_SERVICE_ACCOUNT_NAME")

#: Seconds that a minted token is valid if the index does not say it; and how long before its end it is renewed.
_LIFETIME, _EARLY = 900.0, 300.0

#: The number of characters of an index's answer that are shown.
_LONGEST = 300

_INSTEAD = "To use a token instead, set PYPI_TRUSTED_PUBLISHING=never and PYPI_API_TOKEN (PYPI_TEST_TOKEN for --test)."


def applies(target: Target) -> bool:
    """Return whether ``auto`` uses Trusted Publishing for an index: PyPI or TestPyPI, in CI that gives identities."""
    ours = target.upload_address in AUDIENCES and target.username == Target.username
    return ours and any(map(os.environ.get, _CI))


def identity(audience: str) -> Token | None:
    """Return the identity token of this job for an audience; ``None`` outside of CI.

    Raises:
        id.AmbientCredentialError: The CI gives none.
    """
    from id import detect_credential

    value = detect_credential(audience)
    return Token(value, "CI") if value else None


class TrustedToken(Token):
    """A token that is minted when it is first revealed, and again some minutes before it expires."""

    def __init__(self, target: Target, project: str, patience: Patience, *, attests: bool = False) -> None:
        """Ask nobody yet.

        Args:
            target: The index.
            project: The project's name, for the user.
            patience: Timeouts and retries.
            attests: Whether files that are uploaded with it get attestations.
        """
        super().__init__("", "Trusted Publishing")
        self._reveal = self._valid
        self._target, self._project, self._patience = target, project, patience
        self._host = urlsplit(target.upload_address).netloc
        self._lock = threading.Lock()
        self._minted: tuple[Token, float] | None = None
        #: The job; ``None`` before it was asked for its identity, and in the CI of a forge that is not known.
        self.publisher: Publisher | None = None
        self.attests = attests

    def prove(self, *, mint: bool) -> None:
        """Check that there is a token; without ``mint``, only that the job has an identity for the index.

        A job of GitLab has one identity, which is accepted once, so it is kept for the upload.

        Raises:
            NoToken: There is none.
        """
        if mint and not os.environ.get("GITLAB_CI"):
            self.reveal()
        else:
            self._patiently(self._identify)

    def _valid(self) -> str:
        with self._lock:
            if self._minted is None or time.time() > self._minted[1] - _EARLY:
                try:
                    self._minted = self._patiently(self._mint)
                except NoToken:
                    if self._minted is None or time.time() > self._minted[1]:
                        raise
            return self._minted[0].reveal()

    def _patiently(self, act: Callable[[], T]) -> T:
        """Try something again as long as a server fails."""
        return retried(self._patience.question, lambda error: isinstance(error, NoToken) and error.transient, act)

    def _mint(self) -> tuple[Token, float]:
        """Return a new token, and when it expires, in seconds since 1970.

        Raises:
            NoToken: There is none.
        """
        # With a new identity token each time, since PyPI accepts one only once.
        said = self._ask("mint-token", {"token": self._identify().reveal()})
        token, expires = said.get("token"), said.get("expires")
        if not token or not isinstance(token, str):
            raise self._none(f"{self._host} answered without one", "Run the same command again later.")
        return Token(token, self.origin), float(expires) if isinstance(expires, int) else time.time() + _LIFETIME

    def _identify(self) -> Token:
        """Return a new identity token for the index.

        Raises:
            NoToken: There is none, or the index wants one that is not for itself.
        """
        from id import AmbientCredentialError, decode_oidc_token

        parts = urlsplit(self._target.upload_address)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise self._none("Trusted Publishing needs an address with https://", _INSTEAD)
        audience = str(self._ask("audience").get("audience") or "")
        if not self._is_its_own(audience):
            asks = f"{self._host} asks for an identity token with the audience {audience!r}, which is not its own"
            raise self._none(f"{asks}; none was sent", f"Check the upload address. {_INSTEAD}")
        try:
            found = identity(audience)
        except AmbientCredentialError as error:
            transient = any(words in str(error) for words in ("code=5", "timed out"))
            said = f"the CI gave no identity token ({error})"
            raise self._none(said, _permit(audience), transient=transient) from None
        if found is None:
            raise self._none("Trusted Publishing works in CI only, and no CI service was recognised", _INSTEAD)
        self.publisher = publisher_of(json.loads(decode_oidc_token(found.reveal())[1]))
        return found

    def _is_its_own(self, audience: str) -> bool:
        """Return whether an audience is that of the index: the known one, its host, or a word that is of no other."""
        if known := AUDIENCES.get(self._target.upload_address):
            return audience == known
        if {".", ":", "/"} & set(audience):  # it names a host
            with contextlib.suppress(ValueError):
                named = urlsplit(audience if "//" in audience else f"//{audience}")
                return named.hostname == urlsplit(self._target.upload_address).hostname
            return False
        return audience.strip().lower() not in {"", *_OF_OTHERS}

    def _ask(self, question: str, body: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Ask the index, with a body by POST.

        Raises:
            NoToken: It refuses, or does not answer.
        """
        import requests

        address, method = urljoin(self._target.upload_address, f"/_/oidc/{question}"), "POST" if body else "GET"
        try:
            with (
                events.effect(f"{method} {address}"),
                prepared(requests.Session()) as session,
                session.request(
                    method, address, json=body, headers={"User-Agent": "release-recipes"},
                    timeout=self._patience.answer, allow_redirects=False,
                ) as answer,
            ):  # fmt: skip
                said = _object(answer)
        except (requests.RequestException, OSError) as error:
            hint = "Check the address and the status of the index."
            raise self._none(f"{address}: {why(error)}", hint, transient=not is_permanent(error)) from None
        if answer.status_code == http.HTTPStatus.OK:
            return said
        status = f"{answer.status_code} {answer.reason}".strip()
        if answer.status_code >= http.HTTPStatus.INTERNAL_SERVER_ERROR or answer.status_code in {408, 429}:
            raise self._none(f"{address}: {status}", "Run the same command again later.", transient=True)
        if not body:
            words = said.get("message", status)
            raise self._none(f"{self._host} has no Trusted Publishing ({words})", _INSTEAD)
        raise self._refused(said, status)

    def _refused(self, said: Mapping[str, Any], status: str) -> NoToken:
        """Return the error for an identity that the index does not accept, with its words."""
        errors = said.get("errors")
        listed = [each for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []
        told = {str(each.get("code")): str(each.get("description")) for each in listed}
        words = "; ".join(f"{code}: {text}" for code, text in told.items()) or str(said.get("message") or status)
        words = " ".join(words.split())[:_LONGEST]
        hint = how_to_register(self._target, self._project, self.publisher or current_publisher())
        if {"invalid-token", "invalid-reuse-token"} & set(told):
            hint = "An identity token is valid for some minutes, and accepted once. Run the job again."
        return self._none(f"{self._host} refuses the identity of this job ({words.rstrip('.')})", hint)

    def _none(self, why: str, hint: str, *, transient: bool = False) -> NoToken:
        return NoToken(self._target.upload_address, hint, why, transient=transient)


def _object(answer: requests.Response) -> dict[str, Any]:
    """Return the JSON object of an answer; empty if it is not one."""
    with contextlib.suppress(ValueError):
        said = answer.json()
        return said if isinstance(said, dict) else {}
    return {}


def _permit(audience: str) -> str:
    """Return how a job is allowed to have an identity."""
    job = current_publisher()
    if job and job.forge == "GitHub":
        return f"Add to the job: permissions: id-token: write. {_INSTEAD}"
    if job and job.forge == "GitLab":
        variable = re.sub(r"\W", "_", f"{audience}_ID_TOKEN").upper()
        return f"Add to the job: id_tokens: {variable}: aud: {audience}. {_INSTEAD}"
    return _INSTEAD
