"""Rehearse a release of a small project in a terminal, and draw it: ``nox -s picture`` writes docs/rehearsal.svg."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.text import Text

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "tests"))

from support.index import PypiServer  # noqa: E402 - found by the line above
from support.macaroon import pypi_token  # noqa: E402 - likewise
from support.repository import Repository, make_project  # noqa: E402 - likewise

COMMAND = ("release-recipes", "rehearse", "--part", "minor")
COLUMNS, ROWS = 92, 80
ADDRESS = "https://github.com/you/greetings"

_TEST = """\
import unittest

import demo


class GreetTest(unittest.TestCase):
    def test_greets_by_name(self):
        self.assertEqual(demo.greet("Ada"), "Hello, Ada!")
"""

_CHANGELOG = """\
# Changelog

## [Unreleased]

### Added

- Greetings can be warm.

## [1.2.3] - 2026-01-02

- The first greeting.
"""

#: What a program tells a terminal, apart from text: the ends of lines, and movements that are not colours.
_CONTROL = re.compile(r"(\r|\n|\x1b\[[0-?]*[@-ln-~])")


def project(folder: Path) -> Repository:
    """Make a project whose remote has an address on GitHub, and its settings, without what the machine decides."""
    files = {"CHANGELOG.md": _CHANGELOG, "tests/test_demo.py": _TEST, "README.md": "# greetings\n\nGreet people.\n"}
    made = make_project(folder / "greetings", kind="hatchling", name="greetings", files=files)
    text = (
        (made.path / "pyproject.toml").read_text("utf-8").partition('\n[[tool.bumpversion.files]]\nfilename = "README')
    )
    made.write("pyproject.toml", f'{text[0]}\n[tool.release]\nskip_checks = ["github"]\n')
    made.commit("feat: warm greetings")
    made.git("config", f"url.{made.remote}.insteadOf", ADDRESS)
    made.git("remote", "set-url", "origin", ADDRESS)
    made.git("push", "--quiet", "origin", "main")
    return made


def recorded(folder: Path, variables: Mapping[str, str]) -> str:
    """Run the command in a terminal of its own, and return what it wrote.

    Raises:
        SystemExit: It failed.
    """
    child, terminal = pty.fork()
    if not child:
        os.chdir(folder)
        os.execvpe(COMMAND[0], COMMAND, {**os.environ, **variables})  # noqa: S606 - as a shell would start it
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    written = b""
    while chunk := _read(terminal):
        written += chunk
    if code := os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        sys.exit(f"{' '.join(COMMAND)} failed ({code}):\n{written.decode()}")
    return written.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that the program has ended
        return b""


def shown(written: str) -> str:
    """Return the lines that stay on the screen, with their colours."""
    lines, row = [""], 0
    for piece in _CONTROL.split(written):
        if piece == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif piece.endswith("A") and piece.startswith("\x1b"):
            row -= int(piece[2:-1] or 1)
        elif piece.endswith("K") and piece.startswith("\x1b"):
            lines[row] = ""
        elif not _CONTROL.fullmatch(piece):
            lines[row] += piece
    return "\n".join(lines).rstrip()


def main() -> None:
    """Draw the picture."""
    for name in ("GH_TOKEN", "GITHUB_TOKEN"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        (folder / "gitconfig").write_text("[user]\nname = You\nemail = you@example.org\n", encoding="utf-8")
        os.environ |= {"HOME": home, "GIT_CONFIG_GLOBAL": f"{home}/gitconfig", "GH_CONFIG_DIR": f"{home}/gh"}
        made, index = project(folder), folder / "index"
        # The version that is on the index.
        build = [sys.executable, "-m", "build", "--installer", "uv", "--outdir", str(index), str(made.path)]
        subprocess.run(build, check=True, capture_output=True)  # noqa: S603 - nothing in it comes from elsewhere
        with PypiServer(index) as server:
            token = pypi_token([1, ["greetings"]])
            variables = {"PYPI_INDEX_URL": server.index_url, "PYPI_API_TOKEN": token, "TERM": "xterm-256color"}
            lines = shown(recorded(made.path, variables))
    picture = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    picture.print(Text.assemble(("$ ", "dim"), (" ".join(COMMAND), "bold")))
    picture.print(Text.from_ansi(lines), soft_wrap=True)
    picture.save_svg(str(DOCS / "rehearsal.svg"), title="A rehearsal", unique_id="rehearsal")


if __name__ == "__main__":
    main()
