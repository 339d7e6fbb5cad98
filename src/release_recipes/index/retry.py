"""Trying again: stamina, with each failed attempt told as an event and with a server's ``Retry-After``."""

from __future__ import annotations

import email.utils
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import stamina
import stamina.instrumentation

from release_recipes import events
from release_recipes.secrets.mask import MASK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stamina.instrumentation import RetryDetails


def _tell(details: RetryDetails) -> None:
    """Tell what failed, and when it is tried again (stamina's own hooks log the arguments of what is tried again)."""
    why = MASK(str(details.caused_by)).rstrip(".")
    events.emit(events.Output("retry", f"{why}; again in {details.wait_for:.1f} s"))


stamina.instrumentation.set_on_retry_hooks([_tell])


def attempts(
    passing: Callable[[Exception], bool | float], *, most: int, patience: float, first_wait: float, longest_wait: float
) -> Iterator[stamina.Attempt]:
    """Yield attempts, each to be used as a context, until one succeeds.

    The pauses double from ``first_wait`` to ``longest_wait`` seconds, with jitter.

    Args:
        passing: Told of each failure: ``False`` ends it (the failure is raised), a number of seconds overrides the
            pause; one that would outlast the patience ends it, too: a server that wants an hour does not get a knock
            a minute.
        most: How many attempts there are at the most.
        patience: Seconds in all after which none begins.
        first_wait: Seconds.
        longest_wait: Seconds.
    """
    end = time.monotonic() + patience

    def goes_on(failure: Exception) -> bool | float:
        wait = passing(failure)
        return wait if isinstance(wait, bool) or time.monotonic() + wait < end else False

    return stamina.retry_context(
        on=goes_on,
        attempts=most,
        timeout=patience,
        wait_initial=first_wait,
        wait_max=longest_wait,
        wait_jitter=first_wait,
    ).__iter__()


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
