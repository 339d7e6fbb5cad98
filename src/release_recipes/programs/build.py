"""build: makes an sdist, and from it a wheel, each in an isolated environment that uv makes."""

import sys

#: Run in the project's folder; what lies in ``dist/`` afterwards was built.
COMMAND = (sys.executable, "-m", "build", "--installer", "uv", "--outdir", "dist")
