"""`release.yml`, run by act: from a pushed tag to files on an index and a release on a GitHub of ours."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import act
from support.act import Run
from support.cli import Cli
from support.github import FakeGitHub
from support.index import PypiServer
from support.repository import Repository

JOBS = ("validate", "test", "build", "publish", "github-release")
FILES = {"demo_package-1.3.0-py3-none-any.whl", "demo_package-1.3.0.tar.gz"}


class Forge:
    """A repository with our workflows on a GitHub, and the index that its jobs publish to."""

    def __init__(self, repository: Repository, pypi: PypiServer, github: FakeGitHub, folder: Path) -> None:
        """Keep them, and a new folder for the runs."""
        self.repository, self.pypi, self.github, self._folder = repository, pypi, github, folder
        self._runs = 0
        self.workflow = repository.path / ".github" / "workflows" / "release.yml"

    def run(self, event: str = "push", *, alters: str = "", **env: str) -> Run:
        """Run the workflow for the tag."""
        self._runs += 1
        told = {name: value for name, value in self.github.environment().items() if name != "GH_TOKEN"}
        told |= {"PYPI_REPOSITORY_URL": self.pypi.upload_url, "PYPI_INDEX_URL": self.pypi.index_url}
        by_hand = event == "workflow_dispatch"
        return act.run(
            self.repository,
            "release.yml",
            event,
            self._folder / f"run-{self._runs}",
            ref="refs/heads/main" if by_hand else "refs/tags/v1.3.0",
            inputs={"tag": "v1.3.0"} if by_hand else {},
            env={**told, **env, "STUB_ALTERS": alters},
            secrets={"PYPI_API_TOKEN": self.pypi.token, "GITHUB_TOKEN": self.github.token},
        )

    def changes(self) -> list[str]:
        """Return each request that changed something, on the index and on GitHub."""
        posted = [request for request in self.pypi.requests if request.startswith("POST")]
        calls = [call for call in self.github.calls if call.method != "GET" and not call.path.startswith("/graphql/")]
        return posted + [f"{call.method} {call.path}" for call in calls]


@pytest.fixture
def forge(cli: Cli, quick: Repository, pypi: PypiServer, tmp_path: Path) -> Iterator[Forge]:
    """Return a repository that has the workflows, for which no tag was pushed."""
    assert cli("init", "--only", "workflows", "--yes", cwd=quick.path).code == 0
    quick.commit("ci: add workflows")
    quick.git("push", "--quiet", "origin", "main")
    with FakeGitHub(quick.remote) as github:
        yield Forge(quick, pypi, github, tmp_path / "runs")


def push_tag(repository: Repository) -> None:
    """Commit a version, tag it, and push both."""
    for path in (repository.path / "pyproject.toml", repository.path / "demo" / "__init__.py"):
        path.write_text(path.read_text("utf-8").replace("1.2.3", "1.3.0"), "utf-8")
    repository.commit("version 1.3.0")
    repository.git("tag", "--annotate", "--message=1.3.0", "v1.3.0")
    repository.git("push", "--quiet", "origin", "main", "v1.3.0")


def test_a_pushed_tag_is_published_once(forge: Forge) -> None:
    """From a pushed tag, the index and GitHub get the same files; a second run is green and changes nothing."""
    push_tag(forge.repository)
    first = forge.run()
    assert (first.code, first.jobs) == (0, dict.fromkeys(JOBS, "success")), first.log
    assert forge.pypi.files().keys() == FILES
    release = forge.github.release("v1.3.0")
    assert (release.draft, release.digests) == (False, forge.pypi.files())
    assert forge.pypi.token not in first.log
    assert forge.github.token not in first.log
    done = forge.changes()
    again = forge.run("workflow_dispatch")
    assert (again.code, again.jobs) == (0, dict.fromkeys(JOBS, "success")), again.log
    assert forge.changes() == done


def test_after_a_release_from_a_laptop(forge: Forge, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a release of the same tag from here, the run is green, and nothing is uploaded twice."""
    for name, value in forge.pypi.settings.items():
        monkeypatch.setenv(name, value)
    assert cli("release", "--part", "minor", "--yes", cwd=forge.repository.path).code == 0
    for name in forge.pypi.settings:
        monkeypatch.delenv(name)
    uploads, served = forge.changes(), forge.pypi.files()
    assert uploads == ["POST / 200", "POST / 200"]
    done = forge.run()
    assert (done.code, done.jobs) == (0, dict.fromkeys(JOBS, "success")), done.log
    assert [change for change in forge.changes() if change.startswith("POST / ")] == uploads
    assert forge.pypi.files() == served
    assert forge.github.release("v1.3.0").digests == served


def test_a_distribution_that_was_altered_between_the_jobs(forge: Forge) -> None:
    """A wheel that is not what the build job has made is refused, though it looks like one; nothing is public."""
    push_tag(forge.repository)
    script = Path(__file__).parents[1] / "support" / "alter.py"
    done = forge.run(alters=f"{sys.executable} -P {script} $1")
    assert done.code != 0
    expected = {"validate": "success", "test": "success", "build": "success", "publish": "failure"}
    assert {name: result for name, result in done.jobs.items() if result != "skipped"} == expected, done.log
    assert "demo_package-1.3.0-py3-none-any.whl is not what was built: sha256" in done.log
    assert forge.changes() == []


PLATFORMS = {
    "manylinux_2_17_x86_64": "manylinux*_x86_64",
    "manylinux_2_17_aarch64": "manylinux*_aarch64",
    "win_amd64": "win_amd64",
    "win_arm64": "win_arm64",
    "macosx_11_0_arm64": "macosx_*_arm64",
    "macosx_11_0_x86_64": "macosx_*_x86_64",
}
"""What the six jobs of the matrix build, and the pattern for each."""

CIBUILDWHEEL = """\
import os
import sys
from pathlib import Path

sys.path.insert(0, {tests!r})
from distributions.made import INFO, WHEEL_FILES, wheel, write

for platform in {platforms}:
    try:
        Path(os.environ["STUB_ARTIFACTS"]).with_name(f"took-{{platform}}").mkdir()
    except FileExistsError:
        continue
    tag = f"cp311-cp311-{{platform}}"
    about = f"Wheel-Version: 1.0\\nGenerator: hand\\nRoot-Is-Purelib: false\\nTag: {{tag}}\\n"
    to = Path(sys.argv[sys.argv.index("--output-dir") + 1])
    write(to, {{f"demo_package-1.3.0-{{tag}}.whl": wheel({{**WHEEL_FILES, f"{{INFO}}/WHEEL": about}})}})
    break
"""
"""Stands for cibuildwheel, which needs containers: each job builds the wheel of the next platform."""


@pytest.fixture
def compiled(forge: Forge, cli: Cli, tmp_path: Path) -> dict[str, str]:
    """Make the project one with compiled code, and return the variables that lead its jobs to our cibuildwheel."""
    repository, programs = forge.repository, tmp_path / "programs"
    text = CIBUILDWHEEL.format(tests=str(Path(__file__).parents[1]), platforms=list(PLATFORMS))
    (programs / "cibuildwheel").mkdir(parents=True)
    (programs / "cibuildwheel" / "__main__.py").write_text(text, encoding="utf-8")
    (programs / "cibuildwheel-4.3.5.dist-info").mkdir()
    metadata = "Metadata-Version: 2.1\nName: cibuildwheel\nVersion: 4.3.5\n"
    (programs / "cibuildwheel-4.3.5.dist-info" / "METADATA").write_text(metadata, encoding="utf-8")
    pyproject = repository.path / "pyproject.toml"
    expect = ["sdist", *(f"cp311-*-{pattern}" for pattern in PLATFORMS.values())]
    said = f"{pyproject.read_text('utf-8')}expect = {expect}\n\n[tool.setuptools]\next-modules = []\n"
    pyproject.write_text(said, encoding="utf-8")
    assert cli("init", "--only", "workflows", "--yes", cwd=repository.path).code == 0
    return {"PYTHONPATH": str(programs)}


def test_the_wheels_of_a_matrix(forge: Forge, compiled: dict[str, str]) -> None:
    """The wheels of six jobs and the sdist are published by one job.

    GitHub combines the outputs of the jobs of a matrix; act keeps those of the first one that ends. So the hashes of
    the other five are missing here, and are refused; without the list, what the jobs have built is published.
    """
    push_tag(forge.repository)
    refused = forge.run(**compiled)
    assert {name: result for name, result in refused.jobs.items() if result != "success"} == {"publish": "failure"}
    assert len(set(re.findall(r"(demo_package\S+[.]whl) has no hash in RELEASE_HASHES[.]", refused.log))) == 5
    assert forge.changes() == []
    text = forge.workflow.read_text("utf-8")
    forge.workflow.write_text(re.sub(r" +RELEASE_HASHES: \|\n( {12}\S.*\n)+", "", text), encoding="utf-8")
    forge.repository.commit("ci: no hashes")
    forge.repository.git("tag", "--annotate", "--force", "--message=1.3.0", "v1.3.0")
    forge.repository.git("push", "--quiet", "--force", "origin", "main", "v1.3.0")
    done = forge.run(**compiled)
    assert (done.code, done.jobs) == (0, dict.fromkeys((*JOBS, "wheels"), "success")), done.log
    wheels = {f"demo_package-1.3.0-cp311-cp311-{platform}.whl" for platform in PLATFORMS}
    assert forge.pypi.files().keys() == {"demo_package-1.3.0.tar.gz", *wheels}
    assert forge.github.release("v1.3.0").digests == forge.pypi.files()
