"""Set the next development version after the release, in a commit that the release branch gets in the same push."""

import re

from release_recipes.errors import AmbiguousVersion, BumpFailed
from release_recipes.plan import Plan
from release_recipes.prepare.step import Step
from release_recipes.prepare.workspace import NEXT, Workspace
from release_recipes.processes.environment import shown
from release_recipes.project import changes
from release_recipes.project.raising import next_version
from release_recipes.project.source import today

_DEV = re.compile(r"[-_.]?dev\d*$")

_COMMAND = ("commit", "--quiet", "--all", "--cleanup=verbatim", "--file=-")


def _left_out(plan: Plan) -> str:
    if plan.settings.after_release != "dev":
        return f"by the setting after_release ({plan.settings.after_release})"
    if plan.test:
        return "a release to TestPyPI leaves no commit"
    if plan.source.from_tag:
        return "the version comes from the tag"
    return "" if plan.bumps else "there is no release commit"


def following(plan: Plan) -> str:
    """Return the next development version: of the minor version after 1.7.0 if that began as 1.7.0.dev0, else a patch.

    Raises:
        BumpFailed: It is not clear, as with a calendar version.
    """
    dev = _DEV.search(plan.prior)
    part = "minor" if dev and re.search(r"\.0+$", plan.prior[: dev.start()]) else "patch"
    try:
        final = next_version(plan.version, part, today=today())
    except AmbiguousVersion:  # its hint is versions to release
        message = f"The development version after {plan.version} is not clear."
        raise BumpFailed(message, 'Remove this line from [tool.release]: after_release = "dev"') from None
    return final + (re.sub(r"\d+$", "0", dev[0]) if dev else ".dev0")


def _describe(plan: Plan, _workspace: Workspace) -> list[str]:
    return [f"set the version to {following(plan)}", f"$ {shown(['git', *_COMMAND])}"]


def _run(plan: Plan, workspace: Workspace) -> str:
    version, source = following(plan), workspace.source
    plan.source.after(plan.version).apply(workspace.project(source.path), "", version, hooks=False)
    changes.after_release(source, workspace.project(source.path), plan.changes, _DEV.sub("", version))
    source.signs(*_COMMAND, feed=f"Back to development: {version}\n")
    source.does("update-ref", NEXT, "HEAD")
    source.does("reset", "--quiet", "--hard", "HEAD~1")
    return version


STEP = Step("next-version", _left_out, _describe, _run)
