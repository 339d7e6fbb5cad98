"""The state folder of a repository: the lock, the record of a release in act 3, the history.

It is ``<git dir>/release-recipes/``, which all worktrees of a repository share; it is never in a commit or an sdist::

    lock, holder.json             during a release; the holder is the process and its workspace
    <project>-<version>/dist/     the distributions, after they were inspected
    <project>-<version>/record.json   during act 3
    history.jsonl                 a line for each event of a release; those of other years in history-<year>.jsonl
    logs/                         the logs of the last tasks
    projects/<folder>/            the same for a project in a folder of the repository, but for the history
"""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from urllib.parse import quote, unquote

from release_recipes import events
from release_recipes.errors import Failed
from release_recipes.state.atomic import half_written, sync, write_atomically
from release_recipes.state.lock import Lock
from release_recipes.state.record import Artifact, Record, read_record

#: The folder with the states of the projects that are not at the top of the repository; no release has this name.
_PROJECTS = "projects"

#: The folder with the logs of the last tasks.
_LOGS = "logs"


@dataclass(frozen=True)
class State:
    """The state of one project of a repository."""

    #: The state folder of the repository.
    top: Path
    #: The project's folder, relative to the repository: ``.`` or a path with slashes.
    below: str = "."

    @property
    def folder(self) -> Path:
        """The state folder of the project: that of the repository, or a folder in it."""
        return self.top if self.below == "." else self.top / _PROJECTS / quote(self.below, safe="")

    def all(self) -> list["State"]:
        """Return the state of each project of the repository, its own included."""
        others = sorted(self.top.glob(f"{_PROJECTS}/*/"))
        return [State(self.top), *(State(self.top, unquote(folder.name)) for folder in others)]

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until no other project of the repository pushes, or updates the branch."""
        from filelock import FileLock

        # Not in the folder of the projects, of which one may have this name.
        has_others = (self.top / _PROJECTS).is_dir()
        with FileLock(self.top / "turn") if has_others else contextlib.nullcontext():
            yield

    @property
    def lock(self) -> Lock:
        """The lock, which is held by the process that changes the state."""
        return Lock(self.folder)

    def records(self) -> list[Record]:
        """Return the unfinished releases, oldest first.

        Raises:
            Failed: A record, or the folder, cannot be read, or was written by another version of release-recipes.
        """
        try:
            # Not glob, which treats a folder that cannot be read as empty.
            folders = sorted(os.listdir(self.folder)) if _exists(self.folder) else []  # noqa: PTH208
            paths = [path for name in folders if _exists(path := self.folder / name / "record.json")]
        except NotADirectoryError:  # a file cannot contain a release
            return []
        except OSError as error:
            message = f"The state folder {self.folder} cannot be read ({error.strerror})."
            raise Failed(message, "Make it readable; it may contain an unfinished release.") from None
        return sorted(map(read_record, paths), key=lambda record: record.started)

    def waits(self) -> bool:
        """Return whether there is an unfinished release; what cannot be read may be one."""
        try:
            return bool(self.records())
        except Exception:  # noqa: BLE001 - any error of the files on disk
            return True

    def _of(self, record: Record) -> Path:
        return self.folder / f"{record.project}-{record.version}".replace("/", "_")

    def dist(self, record: Record) -> Path:
        """Return the folder with a record's distributions."""
        return self._of(record) / "dist"

    def keep_distributions(self, record: Record, built: Path) -> None:
        """Copy the distributions into the folder of the record, and flush them to disk.

        Raises:
            Failed: A file differs from the one that was built and hashed.
        """
        kept = self.dist(record)
        with events.effect("write distributions"):
            shutil.rmtree(kept.parent, ignore_errors=True)
            kept.mkdir(parents=True)
            for artifact in record.artifacts:
                copy = kept / artifact.filename
                with contextlib.suppress(FileNotFoundError):
                    shutil.copyfile(built / artifact.filename, copy)
                if not copy.exists() or Artifact.of(copy) != artifact:
                    hint = "Find out what writes to dist/ in the clone of the build: tests, hooks, or a daemon."
                    raise Failed(f"{artifact.filename} was changed after it was built.", hint)
                sync(copy)
            sync(kept)

    def save(self, record: Record) -> None:
        """Write a record atomically."""
        with events.effect("write record"):
            self._of(record).mkdir(parents=True, exist_ok=True)
            write_atomically(self._of(record) / "record.json", json.dumps(asdict(record), indent=2))
            sync(self.folder)

    def mark_public(self, record: Record) -> Record:
        """Record, before the first attempt of an upload, that the index may have files of this release."""
        marked = replace(record, maybe_public=True)
        self.save(marked)
        return marked

    def drop(self, record: Record) -> None:
        """Remove a release: the record first, then its distributions."""
        with events.effect("drop record"):
            (self._of(record) / "record.json").unlink(missing_ok=True)
            shutil.rmtree(self._of(record), ignore_errors=True)

    def sweep(self) -> None:
        """Remove what a killed run left incomplete: releases without a record, and partly written files."""
        for path in self.folder.iterdir():
            if path.is_dir() and path.name not in {_PROJECTS, _LOGS} and not (path / "record.json").exists():
                shutil.rmtree(path, ignore_errors=True)
        for pattern in (half_written("*"), f"*/{half_written('*')}"):
            for path in self.folder.glob(pattern):
                path.unlink(missing_ok=True)


def _exists(path: Path) -> bool:
    """Return whether a path exists; unlike ``Path.exists`` since Python 3.14, it raises if that cannot be known."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
