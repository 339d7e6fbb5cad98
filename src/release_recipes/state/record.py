"""The record of a release in act 3: what is published, and where.

It is made by a plan and what was prepared for it, or from distributions that somebody else has built; nothing else
makes one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from packaging.version import Version

from release_recipes.errors import Failed
from release_recipes.settings import (
    Settings,
    Target,
)
from release_recipes.state.tag_message import TagMessage
from release_recipes.state.typed import from_json

#: The format of ``record.json``; another number is another version of release-recipes.
FORMAT = 2

_SHA256 = re.compile("[0-9a-f]{64}")

#: How many characters of a reason are told.
_LONGEST = 200


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

    @property
    def is_sound(self) -> bool:
        """Whether its name is a name alone, and its hash a hash."""
        return self.filename == Path(self.filename).name and bool(_SHA256.fullmatch(self.sha256))


@dataclass(frozen=True, kw_only=True)
class Record:
    """What act 3 publishes, and where: everything that it reads, but the token."""

    project: str
    version: str
    target: Target
    #: In the order of upload: wheels, then sdists.
    artifacts: tuple[Artifact, ...]
    upload_workers: int
    #: UTC, ISO 8601.
    started: str
    test: bool
    prior: str = ""
    #: The commit that the distributions were built from; all from here on is empty for an upload by itself.
    commit: str = ""
    #: The commit that the release started from.
    base: str = ""
    tag: str = ""
    #: The id of the tag object.
    tag_object: str = ""
    #: Whether the tag is pushed, or the branch alone.
    pushes_tag: bool = False
    branch: str = ""
    remote: str = ""
    #: The remote's address when the release began, without credentials.
    remote_address: str = ""
    #: The commit that the branch had there when the release began; empty where it was not there.
    remote_tip: str = ""
    github_release: bool = False
    keeps_artifacts: bool = False
    #: Whether an upload was tried whose end is not known, or a file was seen on the index.
    maybe_public: bool = False
    format: int = FORMAT

    @classmethod
    def from_files(cls, project: str, version: str, files: Iterable[Path], settings: Settings, *, test: bool) -> Record:
        """Make the record of distributions that are uploaded by themselves: without a commit, a tag or a remote."""
        return cls(
            project=project,
            version=version,
            target=settings.target(test=test),
            artifacts=in_upload_order(map(Artifact.of, files)),
            upload_workers=settings.upload_workers,
            started=now(),
            test=test,
        )

    @classmethod
    def from_tag(cls, said: TagMessage, **known: Any) -> Record:  # noqa: ANN401 - further fields
        """Make the record of a release that a tag tells of, and that another machine has claimed."""
        artifacts = in_upload_order(Artifact(name, sha256, 0) for name, sha256 in said.files.items())
        return cls(
            project=said.project, version=said.version, artifacts=artifacts, upload_workers=1, started=said.when,
            test=False, pushes_tag=True, maybe_public=True, **known,
        )  # fmt: skip

    @property
    def claim(self) -> str:
        """The ref that says, here and on the remote, that this release is under way."""
        return claim_of(self.tag)

    @property
    def is_prerelease(self) -> bool:
        """Whether installers pass over it unless asked (:pep:`440`)."""
        return Version(self.version).is_prerelease

    @property
    def folder_name(self) -> str:
        """The name of its folder in the state."""
        return f"{self.project}-{self.version}".replace("/", "_")

    @property
    def facts(self) -> dict[str, Any]:
        """What the JSON document of a task says of it."""
        return {
            "project": self.project,
            "prior_version": self.prior,
            "version": self.version,
            "tag": self.tag,
            "commit": self.commit,
            "index": self.target.index_address,
            "artifacts": [asdict(artifact) for artifact in self.artifacts],
        }


def claim_of(tag: str) -> str:
    """Return the ref that says, here and on the remote, that the release of a tag is under way."""
    return f"refs/release-recipes/{tag}"


def in_upload_order(artifacts: Iterable[Artifact]) -> tuple[Artifact, ...]:
    """Return distributions in the order in which they are uploaded: wheels, then sdists, each by name."""
    return tuple(sorted(artifacts, key=lambda artifact: (artifact.is_sdist, artifact.filename)))


def read_record(path: Path) -> Record:
    """Read a record.

    Raises:
        Failed: It cannot be read, or was written by another version of release-recipes. It may be a release that waits.
    """
    try:
        said = json.loads(path.read_text("utf-8"))
        if isinstance(said, dict) and said.get("format") != FORMAT:
            message = f"The record {path} is of format {said.get('format')}; this version reads {FORMAT}."
            raise Failed(message, "Finish that release with the version of release-recipes that began it.")
        record = from_json(Record, said)
        if not record.artifacts or not all(artifact.is_sound for artifact in record.artifacts):
            message = "it lists no distributions"
            raise ValueError(message)  # noqa: TRY301 - told like what JSON itself says
    except (OSError, ValueError, RecursionError) as error:
        message = f"The record {path} cannot be read ({str(error)[:_LONGEST] or type(error).__name__})."
        hint = (
            "It may be of a release that is public in part: look at the index and at the remote's tags. Where nothing "
            f"is public, delete {path.parent}; else restore that file, or publish the rest by hand."
        )
        raise Failed(message, hint) from None
    return record


def now() -> str:
    """Return the time: UTC, ISO 8601, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")
