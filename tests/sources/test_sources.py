"""With no line of configuration, a release raises the version where it stands, or takes it from the tag."""

from pathlib import Path

import pytest

from support.cli import Cli
from support.index import PypiServer
from support.sources import RELEASE, SOURCES, make_source


@pytest.mark.parametrize("name", SOURCES)
def test_no_configuration_is_needed(tmp_path: Path, cli: Cli, index: PypiServer, name: str) -> None:
    """The planned version is in the metadata, exactly the right lines change, and the tag has the project's form."""
    source = SOURCES[name]
    repository = make_source(tmp_path / "project", source)
    base = repository.head

    done = cli(*RELEASE, cwd=repository.path)

    assert done.code == 0, done.out + done.err
    assert {file.split("-")[1].removesuffix(".tar.gz") for file in index.files()} == {"1.3.0"}
    assert len(index.files()) == 2, index.files()
    tag = source.tag.format(version="1.3.0")
    tag = tag.replace(".", "_") if tag.startswith("rel_") else tag
    assert repository.remote_refs()[f"refs/tags/{tag}^{{}}"] == repository.head
    assert repository.branch_commit("trunk") == repository.head
    if not source.moved:
        assert repository.head == base
    added: dict[str, str] = {}
    for file in repository.git("diff", "--name-only", base).splitlines():
        lines = repository.git("diff", "-U0", base, "--", file).splitlines()[4:]
        added[file] = "\n".join(line[1:].rstrip("\r") for line in lines if line.startswith("+"))
    assert added == source.moved
