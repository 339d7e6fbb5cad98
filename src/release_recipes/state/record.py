"""The record of a release in act 3: what is published, and where.

It is made from a plan and the prepared distributions, from distributions for an upload, or from a tag.
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
from release_recipes.settings import Settings, Target
from release_recipes.state.tag_message import TagMessage
from release_recipes.state.typed import from_json

#: The format of ``record.json``; another number means another version of release-recipes.
FORMAT = 2

_SHA256 = re.compile("[0-9a-f]{64}")

#: The number of characters of a reason that are shown.
_LONGEST = 200


@dataclass(frozen=True)
class Artifact:
    """A distribution file."""

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
        """Whether its name is a plain file name, and its hash is a valid hash."""
        is_name = self.filename not in {"", ".."} and self.filename == Path(self.filename).name
        return is_name and bool(_SHA256.fullmatch(self.sha256))


@dataclass(frozen=True, kw_only=True)
class Record:
    """Everything that act 3 needs, except the token."""

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
    #: The project's folder, relative to the repository's; ``.`` if it is the same.
    folder: str = "."
    #: The commit that the distributions were built from; this and the following are empty for an upload alone.
    commit: str = ""
    #: The commit after it, with the next development version; empty if there is none.
    next_commit: str = ""
    #: The commit that the release started from.
    base: str = ""
    tag: str = ""
    #: The id of the tag object.
    tag_object: str = ""
    #: Whether the tag is pushed, or only the branch.
    pushes_tag: bool = False
    branch: str = ""
    remote: str = ""
    #: The remote's address when the release began, without credentials.
    remote_address: str = ""
    #: The commit of the branch on the remote when the release began; empty if it did not exist.
    remote_tip: str = ""
    github_release: bool = False
    keeps_artifacts: bool = False
    installs: bool = False
    #: The indexes that may have its requirements, besides those that installers know.
    indexes: tuple[str, ...] = ()
    #: Whether CI publishes it, on its tag; the distributions here then are proof, and not what is published.
    by_ci: bool = False
    #: The flags that release what is left of several packages after it; empty if nothing is.
    goes_on: tuple[str, ...] = ()
    #: What changed, in Markdown, for those who read about the release; empty if that is not known.
    changes: str = ""
    #: Whether an upload was started, so that files may be public.
    maybe_public: bool = False
    format: int = FORMAT

    @classmethod
    def from_files(cls, project: str, version: str, files: Iterable[Path], settings: Settings, *, test: bool) -> Record:
        """Make the record for an upload alone: without a commit, a tag or a remote."""
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
        """Make the record of a release that another machine claimed, from its tag."""
        artifacts = in_upload_order(Artifact(name, sha256, 0) for name, sha256 in said.files.items())
        return cls(
            project=said.project, version=said.version, artifacts=artifacts, upload_workers=1, started=said.when,
            test=False, pushes_tag=True, maybe_public=True, by_ci=said.by_ci, **known,
        )  # fmt: skip

    @property
    def claim(self) -> str:
        """The ref that marks, locally and on the remote, that this release is in progress."""
        return claim_of(self.tag)

    @property
    def head(self) -> str:
        """The commit for the branch: the commit of the release, or the one after it."""
        return self.next_commit or self.commit

    @property
    def next_ref(self) -> str:
        """The local ref that keeps the commit after the release until it is on the branch."""
        return f"refs/release-recipes-next/{self.tag}"

    @property
    def is_prerelease(self) -> bool:
        """Whether it is a pre-release (:pep:`440`)."""
        return Version(self.version).is_prerelease

    @property
    def title(self) -> str:
        """Its title on a forge, with the name of a project that is not at the top of the repository."""
        return f"Release {self.version}" if self.folder == "." else f"Release {self.project} {self.version}"

    @property
    def facts(self) -> dict[str, Any]:
        """Its facts for the JSON document of a task."""
        return {
            "project": self.project,
            "prior_version": self.prior,
            "version": self.version,
            "tag": self.tag,
            "tag_object": self.tag_object,
            "commit": self.commit,
            "index": self.target.index_address,
            "artifacts": [asdict(artifact) for artifact in self.artifacts],
            "changes": self.changes,
        }


def claim_of(tag: str) -> str:
    """Return the ref that marks, locally and on the remote, that the release of a tag is in progress."""
    return f"refs/release-recipes/{tag}"


def in_upload_order(artifacts: Iterable[Artifact]) -> tuple[Artifact, ...]:
    """Return distributions in the order of the upload: wheels, then sdists, each by name."""
    return tuple(sorted(artifacts, key=lambda artifact: (artifact.is_sdist, artifact.filename)))


def read_record(path: Path) -> Record:
    """Read a record.

    Raises:
        Failed: It cannot be read, or was written by another version of release-recipes; its release may be unfinished.
    """
    try:
        said = json.loads(path.read_text("utf-8"))
        if isinstance(said, dict) and said.get("format") != FORMAT:
            message = f"The record {path} has format {said.get('format')}, but this version reads format {FORMAT}."
            raise Failed(message, "Finish that release with the version of release-recipes that started it.")
        record = from_json(Record, said)
        if not record.artifacts or not all(artifact.is_sound for artifact in record.artifacts):
            message = "it lists no distributions"
            raise ValueError(message)  # noqa: TRY301 - reported like an error of JSON
    except (OSError, ValueError, RecursionError) as error:
        message = f"The record {path} cannot be read ({str(error)[:_LONGEST] or type(error).__name__})."
        hint = (
            "Its release may be partly public: check the index and the tags of the remote. If nothing is public, "
            f"delete {path.parent}. Otherwise, restore the file, or publish the rest by hand."
        )
        raise Failed(message, hint) from None
    return record


def now() -> str:
    """Return the current time: UTC, ISO 8601, in seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")
