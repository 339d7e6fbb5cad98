"""Run jobs in parallel, in threads that never keep a stopped process alive."""

import threading
from collections.abc import Callable, Iterable


def in_parallel(jobs: Iterable[Callable[[], object]]) -> list[BaseException]:
    """Run each job in a thread of its own; once all are over, return what they raised, in the order of the jobs.

    The threads are daemons: Ctrl-C leaves here at once, and a socket that waits for an answer holds nobody back.
    """
    raised: dict[int, BaseException] = {}

    def run(number: int, job: Callable[[], object]) -> None:
        try:
            job()
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            raised[number] = error

    threads = [threading.Thread(target=run, args=numbered, daemon=True) for numbered in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [raised[number] for number in sorted(raised)]
