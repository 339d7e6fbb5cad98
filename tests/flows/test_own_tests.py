"""The project's own tests are run in the project's own way."""

import sys
from collections.abc import Callable, Mapping

import pytest

from support.cli import Cli
from support.index import PypiServer
from support.projects import Kind, project_files, quick_files
from support.repository import Repository

MakeRepository = Callable[..., Repository]

THIS = f"py{sys.version_info[0]}{sys.version_info[1]}"

RAN = "import pathlib\n\n\ndef test_it():\n    pathlib.Path('ran.txt').touch()\n"
#: It passes only where what the project declares for its tests is installed.
WITH_SIX = f"import six\n\nimport demo\n{RAN}"
CASE = """\
import pathlib
import unittest

import demo


class Demo(unittest.TestCase):
    def test_it(self):
        pathlib.Path("ran.txt").touch()
"""
TOX = "[tox]\nenvlist = lint, py39, {this}-plain, {this}-more\n[testenv]\ndeps = pytest\ncommands = pytest -q\n"
NOX = """\
import nox


@nox.session(venv_backend="none")
def tests(session):
    session.run("python", "-m", "pytest", "-q", external=True)
"""
HATCH = """
[tool.hatch.envs.default]
skip-install = true
installer = "uv"
dependencies = ["pytest"]
scripts.test = "pytest -q"
"""
GROUP = '\n[dependency-groups]\ntest = ["pytest", "six"]\n'
POETRY = '\n[tool.poetry.group.test.dependencies]\nsix = "^1.16"\n'

#: Files of a project, what is added to its pyproject.toml, and what is told after the tests.
WAYS = {
    "nox": ({"noxfile.py": NOX, "tests/test_demo.py": RAN}, "", "nox -s tests"),
    "tox": (
        {"tox.ini": TOX.format(this=THIS), "tests/test_demo.py": RAN},
        "",
        f"tox run -e {THIS}-plain",
    ),
    "hatch": ({"tests/test_demo.py": RAN}, HATCH, "hatch run default:test"),
    "pdm": (
        {"tests/test_demo.py": WITH_SIX},
        f"{GROUP}\n[tool.pdm.scripts]\ntest = 'pytest -q'\n",
        "pdm run test with . --group test",
    ),
    "poe": (
        {"tests/test_demo.py": WITH_SIX},
        f"{GROUP}\n[tool.poe.tasks]\ntest = 'pytest -q'\n",
        "poe --executor simple test with . --group test",
    ),
    "extra": (
        {"tests/test_demo.py": WITH_SIX},
        "\n[project.optional-dependencies]\ntest = ['six']\n",
        "pytest with '.[test]'",
    ),
    "group": ({"tests/test_demo.py": WITH_SIX}, GROUP, "pytest with . --group test"),
    "group of Poetry": ({"tests/test_demo.py": WITH_SIX}, POETRY, "pytest with . 'six (>=1.16,<2.0)'"),
    "requirements file": (
        {"tests/test_demo.py": WITH_SIX, "requirements-test.txt": "six\n"},
        "",
        "pytest with . -r requirements-test.txt",
    ),
    "unittest": ({"tests/test_demo.py": CASE}, "", "python -m unittest discover -s tests -t . with ."),
    "command": (
        {"check.py": "import demo, pytest, pathlib\npathlib.Path('ran.txt').touch()\n"},
        '\n[tool.release]\ntest_command = "python check.py"\n',
        "python check.py with .",
    ),
}


@pytest.mark.parametrize("way", list(WAYS))
def test_each_way(way: str, make_repository: MakeRepository, cli: Cli) -> None:
    """Tests are run as the project declares it, with what it declares for them, and it is told what was run."""
    files, more, told = WAYS[way]
    kind: Kind = "hatchling" if way == "extra" else "bare"
    pyproject = project_files(kind, name="demo-package", version="1.2.3", noxfile=False)["pyproject.toml"]
    repository = make_repository(kind=kind, files={**files, "pyproject.toml": pyproject + more})
    done = cli("test", cwd=repository.path)
    assert done.code == 0, done.out + done.err
    assert done.out.startswith("✓ test ")
    assert done.out.endswith(f" s  {told}\n")
    assert (repository.path / "ran.txt").exists()


@pytest.mark.parametrize("way", ["tox", "hatch", "pdm", "unittest"])
def test_tests_that_fail(way: str, make_repository: MakeRepository, cli: Cli) -> None:
    """Failing tests are failing tests, whatever runs them."""
    files, more, told = WAYS[way]
    pyproject = project_files("bare", name="demo-package", version="1.2.3", noxfile=False)["pyproject.toml"]
    broken = files["tests/test_demo.py"].replace("touch()", "read_bytes()")
    repository = make_repository(files={**files, "tests/test_demo.py": broken, "pyproject.toml": pyproject + more})
    done = cli("test", cwd=repository.path)
    assert done.code == 1
    assert f"error: The tests failed ({told})." in done.err
    assert "FileNotFoundError" in done.err


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({"tests/test_demo.py": "def test_it(): ...\n", "pytest.ini": "[pytest]\npython_functions = no\n"}, "pytest "),
        ({"tests/test_demo.py": "class TestCase: ...\n"}, "python -m unittest "),
        ({"tests/test_demo.py": "", "tests/__init__.py": ""}, "no session test in noxfile.py"),
    ],
    ids=["pytest", "unittest", "none"],
)
def test_no_test_has_not_passed(files: Mapping[str, str], what: str, make_repository: MakeRepository, cli: Cli) -> None:
    """Where no test ran, it is a failure with a line that helps, whatever the tool's exit code is."""
    done = cli("test", cwd=make_repository(files=files).path)
    assert done.code == 1
    assert f"error: No test was found ({what}" in done.err
    assert 'or set their command: [tool.release] test_command = "…"' in done.err


def test_a_noxfile_that_cannot_be_loaded(make_repository: MakeRepository, cli: Cli) -> None:
    """A noxfile that needs what is not installed here is done without by the settings that the error names."""
    text = project_files("bare", name="demo-package", version="1.2.3", noxfile=False)["pyproject.toml"]
    lines = """\n[tool.release]\nbuild_session = ""\ntest_command = "python -c 'print(1 + 1)'"\n"""
    repository = make_repository(files={"noxfile.py": "import nox_of_ours\n", "pyproject.toml": text + lines})
    assert [cli(task, cwd=repository.path).code for task in ("build", "test")] == [0, 0]
    repository.write("pyproject.toml", text)
    repository.commit("build: with nox")
    failed = [cli(task, cwd=repository.path) for task in ("build", "test")]
    assert [(done.code, "build_session = " in done.err) for done in failed] == [(1, True), (1, True)]


def test_a_release_without_tests(make_repository: MakeRepository, known: PypiServer, cli: Cli) -> None:
    """A project without tests is released with a warning, and the step is left out; at a terminal it is asked about."""
    repository = make_repository(files={**quick_files(), "tests/test_demo.py": ""})
    done = cli.terminal("release", "--part", "minor", cwd=repository.path, answers={"[y/n]": "n"})
    assert done.code == 1, done.plain
    assert "\n  ! The project has no tests that could be found" in done.plain
    assert "\n  tests   none were found\n" in done.plain
    assert not [name for name in known.files() if "1.3.0" in name]
    done = cli("release", "--part", "minor", "--json", cwd=repository.path)
    assert done.code == 0, done.err
    assert [warning["check"] for warning in done.json["warnings"]] == ["tests"]
    states = {step["name"]: step["state"] for step in done.json["steps"]}
    assert (states["test"], states["build"]) == ("left out", "done")


def test_a_dry_run_says_how_tests_are_run(make_repository: MakeRepository, known: PypiServer, cli: Cli) -> None:
    """A dry run shows the command of the tests, and starts nothing."""
    repository = make_repository(files={**quick_files(), "tox.ini": TOX.format(this=THIS)})
    done = cli("release", "--part", "minor", "--dry-run", cwd=repository.path)
    assert done.code == 0, done.err
    assert f"in this session: tox run -e {THIS}-plain" in [line.strip() for line in done.out.splitlines()]
    assert known.files().keys() == {"demo_package-1.2.3.tar.gz"}
