"""Processes: starting, reading and ending them. Nothing outside of this package starts a process."""
