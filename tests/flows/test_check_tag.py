"""What act 1 says of a tag that is to be published."""

import subprocess
from pathlib import Path

import pytest

from release_recipes.check import CREDENTIALS, Outcome, check
from release_recipes.commands import of_tag
from release_recipes.commands.checkout import find
from release_recipes.errors import CommandFailed
from release_recipes.index.retry import PATIENCE
from release_recipes.plan import Request
from release_recipes.programs.git import Git, RemoteRefs
from release_recipes.state import tag_message
from release_recipes.state.temporary import temporary_folder
from support.checking import NOBODY, Told, problems
from support.index import PypiServer
from support.repository import Repository

pytestmark = pytest.mark.usefixtures("known")


def look_at(folder: Path, tag: str | None = "v1.3.0") -> Outcome:
    """Make act 1 for a tag."""
    checkout = find(folder, NOBODY, PATIENCE)
    with temporary_folder(checkout.git.path, lambda _: None) as made:
        return check(of_tag.find(checkout, tag, made).subject(Request()), CREDENTIALS)


def bumped(repository: Repository, version: str = "1.3.0") -> str:
    """Commit a version and push it; return the commit."""
    for path in (repository.path / "pyproject.toml", repository.path / "demo" / "__init__.py"):
        path.write_text(path.read_text("utf-8").replace("1.2.3", version), "utf-8")
    commit = repository.commit(f"version {version}")
    repository.git("push", "--quiet", "origin", "HEAD:main")
    return commit


def tagged(repository: Repository, tag: str = "v1.3.0", *, annotated: bool = True, at: str = "HEAD") -> None:
    """Make a tag and push it."""
    repository.git("tag", *(("--annotate", f"--message={tag}") if annotated else ()), tag, at)
    repository.git("push", "--quiet", "origin", f"refs/tags/{tag}")


@pytest.mark.green("tag-version", "tag-annotated", "tag-moved", "tag-index", "tag-branch")
def test_a_tag_in_order(repository: Repository) -> None:
    """Nothing is said of an annotated tag of the version, on the release branch."""
    bumped(repository)
    tagged(repository)
    assert problems(look_at(repository.path)) == []


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        ("v1.4.0", "The tag v1.4.0 names version 1.4.0, but the project has 1.3.0 there."),
        ("nightly", "The tag nightly does not name a version of demo-package."),
        ("1.3.0", "The tag 1.3.0 has another form than the tags that exist: v1.3.0 would be the next."),
        ("other-v1.3.0", "The tag other-v1.3.0 does not name a version of demo-package."),
    ],
)
@pytest.mark.red("tag-version")
def test_a_tag_of_another_version(tag: str, message: str, repository: Repository) -> None:
    """A tag whose name and whose project say different versions is refused, and one of another form."""
    bumped(repository)
    tagged(repository, tag)
    assert [(told.check, told.message) for told in problems(look_at(repository.path, tag))] == [
        ("tag-version", message)
    ]


@pytest.mark.green("tag-version")
def test_a_form_that_the_project_sets(repository: Repository) -> None:
    """A template of the project decides about the form, not the tags that exist."""
    pyproject = repository.path / "pyproject.toml"
    pyproject.write_text(f'{pyproject.read_text("utf-8")}\n[tool.release]\ntag = "rel/{{name}}/{{version}}"\n', "utf-8")
    bumped(repository)
    tagged(repository, "rel/demo-package/1.3.0")
    assert problems(look_at(repository.path, "rel/demo-package/1.3.0")) == []


@pytest.mark.red("tag-annotated")
def test_a_lightweight_tag(repository: Repository) -> None:
    """A lightweight tag is refused where the tags of the project are annotated."""
    commit = bumped(repository)
    tagged(repository, annotated=False)
    again = f"git tag --force --message v1.3.0 v1.3.0 {commit[:12]} && git push --force origin v1.3.0"
    assert problems(look_at(repository.path)) == [
        Told(
            "tag-annotated",
            "v1.3.0 is a lightweight tag, but the one of the version before, v1.2.3, is annotated.",
            f"If nothing of it is published yet, make it again: {again}",
        )
    ]


@pytest.mark.green("tag-annotated")
def test_a_project_with_lightweight_tags(repository: Repository) -> None:
    """A lightweight tag is fine where the tag of the greatest version is one, too; that of a lower one says nothing."""
    tagged(repository, "v1.2.9", annotated=False)
    bumped(repository)
    tagged(repository, annotated=False)
    assert problems(look_at(repository.path)) == []


@pytest.mark.red("tag-moved")
def test_a_tag_that_differs_from_the_one_here(repository: Repository) -> None:
    """A tag that somebody moved on the remote is refused where the old one is known."""
    bumped(repository)
    tagged(repository)
    old = repository.git("rev-parse", "v1.3.0")
    colleague = repository.other_clone()
    colleague.git("tag", "--annotate", "--force", "--message=moved", "v1.3.0")
    colleague.git("push", "--quiet", "--force", "origin", "v1.3.0")
    new = colleague.git("rev-parse", "v1.3.0")
    assert problems(look_at(repository.path)) == [
        Told(
            "tag-moved",
            f"The tag v1.3.0 is {old[:12]} here, but {new[:12]} on origin.",
            "Find out which is right. To take that of origin: git fetch --force origin tag v1.3.0",
        )
    ]


@pytest.mark.red("tag-moved")
def test_a_tag_that_was_moved_during_the_job(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tag that no longer is on the commit for which the forge started the job is refused."""
    old = repository.head
    bumped(repository)
    tagged(repository)
    for name, value in {"GITHUB_ACTIONS": "true", "GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "v1.3.0"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GITHUB_SHA", old)
    (told,) = problems(look_at(repository.path, None))
    assert told.check == "tag-moved"
    assert told.message.startswith(f"The tag v1.3.0 was moved after this job began: from {old[:12]} to ")
    monkeypatch.setenv("GITHUB_SHA", repository.head)
    assert problems(look_at(repository.path, None)) == []


@pytest.mark.red("tag-index")
@pytest.mark.green("tag-index")
def test_a_tag_of_a_release_to_another_index(repository: Repository, known: PypiServer) -> None:
    """A tag that was made for one index is not published to another one."""
    bumped(repository)
    for index, expected in (("https://private.example/simple/", ["tag-index"]), (known.index_url, [])):
        message = tag_message.write("demo-package", "1.3.0", index, {"demo_package-1.3.0.tar.gz": "0" * 64})
        repository.git("tag", "--annotate", "--force", f"--message={message}", "v1.3.0")
        repository.git("push", "--quiet", "--force", "origin", "refs/tags/v1.3.0")
        assert [told.check for told in problems(look_at(repository.path))] == expected


@pytest.mark.red("tag-index")
def test_a_commit_that_names_another_index(
    repository: Repository, known: PypiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index of the tag's commit counts, not that of HEAD; what the environment says is said on purpose."""
    for name in known.settings:
        if "URL" in name:
            monkeypatch.delenv(name)
    pyproject = repository.path / "pyproject.toml"
    before = pyproject.read_text("utf-8")
    private = "https://private.example/legacy/"
    pyproject.write_text(f'{before}\n[tool.release]\nrepository_url = "{private}"\n', "utf-8")
    bumped(repository)
    tagged(repository)
    pyproject.write_text(f'{before}\n[tool.release]\nrepository_url = "{known.upload_url}"\n', "utf-8")
    assert [told.message for told in problems(look_at(repository.path))] == [
        f"The commit of the tag names the index {private.rstrip('/')}, but this goes to {known.upload_url}."
    ]
    monkeypatch.setenv("PYPI_REPOSITORY_URL", known.upload_url)
    assert problems(look_at(repository.path)) == []


@pytest.mark.red("tag-index")
def test_a_message_of_another_release(repository: Repository, known: PypiServer) -> None:
    """A tag with the message of another project's release is refused: its list would be of other files."""
    bumped(repository)
    message = tag_message.write("other", "1.3.0", known.index_url, {"other-1.3.0.tar.gz": "0" * 64})
    repository.git("tag", "--annotate", f"--message={message}", "v1.3.0")
    repository.git("push", "--quiet", "origin", "refs/tags/v1.3.0")
    assert [told.message for told in problems(look_at(repository.path))] == [
        "The message of the tag is that of other 1.3.0, but this is demo-package 1.3.0."
    ]


@pytest.mark.parametrize("shallow", [False, True])
@pytest.mark.red("tag-branch")
def test_a_commit_that_is_on_no_release_branch(shallow: bool, repository: Repository, tmp_path: Path) -> None:
    """A tag on a commit that was never merged is refused, also where the history is not here."""
    repository.git("switch", "--quiet", "--create", "feature")
    bumped_on = repository.head
    for path in (repository.path / "pyproject.toml", repository.path / "demo" / "__init__.py"):
        path.write_text(path.read_text("utf-8").replace("1.2.3", "1.3.0"), "utf-8")
    commit = repository.commit("version 1.3.0")
    assert commit != bumped_on
    tagged(repository)
    folder = shallow_clone(repository, tmp_path) if shallow else repository.path
    assert problems(look_at(folder)) == [
        Told(
            "tag-branch",
            f"The commit of v1.3.0 ({commit[:12]}) is not on a release branch (main).",
            "Merge it first; or name its branch in pyproject.toml: [tool.release] branches = […]",
        )
    ]


def shallow_clone(repository: Repository, tmp_path: Path) -> Path:
    """Clone the tag alone."""
    words = [
        "git",
        "clone",
        "--quiet",
        "--depth=1",
        "--branch=v1.3.0",
        f"file://{repository.remote}",
        str(tmp_path / "c"),
    ]
    subprocess.run(words, check=True, capture_output=True)
    return tmp_path / "c"


@pytest.mark.parametrize("later", [3, 120])
@pytest.mark.green("tag-branch")
def test_a_commit_deep_in_the_history(later: int, repository: Repository, tmp_path: Path) -> None:
    """A shallow clone fetches as much of the branch as it takes to find the commit of the tag in it."""
    bumped(repository)
    tagged(repository)
    for number in range(later):
        repository.git("commit", "--quiet", "--allow-empty", f"--message=later {number}")
    repository.git("push", "--quiet", "origin", "HEAD:main")
    clone = shallow_clone(repository, tmp_path)
    assert problems(look_at(clone)) == []


@pytest.mark.green("tag-branch")
def test_a_remote_that_fails_later(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """The release branch comes from the same answer of the remote as the tag: nothing is guessed after a failure."""
    bumped(repository)
    tagged(repository)
    repository.git("push", "--quiet", "origin", "HEAD:refs/heads/trunk")
    subprocess.run(["git", "symbolic-ref", "HEAD", "refs/heads/trunk"], cwd=repository.remote, check=True)
    repository.git("push", "--quiet", "origin", ":main")
    answers: list[RemoteRefs] = []
    ask = Git.remote_refs

    def first_only(git: Git, remote: str) -> RemoteRefs:
        if answers:
            raise CommandFailed(("git", "ls-remote"), 128, "fatal: connection reset")
        answers.append(ask(git, remote))
        return answers[0]

    monkeypatch.setattr(Git, "remote_refs", first_only)
    assert [told.check for told in problems(look_at(repository.path))] == ["remote"]


@pytest.mark.green("tag-branch")
def test_a_branch_that_the_project_names(repository: Repository) -> None:
    """A maintenance branch is a release branch if the settings name it."""
    pyproject = repository.path / "pyproject.toml"
    pyproject.write_text(f'{pyproject.read_text("utf-8")}\n[tool.release]\nbranches = ["main", "*.x"]\n', "utf-8")
    repository.git("switch", "--quiet", "--create", "1.x")
    for path in (pyproject, repository.path / "demo" / "__init__.py"):
        path.write_text(path.read_text("utf-8").replace("1.2.3", "1.2.4"), "utf-8")
    repository.commit("version 1.2.4")
    repository.git("push", "--quiet", "origin", "HEAD:1.x")
    tagged(repository, "v1.2.4")
    assert problems(look_at(repository.path, "v1.2.4")) == []
