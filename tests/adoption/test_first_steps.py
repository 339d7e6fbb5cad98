"""Ten real packages in their first ten minutes: `init`, `init` again, a release from here, and the run of its tag."""

from pathlib import Path
from typing import Any, Final

import pytest

from adoption.download import PROJECTS
from adoption.test_adoption import prepared, release
from support import act
from support.cli import Cli
from support.github import FakeGitHub
from support.index import PypiServer

# pypiserver leaves the temporary file of a large upload to the garbage collector, whichever test that comes in.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

TESTED: Final = ("colorama", "exceptiongroup", "idna", "outcome", "python-slugify", "tomlkit", "unidecode", "xmltodict")
"""Their sdists have the tests, which pass on this machine; each has another backend or source of its version."""

WITHOUT: Final = ("cfgv", "librouteros")
"""Their sdists have no tests, so that `init` finds none, and writes no job for them."""


@pytest.mark.parametrize(
    "project", [pytest.param(each, id=each["name"]) for each in PROJECTS if each["name"] in (*TESTED, *WITHOUT)]
)
def test_the_first_steps(
    project: dict[str, Any], tmp_path: Path, index: PypiServer, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `init` writes is enough: the tag of the first release from here is green in CI, which changes nothing."""
    is_tested = project["name"] in TESTED
    repository = prepared(project, tmp_path, index)
    repository.git("config", f"url.{repository.remote}.insteadOf", act.ORIGIN)
    repository.git("remote", "set-url", "origin", act.ORIGIN)
    with FakeGitHub(repository.remote) as github:
        for name, value in github.environment().items():
            monkeypatch.setenv(name, value)
        first = cli("init", "--yes", cwd=repository.path)
        assert first.code == 0, first.err
        assert ("release-recipes init adds the job that runs them" in first.out) is not is_tested
        repository.git("add", "--all")
        repository.git("commit", "--quiet", "--message=Release with release-recipes")
        again = cli("init", "--yes", cwd=repository.path)
        assert (again.code, repository.git("status", "--porcelain")) == (0, ""), again.out
        assert "There is nothing to write.\n" in again.out
        repository.git("push", "--quiet")
        flags = project.get("flags", ["--part", project.get("part", "minor")])
        done = release(repository, flags)
        assert done.code == 0, f"{done.out}\n{done.err}"
        tag = repository.git("describe", "--exact-match", "HEAD").strip()
        uploads = [request for request in index.requests if request.startswith("POST")]
        given = {name: value for name, value in github.environment().items() if name != "GH_TOKEN"}
        given |= {"PYPI_REPOSITORY_URL": index.upload_url, "PYPI_INDEX_URL": index.index_url}
        secrets = {"PYPI_API_TOKEN": index.token, "GITHUB_TOKEN": github.token}
        ref = f"refs/tags/{tag}"
        run = act.run(repository, "release.yml", "push", tmp_path / "run", ref=ref, env=given, secrets=secrets)
        jobs = ["validate", *(["test"] if is_tested else []), "build", "publish", "github-release"]
        assert (run.code, run.jobs) == (0, dict.fromkeys(jobs, "success")), run.log[-9000:]
        assert [request for request in index.requests if request.startswith("POST")] == uploads
        assert github.release(tag).digests.keys() == index.files().keys() - {project["sdist"]}
