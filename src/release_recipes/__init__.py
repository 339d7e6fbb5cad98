"""Release a Python package with one command: check, prepare, publish.

A project adopts the tasks with a ``tasks.py`` of one line: ``from release_recipes import ns``.
"""

from importlib import import_module

__all__ = ["__version__", "ns"]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Import the tasks when they are asked for: Ctrl-C while that goes on ends the program without a traceback."""
    if name != "ns":
        raise AttributeError(name)
    return import_module("release_recipes.tasks").ns
