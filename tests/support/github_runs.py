"""The runs of Actions on the GitHub of ours, and a release by its tag: what is asked while CI is watched.

Names and states are those of GitHub's REST API ("Workflow runs", "Workflow jobs", "Pending deployments").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from support.github import Release, Request

__all__ = ["PlayedRun", "Runs"]


@dataclass
class PlayedRun:
    """A run of a workflow; a job is in the state of its value: ``queued``, ``in_progress``, or how it ended."""

    id: int
    commit: str
    branch: str
    status: str = "queued"
    conclusion: str | None = None
    path: str = ".github/workflows/release.yml"
    event: str = "push"
    jobs: dict[str, str] = field(default_factory=dict)
    #: The environments that wait for an approval.
    waits_for: tuple[str, ...] = ()

    def end(self, conclusion: str) -> None:
        """End the run."""
        self.status, self.conclusion = "completed", conclusion


class Runs:
    """The part of a GitHub that has runs; the newest one is the last one of the list."""

    runs: list[PlayedRun]
    releases: list[Release]
    _ids: Iterator[int]

    if TYPE_CHECKING:
        _page: property

        def _json(self, release: Release) -> dict[str, Any]: ...

        def _by_id(self, number: str) -> Release: ...

    def add_run(self, commit: str, branch: str, **words: Any) -> PlayedRun:  # noqa: ANN401 -- the fields of PlayedRun
        """Start a run for a commit; for a tag, GitHub calls it the branch."""
        run = PlayedRun(next(self._ids), commit, branch, **words)
        self.runs.append(run)
        return run

    def _run_routes(self, here: str) -> list[tuple[str, str, Callable[..., tuple[int, Any]]]]:
        return [
            ("GET", f"{here}/releases/tags/(.+)", self._release_of_tag),
            ("GET", f"{here}/actions/runs", self._runs),
            ("GET", rf"{here}/actions/runs/(\d+)/jobs", self._jobs),
            ("GET", rf"{here}/actions/runs/(\d+)/pending_deployments", self._pending),
        ]

    def _release_of_tag(self, _: Request, tag: str) -> tuple[int, Any]:
        """Return the release of a tag; a draft has none yet."""
        number = next((each.id for each in self.releases if each.tag == tag and not each.draft), 0)
        return 200, self._json(self._by_id(str(number)))

    def _runs(self, request: Request) -> tuple[int, Any]:
        commit = request.query.get("head_sha", [""])[0]
        runs = [self._run_json(run) for run in reversed(self.runs) if commit in {"", run.commit}]
        return 200, {"total_count": len(runs), "workflow_runs": runs}

    def _run_json(self, run: PlayedRun) -> dict[str, Any]:
        return {
            "id": run.id,
            "name": "release",
            "head_branch": run.branch,
            "head_sha": run.commit,
            "path": run.path,
            "event": run.event,
            "status": run.status,
            "conclusion": run.conclusion,
            "html_url": f"{self._page}/actions/runs/{run.id}",
        }

    def _jobs(self, _: Request, number: str) -> tuple[int, Any]:
        (run,) = (run for run in self.runs if run.id == int(number))
        going = ("queued", "in_progress", "waiting")
        jobs = [
            {
                "name": name,
                "status": state if state in going else "completed",
                "conclusion": None if state in going else state,
            }
            for name, state in run.jobs.items()
        ]
        return 200, {"total_count": len(jobs), "jobs": jobs}

    def _pending(self, _: Request, number: str) -> tuple[int, Any]:
        (run,) = (run for run in self.runs if run.id == int(number))
        return 200, [{"environment": {"name": name}, "current_user_can_approve": True} for name in run.waits_for]
