"""The facts that the checks of act 1 need: each is asked once, and all in parallel.

The questions start when the facts are created; a check waits for the answers that it needs. Nothing here changes
anything.
"""

import posixpath
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from pathlib import Path

from release_recipes.errors import CommandFailed
from release_recipes.index.client import Index
from release_recipes.index.page import Page
from release_recipes.plan import Plan, Request, make_plan, wanted
from release_recipes.programs import gh
from release_recipes.programs.gh import GitHubRepository
from release_recipes.programs.git import Git, RemoteRefs, reason
from release_recipes.project import changes
from release_recipes.project.packages import Package, last_tag, packages
from release_recipes.project.project import Project
from release_recipes.project.source import Versions
from release_recipes.secrets.token import Token
from release_recipes.settings import Settings
from release_recipes.state.tagged import Tagged


@dataclass(frozen=True)
class Subject:
    """The subject of a release: the repository, its project, the settings and the request."""

    git: Git
    project: Project
    settings: Settings
    request: Request
    #: The index of the release.
    index: Index
    #: Whether the variable of the token is set to a placeholder.
    has_placeholder: bool = False
    #: The tag that is published; ``None`` for a release that makes one.
    tagged: Tagged | None = None
    #: Whether its distributions are given, so that nothing is built.
    given: bool = False

    @property
    def occasion(self) -> str:
        """What the checks are made for: ``release``, ``tag`` or ``given``."""
        return "release" if self.tagged is None else "given" if self.given else "tag"

    @property
    def folder(self) -> Path:
        """The project's folder, which is the repository's or one below it."""
        return self.project.folder

    def in_repository(self, name: str) -> str:
        """Return the path of a file of the project, relative to the repository, with slashes."""
        return posixpath.normpath(f"{self.project.below}/{name}")

    @property
    def by_ci(self) -> bool:
        """Whether CI publishes the release, so that nothing is uploaded from here."""
        return self.settings.by_ci(test=self.request.test)

    @property
    def token(self) -> Token | None:
        """The token for the index."""
        return self.index.token


class Facts:
    """The answers; each attribute that is a future is asked once, in the background."""

    def __init__(self, subject: Subject, pool: Executor) -> None:
        """Start to ask everything."""
        self.subject = subject
        git, remote = subject.git, subject.settings.remote
        #: The address of the remote: as git uses it, and as it is configured.
        self.addresses = git.addresses(remote)
        self.versions: Future[Versions] = pool.submit(self._versions)
        self.remote_refs: Future[RemoteRefs | None] = pool.submit(
            lambda: git.remote_refs(remote) if self.addresses else None
        )
        self.page: Future[Page] = pool.submit(subject.index.page, subject.project.name)
        self.branch: Future[str | None] = pool.submit(git.branch)
        #: The commit of the release.
        self.head: Future[str] = pool.submit(git.ask, "rev-parse", subject.tagged.commit if subject.tagged else "HEAD")
        below = subject.project.below
        self.changes: Future[list[str]] = pool.submit(git.changes, *([below, ".env"] if below != "." else ()))
        #: The packages of the repository, the project's included if it is one of them.
        self.packages: Future[list[Package]] = pool.submit(packages, git)
        self.plan: Future[Plan] = pool.submit(self._plan)
        self.github: Future[GitHubRepository | None] = pool.submit(self._github)

    def refs(self) -> RemoteRefs | None:
        """Return the refs of the remote, or ``None``; the check ``remote`` reports why there are none."""
        return None if self.remote_refs.exception() else self.remote_refs.result()

    def own(self) -> list[Package]:
        """Return the project as a package of the repository; empty if it is none of them."""
        return [package for package in self.packages.result() if package.below == self.subject.project.below]

    def others(self) -> list[Package]:
        """Return the other packages of the repository."""
        return [package for package in self.packages.result() if package.below != self.subject.project.below]

    def _versions(self) -> Versions:
        part = wanted(self.subject.request, self.subject.settings).part
        return self.subject.project.source.read(self.subject.folder, part)

    def _github(self) -> GitHubRepository | None:
        """Return the repository on GitHub, if there is one and gh is signed in."""
        repository = gh.find(self.addresses)
        known = repository is not None and gh.is_github(repository, self.subject.folder)
        return repository if repository and known and gh.signed_in(repository, self.subject.folder) else None

    def tags(self) -> dict[str, bool]:
        """Return the names of all tags, and whether each is here: the newest first, those that are not here last."""
        refs, here = self.refs(), self.subject.git.tags()
        return {name: name in here for name in (*here, *(refs.tags() if refs else ()))}

    def _plan(self) -> Plan:
        subject, branch, refs = self.subject, self.branch.result(), self.refs()
        tip = refs.branch(branch) if refs and branch else None
        tagged = subject.tagged
        plan = make_plan(
            subject.project, subject.settings, subject.request, self.versions.result(),
            branch=branch, base=self.head.result(), remote_tip=tip or "",
            tags=[tag for tag in self.tags() if not (tagged and tag == tagged.name)], known=self.packages.result(),
        )  # fmt: skip
        plan = plan.of_tag(tagged.name, tagged.object) if tagged else plan
        return replace(plan, changes=changes_of(subject, plan, self.packages.result()))


def changelog_of(project: Project, plan: Plan) -> changes.Changes:
    """Return how the changelog of a release is made, without what it says."""
    hooks = [" ".join(hook) for hook in plan.settings.pre_release_hooks]
    hooks += [file.name for file in plan.versions.files]
    hooks += plan.source.describe(project.folder, "", "")[1:] if plan.source.configured_in else []
    return changes.find(project.folder, project.pyproject, plan.settings.changelog, hooks)


def changes_of(subject: Subject, plan: Plan, known: Sequence[Package], *, always: bool = False) -> changes.Changes:
    """Return what changed since the last release, and how the changelog says it.

    Where none is written, git is only asked with ``always``.
    """
    git, found = subject.git, changelog_of(subject.project, plan)
    if found.way == "off" and not always:
        return replace(found, name=plan.project, below=plan.folder, until=plan.base)
    repository = gh.find(git.addresses(plan.remote))
    web = repository.web_address if repository and gh.looks_like_github(repository) else ""
    since = last_tag(git, plan.project, plan.folder, known, plan.base, but=plan.tag)
    found = replace(found, name=plan.project, below=plan.folder, since=since, until=plan.base, web=web)
    if found.way == "generate" and subject.tagged and git.is_shallow():
        return found  # the commits since the last release are not here
    try:
        return changes.ask(git, subject.folder, found, plan.version, plan.tag)
    except CommandFailed as error:
        return replace(found, fault=reason(error.output) or error.message)
