"""The tools that a release runs, one module each."""
