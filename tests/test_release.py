"""A release from end to end: what is there afterwards, and what is not."""

import hashlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.cli import Cli, Result
from support.environment import Environment
from support.index import DevpiIndex, PypiServer
from support.projects import TASKS, Kind, quick_files
from support.released import VERSION_FILES, released, waiting
from support.repository import Repository

MakeRepository = Callable[..., Repository]


@pytest.fixture
def repository(quick: Repository) -> Repository:
    """Return a project whose release makes the fewest steps."""
    return quick


def pip_install(requirement: str, index_url: str, folder: Path) -> str:
    """Install with pip from one index into a folder, and return the version that the package says."""
    pip = [sys.executable, "-m", "pip", "--isolated", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    installed = subprocess.run(
        [*pip, "--no-cache-dir", f"--target={folder}", f"--index-url={index_url}", requirement],
        check=False,
        capture_output=True,
        encoding="utf-8",
    )
    assert installed.returncode == 0, installed.stderr
    said = subprocess.run(
        [sys.executable, "-c", "import demo; print(demo.__version__)"],
        cwd=folder,
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    return said.stdout.strip()


@pytest.mark.parametrize("kind", ["bare", "setuptools", "hatchling", "flit"])
def test_a_minor_release_of_each_kind(
    kind: Kind, make_repository: MakeRepository, index: PypiServer, cli: Cli, isolated_environment: Environment
) -> None:
    """A release is on the index, and its commit and tag are on the remote, whatever builds the project."""
    repository = make_repository(kind=kind, noxfile=True)
    result = cli("release", "--part", "minor", cwd=repository.path)
    assert result.code == 0, result.err
    released(repository, index, isolated_environment.temporary)
    for name, text in VERSION_FILES[kind].items():
        assert text in (repository.path / name).read_text(encoding="utf-8")
    changed = repository.git("show", "--name-only", "--format=", "HEAD").splitlines()
    assert changed == sorted(VERSION_FILES[kind])


def test_pip_installs_what_invoke_released(
    make_repository: MakeRepository,
    index: PypiServer,
    invoke: Cli,
    isolated_environment: Environment,
    tmp_path: Path,
) -> None:
    """A project with a tasks.py of one line is released by Invoke, and pip gets the new version."""
    repository = make_repository(noxfile=True, files={"tasks.py": TASKS})
    result = invoke("release", "--part", "minor", "--skip-tests", cwd=repository.path)
    assert result.code == 0, result.err
    released(repository, index, isolated_environment.temporary)
    assert pip_install("demo-package", index.index_url, tmp_path / "site") == "1.3.0"


def test_a_release_into_devpi(
    repository: Repository, devpi: DevpiIndex, cli: Cli, isolated_environment: Environment
) -> None:
    """An index with users instead of tokens, and with its simple API elsewhere, is released to all the same."""
    result = cli("release", "--part", "minor", "--skip-tests", cwd=repository.path, env=devpi.settings)
    assert result.code == 0, result.err
    released(repository, devpi, isolated_environment.temporary)


# -- what is released --------------------------------------------------------------------------------------------------


def settings(repository: Repository, text: str) -> None:
    """Put lines under `[tool.release]`, the last table of a quick project, and commit and push them."""
    path = repository.path / "pyproject.toml"
    path.write_text(f"{path.read_text(encoding='utf-8')}{text}\n", encoding="utf-8")
    repository.commit("build: settings of the release")
    repository.git("push", "--quiet")


def test_the_version_as_it_stands(repository: Repository, index: PypiServer, cli: Cli) -> None:
    """`--part none` releases HEAD without a bump and without a commit, as after a merged bump or for the first time."""
    repository.git("tag", "--delete", "v1.2.3")
    repository.git("push", "--quiet", "origin", ":refs/tags/v1.2.3")
    head = repository.head
    result = cli("release", "--part", "none", "--skip-tests", "--json", cwd=repository.path)
    assert result.code == 0, result.err
    assert repository.head == head
    assert repository.remote_refs() == {
        "refs/heads/main": head,
        "refs/tags/v1.2.3": repository.git("rev-parse", "refs/tags/v1.2.3"),
        "refs/tags/v1.2.3^{}": head,
    }
    assert index.files().keys() == {"demo_package-1.2.3-py3-none-any.whl", "demo_package-1.2.3.tar.gz"}
    told = result.json
    assert (told["outcome"], told["prior_version"], told["version"], told["commit"]) == (
        "released",
        "1.2.3",
        "1.2.3",
        head,
    )
    steps = {step["name"] for step in told["steps"] if step["state"] == "done"}
    assert steps >= {"check", "build", "inspect", "tag", "claim", "upload", "push", "verify", "update-branch"}
    left_out = {step["name"] for step in told["steps"] if step["state"] == "left out"}
    assert left_out >= {"bump", "hooks", "commit", "test", "github"}


@pytest.mark.parametrize("configured", [True, False], ids=["bump-my-version", "found"])
def test_an_explicit_version(
    configured: bool,
    make_repository: MakeRepository,
    index: PypiServer,
    cli: Cli,
    isolated_environment: Environment,
) -> None:
    """A version that no part gives is released as it is said, with a bump configuration or without one."""
    repository = make_repository(noxfile=True, files=quick_files() | ({} if configured else {".bumpversion.toml": ""}))
    variables = {"MCP_VERSION": "2.0.0rc1"}
    result = cli("release", "--skip-tests", "--yes", cwd=repository.path, env=variables)
    assert result.code == 0, result.err
    released(repository, index, isolated_environment.temporary, version="2.0.0rc1")
    readme = (repository.path / "README.md").read_text(encoding="utf-8")
    assert "install demo-package==2.0.0rc1`. It gets on well with `other-package==1.2.3`." in readme


@pytest.mark.parametrize(
    ("arguments", "variables", "told"),
    [
        (["--part", "major"], {}, "demo-package 1.2.3 → 2.0.0 (--part major)"),
        (
            ["--part", "minor"],
            {"RELEASE_VERSION": "3.0.0"},
            "demo-package 1.2.3 → 1.3.0 (--part minor, over 3.0.0 of environment RELEASE_VERSION)",
        ),
        ([], {}, "demo-package 1.2.3 → 1.2.4 (default: patch)"),
        ([], {"RELEASE_VERSION": "3.0.0"}, "demo-package 1.2.3 → 3.0.0 (environment RELEASE_VERSION)"),
    ],
)
@pytest.mark.usefixtures("index")
def test_a_dry_run_shows_where_the_version_came_from(
    arguments: list[str],
    variables: dict[str, str],
    told: str,
    repository: Repository,
    cli: Cli,
    isolated_environment: Environment,
) -> None:
    """A dry run shows prior and planned version with its origin, builds nothing and leaves nothing."""
    before = repository.snapshot()
    result = cli("release", "--dry-run", *arguments, cwd=repository.path, env=variables)
    assert result.code == 0, result.err
    assert told in result.out.splitlines()
    assert repository.snapshot() == before
    assert not list(isolated_environment.temporary.iterdir())


def test_a_dry_run_says_what_each_step_would_do(repository: Repository, index: PypiServer, cli: Cli) -> None:
    """A dry run shows how the version files change, and what each step does; only questions reach the index."""
    result = cli("release", "--part", "minor", "--dry-run", cwd=repository.path)
    lines = [line.strip() for line in result.out.splitlines()]
    sentence = f"upload the files that the index does not have to {index.upload_url} with twine, the sdist last"
    for line in (
        '-__version__ = "1.2.3"',
        '+__version__ = "1.3.0"',
        "• hooks              left out: no pre_release_hooks are set",
        "• commit             $ git commit --quiet --cleanup=verbatim --file=-",
        "release: v1.3.0",
        "• test               $ python -P -m nox --report '<workspace>/tests.json' --stop-on-first-error -s test",
        "• build              $ python -P -m nox --stop-on-first-error -s build",
        "repack the sdist, so that two builds are identical",
        "• tag                $ git tag --annotate --cleanup=verbatim --file=- v1.3.0 '<commit>'",
        f"• upload             {sentence}",
        "$ git update-ref refs/tags/v1.3.0 '<tag object>' ''",
    ):
        assert line in lines
    assert set(index.requests) == {"GET /simple/demo-package/ 404"}


# -- settings ----------------------------------------------------------------------------------------------------------


def test_templates_of_the_settings_win(make_repository: MakeRepository, index: PypiServer, cli: Cli) -> None:
    """The project's own templates win over bump-my-version's, and these over the defaults."""
    bumpversion = (
        '[tool.bumpversion]\ncurrent_version = "1.2.3"\ntag_name = "never-{new_version}"\n'
        'message = "Bump {current_version} to {new_version}"\n'
        '[[tool.bumpversion.files]]\nfilename = "pyproject.toml"\n'
    )
    repository = make_repository(noxfile=True, files=quick_files() | {".bumpversion.toml": bumpversion})
    settings(repository, 'tag = "demo/{version}"\ncommit_body = ""')
    result = cli("release", "--part", "minor", "--skip-tests", cwd=repository.path)
    assert result.code == 0, result.err
    assert repository.git("log", "-1", "--format=%B") == "Bump 1.2.3 to 1.3.0\n"
    assert repository.git("tag", "--points-at", "HEAD") == "demo/1.3.0"
    assert repository.remote_refs()["refs/tags/demo/1.3.0^{}"] == repository.head
    assert repository.git("for-each-ref", "refs/release-recipes") == ""
    assert len(index.files()) == 2


@pytest.mark.usefixtures("index")
def test_a_template_that_cannot_be_filled(repository: Repository, cli: Cli) -> None:
    """A field that there is not is wrong usage, with the fields that there are."""
    settings(repository, 'tag = "v{verison}"')
    result = cli("check", cwd=repository.path)
    assert (result.code, result.err) == (
        2,
        (
            "error: The template 'v{verison}' of tag is not valid: 'verison'.\n"
            "   → Use only these fields: {version}, {new_version}, {current_version}, {prior_version}, {name}.\n"
        ),
    )


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize("task", ["release", "rehearse", "check", "bump"])
@pytest.mark.parametrize("flag", ["--part", "--new-version"])
def test_a_flag_without_a_value(flag: str, task: str, repository: Repository, cli: Cli) -> None:
    """A flag whose value is empty, such as an empty variable in CI, is wrong usage, and not the default."""
    before = repository.snapshot()
    result = cli(task, flag, "", cwd=repository.path)
    assert (result.code, result.err) == (2, f"error: {flag} is empty.\n   → Give {flag} a value, or omit it.\n")
    assert repository.snapshot() == before


def test_without_a_tag(repository: Repository, index: PypiServer, cli: Cli) -> None:
    """With AUTO_GIT_TAG=false the branch is pushed, and there is no tag, here or there."""
    result = cli("release", "--part", "minor", "--skip-tests", cwd=repository.path, env={"AUTO_GIT_TAG": "false"})
    assert result.code == 0, result.err
    assert repository.git("tag", "--list") == "v1.2.3"
    assert {ref: name for ref, name in repository.remote_refs().items() if "v1.2.3" not in ref} == {
        "refs/heads/main": repository.head
    }
    assert repository.git("log", "-1", "--format=%s") == "release: v1.3.0"
    assert len(index.files()) == 2


@pytest.mark.parametrize("flag", [["--skip-tests"], []])
def test_distributions_that_are_kept_and_tests_that_are_not_run(
    flag: list[str], make_repository: MakeRepository, index: PypiServer, cli: Cli
) -> None:
    """With CLEAN_BUILD_ARTIFACTS=false what was released lies in `dist/`; tests that are off are not run."""
    repository = make_repository(noxfile=True, files=quick_files() | {"tests/test_demo.py": "raise SystemExit(1)\n"})
    variables = {"CLEAN_BUILD_ARTIFACTS": "false", **({} if flag else {"RUN_TESTS_BEFORE_UPLOAD": "no"})}
    result = cli("release", "--part", "minor", *flag, cwd=repository.path, env=variables)
    assert result.code == 0, result.err
    kept = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (repository.path / "dist").iterdir()}
    assert kept.pop(".gitignore")  # what is kept makes no working tree unclean
    assert kept == index.files()
    assert len(kept) == 2
    assert repository.git("status", "--porcelain") == ""


def test_hooks_join_the_release_commit(
    make_repository: MakeRepository, index: PypiServer, cli: Cli, isolated_environment: Environment
) -> None:
    """What hooks change in tracked files is in the release commit, and shown; a file that only they know is not."""
    hook = (
        "import os, pathlib, subprocess\n"
        'changes = pathlib.Path("CHANGES.md")\n'
        'changes.write_text(changes.read_text() + os.environ["RELEASE_RECIPES_VERSION"] + "\\n")\n'
        'pathlib.Path("stray.txt").write_text("stray")\n'
        'subprocess.run(["git", "rm", "--quiet", "fragment.md"], check=True)\n'
    )
    files = {"hook.py": hook, "CHANGES.md": "# Unreleased\n", "fragment.md": "News.\n"}
    repository = make_repository(noxfile=True, files=quick_files() | files)
    settings(repository, 'pre_release_hooks = ["python hook.py"]')
    result = cli("release", "--part", "minor", "--skip-tests", cwd=repository.path)
    assert result.code == 0, result.err
    told = "changed CHANGES.md, fragment.md; not committed, because git does not track it: stray.txt\n"
    assert told in result.out
    assert repository.git("show", "--name-status", "--format=", "HEAD").splitlines() == [
        *("M\t.bumpversion.toml", "M\tCHANGES.md", "M\tREADME.md", "M\tdemo/__init__.py"),
        *("D\tfragment.md", "M\tpyproject.toml"),
    ]
    assert (repository.path / "CHANGES.md").read_text(encoding="utf-8") == "# Unreleased\n1.3.0\n"
    assert repository.git("status", "--porcelain") == ""
    assert not list(isolated_environment.temporary.iterdir())
    assert len(index.files()) == 2


def test_our_sessions_for_a_project_without_a_noxfile(
    make_repository: MakeRepository, index: PypiServer, cli: Cli, isolated_environment: Environment
) -> None:
    """A project without a noxfile is tested by pytest and built by build."""
    test = "import demo\n\n\ndef test_version():\n    assert demo.__version__ == '1.3.0'\n"
    repository = make_repository(files={"tests/test_demo.py": test})
    result = cli("release", "--part", "minor", cwd=repository.path)
    assert result.code == 0, result.out + result.err
    assert "pytest with " in result.out
    released(repository, index, isolated_environment.temporary)


# -- what stops it -----------------------------------------------------------------------------------------------------

FAILING: dict[str, tuple[dict[str, str], str]] = {
    "tests": (
        {"tests/test_demo.py": "print('a reason')\nraise SystemExit(1)\n"},
        "error: The tests failed (nox -s test).\n   → Fix them, or release without them: --skip-tests.\n",
    ),
    "build": (
        {"_backend/bare_backend.py": "raise RuntimeError('a reason')\n"},
        (
            "error: The build failed (exit code 1).\n   → See the output above, and try it in a new clone: "
            "python -P -m nox --stop-on-first-error -s build\n"
        ),
    ),
    "hook": (
        {"hook.py": "print('a reason')\nraise SystemExit(3)\n"},
        (
            "error: The pre-release hook 'python hook.py' failed (exit code 3).\n"
            "   → Fix the hook: [tool.release] pre_release_hooks in pyproject.toml\n"
        ),
    ),
    "noxfile": (
        {"noxfile.py": "raise RuntimeError('a reason')\n"},
        (
            "   → Fix noxfile.py; to check it: nox --list. To release without it: "
            '[tool.release] build_session = "", test_command = "…"\n'
        ),
    ),
}


@pytest.mark.parametrize(("files", "error"), FAILING.values(), ids=FAILING)
def test_what_fails_before_the_upload_leaves_no_trace(
    files: dict[str, str],
    error: str,
    make_repository: MakeRepository,
    index: PypiServer,
    cli: Cli,
    isolated_environment: Environment,
) -> None:
    """A failing step shows its tool's words, one sentence and one hint; the repository is as it was; the code is 1."""
    repository = make_repository(noxfile=True, files=quick_files() | files)
    if "hook.py" in files:
        settings(repository, 'pre_release_hooks = ["python hook.py"]')
    before, refs = repository.snapshot(), repository.remote_refs()
    result = cli("release", "--part", "minor", cwd=repository.path)
    assert result.code == 1
    assert result.err.endswith(error)
    assert "a reason" in result.err
    assert repository.snapshot() == before
    assert repository.remote_refs() == refs
    assert repository.git("for-each-ref", "refs/release-recipes") == ""
    assert not waiting(repository)
    assert not list(isolated_environment.temporary.iterdir())
    assert set(index.requests) == {"GET /simple/demo-package/ 404"}


@pytest.mark.skipif(sys.platform == "win32", reason="the test sends a POSIX signal")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_an_interrupted_release_leaves_no_trace(
    name: str,
    make_repository: MakeRepository,
    index: PypiServer,
    cli: Cli,
    isolated_environment: Environment,
) -> None:
    """Ctrl-C while the tests run ends them, leaves everything as it was, and says so with exit code 130."""
    begun = isolated_environment.home / "begun"
    test = f"import pathlib, time\n\npathlib.Path({str(begun)!r}).touch()\ntime.sleep(60)\n"
    repository = make_repository(noxfile=True, files=quick_files() | {"tests/test_demo.py": test})
    before = repository.snapshot()
    process = cli.start("release", "--part", "minor", "--json", cwd=repository.path)
    with process:
        while not begun.exists():
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.Signals[name])
        result = Result.of(0, *process.communicate(timeout=20))
    assert process.returncode == 130
    assert result.err.endswith(
        f"error: Interrupted by {name}; nothing is public.\n   → Run the same command to start again.\n"
    )
    assert result.json["outcome"] == "interrupted"
    assert repository.snapshot() == before
    assert not list(isolated_environment.temporary.iterdir())
    assert set(index.requests) == {"GET /simple/demo-package/ 404"}


def test_a_wrong_token_leaves_nothing_that_waits(
    repository: Repository, index: PypiServer, cli: Cli, isolated_environment: Environment
) -> None:
    """An index that refuses for good leaves nothing behind, and the release is made once the token is fixed."""
    before, refs = repository.snapshot(), repository.remote_refs()
    wrong = {"PYPI_API_TOKEN": "pypi-0123456789abcdef"}
    result = cli("release", "--part", "minor", "--skip-tests", "--json", cwd=repository.path, env=wrong)
    assert (result.code, result.json["outcome"]) == (1, "failed")
    assert "The index refused demo_package-1.3.0-py3-none-any.whl: 403" in result.err
    assert "The token is wrong" in result.err
    assert repository.snapshot() == before
    assert repository.remote_refs() == refs
    assert not waiting(repository)
    assert not index.files()
    result = cli("release", "--part", "minor", "--skip-tests", cwd=repository.path)
    assert result.code == 0, result.err
    released(repository, index, isolated_environment.temporary)


def begin_anew(folder: Path) -> None:
    """Make a repository without a commit of the project."""
    shutil.rmtree(folder / ".git")
    subprocess.run(["git", "init", "--quiet", folder], check=True)


@pytest.mark.parametrize(
    ("arrange", "code", "error"),
    [
        (
            lambda folder: (folder / "pyproject.toml").write_text("[project\n", encoding="utf-8"),
            2,
            (
                "error: pyproject.toml cannot be read: Expected ']' at the end of a table declaration "
                "(at line 1, column 9).\n   → Fix the TOML at that position.\n"
            ),
        ),
        (
            lambda folder: shutil.rmtree(folder / ".git"),
            1,
            (
                "error: This folder is not in the working tree of a git repository.\n"
                "   → Change to the folder of your project, or create a repository there: git init\n"
            ),
        ),
        (
            begin_anew,
            1,
            ("error: This repository has no commit yet.\n   → Make one: git add . && git commit\n"),
        ),
        (
            lambda folder: (folder / "pyproject.toml").unlink(),
            1,
            (
                "error: {folder} contains no Python project (no pyproject.toml, setup.py or setup.cfg).\n"
                "   → Run this in the repository of the package that you want to release.\n"
            ),
        ),
    ],
    ids=["broken pyproject", "no repository", "empty repository", "no project"],
)
@pytest.mark.parametrize("task", ["release", "status"])
def test_where_there_is_nothing_to_release(
    arrange: Callable[[Path], object], code: int, error: str, task: str, repository: Repository, cli: Cli
) -> None:
    """What is no project is told in one sentence, whatever the task."""
    arrange(repository.path)
    flags = ["--part", "minor"] if task == "release" else []
    result = cli(task, *flags, cwd=repository.path)
    assert (result.code, result.err) == (code, error.format(folder=repository.path))
