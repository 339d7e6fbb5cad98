"""What act 1 asks the world: every question once, all of them at the same time.

The questions start when the facts are made; a check waits for the answers that it needs. Nothing here changes anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_recipes.index.client import Index
from release_recipes.plan import Plan, Request, make_plan, wanted_part
from release_recipes.programs import gh

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future
    from pathlib import Path

    from release_recipes.index.page import Page
    from release_recipes.programs.bump_my_version import Shown
    from release_recipes.programs.gh import GitHubRepository
    from release_recipes.programs.git import Git, RemoteRefs
    from release_recipes.project.files import Project
    from release_recipes.secrets.token import Token
    from release_recipes.settings import Settings
    from release_recipes.state.folder import State


@dataclass(frozen=True)
class Subject:
    """What a release is about: the repository, the project in it, and how it is to be released."""

    git: Git
    project: Project
    settings: Settings
    request: Request
    token: Token | None
    state: State

    @property
    def root(self) -> Path:
        """The project's folder, which is the top of the working tree."""
        return self.git.path


class Facts:
    """The answers; each attribute that is a future was asked for once, in the background."""

    def __init__(self, subject: Subject, pool: Executor) -> None:
        """Start to ask everything."""
        self.subject = subject
        git, remote = subject.git, subject.settings.remote
        self.remote_address = git.config(f"remote.{remote}.url")
        self.shown: Future[Shown] = pool.submit(self._show)
        self.remote_refs: Future[RemoteRefs | None] = pool.submit(
            lambda: git.remote_refs(remote) if self.remote_address else None
        )
        self.page: Future[Page] = pool.submit(self._page)
        self.branch: Future[str | None] = pool.submit(git.branch)
        self.head: Future[str] = pool.submit(git.ask, "rev-parse", "HEAD")
        self.changes: Future[list[str]] = pool.submit(git.changes)
        self.plan: Future[Plan] = pool.submit(self._plan)
        self.github: Future[GitHubRepository | None] = pool.submit(self._github)

    def _show(self) -> Shown:
        part, _, _ = wanted_part(self.subject.request, self.subject.settings)
        return self.subject.project.bumper.show(self.subject.root, part)

    def _page(self) -> Page:
        settings, test = self.subject.settings, self.subject.request.test
        upload = settings.upload_address(test=test)
        index = Index(settings.index_address(test=test), settings.username, self.subject.token, upload)
        return index.page(self.subject.project.name)

    def _github(self) -> GitHubRepository | None:
        """Return the repository on GitHub, where it is there and gh is signed in."""
        repository = gh.parse_address(self.remote_address or "")
        known = repository is not None and gh.is_github(repository, self.subject.root)
        return repository if repository and known and gh.signed_in(repository, self.subject.root) else None

    def _plan(self) -> Plan:
        subject = self.subject
        return make_plan(
            subject.project, subject.settings, subject.request, self.shown.result(),
            branch=self.branch.result(), base=self.head.result(),
        )  # fmt: skip
