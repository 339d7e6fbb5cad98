"""All that survives a process: the lock, the record of a release in act 3, the history.

It lives in ``<git dir>/release-recipes/``, one a repository, also for its worktrees; it is never in a commit and never
in an sdist::

    lock, holder.json             held while a release runs; the holder names the process and its workspace
    <project>-<version>/dist/     the distributions, once inspected
    <project>-<version>/record.json   from the moment that act 3 begins until it ends
    history.jsonl                 one line an event
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from release_recipes import events
from release_recipes.secrets.mask import MASK
from release_recipes.state.atomic import half_written, sync, write_whole
from release_recipes.state.lock import Lock
from release_recipes.state.record import Record, now, read_record

if TYPE_CHECKING:
    from pathlib import Path


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
            Failed: A record cannot be read, or was written by another version of release-recipes.
        """
        found = [read_record(path) for path in self.folder.glob("*/record.json")]
        return sorted(found, key=lambda record: record.started)

    def dist(self, record: Record) -> Path:
        """Return the folder with a record's distributions."""
        return self.folder / record.folder_name / "dist"

    def keep_distributions(self, record: Record, built: Path) -> None:
        """Copy the distributions beside where the record will be, durably."""
        kept = self.dist(record)
        with events.effect("write distributions"):
            shutil.rmtree(kept.parent, ignore_errors=True)
            kept.mkdir(parents=True)
            for artifact in record.artifacts:
                shutil.copyfile(built / artifact.filename, kept / artifact.filename)
                sync(kept / artifact.filename)
            sync(kept)

    def save(self, record: Record) -> None:
        """Put a record on disk: whole or not at all, and durably."""
        folder = self.folder / record.folder_name
        with events.effect("write record"):
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / "record.json", json.dumps(asdict(record), indent=2))
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

    def note(self, event: str, **facts: Any) -> None:  # noqa: ANN401 - whatever JSON holds
        """Add one line to the history."""
        line = MASK(json.dumps({"at": now(), "event": event, **facts}, ensure_ascii=False))
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "history.jsonl").open("a", encoding="utf-8") as file:
            file.write(line + "\n")
