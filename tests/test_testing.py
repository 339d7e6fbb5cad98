"""How a project's own tests are found in its files, without running anything."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from release_recipes.project.requirements import test_requirements as requirements_of  # no test of pytest's
from release_recipes.project.testing import find, may_have_tests
from support.checking import look, questions, warnings
from support.repository import Repository

THIS = f"py{sys.version_info[0]}{sys.version_info[1]}"
DOTTED = f"{sys.version_info[0]}.{sys.version_info[1]}"

EXTRAS = "[project.optional-dependencies]\n{}\n{}\n"
FUNCTION = "def test_it():\n    pass\n"
CASE = "import unittest\n\n\nclass Demo(unittest.TestCase):\n    def test_it(self):\n        pass\n"
HATCH = "[tool.hatch.envs.{name}]\nmatrix = [{{ python = [{pythons}] }}]\nscripts.{script} = 'pytest'\n"


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files, and return their folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("tox", "environment"),
    [
        (f"[tox]\nenvlist = lint, py39, {THIS}, {THIS}-more\n", THIS),
        (f"[tox]\nenvlist =\n  py{{39,{THIS[2:]}}}-django{{42, 50}}  # two\n  docs\n", f"{THIS}-django42"),
        (f"[tox]\nenv_list = {THIS}-lint, {THIS}-mypy, {DOTTED}\n", DOTTED),
        ("[tox]\nenv_list = lint, py3{9-99}-tests, py3{10-99}-mypy\n", f"{THIS}-tests"),
        ("[tox]\nenvlist = py\n[testenv:py3-docs]\ncommands = make\n", "py"),
        ("[tox]\nenvlist = style\n[testenv:unit]\ncommands = pytest\n", "unit"),
        ("[tox]\nenvlist = py27-six, py36-six, pypy\n", f"{THIS}-six"),
        ("[tox]\nenvlist = lint\n[testenv]\ncommands = pytest\n", THIS),
        ("[tox]\nenvlist = lint, docs\n", None),
        ("[pytest]\naddopts = -q\n[flake8]\nmax-line-length = 99\n", None),
        ("no ini file\n", None),
    ],
)
def test_the_environment_of_tox(tox: str, environment: str | None, tmp_path: Path) -> None:
    """Of tox's environments the first that fits this Python, and is for tests, is taken, in each of its files."""
    legacy = f"[tool.tox]\nlegacy_tox_ini = '''\n{tox}'''\n"
    setup = tox.replace("[tox]", "[tox:tox]")
    for number, files in enumerate(({"tox.ini": tox}, {"setup.cfg": setup}, {"pyproject.toml": legacy})):
        found = find(write(tmp_path / str(number), files))
        assert (found.command if found else None) == (("tox", "run", "-e", environment) if environment else None)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tox.toml", f"env_list = ['lint', '{DOTTED}']\n"),
        ("pyproject.toml", f"[tool.tox]\nenv_list = ['{DOTTED}', 'lint']\n"),
        ("pyproject.toml", f"[tool.tox.env.'{DOTTED}']\ncommands = [['pytest']]\n"),
    ],
)
def test_tox_in_toml(name: str, text: str, tmp_path: Path) -> None:
    """The environments of tox are read from its TOML, too."""
    found = find(write(tmp_path, {name: text}))
    assert found
    assert (found.command, found.installs) == (("tox", "run", "-e", DOTTED), False)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("[tool.hatch.envs.default.scripts]\ntest = 'pytest'\n", "hatch run default:test"),
        (
            HATCH.format(name="test", pythons=f"'3.9', '{DOTTED}'", script="run"),
            f"hatch run +py={DOTTED} test:run",
        ),
        (HATCH.format(name="test", pythons="'3.9'", script="tests"), "hatch run test:tests"),
        ("[tool.hatch.envs.hatch-test]\nextra-dependencies = ['six']\n", "hatch test"),
        ("[tool.hatch.envs.docs.scripts]\nbuild = 'mkdocs'\nrun = 'mkdocs'\n", None),
        ("[tool.hatch.envs.typing.scripts]\ntest = 'mypy'\n", None),
        ("[tool.pdm.scripts]\ntest = 'pytest'\n", "pdm run test"),
        ("[tool.poe.tasks]\ntests = 'pytest'\n", "poe --executor simple tests"),
        ("[tool.taskipy.tasks]\ntest = 'pytest'\n", "task test"),
        ("[tool.pdm.scripts]\nlint = 'ruff'\n", None),
    ],
)
def test_scripts(text: str, command: str | None, tmp_path: Path) -> None:
    """A script for tests is run by the tool that it is for; another script is none."""
    found = find(write(tmp_path, {"pyproject.toml": text}))
    assert (" ".join(found.command) if found else None) == command


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"tests/test_a.py": FUNCTION}, "pytest"),
        ({"tests/test_a.py": CASE}, "python -m unittest discover -s tests -t tests"),
        ({"tests/test_a.py": CASE, "tests/__init__.py": ""}, "python -m unittest discover -s tests -t ."),
        ({"src/a/tests/test_a.py": CASE, "src/a/tests/__init__.py": "", "src/a/__init__.py": ""},
         "python -m unittest discover -s src/a/tests -t src"),
        ({"tests/a/test_a.py": CASE, "tests/b/test_b.py": CASE}, "pytest"),
        ({"tests/a_test.py": CASE}, "pytest"),
        ({"tests/test_a.py": CASE, "tests/test_b.py": FUNCTION}, "pytest"),
        ({"tests/test_a.py": CASE, "requirements-dev.txt": "pytest\n"}, "pytest"),
        ({"tests/test_a.py": CASE, "setup.cfg": "[tool:pytest]\n"}, "pytest"),
        ({"tests/test_a.py": CASE, "conftest.py": ""}, "pytest"),
        ({"tests/a/test_a.py": CASE, "tests/conftest.py": ""}, "pytest"),
        ({"tests/test_a.py": FUNCTION, "tox.toml": "no TOML", "hatch.toml": "no TOML"}, "pytest"),
        ({"a/test_me.py": "def main(): ...\n", "docs/test_a.py": FUNCTION, ".nox/test_a.py": FUNCTION}, None),
        ({"my-venv/pyvenv.cfg": "", "my-venv/lib/test_a.py": FUNCTION, "setup.cfg": "[tool:pytest]\n"}, None),
    ],
)  # fmt: skip
def test_pytest_or_unittest(files: dict[str, str], command: str | None, tmp_path: Path) -> None:
    """Tests are run by pytest if it is configured or needed, else by unittest; and there may be none."""
    folder = write(tmp_path, files)
    found = find(folder)
    assert (" ".join(found.command) if found else None) == command
    assert may_have_tests(folder) == (command is not None)


@pytest.mark.parametrize(
    ("session", "may"), [("def test(session): ...", True), ("def lint(session): ...", False), ("register()", True)]
)
def test_a_noxfile_may_have_tests(session: str, may: bool, tmp_path: Path) -> None:
    """A noxfile is not run to see whether it may have a session for tests."""
    assert may_have_tests(write(tmp_path, {"noxfile.py": f"raise SystemExit\n{session}\n"})) == may


SETUP = """\
from setuptools import setup

needed = ["six"]
extras = {"test": needed, "docs": ["sphinx"]}


def later():
    needed = []


setup(name="demo", tests_require=needed, extras_require=extras)
"""


@pytest.mark.parametrize(
    ("files", "requirements"),
    [
        ({}, ["."]),
        ({"pyproject.toml": "[dependency-groups]\ndev = ['ruff']\ntest = ['six']\n"}, [".", "--group", "test"]),
        ({"pyproject.toml": "[dependency-groups]\ndev = ['ruff']\n"}, [".", "--group", "dev"]),
        (
            {
                "pyproject.toml": "[project.optional-dependencies]\ntests = ['six']\n",
                "requirements/test.txt": "attrs\n",
            },
            [".[tests]", "-r", "requirements/test.txt"],
        ),
        ({"pyproject.toml": "[tool.poetry.extras]\ntest = ['six']\n"}, [".[test]"]),
        ({"pyproject.toml": "[tool.pdm.dev-dependencies]\ntest = ['six>=1']\n"}, [".", "six>=1"]),
        ({"pyproject.toml": "[tool.uv]\ndev-dependencies = ['six>=1']\n"}, [".", "six>=1"]),
        ({"test-requirements.txt": "six\n", "requirements-dev.txt": "ruff\n"}, [".", "-r", "test-requirements.txt"]),
        ({"requirements_dev.txt": "six\n"}, [".", "-r", "requirements_dev.txt"]),
        ({"setup.py": SETUP}, [".[test]", "six"]),
        ({"setup.cfg": "[options.extras_require]\ntest = six\n[options]\ntests_require =\n  attrs\n"},
         [".[test]", "attrs"]),
        ({"setup.py": "syntax error\n", "setup.cfg": "no ini file\n"}, ["."]),
        ({"pyproject.toml": EXTRAS.format('docs = ["furo"]', 'all = ["pytest>=8", "hypothesis"]')}, [".[all]"]),
        ({"pyproject.toml": '[dependency-groups]\nlint = ["ruff"]\nchecks = ["pytest"]\n'}, [".", "--group", "checks"]),
        ({"setup.py": "setup(extras_require={**more, 'docs': ['furo'], 'qa': ['mypy', 'pytest']})\n"}, [".[qa]"]),
        ({"pyproject.toml": '[project]\noptional-dependencies = ["pytest"]\n'}, ["."]),
    ],
)  # fmt: skip
def test_the_requirements_of_tests(files: dict[str, str], requirements: list[str], tmp_path: Path) -> None:
    """What is named for tests is installed with the project; without any, what is named for development."""
    assert requirements_of(write(tmp_path, files)) == requirements


# -- act 1 -------------------------------------------------------------------------------------------------------------


def without_tests(repository: Repository, more: str = "") -> Repository:
    """Remove the tests of a project, and add lines to its pyproject.toml."""
    repository.git("rm", "--quiet", "-r", "tests", "noxfile.py")
    path = repository.path / "pyproject.toml"
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    repository.commit("test: none")
    repository.git("push", "--quiet")
    return repository


@pytest.mark.usefixtures("known")
@pytest.mark.red("tests")
def test_a_project_without_tests_is_asked_about(repository: Repository) -> None:
    """A project without tests is told what was looked for, and the lines that settle it."""
    (told,) = questions(look(without_tests(repository).path))
    assert told.check == "tests"
    assert told.message == (
        "The project has no tests that could be found (no session test in noxfile.py, no environment of tox, no "
        "script named test, no file such as tests/test_*.py)."
    )
    assert told.hint == (
        'Say how they are run: [tool.release] test_command = "…"; or that there are none: '
        "run_tests_before_upload = false"
    )


@pytest.mark.usefixtures("known")
@pytest.mark.green("tests")
@pytest.mark.parametrize("line", ['test_command = "python runtests.py"', "run_tests_before_upload = false"])
def test_each_line_that_the_question_names_settles_it(line: str, repository: Repository) -> None:
    """With one of the lines that the hint names, nothing is asked."""
    repository = without_tests(repository, f"\n[tool.release]\n{line}\n")
    assert (questions(look(repository.path)), warnings(look(repository.path))) == ([], [])


@pytest.mark.usefixtures("known")
@pytest.mark.green("tests")
def test_a_project_with_tests_is_not_asked_about(make_repository: Callable[..., Repository]) -> None:
    """A project whose tests are found in its files is not asked about them."""
    assert questions(look(make_repository().path)) == []


def test_the_packages_that_it_requires(repository: Repository) -> None:
    """Packages of the same repository are installed from their folders, also those that they require themselves."""
    repository.git("rm", "--quiet", "-r", ".")
    needs = {"app": "plugin", "plugin": "base", "base": "app", "other": "app"}
    for name, needed in needs.items():
        text = f"[project]\nname = '{name}'\ndependencies = ['{needed}', 'rich']\n"
        repository.write(f"packages/{name}/pyproject.toml", text)
    repository.git("add", "--all")
    assert requirements_of(repository.path / "packages/app") == ["../plugin", "../base", "."]
    repository.write("pyproject.toml", "[project]\nname = 'top'\ndependencies = ['base']\n")
    repository.git("add", "--all")
    assert requirements_of(repository.path) == ["packages/base", "packages/app", "packages/plugin", "."]
