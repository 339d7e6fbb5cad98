"""Wheels that are for one machine alone are repaired or left out, and the sdist is released without them."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from distributions.made import SDIST, SDIST_FILES, TOP, sdist, write
from release_recipes import events
from release_recipes.distributions.inspection import Subject, inspect
from release_recipes.distributions.inspection.wheel import refused_platforms
from release_recipes.findings import Finding
from release_recipes.project.compiled import is_compiled, wheels_elsewhere
from release_recipes.settings import Settings
from support.cli import Cli
from support.index import PypiServer
from support.projects import project_files, quick_files
from support.repository import Repository

MakeRepository = Callable[..., Repository]

LINUX = "demo_package-1.3.0-cp311-cp311-linux_x86_64.whl"
NOTHING_TO_REPAIR = {
    "_backend/bare_backend.py": project_files("bare", name="demo-package", version="1.2.3", noxfile=False)[
        "_backend/bare_backend.py"
    ].replace("py3-none-any", "cp311-cp311-linux_x86_64"),
    "demo/fast.c": "int fast;\n",
}

SETUP = """\
from setuptools import Extension, setup

setup(
    name="demo-package",
    version="1.2.3",
    description="Greet people.",
    long_description="Greet people.",
    python_requires=">=3.11",
    packages=["demo"],
    ext_modules=[Extension("demo.fast", ["demo/fast.c"])],
)
"""
FAST = """\
#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "fast", NULL, -1, NULL};
PyMODINIT_FUNC PyInit_fast(void) { return PyModule_Create(&module); }
"""


@pytest.fixture
def left_out(make_repository: MakeRepository) -> Repository:
    """Return a project whose wheel has the tag of this machine, and nothing in it that auditwheel could repair."""
    return make_repository(noxfile=True, files={**quick_files(), **NOTHING_TO_REPAIR})


def test_a_wheel_that_cannot_be_repaired_is_left_out(left_out: Repository, known: PypiServer, cli: Cli) -> None:
    """The sdist is released alone, with a warning that says why."""
    done = cli("release", "--part", "minor", "--skip-tests", "--json", cwd=left_out.path)
    assert done.code == 0, done.err
    assert {name for name in known.files() if "1.3.0" in name} == {"demo_package-1.3.0.tar.gz"}
    first, second = done.json["warnings"]
    assert first["message"].startswith(f"{LINUX} is left out, because PyPI refuses linux_x86_64: ")
    assert first["hint"] == (
        "The sdist is released without it; the others come from CI, such as with cibuildwheel. To build no wheel: "
        '[tool.release] wheels = "none"'
    )
    assert (second["check"], second["message"]) == ("dist-set", "No wheel was built.")


@pytest.mark.parametrize(
    ("line", "released"),
    [('wheels = "none"', set()), ('skip_checks = ["platform-tags"]', {LINUX})],
)
def test_the_settings_decide_about_wheels(
    line: str, released: set[str], left_out: Repository, known: PypiServer, cli: Cli
) -> None:
    """No wheel is released by one setting, and the wheel as it was built by another, each without a warning."""
    path = left_out.path / "pyproject.toml"
    left_out.write("pyproject.toml", f"{path.read_text(encoding='utf-8')}{line}\n")
    left_out.commit("build: wheels")
    done = cli("release", "--part", "minor", "--skip-tests", "--json", cwd=left_out.path)
    assert done.code == 0, done.err
    assert {name for name in known.files() if "1.3.0" in name} == {"demo_package-1.3.0.tar.gz", *released}
    assert [warning for warning in done.json["warnings"] if warning["check"] != "up-to-date"] == []


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("cc"), reason="needs Linux and a C compiler")
def test_a_wheel_that_can_be_repaired(make_repository: MakeRepository, cli: Cli) -> None:
    """A wheel with an extension module gets a tag that PyPI accepts, and can be imported."""
    repository = make_repository(kind="setuptools", files={"setup.py": SETUP, "demo/fast.c": FAST})
    done = cli("build", "--json", cwd=repository.path)
    assert done.code == 0, done.err
    wheel, source = sorted(artifact["filename"] for artifact in done.json["artifacts"])
    assert source == "demo_package-1.2.3.tar.gz"
    assert "manylinux" in wheel
    assert refused_platforms(wheel) == []
    assert sorted(path.name for path in (repository.path / "dist").iterdir()) == [wheel, source]
    assert f"auditwheel has made {wheel} of demo_package-1.2.3-cp" in done.err


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, "the others come from CI, such as with cibuildwheel"),
        (
            {".github/workflows/wheels.yml": "steps:\n  - uses: pypa/cibuildwheel@v3\n"},
            "the others come from .github/workflows/wheels.yml",
        ),
    ],
)
def test_a_dry_run_says_what_becomes_of_the_wheel(
    more: dict[str, str], told: str, make_repository: MakeRepository, cli: Cli
) -> None:
    """Before the build of a compiled project it is told that its wheel may be left out, and where others come from."""
    repository = make_repository(kind="setuptools", files={"setup.py": SETUP, "demo/fast.c": FAST, **more})
    done = cli("release", "--part", "minor", "--dry-run", cwd=repository.path)
    assert done.code == 0, done.err
    sentence = "keep a wheel for this machine alone if auditwheel can repair it for PyPI, otherwise leave it out"
    assert f"{sentence}; {told}" in [line.strip() for line in done.out.splitlines()]


def test_a_rehearsal_of_an_sdist_alone(make_repository: MakeRepository, cli: Cli) -> None:
    """At the end it is installed from the embedded index, which has no build backend for it."""
    repository = make_repository(kind="setuptools", files={"pyproject.toml": '[tool.release]\nwheels = "none"\n'})
    done = cli("rehearse", "--part", "minor", "--skip-tests", "--json", cwd=repository.path)
    assert done.code == 0, done.err
    assert "✓ install-from-index" in done.err
    assert "installed demo_package-1.3.0.tar.gz" in done.err
    assert [artifact["filename"] for artifact in done.json["artifacts"]] == ["demo_package-1.3.0.tar.gz"]


def test_no_wheel_is_built_if_none_is_wanted(make_repository: MakeRepository, index: PypiServer, cli: Cli) -> None:
    """With wheels = "none", the front end builds the sdist alone."""
    repository = make_repository()
    path = repository.path / "pyproject.toml"
    repository.write("pyproject.toml", f'{path.read_text(encoding="utf-8")}\n[tool.release]\nwheels = "none"\n')
    repository.commit("build: no wheels")
    done = cli("release", "--part", "minor", "--dry-run", cwd=repository.path)
    (build,) = [line for line in done.out.splitlines() if line.startswith("• build")]
    assert build.endswith("$ python -P -m build --installer uv --outdir dist --sdist")
    assert index.files() == {}


@pytest.mark.parametrize(
    ("files", "compiled"),
    [
        ({"setup.py": SETUP}, True),
        ({"setup.py": "from setuptools import setup\nsetup()\n"}, False),
        ({"pyproject.toml": "[build-system]\nrequires = ['maturin>=1']\n"}, True),
        ({"pyproject.toml": "[build-system]\nbuild-backend = 'mesonpy'\n"}, True),
        ({"pyproject.toml": "[build-system]\nrequires = ['scikit-build-core']\n"}, True),
        ({"pyproject.toml": "[tool.setuptools]\next-modules = []\n"}, True),
        ({"pyproject.toml": "[build-system]\nrequires = ['hatchling']\n[project]\ndependencies = ['cffi']\n"}, False),
        ({}, False),
    ],
)
def test_what_is_compiled(files: dict[str, str], compiled: bool, tmp_path: Path) -> None:
    """A project is compiled by what its build requires or by its setup.py, not by what it depends on."""
    write(tmp_path, {name: text.encode() for name, text in files.items()})
    assert is_compiled(tmp_path) == compiled
    assert wheels_elsewhere(tmp_path) == "the others come from CI, such as with cibuildwheel"


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        (LINUX, ["linux_x86_64"]),
        ("demo_package-1.3.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", []),
        ("demo_package-1.3.0-cp311-cp311-linux_armv7l.whl", []),
        ("no wheel.whl", []),
    ],
)
def test_platforms_that_pypi_refuses(name: str, refused: list[str]) -> None:
    """The platforms of a file name that PyPI refuses are told."""
    assert refused_platforms(name) == refused


@pytest.mark.parametrize(
    ("more", "wheels", "warned"),
    [(f"{TOP}/demo/fast.c", "local", ["No wheel was built."]), (f"{TOP}/demo/slow.py", "none", [])],
)
def test_an_sdist_alone(more: str, wheels: str, warned: list[str], tmp_path: Path) -> None:
    """An sdist with sources that are compiled may be released alone, and so may any by the settings."""
    files = write(tmp_path, {SDIST: sdist({**SDIST_FILES, more: ""})})
    found: list[Finding] = []
    subject = Subject(files, Settings(wheels=wheels), "demo-package", "1.3.0")
    with events.listening(lambda event: found.append(event.finding) if isinstance(event, events.Warned) else None):
        inspect(subject)
    assert [finding.message for finding in found] == warned
