"""This project's own tasks: the recipes. ``invoke --list`` shows them."""

from release_recipes import ns

__all__ = ["ns"]
