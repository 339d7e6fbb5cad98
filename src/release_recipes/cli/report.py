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
)
from release_recipes.findings import Finding

#: Errors with which nothing was started.
_REFUSALS = (WrongUsage, Refused, Declined, EditedFiles, Busy, NoRepository, NoProject)

_UNFINISHED = 3


def _empty() -> dict[str, Any]:
    facts = ("project", "prior_version", "version", "tag", "tag_object", "commit", "index", "changes", "log")
    lists = ("artifacts", "steps", "problems", "warnings")
    return {**dict.fromkeys(facts), **{name: [] for name in lists}, "status": None}


@dataclass
class Report:
    """Listens to the events of a task, and makes the JSON document of them."""

    outcome: str = "refused"
    facts: dict[str, Any] = field(default_factory=_empty)

    def hear(self, event: events.Event) -> None:
        """Take an event."""
        match event:
            case events.Facts(values):
                self.facts |= values
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
    def has_uploaded(self) -> bool:
        """Whether an upload was started."""
        return any(step["name"] == "upload" for step in self.facts["steps"])

    def fail(self, error: ReleaseError, exit_code: int) -> None:
        """Take the error that stopped the task."""
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
