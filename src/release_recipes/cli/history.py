"""The history of a repository: ``history.jsonl`` in the state folder, with a line of JSON for each event."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from release_recipes import events
from release_recipes.secrets.mask import MASK
from release_recipes.state.folder import State
from release_recipes.state.record import now

#: The facts of a release that are kept.
_KEPT = ("project", "version", "commit", "tag")


@dataclass(frozen=True)
class History:
    """Listens to the events of a task, and keeps those about releases."""

    state: State

    def hear(self, event: events.Event) -> None:
        """Keep one event."""
        match event:
            case events.Recorded(values):
                self._note("recorded", values)
            case events.AttemptFailed(what):
                self._note("attempt failed", {"what": what}, kept=("what",))
            case events.Released(values):
                self._note("released", values)
            case events.Abandoned(values):
                self._note("abandoned", values)

    def _note(self, event: str, values: Mapping[str, object], kept: tuple[str, ...] = _KEPT) -> None:
        line = {"at": now(), "event": event, **{name: values[name] for name in kept if values.get(name)}}
        self.state.top.mkdir(parents=True, exist_ok=True)
        with (self.state.top / "history.jsonl").open("a", encoding="utf-8") as file:
            file.write(MASK(json.dumps(line, ensure_ascii=False)) + "\n")
