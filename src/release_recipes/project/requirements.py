"""The requirements of a project's tests, as the project declares them; no code of it is run."""

import ast
import configparser
import contextlib
import os
import re
from pathlib import Path

from release_recipes.errors import NoRepository
from release_recipes.programs import uv
from release_recipes.programs.git import repository
from release_recipes.project.packages import packages, required_by
from release_recipes.settings import read_pyproject

#: The names of groups, extras and requirements files for tests; the second ones are used if there is none of the first.
_NAMES = (("test", "tests", "testing"), ("dev", "develop", "development"))

#: What a list of requirements for tests has, whatever its name.
_PYTEST = re.compile(r"\bpytest\b")

#: Where requirements files are found.
_FILES = (
    *("{}-requirements.txt", "{}_requirements.txt", "{}/requirements.txt"),
    *("requirements-{}.txt", "requirements_{}.txt", "requirements/{}.txt"),
)


def test_requirements(folder: Path) -> list[str]:
    """Return the arguments that install a project, with the requirements of its tests.

    They work for ``pip install`` and ``uv pip install`` in the project's folder. They are those of every group, extra
    and requirements file for tests; without any, those for development; without these, too, the first extra or group
    that has pytest. The packages of the same repository that it requires are installed from their folders: an index may
    not have them yet.

    Raises:
        CommandFailed: The groups of Poetry cannot be read.
        InvalidSetting: ``pyproject.toml`` cannot be read.
    """
    pyproject = read_pyproject(folder)
    tool = pyproject.get("tool", {})
    project, poetry, pdm = pyproject.get("project", {}), tool.get("poetry", {}), tool.get("pdm", {})
    extras, wanted = _of_setup(folder)
    extras |= _texts(project.get("optional-dependencies")) | _texts(poetry.get("extras"))
    lists = {"tests": wanted, "dev": tool.get("uv", {}).get("dev-dependencies", ()), **pdm.get("dev-dependencies", {})}
    groups = _texts(pyproject.get("dependency-groups"))
    of_poetry = {*poetry.get("group", ()), *(["dev"] if "dev-dependencies" in poetry else [])}
    for names in _NAMES:
        chosen = [name for name in names if name in extras]
        found = [word for name in names if name in groups for word in ("--group", name)]
        found += [requirement for name in names for requirement in lists.get(name, ())]
        if with_poetry := [name for name in names if name in of_poetry]:
            found += uv.poetry_requirements(folder, with_poetry)
        files = [pattern.format(name) for name in names for pattern in _FILES]
        found += [word for file in files if (folder / file).is_file() for word in ("-r", file)]
        if chosen or found:
            return [*_siblings(folder), f".[{','.join(chosen)}]" if chosen else ".", *found]
    extra = next((f"[{name}]" for name, listed in extras.items() if _PYTEST.search(listed)), "")
    group = next((name for name, listed in groups.items() if _PYTEST.search(listed)), "")
    return [*_siblings(folder), f".{extra}", *(["--group", group] if group and not extra else [])]


def _texts(table: object) -> dict[str, str]:
    """Return what each extra or group of a table has, as one text."""
    return {name: str(listed) for name, listed in table.items()} if isinstance(table, dict) else {}


def _siblings(folder: Path) -> list[str]:
    """Return the folders of the packages of the same repository that a project requires, relative to its folder."""
    try:
        git = repository(folder)[0]
    except NoRepository:
        return []
    below = folder.resolve().relative_to(git.path.resolve()).as_posix()
    return [os.path.relpath(git.path / each.below, git.path / below) for each in required_by(below, packages(git))]


def _of_setup(folder: Path) -> tuple[dict[str, str], list[str]]:
    """Return what each extra has, and ``tests_require``, as ``setup.cfg`` and ``setup.py`` declare them."""
    parser = configparser.RawConfigParser(strict=False)
    with contextlib.suppress(configparser.Error, UnicodeDecodeError):
        parser.read(folder / "setup.cfg", encoding="utf-8")
    extras = dict(parser["options.extras_require"]) if parser.has_section("options.extras_require") else {}
    wanted = [line for line in parser.get("options", "tests_require", fallback="").splitlines() if line.strip()]
    nodes: list[ast.AST] = []
    with contextlib.suppress(OSError, SyntaxError, ValueError):
        nodes += ast.walk(ast.parse((folder / "setup.py").read_bytes()))
    assigned = [node for node in reversed(nodes) if isinstance(node, ast.Assign)]  # the module's before those below
    named = {getattr(node.targets[0], "id", ""): node.value for node in assigned}
    for word in (node for node in nodes if isinstance(node, ast.keyword)):
        value = named.get(getattr(word.value, "id", ""), word.value)
        if word.arg == "extras_require" and isinstance(value, ast.Dict):
            keys = [str(each.value) if isinstance(each, ast.Constant) else "" for each in value.keys]
            extras |= {key: ast.unparse(listed) for key, listed in zip(keys, value.values, strict=True) if key}
        elif word.arg == "tests_require" and isinstance(value, ast.List | ast.Tuple):
            wanted += [str(each.value) for each in value.elts if isinstance(each, ast.Constant)]
    return extras, wanted
