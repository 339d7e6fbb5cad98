"""Hints are commands that work where they are shown.

Each of the 40 hints below is produced by the product in a plain project (no tasks.py, no .env.example, no configuration
of bump-my-version), taken out of the text as it stands, typed into a shell, and leads on: what was refused is refused
no more, or for another reason.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from support.cli import HURRIED, Cli, Result
from support.faulty import FaultyIndex
from support.index import PypiServer
from support.projects import quick_files
from support.repository import Repository, make_project

CHECK: Final = ("check", "--part", "minor")
RELEASE: Final = ("release", "--part", "minor", "--skip-tests", "--yes")


@dataclass
class Ground:
    """A plain project, its remote and an index, and the environment of the user's shell."""

    repository: Repository
    index: PypiServer
    proxy: FaultyIndex
    env: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The project's folder."""
        return self.repository.path

    def run(self, *words: str, **variables: str) -> Result:
        """Run the product."""
        return Cli(HURRIED)(*words, cwd=self.path, env=self.env | variables)

    def shell(self, command: str) -> subprocess.CompletedProcess[str]:
        """Type a command, as a user does."""
        scripts = str(Path(sys.executable).parent)
        env = {**os.environ, **self.env, "PATH": os.pathsep.join([scripts, os.environ["PATH"]])}
        return subprocess.run(  # noqa: S602
            command, shell=True, check=False, cwd=self.path, env=env, capture_output=True, text=True,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def hook(self, *lines: str) -> None:
        """Have the remote decide about each ref."""
        hook = self.repository.remote / "hooks" / "update"
        hook.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
        hook.chmod(0o755)

    def publish(self, message: str) -> None:
        """Commit everything, and push it."""
        self.repository.commit(message)
        self.repository.git("push", "--quiet", "origin", "HEAD")

    def colleague(self, *commands: list[str]) -> None:
        """Let somebody else do something in a clone of theirs."""
        other = Repository(self.path.with_name("colleague"), self.repository.remote)
        if not other.path.exists():
            other = self.repository.other_clone()
        for command in commands:
            other.git(*command)


@pytest.fixture
def ground(tmp_path: Path, pypi: PypiServer) -> Iterator[Ground]:
    """Make the ground; nothing is wrong yet."""
    repository = make_project(tmp_path / "my project", noxfile=True, files=quick_files())
    repository.git("rm", "--quiet", ".bumpversion.toml")
    repository.commit("chore: no configuration")
    repository.git("push", "--quiet", "origin", "main")
    (pypi.folder / "demo_package-1.2.3.tar.gz").write_bytes(b"")
    with FaultyIndex(pypi.upload_url, pypi.index_url) as proxy:
        addresses = {"PYPI_REPOSITORY_URL": proxy.upload_url, "PYPI_INDEX_URL": proxy.index_url}
        yield Ground(repository, pypi, proxy, {**pypi.settings, **addresses})


# ---- what goes wrong -------------------------------------------------------------------------------------------------


def no_token(ground: Ground) -> None:
    """Have no token."""
    del ground.env["PYPI_API_TOKEN"]


def no_token_but_an_example(ground: Ground) -> None:
    """Have no token, and an example of a .env."""
    no_token(ground)
    ground.repository.write(".env.example", "PYPI_USERNAME=__token__\n")
    ground.publish("docs: an example")


def put_the_token(ground: Ground) -> None:
    """Put the token where the hint says."""
    with (ground.path / ".env").open("a", encoding="utf-8") as env:
        env.write(f"PYPI_API_TOKEN={ground.index.token}\n")


def dotenv_not_ignored(ground: Ground) -> None:
    """Have a .env that git sees."""
    ground.repository.write(".gitignore", "/dist/\n__pycache__/\n.nox/\n")
    ground.publish("chore: ignore less")
    ground.repository.write(".env", "PYPI_USERNAME=__token__\n").chmod(0o600)


def dotenv_tracked(ground: Ground) -> None:
    """Have a .env in the history."""
    ground.repository.write(".env", "PYPI_USERNAME=__token__\n").chmod(0o600)
    ground.repository.git("add", "--force", ".env")
    ground.publish("chore: a mistake")


def dotenv_readable(ground: Ground) -> None:
    """Have a .env that others can read."""
    ground.repository.write(".env", "PYPI_USERNAME=__token__\n").chmod(0o644)


def commit_and_push(ground: Ground) -> None:
    """Do the rest that the hint says."""
    ground.publish("chore: as the hint says")


def no_remote(ground: Ground) -> None:
    """Have no remote."""
    ground.repository.git("remote", "remove", "origin")


def behind(ground: Ground) -> None:
    """Lack a commit that a colleague pushed."""
    ground.colleague(["commit", "--quiet", "--allow-empty", "-m", "feat: theirs"], ["push", "--quiet"])


def detached(ground: Ground) -> None:
    """Be on no branch."""
    ground.repository.git("switch", "--quiet", "--detach")


def on_a_feature_branch(ground: Ground) -> None:
    """Be on another branch."""
    ground.repository.git("switch", "--quiet", "--create", "feature")


def tag_here(ground: Ground) -> None:
    """Have the tag already."""
    ground.repository.git("tag", "v1.3.0")


def tag_template(ground: Ground) -> None:
    """Have a template that makes no valid name."""
    pyproject = (ground.path / "pyproject.toml").read_text(encoding="utf-8")
    ground.repository.write("pyproject.toml", f'{pyproject}tag = "release {{version}}"\n')
    ground.publish("chore: a template")


def on_the_index(ground: Ground) -> None:
    """Have the planned version on the index."""
    (ground.index.folder / "demo_package-1.3.0.tar.gz").write_bytes(b"")


def shallow(ground: Ground) -> None:
    """Be in a shallow clone."""
    address = f"file://{ground.repository.remote}"
    shutil.rmtree(ground.path)
    subprocess.run(["git", "clone", "--quiet", "--depth=1", address, str(ground.path)], check=True)


def under_way(verb: str) -> Callable[[Ground], None]:
    """Have a merge, or its like, stop at a conflict."""

    def do(ground: Ground) -> None:
        git = ground.repository.git
        git("switch", "--quiet", "--create", "other")
        ground.repository.write("NEWS.md", "theirs\n")
        ground.repository.commit("feat: theirs")
        git("switch", "--quiet", "main")
        ground.repository.write("NEWS.md", "ours\n")
        ground.publish("feat: ours")
        with pytest.raises(subprocess.CalledProcessError):
            git(verb, "other")

    return do


def nobody(key: str) -> Callable[[Ground], object]:
    """Let git not know something about the user."""
    return lambda ground: ground.repository.git("config", "--global", "--unset", f"user.{key}")


def version_file_not_tracked(ground: Ground) -> None:
    """Have a file with the version that is ignored."""
    pyproject = (ground.path / "pyproject.toml").read_text(encoding="utf-8")
    ground.repository.write("pyproject.toml", f'{pyproject}version_files = ["pyproject.toml", "local.txt"]\n')
    ground.repository.write(".gitignore", "/dist/\n__pycache__/\n.nox/\n.env\nlocal.txt\n")
    ground.publish("chore: one more file")
    ground.repository.write("local.txt", 'version = "1.2.3"\n')


def tests_fail(ground: Ground) -> None:
    """Have a test that fails."""
    ground.repository.write("tests/test_demo.py", "raise SystemExit(1)\n")
    ground.publish("test: fails")


def in_a_folder(ground: Ground) -> None:
    """Move the project into a folder of the repository."""
    tracked = ground.repository.git("ls-files").splitlines()
    (ground.path / "my package").mkdir()
    ground.repository.git("mv", *sorted({name.partition("/")[0] for name in tracked}), "my package")
    ground.publish("refactor: into a folder")


def killed_at(step: str) -> Callable[[Ground], None]:
    """Have a release that was killed when a step began."""

    def do(ground: Ground) -> None:
        assert ground.run(*RELEASE, AT=step, RUN="kill -9 $PPID").code == -9
        assert list((ground.path / ".git/release-recipes").glob("*/record.json"))

    return do


def another_address(ground: Ground) -> None:
    """Have a release that waits, and a remote of another address."""
    killed_at("push")(ground)
    ground.repository.git("remote", "set-url", "origin", "https://example.org/fork.git")


def another_tag(ground: Ground) -> None:
    """Have a release that waits, and another tag of its name on the remote."""
    killed_at("push")(ground)
    ground.repository.git("push", "--quiet", "origin", "HEAD:refs/tags/v1.3.0")


def claimed_elsewhere(ground: Ground) -> None:
    """Have a claim of a machine that is lost, which had uploaded nothing."""
    killed_at("upload")(ground)
    shutil.rmtree(ground.path)
    subprocess.run(["git", "clone", "--quiet", str(ground.repository.remote), str(ground.path)], check=True)


def the_remote_refuses_the_tag(ground: Ground) -> None:
    """Have a release that is uploaded and cannot be pushed."""
    ground.hook('case "$1" in refs/tags/*) exit 1;; esac')
    assert ground.run(*RELEASE).code == 3


def the_remote_keeps_the_claim(ground: Ground) -> None:
    """Have a release that waits, whose claim may not be deleted for now."""
    killed_at("upload")(ground)
    ground.hook('case "$1$3" in refs/release-recipes/*00000000) exit 1;; esac')


def hook_gone(ground: Ground) -> None:
    """Let the remote allow it."""
    (ground.repository.remote / "hooks" / "update").unlink()


def old_distributions(ground: Ground) -> None:
    """Have files of two versions in dist/."""
    assert ground.run("build").code == 0
    shutil.copy(ground.path / "dist/demo_package-1.2.3.tar.gz", ground.path / "dist/demo_package-1.2.2.tar.gz")


def nothing(_: Ground) -> None:
    """Let nothing be wrong but what is typed."""


# ---- the hints -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hint:
    """A hint, what produces it, and what is so once it was typed."""

    name: str
    arrange: Callable[[Ground], object]
    #: What is typed first.
    words: tuple[str, ...]
    #: A piece of what is told, which is not told again.
    refused: str
    #: The command, as a pattern over the hints.
    command: str
    #: What a user puts in the place of words that stand for something.
    fill: tuple[str, str] = ("", "")
    #: Done before the command is typed, and after it.
    before: Callable[[Ground], object] = nothing
    after: Callable[[Ground], object] = nothing
    #: The command's exit code.
    code: int = 0
    #: Whether what was typed first comes to its end afterwards; else it is enough that the command works.
    ends: bool = True
    #: Put around a hint that is a flag or an argument, not a command.
    whole: str = "{}"


TOKEN: Final = ("PYPI_API_TOKEN=…", "PYPI_API_TOKEN={token}")
OURS: Final = "release-recipes"
FILES: Final = ("--file", "dist/demo_package-1.2.3.tar.gz", "--file", "dist/demo_package-1.2.3-py3-none-any.whl")

HINTS: Final = (
    Hint("no token", no_token, CHECK, "[token]", r"\(umask 077; echo '[^']*' > \.env\)", TOKEN),
    Hint("no token, an example", no_token_but_an_example, CHECK, "[token]", r"cp [^,]*\.env(?=, )",
         after=put_the_token),
    Hint(".env is not ignored", dotenv_not_ignored, CHECK, "[clean-tree]", r"echo \.env >> \.gitignore",
         after=commit_and_push),
    Hint(".env is tracked", dotenv_tracked, CHECK, "[dotenv]", r"git rm --cached \.env", after=commit_and_push),
    Hint(".env can be read", dotenv_readable, CHECK, "[dotenv]", r"chmod 600 \.env"),
    Hint("no remote", no_remote, CHECK, "[remote]", r"git remote add origin <address>", ("<address>", "'{remote}'")),
    Hint("no remote, rehearse", no_remote, CHECK, "[remote]", rf"{OURS} rehearse", ends=False),
    Hint("up-to-date", behind, CHECK, "[up-to-date]", r"git pull --rebase --tags origin main"),
    Hint("detached HEAD", detached, CHECK, "[branch]", r"git switch main"),
    Hint("a feature branch", on_a_feature_branch, CHECK, "[branch]", r"git switch main"),
    Hint("the tag is here", tag_here, CHECK, "[tag]", r"git tag -d v1\.3\.0"),
    Hint("tag template", tag_template, CHECK, "[tag]", r'(?<=\[tool\.release\] )tag = "[^"]+"',
         whole="sed -i 's/^tag = .*/{}/' pyproject.toml", after=commit_and_push),
    Hint("on the index", on_the_index, (*RELEASE, "--dry-run"), "[on-index]", rf"{OURS} release --new-version [\d.]+\d",
         whole="{} --dry-run", ends=False),
    Hint("unknown part", nothing, ("check", "--part", "mayor"), "mayor", r"--part major", whole=f"{OURS} check {{}}",
         ends=False),
    Hint("version not valid", nothing, ("check", "--new-version", "two"), "'two'", r"\d+\.\d+\.\d+(?= or)",
         whole=f"{OURS} check --new-version {{}}", ends=False),
    Hint("version not greater", nothing, ("check", "--new-version", "1.2.2"), "[greater]", r"--part none",
         whole=f"{OURS} check {{}}", code=1, ends=False),
    Hint("nothing said", nothing, ("release", "--skip-tests"), "no terminal", r"--part patch",
         whole=f"{OURS} release --skip-tests {{}}", ends=False),
    Hint("--dry", nothing, (*RELEASE, "--dry"), "--dry", rf"{OURS} release --dry-run", whole="{} --part minor",
         ends=False),
    Hint("release minor", nothing, ("release", "minor"), "'minor'", rf"{OURS} release --part minor",
         whole="{} --skip-tests", ends=False),
    Hint("a bump to the same version", nothing, ("bump", "--new-version", "1.2.3"), "1.2.3", r"--part patch",
         whole=f"{OURS} bump {{}}", ends=False),
    Hint("tests fail", tests_fail, RELEASE[:3], "tests failed", r"--skip-tests",
         whole=f"{OURS} release --part minor {{}}", ends=False),
    Hint("shallow", shallow, CHECK, "[structure]", r"git fetch --unshallow"),
    Hint("a merge is under way", under_way("merge"), CHECK, "[structure]", r"git merge --abort"),
    Hint("a rebase is under way", under_way("rebase"), CHECK, "[structure]", r"git rebase --abort"),
    Hint("no name", nobody("name"), CHECK, "[identity]", r'git config user\.name "…"', ("…", "Ada")),
    Hint("no e-mail address", nobody("email"), CHECK, "[identity]", r'git config user\.email "…"',
         ("…", "ada@example.org")),
    Hint("a version file is not tracked", version_file_not_tracked, CHECK, "[version-files]",
         r"git add --force local\.txt", after=commit_and_push),
    Hint("no distributions", nothing, ("validate",), "dist/", rf"{OURS} build"),
    Hint("no such distribution", nothing, ("validate", *FILES), "dist/",
         rf"{OURS} build"),
    Hint("a release waits: resume", killed_at("push"), RELEASE, "1.3.0 is not finished", rf"{OURS} resume", ends=False),
    Hint("a release waits: abandon", killed_at("upload"), RELEASE, "1.3.0 is not finished", rf"{OURS} abandon"),
    Hint("abandon wants --yes", killed_at("push"), ("abandon",), "stays public", rf"{OURS} abandon --yes"),
    Hint("resume instead of abandon", killed_at("push"), ("abandon",), "stays public", rf"{OURS} resume"),
    Hint("another address", another_address, ("resume",), "example.org", r"git remote set-url origin .*(?=, then)"),
    Hint("another tag", another_tag, ("resume",), "v1.3.0 on origin", r"git push origin :refs/tags/v1\.3\.0"),
    Hint("claimed elsewhere", claimed_elsewhere, ("resume",), "was claimed by", rf"{OURS} abandon", code=3,
         ends=False),
    Hint("the push is refused: resume", the_remote_refuses_the_tag, ("resume",), "refused the push", rf"{OURS} resume",
         before=hook_gone),
    Hint("the push is refused: abandon", the_remote_refuses_the_tag, ("resume",), "refused the push",
         rf"{OURS} abandon --yes"),
    Hint("the claim is kept", the_remote_keeps_the_claim, ("abandon",), "refuses to delete",
         r"git push origin :refs/release-recipes/v1\.3\.0", before=hook_gone),
    Hint("the claim is kept: abandon --yes", the_remote_keeps_the_claim, ("abandon",), "refuses to delete",
         rf"{OURS} abandon --yes", ends=False),
)  # fmt: skip


def of(done: Result) -> str:
    """Return all hints that were told."""
    return "\n".join(line.strip() for line in (done.out + done.err).splitlines() if "→" in line)


def errors(done: Result) -> str:
    """Return what was told but hints."""
    lines = (done.out + done.err).splitlines()
    return "\n".join(line for line in lines if line.startswith(("error", "warning", "This", "The")))


@pytest.mark.parametrize("hint", HINTS, ids=lambda hint: hint.name)
def test_a_hint_is_a_command_that_works(hint: Hint, ground: Ground) -> None:
    """The command that a hint shows can be typed where it is shown, and what was refused gets further."""
    hint.arrange(ground)
    first = ground.run(*hint.words)
    found = re.search(hint.command, of(first))
    assert found, first.out + first.err
    assert hint.refused in errors(first), first.out + first.err
    old, new = hint.fill
    new = new.format(token=ground.index.token, remote=ground.repository.remote)
    typed = found[0].replace(old, new) if old else found[0]
    hint.before(ground)
    done = ground.shell(hint.whole.replace("{}", typed))
    assert done.returncode == hint.code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    hint.after(ground)
    again = ground.run(*hint.words)
    if hint.ends:
        assert hint.refused not in errors(again), again.out + again.err
        assert again.code == 0, again.out + again.err


def test_the_way_out_of_a_lost_machine(ground: Ground) -> None:
    """From the claim of a machine that is lost, the hints lead through both abandons to a next release."""
    claimed_elsewhere(ground)
    refused = ground.run(*CHECK)
    assert "[claim]" in refused.err
    command = re.search(rf"{OURS} abandon", of(refused))
    assert command
    told = ground.shell(command[0])
    assert told.returncode == 3
    command = re.search(rf"{OURS} abandon --yes", told.stderr)
    assert command
    assert ground.shell(command[0]).returncode == 0
    assert ground.run(*CHECK).code == 0


def test_the_folder_of_the_project(ground: Ground) -> None:
    """At the top of a repository that is no package, what is told names the one in the folder."""
    in_a_folder(ground)
    named = re.search(r"--project ('[^']+'|\S+)", of(ground.run(*CHECK)))
    assert named
    assert ground.shell(f"{OURS} check --part minor {named[0]}").returncode == 0


def test_the_top_of_the_repository(ground: Ground) -> None:
    """From a package's folder, the command that is told leads to where several packages are released."""
    in_a_folder(ground)
    several = "release --all-changed --part minor --dry-run"
    refused = Cli(HURRIED)(*several.split(), cwd=ground.path / "my package", env=ground.env)
    command = re.search(r"cd ('[^']+'|\S+)", of(refused))
    assert command
    assert ground.shell(f"cd 'my package' && {command[0]} && {OURS} {several}").returncode == 0


def test_what_is_merged_by_hand(ground: Ground) -> None:
    """Where the branch is protected, the command that is told brings the release commit in."""
    ground.hook('case "$1" in refs/heads/main) exit 1;; esac')
    done = ground.run(*RELEASE)
    assert done.code == 0, done.err
    command = re.search(r"git fetch origin release/v1\.3\.0 && git merge FETCH_HEAD", done.out)
    assert command, done.out
    assert ground.shell(command[0]).returncode == 0
    assert ground.repository.head == ground.repository.remote_refs()["refs/tags/v1.3.0^{}"]


def test_there_are_as_many_as_the_docstring_says() -> None:
    """The number of hints is the one in the docstring."""
    assert re.findall(r"Each of the (\d+) hints", str(__doc__)) == [str(len(HINTS))]
