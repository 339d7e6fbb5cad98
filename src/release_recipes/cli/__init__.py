"""What stands around a task."""
