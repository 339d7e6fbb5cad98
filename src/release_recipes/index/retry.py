"""Retries by stamina, with an event for each failed attempt, and the server's ``Retry-After``."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from release_recipes import events
from release_recipes.secrets.mask import MASK

if TYPE_CHECKING:
    from stamina.instrumentation import RetryDetails

T = TypeVar("T")


@dataclass(frozen=True)
class Retries:
    """The number of attempts and their time; the first limit that is reached ends them."""

    attempts: int
    #: Seconds for all attempts; after that, none begins.
    seconds: float
    #: Seconds before the second attempt, which double for each further one, and their maximum; plus a jitter.
    first_wait: float
    longest_wait: float


@dataclass(frozen=True)
class Patience:
    """Timeouts and retries, in seconds; tests use shorter ones."""

    #: A question to the index; and the timeout of an answer.
    question: Retries = Retries(4, 30.0, 0.25, 4.0)
    answer: float = 20.0
    #: The upload of a file; and its timeouts: to connect, and between two bytes of the answer (slow for large files).
    upload: Retries = Retries(6, 600.0, 0.5, 30.0)
    upload_answer: tuple[float, float] = (15.0, 120.0)
    #: The GitHub release as a whole.
    github: Retries = Retries(4, 120.0, 1.0, 20.0)
    #: Pauses before each question, if an answer may be wrong: an index page may be partly updated.
    doubt: tuple[float, ...] = (0.0, 1.0, 2.0)
    #: The same if the index says that it has a file, which its pages may list a minute later.
    late: tuple[float, ...] = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
    #: After this time, it is seen again that the claim is there before anything is uploaded.
    claim: float = 10.0
    #: How long to wait until the index serves the uploaded files; and the longest pause between questions.
    served: float = 300.0
    pause: float = 10.0
    #: How long CI is watched, how long it may take until its run appears, and the first and the longest pause.
    watch: float = 3600.0
    appears: float = 300.0
    watch_pauses: tuple[float, float] = (2.0, 20.0)
    #: How long all notifications are waited for.
    notification: float = 10.0
    #: After this time, the user is told what is waited for.
    silence: float = 5.0


#: The timeouts of a release.
PATIENCE = Patience()


def retried(retries: Retries, transient: Callable[[Exception], bool | float], work: Callable[[], T]) -> T:
    """Do something until it succeeds, and return its result; the failure of the last attempt is raised.

    Args:
        retries: The number of attempts, and their pauses.
        transient: Called with each failure. ``False`` ends the attempts; a number of seconds replaces the pause. A
            pause that exceeds the time for all attempts ends them, too.
        work: What is done.
    """
    import stamina
    import stamina.instrumentation

    end = time.monotonic() + retries.seconds

    def goes_on(failure: Exception) -> bool | float:
        wait = transient(failure)
        return wait if isinstance(wait, bool) or time.monotonic() + wait < end else False

    stamina.instrumentation.set_on_retry_hooks([_tell])
    caller = stamina.RetryingCaller(
        attempts=retries.attempts, timeout=retries.seconds,
        wait_initial=retries.first_wait, wait_max=retries.longest_wait, wait_jitter=retries.first_wait,
    )  # fmt: skip
    return caller(goes_on, work)


def _tell(details: RetryDetails) -> None:
    """Emit what failed, and when it is tried again (stamina's own hooks would log the arguments of the call)."""
    why = MASK(str(details.caused_by)).rstrip(".")
    events.emit(events.Output("retry", f"{why}; trying again in {details.wait_for:.1f} s"))


def seconds_of(retry_after: str | None) -> float | None:
    """Return the seconds of a ``Retry-After``, in either format of :rfc:`9110` 10.2.3; ``None`` for none."""
    try:
        return max(float(retry_after or "nothing"), 0.0)
    except ValueError:
        pass
    try:
        return max((email.utils.parsedate_to_datetime(retry_after or "") - datetime.now(UTC)).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return None
