"""build: builds an sdist, and from it a wheel, each in an isolated environment made by uv."""

import sys

#: Run in the project's folder; it writes to ``dist/``.
COMMAND = (sys.executable, "-P", "-m", "build", "--installer", "uv", "--outdir", "dist")
