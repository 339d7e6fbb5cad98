"""Release a Python package with one command: check, prepare, publish.

A project adopts the tasks with a ``tasks.py`` of one line::

    from release_recipes import ns

Importing this package imports Invoke and nothing heavier: each ``invoke --list`` of the project pays for it.
"""

from release_recipes.tasks import ns

__all__ = ["__version__", "ns"]

__version__ = "0.1.0"
