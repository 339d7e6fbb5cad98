"""What this release will be: decided first, whole, and never changed afterwards."""

from __future__ import annotations

import configparser
import string
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from release_recipes.errors import InvalidSetting, InvalidVersion, WrongUsage
from release_recipes.programs.bump_my_version import NONE
from release_recipes.project.files import is_version

if TYPE_CHECKING:
    from pathlib import Path

    from release_recipes.programs.bump_my_version import BumpMyVersion, Shown
    from release_recipes.project.files import Project
    from release_recipes.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a person or CI asked for."""

    #: ``--part``; ``None`` where it was not given.
    part: str | None = None
    #: ``--new-version``.
    new_version: str | None = None
    #: ``--test``: TestPyPI, and nothing that lasts here.
    test: bool = False
    #: ``--skip-tests``.
    skip_tests: bool = False

    @property
    def names_a_version(self) -> bool:
        """Whether somebody said what to release."""
        return self.part is not None or self.new_version is not None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One release, before it begins."""

    #: The project's name as it spells it.
    project: str
    #: The version that HEAD holds.
    prior: str
    #: The version to be released.
    version: str
    #: Where the planned version came from, such as ``--part minor``.
    version_origin: str
    #: The part that was raised; ``none`` for the version as it stands; ``None`` for an explicit version.
    part: str | None
    tag: str
    commit_message: str
    #: The branch that is released from and pushed; ``None`` on a detached ``HEAD``.
    branch: str | None
    #: The commit that the release starts from.
    base: str
    remote: str
    test: bool
    upload_address: str
    index_address: str
    #: The index that has the releases before this one: in a rehearsal another than the one that is uploaded to.
    last_index: str
    username: str
    run_tests: bool
    bumper: BumpMyVersion
    #: ``files`` of bump-my-version's configuration, one mapping an entry.
    version_files: tuple[dict[str, Any], ...]
    #: bump-my-version's configuration file, relative to the root; ``None`` where it was made for the project.
    bump_config: str | None
    settings: Settings

    @property
    def bumps(self) -> bool:
        """Whether version files change, so that there is a release commit."""
        return self.part != NONE and not self.same_version

    @property
    def same_version(self) -> bool:
        """Whether the planned version is the one that stands already."""
        return self.prior == self.version

    @property
    def claim(self) -> str:
        """The ref that says, here and on the remote, that this release is under way."""
        return f"refs/release-recipes/{self.tag}"


def wanted_part(request: Request, settings: Settings) -> tuple[str | None, str, str]:
    """Return the part to raise (``None`` for an explicit version), the explicit version, and where that came from.

    Raises:
        WrongUsage: Both a part and a version were given.
        InvalidVersion: The explicit version is not one of :pep:`440`.
    """
    if request.part is not None and request.new_version is not None:
        message = "--part and --new-version exclude each other."
        raise WrongUsage(message, "Give one of them.")
    explicit, origin = request.new_version or "", "--new-version"
    if not request.names_a_version and settings.version:
        explicit, origin = settings.version, settings.origin("version")
    if not explicit and request.new_version is None:
        return ("patch", "", "default: patch") if request.part is None else (request.part, "", f"--part {request.part}")
    if not is_version(explicit):
        raise InvalidVersion(explicit, origin)
    # PEP 440 takes "v1.7.0", but the v is a tag's: files and distributions never say it.
    return None, explicit.strip().lstrip("vV"), origin


def make_plan(
    project: Project, settings: Settings, request: Request, shown: Shown, *, branch: str | None, base: str
) -> Plan:
    """Decide everything.

    Raises:
        WrongUsage: What was asked for cannot be meant.
        InvalidSetting: A template holds a field that there is not.
    """
    part, explicit, origin = wanted_part(request, settings)
    version = explicit or (shown.current_version if part == NONE else shown.new_version or shown.current_version)
    configured = _configured_by_bump(project.root, project.bump_config)
    tag = _filled("tag", settings.tag or configured.get("tag_name") or "v{version}", shown.current_version, version)
    subject = settings.commit_message or configured.get("message") or "release: {tag}"
    message = _filled("commit_message", subject, shown.current_version, version, tag=tag)
    body = _filled("commit_body", settings.commit_body, shown.current_version, version, tag=tag)
    return Plan(
        project=project.name,
        prior=shown.current_version,
        version=version,
        version_origin=origin,
        part=part,
        tag=tag,
        commit_message=f"{message}\n\n{body}".strip(),
        branch=branch,
        base=base,
        remote=settings.remote,
        test=request.test,
        upload_address=settings.upload_address(test=request.test),
        index_address=settings.index_address(test=request.test),
        last_index=settings.index_address(test=request.test),
        username=settings.username,
        run_tests=settings.run_tests_before_upload and not request.skip_tests,
        bumper=project.bumper,
        version_files=shown.files,
        bump_config=project.bump_config,
        settings=settings,
    )


def _filled(name: str, template: str, prior: str, version: str, **more: str) -> str:
    """Fill a template; bump-my-version's field names serve too."""
    values = {"version": version, "new_version": version, "current_version": prior, "prior_version": prior, **more}
    try:
        return string.Formatter().vformat(template, (), values)
    except (KeyError, ValueError, IndexError) as error:
        message = f"The template of {name}, {template!r}, cannot be filled: {error}."
        raise InvalidSetting(message, f"Use only {', '.join(f'{{{key}}}' for key in values)}.") from None


def _configured_by_bump(root: Path, config: str | None) -> dict[str, Any]:
    """Return the templates that bump-my-version's configuration sets in words (its own defaults do not count)."""
    if config is None:
        return {}
    text = (root / config).read_text("utf-8")
    if config.endswith(".toml"):
        return dict(tomllib.loads(text)["tool"]["bumpversion"])
    parser = configparser.RawConfigParser()
    parser.read_string(text)
    return dict(parser["bumpversion"]) if parser.has_section("bumpversion") else {}
