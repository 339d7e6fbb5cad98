"""Make the release commit in the workspace: the version files, and what hooks changed in tracked files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_recipes.prepare.step import Step

if TYPE_CHECKING:
    from release_recipes.plan import Plan
    from release_recipes.prepare.workspace import Workspace


def _describe(plan: Plan) -> list[str]:
    return [f"git commit -m {plan.commit_message.splitlines()[0]!r}"] if plan.bumps else []


def _run(plan: Plan, workspace: Workspace) -> str:
    source = workspace.source
    source.does("add", "--update")
    # For TestPyPI the same HEAD must give the same bytes again, so the commit is dated by it.
    dated = source.ask("log", "-1", "--format=%cI", plan.base) if plan.test else ""
    dates = {"GIT_AUTHOR_DATE": dated, "GIT_COMMITTER_DATE": dated} if dated else {}
    source.signs("commit", "--quiet", "--cleanup=verbatim", "--file=-", feed=plan.commit_message + "\n", env=dates)
    return workspace.commit[:12]


STEP = Step("commit", _describe, _run)
