"""Make the tag object in the workspace: it tags the commit of the build, and lists the sha256 of each distribution.

If CI publishes the release, it builds distributions of its own, and none are listed.
"""

from release_recipes.plan import Plan
from release_recipes.prepare.step import Step
from release_recipes.prepare.workspace import Workspace
from release_recipes.processes.environment import shown
from release_recipes.state import tag_message


def _command(plan: Plan, commit: str) -> list[str]:
    """Return the arguments of git; with ``--annotate``, the tag is also signed if tag.gpgSign is set."""
    return ["tag", "--annotate", "--cleanup=verbatim", "--file=-", plan.tag, commit]


def _left_out(plan: Plan) -> str:
    if plan.tag_object:
        return "the tag exists"
    return "a release to TestPyPI leaves no tag" if plan.test else ""


def _describe(plan: Plan, _workspace: Workspace) -> list[str]:
    return [f"$ {shown(['git', *_command(plan, '<commit>')])}"]


def _run(plan: Plan, workspace: Workspace) -> str:
    built = {artifact.filename: artifact.sha256 for artifact in workspace.artifacts()}
    files = None if plan.by_ci else built
    message = tag_message.write(plan.project, plan.version, plan.target.index_address, files)
    if workspace.source.resolve(f"refs/tags/{plan.tag}"):  # of the user's, who may keep it: AUTO_GIT_TAG=false
        workspace.source.does("tag", "--delete", plan.tag)
    workspace.source.signs(*_command(plan, workspace.commit), feed=message)
    return plan.tag


STEP = Step("tag", _left_out, _describe, _run)
