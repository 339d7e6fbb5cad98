"""Wheels and sdists: their contents, and inspections of them. Nothing here knows an act."""
