"""In CI, a task speaks the forge's language; elsewhere it does not."""

import os
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from release_recipes.secrets.mask import Mask
from support.cli import RELEASE_RECIPES, Cli, posix
from support.index import PypiServer
from support.leaks import leaked, make_token
from support.projects import project_files, quick_files
from support.repository import Repository
from support.runner import Command, Log, read

MakeRepository = Callable[..., Repository]

GITHUB = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "octo/demo", "GITHUB_RUN_ID": "7"}
GITLAB = {"GITLAB_CI": "true", "CI_PROJECT_PATH": "octo/demo", "CI_PIPELINE_URL": "https://gitlab.example.org/p/7"}
FORGES = pytest.mark.parametrize("forge", [{}, GITHUB, GITLAB], ids=["none", "GitHub", "GitLab"])

RELEASE = ("release", "--part", "minor", "--yes")
STEPS = (
    *(
        "check",
        "bump",
        "hooks",
        "changelog",
        "commit",
        "version",
        "test",
        "build",
        "inspect",
        "install",
        "rebuild",
        "tag",
    ),
    *("next-version", "claim", "upload", "push", "github", "verify", "update-branch", "install-from-index"),
)

INJECTED = (
    "::add-mask::demo_package",
    "::error::injected",
    "  ::stop-commands::x",
    "\t::set-output name=version::9",
    "before ##[error]injected",
    "##[add-mask]demo_package",
    "progress\r::error::injected",
    "\x1b[2K::error::injected\x1b[?25l",
    "::endgroup::",
)
"""What must not act, though a test prints it."""

PRINTING = '''"""A test that prints, and then passes or fails."""

import sys
import unittest

LINES = {lines!r}


class PrintingTest(unittest.TestCase):
    def test_prints(self) -> None:
        for line in LINES:
            print(line, flush=True)
            print(line, file=sys.stderr, flush=True)
        self.assertTrue({passes})
'''


@pytest.fixture
def repository(quick: Repository) -> Repository:
    """Return a project whose release makes the fewest steps."""
    return quick


@pytest.fixture
def printing(make_repository: MakeRepository) -> Callable[..., Repository]:
    """Return a project with a test that prints lines."""

    def make(*lines: str, passes: bool = True, **files: str) -> Repository:
        test = PRINTING.format(lines=lines, passes=passes)
        return make_repository(noxfile=True, files=quick_files() | {"tests/test_printing.py": test} | files)

    return make


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Return the files that a runner has for a step, by the variables that name them."""
    return {name: tmp_path / name.lower() for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "RELEASE_OUTPUT")}


def exactly(*arguments: str, cwd: Path, env: Mapping[str, str]) -> tuple[int, str, str]:
    """Run the console script, and return its exit code and both streams, whose line ends are as they were written."""
    command = [*RELEASE_RECIPES, *arguments]
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **env}, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def variables(files: Mapping[str, Path]) -> dict[str, str]:
    return {name: str(path) for name, path in files.items()}


def released(log: Log) -> list[str]:
    """Return the steps that a log shows, in its order."""
    return [found[1] for line in log.shown if (found := re.match(r"\S+ ([a-z-]+) +\d+\.\d s", line))]


# -- what the runner itself does ---------------------------------------------------------------------------------------


def test_the_runner_takes_these_lines_for_commands() -> None:
    """Without protection, each injected line acts: what is looked for below is seen."""
    lines = [line for line in INJECTED if "stop-commands" not in line and "\x1b" not in line]
    log = read("\n".join(lines))
    assert [command.name for command in log.commands] == [
        *("add-mask", "error", "set-output", "error", "add-mask", "error", "endgroup"),
    ]
    assert log.commands[2] == Command("set-output", "9", {"name": "version"})
    assert log.masked == ["demo_package", "demo_package"]
    assert read("  ::stop-commands::X1\n::error::no\n::x1::\n::error::yes").named("error") == [
        Command("error", "yes", {})
    ]
    assert read("::error file=a%2Cb,line=3::one%0Atwo %2525").commands == [
        Command("error", "one\ntwo %25", {"file": "a,b", "line": "3"})
    ]


# -- GitHub: a release -------------------------------------------------------------------------------------------------


def test_a_release_in_github_actions(
    repository: Repository, known: PypiServer, cli: Cli, files: dict[str, Path], tmp_path: Path
) -> None:
    """A release groups what tools wrote, masks its token, and writes a summary with hashes and links, and outputs."""
    (tmp_path / "github_output").write_text("earlier=1\n", encoding="utf-8")
    done = cli(*RELEASE, cwd=repository.path, env=GITHUB | variables(files))
    assert done.code == 0, done.err
    log = read(done.out)
    # They run at the same time, and each group is written when it ends.
    groups = {name.rpartition(" ")[2]: "\n".join(lines) for name, lines in log.groups}
    assert groups.keys() == {"test", "build"}
    assert "Ran 1 test in" in groups["test"]
    assert "Successfully built demo_package-1.3.0" in groups["build"]
    assert (set(released(log)), log.named("error")) == (set(STEPS), [])
    assert log.masked == [known.token]
    assert leaked(known.token, "\n".join(log.shown) + done.err) == []
    outputs = "project=demo-package\nversion=1.3.0\ntag=v1.3.0\nreleased=true\n"
    assert files["GITHUB_OUTPUT"].read_text(encoding="utf-8") == f"earlier=1\n{outputs}"
    assert files["RELEASE_OUTPUT"].read_text(encoding="utf-8") == outputs
    summary = files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
    assert summary.startswith(
        "### release demo-package 1.3.0: released\n\n| step | state | duration |\n|---|---|---:|\n"
    )
    assert re.search(r"^\| upload \| done \| \d+\.\d s \|$", summary, re.MULTILINE)
    for filename, sha256 in known.files().items():
        if "1.3.0" in filename:
            size = (known.folder / filename).stat().st_size
            assert f"\n| `{filename}` | {size} | `{sha256}` |\n" in summary
    page, tag = f"{known.index_url}demo-package/", "https://github.com/octo/demo/tree/v1.3.0"
    assert summary.endswith(f"\n\n[demo-package on the index]({page}) · [tag v1.3.0]({tag})\n\n")


def test_a_refused_release_in_github_actions(
    repository: Repository, known: PypiServer, cli: Cli, files: dict[str, Path]
) -> None:
    """An error is an annotation with its hint; the summary tells it, and the outputs say that nothing is released."""
    repository.git("tag", "--annotate", "v1.3.0", "--message=100%: a, b")
    done = cli(*RELEASE, cwd=repository.path, env=GITHUB | variables(files))
    assert done.code == 1
    message = "The tag v1.3.0 already exists in this repository."
    hint = "Release another version; or, if the tag was never published or pushed, delete it: git tag -d v1.3.0"
    assert read(done.out).named("error") == [Command("error", f"{message}\n→ {hint}", {"title": "tag"})]
    summary = files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
    assert "| check | failed |" in summary
    assert f"\n    {message}\n    → {hint}\n" in summary
    assert "](" not in summary
    assert files["GITHUB_OUTPUT"].read_text(encoding="utf-8").endswith("tag=v1.3.0\nreleased=false\n")
    assert known.token not in done.err


def test_a_dry_run_and_a_rehearsal_release_nothing(
    repository: Repository, known: PypiServer, cli: Cli, files: dict[str, Path]
) -> None:
    """A dry run says that nothing was released; a rehearsal has no outputs, and its summary no links."""
    done = cli(*RELEASE, "--dry-run", cwd=repository.path, env=GITHUB | variables(files))
    assert done.code == 0, done.err
    assert files["GITHUB_OUTPUT"].read_text(encoding="utf-8").endswith("version=1.3.0\ntag=v1.3.0\nreleased=false\n")
    files["GITHUB_OUTPUT"].unlink()
    done = cli("rehearse", "--skip-tests", cwd=repository.path, env=GITHUB | variables(files))
    assert done.code == 0, done.err
    assert not files["GITHUB_OUTPUT"].exists()
    summary = files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
    assert "### rehearse demo-package 1.2.4: rehearsed" in summary
    assert "](" not in summary
    assert known.requests


def test_resume_with_nothing_to_do(repository: Repository, cli: Cli, files: dict[str, Path]) -> None:
    """Values that are not known are empty outputs."""
    assert cli("resume", cwd=repository.path, env=GITHUB | variables(files)).code == 0
    text = files["GITHUB_OUTPUT"].read_text(encoding="utf-8")
    assert text == "project=\nversion=\ntag=\nreleased=false\n"


# -- what the project's code writes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("verbose", ["true", "false"])
@pytest.mark.parametrize("passes", [True, False], ids=["passes", "fails"])
def test_what_a_test_prints_is_no_command(
    passes: bool, verbose: str, printing: Callable[..., Repository], known: PypiServer
) -> None:
    """A line of a test that looks like a command does nothing, whatever its form, in the group and after a failure."""
    repository = printing(*INJECTED, "a plain line", passes=passes)
    code, told, failed = exactly(*RELEASE, cwd=repository.path, env=GITHUB | {"VERBOSE_OUTPUT": verbose})
    assert code == (0 if passes else 1), failed
    log, err = read(told), read(failed)
    assert (log.stopped, err.commands, err.stopped) == ("", [], "")
    assert {command.name for command in log.commands} <= {"add-mask", "group", "endgroup", "warning", "error"}
    assert log.masked == [known.token]
    assert [command.properties for command in log.named("error")] == [] if passes else [{"title": "tests-failed"}]
    test = next(lines for name, lines in log.groups if name.endswith("-s test"))
    assert test.count("a plain line") == 2
    assert {"::error::injected", "##[add-mask]demo_package", "  ::stop-commands::x"} <= set(test)
    assert not re.search(r"\x1b\[2K|\x1b\[\?25l|\r", told + failed)
    # A failure shows the last lines again, outside of the group, unless all of them were asked for.
    assert (told + failed).count("a plain line") == (2 if passes or verbose == "true" else 4)


def test_steps_that_run_in_parallel_have_groups_of_their_own(make_repository: MakeRepository, cli: Cli) -> None:
    """Lines of tests and build, which run at the same time, are not mixed."""
    noxfile = project_files("bare", name="demo-package", version="1.2.3", noxfile=True)["noxfile.py"]
    slow = "    import time\n    for number in range(10):\n        print(NAME, number, flush=True); time.sleep(0.05)\n"
    for name in ("test", "build"):
        start = f"def {name}(session: nox.Session) -> None:\n"
        noxfile = noxfile.replace(start, start + slow.replace("NAME", repr(name)))
    repository = make_repository(noxfile=True, files=quick_files() | {"noxfile.py": noxfile})
    done = cli("rehearse", cwd=repository.path, env=GITHUB)
    assert done.code == 0, done.err
    groups = {name.rpartition(" ")[2]: lines for name, lines in read(done.out).groups}
    for name, other in (("test", "build"), ("build", "test")):
        lines = groups[name]
        assert [line for line in lines if re.fullmatch(rf"{name} \d", line)] == [f"{name} {n}" for n in range(10)]
        assert not [line for line in lines if line.startswith(f"{other} ")]


def test_a_file_whose_line_looks_like_a_command(make_repository: MakeRepository, known: PypiServer, cli: Cli) -> None:
    """A warning that shows a line of a file is an annotation at that place, and what the line says does not act."""
    line = '__version__ = "1.2.3"  # ##[add-mask]demo_package, ::error::injected'
    files = {".bumpversion.toml": "", "demo/__init__.py": "", "demo_package/client.py": f"\n{line}\n"}
    repository = make_repository(files=files)
    place = {"title": "copies", "file": "demo_package/client.py", "line": "2"}
    done = cli("check", cwd=repository.path, env=GITHUB)
    assert done.code == 0, done.err
    log = read(done.out)
    assert log.masked == [known.token]
    assert [command.properties for command in log.named("error", "warning")] == [place]
    told = cli("check", "--json", cwd=repository.path, env=GITHUB)
    assert read(told.out).commands == []
    (warning,) = told.json["warnings"]
    assert warning["message"].endswith(line)
    assert (warning["check"], warning["file"], warning["line"]) == ("copies", "demo_package/client.py", 2)


# -- secrets -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("passes", [True, False], ids=["passes", "fails"])
def test_a_secret_is_announced_and_shown_nowhere(
    passes: bool, printing: Callable[..., Repository], known: PypiServer, files: dict[str, Path], tmp_path: Path
) -> None:
    """The token is announced once, before anything is shown, and is in no group, annotation, summary or output."""
    kept = tmp_path / "kept.txt"
    kept.write_text(known.token, encoding="utf-8")
    shows = f"import pathlib\nt = pathlib.Path({str(kept)!r}).read_text()\nprint(t)\nprint('::error::' + t)\n"
    test = f"import unittest\n{shows}\n\nclass T(unittest.TestCase):\n    def test(self):\n        assert {passes}, t\n"
    repository = printing(**{"tests/test_leaking.py": test})
    for arguments in ((*RELEASE, "--json"), RELEASE):
        code, *streams = exactly(*arguments, cwd=repository.path, env=GITHUB | variables(files))
        assert code == (0 if passes else 1), streams
        told, other = reversed(streams) if "--json" in arguments else streams
        assert told.startswith(f"\n::add-mask::{known.token}\n")
        assert told.count("::add-mask::") == 1
        without = told.replace(f"::add-mask::{known.token}", "")
        texts = [without, other, *(path.read_text(encoding="utf-8") for path in files.values())]
        assert [found for text in texts for found in leaked(known.token, text)] == []
        assert "**********" in "\n".join(line for _, lines in read(told).groups for line in lines)
        assert read(other).commands == []


def test_a_secret_in_a_message(repository: Repository, cli: Cli, files: dict[str, Path]) -> None:
    """An error that names a secret is masked wherever CI shows it."""
    secret = make_token("PyPI", 3)
    env = GITHUB | variables(files) | {"PYPI_API_TOKEN": secret}
    done = cli("release", "--new-version", secret, "--json", cwd=repository.path, env=env)
    assert (done.code, done.json["outcome"]) == (2, "refused")
    log = read(done.err)
    assert [command.data.partition(" ")[0] for command in log.named("error")] == ["'**********'"]
    shown = [done.out, *log.shown, *(command.data for command in log.named("error"))]
    shown += [path.read_text(encoding="utf-8") for path in files.values()]
    assert [found for text in shown for found in leaked(secret, text)] == []
    assert log.masked == [secret]


@FORGES
def test_secrets_are_announced_only_to_github(
    forge: Mapping[str, str], repository: Repository, index: PypiServer, cli: Cli
) -> None:
    """On a laptop and in GitLab CI nothing is announced, and no line is a command."""
    done = cli("build", cwd=repository.path, env=forge)
    assert done.code == 0, done.err
    assert ("::" in done.out) is (forge is GITHUB)
    assert (index.token in done.out) is (forge is GITHUB)
    assert done.err == ""


@pytest.mark.parametrize("streams", ["stdout", "both"])
def test_a_secret_is_not_announced_in_a_file(
    streams: str, repository: Repository, index: PypiServer, tmp_path: Path
) -> None:
    """A stream that goes to a file has no reader that masks: the other one is used, or none."""
    log = tmp_path / "release.log"
    with log.open("w", encoding="utf-8") as file:
        done = subprocess.run(
            [*RELEASE_RECIPES, "build"],
            cwd=repository.path,
            env=os.environ | GITHUB,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file if streams == "both" else subprocess.PIPE,
            check=True,
            encoding="utf-8",
        )
    text = log.read_text(encoding="utf-8")
    assert "build" in text
    assert leaked(index.token, text) == []
    if streams == "stdout":
        assert read(done.stderr).masked == [index.token]
        assert len(read(done.stderr).groups) == 1
    else:
        assert len(read(text).groups) == 1


def test_the_mask_announces_what_it_holds_and_what_is_added() -> None:
    """Each value is announced once, the moment it is added, until the block ends; words too short to mask are not."""
    mask, told = Mask(), list[str]()
    mask.add("before-the-block")
    with mask.announced_to(lambda value: told.append(mask(value) and value)):
        assert told == ["before-the-block"]
        mask.add("inside-the-block", "main")
        mask.add("inside-the-block", "before-the-block")
        assert told == ["before-the-block", "inside-the-block"]
    mask.add("after-the-block")
    assert told == ["before-the-block", "inside-the-block"]


def test_a_secret_of_several_lines(repository: Repository, cli: Cli) -> None:
    """A secret of several lines is announced line by line, and its percent signs are escaped."""
    env = GITHUB | {"PYPI_API_TOKEN": "first-line-50%25\r\nx\nsecond-line::with"}
    done = cli("build", cwd=repository.path, env=env)
    assert done.code == 0, done.err
    assert read(done.out).masked == ["first-line-50%25", "second-line::with"]


# -- JSON, colours and terminals ---------------------------------------------------------------------------------------


@FORGES
def test_json_is_the_only_document(
    forge: Mapping[str, str], repository: Repository, known: PypiServer, cli: Cli
) -> None:
    """With --json, standard output is one document, and commands and groups are on standard error."""
    done = cli(*RELEASE, "--json", cwd=repository.path, env=forge)
    assert (done.code, done.json["outcome"]) == (0, "released"), done.err
    log = read(done.err)
    assert len(log.groups) == (2 if forge is GITHUB else 0)
    assert log.masked == ([known.token] if forge is GITHUB else [])
    assert done.err.count("section_start") == (2 if forge is GITLAB else 0)
    assert all(set(told) == {"check", "message", "hint"} for told in done.json["warnings"])


@FORGES
@pytest.mark.parametrize("variable", [{"FORCE_COLOR": "1"}, {"TTY_COMPATIBLE": "1"}], ids=["FORCE_COLOR", "TTY"])
def test_colours_without_a_cursor(
    variable: Mapping[str, str], forge: Mapping[str, str], repository: Repository, known: PypiServer
) -> None:
    """Where there is no terminal, steps are plain lines in colour; no code moves a cursor."""
    code, out, err = exactly(*RELEASE, cwd=repository.path, env={**forge, **variable})
    assert (code, bool(known.requests)) == (0, True), err
    assert "\x1b[32m✓" in out
    codes = set(re.findall(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|.)|\r", out + err))
    assert {code for code in codes if not code.endswith("m")} == ({"\x1b[0K", "\r"} if forge is GITLAB else set())
    assert sorted(step for step in released(read(re.sub(r"\x1b\[[0-9;]*m", "", out)))) == sorted(STEPS)


@posix
@FORGES
def test_a_terminal(forge: Mapping[str, str], repository: Repository, cli: Cli) -> None:
    """A terminal has live lines, unless a forge keeps what it shows as a log."""
    done = cli.terminal("build", cwd=repository.path, env=forge)
    assert done.code == 0, done.out
    assert ("\x1b[?25l" in done.out, "\x1b[2K" in done.out) == ((not forge), (not forge))


# -- GitLab and other CI -----------------------------------------------------------------------------------------------


def test_a_release_in_gitlab_ci(repository: Repository, known: PypiServer, files: dict[str, Path]) -> None:
    """GitLab gets collapsed sections with the output of tools, and a dotenv file; no annotation and no summary."""
    code, out, err = exactly(*RELEASE, cwd=repository.path, env=GITLAB | variables(files))
    assert (code, bool(known.requests)) == (0, True), err
    start = r"\x1b\[0Ksection_start:(\d+):(\w+)\[collapsed=true\]\r\x1b\[0K([^\n]+)\n"
    sections = re.findall(rf"^{start}(.+?)\n\x1b\[0Ksection_end:(\d+):\2\r\x1b\[0K$", out, re.DOTALL | re.MULTILINE)
    assert [header.rpartition(" ")[2] for _, _, header, _, _ in sections] == ["test", "build"]
    assert "Ran 1 test in" in sections[0][3]
    assert all(int(began) <= int(ended) for began, *_, ended in sections)
    assert len({name for _, name, *_ in sections}) == 2
    assert "::" not in out
    assert files["RELEASE_OUTPUT"].read_text(encoding="utf-8").endswith("version=1.3.0\ntag=v1.3.0\nreleased=true\n")
    assert not files["GITHUB_OUTPUT"].exists()
    assert not files["GITHUB_STEP_SUMMARY"].exists()


def test_a_test_that_prints_a_section(printing: Callable[..., Repository], cli: Cli) -> None:
    """A section that a test prints is text: it neither begins nor ends one."""
    repository = printing("\x1b[0Ksection_start:1:mine\r\x1b[0Kheader", "\x1b[31mred\x1b[0m", passes=False)
    done = cli("test", cwd=repository.path, env=GITLAB)
    assert done.code == 1
    assert "section_start:1:mine\nheader\n" in done.out
    assert "\x1b[0Ksection_start:1:mine" not in done.out + done.err
    assert "\x1b[31mred\x1b[0m" in done.out


def test_outputs_without_a_forge(repository: Repository, known: PypiServer, cli: Cli, files: dict[str, Path]) -> None:
    """The file that RELEASE_OUTPUT names is written everywhere, and those of a forge only there."""
    done = cli(*RELEASE, cwd=repository.path, env=variables(files))
    assert (done.code, bool(known.requests)) == (0, True), done.err
    assert sorted(name for name, path in files.items() if path.exists()) == ["RELEASE_OUTPUT"]
    assert cli("build", cwd=repository.path, env=variables(files)).code == 0
    assert files["RELEASE_OUTPUT"].read_text(encoding="utf-8").count("version=") == 1


def test_files_that_cannot_be_written(repository: Repository, known: PypiServer, cli: Cli, tmp_path: Path) -> None:
    """A release whose summary and outputs cannot be written is a success with warnings."""
    missing = {name: str(tmp_path / "none" / name) for name in ("GITHUB_STEP_SUMMARY", "RELEASE_OUTPUT")}
    done = cli(*RELEASE, "--json", cwd=repository.path, env=GITHUB | missing | {"GITHUB_OUTPUT": str(tmp_path)})
    assert (done.code, done.json["outcome"], bool(known.requests)) == (0, "released", True), done.err
    told = [warning for warning in done.json["warnings"] if warning["check"] == "ci"]
    assert [re.split(", which | cannot", warning["message"])[1] for warning in told] == [
        *("GITHUB_STEP_SUMMARY names,", "GITHUB_OUTPUT names,", "RELEASE_OUTPUT names,"),
    ]
    assert "warning [ci]" in done.err


# -- files and lines ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("pyproject.toml", '[project]\nname = "demo-package\n', {"file": "pyproject.toml", "line": 2}),
        ("pyproject.toml", "[project", {"file": "pyproject.toml"}),
        (".env", "PYPI_USERNAME=a\n\nnot a line\n", {"file": ".env", "line": 3}),
    ],
    ids=["a line of pyproject.toml", "the end of pyproject.toml", "a line of .env"],
)
def test_a_file_that_cannot_be_read(
    name: str, text: str, place: dict[str, str | int], repository: Repository, cli: Cli
) -> None:
    """An error in a file says where, in the annotation and in the JSON document."""
    repository.write(name, text)
    done = cli("check", "--json", cwd=repository.path, env=GITHUB)
    assert done.code == 2, done.err
    (problem,) = done.json["problems"]
    assert {key: value for key, value in problem.items() if key in {"file", "line"}} == place
    (error,) = read(done.err).named("error")
    assert error.properties == {"title": "invalid-setting"} | {key: str(value) for key, value in place.items()}


def test_a_file_of_a_package_in_a_folder(make_repository: MakeRepository, cli: Cli) -> None:
    """The path of a file is relative to the repository, not to the package."""
    files = {f"packages/box/{name}": text for name, text in quick_files().items()}
    repository = make_repository(files=files)
    repository.write("packages/box/pyproject.toml", "[project\n")
    done = cli("check", "--json", cwd=repository.path / "packages" / "box", env=GITHUB)
    assert [problem.get("file") for problem in done.json["problems"]] == ["packages/box/pyproject.toml"], done.err


@pytest.mark.usefixtures("known")
def test_a_version_file_that_disagrees(repository: Repository, cli: Cli) -> None:
    """What is wrong with a version file is said of that file."""
    repository.write("demo/__init__.py", '__version__ = "1.2.2"\n')
    repository.commit("fix: the version")
    done = cli("check", "--json", cwd=repository.path, env=GITHUB)
    found = [problem["file"] for problem in done.json["problems"] if problem["check"] == "version-files"]
    assert found == ["demo/__init__.py"], done.err


def test_the_places_of_credentials(repository: Repository, cli: Cli) -> None:
    """A credential in a file is an annotation at its line, with the hint; the path is relative to the repository."""
    repository.write("conf/a.py", f'\nTOKEN = "{make_token("PyPI", 9)}"\n')
    repository.git("add", "--all")
    expected = {"title": "secret", "file": "conf/a.py", "line": "2"}
    for arguments, cwd in ((["--staged"], "."), ([], "."), (["--file", "a.py"], "conf")):
        done = cli("scan", *arguments, cwd=repository.path / cwd, env=GITHUB)
        assert done.code == 1
        (error,) = read(done.out).named("error")
        assert error.properties == expected
        assert error.data.partition("\n")[2].startswith("→ Remove it, and revoke it")


def test_without_credentials_there_is_no_annotation(repository: Repository, cli: Cli) -> None:
    """A scan that finds nothing says nothing to the runner."""
    done = cli("scan", cwd=repository.path, env=GITHUB)
    assert (done.code, read(done.out).commands) == (0, [])
    assert done.out == "No credentials found.\n"
