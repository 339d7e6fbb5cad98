"""Inspect the distributions, and compare them with the last release."""

from pathlib import Path

from release_recipes.distributions import inspection, last_release
from release_recipes.distributions.inspection import Subject
from release_recipes.errors import NoIndexAnswer, counted
from release_recipes.index.client import Index
from release_recipes.plan import Plan
from release_recipes.prepare.step import Step, always
from release_recipes.prepare.workspace import Workspace
from release_recipes.settings import Target


def _describe(plan: Plan, _workspace: Workspace) -> list[str]:
    skipped = [each.name for each in inspection.INSPECTIONS if each.name in plan.settings.skip_checks]
    without = f", without {', '.join(skipped)}" if skipped else ""
    lines = [f"inspect each distribution with twine, check-wheel-contents and our own checks{without}"]
    if _compares(plan):
        lines.append(f"compare them with the last release on {plan.last_index}")
    return lines


def _compares(plan: Plan) -> bool:
    return not inspection.COMPARING.issubset(plan.settings.skip_checks)


def _run(plan: Plan, workspace: Workspace) -> str:
    return inspect(workspace.distributions(), plan, workspace)


def inspect(found: list[Path], plan: Plan, workspace: Workspace) -> str:
    """Inspect distributions, and return what was inspected.

    Args:
        found: The distributions: those of the workspace, or those that other jobs have built.
        plan: The release.
        workspace: Its source clone says which files are tracked.

    Raises:
        BadDistribution: They differ from the plan, or an index would refuse them.
    """
    # Act 2 has no token.
    index = Index(Target("", plan.last_index))
    last, against = list[Path](), ""
    try:
        if _compares(plan):
            last = last_release.fetch(index, plan.project, plan.version, workspace.folder / "last")
    except NoIndexAnswer as error:  # as for an index that needs credentials
        against = f", not compared with the last release: {error.message}"
    below = "" if plan.folder == "." else f"{plan.folder}/"
    tracked = [name.removeprefix(below) for name in workspace.source.tracked() if name.startswith(below)]
    # With publish = "ci" or --test, the distributions of this machine are some of the release.
    is_whole = plan.tag_object or not (plan.by_ci or plan.test)
    expect = plan.settings.expect if is_whole else ()
    inspection.inspect(Subject(found, plan.settings, plan.project, plan.version, last, tracked, expect))
    against = f", compared with {', '.join(path.name for path in last)}" if last else against
    return f"{counted(len(found), 'distribution')} of {plan.project} {plan.version}{against}"


STEP = Step("inspect", always, _describe, _run)
