"""What a user or a program sees of a task: exit codes, JSON, questions, plain lines."""

from collections.abc import Callable
from pathlib import Path

import pytest

from support.cli import CTRL_C, Cli, posix
from support.environment import Environment
from support.faulty import Exchange, Fault, FaultyIndex
from support.index import PypiServer
from support.projects import TASKS, quick_files
from support.released import released, waiting
from support.repository import Repository

MakeRepository = Callable[..., Repository]


@pytest.fixture
def repository(quick: Repository) -> Repository:
    """Return a project whose release makes the fewest steps."""
    return quick


@pytest.fixture
def known(index: PypiServer) -> PypiServer:
    """Return an index that has the project already, so that nobody is asked about a first release."""
    (index.folder / "demo_package-1.2.3.tar.gz").write_bytes(b"")
    return index


# -- wrong usage -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (
            [],
            (
                "error: The version to release is not given, and there is no terminal to ask for it.\n"
                "   → Use --part patch (or minor, major, none), --new-version X, or --yes.\n"
            ),
        ),
        (
            ["--part", "mnior"],
            (
                "error: There is no part 'mnior' in this project's version.\n"
                "   → Use --part major | minor | patch | auto | none.\n"
            ),
        ),
        (
            ["--part", "minor", "--new-version", "2.0.0"],
            "error: --part and --new-version cannot be used together.\n   → Use one of them.\n",
        ),
        (["--part", ""], "error: --part is empty.\n   → Give --part a value, or omit it.\n"),
        (
            ["--new-version", "two"],
            (
                "error: 'two' (from --new-version) is not a valid version (PEP 440).\n"
                "   → Use a version such as 1.7.0 or 2.0.0rc1.\n"
            ),
        ),
    ],
)
def test_wrong_usage(arguments: list[str], error: str, repository: Repository, index: PypiServer, cli: Cli) -> None:
    """What cannot be meant ends with exit code 2, one sentence and one hint; nothing was begun."""
    before = repository.snapshot()
    result = cli("release", *arguments, cwd=repository.path)
    assert result.code == 2
    assert result.err.endswith(error)
    assert repository.snapshot() == before
    assert not [request for request in index.requests if not request.startswith("GET")]


# -- JSON --------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("index")
def test_standard_output_is_one_document(repository: Repository, cli: Cli) -> None:
    """With --json there is one document on standard output, with the same keys whatever came of it."""
    keys = {
        *("outcome", "project", "prior_version", "version", "tag", "tag_object", "commit", "index"),
        *("artifacts", "changes", "log", "steps", "problems", "warnings", "status"),
    }
    outcomes = {}
    for arguments in (
        ["release", "--part", "minor", "--dry-run"],
        ["release"],
        ["check", "--part", "minor"],
        ["status"],
        ["resume"],
    ):
        document = cli(*arguments, "--json", cwd=repository.path).json
        assert document.keys() == keys
        outcomes[" ".join(arguments)] = document["outcome"]
    assert outcomes == {
        "release --part minor --dry-run": "planned",
        "release": "refused",
        "check --part minor": "planned",
        "status": "nothing-waits",
        "resume": "nothing-waits",
    }


def test_a_refusal_as_a_document(repository: Repository, index: PypiServer, cli: Cli) -> None:
    """Each problem and each warning is told with its check, its sentence and its hint."""
    repository.write("notes.txt", "note\n")
    result = cli("release", "--part", "minor", "--json", cwd=repository.path)
    assert result.code == 1
    told = result.json
    assert (told["outcome"], told["version"], told["tag"], told["index"], told["commit"]) == (
        "refused",
        "1.3.0",
        "v1.3.0",
        index.index_url,
        None,
    )
    assert told["problems"] == [
        {
            "check": "clean-tree",
            "message": "The working tree is not clean: notes.txt.",
            "hint": "Commit the changes, stash them (git stash -u), or add the files to .gitignore.",
        }
    ]
    assert (told["artifacts"], [step["name"] for step in told["steps"]]) == ([], ["check"])


# -- plain lines and colours -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("index")
def test_plain_lines_without_a_terminal(repository: Repository, cli: Cli) -> None:
    """Without a terminal there is one plain line a step, and no control sequence."""
    result = cli("release", "--part", "minor", "--skip-tests", cwd=repository.path)
    assert result.code == 0, result.err
    assert "\x1b" not in result.out + result.err
    assert "\r" not in result.out
    lines = result.out.splitlines()
    for name in ("check", "bump", "commit", "build", "tag", "claim", "upload", "push", "verify", "update-branch"):
        assert len([line for line in lines if line.startswith(f"✓ {name:<13} ")]) == 1
    assert lines[-1] == "demo-package 1.3.0: released"


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize("verbose", ["true", "false"])
def test_the_tools_own_output(verbose: str, repository: Repository, cli: Cli) -> None:
    """What the tests print is shown with VERBOSE_OUTPUT, and not without it."""
    result = cli("test", cwd=repository.path, env={"VERBOSE_OUTPUT": verbose})
    assert result.code == 0, result.err
    assert ("Ran 1 test in" in result.out) is (verbose == "true")


@posix
@pytest.mark.usefixtures("known")
def test_no_color(repository: Repository, cli: Cli) -> None:
    """A terminal shows colours, and with NO_COLOR none."""
    repository.write("notes.txt", "note\n")
    assert "\x1b[31m" in cli.terminal("check", cwd=repository.path).out
    assert "\x1b[31m" not in cli.terminal("check", cwd=repository.path, env={"NO_COLOR": "1"}).out


# -- questions ---------------------------------------------------------------------------------------------------------


@posix
def test_a_release_asks_once(
    repository: Repository, known: PypiServer, cli: Cli, isolated_environment: Environment
) -> None:
    """On a terminal the plan is shown and asked about until the answer is yes or no; no is an end that changed nothing.

    Neither an empty line nor another word is an answer, and the plan is not shown again.
    """
    question = f"Release demo-package 1.2.4 to {known.upload_url}? [y/n]"
    before = repository.snapshot()
    result = cli.terminal("release", "--skip-tests", cwd=repository.path, answers={question: "n"})
    assert result.code == 1
    assert "demo-package 1.2.3 → 1.2.4 (default: patch)" in result.plain
    assert "error: Not released: the answer was no." in result.plain
    assert repository.snapshot() == before
    answers = [(question, ""), (question, "minor"), (question, "Yes")]
    result = cli.terminal("release", "--skip-tests", cwd=repository.path, answers=answers)
    assert result.code == 0, result.plain
    assert result.plain.count("[y/n]") == 3
    assert result.plain.count("demo-package 1.2.3 → 1.2.4 (default: patch)") == 1
    (known.folder / "demo_package-1.2.3.tar.gz").unlink()
    released(repository, known, isolated_environment.temporary, version="1.2.4")


@posix
def test_ctrl_c_at_the_question(repository: Repository, known: PypiServer, cli: Cli) -> None:
    """Ctrl-C at a question is an interrupted release of which nothing is public."""
    before = repository.snapshot()
    result = cli.terminal("release", "--skip-tests", cwd=repository.path, answers={"[y/n]": CTRL_C})
    assert result.code == 130
    assert "Interrupted by SIGINT; nothing is public." in result.plain
    assert repository.snapshot() == before
    assert not [request for request in known.requests if request.startswith("POST")]


@posix
@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("y", 0)])
def test_failing_tests_are_asked_about(
    answer: str, code: int, make_repository: MakeRepository, known: PypiServer, cli: Cli
) -> None:
    """On a terminal failing tests are asked about once their last words were shown; neither --yes nor Enter answers."""
    test = "raise SystemExit('why it failed')\n"
    repository = make_repository(noxfile=True, files=quick_files() | {"tests/test_demo.py": test})
    before = repository.snapshot()
    question = "Continue anyway? [y/n]"
    result = cli.terminal(
        *("release", "--part", "minor", "--yes"), cwd=repository.path, answers=[(question, ""), (question, answer)]
    )
    assert result.code == code, result.plain
    assert (repository.snapshot() == before) is bool(code)
    assert ("demo_package-1.3.0.tar.gz" in known.files()) is not bool(code)
    shown = result.plain.partition(question)[0]
    assert "  SystemExit: why it failed\n" in shown
    assert "--part minor" not in shown.rpartition("✗ test")[2]
    log = shown.partition("The complete output: ")[2].partition("\n")[0]
    assert "why it failed" in (repository.path / log).read_text(encoding="utf-8")
    assert result.plain.count("  SystemExit: why it failed\n") == 1


# -- invoke ------------------------------------------------------------------------------------------------------------


def test_the_list_of_tasks(make_repository: MakeRepository, invoke: Cli, cli: Cli) -> None:
    """Each task is listed with one sentence, by Invoke and by the console script."""
    repository = make_repository(files={"tasks.py": TASKS})
    for command in (invoke, cli):
        result = command("--list", cwd=repository.path)
        lines = [line.split(None, 1) for line in result.out.splitlines() if line.startswith("  ")]
        told = {words[0]: words[1] for words in lines if len(words) == 2}
        assert told.keys() >= {
            *("release", "rehearse", "status", "check", "bump", "test", "build", "validate", "upload", "resume"),
            "abandon",
        }
        assert result.code == 0


def test_the_console_script_needs_no_tasks_and_runs_anywhere_in_the_project(repository: Repository, cli: Cli) -> None:
    """From a folder within the project the whole project is meant."""
    folder = repository.path / "demo" / "deep"
    folder.mkdir()
    result = cli("resume", cwd=folder)
    assert (result.code, result.out) == (0, "No release is unfinished.\n")


def test_a_project_below_the_project_is_not_the_outer_one(repository: Repository, cli: Cli) -> None:
    """From another project's folder that one is meant: the outer one is not released by mistake."""
    repository.write("plugins/more/pyproject.toml", "[build-system]\nrequires = []\n")
    refused = cli("release", "--part", "minor", cwd=repository.path / "plugins" / "more")
    assert refused.code == 1
    assert refused.err == (
        "error: plugins/more is not committed, so its build backend cannot be asked for name and version.\n"
        "   → Commit it: git add plugins/more && git commit\n"
    )


def test_an_error_of_ours_is_no_traceback(repository: Repository, cli: Cli) -> None:
    """What the system refuses is told in a sentence with what to do, and without a traceback."""
    state = repository.path / ".git" / "release-recipes"
    state.write_text("a file where a folder should be\n", encoding="utf-8")
    result = cli("resume", cwd=repository.path)
    assert result.code == 1
    assert result.err.startswith("error: ")
    assert "Traceback" not in result.err
    assert "→" in result.err


# -- a release that was killed -----------------------------------------------------------------------------------------


@pytest.fixture
def killed(repository: Repository, pypi: PypiServer, cli: Cli) -> tuple[Repository, PypiServer]:
    """Return a project whose release was killed when the wheel was up and the sdist on its way, and its index."""
    now: list[Callable[[], None]] = []

    def kill(exchange: Exchange) -> None:
        now[0]()
        exchange.hang()

    with FaultyIndex(pypi.upload_url, pypi.index_url) as faulty:
        faulty.plan(Fault("kill", kill), filename="demo_package-1.3.0.tar.gz")
        env = {**pypi.settings, "PYPI_REPOSITORY_URL": faulty.upload_url, "PYPI_INDEX_URL": pypi.index_url}
        with cli.start("release", "--part", "minor", "--skip-tests", cwd=repository.path, env=env) as process:
            now.append(process.kill)
            process.communicate(timeout=60)
    assert process.returncode == -9
    assert pypi.files().keys() == {"demo_package-1.3.0-py3-none-any.whl"}
    # The recorded address is that of a proxy which is gone; the index behind it is the same.
    record = next((repository.path / ".git" / "release-recipes").glob("*/record.json"))
    record.write_text(record.read_text(encoding="utf-8").replace(faulty.upload_url, pypi.upload_url), encoding="utf-8")
    return repository, pypi


def test_resume_goes_to_the_recorded_index_or_nowhere(
    killed: tuple[Repository, PypiServer], cli: Cli, isolated_environment: Environment, tmp_path: Path
) -> None:
    """From a shell with other addresses nothing is uploaded anywhere; from one without any, the release is finished."""
    repository, index = killed
    waits = cli("release", "--part", "minor", "--json", cwd=repository.path, env=index.settings)
    assert (waits.code, waits.json["outcome"]) == (3, "unfinished")
    status = cli("status", cwd=repository.path, env=index.settings)
    assert "demo_package-1.3.0.tar.gz: missing" in status.out
    folder = tmp_path / "other"
    folder.mkdir()
    with PypiServer(folder) as other:
        for name, address in (("PYPI_REPOSITORY_URL", other.upload_url), ("PYPI_INDEX_URL", other.index_url)):
            result = cli("resume", cwd=repository.path, env={name: address, "PYPI_API_TOKEN": index.token})
            assert result.code == 3
            assert f"but environment {name} is set to {address}" in result.err
        assert other.requests == []
    assert len(index.files()) == 1
    result = cli("resume", "--json", cwd=repository.path, env={"PYPI_API_TOKEN": index.token})
    assert (result.code, result.json["outcome"]) == (0, "released"), result.err
    released(repository, index, isolated_environment.temporary)


def test_resume_without_a_token(killed: tuple[Repository, PypiServer], cli: Cli) -> None:
    """Without a token the release still waits, and it is said which token is missing."""
    repository, index = killed
    result = cli("resume", cwd=repository.path)
    assert result.code == 3
    assert f"There is no token for {index.upload_url}" in result.err
    assert waiting(repository)


def test_abandon_what_is_public_in_part(
    killed: tuple[Repository, PypiServer], cli: Cli, isolated_environment: Environment
) -> None:
    """What stays public is told and wants --yes; then the tag is pushed, so that published code has its commit."""
    repository, index = killed
    result = cli("abandon", cwd=repository.path)
    assert result.code == 3
    assert "demo_package-1.3.0-py3-none-any.whl" in result.err
    assert waiting(repository)
    result = cli("abandon", "--yes", cwd=repository.path)
    assert result.code == 0, result.err
    refs = repository.remote_refs()
    assert refs["refs/tags/v1.3.0"] == repository.git("rev-parse", "refs/tags/v1.3.0")
    assert not [ref for ref in refs if ref.startswith("refs/release-recipes/")]
    assert not waiting(repository)
    assert index.files().keys() == {"demo_package-1.3.0-py3-none-any.whl"}
    assert not list(isolated_environment.temporary.iterdir())
