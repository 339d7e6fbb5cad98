"""What a user can ask for, a file each; :mod:`~release_recipes.commands.checkout` is what they all work on."""
