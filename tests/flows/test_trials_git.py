"""What hostile trials of 0.1.0 found about git: each test fails on what it did then.

More rows of these trials are in ``faults/test_git_faults.py``, ``flows/test_git_settings.py``, ``flows/test_push.py``
and ``flows/test_resume.py``.
"""

import json
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from release_recipes.programs.git import Git, clone, reason
from support.checking import look, problems, warnings
from support.cli import Cli
from support.environment import Environment
from support.index import PypiServer
from support.projects import quick_files
from support.released import released, waiting
from support.repository import Repository

MakeRepository = Callable[..., Repository]

RELEASE = ("release", "--part", "minor", "--skip-tests")


def configure(repository: Repository, text: str) -> None:
    """Put lines under `[tool.release]`, the last table of a quick project, and commit and push them."""
    path = repository.path / "pyproject.toml"
    path.write_text(f"{path.read_text(encoding='utf-8')}{text}\n", encoding="utf-8")
    repository.commit("build: settings of the release")
    repository.git("push", "--quiet")


# -- hooks of bump-my-version, and pushes that nobody asked for --------------------------------------------------------


def bumping(repository: Repository, *, push: bool) -> Path:
    """Give bump-my-version one hook of each kind: each leaves a mark in a folder, and one may push, too."""
    marks = repository.path.with_name("marks")
    marks.mkdir()
    path = repository.path / ".bumpversion.toml"
    lines = []
    for name in ("setup", "pre_commit", "post_commit"):
        # The address in words is the worst case: nothing of the clone is asked for it.
        pushes = [f"git push {to} HEAD:refs/heads/{name}" for to in ("origin", shlex.quote(str(repository.remote)))]
        script = repository.path.with_name(f"{name}.sh")
        script.write_text("\n".join([f"touch {shlex.quote(str(marks / name))}", *(pushes if push else []), "true\n"]))
        lines.append(f"{name}_hooks = {json.dumps([f'sh {shlex.quote(str(script))}'])}")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[tool.bumpversion]\n", "[tool.bumpversion]\n" + "\n".join(lines) + "\n"), "utf-8")
    repository.commit("build: hooks")
    repository.git("push", "--quiet")
    repository.write("local.txt", "not pushed yet\n")
    repository.commit("feat: a local commit")
    return marks


@pytest.mark.usefixtures("index")
def test_a_dry_run_runs_no_hook_of_bump_my_version(quick: Repository, cli: Cli) -> None:
    """A dry run runs none of bump-my-version's hooks, lists those that a release runs, and pushes nothing."""
    # A1
    marks, before = bumping(quick, push=True), quick.remote_refs()
    result = cli("release", "--part", "minor", "--dry-run", cwd=quick.path)
    assert result.code == 0, result.err
    assert list(marks.iterdir()) == []
    assert quick.remote_refs() == before
    listed = [line.strip() for line in result.out.splitlines() if "hook of bump-my-version: sh " in line]
    assert [line.rpartition("/")[2].strip("'") for line in listed] == ["setup.sh", "pre_commit.sh"]


@pytest.mark.usefixtures("index")
def test_a_release_runs_the_hooks_before_a_commit_only(quick: Repository, cli: Cli) -> None:
    """A release runs the hooks of bump-my-version that come before a commit, and never those after one."""
    # A1
    marks = bumping(quick, push=False)
    result = cli(*RELEASE, cwd=quick.path)
    assert result.code == 0, result.err
    assert sorted(path.name for path in marks.iterdir()) == ["pre_commit", "setup"]


@pytest.mark.parametrize("task", [("rehearse",), ("release", "--test")], ids=["rehearsal", "test"])
def test_no_hook_reaches_the_true_remote(task: tuple[str, ...], quick: Repository, known: PypiServer, cli: Cli) -> None:
    """What a hook pushes in a rehearsal or in a release to TestPyPI does not reach the true remote, by no name."""
    # A1
    marks, before = bumping(quick, push=True), quick.remote_refs()
    test = {"TEST_PYPI_REPOSITORY_URL": known.upload_url, "PYPI_TEST_TOKEN": known.token}
    result = cli(*task, "--part", "minor", "--skip-tests", cwd=quick.path, env=test)
    assert result.code == 0, result.out + result.err
    assert sorted(path.name for path in marks.iterdir()) == ["pre_commit", "setup"]
    assert quick.remote_refs() == before


def test_nothing_is_pushed_from_a_clone_of_ours(quick: Repository, tmp_path: Path) -> None:
    """A clone for one activity tells the address of the true remote, and nothing can be pushed there from it."""
    # A1
    (tmp_path / "work").mkdir()
    before = quick.remote_refs()
    made = clone(Git(quick.path), tmp_path / "work" / "clone", remote="origin")
    assert made.ask("remote", "get-url", "origin") == str(quick.remote)
    made.does("checkout", "--quiet", "--detach", "HEAD")
    for address in ("origin", str(quick.remote)):
        pushed = subprocess.run(
            ["git", "push", address, "HEAD:refs/heads/pushed"], cwd=made.path, check=False, capture_output=True
        )
        assert pushed.returncode != 0
    assert quick.remote_refs() == before


# -- versions whose parts nobody knows ---------------------------------------------------------------------------------


def test_a_part_that_no_version_has(make_repository: MakeRepository, cli: Cli, index: PypiServer) -> None:
    """It is refused with the parts that there are, without a configuration of bump-my-version, too."""
    # A2, A18
    repository = make_repository(version="0.9.0rc1", files={".bumpversion.toml": ""})
    result = cli("release", "--part", "version", "--dry-run", cwd=repository.path)
    assert (result.code, index.files()) == (2, {})
    assert result.err.endswith(
        "error: There is no part 'version' in this project's version.\n"
        "   → Use --part major | minor | patch | a | b | rc | release | dev | post | auto | none.\n"
    )


@pytest.mark.usefixtures("index")
def test_status_raises_no_epoch(make_repository: MakeRepository, cli: Cli) -> None:
    """Status offers the next versions of one with an epoch, which stays."""
    # A2
    repository = make_repository(version="1!2.0", files={".bumpversion.toml": ""})
    result = cli("status", "--json", cwd=repository.path)
    assert result.code == 0, result.err
    assert result.json["status"]["parts"] == {
        "major": "1!3.0",
        "minor": "1!2.1",
        "patch": "1!2.0.1",
        "post": "1!2.0.post1",
    }


def test_a_version_that_is_none(make_repository: MakeRepository, cli: Cli) -> None:
    """A standing version that is not one of PEP 440 is called so, and not a version without that part."""
    # B10
    repository = make_repository(version="one.six", files={".bumpversion.toml": ""})
    result = cli("release", "--part", "patch", "--dry-run", cwd=repository.path)
    assert result.code == 2
    assert "'one.six' (from the project) is not a valid version (PEP 440)." in result.err


# -- tests that did not run --------------------------------------------------------------------------------------------

SKIPS = "import nox\n\n\n@nox.session(venv_backend='none')\ndef test(session):\n    {}\n"
TWO = (
    "import nox\n\n\n@nox.session(venv_backend='none')\n@nox.parametrize('number', [1, 2])\n"
    "def test(session, number):\n    if number == 2:\n        session.skip('not here')\n"
)


@pytest.mark.parametrize(
    ("noxfile", "code", "told"),
    [
        (SKIPS.format("session.skip('not here')"), 1, "No test was run (nox -s test): test (not here)."),
        (TWO, 0, "The session test(number=2) (not here) was skipped, so its tests did not run."),
    ],
    ids=["all", "some"],
)
def test_sessions_that_were_skipped(
    noxfile: str, code: int, told: str, make_repository: MakeRepository, known: PypiServer, cli: Cli
) -> None:
    """Sessions that nox skipped did not test: where all were, the release stops, and where some were, it is told."""
    # A4
    build = (
        "\n\n@nox.session(venv_backend='none')\ndef build(session):\n    session.run('python', '-m', 'build', '-n')\n"
    )
    repository = make_repository(files={**quick_files(), "noxfile.py": noxfile + build})
    result = cli("release", "--part", "minor", cwd=repository.path)
    assert result.code == code, result.err
    assert told in result.out + result.err
    assert bool([name for name in known.files() if "1.3.0" in name]) == (code == 0)


def test_tests_that_are_not_there(make_repository: MakeRepository, known: PypiServer, cli: Cli) -> None:
    """A test session that finds no test stops the release, and it is told that there is none."""
    # A4
    run = "session.run('python', '-m', 'pytest', '-q')"
    repository = make_repository(files={**quick_files(), "noxfile.py": SKIPS.format(run), "tests/test_demo.py": ""})
    result = cli("release", "--part", "minor", cwd=repository.path)
    assert result.code == 1
    assert "No test was found (nox -s test)." in result.err
    assert not [name for name in known.files() if "1.3.0" in name]


# -- settings of git ---------------------------------------------------------------------------------------------------


def test_the_time_of_a_signed_commit_is_a_number(
    quick: Repository, known: PypiServer, cli: Cli, tmp_path: Path
) -> None:
    """A user who signs, and has git show signatures, releases: SOURCE_DATE_EPOCH has digits only."""
    # A11
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    signers = tmp_path / "signers"
    signers.write_text(f"ada@example.org {key.with_suffix('.pub').read_text(encoding='utf-8')}", encoding="utf-8")
    for name, value in {
        "gpg.format": "ssh",
        "user.signingkey": f"{key}.pub",
        "gpg.ssh.allowedSignersFile": str(signers),
        "commit.gpgsign": "true",
        "log.showSignature": "true",
    }.items():
        quick.git("config", "--global", name, value)
    result = cli(*RELEASE, cwd=quick.path)
    assert result.code == 0, result.err
    assert [name for name in known.files() if "1.3.0" in name]


@pytest.mark.usefixtures("known")
def test_the_remote_is_the_one_that_git_pushes_to(quick: Repository, cli: Cli) -> None:
    """A release goes to the remote that git pushes the branch to, and the plan says which one and why."""
    # E8
    fork = quick.path.with_name("fork.git")
    quick.git("init", "--quiet", "--bare", str(fork))
    quick.git("remote", "rename", "origin", "upstream")
    quick.git("remote", "add", "origin", str(fork))
    quick.git("config", "remote.pushDefault", "upstream")
    result = cli(*RELEASE, cwd=quick.path)
    assert result.code == 0, result.err
    assert quick.git("ls-remote", str(fork)) == ""
    assert "refs/tags/v1.3.0" in quick.remote_refs()
    assert "v1.3.0 on upstream (remote.pushDefault)" in cli("release", "--dry-run", cwd=quick.path).out.replace(
        "1.3.1", "1.3.0"
    )


# -- output that nobody reads ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reader", ["sed q", "true", "head -c 1"])
def test_a_pipe_that_closes_stops_no_release(
    reader: str, quick: Repository, index: PypiServer, isolated_environment: Environment
) -> None:
    """A release whose standard output nobody reads any more goes on, and ends right."""
    # A13
    command = f"{{ {shlex.join([*Cli().command, *RELEASE, '--yes'])}; echo $? >&2; }} | {reader}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=quick.path, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.stderr.splitlines()[-1] == "0", done.stderr
    assert "Traceback" not in done.stderr
    released(quick, index, isolated_environment.temporary)


def test_a_pipe_that_closes_before_an_error(quick: Repository, index: PypiServer) -> None:
    """An error is told on standard error with its exit code although standard output is closed."""
    # A13
    quick.write("notes.txt", "not committed\n")
    command = f"{{ {shlex.join([*Cli().command, *RELEASE, '--yes'])}; echo $? >&2; }} | true"
    done = subprocess.run(
        ["bash", "-c", command], cwd=quick.path, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.stderr.splitlines()[-1] == "1"
    assert "The working tree is not clean: notes.txt." in done.stderr
    assert index.files() == {}


# -- ordinary projects -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("setup.cfg", "[metadata]\nauthor = Jürgen Müller\n".encode("latin-1")),
        (".bumpversion.toml", b"# see [tool.bumpversion] in pyproject.toml\n"),
    ],
)
@pytest.mark.usefixtures("index")
def test_files_beside_the_configuration_are_no_bug(
    name: str, content: bytes, make_repository: MakeRepository, cli: Cli
) -> None:
    """A file in another encoding, or one that only speaks of the configuration, stops no task."""
    # A16
    text = quick_files()["pyproject.toml"]
    bumpversion = (
        '\n[tool.bumpversion]\ncurrent_version = "1.2.3"\n[[tool.bumpversion.files]]\nfilename = "demo/__init__.py"\n'
    )
    repository = make_repository(noxfile=True, files={"pyproject.toml": text + bumpversion, ".bumpversion.toml": ""})
    (repository.path / name).write_bytes(content)
    repository.commit("build: another file")
    repository.git("push", "--quiet")
    for task in (("status",), ("release", "--part", "minor", "--dry-run")):
        result = cli(*task, cwd=repository.path)
        assert "has a bug" not in result.err
        assert result.code == 0, result.err


# -- hints that are followed literally ---------------------------------------------------------------------------------


def shell(command: str, folder: Path) -> None:
    """Type a command."""
    subprocess.run(["bash", "-c", command], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize("template", [False, True])
def test_the_hint_for_a_missing_token_works(
    template: bool, quick: Repository, known: PypiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the hint for a missing token says can be typed in any project, and makes a file for its owner alone."""
    # A17, B4
    if template:
        quick.write(".env.example", "PYPI_API_TOKEN=pypi-your-token-here\n")
        quick.commit("docs: a template")
        quick.git("push", "--quiet")
    monkeypatch.delenv("PYPI_API_TOKEN")
    (told,) = problems(look(quick.path))
    assert "cp .env.example" in told.hint if template else "cp " not in told.hint
    command = told.hint.partition("or: ")[2].partition(", then")[0]
    shell(command, quick.path)
    written = quick.path / ".env"
    assert written.stat().st_mode & 0o777 == 0o600
    # What was written is still a placeholder, so nothing is sent with it.
    (told,) = problems(look(quick.path))
    assert (told.message, told.hint.partition("or: ")[2]) == (
        f"There is no token for {known.upload_url} (PYPI_API_TOKEN holds a placeholder).",
        "Put PYPI_API_TOKEN=… into .env",
    )
    written.write_text(f"PYPI_API_TOKEN={known.token}\n", encoding="utf-8")
    assert problems(look(quick.path)) == []


@pytest.mark.usefixtures("known")
def test_a_dotenv_that_git_does_not_ignore(quick: Repository) -> None:
    """A .env that is neither tracked nor ignored is not to be committed or stashed, and the hint puts it in order."""
    # A17
    (quick.path / ".gitignore").write_text("/dist/\n/build/\n__pycache__/\n", encoding="utf-8")
    quick.commit("build: ignore less")
    quick.git("push", "--quiet")
    quick.write(".env", "VERBOSE_OUTPUT=false\n").chmod(0o600)
    (told,) = problems(look(quick.path))
    assert told.check == "clean-tree"
    assert "commit the changes" not in told.hint.lower()
    assert "git stash" not in told.hint
    shell(told.hint.rpartition(": ")[2], quick.path)
    quick.commit("build: ignore .env")
    quick.git("push", "--quiet")
    assert "?? .env" not in quick.git("status", "--porcelain")
    assert ".env" not in quick.git("ls-files").splitlines()
    assert problems(look(quick.path)) == []


def test_another_build_of_a_version_on_testpypi(quick: Repository, known: PypiServer, cli: Cli) -> None:
    """A second build of a version for TestPyPI fails with exit 1, and its hint names a version that can be had."""
    # A17
    test = {"TEST_PYPI_REPOSITORY_URL": known.upload_url, "PYPI_TEST_TOKEN": known.token}
    command = ("release", "--test", "--skip-tests")
    first = cli(*command, "--part", "minor", cwd=quick.path, env=test)
    assert first.code == 0, first.err
    quick.write("demo/more.py", "MORE = 1\n")
    quick.commit("feat: more")
    second = cli(*command, "--part", "minor", cwd=quick.path, env=test)
    assert second.code == 1
    assert "abandon" not in second.err
    assert "resume" not in second.err
    version = second.err.partition("--new-version ")[2].split()[0].rstrip(".,;")
    third = cli(*command, "--new-version", version, cwd=quick.path, env=test)
    assert third.code == 0, third.err


# -- smaller ones ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("output", "why"),
    [
        (
            (
                "To /srv/remote.git\n!\t:refs/release-recipes/v1\t[remote rejected] (atomic push failure)\n"
                "remote: tags are made by the release team        \nremote: error: hook declined\nDone\n"
                "error: failed to push some refs to '/srv/remote.git'\n"
            ),
            "tags are made by the release team error: hook declined.",
        ),
        (
            "no pushing on fridays\nerror: failed to push some refs to '/srv/remote.git'\n",
            "no pushing on fridays.",
        ),
        ("To /srv/remote.git\n!\trefs/heads/main:refs/heads/main\t[rejected] (stale info)\nDone\n",
         "! refs/heads/main:refs/heads/main [rejected] (stale info)."),
    ],
    ids=["server", "hook", "git"],
)  # fmt: skip
def test_why_a_push_was_refused(output: str, why: str) -> None:
    """The words of the server or of the hook are told, before those of git."""
    # A18
    assert reason(output) == why


@pytest.mark.usefixtures("known")
def test_a_branch_named_release_is_in_the_way(quick: Repository, cli: Cli) -> None:
    """Where the remote has a branch `release`, the commit goes to a branch beside it that git can make."""
    # A18
    quick.git("push", "--quiet", "origin", "HEAD:refs/heads/release")
    hook = quick.remote / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\ncase "$1" in refs/heads/main) exit 1;; esac\n', encoding="utf-8")
    hook.chmod(0o755)
    result = cli(*RELEASE, cwd=quick.path)
    assert result.code == 0, result.err
    assert quick.remote_refs()["refs/heads/release-v1.3.0"] == quick.remote_refs()["refs/tags/v1.3.0^{}"]
    assert quick.head != quick.remote_refs()["refs/tags/v1.3.0^{}"]  # the local branch stays with the remote's
    assert not waiting(quick)


@pytest.mark.usefixtures("known")
def test_a_local_tag_of_another_commit_is_told(quick: Repository, cli: Cli) -> None:
    """Without a tag to push, a local tag of that name is no reason to stop."""
    # A18
    quick.git("tag", "v1.3.0", "HEAD~1")
    stopped = cli(*RELEASE, cwd=quick.path)
    assert (stopped.code, "git tag -d v1.3.0" in stopped.err) == (1, True)
    result = cli(*RELEASE, cwd=quick.path, env={"AUTO_GIT_TAG": "false"})
    assert result.code == 0, result.err
    assert "refs/tags/v1.3.0" not in quick.remote_refs()


@pytest.mark.usefixtures("known")
def test_a_hook_that_makes_a_commit_of_its_own(quick: Repository, cli: Cli) -> None:
    """A hook that commits stops the release with words that say so."""
    # A18
    configure(quick, 'pre_release_hooks = ["git commit --quiet --all --message=mine"]')
    result = cli(*RELEASE, cwd=quick.path)
    assert result.code == 1
    assert "A pre-release hook made a commit" in result.err
    assert "Remove the commit from the hook" in result.err


@pytest.mark.usefixtures("known")
@pytest.mark.red("version-files")
def test_a_version_file_that_git_ignores(make_repository: MakeRepository) -> None:
    """A version file that git does not track is told before a release, with how to change that."""
    # A18
    files = {**quick_files(), ".bumpversion.toml": ""}
    files["pyproject.toml"] += 'version_files = ["pyproject.toml", "demo/_version.py"]\n'
    repository = make_repository(noxfile=True, files=files)
    repository.write(".gitignore", f"{(repository.path / '.gitignore').read_text(encoding='utf-8')}_version.py\n")
    repository.commit("build: ignore it")
    repository.git("push", "--quiet")
    repository.write("demo/_version.py", '__version__ = "1.2.3"\n')
    (told,) = problems(look(repository.path))
    assert told.check == "version-files"
    assert (
        told.message
        == "The version file demo/_version.py is not tracked by git, so the clone for the build does not have it."
    )
    assert "git add --force demo/_version.py" in told.hint


@pytest.mark.usefixtures("known")
@pytest.mark.green("version-files")
def test_a_version_file_outside_of_the_repository(repository: Repository) -> None:
    """A file that may be missing, and is, is no reason to stop, wherever it would be."""
    entry = '\n[[tool.bumpversion.files]]\nfilename = "../gone.txt"\nignore_missing_file = true\n'
    with (repository.path / ".bumpversion.toml").open("a", encoding="utf-8") as file:
        file.write(entry)
    repository.commit("build: keep a copy elsewhere")
    repository.git("push", "--quiet")
    assert problems(look(repository.path)) == []


@pytest.mark.usefixtures("known")
@pytest.mark.red("branch")
def test_a_wrong_branch_is_not_offered_to_be_made(quick: Repository) -> None:
    """A release from a feature branch is refused, and nothing promises to make that branch on the remote."""
    # B9
    quick.git("switch", "--quiet", "--create", "feature")
    outcome = look(quick.path)
    assert [told.check for told in problems(outcome)] == ["branch"]
    assert [told for told in warnings(outcome) if told.check == "up-to-date"] == []
