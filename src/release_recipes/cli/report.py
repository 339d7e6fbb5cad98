"""The JSON document of a task."""

from dataclasses import dataclass, field
from typing import Any

from release_recipes import events
from release_recipes.errors import (
    Busy,
    Declined,
    EditedFiles,
    Interrupted,
    NoProject,
    NoRepository,
    Refused,
    ReleaseError,
    WrongUsage,
    typed,
)
from release_recipes.findings import Finding

#: Errors with which nothing was started.
_REFUSALS = (WrongUsage, Refused, Declined, EditedFiles, Busy, NoRepository, NoProject)

_UNFINISHED = 3

#: What is public if nothing is.
NOTHING = "nothing"


def _empty() -> dict[str, Any]:
    facts = ("project", "prior_version", "version", "tag", "tag_object", "commit", "index", "changes", "log")
    lists = ("artifacts", "steps", "problems", "warnings")
    return {**dict.fromkeys(facts), **{name: [] for name in lists}, "status": None}


@dataclass
class Report:
    """Listens to the events of a task, and makes the JSON document of them."""

    outcome: str = "refused"
    facts: dict[str, Any] = field(default_factory=_empty)
    #: The number of steps before the release that is in progress; a task may make several releases.
    _before: int = 0
    #: How many of its files were seen on the index, and how many there are.
    _seen: tuple[int, int] = (0, 0)
    #: Whether a failure left some of it public.
    _in_part: bool = False

    def hear(self, event: events.Event) -> None:
        """Take an event."""
        match event:
            case events.Facts(values):
                if isinstance(event, events.Planned | events.Recorded):
                    self._before, self._seen = len(self.facts["steps"]), (0, 0)
                self.facts |= values
            case events.Progress("upload", seen, of):
                self._seen = seen, of
            case events.StepEnded(name, state, seconds):
                self.facts["steps"].append({"name": name, "state": state, "seconds": round(seconds, 3)})
            case events.Warned(finding):
                self.facts["warnings"].append(_told(finding))

    @property
    def is_released(self) -> bool:
        """Whether the last step of a release has ended; of several releases, that of the last one."""
        ends = [step for step in self.facts["steps"] if step["name"] in {"check", "update-branch"}]
        return bool(ends) and ends[-1]["name"] == "update-branch" and ends[-1]["state"] != "failed"

    @property
    def states(self) -> dict[str, str]:
        """The steps of the release that is in progress, or was the last one, with their states."""
        return {step["name"]: step["state"] for step in self.facts["steps"][self._before :]}

    @property
    def done(self) -> set[str]:
        """Those of them that are done."""
        return {name for name, state in self.states.items() if state in {"done", "already done"}}

    @property
    def has_begun(self) -> bool:
        """Whether one of them after the checks was started."""
        return bool({*self.states} - {"check"})

    @property
    def released(self) -> list[str]:
        """Of a task that makes several releases, those that are complete."""
        packages = self.facts.get("packages", {})
        return packages["done"] if packages.get("outcome") in {"released", "tested"} else []

    def public(self, task: str) -> str:
        """Return what is public after a failure, in words."""
        before = ", ".join(self.released)
        if not self._in_part and task == "publish":  # an earlier run may have uploaded
            return f"the tag {self.facts['tag']}; for the index, see: {typed('status')}"
        if not self._in_part:
            return before or NOTHING
        index, tag, (seen, of) = self.facts["index"], self.facts["tag"], self._seen
        parts, name = [f"some files may be on {index}"], f"{self.facts['project']} {self.facts['version']}"
        if "upload" in self.done:
            parts = [f"all files are on {index}"]
        elif seen:
            parts = [f"at least {seen} of {of} files {'is' if seen == 1 else 'are'} on {index}"]
        elif "watch" in self.states:
            parts = [f"what CI has published on {index}"]
        if "push" in self.done:
            parts.append(f"the tag {tag} is pushed")
        elif "push" in self.states:
            parts.append(f"the tag {tag} was not seen on the remote")
        return f"{before}; of {name}, {', '.join(parts)}" if before else ", ".join(parts)

    def fail(self, error: ReleaseError, exit_code: int, *, in_part: bool) -> None:
        """Take the error that stopped the task, and whether the release is public in part."""
        self._in_part = in_part
        if exit_code == _UNFINISHED:
            self.outcome = "unfinished"
        elif isinstance(error, Interrupted):
            self.outcome = "interrupted"
        else:
            self.outcome = "refused" if isinstance(error, _REFUSALS) else "failed"
        self.facts["problems"] = [_told(finding) for finding in error.findings]

    def document(self) -> dict[str, Any]:
        """Return the document."""
        return {"outcome": self.outcome, **self.facts}


def _told(finding: Finding) -> dict[str, object]:
    place = {name: value for name, value in (("file", finding.file), ("line", finding.line)) if value}
    return {"check": finding.check, "message": finding.message, "hint": finding.hint, **place}
