"""The history of a repository: ``history.jsonl`` in the state folder, with a line of JSON for each event."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from release_recipes import events, forge
from release_recipes.errors import CommandFailed
from release_recipes.programs.git import Git
from release_recipes.secrets.mask import MASK
from release_recipes.state import history
from release_recipes.state.folder import State
from release_recipes.state.record import now

#: The tasks that are kept: those that change something outside of a temporary folder.
TASKS = frozenset({"release", "release_changed", "publish", "resume", "abandon", "upload", "bump", "build", "init"})

#: The facts of a release that are kept.
_FACTS = ("project", "prior_version", "version", "tag", "tag_object", "commit", "index", "artifacts")


@dataclass
class History:
    """Listens to the events of a task, and keeps those about releases. What cannot be written is a warning."""

    state: State
    #: The task that runs.
    started: events.TaskStarted = field(default_factory=lambda: events.TaskStarted("", ""))
    _is_broken: bool = False

    def begin(self, git: Git) -> None:
        """Write who begins the task, and where; the lines of another year get a file of their own."""
        try:
            who = git.ask("var", "GIT_COMMITTER_IDENT").rpartition(" ")[0].rpartition(" ")[0]
        except CommandFailed:  # git knows no name
            who = ""
        history.rotate(self.state.top)
        begun = {"task": self.started.task, "folder": self.state.below, "who": who, "where": forge.where()}
        self._note("started", begun)

    def hear(self, event: events.Event) -> None:
        """Keep one event."""
        match event:
            case events.Planned(values) | events.Recorded(values) | events.Released(values) | events.Abandoned(values):
                self._note(type(event).__name__.lower(), {name: values.get(name) for name in _FACTS})
            case events.StepEnded(name, state, seconds):
                self._note("step", {"step": name, "state": state, "seconds": round(seconds, 3)})
            case events.AttemptFailed(what):
                self._note("attempt failed", {"what": what})
            case events.TaskEnded(task, _, outcome, code, seconds, message, hint):
                said = {"task": task, "outcome": outcome, "exit_code": code, "seconds": round(seconds, 3)}
                self._note("ended", {**said, "message": message, "hint": hint})

    def _note(self, event: str, values: Mapping[str, object]) -> None:
        line = {"at": now(), "run": self.started.run, "event": event, **values}
        said = {name: value for name, value in line.items() if value not in (None, "")}
        text = MASK(json.dumps(said, ensure_ascii=False)) + "\n"
        try:
            self.state.top.mkdir(parents=True, exist_ok=True)
            # Without a buffer, a line is written at once, so that lines of two processes do not mix.
            with (self.state.top / history.FILE).open("ab", buffering=0) as file:
                file.write(text.encode("utf-8", "replace"))
        except OSError as error:
            if not self._is_broken:
                self._is_broken = True
                message = f"The history cannot be written: {error.strerror}."
                events.warn(message, f"The release goes on; see {self.state.top}", "history")
