"""Write the changelog's section of the release in the workspace, so that it is a part of the release commit."""

import datetime as dt
from pathlib import Path

from release_recipes.plan import Plan
from release_recipes.prepare.step import Step, without_bump
from release_recipes.prepare.workspace import Workspace
from release_recipes.processes.environment import shown
from release_recipes.programs import fragments
from release_recipes.programs.git import Git
from release_recipes.project import changes
from release_recipes.project.source import today


def _left_out(plan: Plan) -> str:
    return without_bump(plan) or ("" if plan.changes.way != "off" else plan.changes.why)


def _describe(plan: Plan, workspace: Workspace) -> list[str]:
    """Show the difference: the changelog is written in the workspace."""
    if plan.changes.way == "fragments":
        date = _date(plan, workspace.source).isoformat()
        return [f"$ {shown(fragments.command(plan.changes.tool, plan.project, plan.version, date))}"]
    _run(plan, workspace)
    path = workspace.project(workspace.source.path) / plan.changes.path
    return workspace.source.ask("diff", "--no-color", "--no-ext-diff", "HEAD", "--", str(path)).splitlines() or [
        _kept(plan)
    ]


def _run(plan: Plan, workspace: Workspace) -> str:
    source = workspace.source
    folder = workspace.project(source.path)
    if plan.changes.way == "keep" and source.ask("diff", "--name-only", "HEAD", "--", str(folder / plan.changes.path)):
        return f"the hooks have changed {plan.changes.path}"
    write(plan, source, folder)
    changed = source.ask("diff", "--name-only", "HEAD", "--", str(folder / plan.changes.path))
    return plan.changes.path if changed else _kept(plan)


def write(plan: Plan, git: Git, folder: Path) -> None:
    """Write the section of the release, in the project's folder in a clone.

    Raises:
        CommandFailed: A tool failed.
    """
    changes.write(git, folder, plan.changes, plan.version, tag=plan.tag, date=_date(plan, git))


def _kept(plan: Plan) -> str:
    """Return why the changelog stays as it is."""
    changes = plan.changes
    says = (
        f"has the section of {plan.version}" if changes.text else f"says nothing of {plan.version}, and stays as it is"
    )
    return f"{changes.path} {says}"


def _date(plan: Plan, git: Git) -> dt.date:
    """Return the date of the release; for TestPyPI that of HEAD, so that the same HEAD gives identical files."""
    if not plan.test:
        return today()
    return dt.date.fromisoformat(git.ask("log", "-1", "--format=%cs", plan.base))


STEP = Step("changelog", _left_out, _describe, _run)
