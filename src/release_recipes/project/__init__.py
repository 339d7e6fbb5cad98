"""A Python project: its name, its version, and its version files."""
