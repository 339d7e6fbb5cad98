"""The plan of a release: complete before anything is done, and never changed afterwards."""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from release_recipes.errors import InvalidSetting, InvalidVersion, WrongUsage, typed
from release_recipes.project.changes import Changes
from release_recipes.project.packages import Package, others
from release_recipes.project.project import Project
from release_recipes.project.source import NONE, Versions, VersionSource, is_version
from release_recipes.project.tag_form import tag_for
from release_recipes.project.testing import may_have_tests
from release_recipes.settings import Settings, Target, private
from release_recipes.state.record import Artifact, Record, claim_of, in_upload_order, now


@dataclass(frozen=True, kw_only=True)
class Request:
    """The request of the user or of CI; an empty string means that a flag was not given."""

    #: ``--part``.
    part: str = ""
    #: Why it is this part, if it was found in the commits.
    because: str = ""
    #: ``--new-version``.
    new_version: str = ""
    #: ``--test``: release to TestPyPI, and leave the repository unchanged.
    test: bool = False
    #: ``--skip-tests``.
    skip_tests: bool = False
    #: In a release of several packages, the versions of all: requirements that exclude others are raised.
    versions: Mapping[str, str] = field(default_factory=dict)
    #: The packages that are released together, by their normalised names.
    together: frozenset[str] = frozenset()
    #: The flags with which several packages are released; of one of them, only if others come after it.
    several: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, *, part: str | None = None, new_version: str | None = None, test: bool = False, skip_tests: bool = False
    ) -> Request:
        """Make a request of flags.

        Raises:
            WrongUsage: A flag has an empty value, for example from an unset variable in CI.
        """
        for flag, value in (("--part", part), ("--new-version", new_version)):
            if value is not None and not value.strip():
                raise WrongUsage(f"{flag} is empty.", f"Give {flag} a value, or omit it.")
        return cls(part=part or "", new_version=new_version or "", test=test, skip_tests=skip_tests)

    @property
    def names_a_version(self) -> bool:
        """Whether it says which version to release."""
        return bool(self.part or self.new_version)

    @property
    def words(self) -> list[str]:
        """The flags that say which version to release."""
        given = {"--part": self.part, "--new-version": self.new_version}
        return [word for flag, value in given.items() if value for word in (flag, value)]

    @property
    def by_commits(self) -> bool:
        """Whether the part is found in the commits since the last release."""
        return self.part == AUTO


#: The value of ``--part`` with which the commits say the part.
AUTO = "auto"

#: The lines of what changed that a plan shows.
_SHOWN = 8


@dataclass(frozen=True)
class Wanted:
    """The requested version: a part to bump, or an explicit version; one of the two is empty."""

    part: str
    version: str
    #: Its origin, such as ``--part minor``.
    origin: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One release, before it begins."""

    #: The project's name as it spells it.
    project: str
    #: The project's folder, relative to the repository's; ``.`` if it is the same.
    folder: str
    #: The version at HEAD.
    prior: str
    #: The version to be released.
    version: str
    #: The origin of the planned version, such as ``--part minor``.
    version_origin: str
    #: The part to bump; ``none`` for the current version; empty for an explicit version.
    part: str
    tag: str
    commit_message: str
    #: The branch that is released from and pushed; empty on a detached ``HEAD``.
    branch: str
    #: The commit that the release starts from.
    base: str
    remote: str
    #: The commit of the branch on the remote; empty if the branch does not exist there.
    remote_tip: str
    test: bool
    target: Target
    #: The index with the previous releases; in a rehearsal it differs from the index for the upload.
    last_index: str
    run_tests: bool
    #: Whether tests were found; they may turn out to be none.
    has_tests: bool
    source: VersionSource
    #: Whether files say the version without the build backend.
    is_static: bool
    #: The versions at HEAD.
    versions: Versions
    settings: Settings
    #: The tag in the form of the tags that exist; empty if there are none.
    habit: str = ""
    #: The requirements that exclude a version of another package that is released together with it, each with what
    #: replaces it; empty if that must be done by hand.
    pins: Mapping[str, str] = field(default_factory=dict)
    #: The flags that release what is left of several packages; empty if nothing is.
    goes_on: tuple[str, ...] = ()
    #: The id of the tag that is published, which exists; empty if the release makes its tag.
    tag_object: str = ""
    #: The tag that a release would make; it differs from the tag that is published if that has another form.
    own_tag: str = ""
    #: What changed since the last release, and how the changelog says it.
    changes: Changes = field(default_factory=Changes)

    def of_tag(self, tag: str, tag_object: str) -> Plan:
        """Return the plan to publish the current version from a tag that exists."""
        origin = f"tag {tag}"
        return replace(self, tag=tag, tag_object=tag_object, own_tag=self.tag, version_origin=origin, branch="")

    @property
    def bumps(self) -> bool:
        """Whether version files change, so that there is a release commit."""
        return self.part != NONE and self.prior != self.version and bool(self.versions.files)

    @property
    def claim(self) -> str:
        """The ref that marks, locally and on the remote, that this release is in progress."""
        return claim_of(self.tag)

    @property
    def versions_line(self) -> str:
        """The project with its prior and its planned version; only the latter for a tag that exists."""
        return f"{self.project} {self.version if self.tag_object else f'{self.prior} → {self.version}'}"

    @property
    def by_ci(self) -> bool:
        """Whether CI publishes it, on its tag."""
        return self.settings.by_ci(test=self.test)

    @property
    def indexes(self) -> tuple[str, ...]:
        """The indexes that may have its requirements, besides those that installers know: also in a rehearsal."""
        return private(self.target, self.settings.target(test=self.test))

    @property
    def facts(self) -> dict[str, Any]:
        """Its facts for the JSON document of a task."""
        return {
            "project": self.project,
            "prior_version": self.prior,
            "version": self.version,
            "tag": self.tag,
            "index": self.target.index_address,
        }

    def record(
        self,
        *,
        commit: str,
        tag_object: str,
        remote_address: str,
        next_commit: str = "",
        artifacts: Iterable[Artifact] = (),
        changes: str = "",
    ) -> Record:
        """Return the record of this plan and of the prepared release."""
        return Record(
            project=self.project,
            version=self.version,
            target=self.target,
            artifacts=in_upload_order(artifacts),
            upload_workers=self.settings.upload_workers,
            started=now(),
            test=self.test,
            prior=self.prior,
            folder=self.folder,
            commit=commit,
            next_commit=next_commit,
            base=self.base,
            tag=self.tag,
            tag_object=tag_object,
            pushes_tag=self.settings.auto_git_tag or bool(self.tag_object),
            branch=self.branch,
            remote=self.remote,
            remote_address=remote_address,
            remote_tip=self.remote_tip,
            github_release=self.settings.github_release,
            # Those of CI are published, and may be others.
            keeps_artifacts=not self.settings.clean_build_artifacts and not self.by_ci,
            installs=self.settings.install_after_release,
            indexes=self.indexes,
            by_ci=self.by_ci,
            changes=changes,
            goes_on=self.goes_on,
        )

    def lines(self) -> list[str]:
        """Return the lines that the user confirms."""
        origin = self.settings.origin("test_repository_url" if self.test else "repository_url")
        because = self.settings.origin("remote")
        remote = self.remote if because == "default" else f"{self.remote} ({because})"
        tag = f"{self.tag if self.settings.auto_git_tag else 'none'} on {remote}"
        return [
            f"{self.versions_line} ({self.version_origin})",
            f"  from    {self.base[:12]} on {self.tag if self.tag_object else self.branch or 'a detached HEAD'}",
            f"  to      {self.target.upload_address} ({origin}){', published by CI' * self.by_ci}",
            *([f"  commit  {self.commit_message.splitlines()[0]}"] if self.bumps and not self.test else []),
            *([] if self.test else [f"  tag     {tag}"]),
            f"  tests   {'no' if not self.run_tests else 'yes' if self.has_tests else 'none were found'}",
            *(f"  raises  {old} → {new}" for old, new in self.pins.items() if new),
            *self._changes(),
        ]

    def _changes(self) -> list[str]:
        """Return the first lines of what changed."""
        lines = [line for line in self.changes.text.splitlines() if line.strip()]
        more = [f"… and {len(lines) - _SHOWN} more lines: {typed('changelog')}"] if len(lines) > _SHOWN else []
        said = [f"    {line}" for line in [*lines[:_SHOWN], *more]]
        return [f"  changes since {self.changes.since or 'the start'}", *said] if said else []


def wanted(request: Request, settings: Settings) -> Wanted:
    """Return the requested version: flags win over settings; the default is a patch.

    Raises:
        WrongUsage: Both a part and a version were given.
        InvalidVersion: The explicit version is not one of :pep:`440`.
    """
    if request.part and request.new_version:
        message = "--part and --new-version cannot be used together."
        raise WrongUsage(message, "Use one of them.")
    overridden = f", over {settings.version} of {settings.origin('version')}" if settings.version else ""
    if request.part:
        origin = request.because or f"--part {request.part}"
        return Wanted(request.part, "", f"{origin}{overridden}")
    explicit, origin = request.new_version, f"--new-version{overridden}"
    if not explicit:
        explicit, origin = settings.version, settings.origin("version")
    if not explicit:
        return Wanted("patch", "", "default: patch")
    if not is_version(explicit):
        raise InvalidVersion(explicit, origin)
    # PEP 440 accepts "v1.7.0", but the v belongs to tags; files and distributions do not have it.
    return Wanted("", explicit.strip().lstrip("vV"), origin)


def make_plan(  # noqa: PLR0913 - the facts before a release
    project: Project,
    settings: Settings,
    request: Request,
    versions: Versions,
    *,
    branch: str | None,
    base: str,
    remote_tip: str = "",
    tags: Sequence[str] = (),
    known: Sequence[Package] = (),
) -> Plan:
    """Make the plan.

    Args:
        project: The project.
        settings: Its settings.
        request: What is released.
        versions: Its versions at HEAD.
        branch: The branch that is checked out; ``None`` on a detached ``HEAD``.
        base: The commit that is checked out.
        remote_tip: The commit of the branch on the remote; empty if it does not exist there.
        tags: The names of the tags that exist, the newest first.
        known: The packages of the repository.

    Raises:
        WrongUsage: The request is wrong.
        InvalidSetting: A template has a field that does not exist.
    """
    asked = wanted(request, settings)
    if asked.version == versions.current:  # the current version is released without a bump
        asked = Wanted(NONE, "", asked.origin)
    version = asked.version or (versions.current if asked.part == NONE else versions.next)
    templates = project.source.templates(project.folder)
    prior, target = versions.current, settings.target(test=request.test)
    own = next((package for package in known if package.below == project.below), None)
    theirs = others(project.below, known)
    habit = tag_for(version, prior=prior, name=project.name, below=project.below, tags=tags, others=theirs) or ""
    template = settings.tag or templates.get("tag_name")
    default = habit or (f"{project.name}-v{version}" if theirs and project.below != "." else f"v{version}")
    tag = _filled("tag", template, prior, version, name=project.name) if template else default
    subject = settings.commit_message or templates.get("message") or "release: {tag}"
    message = _filled("commit_message", subject, prior, version, name=project.name, tag=tag)
    body = _filled("commit_body", settings.commit_body, prior, version, name=project.name, tag=tag)
    return Plan(
        project=project.name,
        folder=project.below,
        prior=prior,
        version=version,
        version_origin=asked.origin,
        part=asked.part,
        tag=tag,
        commit_message=f"{message}\n\n{body}".strip(),
        branch=branch or "",
        base=base,
        remote=settings.remote,
        remote_tip=remote_tip,
        test=request.test,
        target=target,
        last_index=target.index_address,
        run_tests=settings.run_tests_before_upload and not request.skip_tests,
        has_tests=bool(settings.test_command or settings.test_sessions) or may_have_tests(project.folder),
        source=project.source,
        is_static=project.is_static,
        versions=versions,
        settings=settings,
        habit=habit,
        goes_on=request.several,
        pins=own.excludes(request.versions) if own else {},
    )


def _filled(setting: str, template: str, prior: str, version: str, /, **more: str) -> str:
    """Fill a template; the field names of bump-my-version work, too."""
    values = {"version": version, "new_version": version, "current_version": prior, "prior_version": prior, **more}
    try:
        return string.Formatter().vformat(template, (), values)
    except (KeyError, ValueError, IndexError) as error:
        message = f"The template {template!r} of {setting} is not valid: {error}."
        raise InvalidSetting(message, f"Use only these fields: {', '.join(f'{{{key}}}' for key in values)}.") from None
