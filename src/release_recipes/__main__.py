"""``release-recipes``: the same tasks as a program of its own, for projects that have no ``tasks.py``."""

from invoke.program import Program

from release_recipes import __version__, ns


def main() -> None:
    """Run the program."""
    Program(name="release-recipes", binary="release-recipes", namespace=ns, version=__version__).run()


if __name__ == "__main__":
    main()
