"""A scene for faults: a repository, its remote, an index behind a faulty proxy, a GitHub; and the literal ends."""

import base64
import os
import re
import sysconfig
import venv
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from support.cli import HURRIED, Cli, Result
from support.faulty import FaultyIndex
from support.github import FakeGitHub
from support.index import PypiServer
from support.repository import Repository, make_project

RELEASE: Final = ("release", "--part", "minor", "--skip-tests")
RESUME: Final = ("resume",)
WHEEL: Final = "demo_package-1.3.0-py3-none-any.whl"
SDIST: Final = "demo_package-1.3.0.tar.gz"

#: What a release of the scene ends in, whatever happened on the way.
RELEASED: Final = {
    "index": [WHEEL, SDIST],
    "hashes": "as the tag says",
    "remote": ["refs/heads/main", "refs/tags/v1.2.3", "refs/tags/v1.3.0"],
    "remote main": "the release",
    "remote tag": "the release",
    "local main": "the release",
    "local tag": "the remote's",
    "local claims": [],
    "tree": "",
    "records": [],
    "temporary": [],
}


@dataclass
class Scene:
    """Everything that a fault can break."""

    repository: Repository
    index: PypiServer
    proxy: FaultyIndex
    temporary: Path
    env: dict[str, str]
    #: The environment's own folder beside the repository, for scripts and clones.
    folder: Path
    closing: ExitStack
    base: str = ""
    command: tuple[str, ...] = HURRIED
    said: list[str] = field(default_factory=list)
    _github: FakeGitHub | None = None

    def run(self, *arguments: str) -> Result:
        """Run the product in a hurry, and see that it tells no token and keeps none on disk."""
        done = Cli(self.command)(*arguments, cwd=self.repository.path, env=self.env)
        self.said.append(done.out + done.err)
        kept = [path for root in (self.repository.path / ".git", self.temporary) for path in root.rglob("*")]
        for form in (self.index.token, base64.b64encode(f"__token__:{self.index.token}".encode()).decode()):
            assert form not in done.out + done.err
            assert [path for path in kept if path.is_file() and form.encode() in path.read_bytes()] == []
        return done

    def step_in(self, at: str, command: str) -> None:
        """Have a shell command run when a step begins."""
        self.env |= {"AT": at, "RUN": command}

    def stay_out(self) -> None:
        """Do not step in any more."""
        self.env.pop("AT", None)

    def git_script(self, at: Path, *lines: str) -> None:
        """Write an executable shell script, such as a hook."""
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_text("\n".join(["#!/bin/sh", *lines, ""]))
        at.chmod(0o755)

    def colleague(self, *commands: str) -> str:
        """Return a shell command that does something in a clone of somebody else's."""
        clone = self.folder / "colleague"
        if not clone.exists():
            self.repository.git("clone", "--quiet", str(self.repository.remote), str(clone))
        return " && ".join([f"cd '{clone}'", *commands])

    def without_gh(self) -> None:
        """Run the product with a Python beside which, and on a path on which, there is no gh."""
        folder = self.folder / "python"
        venv.create(folder, symlinks=os.name != "nt", with_pip=False)
        packages, own = (sysconfig.get_path("purelib", vars=words) for words in ({}, {"base": str(folder)}))
        Path(own, "ours.pth").write_text(f"import site; site.addsitedir({packages!r})\n")
        program = sysconfig.get_path("scripts", vars={"base": str(folder)})
        self.command = (str(Path(program, "python")), *self.command[1:])
        self.gh_beside_python()

    def gh_beside_python(self) -> None:
        """Run the product on a path on which there is no gh."""
        reached = os.environ["PATH"].split(os.pathsep)
        self.env["PATH"] = os.pathsep.join(path for path in reached if not Path(path, "gh").exists())

    @property
    def github(self) -> FakeGitHub:
        """The GitHub of the scene, once the remote is there."""
        assert self._github is not None
        return self._github

    def with_github(self) -> None:
        """Put the remote on a GitHub of ours; git itself still reaches the bare repository."""
        self._github = github = self.closing.enter_context(FakeGitHub(self.repository.remote))
        address = f"https://{github.host}/{github.name}.git"
        self.repository.git("config", "--global", f"url.{self.repository.remote}.insteadOf", address)
        self.repository.git("remote", "set-url", "origin", address)
        self.env |= github.environment()

    @property
    def tag_hashes(self) -> dict[str, str]:
        """The sha256 of each file as the pushed tag's message lists it."""
        git = f"--git-dir={self.repository.remote}"
        message = self.repository.git(git, "cat-file", "tag", "refs/tags/v1.3.0")
        return {name: digest for digest, name in re.findall(r"^([0-9a-f]{64})\s+(\S+)$", message, re.MULTILINE)}

    def state(self) -> dict[str, Any]:
        """Look at everything, and call the commits by what they are."""
        refs, git = self.repository.remote_refs(), self.repository.git
        tag, files = refs.get("refs/tags/v1.3.0"), self.index.files()
        release = refs.get("refs/tags/v1.3.0^{}")
        called = {self.base: "as it was", release: "the release", None: "none"}
        local = dict(line.split() for line in git("for-each-ref", "--format=%(refname) %(objectname)").splitlines())
        local_tag = local.get("refs/tags/v1.3.0")
        claims = [name for name in local if name.startswith("refs/release-recipes/")]
        status = git("--no-optional-locks", "status", "--porcelain")
        hashes = "no tag" if tag is None else "as the tag says" if self.tag_hashes == files else "not as the tag says"
        return {
            "index": sorted(files),
            "hashes": hashes,
            "remote": sorted(name for name in refs if not name.endswith("^{}")),
            "remote main": called.get(refs["refs/heads/main"]) or self._merged(refs["refs/heads/main"], release),
            "remote tag": called[release],
            "local main": called.get(local["refs/heads/main"], "something else"),
            "local tag": "none" if local_tag is None else "the remote's" if local_tag == tag else "another",
            "local claims": claims,
            "tree": status,
            **self.leftovers(),
        }

    def leftovers(self) -> dict[str, list[str]]:
        """Return what a finished run must not leave: folders of a release, and anything temporary."""
        kept = self.repository.path / ".git" / "release-recipes"
        return {
            "records": [path.name for path in kept.glob("*") if path.is_dir() and path.name != "logs"],
            "temporary": sorted(path.name for path in self.temporary.iterdir()),
        }

    def _merged(self, commit: str, release: str | None) -> str:
        """Call a commit of the remote by what it holds."""
        git = f"--git-dir={self.repository.remote}"
        held = self.repository.git(git, "rev-list", commit).splitlines()
        return "a merge of the release" if release in held else "a colleague's"


@pytest.fixture
def scene(tmp_path: Path, pypi: PypiServer) -> Iterator[Scene]:
    """Set the scene; nothing is broken yet."""
    repository = make_project(tmp_path / "my project", noxfile=True)
    configured = (repository.path / "pyproject.toml").read_text(encoding="utf-8")
    # No fault here is one of what is built, and a fresh environment is a second a release.
    repository.write("pyproject.toml", f'{configured}\n[tool.release]\ntry_install = "off"\n')
    repository.commit("chore: configure the release")
    repository.git("push", "--quiet", "origin", "main")
    with ExitStack() as closing, FaultyIndex(pypi.upload_url, pypi.index_url) as proxy:
        addresses = {"PYPI_REPOSITORY_URL": proxy.upload_url, "PYPI_INDEX_URL": proxy.index_url}
        temporary = Path(os.environ["TMPDIR"])
        env = {**pypi.settings, **addresses}
        yield Scene(repository, pypi, proxy, temporary, env, tmp_path, closing, repository.head)


Breaks = Callable[[Scene], object]


def nothing(_: Scene) -> None:
    """Break nothing, or mend nothing."""
