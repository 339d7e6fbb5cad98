"""The one JSON document of a task: what happened, for programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from release_recipes import events
from release_recipes.errors import (
    Busy,
    Declined,
    Interrupted,
    NoProject,
    NoRepository,
    Refused,
    ReleaseError,
    WrongUsage,
)
from release_recipes.state.record import Artifact

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

#: What was not even started.
_REFUSALS = (WrongUsage, Refused, Declined, Busy, NoRepository, NoProject)

_UNFINISHED = 3


@dataclass
class Report:
    """Listens to the events of one task, and tells what they came to."""

    outcome: str = "refused"
    project: str | None = None
    prior_version: str | None = None
    version: str | None = None
    tag: str | None = None
    commit: str | None = None
    index: str | None = None
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    problems: list[dict[str, str]] = field(default_factory=list)
    warnings: list[dict[str, str]] = field(default_factory=list)

    def hear(self, event: events.Event) -> None:
        """Take what one event tells."""
        match event:
            case events.Planned(plan):
                self.project, self.prior_version, self.version = plan.project, plan.prior, plan.version
                self.tag, self.index = plan.tag, plan.index_address
            case events.Recorded(record):
                self.project, self.prior_version, self.version = record.project, record.prior, record.version
                self.tag, self.commit, self.index = record.tag, record.commit, record.index_address
                self.artifacts = [asdict(artifact) for artifact in record.artifacts]
            case events.StepEnded(name, state, seconds):
                self.steps.append({"name": name, "state": state, "seconds": round(seconds, 3)})
            case events.Warned(problem):
                self.warnings.append(asdict(problem))

    @property
    def is_home(self) -> bool:
        """Whether the last step of a release is over."""
        return any(step["name"] == "home" and step["state"] != "failed" for step in self.steps)

    def list_artifacts(self, files: Iterable[Path]) -> None:
        """Take the distributions of a single step."""
        self.artifacts = [asdict(Artifact.of(file)) for file in files]

    def fail(self, error: ReleaseError) -> None:
        """Take what stopped the task."""
        if isinstance(error, Interrupted):
            self.outcome = "unfinished" if error.exit_code == _UNFINISHED else "interrupted"
        elif error.exit_code == _UNFINISHED:
            self.outcome = "unfinished"
        else:
            self.outcome = "refused" if isinstance(error, _REFUSALS) else "failed"
        self.problems = [asdict(problem) for problem in error.problems]

    def document(self) -> dict[str, Any]:
        """Return what is printed."""
        return asdict(self)
