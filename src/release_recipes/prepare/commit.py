"""Make the release commit in the workspace: with the version files, and with what hooks changed in tracked files."""

from release_recipes.plan import Plan
from release_recipes.prepare.step import Step, without_bump
from release_recipes.prepare.workspace import Workspace
from release_recipes.processes.environment import shown

_COMMAND = ("commit", "--quiet", "--cleanup=verbatim", "--file=-")


def _describe(plan: Plan, _workspace: Workspace) -> list[str]:
    return [f"$ {shown(['git', *_COMMAND])}", *(f"    {line}".rstrip() for line in plan.commit_message.splitlines())]


def _run(plan: Plan, workspace: Workspace) -> str:
    source = workspace.source
    source.does("add", "--update")
    # For TestPyPI, the same HEAD must always give identical files, so the commit gets the date of HEAD.
    dated = source.ask("log", "-1", "--format=%cI", plan.base) if plan.test else ""
    dates = {"GIT_AUTHOR_DATE": dated, "GIT_COMMITTER_DATE": dated} if dated else {}
    source.signs(*_COMMAND, feed=plan.commit_message + "\n", env=dates)
    return workspace.commit[:12]


STEP = Step("commit", without_bump, _describe, _run)
