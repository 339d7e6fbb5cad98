"""What a user at a terminal meets who types a wrong word, too early, or in a wrong place."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from support.cli import HURRIED, INVOKE, RELEASE_RECIPES, Cli, posix, without_log
from support.faulty import UNAVAILABLE, FaultyIndex
from support.index import PypiServer
from support.projects import TASKS, quick_files
from support.repository import Repository

MakeRepository = Callable[..., Repository]

RELEASE = ("release", "--part", "minor", "--skip-tests", "--yes")
SCRIPT = str(Path(sys.executable).parent / "release-recipes")


@pytest.fixture
def adopted(make_repository: MakeRepository) -> Repository:
    """Return a quick project that has a `tasks.py`."""
    return make_repository(noxfile=True, files=quick_files() | {"tasks.py": TASKS})


# ---- wrong usage -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["-R", *RELEASE], {}),
        ([*RELEASE, "--dry"], {}),
        (["-w", *RELEASE], {}),
        (RELEASE, {"INVOKE_RUN_DRY": "1"}),
    ],
    ids=["-R", "--dry", "-w", "INVOKE_RUN_DRY"],
)
@pytest.mark.parametrize("command", [RELEASE_RECIPES, INVOKE], ids=["release-recipes", "invoke"])
def test_flags_of_invoke_that_look_like_ours(
    command: Sequence[str], arguments: Sequence[str], variables: dict[str, str], adopted: Repository, known: PypiServer
) -> None:
    """What Invoke means by a dry run, or by a warning instead of a failure, releases nothing and is wrong usage."""
    before = adopted.remote_refs()
    done = Cli(command)(*arguments, cwd=adopted.path, env=variables)
    assert done.code == 2, done.out
    assert "error: Invoke's own --" in done.err
    program = "invoke" if command is INVOKE else "release-recipes"
    assert ("-w" in arguments) or f"{program} release --dry-run" in done.err
    assert known.requests == []
    assert adopted.remote_refs() == before


def test_a_dry_flag_on_a_task_without_a_dry_run(adopted: Repository, cli: Cli) -> None:
    """The hint names no flag that the task does not have."""
    done = cli("status", "--dry", cwd=adopted.path)
    assert done.code == 2
    assert "--dry-run" not in done.err


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["release", "--par", "minor"], "--part"),
        (["release", "--minro"], "--minor"),
        (["relase"], "release-recipes release"),
        (["release", "minor"], "release-recipes release --part minor"),
        (["release", "patch"], "release-recipes release --part patch"),
        (["release", "1.3.0"], "release-recipes release --new-version 1.3.0"),
        (["release", "--dryrun"], "--dry-run"),
        (["release", "--part"], "--part VALUE"),
        (["deploy"], "release-recipes --list"),
        (["version"], "--version"),
        (["setup"], "release-recipes --list"),
        (["init", "--onli", "workflows"], "--only"),
        (["validate", "foo.whl"], "release-recipes validate --file foo.whl"),
        (["release", "foo.whl"], "release-recipes validate --file foo.whl"),
        (["rehearse", "--all-chnged"], ": --all-changed"),
        (["release", "--all"], ": --all-changed"),
        (["rehearse", "--test"], "It is a flag of release, publish, check, upload, notify."),
        (["status", "--verfy"], "release-recipes history --verify"),
        (["publish", "v1.6"], "release-recipes publish --tag v1.6"),
        (["release", "v1.6"], "release-recipes release --new-version 1.6"),
        (["release", "--wheels"], "It is a setting, for [tool.release] in pyproject.toml: wheels"),
        (["release", "--projects", "a", "b"], "Write a list with commas: --projects a,b"),
        (["release", "--zzz"], "release-recipes release --help"),
        (["--versoin"], "release-recipes --version"),
    ],
    ids=" ".join,
)
def test_a_word_that_is_none(arguments: list[str], hint: str, repository: Repository) -> None:
    """A word that Invoke does not know ends with exit code 2 and the nearest one, through the console script."""
    done = Cli([SCRIPT])(*arguments, cwd=repository.path)
    assert (done.code, done.out) == (2, "")
    error, told, *more = done.err.splitlines()
    assert error.startswith("error: ")
    assert told.startswith("   → ")
    assert told.endswith(hint), told
    assert more == []


def test_without_a_task(repository: Repository) -> None:
    """The tasks are listed, without options of Invoke; a reader that closes the list early is no error."""
    done = Cli([SCRIPT])(cwd=repository.path)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Usage: release-recipes TASK [--flags]\n")
    assert "  rehearse  " in done.out
    assert "--core-opts" not in done.out
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        cut = subprocess.run(
            [SCRIPT, "--list"], stdout=closed, stderr=subprocess.PIPE, cwd=repository.path, check=False
        )
    assert (cut.returncode, cut.stderr) == (0, b"")


@posix
def test_a_terminal_that_does_not_show_the_question(quick: Repository, known: PypiServer) -> None:
    """Somebody who sends all output elsewhere, such as to tee, cannot be asked: nothing is released without --yes."""
    command = f"{' '.join(RELEASE_RECIPES)} release --part minor --skip-tests"
    piped = Cli(("sh", "-c", f"{command} $1 2>&1 | cat", "sh"))
    done = piped.terminal("", cwd=quick.path)
    assert "error: You cannot be asked, because standard error is not the terminal." in done.plain
    assert "demo_package-1.3.0.tar.gz" not in known.files()
    assert "demo-package 1.3.0: released" in piped.terminal("--yes", cwd=quick.path).plain


@pytest.mark.parametrize(
    ("words", "version", "instead"),
    [
        (["--minor"], "1.3.0", ""),
        (["--major"], "2.0.0", ""),
        (["--patch"], "1.2.4", ""),
        (["--version", "minor"], "1.3.0", "--part minor"),
        (["--version", "1.5.0"], "1.5.0", "--new-version 1.5.0"),
        (["--version", "v1.5.0"], "1.5.0", "--new-version 1.5.0"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("command", [RELEASE_RECIPES, INVOKE], ids=["release-recipes", "invoke"])
def test_other_words_for_the_version(
    command: Sequence[str], words: list[str], version: str, instead: str, adopted: Repository, known: PypiServer
) -> None:
    """--minor is --part minor, for both programs; --version is understood, too, with a word on what it is called."""
    told = Cli(command)("check", *words, "--json", cwd=adopted.path).json
    assert (told["outcome"], told["version"]) == ("planned", version)
    hints = [each["hint"] for each in told["warnings"] if "--version" in each["message"]]
    assert hints == ([f"Next time, use {instead}."] if instead else [])
    assert known.requests


@pytest.mark.parametrize(
    "words",
    [["--minor", "--major"], ["--minor", "--part", "patch"], ["--version", "1.5.0", "--new-version", "1.5.0"]],
    ids=" ".join,
)
def test_the_version_said_twice(words: list[str], adopted: Repository, cli: Cli) -> None:
    """Two flags for one thing are wrong usage, whatever they say."""
    done = cli("release", *words, "--yes", cwd=adopted.path)
    assert (done.code, done.out) == (2, "")
    flags = "--version 1.5.0 and --new-version" if "--version" in words else " and ".join(words[:2])
    assert done.err == f"error: {flags} say the version twice.\n   → Give only one of them.\n"


# ---- typed ahead, and Ctrl-C -----------------------------------------------------------------------------------------


@posix
def test_an_answer_before_the_question(adopted: Repository, known: PypiServer, cli: Cli) -> None:
    """What was typed while the checks ran answers nothing: the question waits for what is typed once it is shown."""
    typed = [("check", "y"), ("Release demo-package 1.2.4", "n")]
    done = cli.terminal("release", "--skip-tests", cwd=adopted.path, answers=typed)
    assert done.code == 1, done.plain
    assert "1.2.4 to" in done.plain.rpartition("[y/n]")[0]
    assert known.files().keys() == {"demo_package-1.2.3.tar.gz"}


INTERRUPTED = """\
import sys

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupt())
sys.argv = ["release-recipes", "status"]
from release_recipes.__main__ import main
main()
"""


@pytest.mark.parametrize(
    "module",
    ["release_recipes.tasks", "invoke.program", "release_recipes.errors", "rich.console", "release_recipes.plan"],
)
def test_ctrl_c_while_it_is_imported(module: str, repository: Repository) -> None:
    """Ctrl-C while a module is imported is an interrupted task without a traceback."""
    code = INTERRUPTED.format(module=module)
    done = Cli((sys.executable, "-P", "-c", code))(cwd=repository.path)
    assert done.code == 130
    assert "Traceback" not in done.err


@posix
@pytest.mark.parametrize("seconds", [0.05, 0.15, 0.25, 0.35, 0.6])
def test_ctrl_c_at_once(seconds: float, repository: Repository) -> None:
    """Ctrl-C at any moment of the start shows no line of ours and none of Invoke; Python's own start is Python's."""
    with Cli([SCRIPT]).start("status", cwd=repository.path) as process:
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        err = without_log(process.communicate(timeout=60)[1])
    # The module that handles signals is imported first.
    assert "release_recipes/" not in err or "    import signal\n" in err
    assert "invoke/" not in err
    # Until Python listens, the signal ends the process itself; later the task may be over.
    assert process.returncode in {130, -signal.SIGINT, 1, 0}
    assert process.returncode != 1 or "Traceback" in err


# ---- what is told ----------------------------------------------------------------------------------------------------


def test_what_a_rehearsal_would_do(adopted: Repository, index: PypiServer, cli: Cli) -> None:
    """A dry run of a rehearsal describes the rehearsal: its own index and remote, a second build, no GitHub release."""
    done = cli("rehearse", "--part", "minor", "--dry-run", cwd=adopted.path)
    assert done.code == 0, done.err
    steps = {words[1]: " ".join(words[2:]) for line in done.out.splitlines() if (words := line.split())[:1] == ["•"]}
    assert "<address of the embedded index>" in steps["upload"]
    assert "<embedded index>" in steps["install-from-index"]
    assert steps["github"].startswith("left out")
    # Only the last release is looked for on the true index, by the inspection.
    (read,) = (line for line in done.out.partition("•")[2].splitlines() if index.upload_url in line)
    assert f" last release on {index.index_url}" in read


def test_status_as_a_document(adopted: Repository, pypi: PypiServer, cli: Cli) -> None:
    """The document of status has the parts, index, remote and commits, and of a release that waits each file."""
    with FaultyIndex(pypi.upload_url, pypi.index_url) as faulty:
        faulty.plan(UNAVAILABLE, times=None, filename="demo_package-1.3.0.tar.gz")
        env = pypi.settings | {"PYPI_REPOSITORY_URL": faulty.upload_url, "PYPI_INDEX_URL": faulty.index_url}
        hurried = Cli(HURRIED)
        assert hurried(*RELEASE, cwd=adopted.path, env=env).code == 3
        done = cli("status", "--json", cwd=adopted.path, env=env)
    told = done.json
    assert (told["outcome"], told["project"], told["prior_version"]) == ("unfinished", "demo-package", "1.2.3")
    found = told["status"]
    assert found["parts"] == {"major": "2.0.0", "minor": "1.3.0", "patch": "1.2.4"}
    assert (found["last_tag"], found["commits_since"], found["remote"]) == ("v1.2.3", 1, "origin/main is at HEAD")
    assert faulty.index_url in found["index"]
    (release, lines), *others = found["waiting"].items()
    assert (release, others) == ("demo-package 1.3.0", [])
    assert lines == [
        "demo_package-1.3.0-py3-none-any.whl: published",
        "demo_package-1.3.0.tar.gz: missing",
        "tag v1.3.0: missing",
        "finish it: release-recipes resume",
    ]


@pytest.mark.parametrize(
    "line", ["PYPI_API_TOKEN pypi-secret-0123", "A=1\nPYPI_API_TOKEN='pypi-secret-0123", "PYPI_API_TOKEN"]
)
def test_a_line_of_dotenv_that_cannot_be_read(line: str, adopted: Repository, cli: Cli) -> None:
    """A line that is no setting is wrong usage, told with its number and without what stands there."""
    adopted.write(".env", f"# mine\n{line}\n")
    done = cli("check", "--part", "minor", "--json", cwd=adopted.path)
    assert done.code == 2
    number = 2 + line.count("\n")
    (problem,) = done.json["problems"]
    assert f"ine {number} of .env" in problem["message"]
    assert "secret" not in done.out + done.err
    assert "dotenv could not parse" not in done.err


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("PYPI_REPOSITORY_URl", "PYPI_REPOSITORY_URL"),
        ("RUN_TEST_BEFORE_UPLOAD", "RUN_TESTS_BEFORE_UPLOAD"),
        ("PYPI_TOKEN", "PYPI_API_TOKEN"),
    ],
)
def test_a_name_in_dotenv_that_nothing_reads(
    name: str, near: str, adopted: Repository, index: PypiServer, cli: Cli
) -> None:
    """A name that is near a known one is a warning with that one; a name of somebody else's is not."""
    adopted.write(".env", f"{name}=http://localhost:9/\nDATABASE_URL=mine\n")
    (adopted.path / ".env").chmod(0o600)
    done = cli("check", "--part", "minor", "--json", cwd=adopted.path)
    assert done.code == 0, done.err
    told = [warning for warning in done.json["warnings"] if warning["check"] == "dotenv"]
    assert [name in warning["message"] for warning in told] == [True], told
    assert near in told[0]["hint"]
    assert index.requests


@pytest.fixture
def down(pypi: PypiServer) -> Iterator[dict[str, str]]:
    """Return the settings of an index that takes no file."""
    with FaultyIndex(pypi.upload_url, pypi.index_url) as faulty:
        faulty.plan(UNAVAILABLE, times=None)
        yield pypi.settings | {"PYPI_REPOSITORY_URL": faulty.upload_url, "PYPI_INDEX_URL": faulty.index_url}


@posix
def test_only_our_words_while_it_is_tried_again(adopted: Repository, down: dict[str, str]) -> None:
    """Of an index that is down our words are shown, none of twine's, on a terminal and without; nothing is there."""
    hurried = Cli(HURRIED)
    for done in (
        hurried(*RELEASE, cwd=adopted.path, env=down),
        hurried.terminal("resume", cwd=adopted.path, env=down),
    ):
        said = done.plain + done.err
        assert done.code == 3, said
        assert "attempt 2 of 6 failed (503 Service Unavailable)" in said
        for words in ("Received", "Package upload appears", "Retry 1 of"):
            assert words not in said
        assert "What is there stays there" not in said
        assert "No file is on the index." in said


def test_tests_that_fail_where_there_is_no_noxfile(make_repository: MakeRepository, cli: Cli) -> None:
    """Where our session ran for want of a noxfile, the error says what was run and where requirements belong."""
    repository = make_repository(
        files={"tests/test_demo.py": "import freezegun_is_not_there\n\n\ndef test_it(): ...\n"}
    )
    done = cli("test", cwd=repository.path)
    assert done.code == 1
    assert "error: The tests failed (pytest with " in done.err
    assert "nox -s test" not in done.err.rpartition("error: ")[2]
    assert "[dependency-groups] test" in done.err
    assert "noxfile.py" in done.err


ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}


def test_marks_where_there_are_no_others(adopted: Repository, known: PypiServer, cli: Cli) -> None:
    """In an ASCII locale success and failure are words, and the arrow is one that can be shown."""
    done = cli(*RELEASE, cwd=adopted.path, env=ASCII)
    assert done.code == 0, done.err
    assert "\nok upload " in done.out
    assert "?" not in done.out
    adopted.write("notes.txt", "note\n")
    done = cli("release", "--part", "major", cwd=adopted.path, env=ASCII)
    assert done.code == 1
    assert "FAILED check " in done.out
    assert "\n   -> " in done.err
    assert len(known.files()) == 3


def test_findings_name_their_check(adopted: Repository, known: PypiServer, cli: Cli) -> None:
    """Errors and warnings name the check that skip_checks takes, and with that name there the error is gone."""
    adopted.write("notes.txt", "note\n")
    refused = cli("check", "--part", "minor", cwd=adopted.path)
    assert refused.code == 1
    assert "error [clean-tree]: The working tree is not clean: notes.txt." in refused.err
    pyproject = (adopted.path / "pyproject.toml").read_text(encoding="utf-8")
    adopted.write("pyproject.toml", f'{pyproject}skip_checks = ["clean-tree"]\n')
    assert cli("check", "--part", "minor", cwd=adopted.path).code == 0
    assert known.requests
