"""What stands around a task: signals and exit code, what is shown, the JSON document, the history."""
