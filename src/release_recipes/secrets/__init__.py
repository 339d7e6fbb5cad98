"""Credentials: stored so that they are not shown, and masked in all output."""
