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
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from release_recipes import events
from release_recipes.tokens import MASK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from twine.repository import Repository

    from release_recipes.tokens import Token

#: Seconds to connect, and between two bytes of an answer; PyPI may think for a while about a large file.
TIMEOUTS = (15.0, 120.0)


@dataclass(frozen=True)
class Answer:
    """What an index said to one upload."""

    status: int
    reason: str
    #: ``Retry-After`` in its own words; empty where there was none.
    retry_after: str = ""


class NoResponse(Exception):
    """An attempt ended without an answer.

    ``sent`` says whether the index may have stored the file all the same: only a refused connection proves that it
    has not.
    """

    def __init__(self, why: str, *, sent: bool) -> None:
        """Keep why, masked."""
        super().__init__(MASK(why))
        self.sent = sent


def preload() -> None:
    """Import what an upload needs: 0.3 s that pass while the project builds."""
    import twine.commands.check
    import twine.commands.upload  # noqa: F401


def check_descriptions(files: Sequence[Path]) -> tuple[list[str], list[str]]:
    """Run ``twine check``; its errors, and what its strict mode adds."""
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
            kept.append(f"{file.name}: {message.splitlines()[0].replace('`', '')}")
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

    twine prints while it works. Standard output belongs to the console (and to ``--json``), so the whole of an upload
    runs inside :func:`silenced`.
    """
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
    """Keep what a library prints from standard output, for the whole process."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield


def upload(repository: Repository, file: Path) -> Answer:
    """Send one file, once.

    Raises:
        NoResponse: The attempt ended without an answer.
    """
    import requests
    from twine.package import PackageFile

    package = PackageFile.from_filename(str(file), None)
    with events.effect(f"POST {repository.url} {file.name}"):
        try:
            # One attempt: twine's own loop would try again at once, whatever happened to the first.
            answer = repository.upload(package, max_redirects=1)
        except requests.exceptions.ConnectTimeout as error:
            raise NoResponse(str(error), sent=False) from None
        except requests.exceptions.RequestException as error:
            raise NoResponse(_why(error), sent=not _refused(error)) from None
        answer.close()
    # PyPI says why in the reason, or only in the body.
    words = " ".join(dict.fromkeys([(answer.reason or "").strip(), *_first_line(answer.text)])).strip()
    return Answer(answer.status_code, MASK(words)[:300], answer.headers.get("Retry-After", ""))


def _why(error: Exception) -> str:
    """Return the innermost reason, without the objects that requests wraps it in."""
    cause: BaseException = error
    while (inner := cause.__cause__ or cause.__context__) is not None:
        cause = inner
    return str(cause) or type(cause).__name__


def _refused(error: Exception) -> bool:
    """Say whether no connection was ever made."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ConnectionRefusedError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _first_line(text: str) -> list[str]:
    """Return the first line of an answer that says something; PyPI and proxies answer in HTML, too."""
    plain = html.unescape(re.sub(r"(?s)<(style|script|head)\b.*?</\1>|<[^>]*>", "\n", text))
    return [line.strip() for line in plain.splitlines() if line.strip()][:1]
