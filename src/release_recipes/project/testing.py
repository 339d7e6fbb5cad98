"""How a project runs its own tests, without nox; read from its files: no code of it is run, and no tool is started."""

import configparser
import contextlib
import itertools
import os
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from release_recipes.project.requirements import test_requirements
from release_recipes.settings import read_pyproject

#: What is looked for, for the user.
SOUGHT = "no session test in noxfile.py, no environment of tox, no script named test, no file such as tests/test_*.py"

#: The names of scripts for tests, in order of preference.
_SCRIPTS = ("test", "tests")

#: Tables of scripts below ``[tool]``: the keys, what runs them, and the package of that program.
_RUNNERS = (
    (("pdm", "scripts"), ("pdm", "run"), "pdm"),
    (("poe", "tasks"), ("poe", "--executor", "simple"), "poethepoet"),
    (("taskipy", "tasks"), ("task",), "taskipy"),
)

#: Parts of the names of environments of tox and hatch for other purposes than tests.
_OTHER = re.compile(r"lint|doc|typ|mypy|style|format|fix|clean|build|release|publish|check|flake|ruff|bench")

#: A range in a list of tox.
_SPAN = re.compile(r"(?<=[{,\s])(\d+)-(\d+)(?=\s*[,}])")

_NOX_TESTS = re.compile(r"""\bdef tests?\b|["']tests?["']|\bregister\(""")

#: Folders whose tests are not those of the project, besides hidden ones and virtual environments.
_NOT_OURS = frozenset({"build", "dist", "node_modules", "docs", "doc", "examples", "vendor", "_vendor", "third_party"})

_TEST_FILE = re.compile(r"test.*\.py|.*_tests?\.py")
_TEST = re.compile(r"^\s*(?:async )?def test|\bTestCase\b", re.MULTILINE)


@dataclass(frozen=True)
class Tests:
    """A way to run the tests of a project: in its folder, with a new environment."""

    #: The program and its arguments.
    command: tuple[str, ...]
    #: Packages that are installed before, for the command.
    tools: tuple[str, ...] = ()
    #: Whether the project and the requirements of its tests are installed, too; tox and hatch do that themselves.
    installs: bool = True

    def requirements(self, folder: Path) -> list[str]:
        """Return what is installed before, as arguments of ``pip install`` in the project's folder."""
        wanted = test_requirements(folder) if self.installs else []
        return [*(tool for tool in self.tools if tool not in wanted), *wanted]


def may_have_tests(folder: Path) -> bool:
    """Return whether tests were found, or a noxfile that seems to have a session for them."""
    noxfile = folder / "noxfile.py"
    has_session = noxfile.is_file() and _NOX_TESTS.search(noxfile.read_text("utf-8", "replace"))
    return bool(has_session or _declared(folder) or next(_test_files(folder), None))


def ran_none(output: str) -> bool:
    """Return whether unittest ran, and found no test."""
    return "Ran 0 tests in" in output and not re.search(r"Ran [1-9]|\d passed", output)


def find(folder: Path, command: Sequence[str] = ()) -> Tests | None:
    """Return how a project without a nox session runs its tests; ``None`` if none were found.

    Args:
        folder: The project's folder.
        command: The setting ``test_command``, which is used instead of what the project declares.

    Raises:
        InvalidSetting: ``pyproject.toml`` cannot be read.
    """
    if command:
        return Tests(tuple(command), ("pytest",))
    return _declared(folder) or _pytest_or_unittest(folder)


def _declared(folder: Path) -> Tests | None:
    """Return what runs the tests by its own configuration: tox, hatch, or a script."""
    tool = read_pyproject(folder).get("tool", {})
    if environment := _tox_environment(folder, tool):
        return Tests(("tox", "run", "-e", environment), ("tox",), installs=False)
    if script := _hatch_script(folder, tool):
        return Tests(("hatch", *script), ("hatch",), installs=False)
    for (name, key), runner, package in _RUNNERS:
        scripts = tool.get(name, {}).get(key, ())
        if script := [each for each in _SCRIPTS if each in scripts][:1]:
            return Tests((*runner, *script), (package,))
    return None


def _tox_environment(folder: Path, tool: Mapping[str, Any]) -> str:
    """Return the environment of tox that runs the tests on this Python; empty if it has none."""
    toml = _toml(folder / "tox.toml") or tool.get("tox", {})
    parser = configparser.RawConfigParser(strict=False)
    files = [path for name in ("tox.ini", "setup.cfg") if (path := folder / name).is_file()]
    ini = files[0].read_text("utf-8", "replace").replace("[tox:tox]", "[tox]") if files else ""
    try:
        parser.read_string(f"{ini}\n{toml.get('legacy_tox_ini', '')}")
    except configparser.Error:
        return ""
    listed = [name for name in toml.get("env_list", ()) if isinstance(name, str)]
    listed += _expanded(parser.get("tox", "envlist", fallback="") or parser.get("tox", "env_list", fallback=""))
    listed += [name.partition(":")[2] for name in parser.sections() if name.startswith("testenv:")]
    names: list[str] = [name for name in (*listed, *toml.get("env", ())) if not _OTHER.search(name)]
    major, minor = sys.version_info[:2]
    this = f"py{major}{minor}"
    preferred = ({this, f"{major}.{minor}", f"py{major}.{minor}"}, {"py", "py3", *_SCRIPTS, "unit", "pytest"})
    fitting = [name for factors in preferred for name in names if factors & set(name.split("-"))]
    # tox makes an environment of any Python that its list does not have.
    of_others = [re.sub(r"^py\d+", this, name) for name in names if re.match(r"py\d+", name)]
    has_commands = parser.has_option("testenv", "commands") or "commands" in toml.get("env_run_base", {})
    return next(iter([*fitting, *of_others]), this if has_commands else "")


def _expanded(text: str) -> list[str]:
    """Return the names in a list of tox, such as ``py3{10-12,14}-{a,b}, lint``."""
    names = []
    text = _SPAN.sub(lambda span: ",".join(map(str, range(int(span[1]), int(span[2]) + 1))), text)
    for word in re.findall(r"(?:\{[^}]*\}|[^\s,{])+", re.sub(r"#.*", "", text)):
        pieces = re.split(r"\{([^}]*)\}", word)
        choices = [piece.split(",") if number % 2 else [piece] for number, piece in enumerate(pieces)]
        names += ["".join(map(str.strip, chosen)) for chosen in itertools.product(*choices)]
    return names


def _hatch_script(folder: Path, tool: Mapping[str, Any]) -> list[str]:
    """Return the arguments of hatch that run the tests; none if it has no script for them."""
    table = _toml(folder / "hatch.toml") or tool.get("hatch", {})
    environments: dict[str, Any] = {"default": {}, "test": {}, "tests": {}, **table.get("envs", {})}
    for name, environment in environments.items():
        wanted = (*_SCRIPTS, "run") if name in _SCRIPTS else _SCRIPTS
        script = next((each for each in wanted if each in environment.get("scripts", ())), "")
        if script and not _OTHER.search(name):
            this = f"{sys.version_info[0]}.{sys.version_info[1]}"
            fits = any(this in row.get("python", ()) for row in environment.get("matrix", ()))
            return ["run", *([f"+py={this}"] if fits else []), f"{name}:{script}"]
    return ["test"] if "hatch-test" in environments else []


def _toml(path: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):  # the tool itself reports what is wrong in it
        return tomllib.loads(path.read_text("utf-8"))
    return {}


def _pytest_or_unittest(folder: Path) -> Tests | None:
    """Return pytest, if it is configured, required or needed, else unittest; ``None`` if there is no test."""
    names = ("pyproject.toml", "setup.cfg", "setup.py", "pytest.ini", ".pytest.ini", "tox.ini")
    files = [*map(folder.joinpath, names), *folder.glob("*requirements*.txt"), *folder.glob("requirements/*.txt")]
    configured = "".join(path.read_text("utf-8", "replace") for path in files if path.is_file())
    tests = dict(_test_files(folder))
    if not tests:
        return None
    inside = {parent for path in tests for parent in path.parents if parent.is_relative_to(folder)}
    with_pytest = "pytest" in configured or any((parent / "conftest.py").is_file() for parent in inside)
    with_unittest = all("TestCase" in text and "pytest" not in text for text in tests.values())
    command = _unittest(folder, list(tests)) if with_unittest and not with_pytest else ()
    return Tests(command) if command else Tests(("pytest",), ("pytest",))


def _test_files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files with tests, and their text."""
    for root, folders, names in os.walk(folder):
        kept = [name for name in folders if name not in _NOT_OURS and not name.startswith(".")]
        folders[:] = sorted(name for name in kept if not Path(root, name, "pyvenv.cfg").is_file())
        for path in (Path(root, name) for name in sorted(names) if _TEST_FILE.fullmatch(name)):
            text = path.read_text("utf-8", "replace")
            if _TEST.search(text):
                yield path, text


def _unittest(folder: Path, tests: list[Path]) -> tuple[str, ...]:
    """Return the command of unittest that discovers files with tests; nothing if it would not find each of them."""
    start = top = Path(os.path.commonpath([path.parent for path in tests]))
    below = {parent for path in tests for parent in path.parents if parent != start and parent.is_relative_to(start)}
    if not all((each / "__init__.py").is_file() for each in below) or any(path.name[:4] != "test" for path in tests):
        return ()
    while top != folder and (top / "__init__.py").is_file():
        top = top.parent
    where = [each.relative_to(folder).as_posix() for each in (start, top)]
    return ("python", "-m", "unittest", "discover", "-s", where[0], "-t", where[1])
