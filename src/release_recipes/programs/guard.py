"""The guard: a small process of ours that outlives us when we are killed, and sees to what we had started.

Tests, builds and hooks of a release that is gone would run on for nobody, in a folder that the next run removes: they
are ended. A push or a change to the user's repository runs to its end, and until then the next run must not start over
it: the guard holds a lock on the state folder, which it has from us.

``programs/process`` starts this very file, which therefore knows the standard library only.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

#: Seconds for which the next run waits for what a killed one had started.
PATIENCE = 20.0

#: Seconds that an ended process group has to go by itself before it is killed.
GRACE = 3.0

#: Seconds after which the guard waits no longer for a push that goes on.
_LONGEST = 600.0

_PAUSE = 0.02


def watch(lines: Iterable[str]) -> None:
    """Read ``+ GROUP end``, ``+ GROUP wait`` and ``- GROUP``; the end of that is our parent's, orderly or not."""
    groups: dict[int, str] = {}
    for line in lines:
        sign, group, *what = line.split()
        groups.pop(int(group), None)
        if sign == "+":
            groups[int(group)] = what[0]
    end([group for group, what in groups.items() if what == "end"])
    if os.name != "nt":
        _gone(groups, _LONGEST)


def end(groups: list[int]) -> None:
    """End process groups: politely, then for certain."""
    if os.name == "nt":
        for group in groups:
            os.spawnvp(os.P_WAIT, "taskkill", ["taskkill", "/T", "/F", "/PID", str(group)])  # noqa: S606
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        for group in groups:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, number)
        if _gone(groups, GRACE):
            return


def lives(group: int) -> bool:
    """Say whether a process of a group is left; one that is dead and that nobody has looked at does not count."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    if not os.path.isdir("/proc/self"):  # noqa: PTH112 - a Path would cost the guard 10 ms
        return True
    for name in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208
        # The first process of a container may look at its dead children late or never.
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
            state, _, its_group = file.read().rpartition(b")")[2].split()[:3]
            if int(its_group) == group and state not in b"ZX":
                return True
    return False


def _gone(groups: Iterable[int], patience: float) -> bool:
    """Wait until groups have ended; say whether they have."""
    deadline = time.monotonic() + patience
    while any(map(lives, groups)):
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE)
    return True


@contextlib.contextmanager
def held(folder: Path, patience: float) -> Iterator[int | None]:
    """Lock a folder, in a way that whoever inherits the descriptor holds it too.

    Args:
        folder: The folder.
        patience: Seconds to wait for somebody who holds it.

    Yields:
        The descriptor; ``None`` where there is no such lock (Windows, and some network file systems).

    Raises:
        BlockingIOError: Somebody still holds it.
    """
    if os.name == "nt":
        yield None
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor if _is_locked(descriptor, time.monotonic() + patience) else None
    finally:
        os.close(descriptor)


def _is_locked(descriptor: int, deadline: float) -> bool:
    """Lock a descriptor; say whether that can be done here at all."""
    import fcntl  # POSIX has it

    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)
        except OSError:
            return False
        else:
            return True


if __name__ == "__main__":
    watch(sys.stdin)
