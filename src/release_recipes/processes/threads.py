"""Work side by side, in threads that never keep a stopped process alive."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def side_by_side(works: Iterable[Callable[[], object]]) -> list[BaseException]:
    """Do every work in a thread of its own; once all are over, return what they raised, in the order of the works.

    The threads are daemons: Ctrl-C leaves here at once, and a socket that waits for an answer holds nobody back.
    """
    raised: dict[int, BaseException] = {}

    def do(number: int, work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            raised[number] = error

    threads = [threading.Thread(target=do, args=numbered, daemon=True) for numbered in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [raised[number] for number in sorted(raised)]
