"""Everything that survives a process: the state folder with its lock and records, and the message of the tag."""
