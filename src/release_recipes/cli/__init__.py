"""What surrounds a task: signals, the exit code, the console, the JSON document, the history."""
