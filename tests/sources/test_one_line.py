"""Where a release is refused without configuration, the line that the hint names is enough."""

import re
import shlex
from pathlib import Path

import pytest

from support.cli import Cli
from support.index import PypiServer
from support.repository import Repository
from support.sources import RELEASE, Source, make_source

BUILD = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'

PROSE = Source(
    {
        "pyproject.toml": BUILD,
        "setup.py": "import re\nfrom pathlib import Path\n\nfrom setuptools import setup\n\n"
        "found = re.search(r'This is (.+) of it', Path('about.md').read_text())\n"
        'setup(name="demo-package", packages=["demo_package"], version=found[1])\n',
        "MANIFEST.in": "include about.md\n",
        "about.md": "# Demo\n\nThis is 1.2.3 of it.\n",
        "demo_package/__init__.py": "",
    }
)
"""A version that is read from prose."""


def set_in_pyproject(repository: Repository, line: str) -> None:
    """Add a line to ``[tool.release]``, and push it."""
    path = repository.path / "pyproject.toml"
    repository.write("pyproject.toml", f"{path.read_text()}\n[tool.release]\n{line}\n")
    repository.commit("configure the release")
    repository.git("push", "--quiet")


def test_the_file_that_holds_the_version(tmp_path: Path, cli: Cli, index: PypiServer) -> None:
    """A version in a file that nobody would look into is found there, once the file is named."""
    repository = make_source(tmp_path / "project", PROSE)

    refused = cli(*RELEASE, cwd=repository.path)

    assert refused.code == 1
    assert refused.err == (
        "error: The build backend says 1.2.3, but no tracked file was found that it reads it from.\n"
        '   → Name the file in pyproject.toml: [tool.release] version_files = ["…"]\n'
    )
    assert index.files() == {}

    set_in_pyproject(repository, 'version_files = ["about.md"]')
    done = cli(*RELEASE, cwd=repository.path)

    assert done.code == 0, done.out + done.err
    assert (repository.path / "about.md").read_text() == "# Demo\n\nThis is 1.3.0 of it.\n"
    assert {name for name in index.files() if name.endswith(".gz")} == {"demo_package-1.3.0.tar.gz"}


@pytest.mark.parametrize(("version", "part"), [("25.9.0", "minor"), ("2025.2", "patch"), ("1.2.3", "rc")])
def test_the_version_that_is_meant(tmp_path: Path, cli: Cli, index: PypiServer, version: str, part: str) -> None:
    """The hint of a version that is not clear lists what may be meant; its command can be typed, and releases that."""
    pyproject = f'[project]\nname = "demo-package"\nversion = "{version}"\n\n{BUILD}'
    repository = make_source(
        tmp_path / "project", Source({"pyproject.toml": pyproject, "demo_package/__init__.py": ""})
    )

    refused = cli("release", "--part", part, "--skip-tests", "--yes", cwd=repository.path)

    assert refused.code == 2
    listed = re.search(r"Choose the version, (.*), such as: release-recipes (release --new-version \S+)", refused.err)
    assert listed
    assert len(listed[1].split(" or ")) >= 2
    words = shlex.split(listed[2])
    done = cli(*words, "--skip-tests", "--yes", cwd=repository.path)

    assert done.code == 0, done.out + done.err
    assert f'version = "{words[-1]}"' in (repository.path / "pyproject.toml").read_text()
    assert len(index.files()) == 2


def test_a_copy_that_is_told(tmp_path: Path, cli: Cli, index: PypiServer) -> None:
    """What may be a copy is told with its file and line; the line of the hint includes it, or silences it."""
    files = {
        "pyproject.toml": f'[project]\nname = "demo-package"\nversion = "1.2.3"\n\n{BUILD}',
        "demo_package/__init__.py": "",
        "demo_package/wire.py": 'VERSION = "1.2.3"\n',
    }
    repository = make_source(tmp_path / "project", Source(files))

    told = cli("release", "--part", "minor", "--skip-tests", "--dry-run", cwd=repository.path).out
    line = next(line for line in told.splitlines() if "[copies]" in line)
    assert line == (
        'warning [copies]: demo_package/wire.py, line 1 contains the version, and is not changed: VERSION = "1.2.3"'
    )
    set_in_pyproject(repository, 'version_files = ["demo_package/wire.py"]')
    done = cli(*RELEASE, cwd=repository.path)

    assert done.code == 0, done.out + done.err
    assert "[copies]" not in done.out
    assert (repository.path / "demo_package/wire.py").read_text() == 'VERSION = "1.3.0"\n'
    assert len(index.files()) == 2
