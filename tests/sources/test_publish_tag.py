"""A project whose versions come from tags is published from its tag."""

import subprocess
from pathlib import Path

import pytest

from support.cli import Cli
from support.index import PypiServer
from support.sources import SOURCES, make_source


@pytest.mark.parametrize("name", ["hatch-vcs", "setuptools-scm"])
def test_a_shallow_clone_of_the_tag(name: str, tmp_path: Path, index: PypiServer, cli: Cli) -> None:
    """The version is that of the tag, in a clone of depth 1, with files that the project builds there."""
    repository = make_source(tmp_path / "project", SOURCES[name])
    tag = repository.git("describe", "--tags", "--abbrev=0").replace("1.2.3", "1.3.0")
    repository.git("tag", "--annotate", "--message=rc", f"{tag}rc1")  # on the same commit, older
    repository.git("tag", "--annotate", f"--message={tag}", tag)
    repository.git("push", "--quiet", "origin", "HEAD", tag, f"{tag}rc1")
    clone = tmp_path / "clone"
    words = ["git", "clone", "--quiet", "--depth=1", f"--branch={tag}", f"file://{repository.remote}", str(clone)]
    subprocess.run(words, check=True, capture_output=True)
    done = cli("publish", "--tag", tag, "--skip-tests", "--json", cwd=clone)
    assert done.code == 0, done.err
    assert {file.split("-")[1].removesuffix(".tar.gz") for file in index.files()} == {"1.3.0"}
