"""twine: checks the description of a distribution, and uploads a file in a single attempt.

It is used as a library: one process uploads all files, and the token is not in an environment or a command line.
Its own retries are not used (without a pause, on 5xx only, without a timeout): see ``publish/upload``.
"""

from __future__ import annotations

import contextlib
import html
import io
import json
import logging
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from release_recipes import events
from release_recipes.index.http import is_permanent, never_sent, prepared, why
from release_recipes.index.retry import seconds_of
from release_recipes.secrets.mask import MASK
from release_recipes.secrets.token import Token
from release_recipes.settings import Target

if TYPE_CHECKING:
    import requests
    from twine.repository import Repository

#: The number of characters of an index's answer that are shown.
LONGEST_WORDS = 300


@dataclass(frozen=True)
class Answer:
    """The answer of an index to an upload."""

    status: int
    reason: str
    #: Seconds to wait (``Retry-After``).
    retry_after: float | None = None
    #: The target of a redirect; empty if it is not a redirect.
    location: str = ""

    @property
    def stored(self) -> bool:
        """Whether the index stored the file."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the classes of RFC 9110

    @property
    def is_server_error(self) -> bool:
        """Whether the index failed; it may have stored the file anyway."""
        return self.status >= 500  # noqa: PLR2004

    @property
    def is_transient(self) -> bool:
        """Whether another attempt may succeed."""
        return self.is_server_error or self.status in {408, 429}

    @property
    def is_duplicate(self) -> bool:
        """Whether the index has, or had, a file of that name."""
        return self.status in {400, 409} and bool(_DUPLICATE.search(self.reason))


#: The messages of PyPI, pypiserver, devpi, Artifactory and Nexus for a name that is taken.
_DUPLICATE = re.compile(r"already (?:exist|been used|in use)|does not allow updating|cannot be updated", re.IGNORECASE)


class NoResponse(Exception):
    """An attempt ended without an answer."""

    def __init__(self, why: str, *, sent: bool, permanent: bool) -> None:
        """Keep the reason, masked.

        Args:
            why: The innermost reason.
            sent: Whether the index may have stored the file: it has not only if there was no connection.
            permanent: Whether another attempt cannot help.
        """
        super().__init__(MASK(why))
        self.sent, self.permanent = sent, permanent


class AnotherFile(Exception):
    """A file on disk differs from the file that was hashed."""


def check_descriptions(files: Sequence[Path]) -> tuple[list[str], list[str]]:
    """Run ``twine check``, and return its errors and its warnings."""
    from twine.commands import check
    from twine.exceptions import TwineException

    errors: list[str] = []
    warnings: list[str] = []
    for file in files:
        with _captured() as said, contextlib.redirect_stdout(io.StringIO()):
            try:
                check.check([str(file)])
            except TwineException as error:
                said.append((logging.ERROR, MASK(str(error))))
        for level, message in said:
            kept = errors if level >= logging.ERROR else warnings
            what, *why = filter(None, (line.strip() for line in message.splitlines()))
            kept.append(f"{file.name}: {': '.join([what.replace('`', '').rstrip('.'), *why[:1]]).rstrip('.')}.")
    return errors, warnings


@contextlib.contextmanager
def _captured() -> Iterator[list[tuple[int, str]]]:
    """Collect the log messages of twine."""
    said: list[tuple[int, str]] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append((record.levelno, MASK(record.getMessage())))

    logger, handler = logging.getLogger("twine"), Collect()
    propagates, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield said
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagates


@contextlib.contextmanager
def uploading(target: Target, token: Token, timeouts: tuple[float, float]) -> Iterator[Repository]:
    """Open a connection to the upload address of an index, one for each thread.

    twine prints the name of each file, but standard output is for the console (and for ``--json``), so all uploads
    run inside :func:`silenced`.

    Args:
        target: The index.
        token: Its token.
        timeouts: Seconds to connect, and between two bytes of an answer; twine's own session has no timeouts.
    """
    from requests.adapters import HTTPAdapter
    from requests.auth import HTTPBasicAuth
    from twine.settings import Settings

    class Patient(HTTPAdapter):
        def send(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as requests declares it
            kwargs["timeout"] = timeouts
            return super().send(*args, **kwargs)

    settings = Settings(
        repository_url=target.upload_address, username=target.username, password=token.reveal(),
        non_interactive=True, disable_progress_bar=True, config_file=os.devnull,
    )  # fmt: skip
    repository = settings.create_repository()
    prepared(repository.session)
    for scheme in ("http://", "https://"):
        repository.session.mount(scheme, Patient(max_retries=0))

    def authorise(request: requests.PreparedRequest) -> requests.PreparedRequest:
        # For each request anew, because a token of Trusted Publishing is valid for some minutes only.
        return HTTPBasicAuth(target.username, token.reveal())(request)

    repository.session.auth = authorise
    try:
        yield repository
    finally:
        repository.close()


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Suppress the output of twine for the whole process."""
    from twine import repository

    announce, repository.print = repository.print, lambda *_: None  # type: ignore[attr-defined]
    try:
        with _captured():
            yield
    finally:
        repository.print = announce  # type: ignore[attr-defined]


def upload(repository: Repository, file: Path, sha256: str, attestation: str = "") -> Answer:
    """Send one file, once.

    Args:
        repository: The connection.
        file: The file.
        sha256: Its hash.
        attestation: Its attestation, in JSON; empty if it has none.

    Raises:
        NoResponse: The attempt ended without an answer.
        AnotherFile: Its hash has changed; it was not sent.
    """
    import requests
    from twine.package import PackageFile
    from urllib3.exceptions import LocationParseError

    package = PackageFile.from_filename(str(file), None)
    if package.sha2_digest != sha256:
        raise AnotherFile(file)
    if attestation:
        package.attestations = [json.loads(attestation)]
    with events.effect(f"POST {repository.url} {file.name}"):
        try:
            # One attempt: twine's own loop would try again immediately.
            answer = repository.upload(package, max_redirects=1)
        except (requests.exceptions.RequestException, LocationParseError, UnicodeError) as error:
            raise NoResponse(why(error), sent=not never_sent(error), permanent=is_permanent(error)) from None
        answer.close()
    wait = seconds_of(answer.headers.get("Retry-After"))
    return Answer(answer.status_code, _words(answer), wait, answer.headers.get("Location", ""))


def _words(answer: requests.Response) -> str:
    """Return why an index refused a file: PyPI says it in the reason, others in the first line of the body."""
    reason = (answer.reason or "").strip()
    said = _first_line(MASK(answer.text)).removeprefix(str(answer.status_code)).strip()
    words = reason if not said or said in reason else said if reason in said else f"{reason}: {said}"
    return MASK(words)[:LONGEST_WORDS]  # in this order: a part of a secret would not be masked


def _first_line(text: str) -> str:
    """Return the first line of text in an answer, which may be HTML."""
    plain = html.unescape(re.sub(r"(?s)<(style|script|head)\b.*?</\1>|<[^>]*>", "\n", text))
    return next((line.strip() for line in plain.splitlines() if line.strip()), "")
