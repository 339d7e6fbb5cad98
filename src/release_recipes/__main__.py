"""``release-recipes``: the same tasks as a program of its own, for projects that have no ``tasks.py``."""

import sys


def main() -> None:
    """Run the program; Ctrl-C ends it without a traceback, also while it is still being imported."""
    try:
        from invoke.program import Program

        from release_recipes import __version__
        from release_recipes.tasks import ns

        Program(name="release-recipes", binary="release-recipes", namespace=ns, version=__version__).run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
