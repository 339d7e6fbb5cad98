"""A package index: asked, and uploaded to."""
