"""The tools that people already trust, one module each, and :mod:`~release_recipes.programs.run`, which starts them."""
