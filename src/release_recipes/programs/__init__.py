"""The tools that people already trust, one module each, and what starts them."""
