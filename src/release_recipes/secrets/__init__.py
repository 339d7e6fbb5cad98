"""Credentials: held so that they do not show."""
