"""twine: checks a distribution's description, and uploads one file in one attempt.

It is used as a library: one process for many files, and the token is in no process's environment or command line.
Retrying is not its work here (it retries at once, on 5xx only, and has no time-out): see ``publish/upload``.
"""

from __future__ import annotations

import contextlib
import html
import io
import logging
import os
import re
import ssl
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from release_recipes import events
from release_recipes.index.retry import seconds_of
from release_recipes.secrets.mask import MASK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import requests
    from twine.repository import Repository

    from release_recipes.secrets.token import Token

#: Seconds to connect, and between two bytes of an answer; PyPI may think for a while about a large file.
TIMEOUTS = (15.0, 120.0)

_ready: list[threading.Thread] = []

#: How much of an index's words is told.
LONGEST_WORDS = 300


@dataclass(frozen=True)
class Answer:
    """What an index said to one upload."""

    status: int
    reason: str
    #: Seconds that it asks to wait for (``Retry-After``).
    retry_after: float | None = None
    #: Where it sends whoever uploads here; empty where that is no redirect.
    location: str = ""

    @property
    def stored(self) -> bool:
        """Whether it took the file."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the classes of RFC 9110

    @property
    def is_server_error(self) -> bool:
        """Whether it broke down: it may have stored the file all the same."""
        return self.status >= 500  # noqa: PLR2004

    @property
    def can_pass(self) -> bool:
        """Whether another attempt may go better."""
        return self.is_server_error or self.status in {408, 429}

    @property
    def is_duplicate(self) -> bool:
        """Whether it says that it has, or had, a file of that name."""
        return self.status in {400, 409} and bool(_DUPLICATE.search(self.reason))


#: The words of PyPI, pypiserver, devpi, Artifactory and Nexus for a name that is taken.
_DUPLICATE = re.compile(r"already (?:exist|been used|in use)|does not allow updating|cannot be updated", re.IGNORECASE)


class NoResponse(Exception):
    """An attempt ended without an answer.

    ``sent`` says whether the index may have stored the file all the same: only a connection that was never made proves
    that it has not.
    """

    def __init__(self, why: str, *, sent: bool) -> None:
        """Keep why, masked."""
        super().__init__(MASK(why))
        self.sent = sent


class AnotherFile(Exception):
    """A file on disk is not the one that was hashed."""


def get_ready() -> None:
    """Import twine in the background: 0.3 s that pass while the project builds. Who uses it waits for that."""
    _ready.append(threading.Thread(target=_import, daemon=True))
    _ready[-1].start()


def _import() -> None:
    import twine.commands.check
    import twine.commands.upload  # noqa: F401


def _wait() -> None:
    """Wait for what is being imported: half a module is worse than none."""
    for thread in _ready:
        thread.join()


def check_descriptions(files: Sequence[Path]) -> tuple[list[str], list[str]]:
    """Run ``twine check``; its errors, and what its strict mode adds."""
    _wait()
    from twine.commands import check
    from twine.exceptions import TwineException

    errors: list[str] = []
    warnings: list[str] = []
    for file in files:
        with _captured() as said:
            try:
                check.check([str(file)])
            except TwineException as error:
                said.append((logging.ERROR, MASK(str(error))))
        for level, message in said:
            kept = errors if level >= logging.ERROR else warnings
            kept.append(f"{file.name}: {message.splitlines()[0].replace('`', '').rstrip('.')}.")
    return errors, warnings


@contextlib.contextmanager
def _captured() -> Iterator[list[tuple[int, str]]]:
    """Collect what twine logs; what it prints goes nowhere."""
    said: list[tuple[int, str]] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append((record.levelno, MASK(record.getMessage())))

    logger, handler = logging.getLogger("twine"), Collect()
    propagates, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield said
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagates


@contextlib.contextmanager
def uploading(address: str, username: str, token: Token) -> Iterator[Repository]:
    """Open a connection to an index's upload address; one a thread.

    twine announces each file, but standard output belongs to the console (and to ``--json``): the whole of an upload
    runs inside :func:`silenced`.
    """
    _wait()
    from requests.adapters import HTTPAdapter
    from twine.settings import Settings

    class Patient(HTTPAdapter):
        """twine's session has no time-out at all; ours has."""

        def send(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as requests declares it
            kwargs["timeout"] = TIMEOUTS
            return super().send(*args, **kwargs)

    settings = Settings(
        repository_url=address, username=username, password=token.reveal(),
        non_interactive=True, disable_progress_bar=True, config_file=os.devnull,
    )  # fmt: skip
    repository = settings.create_repository()
    for scheme in ("http://", "https://"):
        repository.session.mount(scheme, Patient(max_retries=0))
    try:
        yield repository
    finally:
        repository.close()


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Keep twine from announcing files, for the whole process."""
    _wait()
    from twine import repository

    announce, repository.print = repository.print, lambda *_: None  # type: ignore[attr-defined]
    try:
        yield
    finally:
        repository.print = announce  # type: ignore[attr-defined]


def upload(repository: Repository, file: Path, sha256: str) -> Answer:
    """Send one file, once.

    Raises:
        NoResponse: The attempt ended without an answer.
        AnotherFile: It has not that hash any more; it was not sent.
    """
    import requests
    from twine.package import PackageFile

    package = PackageFile.from_filename(str(file), None)
    if package.sha2_digest != sha256:
        raise AnotherFile(file)
    with events.effect(f"POST {repository.url} {file.name}"):
        try:
            # One attempt: twine's own loop would try again at once, whatever happened to the first.
            answer = repository.upload(package, max_redirects=1)
        except requests.exceptions.RequestException as error:
            raise NoResponse(_why(error), sent=not _never_connected(error)) from None
        answer.close()
    wait = seconds_of(answer.headers.get("Retry-After"))
    return Answer(answer.status_code, _words(answer), wait, answer.headers.get("Location", ""))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and what caused it, to the innermost."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _why(error: Exception) -> str:
    """Return the innermost reason, without the objects that requests wraps it in."""
    *_, innermost = _chain(error)
    return str(innermost) or type(innermost).__name__


def _never_connected(error: Exception) -> bool:
    """Say whether no byte of the file can have left: refused, an unknown host, a certificate that is not trusted."""
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    never = (NewConnectionError, ConnectTimeoutError, ssl.SSLCertVerificationError)
    return any(isinstance(cause, never) for cause in _chain(error))


def _words(answer: requests.Response) -> str:
    """Return why an index said no: PyPI tells it in the reason, others in the first line of the body."""
    reason = (answer.reason or "").strip()
    said = _first_line(MASK(answer.text)).removeprefix(str(answer.status_code)).strip()
    words = reason if not said or said in reason else said if reason in said else f"{reason}: {said}"
    return MASK(words)[:LONGEST_WORDS]  # in this order: what is left of a cut secret is not masked


def _first_line(text: str) -> str:
    """Return the first line of an answer that says something; PyPI and proxies answer in HTML, too."""
    plain = html.unescape(re.sub(r"(?s)<(style|script|head)\b.*?</\1>|<[^>]*>", "\n", text))
    return next((line.strip() for line in plain.splitlines() if line.strip()), "")
