"""Every command of the documentation runs as it stands there, and shows what the page says.

A page is one session of a shell, in a project with a remote and an index. Lines that begin with `$ ` are typed, and
the others must be shown, where `…` stands for anything. A block that cannot be run here has a comment with the reason
above it; a comment `run:` does what the reader has done elsewhere, and `file:` or `append:` has the block written.
"""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from release_recipes.settings import load, sources
from support.index import PypiServer
from support.projects import TASKS
from support.repository import Repository

TOP = Path(__file__).parents[2]
PAGES = [TOP / "README.md", *sorted((TOP / "docs").rglob("*.md"))]

BLOCK = re.compile(
    r"^(?P<indent> *)(?:<!-- (?P<skipped>not run): (?P<why>.*?) -->\n\s*)?"
    r"(?:<!-- (?P<write>file|append): (?P<file>\S+) -->\n\s*)?```(?P<kind>\w+)\n(?P<text>.*?)^ *```$"
    r"|^<!-- run: (?P<hidden>.*?) -->$|^<!-- project: (?P<project>\w+) -->\n",
    re.MULTILINE | re.DOTALL,
)
"""A block of code, with what is said above it."""

TYPED = frozenset({"console", "sh"})


@dataclass(frozen=True)
class Command:
    """A command, and the lines that it must show."""

    words: str
    shown: tuple[str, ...] = ()


def blocks(page: Path) -> list[re.Match[str]]:
    """Return the blocks of a page."""
    return list(BLOCK.finditer(page.read_text("utf-8")))


def commands(page: Path) -> Iterator[Command]:
    """Yield what is typed on a page."""
    for block in blocks(page):
        if block["hidden"]:
            yield Command(block["hidden"])
        elif block["write"]:
            text = "".join(line.removeprefix(block["indent"]) for line in block["text"].splitlines(keepends=True))
            yield Command(f"cat {'>' if block['write'] == 'file' else '>>'} {block['file']} <<'END'\n{text}END")
        elif block["kind"] == "console" and not block["skipped"]:
            lines = "\n".join(line.removeprefix(block["indent"]) for line in block["text"].splitlines())
            for typed in re.split(r"(?m)^\$ ", lines)[1:]:
                first, *shown = typed.splitlines()
                yield Command(first, tuple(line for line in shown if line.strip()))


def pattern(line: str) -> re.Pattern[str]:
    """Return what a line of a page stands for: other seconds, hashes and ports are as good."""
    text = re.escape(line.strip()).replace("…", ".*")
    text = re.sub(r"\d+\\\.\d\\ s\b", r"[\\d.]+\\ s", text)
    text = re.sub(r"\b[0-9a-f]{12}\b", "[0-9a-f]+", text)
    text = re.sub(r"(\\ )+", r"\\s+", text)
    return re.compile(text)


WITH_COMMANDS = [page for page in PAGES if any(commands(page))]


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.relative_to(TOP).as_posix())
def test_what_is_typed(page: Path, make_repository: Callable[..., Repository], tmp_path: Path) -> None:
    """Each command succeeds, or fails with the error that the page shows, and shows the lines of the page."""
    named = {block["project"] for block in blocks(page)}
    changes = {"pyproject.toml": TAGS} if "tags" in named else {}
    repository = make_repository(noxfile=True, files=OWN | changes)
    folder = repository.path if page.stem != "tutorial" else tmp_path
    shell = ["set -o pipefail"]
    wanted = list(commands(page))
    for number, command in enumerate(wanted):
        shell += [f"echo '== {number}'", f"{{ {command.words}\n}} 2>&1", 'echo "== exit $?"']
    (tmp_path / "test").mkdir()
    with PypiServer(tmp_path / "test") as test:
        done = subprocess.run(
            ["bash", "-c", "\n".join(shell)],
            cwd=folder,
            env=environment(test),
            capture_output=True,
            text=True,
            check=False,
        )
    parts = re.split(r"(?m)^== \d+\n", done.stdout)[1:]
    assert len(parts) == len(wanted), done.stdout + done.stderr
    for command, part in zip(wanted, parts, strict=True):
        said, _, code = part.rpartition("== exit ")
        fails = any(line.startswith("error") for line in command.shown)
        assert (int(code) != 0) == fails, f"$ {command.words}\n{said}"
        for line in command.shown:
            assert pattern(line).search(said), f"$ {command.words}\n{said}\nThe page says: {line}"


OWN = {".bumpversion.toml": "", "README.md": "Demo.\n", "tasks.py": TASKS, "NEWS.md": "News.\n"}
"""What the project has beside its code; it is released without a configuration."""

TAGS = """\
[build-system]
requires = ["setuptools>=77", "setuptools-scm>=8"]
build-backend = "setuptools.build_meta"

[project]
name = "demo-package"
dynamic = ["version"]
requires-python = ">=3.11"

[tool.setuptools]
packages = ["demo"]

[tool.setuptools_scm]

[tool.release]
build_session = ""
"""


def environment(test: PypiServer) -> dict[str, str]:
    """Return the variables of the shell: our programs first, and an index in the place of TestPyPI."""
    scripts = str(Path(sys.executable).parent)
    return {
        **os.environ,
        "PATH": os.pathsep.join([scripts, os.environ["PATH"]]),
        "TEST_PYPI_REPOSITORY_URL": test.upload_url,
        "TEST_PYPI_INDEX_URL": test.index_url,
        "PYPI_TEST_TOKEN": test.token,
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(TOP).as_posix())
def test_blocks_of_code(page: Path, tmp_path: Path) -> None:
    """What is not typed can be read: settings are settings, Python is Python, JSON is JSON; the rest has a reason."""
    for block in blocks(page):
        text = block["text"] or ""
        match block["kind"]:
            case "toml":
                (tmp_path / "pyproject.toml").write_text(re.sub(r"(?m)^ +", "", text), encoding="utf-8")
                assert load(sources(tmp_path))
            case "python":
                ast.parse(text)
            case "json":
                json.loads(text)
            case "console":
                assert block["skipped"] or text.lstrip().startswith("$ ")
                assert not block["skipped"] or block["why"]


def test_how_many(record_property: Callable[[str, object], None]) -> None:
    """Most blocks are run; the counts are kept for the report."""
    found = [block for page in PAGES for block in blocks(page) if block["kind"] == "console"]
    left_out = [block for block in found if block["skipped"]]
    record_property("blocks", len(found))
    record_property("not run", len(left_out))
    assert len(left_out) * 2 < len(found)
