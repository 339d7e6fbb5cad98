"""All that survives a process."""
