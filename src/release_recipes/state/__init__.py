"""All that survives a process: the state folder with lock and records, and what the tag's message says."""
