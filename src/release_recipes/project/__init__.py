"""A Python project: its name, its version, and where that stands."""
