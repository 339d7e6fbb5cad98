"""Where a version stands in the files of a project, and how it is edited there."""

import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from shutil import which

import pytest

from release_recipes.errors import BumpFailed, CommandFailed
from release_recipes.programs.git import Git
from release_recipes.project.places import LIKELY, Place, edit, find
from release_recipes.project.spelling import Spot, found, spelled

NAME = "demo-pkg"


def tracked(folder: Path, files: Mapping[str, str | bytes]) -> Git:
    """Make a repository whose index has files; text is written as UTF-8, with its line ends."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    subprocess.run(["git", "add", "--force", "--all"], cwd=folder, check=True)
    return Git(folder)


def bump(folder: Path, places: list[Place], version: str = "1.3.0", prior: str = "1.2.3") -> None:
    """Edit the places that are surely the project's."""
    edit(folder, [place for place in places if place.kind != "maybe"], prior, version)


FORMS = {
    "project": (
        "pyproject.toml",
        (
            '[project]\nname = "demo-pkg"  # 1.2.3\nversion = "1.2.3"\nneeds = ["other==1.2.3", "demo-pkg-x==1.2.3"]\n'
            '[tool.other]\nversion = "1.2.3"\n[tool.other.dependencies]\nx = {version = "1.2.3"}\n'
        ),
        (
            '[project]\nname = "demo-pkg"  # 1.2.3\nversion = "1.3.0"\nneeds = ["other==1.2.3", "demo-pkg-x==1.2.3"]\n'
            '[tool.other]\nversion = "1.2.3"\n[tool.other.dependencies]\nx = {version = "1.2.3"}\n'
        ),
        100,
    ),
    "poetry": (
        "pyproject.toml",
        '[tool.poetry]\nversion = \'1.2.3\'\n[tool.poetry.dependencies]\nother = {version = "1.2.3"}\nnext = "1.2.3"\n',
        '[tool.poetry]\nversion = \'1.3.0\'\n[tool.poetry.dependencies]\nother = {version = "1.2.3"}\nnext = "1.2.3"\n',
        100,
    ),
    "flit": (
        "pyproject.toml",
        '[tool.flit.metadata]\nversion="1.2.3"\n[tool.black]\ntarget-version = "1.2.3"\n',
        '[tool.flit.metadata]\nversion="1.3.0"\n[tool.black]\ntarget-version = "1.2.3"\n',
        100,
    ),
    "with a v": (
        "pyproject.toml",
        '[project]\nversion = "v1.2.3"\nurl = "https://example.org/demo-pkg/releases/tag/v1.2.3"\nother = "v1.2.3"\n',
        '[project]\nversion = "v1.3.0"\nurl = "https://example.org/demo-pkg/releases/tag/v1.3.0"\nother = "v1.2.3"\n',
        100,
    ),
    "bump-my-version": (
        "pyproject.toml",
        '[tool.bumpversion]\ncurrent_version = "1.2.3"\nparse = "1.2.3"\n',
        '[tool.bumpversion]\ncurrent_version = "1.3.0"\nparse = "1.2.3"\n',
        25,
    ),
    "commitizen": (
        "pyproject.toml",
        '[tool.commitizen]\nversion = "1.2.3"\n[tool.x]\nversion = "1.2.3"\n',
        '[tool.commitizen]\nversion = "1.3.0"\n[tool.x]\nversion = "1.2.3"\n',
        25,
    ),
    "tbump": (
        "pyproject.toml",
        '[tool.tbump.version]\ncurrent = "1.2.3"\n[tool.x]\ncurrent = "1.2.3"\n',
        '[tool.tbump.version]\ncurrent = "1.3.0"\n[tool.x]\ncurrent = "1.2.3"\n',
        25,
    ),
    "bumpversion": (
        ".bumpversion.cfg",
        "[bumpversion]\ncurrent_version = 1.2.3\n[bumpversion:file:x]\nsearch = 1.2.3\n",
        "[bumpversion]\ncurrent_version = 1.3.0\n[bumpversion:file:x]\nsearch = 1.2.3\n",
        25,
    ),
    "setup.cfg": (
        "setup.cfg",
        "[metadata]\nname = demo-pkg\nversion = 1.2.3\n[options]\npython_version = 1.2.3\nrequires =\n  a==1.2.3\n",
        "[metadata]\nname = demo-pkg\nversion = 1.3.0\n[options]\npython_version = 1.2.3\nrequires =\n  a==1.2.3\n",
        95,
    ),
    "setup.py": (
        "setup.py",
        'needs = dict(version="1.2.3")\nsetup(name="demo-pkg", version="1.2.3", install_requires=["a==1.2.3"])\n',
        'needs = dict(version="1.2.3")\nsetup(name="demo-pkg", version="1.3.0", install_requires=["a==1.2.3"])\n',
        92,
    ),
    "constant": (
        "setup.py",
        "VERSION = '1.2.3'\nMINIMUM = '1.2.3'\nsetup(version=VERSION)\n",
        "VERSION = '1.3.0'\nMINIMUM = '1.2.3'\nsetup(version=VERSION)\n",
        92,
    ),
    "Cargo.toml": (
        "Cargo.toml",
        '[package]\nversion = "1.2.3"\n[dependencies]\nserde = "1.2.3"\n[dependencies.pyo3]\nversion = "1.2.3"\n',
        '[package]\nversion = "1.3.0"\n[dependencies]\nserde = "1.2.3"\n[dependencies.pyo3]\nversion = "1.2.3"\n',
        85,
    ),
    "workspace": (
        "Cargo.toml",
        '[workspace.package]\nversion = "1.2.3"\nrust-version = "1.2.3"\n',
        '[workspace.package]\nversion = "1.3.0"\nrust-version = "1.2.3"\n',
        85,
    ),
    "Cargo.lock": (
        "Cargo.lock",
        (
            '[[package]]\nname = "serde"\nversion = "1.2.3"\nsource = "registry"\n\n'
            '[[package]]\nname = "demo_pkg"\nversion = "1.2.3"\ndependencies = [\n "serde 1.2.3",\n]\n'
        ),
        (
            '[[package]]\nname = "serde"\nversion = "1.2.3"\nsource = "registry"\n\n'
            '[[package]]\nname = "demo_pkg"\nversion = "1.3.0"\ndependencies = [\n "serde 1.2.3",\n]\n'
        ),
        30,
    ),
    "uv.lock": (
        "uv.lock",
        (
            '[[package]]\nname = "a"\nversion = "1.2.3"\nsource = { registry = "x" }\n\n'
            '[[package]]\nname = "demo-pkg"\nversion = "1.2.3"\nsource = { editable = "." }\n'
            '\n[package.metadata]\nrequires-dist = [{ name = "a", specifier = "==1.2.3" }]\n'
        ),
        (
            '[[package]]\nname = "a"\nversion = "1.2.3"\nsource = { registry = "x" }\n\n'
            '[[package]]\nname = "demo-pkg"\nversion = "1.3.0"\nsource = { editable = "." }\n'
            '\n[package.metadata]\nrequires-dist = [{ name = "a", specifier = "==1.2.3" }]\n'
        ),
        30,
    ),
    "package.json": (
        "package.json",
        '{\n  "engines": {"version": "1.2.3"},\n  "version": "1.2.3",\n  "dependencies": {"a": "1.2.3"}\n}\n',
        '{\n  "engines": {"version": "1.2.3"},\n  "version": "1.3.0",\n  "dependencies": {"a": "1.2.3"}\n}\n',
        85,
    ),
    "package-lock.json": (
        "package-lock.json",
        (
            '{\n "name": "demo-pkg",\n "version": "1.2.3",\n "packages": {\n'
            '  "": {\n   "name": "@me/demo-pkg",\n  "version": "1.2.3"},\n'
            '  "node_modules/a": {\n   "version": "1.2.3"\n  }\n }\n}\n'
        ),
        (
            '{\n "name": "demo-pkg",\n "version": "1.3.0",\n "packages": {\n'
            '  "": {\n   "name": "@me/demo-pkg",\n  "version": "1.3.0"},\n'
            '  "node_modules/a": {\n   "version": "1.2.3"\n  }\n }\n}\n'
        ),
        30,
    ),
    "codemeta": (
        "codemeta.json",
        '{"version": "1.2.3", "softwareVersion": "1.2.3", "needs": [{"version": "1.2.3"}]}',
        '{"version": "1.3.0", "softwareVersion": "1.3.0", "needs": [{"version": "1.2.3"}]}',
        20,
    ),
    "meson": (
        "meson.build",
        "project('demo', 'c', license: files('L'),\n  version: '1.2.3',\n)\nx = dependency('x', version: '1.2.3')\n",
        "project('demo', 'c', license: files('L'),\n  version: '1.3.0',\n)\nx = dependency('x', version: '1.2.3')\n",
        85,
    ),
    "CMake": (
        "CMakeLists.txt",
        "cmake_minimum_required(VERSION 1.2.3)\nproject(demo VERSION 1.2.3 LANGUAGES C)\nfind_package(x 1.2.3)\n",
        "cmake_minimum_required(VERSION 1.2.3)\nproject(demo VERSION 1.3.0 LANGUAGES C)\nfind_package(x 1.2.3)\n",
        50,
    ),
    "plain file": ("src/demo_pkg/VERSION", "1.2.3", "1.3.0", 78),
    "module": (
        "src/demo_pkg/__init__.py",
        (
            '"""1.2.3."""\n__version__ = "1.2.3"  # 1.2.3\nHEADERS = {"version": "1.2.3"}\nd = dict(version="1.2.3")\n'
            'API = "1.2.3"\n# __version__ = "1.2.3"\nmin_version = "1.2.3"\n'
        ),
        (
            '"""1.2.3."""\n__version__ = "1.3.0"  # 1.2.3\nHEADERS = {"version": "1.2.3"}\nd = dict(version="1.2.3")\n'
            'API = "1.2.3"\n# __version__ = "1.2.3"\nmin_version = "1.2.3"\n'
        ),
        79,
    ),
    "chained": (
        "demo_pkg/_version.py",
        "__version__ = version = '1.2.3'\nother_version = '1.2.3'\n",
        "__version__ = version = '1.3.0'\nother_version = '1.2.3'\n",
        81,
    ),
    "annotated": (
        "demo_pkg/about.py",
        '__version__: Final[str] = "1.2.3"\nSINCE: str = "1.2.3"\n',
        '__version__: Final[str] = "1.3.0"\nSINCE: str = "1.2.3"\n',
        81,
    ),
    "in brackets": (
        "demo_pkg/__init__.py",
        '__version__ = (\n    "1.2.3"\n)\nneeded = (\n    "1.2.3"\n)\n',
        '__version__ = (\n    "1.3.0"\n)\nneeded = (\n    "1.2.3"\n)\n',
        81,
    ),
    "a module alone": ("demo_pkg.py", "VERSION = '1.2.3'\nX = '1.2.3'\n", "VERSION = '1.3.0'\nX = '1.2.3'\n", 65),
    "tuple": (
        "demo_pkg/__init__.py",
        'VERSION = (1, 2, 3, "final", 0)\nif sys.version_info >= (1, 2, 3):\n    SIZE = (1, 2, 3)\n',
        'VERSION = (1, 3, 0, "final", 0)\nif sys.version_info >= (1, 2, 3):\n    SIZE = (1, 2, 3)\n',
        69,
    ),
    "tuple over lines": (
        "demo_pkg/version.py",
        "version_info: tuple[int, ...] = (\n    1,\n    2,\n    3,\n)\nsize = (\n    1,\n    2,\n    3,\n)\n",
        "version_info: tuple[int, ...] = (\n    1,\n    3,\n    0,\n)\nsize = (\n    1,\n    2,\n    3,\n)\n",
        69,
    ),
    "incremental": (
        "src/demo_pkg/_version.py",
        'from incremental import Version\n\n__version__ = Version("demo_pkg", 1, 2, 3)\nold = Version("x", 1, 2, 3)\n',
        'from incremental import Version\n\n__version__ = Version("demo_pkg", 1, 3, 0)\nold = Version("x", 1, 2, 3)\n',
        77,
    ),
    "parts": (
        "demo_pkg/version.py",
        "MAJOR = 1\nMINOR = 2\nPATCH = 3\nLEVEL = 3\n",
        "MAJOR = 1\nMINOR = 3\nPATCH = 0\nLEVEL = 3\n",
        49,
    ),
    "macros": (
        "include/demo.h",
        (
            "#define DEMO_PKG_VERSION_MAJOR 1\n#define DEMO_PKG_VERSION_MINOR 2\n#define DEMO_PKG_VERSION_MICRO 3\n"
            "#define DEMO_PKG_VERSION_PATCH 3\n#define OTHER_VERSION_MAJOR 1\n#define OTHER_VERSION_MINOR 3\n"
        ),
        (
            "#define DEMO_PKG_VERSION_MAJOR 1\n#define DEMO_PKG_VERSION_MINOR 3\n#define DEMO_PKG_VERSION_MICRO 0\n"
            "#define DEMO_PKG_VERSION_PATCH 0\n#define OTHER_VERSION_MAJOR 1\n#define OTHER_VERSION_MINOR 3\n"
        ),
        49,
    ),
    "macros of a short name": (
        "include/demo_pkg/demo.h",
        "#define DP_VERSION_MAJOR 1\n#define DP_VERSION_MINOR 2\n#define DP_VERSION_PATCH 3\n#define MAJOR 1\n",
        "#define DP_VERSION_MAJOR 1\n#define DP_VERSION_MINOR 3\n#define DP_VERSION_PATCH 0\n#define MAJOR 1\n",
        48,
    ),
    "macro": (
        "include/demo.h",
        '#define DEMO_PKG_VERSION "1.2.3"\n#define ZLIB_VERSION "1.2.3"\n/* version = "1.2.3" */\n',
        '#define DEMO_PKG_VERSION "1.3.0"\n#define ZLIB_VERSION "1.2.3"\n/* version = "1.2.3" */\n',
        49,
    ),
    "conf.py": (
        "docs/conf.py",
        'version = "1.2"\nrelease = "1.2.3"\nneeds_sphinx = "1.2.3"\n',
        'version = "1.3"\nrelease = "1.3.0"\nneeds_sphinx = "1.2.3"\n',
        22,
    ),
    "conf.py at the root": (
        "conf.py",
        'release = version = "1.2.3"\ntheme_version = "1.2.3"\n',
        'release = version = "1.3.0"\ntheme_version = "1.2.3"\n',
        22,
    ),
    "badge": (
        "README.md",
        "![v](https://img.shields.io/badge/version-1.2.3-blue) ![p](https://img.shields.io/badge/python-1.2.3-blue)\n",
        "![v](https://img.shields.io/badge/version-1.3.0-blue) ![p](https://img.shields.io/badge/python-1.2.3-blue)\n",
        15,
    ),
    "rev": (
        "README.md",
        "- repo: https://github.com/me/demo-pkg\n  rev: v1.2.3\n- repo: https://github.com/me/other\n  rev: v1.2.3\n",
        "- repo: https://github.com/me/demo-pkg\n  rev: v1.3.0\n- repo: https://github.com/me/other\n  rev: v1.2.3\n",
        15,
    ),
    "pinned": (
        "docs/install.rst",
        (
            "é `demo-pkg==1.2.3` Demo_Pkg[a]==1.2.3 a==1.2.3 my-demo-pkg==1.2.3 demo-pkg>=1.2.3 demo-pkg==1.2.3rc1\n"
            ".. versionadded:: 1.2.3\nNew in demo-pkg==1.2.3; since demo-pkg==1.2.3.\n"
        ),
        (
            "é `demo-pkg==1.3.0` Demo_Pkg[a]==1.3.0 a==1.2.3 my-demo-pkg==1.2.3 demo-pkg>=1.2.3 demo-pkg==1.2.3rc1\n"
            ".. versionadded:: 1.2.3\nNew in demo-pkg==1.2.3; since demo-pkg==1.2.3.\n"
        ),
        15,
    ),
    "BibTeX": (
        "README.md",
        "  title = {Demo_Pkg: v1.2.3},\n  version = {v1.2.3},\n  title = {Other: v1.2.3},\n",
        "  title = {Demo_Pkg: v1.3.0},\n  version = {v1.3.0},\n  title = {Other: v1.2.3},\n",
        15,
    ),
    "address": (
        "CITATION.cff",
        "url: https://x.org/me/demo-pkg/releases/tag/v1.2.3\nother: https://x.org/me/other/releases/tag/v1.2.3\n",
        "url: https://x.org/me/demo-pkg/releases/tag/v1.3.0\nother: https://x.org/me/other/releases/tag/v1.2.3\n",
        15,
    ),
    "field": ("README.rst", ":Version: 1.2.3\n\napi version: 1.2.3\n", ":Version: 1.3.0\n\napi version: 1.2.3\n", 20),
}
"""File, its text, the text after the bump to 1.3.0, and the score of the best place."""


@pytest.mark.parametrize(("file", "before", "after", "score"), FORMS.values(), ids=FORMS)
def test_a_version_that_is_surely_the_projects(file: str, before: str, after: str, score: int, tmp_path: Path) -> None:
    """The project's own version is found in each form and edited, and what only looks like it stays."""
    git = tracked(tmp_path, {file: before})
    places = find(git, tmp_path, name=NAME, version="1.2.3")
    bump(tmp_path, places)
    assert (tmp_path / file).read_bytes().decode() == after
    assert (places[0].file, places[0].score) == (file, score)


@pytest.mark.parametrize("lock", ["poetry.lock", "pdm.lock", "pylock.toml"])
def test_the_own_entry_of_a_lock_file(lock: str, tmp_path: Path) -> None:
    """In a lock file, only the entry of the project is edited."""
    table = "packages" if lock == "pylock.toml" else "package"
    text = f'[[{table}]]\nname = "{{}}"\nversion = "{{}}"\ndescription = "1.2.3"\n'
    git = tracked(tmp_path, {lock: text.format("demo-pkg", "1.2.3") + text.format("demo-pkg-x", "1.2.3")})
    bump(tmp_path, find(git, tmp_path, name="Demo.Pkg", version="1.2.3"))
    assert (tmp_path / lock).read_text() == text.format("demo-pkg", "1.3.0") + text.format("demo-pkg-x", "1.2.3")


def test_the_entry_of_a_crate_with_another_name(tmp_path: Path) -> None:
    """In Cargo.lock, the entry of the crate in the same folder is the project's; that of another crate may be."""
    entry = '[[package]]\nname = "{}"\nversion = "{}"\n\n'
    manifest = '[package]\nedition = "2024"\nname = "demo-core"\nversion = "1.2.3"\n'
    lock = entry.format("demo-core", "1.2.3") + entry.format("demo-helper", "1.2.3")
    git = tracked(tmp_path, {"Cargo.toml": manifest, "Cargo.lock": lock})
    places = find(git, tmp_path, name=NAME, version="1.2.3")
    bump(tmp_path, places)
    assert (tmp_path / "Cargo.lock").read_text() == entry.format("demo-core", "1.3.0") + entry.format(
        "demo-helper", "1.2.3"
    )
    assert [(place.line, place.kind) for place in places if place.file == "Cargo.lock"] == [(3, "copy"), (7, "maybe")]


def test_a_citation(tmp_path: Path) -> None:
    """In CITATION.cff, the day of the release moves with the version; a reference keeps both."""
    text = "cff-version: 1.2.3\nversion: {}\ndate-released: '{}'\nreferences:\n  - version: 1.2.3\n"
    git = tracked(tmp_path, {"CITATION.cff": text.format("1.2.3", "2020-01-02")})
    days = [datetime.now(UTC).date()]
    bump(tmp_path, find(git, tmp_path, name=NAME, version="1.2.3"))
    days.append(datetime.now(UTC).date())
    assert (tmp_path / "CITATION.cff").read_text() in [text.format("1.3.0", day) for day in days]


def test_a_place(tmp_path: Path) -> None:
    """A place says file, line, column, text and kind, and a source comes before a copy."""
    text = "\ufeff# é\r\n\r\n__version__ = '1.2.3'  # é"
    git = tracked(tmp_path, {"demo_pkg/__init__.py": text, "pyproject.toml": '[project]\nversion = "1.2.3"\n'})
    assert find(git, tmp_path, name=NAME, version="1.2.3") == [
        Place("pyproject.toml", 2, 11, 'version = "1.2.3"', 100, "source", (Spot(21, 26, "1.2.3"),)),
        Place("demo_pkg/__init__.py", 3, 15, "__version__ = '1.2.3'  # é", 81, "copy", (Spot(26, 31, "1.2.3"),)),
    ]


@pytest.mark.parametrize(
    ("file", "text", "likely"),
    [
        ("demo_pkg/wire.py", "VERSION = '1.2.3'\n", True),
        ("demo_pkg/protocol/__init__.py", "VERSION = '1.2.3'\n", True),
        ("demo_pkg/client.py", "__version__ = '1.2.3'\n", True),
        ("demo_pkg/__init__.py", "API_VERSION = '1.2.3'\n", True),
        ("demo_pkg/__init__.py", "class Demo:\n    version = '1.2.3'\n", True),
        ("demo_pkg/__init__.py", "app = Demo(version='1.2.3')\n", False),
        ("demo_pkg/__init__.py", "HEADERS = {'version': '1.2.3'}\n", False),
        ("setup.py", "ext_version = '1.2.3'\nsetup()\n", True),
        ("setup.py", "headers(a=1, version='1.2.3')\n", True),
        ("tests/test_demo.py", "assert demo.__version__ == '1.2.3'\n", False),
        ("examples/a.py", "__version__ = '1.2.3'\n", False),
        ("js/package.json", '{"version": "1.2.3"}\n', True),
        ("package.json", '{"name": "frontend", "private": true, "version": "1.2.3"}\n', True),
        ("include/x.h", '#define X_VERSION "1.2.3"\n', True),
        ("README.md", "api version: 1.2.3\n", False),
        ("README.md", "https://github.com/me/demo-pkg/releases/tag/v1.2.3\n", False),
        ("pyproject.toml", '[tool.briefcase]\nversion = "1.2.3"\n', False),
        ("snap/snapcraft.yaml", "version: '1.2.3'\n", False),
        (".pre-commit-config.yaml", "- repo: https://github.com/me/demo-pkg\n  rev: v1.2.3\n", False),
    ],
)
def test_a_version_that_may_be_the_projects(file: str, text: str, likely: bool, tmp_path: Path) -> None:
    """What is likely but not certain is found, and is not moved on its own."""
    places = find(tracked(tmp_path, {file: text}), tmp_path, name=NAME, version="1.2.3")
    assert [(place.kind, place.score >= LIKELY) for place in places] == [("maybe", likely)]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("requirements.txt", "other==1.2.3\ndemo-pkg-x==1.2.3\n"),
        ("demo_pkg/__init__.py", "# __version__ = '1.2.3'\n"),
        ("demo_pkg/__init__.py", "@deprecated(version='1.2.3')\n"),
        ("demo_pkg/__init__.py", "__version__ = '1.2.3rc1'\nversion = '11.2.3'\nVERSION = '1.2.3.4'\n"),
        ("demo_pkg/__init__.py", "MIN_VERSION = '1.2.3'\n"),
        ("demo_pkg/_version.py", "# file generated by setuptools-scm\n__version__ = '1.2.3'\n"),
        ("CHANGELOG.md", "Version: 1.2.3\n\ndemo-pkg==1.2.3\n"),
        ("docs/releases/1.2.3.txt", "demo-pkg==1.2.3\n"),
        ("docs/build.html", "demo-pkg==1.2.3\n"),
        ("docs/index.rst", "New in demo-pkg==1.2.3\n.. versionadded:: 1.2.3\nSince version: 1.2.3\n"),
        ("LICENSE", "Copyright version: 1.2.3\n\N{COPYRIGHT SIGN} version: 1.2.3\n"),
        ("constraints.txt", "demo-pkg==1.2.3\n"),
        ("vendor/demo_pkg/__init__.py", "__version__ = '1.2.3'\n"),
        ("demo_pkg/_vendor/x/__init__.py", "__version__ = '1.2.3'\n"),
        (".github/workflows/ci.yml", "version: 1.2.3\n"),
        ("tests/data.json", '{"version": "1.2.3"}\n'),
        ("tests/__init__.py", "VERSION = '1.2.3'\n"),
        ("examples/VERSION", "1.2.3\n"),
        (".python-version", "1.2.3\n"),
        ("demo_pkg/__init__.py", b"\0__version__ = '1.2.3'\n"),
        ("demo_pkg/__init__.py", b"__version__ = '1.2.3'\n" + b"#" * 3_000_000),
        ("demo.egg-info/PKG-INFO", "Version: 1.2.3\n"),
    ],
)
def test_a_number_that_is_not_the_projects_version(file: str, text: str | bytes, tmp_path: Path) -> None:
    """Pins, comments, changelogs, other code and other numbers are not places."""
    assert find(tracked(tmp_path, {file: text}), tmp_path, name=NAME, version="1.2.3") == []


def test_other_projects_in_the_folder(tmp_path: Path) -> None:
    """Other projects below the folder are left out, and so are what is above it, links and untracked files."""
    module = "__version__ = '1.2.3'\n"
    project = {
        "VERSION": "1.2.3\n",
        "a/demo_pkg/__init__.py": module,
        "a/demo_pkg/setup.py": "",
        "a/plugin/pyproject.toml": "",
        "a/plugin/src/demo_pkg/__init__.py": module,
        "a/old/setup.py": "",
        "a/old/demo_pkg.py": module,
        "b/demo_pkg.py": module,
    }
    git = tracked(tmp_path, project)
    (tmp_path / "a/VERSION").symlink_to("../VERSION")
    git.does("add", "a/VERSION")
    (tmp_path / "a/version.py").write_text(module)
    for setting in ("true", "false"):
        git.does("config", "grep.fullName", setting)
        places = find(git, tmp_path / "a", name=NAME, version="1.2.3")
        assert [place.file for place in places] == ["demo_pkg/__init__.py"]


def test_a_lock_file_that_git_shows_no_changes_of(tmp_path: Path) -> None:
    """A file whose attributes say that it has no text is searched like any other."""
    lock = '[[package]]\nname = "demo-pkg"\nversion = "1.2.3"\n'
    git = tracked(tmp_path, {".gitattributes": "*.lock -diff\n", "uv.lock": lock})
    assert [place.file for place in find(git, tmp_path, name=NAME, version="1.2.3")] == ["uv.lock"]


@pytest.mark.skipif(sys.platform == "win32", reason="the stub is a shell script")
def test_a_git_without_perls_expressions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A git that was built without Perl's regular expressions finds the same; another failure is told."""
    git = tracked(tmp_path / "project", {"demo_pkg.py": "VERSION = (1, 2, 3)\n", "other.py": "SIZE = (1, 2, 3)\n"})
    told = "fatal: cannot use Perl-compatible regexes when not compiled with USE_LIBPCRE"
    stub = tmp_path / "bin/git"
    stub.parent.mkdir()
    stub.write_text(
        f'#!/bin/sh\ncase "$*" in *" $REFUSED "*) echo "{told}" >&2; exit 128;; esac\nexec {which("git")} "$@"\n'
    )
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", f"{stub.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("REFUSED", "-P")
    assert [place.file for place in find(git, git.path, name=NAME, version="1.2.3")] == ["demo_pkg.py"]
    monkeypatch.setenv("REFUSED", "grep")
    with pytest.raises(CommandFailed, match="cannot use Perl-compatible regexes"):
        find(git, git.path, name=NAME, version="1.2.3")


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        (
            "README.md",
            "Version 1.2.3, see https://example.org/releases/tag/v1.2.3. Since 1.2.3: other==1.2.3.\nIt is 1.2.3.\n",
            "Version 1.3.0, see https://example.org/releases/tag/v1.3.0. Since 1.2.3: other==1.2.3.\nIt is 1.2.3.\n",
        ),
        ("README.md", "It is 1.2.3, not 1.2.30.\n", "It is 1.3.0, not 1.2.30.\n"),
        ("README.md", "It is 1.2.3 or 1.2.3.\n", "It is 1.2.3 or 1.2.3.\n"),
        ("tests/wire.py", "VERSION = '1.2.3'\nX = '1.2.3'\n", "VERSION = '1.3.0'\nX = '1.2.3'\n"),
        (
            "demo_pkg/__init__.py",
            "__version__ = '1.2.3'\nHEADERS = {'version': '1.2.3'}\n",
            "__version__ = '1.3.0'\nHEADERS = {'version': '1.2.3'}\n",
        ),
        ("CHANGES.rst", "Version 1.2.3\n", "Version 1.3.0\n"),
    ],
)
def test_a_file_that_the_user_named(file: str, before: str, after: str, tmp_path: Path) -> None:
    """In a named file, more is taken for the version, and other files are not searched."""
    git = tracked(tmp_path, {"VERSION": "1.2.3\n", file: before})
    places = find(git, tmp_path, name=NAME, version="1.2.3", files=[file])
    bump(tmp_path, places)
    assert (tmp_path / file).read_text() == after
    assert (tmp_path / "VERSION").read_text() == "1.2.3\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"\xef\xbb\xbf__version__ = '1.2.3'\r\nNAME = 'x'", b"\xef\xbb\xbf__version__ = '1.10.0'\r\nNAME = 'x'"),
        (b"# \xe9t\xe9\n__version__ = '1.2.3'\n", b"# \xe9t\xe9\n__version__ = '1.10.0'\n"),
        (
            "é = 'é'\nversion_info = (1,2,3)\n__version__ = '1.2.3'".encode(),
            "é = 'é'\nversion_info = (1,10,0)\n__version__ = '1.10.0'".encode(),
        ),
    ],
)
def test_bytes_that_are_not_the_version_stay(before: bytes, after: bytes, tmp_path: Path) -> None:
    """Line ends, quotes, encodings, a byte order mark, and a missing last line end stay."""
    git = tracked(tmp_path, {"demo_pkg/__init__.py": before})
    bump(tmp_path, find(git, tmp_path, name=NAME, version="1.2.3"), "1.10.0")
    assert (tmp_path / "demo_pkg/__init__.py").read_bytes() == after


def test_files_that_changed_meanwhile(tmp_path: Path) -> None:
    """Where one file no longer contains what was found, no file is edited."""
    git = tracked(tmp_path, {"VERSION": "1.2.3\n", "demo_pkg/__init__.py": "__version__ = '1.2.3'\n"})
    places = find(git, tmp_path, name=NAME, version="1.2.3")
    (tmp_path / "demo_pkg/__init__.py").write_text("\n__version__ = '1.2.3'\n")
    with pytest.raises(BumpFailed, match=r"^demo_pkg/__init__\.py does not contain 1\.2\.3 in line 1 any more\.$"):
        bump(tmp_path, places)
    (tmp_path / "demo_pkg/__init__.py").unlink()
    with pytest.raises(BumpFailed, match="does not contain"):
        bump(tmp_path, places)
    assert (tmp_path / "VERSION").read_text() == "1.2.3\n"


@pytest.mark.parametrize(
    ("prior", "version", "file", "before", "after"),
    [
        ("2025.8.3", "2025.8.4", "VERSION", "2025.08.03\n", "2025.08.04\n"),
        ("1.2.3rc1", "1.2.3", "package.json", '{"version": "1.2.3-rc.1"}', '{"version": "1.2.3"}'),
        ("1.2.3", "1.3.0rc1", "package.json", '{"version": "1.2.3"}', '{"version": "1.3.0-rc.1"}'),
        ("6.2", "6.3", "demo_pkg/__init__.py", 'VERSION = (6, 2, 0, "final", 0)', 'VERSION = (6, 3, 0, "final", 0)'),
        ("6.2", "6.3a1", "demo_pkg/__init__.py", 'VERSION = (6, 2, 0, "final", 0)', 'VERSION = (6, 3, 0, "alpha", 1)'),
        ("6.3rc1", "6.3", "demo_pkg/__init__.py", 'VERSION = (6, 3, "rc", 1)', 'VERSION = (6, 3, "final", 0)'),
        ("1.2", "1.2.1", "demo_pkg/__init__.py", "VERSION = [1,2]", "VERSION = [1,2,1]"),
        ("1.2.0", "1.2.1", "demo_pkg/__init__.py", "VERSION = (1, 2)", "VERSION = (1, 2, 1)"),
    ],
)
def test_other_spellings(prior: str, version: str, file: str, before: str, after: str, tmp_path: Path) -> None:
    """A version is found in another spelling than it is given, and the new one is spelled likewise."""
    git = tracked(tmp_path, {file: before})
    bump(tmp_path, find(git, tmp_path, name=NAME, version=prior), version, prior)
    assert (tmp_path / file).read_text() == after


@pytest.mark.parametrize(
    ("text", "version", "spans"),
    [
        ("1.2", "1.2", [(0, 3)]),
        ("v1.2, (1.2) '1.2'. 1.2-blue 1.2.", "1.2", [(1, 4), (7, 10), (13, 16), (19, 22), (28, 31)]),
        ("1.2.3 11.2 0.1.2 1.20 1.2rc1 1.2.rc1 1.2-beta 1.2.post1 1.2.dev 1!1.2 1.2+x 1.2.x 1.2.* a1.2", "1.2", []),
        ("1.2rc1 1.2-rc.1 1.2.RC1 1.2c1 1.2rc12 1.2b1", "1.2rc1", [(0, 6), (7, 15), (16, 23), (24, 29)]),
        ("2025.08.03 2025.8.3 2025.8.30", "2025.8.3", [(0, 10), (11, 19)]),
        ("1!1.2 1.2", "1!1.2", [(0, 5)]),
    ],
)
def test_where_a_version_begins_and_ends(text: str, version: str, spans: list[tuple[int, int]]) -> None:
    """A version is found in its spellings, but not as a part of another one."""
    assert found(text, version) == spans


@pytest.mark.parametrize(
    ("old", "version", "expected"),
    [
        ("1.2.3", "1.3.0rc1", "1.3.0rc1"),
        ("1.2.3", "2025.08.04", "2025.08.04"),
        ("2025.08.03", "2025.8.11", "2025.08.11"),
        ("2025.08.30", "2025.10.1", "2025.10.01"),
        ("25.04.1", "25.10.2", "25.10.2"),
        ("25.04", "25.10.1", "25.10.1"),
        ("1.2.3-rc.1", "1.2.3rc2", "1.2.3-rc.2"),
        ("1.2.3-rc.1", "1.2.3", "1.2.3"),
        ("1.2.3-beta.1", "1.2.3rc1", "1.2.3-rc.1"),
        ("1.2.3.beta1", "1.2.3b2", "1.2.3.beta2"),
        ("1.2.3alpha1", "1.2.3b1", "1.2.3beta1"),
        ("1.2.3-dev4", "1.2.3.dev5", "1.2.3-dev5"),
        ("1.2.3-dev4", "1.2.3.post1", "1.2.3.post1"),
        ("1!2025.08.03", "1!2025.9.1", "1!2025.09.01"),
        ("unknown", "1.2", "1.2"),
    ],
)
def test_a_version_in_the_spelling_of_another(old: str, version: str, expected: str) -> None:
    """Zero padding and the joints of suffixes are kept; without any, the version stays as it is."""
    assert spelled(old, version) == expected
