"""The files of small projects, one kind for each way that people build; no git and no disk here."""

from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Final, Literal

Kind = Literal["bare", "setuptools", "hatchling", "flit"]

TASKS: Final = '''"""Release this project."""

from release_recipes import ns

__all__ = ["ns"]
'''
"""A `tasks.py` that adopts release-recipes."""

_GITIGNORE = """\
/dist/
/build/
*.egg-info/
.nox/
.env
__pycache__/
"""

# The pin of another package has the same number: a bump that replaces numbers without their context changes it.
_README = """\
# $name

Install it with `pip install $name==$version`. It gets on well with `other-package==$version`.
"""

_PACKAGE = '''"""Greet people."""

__version__ = "$version"


def greet(name: str) -> str:
    """Return a greeting."""
    return f"Hello, {name}!"
'''

_TEST = '''"""The tests of demo."""

import unittest

import demo


class GreetTest(unittest.TestCase):
    """Greetings."""

    def test_greets_by_name(self) -> None:
        """A greeting has the name in it."""
        self.assertEqual(demo.greet("Ada"), "Hello, Ada!")
'''

_NOXFILE = '''"""Sessions without an environment of their own, for speed."""

import sys

import nox


@nox.session(venv_backend="none")
def test(session: nox.Session) -> None:
    """Run the tests."""
    session.run(sys.executable, "-m", "unittest", env={"PYTHONPATH": "src"})


@nox.session(venv_backend="none")
def build(session: nox.Session) -> None:
    """Build the distributions."""
    session.run(sys.executable, $build)
'''

# A front end starts Python five times for it.
_WITHOUT_FRONT_END = """\
"-P", "-c", "import os, bare_backend as backend; os.mkdir('dist'); "
        "print('Successfully built', backend.build_sdist('dist'), 'and', backend.build_wheel('dist'))",
        env={"PYTHONPATH": "_backend"}"""

_SETUP = '''"""Package demo."""

from pathlib import Path

from setuptools import setup

setup(
    name="$name",
    version="$version",
    description="Greet people.",
    long_description=Path("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    python_requires=">=3.11",
    packages=["demo"],
)
'''

_BARE_PYPROJECT = """\
[build-system]
requires = []
build-backend = "bare_backend"
backend-path = ["_backend"]

[project]
name = "$name"
version = "$version"
description = "Greet people."
readme = "README.md"
requires-python = ">=3.11"
"""

_README_ENTRY = """
[[tool.bumpversion.files]]
filename = "README.md"
search = "install $name=={current_version}"
replace = "install $name=={new_version}"
"""

_HATCHLING_PYPROJECT = (
    """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "$name"
version = "$version"
description = "Greet people."
readme = "README.md"
requires-python = ">=3.11"

[tool.hatch.build.targets.wheel]
packages = ["src/demo"]

[tool.bumpversion]

[[tool.bumpversion.files]]
filename = "src/demo/__init__.py"
search = '__version__ = "{current_version}"'
replace = '__version__ = "{new_version}"'
"""
    + _README_ENTRY
)

_FLIT_PYPROJECT = """\
[build-system]
requires = ["flit-core"]
build-backend = "flit_core.buildapi"

[project]
name = "$name"
description = "Greet people."
readme = "README.md"
requires-python = ">=3.11"
dynamic = ["version"]

[tool.flit.module]
name = "demo"

[tool.release]
version_files = ["demo/__init__.py", "README.md"]
"""

_BUMPVERSION = (
    """\
[tool.bumpversion]
current_version = "$version"

[[tool.bumpversion.files]]
filename = "$metadata_file"
search = 'version$equals"{current_version}"'
replace = 'version$equals"{new_version}"'

[[tool.bumpversion.files]]
filename = "demo/__init__.py"
search = '__version__ = "{current_version}"'
replace = '__version__ = "{new_version}"'
"""
    + _README_ENTRY
)

_COMMON = {
    ".gitignore": _GITIGNORE,
    "README.md": _README,
    "tests/__init__.py": "",
    "tests/test_demo.py": _TEST,
}

_KINDS: Mapping[Kind, Mapping[str, str]] = {
    "bare": {
        ".bumpversion.toml": Template(_BUMPVERSION).safe_substitute(metadata_file="pyproject.toml", equals=" = "),
        "_backend/bare_backend.py": Path(__file__).with_name("bare_backend.py").read_text(encoding="utf-8"),
        "demo/__init__.py": _PACKAGE,
        "pyproject.toml": _BARE_PYPROJECT,
    },
    "setuptools": {
        ".bumpversion.toml": Template(_BUMPVERSION).safe_substitute(metadata_file="setup.py", equals="="),
        "demo/__init__.py": _PACKAGE,
        "setup.py": _SETUP,
    },
    "hatchling": {
        "pyproject.toml": _HATCHLING_PYPROJECT,
        "src/demo/__init__.py": _PACKAGE,
    },
    "flit": {
        "demo/__init__.py": _PACKAGE,
        "pyproject.toml": _FLIT_PYPROJECT,
    },
}


def project_files(kind: Kind, *, name: str, version: str, noxfile: bool) -> dict[str, str]:
    """Return the text of each file of a project, by its path below the project's root.

    The import package is `demo`, whatever the project's name. A noxfile has the sessions `test` and `build`.
    """
    sessions = {"noxfile.py": _NOXFILE} if noxfile else {}
    build = _WITHOUT_FRONT_END if kind == "bare" else '"-m", "build", "--installer=uv"'
    return {
        path: Template(text).substitute(name=name, version=version, build=build)
        for path, text in {**_COMMON, **_KINDS[kind], **sessions}.items()
    }


def quick_files() -> dict[str, str]:
    """Return what makes a bare project be released faster: nothing is installed before the upload, or built twice.

    `[tool.release]` is the last table of its pyproject.toml, so that a test can add lines to it.
    """
    pyproject = project_files("bare", name="demo-package", version="1.2.3", noxfile=False)["pyproject.toml"]
    return {"pyproject.toml": f'{pyproject}\n[tool.release]\ntry_install = "off"\nreproducible = "off"\n'}


def computed(code: str) -> dict[str, str]:
    """Return what makes a bare project one whose build backend computes the version, with an expression.

    It declares none, its package has none, and bump-my-version is not configured.
    """
    backend = project_files("bare", name="demo-package", version="1.2.3", noxfile=False)["_backend/bare_backend.py"]
    asked = f'_declared = _project\n\n\ndef _project():\n    return {{**_declared(), "version": {code}}}\n'
    return {
        ".bumpversion.toml": "",
        "README.md": "Demo.\n",
        "_backend/bare_backend.py": f"{backend}\n\n{asked}",
        "demo/__init__.py": "",
        "pyproject.toml": quick_files()["pyproject.toml"].replace('version = "1.2.3"', 'dynamic = ["version"]'),
    }
