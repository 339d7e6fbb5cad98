"""Real packages, released without configuration: each as its maintainer would, or refused with what is then enough."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from adoption.adopted import dated, differences, make_repository, wrong
from adoption.download import CACHE, PROJECTS, is_pinned
from support.cli import Cli, Result
from support.index import PypiServer
from support.repository import Repository

# pypiserver leaves the temporary file of a large upload to the garbage collector, whichever test that comes in.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

OUTER: Final = dict(os.environ)
"""The environment before a test has one of its own: the download needs it."""

_SECONDS: Final = 900
"""A compiled package is built more than once, on a machine that does other things, too."""


def prepared(project: dict[str, Any], folder: Path, index: PypiServer) -> Repository:
    """Make the project's repository, and an index that has the version before."""
    if not is_pinned(project):
        script = Path(__file__).with_name("download.py")
        subprocess.run([sys.executable, str(script), project["name"]], env=OUTER, check=True)
    sdist = CACHE / project["sdist"]
    (index.folder / sdist.name).write_bytes(sdist.read_bytes())
    return make_repository(project, folder / project["name"])


def release(repository: Repository, flags: list[str]) -> Result:
    """Release as a user types it, without a terminal."""
    quickly = {"CFLAGS": "-O0", "CXXFLAGS": "-O0"}
    with Cli().start("release", *flags, "--skip-tests", "--yes", cwd=repository.path, env=quickly) as process:
        try:
            out, err = process.communicate(timeout=_SECONDS)
        finally:
            process.kill()
    return Result(process.returncode, out, err)


def configured(repository: Repository, settings: str) -> None:
    """Add a line to ``[tool.release]``, and push it."""
    pyproject = repository.path / "pyproject.toml"
    before = pyproject.read_text(encoding="utf-8") if pyproject.exists() else ""
    repository.write("pyproject.toml", f"{before}\n[tool.release]\n{settings}\n")
    repository.git("add", "--force", "pyproject.toml")
    repository.git("commit", "--quiet", "--message=Configure the release")
    repository.git("push", "--quiet")


def outcome(project: dict[str, Any], repository: Repository, index: PypiServer) -> tuple[str, str]:
    """Release, and return what came of it and why: right, refused, stopped or wrong."""
    flags = project.get("flags", ["--part", project.get("part", "minor")])
    base, before = repository.head, repository.snapshot()
    done = release(repository, flags)
    if done.code == 0:
        found = wrong(project, repository, base, index)
        return ("wrong", "; ".join(found)) if found else ("right", "")
    said = " ".join(f"{done.out}\n{done.err}".split())
    published = [path.name for path in index.folder.iterdir() if path.name != project["sdist"]]
    if done.code not in {1, 2} or published or repository.snapshot() != before:
        return "wrong", f"exit code {done.code}, on the index {published}: {said[-2000:]}"
    if "refused" not in project or project["refused"] not in said:
        return "stopped", said[-2000:]
    if "settings" in project:
        configured(repository, project["settings"])
    elif "then" in project:
        flags = project["then"]
    else:
        return "refused", "this machine cannot build it"
    base, done = repository.head, release(repository, flags)
    found = wrong(project, repository, base, index) if done.code == 0 else [f"{done.out}\n{done.err}"[-2000:]]
    enough = project.get("settings") or " ".join(flags)
    return ("wrong", f"after {enough}: {'; '.join(found)}") if found else ("refused", f"then enough: {enough}")


@pytest.mark.parametrize("project", [pytest.param(each, id=each["name"]) for each in PROJECTS])
def test_a_real_package_is_released_as_its_maintainer_would(
    project: dict[str, Any], tmp_path: Path, index: PypiServer, record_property: Callable[[str, object], None]
) -> None:
    """A package is right without configuration, or refused with the one line that is then enough."""
    repository = prepared(project, tmp_path, index)
    came, why = outcome(project, repository, index)
    short = why if len(why) <= 120 else f"…{why[-119:]}"
    table = {"project": project["name"], "planned": dated(project["planned"]), "kind": project["kind"]}
    for name, value in {**table, "outcome": came, "why": short}.items():
        record_property(name, value)
    assert came in {"right", "refused"}, f"{came}: {why}"


BEFORE: Final = {"a.py": b'__version__ = "1.2.3"\nPIN = "other==1.2.3"\n', "NEWS": b"1.2.3 is out\n"}
EXPECTED: Final = {
    "edits": [["a.py", '__version__ = "1.2.3"', '__version__ = "1.3.0"']],
    "copies_allowed": [["NEWS", "1.2.3 is out", "1.3.0 is out"]],
}


@pytest.mark.parametrize(
    ("after", "told"),
    [
        ({"a.py": b'__version__ = "1.3.0"\nPIN = "other==1.2.3"\n'}, []),
        ({"a.py": b'__version__ = "1.3.0"\nPIN = "other==1.2.3"\n', "NEWS": b"1.3.0 is out\n"}, []),
        ({}, ["a.py:1: '__version__ = \"1.2.3\"'"]),
        ({"a.py": b'__version__ = "1.3.1"\nPIN = "other==1.2.3"\n'}, ["a.py:1: '__version__ = \"1.3.1\"'"]),
        ({"a.py": b'__version__ = "1.3.0"\nPIN = "other==1.3.0"\n'}, ["a.py:2: 'PIN = \"other==1.3.0\"'"]),
        (
            {"a.py": b'__version__ = "1.3.0"\nPIN = "other==1.2.3"'},
            ["a.py:2: 'PIN = \"other==1.2.3\"'"],
        ),
        ({"a.py": b'__version__ = "1.3.0"\n'}, ["a.py: 2 lines have become 1"]),
        ({"a.py": b'__version__ = "1.3.0"\nPIN = "other==1.2.3"\n', "NEWS": b"1.4 is out\n"}, ["NEWS:1: '1.4 is out'"]),
        (
            {"a.py": b'__version__ = "1.3.0"\nPIN = "other==1.2.3"\n', "left.py": b""},
            ["left.py is new"],
        ),
    ],
    ids=["right", "copy moved", "nothing", "another", "pin", "last line's end", "line gone", "copy wrong", "new file"],
)
def test_each_line_that_is_not_as_expected_is_told(after: dict[str, bytes], told: list[str]) -> None:
    """A line that had to change and did not, or the other way round, is told with file and number."""
    assert list(differences(BEFORE, BEFORE | after, EXPECTED)) == told


def test_the_corpus_is_what_the_session_promises() -> None:
    """The corpus has sixty packages or more, each once, and a dozen compiled ones."""
    names = [project["name"] for project in PROJECTS]
    assert names == sorted(set(names))
    assert len(names) >= 60
    assert sum(project.get("compiled", False) for project in PROJECTS) >= 12
