"""The commands behind the tasks, one file for each; all work on a :mod:`~release_recipes.commands.checkout`."""
