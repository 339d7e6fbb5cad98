"""Every check fires against the true programs, and is silent where there is nothing to say."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from release_recipes.check import programs as programs_check
from release_recipes.errors import InvalidSetting, UnknownPart
from support.checking import Told, look, problems, questions, warnings
from support.cli import Cli
from support.environment import Environment
from support.github import FakeGitHub
from support.index import PypiServer
from support.repository import Repository

MakeRepository = Callable[..., Repository]
Arrange = Callable[[Repository], object]
ANOTHER = "Release another version, such as with: release-recipes release --new-version X"


def settings(repository: Repository, text: str) -> None:
    """Put lines under `[tool.release]`, and commit and push them."""
    path = repository.path / "pyproject.toml"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n[tool.release]\n{text}\n", encoding="utf-8")
    repository.commit("build: settings of the release")
    repository.git("push", "--quiet")


@pytest.mark.green(
    "branch",
    "clean-tree",
    "remote",
    "up-to-date",
    "tag",
    "claim",
    "structure",
    "identity",
    "version",
    "greater",
    "version-files",
    "token",
    "on-index",
    "programs",
    "github",
)
def test_a_project_in_order_has_no_problem_and_no_warning(repository: Repository, index: PypiServer) -> None:
    """Every check is silent where there is nothing to say."""
    repository.write("build/ignored.txt", "The tree is clean all the same.\n")
    outcome = look(repository.path)
    assert (problems(outcome), warnings(outcome)) == ([], [])
    assert index.requests == ["GET /simple/demo-package/ 404"]


# -- the repository ----------------------------------------------------------------------------------------------------


def colleague_pushes(repository: Repository) -> None:
    """Have a colleague push a commit."""
    other = repository.other_clone()
    other.write("theirs.txt", "news\n")
    other.commit("feat: theirs")
    other.git("push", "--quiet")


def both_commit(repository: Repository) -> None:
    """Have a colleague push a commit, and another made and fetched here."""
    colleague_pushes(repository)
    repository.write("ours.txt", "news\n")
    repository.commit("feat: ours")
    repository.git("fetch", "--quiet")


def merge_begins(repository: Repository) -> None:
    """Stop in the middle of a merge."""
    repository.git("switch", "--quiet", "--create", "side", "HEAD~1")
    repository.write("side.txt", "aside\n")
    repository.commit("feat: aside")
    repository.git("switch", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-commit", "--no-ff", "side")


def bisect_begins(repository: Repository) -> None:
    """Look for a commit by halves; HEAD stays."""
    repository.git("bisect", "start")


def embedded(repository: Repository) -> None:
    """Commit a clone of the remote as it lies there, without .gitmodules."""
    repository.git("clone", "--quiet", str(repository.remote), "part")
    repository.git("-c", "advice.addEmbeddedRepo=false", "add", "part")
    repository.commit("feat: a repository in the repository")
    repository.git("push", "--quiet")


def submodule(repository: Repository) -> None:
    """Add the remote itself as a submodule."""
    add = ["submodule", "--quiet", "add", str(repository.remote), "part"]
    repository.git("-c", "protocol.file.allow=always", *add)
    repository.commit("feat: a submodule")
    repository.git("push", "--quiet")


def no_submodule(repository: Repository) -> None:
    """Have a .gitmodules of a submodule that is not there."""
    repository.write(".gitmodules", '[submodule "part"]\n\tpath = part\n\turl = ../part.git\n')
    repository.commit("chore: forget it")
    repository.git("push", "--quiet")


def lfs(repository: Repository) -> None:
    """Have a file in git LFS, as its attributes say; the program is not needed for that."""
    repository.write("data/.gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    repository.commit("feat: large files")
    repository.git("push", "--quiet")


def many_files(repository: Repository) -> None:
    """Leave ten files that are not tracked."""
    for number in range(10):
        repository.write(f"note{number}.txt", "note\n")


RED: dict[str, tuple[Arrange, list[Told]]] = {
    "another branch": (
        lambda repository: repository.git("switch", "--quiet", "--create", "feature"),
        [
            Told(
                "branch",
                "'feature' is not a release branch (main).",
                'Run: git switch main; or set in pyproject.toml: [tool.release] branches = ["feature"]',
            )
        ],
    ),
    "detached": (
        lambda repository: repository.git("switch", "--quiet", "--detach"),
        [
            Told(
                "branch",
                "HEAD is detached: no branch is checked out.",
                "Check out the release branch: git switch main",
            )
        ],
    ),
    "outside the patterns": (
        lambda repository: settings(repository, 'branches = ["stable", "release/*"]'),
        [
            Told(
                "branch",
                "'main' is not a release branch (stable, release/*).",
                'Run: git switch stable; or set in pyproject.toml: [tool.release] branches = ["main"]',
            )
        ],
    ),
    "untracked": (
        lambda repository: repository.write("notes/of today.txt", "note\n"),
        [
            Told(
                "clean-tree",
                "The working tree is not clean: notes/of today.txt.",
                "Commit the changes, stash them (git stash -u), or add the files to .gitignore.",
            )
        ],
    ),
    "modified": (
        lambda repository: repository.write("NEWS.md", "More.\n"),
        [
            Told(
                "clean-tree",
                "The working tree is not clean: NEWS.md.",
                "Commit the changes, stash them (git stash -u), or add the files to .gitignore.",
            )
        ],
    ),
    "staged": (
        lambda repository: repository.git("rm", "--quiet", "NEWS.md"),
        [
            Told(
                "clean-tree",
                "The working tree is not clean: NEWS.md.",
                "Commit the changes, stash them (git stash -u), or add the files to .gitignore.",
            )
        ],
    ),
    "many changes": (
        many_files,
        [
            Told(
                "clean-tree",
                "The working tree is not clean: note0.txt, note1.txt, note2.txt, note3.txt, note4.txt, note5.txt, "
                "note6.txt, note7.txt and 2 more.",
                "Commit the changes, stash them (git stash -u), or add the files to .gitignore.",
            )
        ],
    ),
    "no remote": (
        lambda repository: repository.git("remote", "remove", "origin"),
        [
            Told(
                "remote",
                "There is no remote 'origin', so the release commit and tag would exist on this machine only.",
                "Add it: git remote add origin <address>; a rehearsal works without a remote: release-recipes rehearse",
            )
        ],
    ),
    "silent remote": (
        lambda repository: repository.git("remote", "set-url", "origin", "/nowhere/at/all.git"),
        [
            Told(
                "remote",
                "The remote 'origin' does not answer: fatal: '/nowhere/at/all.git' does not appear to be a git "
                "repository.",
                "Check the connection: git ls-remote origin",
            )
        ],
    ),
    "up-to-date": (
        colleague_pushes,
        [
            Told(
                "up-to-date",
                "main is behind origin: origin/main has commits that the local branch does not have.",
                "Run: git pull --rebase --tags origin main",
            )
        ],
    ),
    "diverged": (
        both_commit,
        [
            Told(
                "up-to-date",
                "main has diverged from origin: origin/main has commits that the local branch does not have.",
                "Run: git pull --rebase --tags origin main",
            )
        ],
    ),
    "tag here": (
        lambda repository: repository.git("tag", "v1.3.0"),
        [
            Told(
                "tag",
                "The tag v1.3.0 already exists in this repository.",
                "Release another version; or, if the tag was never published or pushed, delete it: git tag -d v1.3.0",
            )
        ],
    ),
    "tag there": (
        lambda repository: repository.git("push", "--quiet", "origin", "HEAD:refs/tags/v1.3.0"),
        [Told("tag", "The tag v1.3.0 already exists on origin.", ANOTHER)],
    ),
    "odd tag": (
        lambda repository: settings(repository, 'tag = "release {version}"'),
        [
            Told(
                "tag",
                "'release 1.3.0' is not a valid name for a git tag.",
                'Use a template such as: [tool.release] tag = "v{version}"',
            )
        ],
    ),
    "claimed": (
        lambda repository: repository.git("push", "--quiet", "origin", "HEAD:refs/release-recipes/v1.2.9"),
        [
            Told(
                "claim",
                "A release of v1.2.9 is in progress: refs/release-recipes/v1.2.9 on origin, created by somebody on an "
                "unknown day.",
                "Finish it on that machine: release-recipes resume. If that machine is lost: release-recipes abandon",
            )
        ],
    ),
    "bisect": (
        bisect_begins,
        [Told("structure", "A git bisect is in progress.", "Finish it, or abort it: git bisect reset")],
    ),
    "embedded": (
        embedded,
        [
            Told(
                "structure",
                "part is a repository of its own that .gitmodules does not name, so a clean clone would not have it.",
                "Add it to .gitmodules: git submodule add --force ADDRESS part; or remove it: git rm --cached part",
            )
        ],
    ),
    "LFS": (
        lfs,
        [
            Told(
                "structure",
                "The repository keeps files in Git LFS, but git lfs is not installed: a clone has pointers only.",
                "Install it from https://git-lfs.com, then run: git lfs install && git lfs pull",
            )
        ],
    ),
}


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(
    ("arrange", "told"),
    [pytest.param(*row, id=name, marks=pytest.mark.red(*(one.check for one in row[1]))) for name, row in RED.items()],
)
def test_a_repository_that_is_not_in_order(arrange: Arrange, told: list[Told], repository: Repository) -> None:
    """Each reason not to release is found, alone, and told with what to do about it."""
    arrange(repository)
    assert problems(look(repository.path)) == told


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize("arrange", [submodule, no_submodule])
@pytest.mark.green("structure")
def test_submodules_are_no_reason_to_stop(arrange: Arrange, repository: Repository) -> None:
    """A submodule is checked out in the clones, and a .gitmodules without one is nothing."""
    arrange(repository)
    assert problems(look(repository.path)) == []


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize("project", ["Demo.Package", "other-package"])
@pytest.mark.red("claim")
@pytest.mark.green("claim")
def test_a_release_that_another_machine_has_claimed(
    project: str, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A claim of this project stops the release, with who made it and when; one of another project does not."""
    message = (
        f"{project} 1.2.9\n\nIndex: http://localhost/simple/\n\n"
        f"sha256 of the distributions that were built from this commit:\n\n{'0' * 64}  {project}-1.2.9.tar.gz\n"
    )
    colleague = repository.other_clone()
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-01-02T03:04:05+01:00")
    colleague.git("tag", "--annotate", f"--message={message}", "v1.2.9")
    colleague.git("push", "--quiet", "origin", "v1.2.9:refs/release-recipes/v1.2.9")
    before = repository.snapshot()
    ours = Told(
        "claim",
        "A release of v1.2.9 is in progress: refs/release-recipes/v1.2.9 on origin, created by Ada Lovelace "
        "<ada@example.org> on 2026-01-02 02:04 UTC.",
        "Finish it on that machine: release-recipes resume. If that machine is lost: release-recipes abandon",
    )
    assert problems(look(repository.path)) == ([ours] if project == "Demo.Package" else [])
    assert repository.snapshot() == before


@pytest.mark.usefixtures("index")
def test_a_rebase_under_way(repository: Repository) -> None:
    """A rebase that stopped at a conflict detaches HEAD; only the rebase is told, and the files that it changed."""
    colleague = repository.other_clone()
    for each in (colleague, repository):
        each.write("both.txt", f"{each.path.name}\n")
        each.commit("feat: both")
    colleague.git("push", "--quiet")
    with pytest.raises(subprocess.CalledProcessError):
        repository.git("pull", "--quiet", "--rebase", "--tags", "origin", "main")
    assert [told.check for told in problems(look(repository.path))] == ["clean-tree", "structure"]


@pytest.mark.usefixtures("index")
@pytest.mark.red("missing-tags")
@pytest.mark.green("missing-tags")
def test_a_tag_that_was_not_pulled(repository: Repository) -> None:
    """A later release that HEAD contains is asked about if its tag is on the remote alone; another branch's is not."""
    colleague = repository.other_clone()
    colleague.git("switch", "--quiet", "--create", "next")
    colleague.write("next.txt", "news\n")
    colleague.commit("feat: next")
    colleague.git("tag", "--annotate", "--message=2.0.0", "v2.0.0")
    colleague.git("switch", "--quiet", "main")
    colleague.write("theirs.txt", "news\n")
    colleague.commit("feat: theirs")
    colleague.git("tag", "--annotate", "--message=1.2.9", "v1.2.9")
    colleague.git("push", "--quiet", "origin", "main", "v1.2.9", "v2.0.0")
    assert [told.check for told in problems(look(repository.path))] == ["up-to-date"]
    repository.git("pull", "--quiet", "--no-tags", "origin", "main")
    repository.git("branch", "--quiet", "--unset-upstream")
    told = [each for each in questions(look(repository.path)) if each.check == "missing-tags"]
    assert told == [
        Told(
            "missing-tags",
            "origin has the tag v1.2.9, which is not here; what changed is taken from v1.2.3.",
            "Run: git fetch --tags origin",
        )
    ]
    by_commits = problems(look(repository.path, because="--part auto: minor, for 'feat: theirs'"))
    assert by_commits == told  # the part may be that of the other release
    repository.git("fetch", "--quiet", "--tags", "origin")
    assert "missing-tags" not in {each.check for each in questions(look(repository.path))}


@pytest.mark.usefixtures("index")
def test_what_follows_from_a_branch_that_is_behind(repository: Repository) -> None:
    """Where a colleague has released, only that the branch is behind is told: the rest is right after a pull."""
    colleague = repository.other_clone()
    colleague.write("theirs.txt", "news\n")
    colleague.commit("release: v1.3.0")
    colleague.git("tag", "--annotate", "--message=1.3.0", "v1.3.0")
    colleague.git("push", "--quiet", "origin", "main", "v1.3.0")
    outcome = look(repository.path)
    assert [told.check for told in problems(outcome)] == ["up-to-date"]
    assert "something-new" not in {told.check for told in warnings(outcome)}


@pytest.mark.usefixtures("index")
def test_a_merge_under_way(repository: Repository) -> None:
    """What a merge has brought so far is a change like any other, and the merge itself a reason more."""
    merge_begins(repository)
    assert problems(look(repository.path)) == [
        Told(
            "clean-tree",
            "The working tree is not clean: side.txt.",
            "Commit the changes, stash them (git stash -u), or add the files to .gitignore.",
        ),
        Told("structure", "A git merge is in progress.", "Finish it, or abort it: git merge --abort"),
    ]


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        (
            ["--depth=1"],
            "The repository is a shallow clone, and its history is incomplete.",
            "Run: git fetch --unshallow",
        ),
        (
            ["--filter=blob:none"],
            "The repository is a partial clone: objects that a release needs may be missing.",
            "Clone it again, without --filter.",
        ),
    ],
    ids=["shallow", "partial"],
)
def test_a_clone_that_is_not_whole(
    options: list[str], message: str, hint: str, repository: Repository, tmp_path: Path
) -> None:
    """A clone that lacks history or objects is not released from."""
    subprocess.run(["git", "-C", repository.remote, "config", "uploadpack.allowFilter", "true"], check=True)
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", *options, repository.remote.as_uri(), clone], check=True)
    assert problems(look(clone)) == [Told("structure", message, hint)]


@pytest.mark.usefixtures("index")
def test_master_is_the_release_branch_where_the_remote_says_so(repository: Repository) -> None:
    """Where the remote's default branch is master, that is released from, and main is not."""
    repository.git("switch", "--quiet", "--create", "master")
    repository.git("push", "--quiet", "--set-upstream", "origin", "master")
    subprocess.run(["git", "-C", repository.remote, "symbolic-ref", "HEAD", "refs/heads/master"], check=True)
    assert problems(look(repository.path)) == []
    repository.git("switch", "--quiet", "main")
    assert [told.message for told in problems(look(repository.path))] == ["'main' is not a release branch (master)."]


@pytest.mark.usefixtures("index")
def test_a_branch_that_fits_a_pattern(repository: Repository) -> None:
    """A branch that one of the patterns names is released from; a remote without it only warns."""
    settings(repository, 'branches = ["stable", "release/*"]')
    repository.git("switch", "--quiet", "--create", "release/1.x")
    outcome = look(repository.path)
    assert problems(outcome) == []
    assert warnings(outcome) == [
        Told("up-to-date", "origin has no branch 'release/1.x' yet.", "The release creates it.")
    ]


@pytest.mark.usefixtures("index")
def test_commits_that_are_not_pushed_warn(repository: Repository) -> None:
    """Commits that the release would push too are listed, and stop nothing."""
    repository.write("theory.md", "More.\n")
    commit = repository.commit("docs: more theory")
    outcome = look(repository.path)
    assert problems(outcome) == []
    assert warnings(outcome) == [
        Told(
            "up-to-date",
            f"main is 1 commit ahead of origin: {commit[:7]} docs: more theory.",
            "The release pushes them, too.",
        )
    ]


@pytest.mark.usefixtures("index")
@pytest.mark.red("identity")
def test_nobody_is_known_to_git(repository: Repository, isolated_environment: Environment) -> None:
    """Without a name and an e-mail address there is no release commit; both are asked for at once."""
    (isolated_environment.home / ".gitconfig").write_text("", encoding="utf-8")
    assert problems(look(repository.path)) == [
        Told("identity", "git does not know your name (user.name).", 'Set it: git config user.name "…"'),
        Told("identity", "git does not know your e-mail address (user.email).", 'Set it: git config user.email "…"'),
    ]


@pytest.mark.usefixtures("index")
def test_an_identity_in_the_environment(
    repository: Repository, isolated_environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An identity that the environment gives, as in CI, is one."""
    (isolated_environment.home / ".gitconfig").write_text("", encoding="utf-8")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada Lovelace")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.org")
    assert problems(look(repository.path)) == []


@pytest.mark.usefixtures("index")
def test_a_release_to_testpypi_is_warned_of_the_repository(
    repository: Repository, pypi: PypiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong with the repository does not stop a release that leaves it alone."""
    monkeypatch.setenv("TEST_PYPI_REPOSITORY_URL", pypi.upload_url)
    monkeypatch.setenv("PYPI_TEST_TOKEN", pypi.token)
    repository.write("notes.txt", "note\n")
    repository.git("switch", "--quiet", "--create", "feature")
    outcome = look(repository.path, test=True)
    assert problems(outcome) == []
    assert [told.check for told in warnings(outcome)] == ["branch", "clean-tree"]


# -- the version -------------------------------------------------------------------------------------------------------


def edit(name: str, old: str, new: str) -> Arrange:
    """Return what replaces a text in a file, commits and pushes."""

    def arrange(repository: Repository) -> None:
        path = repository.path / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        repository.commit(f"chore: edit {name}")
        repository.git("push", "--quiet")

    return arrange


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(
    ("version", "told"),
    [
        (
            "1.3.0+ubuntu1",
            Told(
                "version",
                "The planned version 1.3.0+ubuntu1 has a local part (+ubuntu1), which public indexes refuse.",
                "Release a version without the local part.",
            ),
        ),
        (
            "1.0.0",
            Told(
                "greater",
                "The planned version 1.0.0 (--new-version) is not greater than 1.2.3.",
                "Use a greater version; or, to release the current version: --part none",
            ),
        ),
        (
            "1.2.3",
            # The version that stands is released as it stands (B3).
            Told("tag", "The tag v1.2.3 already exists on origin.", ANOTHER),
        ),
        (
            "1.2.3rc1",
            Told(
                "greater",
                "The planned version 1.2.3rc1 (--new-version) is not greater than 1.2.3.",
                "Use a greater version; or, to release the current version: --part none",
            ),
        ),
    ],
)
@pytest.mark.red("version", "greater")
def test_a_version_that_cannot_come_next(version: str, told: Told, repository: Repository) -> None:
    """A version that no index takes, or that installers would never choose, is refused."""
    assert told in problems(look(repository.path, part=None, new_version=version))


@pytest.mark.usefixtures("index")
@pytest.mark.red("version")
def test_a_prior_version_that_nobody_can_compare(make_repository: MakeRepository) -> None:
    """A version that is not one of PEP 440 stops its project's release."""
    repository = make_repository(version="1.2.three")
    assert Told(
        "version",
        "The prior version '1.2.three' is not valid (PEP 440).",
        "Use a version such as 1.7.0, 1.7.0rc1 or 2026.11, or set it with --new-version.",
    ) in problems(look(repository.path, part="none"))


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(
    ("arrange", "told"),
    [
        (
            edit("README.md", "install demo-package==1.2.3", "install demo-package==1.2.2"),
            Told(
                "version-files",
                "The version files disagree: README.md does not contain 'install demo-package==1.2.3'.",
                "Change README.md to 1.2.3, or fix its search pattern in .bumpversion.toml.",
            ),
        ),
        (
            edit(".bumpversion.toml", "demo/__init__.py", "demo/version.py"),
            Told(
                "version-files",
                "The version file demo/version.py does not exist.",
                "Fix the list of files in .bumpversion.toml.",
            ),
        ),
    ],
    ids=["another number", "absent"],
)
@pytest.mark.red("version-files")
def test_version_files_that_disagree(arrange: Arrange, told: Told, repository: Repository) -> None:
    """A file that holds another version than the rest, and would be missed by the bump, stops the release."""
    arrange(repository)
    assert told in problems(look(repository.path))


@pytest.mark.usefixtures("index")
@pytest.mark.red("version-files")
def test_a_bump_configuration_that_is_stale(repository: Repository) -> None:
    """A configuration of bump-my-version for another version than the project has is left aside, and told."""
    edit("pyproject.toml", 'version = "1.2.3"', 'version = "1.2.4"')(repository)
    outcome = look(repository.path)
    assert outcome.plan is not None
    assert (outcome.plan.prior, outcome.plan.version) == ("1.2.4", "1.3.0")
    assert [file.name for file in outcome.plan.versions.files] == ["pyproject.toml"]
    assert problems(outcome) == []
    assert [told for told in warnings(outcome) if told.check == "version-files"] == [
        Told(
            "version-files",
            "The configuration of bump-my-version is not used: its current_version is 1.2.3, but the project has "
            "1.2.4.",
            "Fix current_version, or remove the configuration.",
        )
    ]


@pytest.mark.usefixtures("index")
@pytest.mark.green("version-files")
@pytest.mark.parametrize("old", ['__version__ = "1.2.3"', "install demo-package==1.2.3"])
def test_files_that_have_another_version(old: str, make_repository: MakeRepository) -> None:
    """A placeholder, and prose about an older version, are no copies of the version."""
    repository = make_repository(files={".bumpversion.toml": ""})
    name = "README.md" if "install" in old else "demo/__init__.py"
    edit(name, old, old.replace("1.2.3", "0.0.0"))(repository)
    outcome = look(repository.path)
    assert problems(outcome) == []
    assert [told for told in warnings(outcome) if told.check == "version-files"] == []


CLIENT = {"demo_package/client.py": '__version__ = "1.2.3"\n'}


@pytest.mark.usefixtures("known")
@pytest.mark.red("copies")
def test_what_may_be_a_copy_of_the_version(make_repository: MakeRepository) -> None:
    """What may be a copy is told with file and line; the line that includes it moves it, and nothing else less."""
    files = {".bumpversion.toml": "", "demo/__init__.py": ""} | CLIENT
    repository = make_repository(files=files)
    outcome, line = look(repository.path), 'version_files = ["demo_package/client.py"]'
    assert (problems(outcome), questions(outcome)) == ([], [])
    assert warnings(outcome) == [
        Told(
            "copies",
            'demo_package/client.py, line 1 contains the version, and is not changed: __version__ = "1.2.3"',
            f"If it is the version of this project, set [tool.release] {line}; if not, "
            'left_alone = ["demo_package/client.py"].',
        )
    ]
    settings(repository, line)
    outcome = look(repository.path)
    assert outcome.plan is not None
    assert {file.name for file in outcome.plan.versions.files} == {"pyproject.toml", "README.md", *CLIENT}
    assert warnings(outcome) == []


@pytest.mark.usefixtures("known")
@pytest.mark.green("copies")
def test_a_file_that_is_left_alone(make_repository: MakeRepository) -> None:
    """With the line that excludes a file, nothing is said of it, and it is not changed."""
    repository = make_repository(files={".bumpversion.toml": "", "demo/__init__.py": ""} | CLIENT)
    settings(repository, 'left_alone = ["demo_package/client.py"]')
    outcome = look(repository.path)
    assert outcome.plan is not None
    assert [file.name for file in outcome.plan.versions.files] == ["pyproject.toml", "README.md"]
    assert warnings(outcome) == []


@pytest.mark.usefixtures("known")
@pytest.mark.red("copies")
def test_a_copy_that_is_not_listed(make_repository: MakeRepository) -> None:
    """Where bump-my-version lists the files, a copy in a file that is not is left, but not without a word."""
    repository = make_repository(files={"CITATION.cff": "cff-version: 1.2.0\nversion: 1.2.3\n"})
    (told,) = warnings(look(repository.path))
    assert (told.check, told.message.partition(",")[0]) == ("copies", "CITATION.cff")
    assert told.hint == (
        'If it is the version of this project, add it to .bumpversion.toml; if not, left_alone = ["CITATION.cff"].'
    )


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(("template", "tag"), [("demo/{version}", "demo/1.3.0"), ("{version}", "1.3.0")])
@pytest.mark.red("tag-form")
def test_a_template_that_disagrees_with_the_tags(template: str, tag: str, repository: Repository) -> None:
    """A template that makes another tag than all those that exist is asked about."""
    settings(repository, f'tag = "{template}"')
    assert questions(look(repository.path)) == [
        Told(
            "tag-form",
            f"The tag would be {tag}, but the tags that exist have another form, as in v1.3.0.",
            "Fix the template of the tag, or remove it: [tool.release] tag, or tag_name of bump-my-version.",
        )
    ]


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.green("tag-form")
def test_a_template_that_agrees_with_the_tags(exists: bool, repository: Repository) -> None:
    """A template in the form of the tags, or before there is any tag, is taken without a question."""
    settings(repository, 'tag = "v{version}"' if exists else 'tag = "demo/{version}"')
    if not exists:
        repository.git("tag", "--delete", "v1.2.3")
        repository.git("push", "--quiet", "origin", ":refs/tags/v1.2.3")
    assert questions(look(repository.path)) == []


# -- the index ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("setting", [{}, {"PYPI_API_TOKEN": ""}, {"PYPI_API_TOKEN": "  "}])
@pytest.mark.red("token")
def test_a_missing_token(
    setting: dict[str, str], repository: Repository, index: PypiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One clear sentence says which token is missing, and how to set it up."""
    monkeypatch.delenv("PYPI_API_TOKEN")
    for name, value in setting.items():
        monkeypatch.setenv(name, value)
    assert problems(look(repository.path)) == [
        Told(
            "token",
            f"There is no token for {index.upload_url} (PYPI_API_TOKEN is not set).",
            "Create one at your index, limited to this project. Store it in a keyring or in the environment, or: "
            "(umask 077; echo 'PYPI_API_TOKEN=…' > .env)",
        )
    ]


def test_a_missing_token_for_testpypi(
    repository: Repository, index: PypiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token of PyPI is none for TestPyPI."""
    monkeypatch.setenv("TEST_PYPI_REPOSITORY_URL", index.upload_url)
    assert [told.message for told in problems(look(repository.path, test=True))] == [
        f"There is no token for {index.upload_url} (PYPI_TEST_TOKEN is not set)."
    ]


@pytest.mark.parametrize(
    ("there", "free"),
    [
        (["demo_package-1.3.0.tar.gz"], ("1.3.1", "1.4.0", "2.0.0")),
        (["demo_package-1.3.0-py3-none-any.whl"], ("1.3.1", "1.4.0", "2.0.0")),
        (["Demo-Package-1.3.0.tar.gz", "demo_package-1.3.1.tar.gz"], ("1.3.2", "1.4.0", "2.0.0")),
        (["demo_package-1.3.tar.gz", "demo_package-1.4.tar.gz"], ("1.3.1", "1.5.0", "2.0.0")),
        (["demo_package-1.03.0.tar.gz", "demo_package-2.0.tar.gz"], ("1.3.1", "1.4.0", "3.0.0")),
    ],
    ids=["sdist", "wheel", "another name", "shorter", "zeros"],
)
@pytest.mark.red("on-index")
def test_a_version_that_is_on_the_index(
    there: list[str], free: tuple[str, str, str], repository: Repository, index: PypiServer
) -> None:
    """A version that is on the index, in whatever spelling, stops the release; the next free ones are named."""
    for name in there:
        (index.folder / name).write_bytes(b"")
    assert problems(look(repository.path)) == [
        Told(
            "on-index",
            f"demo-package 1.3.0 is already on the index ({index.index_url}).",
            f"Release a version that is free, {' or '.join(free)}, such as: "
            f"release-recipes release --new-version {free[0]}",
        )
    ]


def test_a_lower_version_that_is_on_the_index(repository: Repository, index: PypiServer) -> None:
    """Of the versions that are free, only those are offered that a release would take: above the current one."""
    (index.folder / "demo_package-1.1.0.tar.gz").write_bytes(b"")
    told = next(
        each for each in problems(look(repository.path, part="", new_version="1.1.0")) if each.check == "on-index"
    )
    assert told.hint.startswith("Release a version that is free, 1.2.4 or 1.3.0 or 2.0.0, such as: ")


def test_other_versions_on_the_index(repository: Repository, index: PypiServer) -> None:
    """Other versions, files of other projects, and what is no distribution stop nothing."""
    for name in ("demo_package-1.2.3.tar.gz", "demo_package-1.3.0rc1.tar.gz", "demo-1.3.0.tar.gz"):
        (index.folder / name).write_bytes(b"")
    assert problems(look(repository.path)) == []


def test_an_index_that_gives_no_answer(
    repository: Repository, index: PypiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody knows what is on the index, nothing is released."""
    monkeypatch.setenv("PYPI_INDEX_URL", f"{index.upload_url}login/")  # a page, but no index
    monkeypatch.setenv("PYPI_REPOSITORY_URL", "ftp://example.org/")
    with pytest.raises(InvalidSetting, match="not a web address"):
        look(repository.path)


# -- the programs ------------------------------------------------------------------------------------------------------


@pytest.fixture
def git_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return what makes git tell another version, and work as before."""

    def say(version: str) -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        true_git = subprocess.run(["which", "git"], check=True, capture_output=True, encoding="utf-8").stdout.strip()
        script = f'case "$*" in *" version") echo "git version {version}";; *) exec {true_git} "$@";; esac\n'
        (folder / "git").write_text(f"#!/bin/sh\n{script}", encoding="utf-8")
        (folder / "git").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    return say


@pytest.mark.usefixtures("index")
@pytest.mark.red("programs")
def test_an_old_git(repository: Repository, git_says: Callable[[str], None]) -> None:
    """A git that lacks what we ask of it is told before it fails half-way."""
    git_says("2.20.1")
    assert problems(look(repository.path)) == [
        Told("programs", "git version 2.20.1 is too old.", "Install git 2.31 or newer.")
    ]


@pytest.mark.usefixtures("index")
def test_a_program_that_is_not_installed(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that is not installed beside release-recipes is named."""
    monkeypatch.setattr(programs_check, "_OURS", ("build", "no-such-program"))
    assert problems(look(repository.path)) == [
        Told(
            "programs",
            "The package 'no-such-program' is not installed in the environment of release-recipes.",
            "Run: pip install no-such-program",
        )
    ]


@pytest.fixture
def github_repository(repository: Repository) -> Iterator[tuple[Repository, FakeGitHub]]:
    """Return a repository whose remote is on a GitHub of ours, though git itself goes to the bare repository."""
    with FakeGitHub(repository.remote) as github:
        address = f"https://{github.host}/{github.name}.git"
        repository.git("config", f"url.{repository.remote}.insteadOf", address)
        repository.git("remote", "set-url", "origin", address)
        yield repository, github


@pytest.mark.usefixtures("index")
@pytest.mark.red("github")
def test_gh_is_not_there(
    github_repository: tuple[Repository, FakeGitHub], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without gh the release goes on, and it is told beforehand what will be left out."""
    repository, _ = github_repository
    only = tmp_path / "only"
    only.mkdir()
    git = subprocess.run(["which", "git"], check=True, capture_output=True, encoding="utf-8").stdout.strip()
    (only / "git").symlink_to(git)
    monkeypatch.setenv("PATH", str(only))
    # What stands beside our own Python is found, too; here that may be gh.
    monkeypatch.setattr("release_recipes.check.github.environment", lambda: {"PATH": str(only)})
    outcome = look(repository.path)
    assert problems(outcome) == []
    assert warnings(outcome) == [
        Told("github", "gh is not installed, so no GitHub release is made.", "Install it from https://cli.github.com")
    ]


# -- all together ------------------------------------------------------------------------------------------------------


def test_every_problem_is_told_at_once(
    repository: Repository, index: PypiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has to fix one thing to be told of the next."""
    monkeypatch.delenv("PYPI_API_TOKEN")
    (index.folder / "demo_package-1.3.0.tar.gz").write_bytes(b"")
    colleague_pushes(repository)
    repository.git("tag", "v1.3.0")
    edit("README.md", "install demo-package==1.2.3", "install demo-package")
    repository.write("notes.txt", "note\n")
    repository.git("switch", "--quiet", "--create", "feature")
    before = repository.snapshot()
    assert [told.check for told in problems(look(repository.path))] == [
        "branch",
        "clean-tree",
        "tag",
        "token",
        "on-index",
    ]
    assert repository.snapshot() == before


@pytest.mark.usefixtures("index")
def test_a_check_that_is_skipped(repository: Repository) -> None:
    """A check that the settings name is not made, and the others are."""
    settings(repository, 'skip_checks = ["clean-tree", "tag"]')
    repository.write("notes.txt", "note\n")
    repository.git("tag", "v1.3.0")
    repository.git("switch", "--quiet", "--create", "feature")
    assert [told.check for told in problems(look(repository.path))] == ["branch"]


@pytest.mark.usefixtures("index")
def test_a_skipped_check_that_there_is_not(repository: Repository) -> None:
    """A name that no check has is wrong usage, with the names that there are."""
    settings(repository, 'skip_checks = ["clean-trees"]')
    with pytest.raises(InvalidSetting) as caught:
        look(repository.path)
    assert caught.value.message == "skip_checks names 'clean-trees', but there is no such check."
    assert caught.value.hint.startswith("The checks: branch, clean-tree, remote, up-to-date, tag, claim, structure, ")


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(
    ("part", "hint"),
    [
        ("mnior", "Use --part major | minor | patch | auto | none."),
        ("release", "Use --part major | minor | patch | auto | none."),
        ("v1.4.0", "Use --new-version 1.4.0."),
    ],
)
def test_a_part_that_there_is_not(part: str, hint: str, repository: Repository) -> None:
    """A part that the project's version does not have is wrong usage, with the parts that it has."""
    with pytest.raises(UnknownPart) as caught:
        look(repository.path, part=part)
    assert (caught.value.message, caught.value.hint) == (f"There is no part {part!r} in this project's version.", hint)


# -- the command -------------------------------------------------------------------------------------------------------


def test_the_check_task_says_all_and_changes_nothing(
    repository: Repository, index: PypiServer, cli: Cli, isolated_environment: Environment
) -> None:
    """Errors end with exit code 1, each as one sentence and one hint; the repository stays as it was."""
    repository.write("notes.txt", "note\n")
    before = repository.snapshot()
    result = cli("check", "--part", "minor", cwd=repository.path)
    assert result.code == 1
    assert result.err == (
        "error [clean-tree]: The working tree is not clean: notes.txt.\n"
        "   → Commit the changes, stash them (git stash -u), or add the files to .gitignore.\n"
        "error: The checks found 1 error.\n"
    )
    assert repository.snapshot() == before
    assert not list(isolated_environment.temporary.iterdir())
    assert index.requests == ["GET /simple/demo-package/ 404"]


@pytest.mark.usefixtures("index")
def test_a_hint_names_the_program_that_was_started(repository: Repository, cli: Cli, invoke: Cli) -> None:
    """Under Invoke a hint says what to type there, and under the console script what to type there."""
    repository.write("tasks.py", "from release_recipes import ns\n")
    repository.commit("build: tasks")
    repository.git("remote", "remove", "origin")
    for started, program in ((cli, "release-recipes"), (invoke, "invoke")):
        result = started("check", cwd=repository.path)
        assert f"a rehearsal works without a remote: {program} rehearse\n" in result.err
