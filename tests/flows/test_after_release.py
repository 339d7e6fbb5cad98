"""A project that keeps a development version on its branch between releases gets it back."""

from pathlib import Path

import pytest

from support.cli import Cli
from support.index import PypiServer
from support.repository import Repository, make_project

RELEASE = ("release", "--part", "patch", "--skip-tests", "--yes")


def make(folder: Path, version: str) -> Repository:
    """Make a project whose only place of the version is pyproject.toml, with the setting."""
    pyproject = (
        f'[project]\nname = "demo-package"\nversion = "{version}"\n\n'
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n\n'
        '[tool.hatch.build.targets.wheel]\npackages = ["src/demo"]\n\n'
        '[tool.release]\nafter_release = "dev"\ntag = "v{version}"\n'
    )
    files = {"pyproject.toml": pyproject, "README.md": "Demo.\n", "src/demo/__init__.py": ""}
    return make_project(folder / "project", kind="hatchling", files=files)


@pytest.mark.parametrize(
    ("prior", "released", "following"),
    [("1.3.0.dev0", "1.3.0", "1.4.0.dev0"), ("1.2.4.dev1", "1.2.4", "1.2.5.dev0"), ("1.2.3", "1.2.4", "1.2.5.dev0")],
)
def test_the_next_development_version(
    tmp_path: Path, cli: Cli, index: PypiServer, prior: str, released: str, following: str
) -> None:
    """The tag is on the release commit, and the branch, here and on the remote, is one commit further."""
    repository = make(tmp_path, prior)

    done = cli(*RELEASE, cwd=repository.path)

    assert done.code == 0, done.out + done.err
    assert {name.split("-")[1].removesuffix(".tar.gz") for name in index.files()} == {released}
    refs = repository.remote_refs()
    assert refs["refs/heads/main"] == repository.head
    assert refs[f"refs/tags/v{released}^{{}}"] == repository.git("rev-parse", "HEAD~1")
    assert f'version = "{following}"' in (repository.path / "pyproject.toml").read_text()
    assert repository.git("log", "-1", "--format=%s") == f"Back to development: {following}"
    assert repository.git("for-each-ref", "refs/release-recipes", "refs/release-recipes-next") == ""


def test_no_development_version_of_a_date(tmp_path: Path, cli: Cli) -> None:
    """What follows a date is not known; the hint is no version to release, but the line to remove."""
    repository = make(tmp_path, "2026.10")

    done = cli("rehearse", "--new-version", "2026.11", "--skip-tests", cwd=repository.path)

    assert done.code == 1
    assert done.err.endswith(
        "error: The development version after 2026.11 is not clear.\n"
        '   → Remove this line from [tool.release]: after_release = "dev"\n'
    )
