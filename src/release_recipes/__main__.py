"""``release-recipes``: the same tasks as a program of its own, for projects that have no ``tasks.py``."""

import os
import signal
import sys


def main() -> None:
    """Run the program; Ctrl-C ends it without a traceback, also while it is still being imported."""
    listens = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    try:
        if listens:
            # Nothing has begun. An exception could be raised in the middle of a class, which makes another one of it.
            signal.signal(signal.SIGINT, lambda _number, _frame: os._exit(130))
        from release_recipes import __version__
        from release_recipes.tasks import program

        if listens:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        program(__version__).run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
