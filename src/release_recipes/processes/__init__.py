"""Processes: how one is started, read and ended."""
