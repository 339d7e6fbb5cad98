"""The sessions that a project without a noxfile gets, for ``nox -f``."""

from release_recipes.sessions import register

register()
