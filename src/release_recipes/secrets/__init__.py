"""Credentials: held so that they do not show, and masked wherever text leaves."""
