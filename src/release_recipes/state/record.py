"""The record of a release in act 3: what is published, and where."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from packaging.version import Version

from release_recipes.errors import Failed

if TYPE_CHECKING:
    from pathlib import Path

    from release_recipes.plan import Plan

#: The format of ``record.json``; another number is another version of release-recipes.
FORMAT = 1


@dataclass(frozen=True)
class Artifact:
    """One distribution file."""

    filename: str
    #: 64 lower-case hex digits.
    sha256: str
    #: Bytes.
    size: int

    @classmethod
    def of(cls, path: Path) -> Artifact:
        """Describe a file."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(path.name, digest, path.stat().st_size)

    @property
    def is_sdist(self) -> bool:
        """Whether it is a source distribution."""
        return not self.filename.endswith(".whl")


@dataclass(frozen=True, kw_only=True)
class Record:
    """What act 3 publishes, and where: everything that it reads, but the token."""

    project: str
    prior: str
    version: str
    #: The commit that the distributions were built from.
    commit: str
    #: The commit that the release started from.
    base: str
    tag: str
    #: The id of the tag object.
    tag_object: str
    #: Whether the tag is pushed, or the branch alone.
    pushes_tag: bool
    branch: str
    remote: str
    #: The remote's address when the release began, without credentials.
    remote_address: str
    test: bool
    upload_address: str
    index_address: str
    username: str
    github_release: bool
    upload_workers: int
    keeps_artifacts: bool
    #: UTC, ISO 8601.
    started: str
    #: In the order of upload: wheels, then sdists.
    artifacts: tuple[Artifact, ...]
    #: Whether an upload was tried whose end is not known, or a file was seen on the index.
    maybe_public: bool = False
    format: int = FORMAT

    @property
    def claim(self) -> str:
        """The ref that says, here and on the remote, that this release is under way."""
        return f"refs/release-recipes/{self.tag}"

    @property
    def is_prerelease(self) -> bool:
        """Whether installers pass over it unless asked (:pep:`440`)."""
        return Version(self.version).is_prerelease

    @property
    def folder_name(self) -> str:
        """The name of its folder in the state."""
        return f"{self.project}-{self.version}".replace("/", "_")


def record_of(plan: Plan, *, commit: str, tag_object: str, remote_address: str, artifacts: list[Artifact]) -> Record:
    """Make the record of a plan and of what was prepared."""
    return Record(
        project=plan.project,
        prior=plan.prior,
        version=plan.version,
        commit=commit,
        base=plan.base,
        tag=plan.tag,
        tag_object=tag_object,
        pushes_tag=plan.settings.auto_git_tag,
        branch=plan.branch or "",
        remote=plan.remote,
        remote_address=remote_address,
        test=plan.test,
        upload_address=plan.upload_address,
        index_address=plan.index_address,
        username=plan.username,
        github_release=plan.settings.github_release,
        upload_workers=plan.settings.upload_workers,
        keeps_artifacts=not plan.settings.clean_build_artifacts,
        started=now(),
        artifacts=tuple(sorted(artifacts, key=lambda artifact: (artifact.is_sdist, artifact.filename))),
    )


def read_record(path: Path) -> Record:
    """Read a record.

    Raises:
        Failed: It cannot be read, or was written by another version of release-recipes.
    """
    hint = f"Look at {path}; if nothing was published, delete that folder."
    try:
        said = json.loads(path.read_text("utf-8"))
        if said["format"] != FORMAT:
            message = f"The record {path} is of format {said['format']}; this version reads {FORMAT}."
            raise Failed(message, "Finish that release with the version of release-recipes that began it.")
        return Record(**{**said, "artifacts": tuple(Artifact(**artifact) for artifact in said["artifacts"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        message = f"The record {path} cannot be read ({error})."
        raise Failed(message, hint) from None


def now() -> str:
    """Return the time: UTC, ISO 8601, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")
