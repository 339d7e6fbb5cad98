"""A claim on the remote that was made for another index, or by another tool: what is told of it, and how it ends."""

from hashlib import sha256
from pathlib import Path

import pytest

from release_recipes.state import tag_message
from support.checking import look, problems
from support.cli import Cli
from support.index import PypiServer
from support.repository import Repository

NAMES_NO_INDEX = (
    "v1.2.9 was claimed by somebody on an unknown day, and is not finished: The tag does not name an index."
)


@pytest.mark.usefixtures("index")
def test_a_claim_that_names_no_index(quick: Repository, cli: Cli) -> None:
    """Nobody knows what is public of it: all tasks say so, and given up, its commit gets the tag on the remote."""
    quick.git("push", "--quiet", "origin", "HEAD:refs/release-recipes/v1.2.9")
    told = cli("status", cwd=quick.path)
    assert told.code == 0, told.err
    assert told.out.splitlines()[-4:] == [
        "v1.2.9 is not finished:",
        "  v1.2.9 was claimed by somebody on an unknown day",
        "  The tag does not name an index",
        "  finish it on that machine, or, if nothing runs there any more, abandon it: release-recipes abandon",
    ]
    for task in ("resume", "abandon"):
        stopped = cli(task, cwd=quick.path)
        assert (stopped.code, stopped.err.splitlines()[0]) == (3, f"error: {NAMES_NO_INDEX}")
    done = cli("abandon", "--yes", cwd=quick.path)
    assert done.code == 0, done.err
    assert "The tag does not name an index. It is not known what is public." in done.out.splitlines()
    refs = quick.remote_refs()
    assert (refs["refs/tags/v1.2.9"], "refs/release-recipes/v1.2.9" in refs) == (quick.head, False)


def claim(repository: Repository, index_url: str, name: str, content: bytes) -> str:
    """Claim 1.2.9 on the remote, as another machine does; returns the tag object."""
    message = f"demo-package 1.2.9\n\nIndex: {index_url}\n\n{sha256(content).hexdigest()}  {name}\n"
    repository.git("tag", "--annotate", f"--message={message}", "v1.2.9")
    repository.git("push", "--quiet", "origin", "v1.2.9:refs/release-recipes/v1.2.9")
    tag_object = repository.git("rev-parse", "v1.2.9")
    repository.git("tag", "--delete", "v1.2.9")
    return tag_object


def test_a_claim_for_an_index_that_wants_credentials(quick: Repository, cli: Cli, tmp_path: Path) -> None:
    """The index of our settings is asked with our token: another machine's release for it can be abandoned here."""
    folder = tmp_path / "private"
    folder.mkdir()
    name = "demo_package-1.2.9.tar.gz"
    (folder / name).write_bytes(b"not looked into")
    with PypiServer(folder, authenticate=("update", "list", "download")) as private:
        tag_object = claim(quick, private.index_url, name, b"not looked into")
        done = cli("abandon", "--yes", cwd=quick.path, env=private.settings)
    assert done.code == 0, done.err
    assert done.out.splitlines()[-1].endswith(f"is pushed, so that the commit of what stays public is kept: {name}")
    assert "bring its commit to your branch: git merge v1.2.9 && git push origin\n" in done.out
    refs = quick.remote_refs()
    assert (refs["refs/tags/v1.2.9"], "refs/release-recipes/v1.2.9" in refs) == (tag_object, False)


@pytest.mark.parametrize("uploaded", [True, False])
@pytest.mark.usefixtures("index")
def test_a_claim_for_another_index(uploaded: bool, quick: Repository, cli: Cli, tmp_path: Path) -> None:
    """The index that the tag names is asked, not the one of the settings here: what it has decides what stays."""
    folder = tmp_path / "another"
    folder.mkdir()
    content = b"not looked into"
    name = "demo_package-1.2.9.tar.gz"
    with PypiServer(folder) as another:
        if uploaded:
            (folder / name).write_bytes(content)
        tag_object = claim(quick, another.index_url, name, content)
        done = cli("abandon", "--yes", cwd=quick.path)
    assert done.code == 0, done.err
    note = (
        f"v1.2.9 is pushed, so that the commit of what stays public is kept: {name}"
        if uploaded
        else "nothing was public; all traces are removed"
    )
    assert done.out.splitlines()[-1].endswith(f"s  {note}")
    refs = quick.remote_refs()
    assert refs.get("refs/tags/v1.2.9") == (tag_object if uploaded else None)
    assert "refs/release-recipes/v1.2.9" not in refs


def claim_by_ci(repository: Repository, project: str, index_url: str) -> None:
    """Claim 1.2.9 on the remote as another machine does, just before it pushes the tag on which CI publishes."""
    message = tag_message.write(project, "1.2.9", index_url, None)
    repository.git("tag", "--annotate", f"--message={message}", "v1.2.9")
    repository.git("push", "--quiet", "origin", "v1.2.9:refs/release-recipes/v1.2.9")
    repository.git("tag", "--delete", "v1.2.9")


@pytest.mark.parametrize("uploaded", [True, False])
def test_a_claim_of_what_ci_publishes(uploaded: bool, quick: Repository, cli: Cli, index: PypiServer) -> None:
    """Its tag lists no files, but names project and version: whatever the index has of that version is public."""
    claim_by_ci(quick, "demo-package", index.index_url)
    has, note = "none of its files", "nothing was public; all traces are removed"
    if uploaded:
        has = "demo_package-1.2.9.tar.gz"
        (index.folder / has).write_bytes(b"not looked into")
        note = f"v1.2.9 is pushed, so that the commit of what stays public is kept: {has}"
    told = cli("status", cwd=quick.path)
    assert told.out.splitlines()[-4] == "demo-package v1.2.9 is not finished:"
    assert told.out.splitlines()[-2] == f"  {index.index_url} has {has}"
    done = cli("abandon", "--yes", cwd=quick.path)
    assert done.code == 0, done.err
    assert done.out.splitlines()[-1].endswith(f"s  {note}")
    refs = quick.remote_refs()
    assert ("refs/tags/v1.2.9" in refs, "refs/release-recipes/v1.2.9" in refs) == (uploaded, False)


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(("project", "found"), [("Demo.Package", ["claim"]), ("other-package", [])])
def test_whose_release_ci_publishes(project: str, found: list[str], quick: Repository) -> None:
    """A claim of this project stops a release here, also if CI is to publish it; one of another project does not."""
    claim_by_ci(quick, project, "http://localhost/simple/")
    assert [told.check for told in problems(look(quick.path))] == found


def test_what_a_tag_says() -> None:
    """A tag is read as it was written; a tag of another tool that only mentions CI names no project."""
    listed = tag_message.read(
        f"tag v1\n\n{tag_message.write('box', '1.0', 'https://i/', {'box-1.0.tar.gz': 'a' * 64})}"
    )
    assert (listed.project, listed.version, listed.by_ci) == ("box", "1.0", False)
    assert listed.files == {"box-1.0.tar.gz": "a" * 64}
    by_ci = tag_message.read(f"tag v1\n\n{tag_message.write('box', '1.0', 'https://i/', None)}")
    assert (by_ci.project, by_ci.version, by_ci.index_address) == ("box", "1.0", "https://i/")
    assert (by_ci.files, by_ci.by_ci) == ({}, True)
    other = tag_message.read("tag v1\n\nRelease 1.0\n\nPublished by: CI\n")
    assert (other.project, other.by_ci) == ("", False)
