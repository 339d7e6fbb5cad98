"""Trying again: stamina, with each failed attempt told as an event and with a server's ``Retry-After``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import stamina
import stamina.instrumentation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: stamina's own hooks log the arguments of what is tried again; callers tell what failed, in words.
stamina.instrumentation.set_on_retry_hooks([])


def attempts(
    passing: Callable[[Exception], bool | float], *, most: int, patience: float, first_wait: float, longest_wait: float
) -> Iterator[stamina.Attempt]:
    """Yield attempts, each to be used as a context, until one succeeds.

    The pauses double from ``first_wait`` to ``longest_wait`` seconds, with jitter.

    Args:
        passing: Told of each failure: ``False`` ends it (the failure is raised), a number of seconds overrides the pause.
        most: How many attempts there are at the most.
        patience: Seconds in all after which none begins.
        first_wait: Seconds.
        longest_wait: Seconds.
    """
    return stamina.retry_context(
        on=passing,
        attempts=most,
        timeout=patience,
        wait_initial=first_wait,
        wait_max=longest_wait,
        wait_jitter=first_wait,
    ).__iter__()
