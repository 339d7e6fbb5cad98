"""Run jobs in parallel, in daemon threads."""

import threading
from collections.abc import Callable, Iterable


def in_parallel(jobs: Iterable[Callable[[], object]]) -> list[BaseException]:
    """Run each job in its own thread; when all have ended, return their exceptions, in the order of the jobs.

    The threads are daemons, so Ctrl-C does not wait for them.
    """
    raised: dict[int, BaseException] = {}

    def run(number: int, job: Callable[[], object]) -> None:
        try:
            job()
        except BaseException as error:  # noqa: BLE001 - returned to the caller
            raised[number] = error

    threads = [threading.Thread(target=run, args=numbered, daemon=True) for numbered in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [raised[number] for number in sorted(raised)]
