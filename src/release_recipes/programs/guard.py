"""The guard: a small process of ours that outlives us when we are killed, and sees to what we had started.

Tests, builds and hooks of a release that is gone would run on for nobody, in a folder that the next run removes: they
are ended. A push or a change to the user's repository runs to its end, and until then the next run must not start over
it: the guard holds a lock on the state folder, which it has from us. This module starts nothing itself
(``programs/run`` does).
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: What the guard runs. It reads "+ GROUP end", "+ GROUP wait" and "- GROUP"; the end of its input is our death or end.
#: Ten minutes are the longest that it waits for a push.
CODE = """
import os, signal, subprocess, sys, time
groups = {}
for line in sys.stdin:
    sign, group, *what = line.split()
    groups.pop(int(group), None)
    if sign == "+":
        groups[int(group)] = what[0]
def lives(group):
    try:
        os.killpg(group, 0)
    except OSError:
        return False
    return True
ended = [group for group, what in groups.items() if what == "end"]
if os.name == "nt":
    for group in ended:
        subprocess.call(["taskkill", "/T", "/F", "/PID", str(group)])
    sys.exit()
for number in (signal.SIGTERM, signal.SIGKILL):
    for group in ended:
        try:
            os.killpg(group, number)
        except OSError:
            pass
    end = time.monotonic() + 3
    while any(map(lives, ended)) and time.monotonic() < end:
        time.sleep(0.02)
end = time.monotonic() + 600
while any(map(lives, groups)) and time.monotonic() < end:
    time.sleep(0.02)
"""


#: Seconds for which the next run waits for what a killed one had started.
PATIENCE = 20.0


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
            time.sleep(0.02)
        except OSError:
            return False
        else:
            return True
