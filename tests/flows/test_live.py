"""What a person sees of a whole task on a terminal: while it runs, before the question, and at its end."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from release_recipes.tasks import ns
from support.cli import CTRL_D, HURRIED, INVOKE, Cli, Result, posix
from support.faulty import UNAVAILABLE, FaultyIndex, delayed
from support.index import PypiServer
from support.packages import make_packages
from support.projects import TASKS, quick_files
from support.repository import Repository
from support.screen import left

MakeRepository = Callable[..., Repository]

MINOR = ("release", "--part", "minor")

#: Tests that say what they do, long enough to be seen.
SLOW = 'import time\n\nprint("one of many tests")\ntime.sleep(1)\n'


@pytest.fixture
def quick(make_repository: MakeRepository) -> Repository:
    """Return a quick project that has a `tasks.py`."""
    return make_repository(noxfile=True, files=quick_files() | {"tasks.py": TASKS})


# ---- while it runs ---------------------------------------------------------------------------------------------------


@posix
def test_a_release_on_a_terminal(make_repository: MakeRepository, known: PypiServer, cli: Cli) -> None:
    """While it runs, a look tells where it is; the second one knows the last time; nothing of it stays at the end."""
    repository = make_repository(noxfile=True, files=quick_files() | {"tests/test_demo.py": SLOW})
    with FaultyIndex(known.upload_url, known.index_url) as proxy:
        proxy.plan(delayed(0.3), times=None)  # long enough to be drawn
        env = {"NO_COLOR": "1", "PYPI_REPOSITORY_URL": proxy.upload_url, "PYPI_INDEX_URL": proxy.index_url}
        done = [cli.terminal(*MINOR, "--yes", cwd=repository.path, env=env, columns=80) for _ in range(2)]
    assert [each.code for each in done] == [0, 0], done[0].plain
    assert len(known.files()) == 5
    for each in done:
        assert not re.search(r"\x1b\[[\d;]*3\dm", each.out)
        assert max(map(len, each.plain.splitlines())) <= 80
        for words in (
            "  check → prepare → publish\n",
            "  ✓ check → prepare → publish\n",
            "  ✓ check → ✓ prepare → publish\n",
            "    nox: one of many tests\n",
            "    then inspect, tag, claim, upload, push, github, verify, update-branch",
        ):
            assert words in each.plain
        shown = left(each.out)
        assert [line for line in shown if re.match(r"  ✓|    \S|…", line)] == []
        steps = [line.split()[1] for line in shown if re.match(r"[✓-] ", line)]
        assert steps[0] == "check"
        assert {"test", "build"} <= {*steps}
        assert steps[-3:] == ["verify", "update-branch", "install-from-index"]
        assert shown[-2].endswith(": released")
    assert ["last time" in each.plain for each in done] == [False, True]


@posix
def test_a_runner_with_a_terminal(quick: Repository, known: PypiServer, cli: Cli) -> None:
    """In CI there are plain lines, also where a job has a terminal."""
    done = cli.terminal("check", cwd=quick.path, env={"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "a/b"})
    assert done.code == 0, done.plain
    assert known.requests
    assert not re.search(r"\x1b\[\??\d*[A-KhlJ]", done.out)


@posix
def test_a_stop_is_answered_at_once(make_repository: MakeRepository, known: PypiServer, cli: Cli) -> None:
    """Ctrl-C removes the live lines, says that the release is being stopped, and then that nothing is public."""
    repository = make_repository(noxfile=True, files=quick_files() | {"tests/test_demo.py": SLOW.replace("1", "30")})
    done = cli.terminal(*MINOR, "--yes", cwd=repository.path, answers=[("one of many tests", "\x03")], columns=80)
    assert done.code == 130
    assert known.requests
    shown = left(done.out)
    assert shown[shown.index("stopping, which may take some seconds") :][-3].endswith("; nothing is public.")
    assert [line for line in shown if line.startswith("    then")] == []


# ---- before the question ---------------------------------------------------------------------------------------------


@posix
def test_what_is_agreed_to(quick: Repository, pypi: PypiServer, cli: Cli) -> None:
    """Before the one question stand the changes of the version files, the distributions, and what is in doubt."""
    before = quick.snapshot()
    done = cli.terminal(*MINOR, cwd=quick.path, env=pypi.settings, answers=[("[y/n]", "minor"), ("[y/n]", CTRL_D)])
    assert done.code == 1, done.plain
    shown = left(done.out)
    asked = [number for number, line in enumerate(shown) if "[y/n]" in line]
    assert len(asked) == 2
    assert shown[shown.index("  changes in files") : asked[0]] == [
        "  changes in files",
        "    .bumpversion.toml",
        '      -current_version = "1.2.3"',
        '      +current_version = "1.3.0"',
        "    README.md",
        "      -Install it with `pip install demo-package==1.2.3`. It gets on well with `other-package==1.2.3`.",
        "      +Install it with `pip install demo-package==1.3.0`. It gets on well with `other-package==1.2.3`.",
        "    demo/__init__.py",
        '      -__version__ = "1.2.3"',
        '      +__version__ = "1.3.0"',
        "    pyproject.toml",
        '      -version = "1.2.3"',
        '      +version = "1.3.0"',
        "  builds  demo_package-1.3.0-py3-none-any.whl, demo_package-1.3.0.tar.gz",
        "  ! The index has no project demo-package: this is its first release.",
    ]
    assert shown[asked[0]].startswith("Release demo-package 1.3.0 to http://")
    assert "error: Not released: the answer was no." in shown
    assert quick.snapshot() == before


@posix
def test_many_changes_and_a_matrix(quick: Repository, known: PypiServer, cli: Cli) -> None:
    """Of many changed lines the first ones are shown; of a matrix, the files that are expected."""
    names = [f"demo/part{number}.py" for number in range(9)]
    for name in names:
        quick.write(name, '__version__ = "1.2.3"\n')
    listed = "".join(f'\n[[tool.bumpversion.files]]\nfilename = "{name}"\n' for name in names)
    quick.write(".bumpversion.toml", (quick.path / ".bumpversion.toml").read_text(encoding="utf-8") + listed)
    pyproject = (quick.path / "pyproject.toml").read_text(encoding="utf-8")
    text = pyproject.replace("[tool.release]\n", '[tool.release]\nexpect = ["sdist", "cp3*-manylinux*_x86_64"]\n')
    quick.write(
        "pyproject.toml", text if text != pyproject else f'{text}\n[tool.release]\nexpect = ["sdist", "cp3*"]\n'
    )
    quick.commit("many files")
    done = cli.terminal(*MINOR, cwd=quick.path, answers=[("[y/n]", "n")])
    assert done.code == 1, done.plain
    assert known.requests
    shown = left(done.out)
    first = shown.index("  changes in files")
    assert shown[first + 25] == "    … and 15 more lines"
    assert shown[first + 26].startswith("  builds  demo_package-1.3.0.tar.gz, demo_package-1.3.0-cp3")


# ---- what is public --------------------------------------------------------------------------------------------------


def test_public_before_act_3(make_repository: MakeRepository, known: PypiServer, cli: Cli) -> None:
    """After a failure in act 2 nothing is public; a refusal, and what publishes nothing, do not speak of it."""
    repository = make_repository(noxfile=True, files=quick_files() | {"tests/test_demo.py": "raise SystemExit('no')\n"})
    done = cli(*MINOR, cwd=repository.path)
    assert (done.code, done.public) == (1, "nothing")
    assert "  SystemExit: no\n" in done.err  # without a terminal, the last lines are in the error
    assert cli("test", cwd=repository.path).public == ""
    repository.write("notes.txt", "note\n")
    assert cli(*MINOR, cwd=repository.path).public == ""
    assert len(known.files()) == 1


def test_public_in_act_3(quick: Repository, pypi: PypiServer) -> None:
    """After an upload that stopped half-way, the files and the index are named."""
    with FaultyIndex(pypi.upload_url, pypi.index_url) as faulty:
        faulty.plan(UNAVAILABLE, times=None, filename="demo_package-1.3.0.tar.gz")
        env = pypi.settings | {"PYPI_REPOSITORY_URL": faulty.upload_url, "PYPI_INDEX_URL": faulty.index_url}
        hurried = Cli(HURRIED)
        done = hurried(*MINOR, "--skip-tests", cwd=quick.path, env=env)
        assert (done.code, done.public) == (3, f"at least 1 of 2 files is on {faulty.index_url}")


# ---- status ----------------------------------------------------------------------------------------------------------


def lines_of(found: dict[str, Any]) -> Iterator[str]:
    """Return the lines of `status`, made of its document alone."""
    rows = {"remote": found["remote"]}
    if found["project"]:
        yield f"{found['project']} {found['prior']}"
        after = f"since {found['last_tag']}" if found["last_tag"] else "and no tag"
        rows = {"commits": f"{found['commits_since']} {after}", **found["parts"], "index": found["index"], **rows}
    else:
        yield found["folder"]
    for name, value in rows.items():
        yield f"  {name:<9} {value}"
    for each in found["packages"]:
        requires = f"; requires {', '.join(each['requires'])}" if each["requires"] else ""
        index = each["index"] or "none"
        yield f"{each['folder']}: {each['project']} {each['prior']} (index: {index}), {each['since']}{requires}"
    for release, words in found["waiting"].items():
        yield f"{release} is not finished:"
        yield from (f"  {text}" for text in words)


@pytest.mark.parametrize("kind", ["one project", "several packages", "unfinished"])
def test_the_document_has_all_of_status(
    kind: str, quick: Repository, pypi: PypiServer, tmp_path: Path, cli: Cli
) -> None:
    """Each line of `status` can be made of the document of `status --json`."""
    env = pypi.settings
    folder = make_packages(tmp_path / "several", "one", "two").path if kind == "several packages" else quick.path
    with FaultyIndex(pypi.upload_url, pypi.index_url) as faulty:
        if kind == "unfinished":
            faulty.plan(UNAVAILABLE, times=None, filename="demo_package-1.3.0.tar.gz")
            env = env | {"PYPI_REPOSITORY_URL": faulty.upload_url, "PYPI_INDEX_URL": faulty.index_url}
            hurried = Cli(HURRIED)
            assert hurried(*MINOR, "--skip-tests", cwd=folder, env=env).code == 3
        told = cli("status", "--json", cwd=folder, env=env).json
        said = cli("status", cwd=folder, env=env).out.splitlines()
    assert said == list(lines_of(told["status"]))
    assert ("is not finished:" in "".join(said)) is (kind == "unfinished")


# ---- Invoke's own flags, and completion ------------------------------------------------------------------------------


@pytest.mark.parametrize("env", [{}, {"INVOKE_RUN_DRY": "1"}], ids=["-R", "INVOKE_RUN_DRY"])
@pytest.mark.parametrize("own", [True, False], ids=["release-recipes", "invoke"])
def test_every_task_refuses_the_dry_run_of_invoke(own: bool, env: dict[str, str], quick: Repository, cli: Cli) -> None:
    """No task takes what only Invoke means by a dry run for one of its own."""

    def run(task: str) -> Result:
        words = [task, *["clean-tree"] * (task == "explain")]
        return (cli if own else Cli(INVOKE))(*([] if env else ["--dry"]), *words, cwd=quick.path, env=env)

    before = quick.snapshot()
    with ThreadPoolExecutor(3) as pool:
        done = dict(zip(ns.task_names, pool.map(run, ns.task_names), strict=True))
    assert {task: each.code for task, each in done.items() if each.code != 2} == {}
    assert {task for task, each in done.items() if "Invoke's own --dry" not in each.err} == set()
    assert quick.snapshot() == before


SHELLS = {
    "bash": "COMP_WORDS=({words}); {function} {program} '{last}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
    "zsh": "words=({words}); {function}; print -l -- $reply",
    "fish": "complete -C '{line}'",
}


@pytest.mark.parametrize(
    ("program", "line", "expected"),
    [
        ("release-recipes", "rel", "release"),
        ("release-recipes", "release --sk", "--skip-tests"),
        ("release-recipes", "release --part mi", "minor"),
        ("release-recipes", "publish --tag v", "v1.2.3"),
        ("release-recipes", "publish --only in", "index"),
        ("release-recipes", "init --only en", "env"),
        ("release-recipes", "init --only env,ig", "env,ignore"),
        ("release-recipes", "release --projects demo", "demo-package"),
        ("release-recipes", "explain bus", "busy"),
        ("release-recipes", "explain --js", "--json"),
        ("invoke", "rel", "release"),
        ("invoke", "release --min", "--minor"),
    ],
    ids=lambda word: word,
)
@pytest.mark.parametrize("shell", SHELLS)
def test_completion_of_a_shell(shell: str, program: str, line: str, expected: str, quick: Repository) -> None:
    """The script that the program prints for a shell completes tasks, flags and values, in that shell."""
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed")
    folder = Path(INVOKE[0]).parent
    words = [program, *line.split()]
    names = {"words": " ".join(words), "function": f"_complete_{program}", "program": program}
    asked = SHELLS[shell].format(**names, last=words[-1], line=" ".join(words))
    source = f"{program} --print-completion-script {shell} > script.sh; . ./script.sh"
    plainly = ["--no-config"] if shell == "fish" else []
    done = subprocess.run(
        [found, *plainly, "-c", f"export PATH='{folder}':\"$PATH\"; {source}; {asked}"],
        cwd=quick.path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert expected in done.stdout.split(), done.stderr
