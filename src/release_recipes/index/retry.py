"""Trying again, and for how long: stamina, with each failed attempt told as an event and a server's ``Retry-After``."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from release_recipes import events
from release_recipes.secrets.mask import MASK

if TYPE_CHECKING:
    import stamina
    from stamina.instrumentation import RetryDetails


@dataclass(frozen=True)
class Retries:
    """How often something is tried, and for how long; whichever ends first."""

    attempts: int
    #: Seconds in all, after which no attempt begins.
    seconds: float
    #: Seconds before the second attempt, doubled for each further one, and the longest; plus a jitter.
    first_wait: float
    longest_wait: float


@dataclass(frozen=True)
class Patience:
    """How long the world is waited for, all in seconds; who tests has less of it."""

    #: A question to the index, and one answer of its.
    question: Retries = Retries(4, 30.0, 0.25, 4.0)
    answer: float = 20.0
    #: One file's upload; and to connect, and between two bytes of the answer (PyPI may think about a large file).
    upload: Retries = Retries(6, 600.0, 0.5, 30.0)
    upload_answer: tuple[float, float] = (15.0, 120.0)
    #: The GitHub release as a whole.
    github: Retries = Retries(4, 120.0, 1.0, 20.0)
    #: Before each question, where one answer of the index is not believed: its page may be half updated.
    doubt: tuple[float, ...] = (0.0, 1.0, 2.0)
    #: The same where the index says that it has a file, which its pages may list a minute later.
    late: tuple[float, ...] = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
    #: Until an index that does not serve what it took is left to ``resume``; and the longest pause between questions.
    served: float = 300.0
    pause: float = 10.0
    #: After so long it is told what is waited for.
    silence: float = 5.0


#: That of a release.
PATIENCE = Patience()


def attempts(retries: Retries, transient: Callable[[Exception], bool | float]) -> Iterator[stamina.Attempt]:
    """Yield attempts, each to be used as a context, until one succeeds.

    Args:
        retries: How many there are, and their pauses.
        transient: Told of each failure: ``False`` ends it (the failure is raised), a number of seconds overrides the
            pause; one that would go past the end of the time ends it, too: a server that wants an hour is not asked
            every minute.
    """
    import stamina
    import stamina.instrumentation

    end = time.monotonic() + retries.seconds

    def goes_on(failure: Exception) -> bool | float:
        wait = transient(failure)
        return wait if isinstance(wait, bool) or time.monotonic() + wait < end else False

    stamina.instrumentation.set_on_retry_hooks([_tell])
    return stamina.retry_context(
        on=goes_on, attempts=retries.attempts, timeout=retries.seconds,
        wait_initial=retries.first_wait, wait_max=retries.longest_wait, wait_jitter=retries.first_wait,
    ).__iter__()  # fmt: skip


def _tell(details: RetryDetails) -> None:
    """Tell what failed, and when it is tried again (stamina's own hooks log the arguments of what is tried again)."""
    why = MASK(str(details.caused_by)).rstrip(".")
    events.emit(events.Output("retry", f"{why}; again in {details.wait_for:.1f} s"))


def seconds_of(retry_after: str | None) -> float | None:
    """Return the seconds that a ``Retry-After`` asks for, in either form of :rfc:`9110` 10.2.3; ``None`` for none."""
    try:
        return max(float(retry_after or "nothing"), 0.0)
    except ValueError:
        pass
    try:
        return max((email.utils.parsedate_to_datetime(retry_after or "") - datetime.now(UTC)).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return None
