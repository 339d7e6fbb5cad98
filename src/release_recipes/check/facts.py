"""The facts that the checks of act 1 need: each is asked once, and all in parallel.

The questions start when the facts are created; a check waits for the answers that it needs. Nothing here changes
anything.
"""

import posixpath
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

from release_recipes.errors import CommandFailed, ReleaseError
from release_recipes.index.client import Index
from release_recipes.plan import Plan, Request, make_plan, wanted
from release_recipes.programs import gh
from release_recipes.programs.gh import GitHubRepository
from release_recipes.programs.git import Git, RemoteRefs, reason
from release_recipes.project import changes
from release_recipes.project.packages import Package, last_tag, packages
from release_recipes.project.project import Project
from release_recipes.project.source import Versions
from release_recipes.project.tag_form import versions_of
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
    """The answers: each question is asked once, in the background, and its method waits for the answer."""

    def __init__(self, subject: Subject, pool: Executor) -> None:
        """Start to ask everything."""
        self.subject = subject
        self.git, self.project, self.settings = subject.git, subject.project, subject.settings
        self.request, self.remote, self.target = subject.request, subject.settings.remote, subject.index.target
        self.tagged = subject.tagged
        #: The address of the remote: as git uses it, and as it is configured.
        self.addresses = self.git.addresses(self.remote)
        self.versions = pool.submit(self._versions).result
        #: Fails if the remote does not answer.
        self.remote_refs = pool.submit(self._remote_refs).result
        self.page = pool.submit(subject.index.page, self.project.name).result
        self.branch = pool.submit(self.git.branch).result
        #: The commit of the release.
        self.head = pool.submit(self.git.ask, "rev-parse", self.tagged.commit if self.tagged else "HEAD").result
        below = self.project.below
        self.changes = pool.submit(self.git.changes, *([below, ".env"] if below != "." else ())).result
        #: The names of all tags, and whether each is here: the newest first, those that are not here last.
        self.tags = pool.submit(self._tags).result
        #: The packages of the repository, the project's included if it is one of them.
        self.packages = pool.submit(packages, self.git).result
        self.plan = pool.submit(self._plan).result
        self.github = pool.submit(self._github).result

    def refs(self) -> RemoteRefs | None:
        """Return the refs of the remote, or ``None``; the check ``remote`` reports why there are none."""
        return if_known(self.remote_refs)

    def own(self) -> list[Package]:
        """Return the project as a package of the repository; empty if it is none of them."""
        return [package for package in self.packages() if package.below == self.project.below]

    def others(self) -> list[Package]:
        """Return the other packages of the repository."""
        return [package for package in self.packages() if package.below != self.project.below]

    def _tags(self) -> dict[str, bool]:
        refs, here = self.refs(), self.git.tags()
        return {name: name in here for name in (*here, *(refs.tags() if refs else ()))}

    def versions_of(self, tags: Sequence[str]) -> dict[str, str]:
        """Return those of some tags that name a version of the project, with that version."""
        theirs = [package.name for package in self.others()]
        return versions_of(tags, name=self.project.name, below=self.project.below, others=theirs)

    def release_branches(self) -> tuple[str, ...]:
        """Return their patterns: those of the settings, else the remote's default branch, else ``main``."""
        refs = self.tagged.refs if self.tagged else self.refs()
        return self.settings.branches or ((refs and refs.default_branch) or "main",)

    def is_release_branch(self, name: str) -> bool:
        """Return whether releases are made from a branch."""
        return any(fnmatchcase(name, pattern) for pattern in self.release_branches())

    def _versions(self) -> Versions:
        return self.project.source.read(self.project.folder, wanted(self.request, self.settings).part)

    def _remote_refs(self) -> RemoteRefs | None:
        return self.git.remote_refs(self.remote) if self.addresses else None

    def _github(self) -> GitHubRepository | None:
        """Return the repository on GitHub, if there is one and gh is signed in."""
        repository, folder = gh.find(self.addresses), self.project.folder
        is_known = repository and gh.is_github(repository, folder) and gh.signed_in(repository, folder)
        return repository if is_known else None

    def _plan(self) -> Plan:
        branch, refs, tagged = self.branch(), self.refs(), self.tagged
        plan = make_plan(
            self.project, self.settings, self.request, self.versions(),
            branch=branch, base=self.head(), remote_tip=(refs and branch and refs.branch(branch)) or "",
            tags=[tag for tag in self.tags() if not (tagged and tag == tagged.name)], known=self.packages(),
        )  # fmt: skip
        plan = plan.of_tag(tagged.name, tagged.object) if tagged else plan
        return replace(plan, changes=changes_of(self.subject, plan, self.packages()))


Answer = TypeVar("Answer")


def if_known(question: Callable[[], Answer]) -> Answer | None:
    """Return an answer; ``None`` if it cannot be had."""
    try:
        return question()
    except ReleaseError:
        return None


def changelog_of(project: Project, plan: Plan) -> changes.Changes:
    """Return how the changelog of a release is made, without what it says."""
    hooks = [" ".join(hook) for hook in plan.settings.pre_release_hooks]
    hooks += [file.name for file in plan.versions.files]
    hooks += plan.source.describe(project.folder, "", "")[1:] if plan.source.configured_in else []
    found = changes.find(project.folder, project.pyproject, plan.settings.changelog, hooks)
    return replace(found, name=plan.project, below=plan.folder, until=plan.base)


def changes_of(subject: Subject, plan: Plan, known: Sequence[Package], *, always: bool = False) -> changes.Changes:
    """Return what changed since the last release, and how the changelog says it.

    Where none is written, git is only asked with ``always``.
    """
    git, found = subject.git, changelog_of(subject.project, plan)
    if found.way == "off" and not always:
        return found
    repository = gh.find(git.addresses(plan.remote))
    web = repository.web_address if repository and gh.looks_like_github(repository) else ""
    found = replace(found, since=last_tag(git, plan.project, plan.folder, known, plan.base, but=plan.tag), web=web)
    if found.way == "generate" and subject.tagged and git.is_shallow():
        return found  # the commits since the last release are not here
    try:
        return changes.ask(git, subject.folder, found, plan.version, plan.tag)
    except CommandFailed as error:
        return replace(found, fault=reason(error.output) or error.message)
