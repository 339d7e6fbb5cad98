"""What `history --verify` must not be silent about, and what it must not find: beside the changes of `test_history`."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.test_history import FILES, MINOR, problems, published, signed
from release_recipes.state import tag_message
from support.cli import Cli
from support.faulty import FaultyIndex, PageFault, answered
from support.github import FakeGitHub
from support.index import PypiServer
from support.packages import make_packages
from support.repository import Repository

__all__ = ["published", "signed"]

#: The program, on a machine without the library for attestations.
WITHOUT_LIBRARY = """
import importlib.util, runpy, sys
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "pypi_attestations" else found(name, *rest)
sys.argv = ["release-recipes", "history", "--verify"]
runpy.run_module("release_recipes", run_name="__main__")
"""


def colleague(repository: Repository) -> Repository:
    """Return a clone of somebody else, who has a name."""
    other = repository.other_clone()
    other.git("config", "user.name", "Bob")
    other.git("config", "user.email", "bob@example.org")
    return other


@pytest.fixture
def hub(published: Repository, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitHub]:
    """Put the remote on GitHub, where no release is."""
    with FakeGitHub(published.remote) as found:
        found.host_remote_of(published, monkeypatch)
        yield found


# ---- GitHub ------------------------------------------------------------------------------------------------------


def test_a_clean_release_on_github(published: Repository, cli: Cli, hub: FakeGitHub) -> None:
    """A release with its assets is clean, though the tag of another tool has no release on GitHub."""
    release = hub.add_release("v1.3.0")
    for name, content in FILES.items():
        hub.add_asset(release, name, content)
    assert problems(cli, published) == []


@pytest.mark.usefixtures("hub")
def test_a_project_without_releases_on_github(published: Repository, cli: Cli) -> None:
    """Where the setting is that none is made, none is missing; where it is not, one is."""
    assert problems(cli, published) == ["GitHub has no release of v1.3.0."]
    text = (published.path / "pyproject.toml").read_text(encoding="utf-8")
    published.write("pyproject.toml", text.replace("[tool.release]\n", "[tool.release]\ngithub_release = false\n"))
    assert problems(cli, published) == []


def test_all_assets_deleted(published: Repository, cli: Cli, hub: FakeGitHub) -> None:
    """A release on GitHub that has lost every asset is found."""
    hub.add_release("v1.3.0")
    assert problems(cli, published) == [f"The release v1.3.0 on GitHub lacks {name}." for name in FILES]


def test_not_signed_in(published: Repository, cli: Cli, hub: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a login, GitHub's releases are not said to be none."""
    monkeypatch.delenv("GH_TOKEN")
    told = cli("history", "--verify", cwd=published.path, env=hub.environment("no")).out
    assert "the releases on GitHub (gh is not signed in: gh auth login)" in told
    assert told.splitlines()[-1] == "Not looked at, because there are none here: signatures, attestations."


# ---- what is not here --------------------------------------------------------------------------------------------


def test_a_clone_without_tags(published: Repository, cli: Cli) -> None:
    """Where the remote's tags are not here, they have not been verified."""
    clone = published.path.with_name("clone")
    published.git("clone", "--quiet", "--no-tags", str(published.remote), str(clone))
    result = cli("history", "--verify", "--json", cwd=clone)
    (found,) = result.json["problems"]
    assert (result.code, found["message"], found["hint"]) == (
        1,
        "2 tags of the remote not here, and so not verified: v1.2.3, v1.3.0.",
        "Get them: git fetch --tags origin",
    )
    published.git("-C", str(clone), "fetch", "--quiet", "--tags", "origin")
    assert problems(cli, Repository(clone, published.remote)) == []


def test_a_shallow_clone(published: Repository, cli: Cli) -> None:
    """A shallow clone cannot say on which branch a commit is; that is told, and is no finding."""
    published.write("x.txt", "x")
    published.commit("more")
    published.git("push", "--quiet", "origin", "main")
    clone = published.path.with_name("clone")
    published.git("clone", "--quiet", "--depth=1", f"file://{published.remote}", str(clone))
    published.git("-C", str(clone), "fetch", "--quiet", "--depth=1", "--tags", "origin")
    result = cli("history", "--verify", cwd=clone)
    assert (result.code, result.err) == (0, "")
    assert "branches (the clone is shallow: git fetch --unshallow)" in result.out


def test_a_branch_that_a_colleague_rewrote(published: Repository, cli: Cli) -> None:
    """It is found although the old branch was fetched before; a branch that only went on is no finding."""
    other = colleague(published)
    other.write("x.txt", "x")
    other.commit("more")
    other.git("push", "--quiet", "origin", "main")
    before = published.snapshot()
    assert problems(cli, published) == []
    assert published.snapshot() == before
    other.git("reset", "--quiet", "--hard", "HEAD~1")
    other.git("commit", "--quiet", "--amend", "--message=other")
    other.git("push", "--quiet", "--force", "origin", "main")
    assert problems(cli, published) == ["The commit of v1.3.0 is on no branch of the remote."]


def test_commits_that_cannot_be_fetched(published: Repository, cli: Cli) -> None:
    """Where the remote does not give the commits of its branches, they could not be looked at, and that is found."""
    other = colleague(published)
    other.write("x.txt", "x")
    blob = other.git("hash-object", "x.txt")
    other.commit("more")
    other.git("push", "--quiet", "origin", "main")
    (published.remote / "objects" / blob[:2] / blob[2:]).unlink()
    (found,) = problems(cli, published)
    assert found.startswith("This could not be verified: git fetch failed (exit code 128)")


# ---- what the history or the index has beside --------------------------------------------------------------------


def test_a_failure_here_and_a_release_elsewhere(quick: Repository, cli: Cli, known: PypiServer) -> None:
    """A version that failed here, and was then released by a colleague, is verified by its tag."""
    hook = quick.path / ".git/hooks/pre-push"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert cli(*MINOR, cwd=quick.path).code == 1
    hook.unlink()
    assert cli("abandon", "--yes", cwd=quick.path).code == 0
    assert cli(*MINOR, cwd=colleague(quick).path).code == 0
    quick.git("fetch", "--quiet", "--tags")
    assert problems(cli, quick) == []
    (known.folder / "demo_package-1.3.0.tar.gz").write_bytes(b"other")
    (found,) = problems(cli, quick)
    assert found.startswith("demo_package-1.3.0.tar.gz has another sha256 today: d9298a10d1b0…, released was ")


def test_a_version_without_a_tag(published: Repository, cli: Cli, known: PypiServer) -> None:
    """One on the index that is newer than our first release is found; an older one is only told."""
    (known.folder / "demo_package-1.0.0.tar.gz").write_bytes(b"old")
    result = cli("history", "--verify", cwd=published.path)
    assert (result.code, result.err) == (0, "")
    assert "On the index, older than the first release of ours, without a tag: 1.0.0." in result.out
    (known.folder / "demo_package-1.4.0.tar.gz").write_bytes(b"new")
    assert problems(cli, published) == [f"{known.index_url} has 1.4.0, of which there is no tag."]


def test_attestations_that_cannot_be_verified(published: Repository, cli: Cli, known: PypiServer) -> None:
    """Without the library, attestations of the index are not said to be none; with it, they are looked at."""
    with FaultyIndex(known.upload_url, known.index_url) as proxy:
        link = '<a data-provenance="http://127.0.0.1:9/p" '
        proxy.plan(PageFault("attested", lambda entry: entry.replace("<a ", link, 1)), None)
        files = {name: sha256 for name, sha256 in known.files().items() if name in FILES}
        message = tag_message.write("demo-package", "1.3.0", proxy.index_url, files)
        published.git("tag", "--force", "--annotate", "--message", message, "v1.3.0")
        published.git("push", "--quiet", "--force", "origin", "v1.3.0")
        env = {"PYPI_INDEX_URL": proxy.index_url}
        told = Cli((sys.executable, "-P", "-c", WITHOUT_LIBRARY))(cwd=published.path, env=env).out
        assert "the attestations of 2 files (pip install 'release-recipes[attest]')" in told
        assert told.splitlines()[-1] == "Not looked at, because there are none here: signatures, assets."
        assert problems(cli, published, **env) == [
            f"The attestation of {name} is not valid: the index has no attestation for it" for name in FILES
        ]


def test_files_without_hashes(published: Repository, cli: Cli, known: PypiServer) -> None:
    """An index without hashes is compared by its files; one that it does not serve could not be verified."""
    with FaultyIndex(known.upload_url, known.index_url) as proxy:
        proxy.plan(PageFault("no hashes", lambda entry: re.sub(r"#sha256=\w+", "", entry)), None)
        files = {name: sha256 for name, sha256 in known.files().items() if name in FILES}
        message = tag_message.write("demo-package", "1.3.0", proxy.index_url, files)
        published.git("tag", "--force", "--annotate", "--message", message, "v1.3.0")
        published.git("push", "--quiet", "--force", "origin", "v1.3.0")
        env = {"PYPI_INDEX_URL": proxy.index_url}
        assert problems(cli, published, **env) == []
        (sdist,) = (name for name in FILES if name.endswith(".tar.gz"))
        proxy.plan(answered(404), None, sdist, on="file")
        result = cli("history", "--verify", "--json", cwd=published.path, env=env)
        (found,) = result.json["problems"]
    assert (result.code, found["message"], found["hint"]) == (
        1,
        f"This could not be verified: The index lists {sdist}, but does not serve it.",
        "Run the same command again.",
    )


# ---- tags --------------------------------------------------------------------------------------------------------


def test_a_signature_without_known_keys(signed: Repository, cli: Cli) -> None:
    """Where git has nothing to check it with, a signature is neither good nor bad: a warning says so."""
    signed.git("config", "--unset", "gpg.ssh.allowedSignersFile")
    result = cli("history", "--verify", "--json", cwd=signed.path)
    (warned,) = result.json["warnings"]
    assert (result.code, result.json["problems"]) == (0, [])
    assert warned["message"].startswith("The signatures of 1 tags cannot be checked: error: gpg.ssh.allowedSignersFile")
    told = cli("history", "--verify", cwd=signed.path).out
    assert "the signatures of 1 tags" in told
    assert "none here: attestations, assets." in told


def test_a_forged_tag(signed: Repository, cli: Cli) -> None:
    """A tag whose text was changed below its signature is found."""
    text = signed.git("cat-file", "tag", "v1.3.0").replace("demo-package 1.3.0", "demo-package  1.3.0", 1) + "\n"
    words = ["git", "hash-object", "-t", "tag", "-w", "--stdin"]
    made = subprocess.run(words, input=text, cwd=signed.path, check=True, capture_output=True, encoding="utf-8")
    signed.git("update-ref", "refs/tags/v1.3.0", made.stdout.strip())
    signed.git("push", "--quiet", "--force", "origin", "v1.3.0")
    (found,) = problems(cli, signed)
    assert found.startswith("The signature of v1.3.0 is not valid: ")


def test_a_lightweight_tag(published: Repository, cli: Cli) -> None:
    """A lightweight tag is compared by its commit."""
    published.git("tag", "--force", "v1.2.3", "v1.2.3^{}")
    published.git("push", "--quiet", "--force", "origin", "v1.2.3")
    assert problems(cli, published) == []
    published.git("push", "--quiet", "--force", "origin", "main^{}:refs/tags/v1.2.3")
    (found,) = problems(cli, published)
    assert found.startswith("The tag v1.2.3 was moved: ")


def test_a_package_in_a_folder(tmp_path: Path, cli: Cli, index: PypiServer) -> None:
    """Only its own tags are looked at, and a moved one of another package is not its finding."""
    made = make_packages(tmp_path / "many", "alpha", "beta")
    for name in ("alpha", "beta"):
        (index.folder / f"{name}-1.2.3.tar.gz").write_bytes(b"sdist")
    made.write("x.txt", "x")
    made.commit("more")
    made.git("push", "--quiet", "origin", "main")
    made.git("push", "--quiet", "--force", "origin", "main:refs/tags/beta-v1.2.3")
    (alpha, beta) = (Repository(made.path / "packages" / name, made.remote) for name in ("alpha", "beta"))
    assert problems(cli, alpha) == []
    (found,) = problems(cli, beta)
    assert found.startswith("The tag beta-v1.2.3 was moved: ")


def test_the_number_of_git_processes(published: Repository, cli: Cli, tmp_path: Path) -> None:
    """It does not grow with the remote's branches."""
    (tmp_path / "bin").mkdir()
    counting = tmp_path / "bin/git"
    counting.write_text(f'#!/bin/sh\necho x >> "{tmp_path}/calls"\nexec {shutil.which("git")} "$@"\n')
    counting.chmod(0o755)

    def calls() -> int:
        (tmp_path / "calls").write_text("")
        assert problems(cli, published, PATH=f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}") == []
        return len((tmp_path / "calls").read_text().splitlines())

    before = calls()
    for number in range(20):
        commit = published.git("commit-tree", "-p", "HEAD", "-m", str(number), "HEAD^{tree}")
        published.git("branch", f"branch-{number}", commit)
    published.git("push", "--quiet", "origin", "--all")
    assert calls() == before
