"""The state folder of a repository: the lock, the record of a release in act 3, the history.

It lives in ``<git dir>/release-recipes/``, one a repository, also for its worktrees; it is never in a commit and never
in an sdist::

    lock, holder.json             held while a release runs; the holder names the process and its workspace
    <project>-<version>/dist/     the distributions, once inspected
    <project>-<version>/record.json   from the moment that act 3 begins until it ends
    history.jsonl                 one line an event
"""

import contextlib
import json
import os
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from release_recipes import events
from release_recipes.errors import Failed
from release_recipes.state.atomic import half_written, sync, write_atomically
from release_recipes.state.lock import Lock
from release_recipes.state.record import Artifact, Record, read_record


@dataclass(frozen=True)
class State:
    """The state folder of one repository."""

    folder: Path

    @property
    def lock(self) -> Lock:
        """The lock that whoever changes the state holds."""
        return Lock(self.folder)

    def records(self) -> list[Record]:
        """Return the releases that wait to be finished, oldest first.

        Raises:
            Failed: A record, or the folder, cannot be read, or was written by another version of release-recipes.
        """
        try:
            # Not glob, which takes a folder that cannot be read for an empty one.
            folders = sorted(os.listdir(self.folder)) if self.folder.exists() else []  # noqa: PTH208
            paths = [path for name in folders if (path := self.folder / name / "record.json").exists()]
        except NotADirectoryError:  # a file in its place can hold no release
            return []
        except OSError as error:
            message = f"The state folder {self.folder} cannot be read ({error.strerror})."
            raise Failed(message, "Make it readable for you: it may hold a release that waits.") from None
        return sorted(map(read_record, paths), key=lambda record: record.started)

    def waits(self) -> bool:
        """Return whether a release waits to be finished; what cannot be read may be one."""
        try:
            return bool(self.records())
        except Exception:  # noqa: BLE001 - whatever is wrong with what is on disk
            return True

    def dist(self, record: Record) -> Path:
        """Return the folder with a record's distributions."""
        return self.folder / record.folder_name / "dist"

    def keep_distributions(self, record: Record, built: Path) -> None:
        """Copy the distributions beside where the record will be; they are on the disk when this returns.

        Raises:
            Failed: One of them is not the file that was built and hashed.
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
                    message = f"{artifact.filename} was changed after it was built."
                    raise Failed(message, "See what writes to dist/ of the build's clone: tests, hooks, a daemon.")
                sync(copy)
            sync(kept)

    def save(self, record: Record) -> None:
        """Put a record on disk in one atomic write."""
        folder = self.folder / record.folder_name
        with events.effect("write record"):
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(folder / "record.json", json.dumps(asdict(record), indent=2))
            sync(self.folder)

    def mark_public(self, record: Record) -> Record:
        """Note that the index may have something of this release, before the attempt that makes it so."""
        marked = replace(record, maybe_public=True)
        self.save(marked)
        return marked

    def drop(self, record: Record) -> None:
        """Forget a release: the record first, then its distributions."""
        folder = self.folder / record.folder_name
        with events.effect("drop record"):
            (folder / "record.json").unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)

    def sweep(self) -> None:
        """Remove what a killed run left half written: a release before its record, a file before its name."""
        for path in self.folder.iterdir():
            if path.is_dir() and not (path / "record.json").exists():
                shutil.rmtree(path, ignore_errors=True)
        for pattern in (half_written("*"), f"*/{half_written('*')}"):
            for path in self.folder.glob(pattern):
                path.unlink(missing_ok=True)
