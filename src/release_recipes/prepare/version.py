"""Ask the build backend for the version of the release commit, which must be the planned version.

A project whose versions come from tags gets the tag first, in the workspace only: with a plain message, since the
hashes that the real tag lists are not known yet. Such tools read the newest tag of a commit, and lightweight tags only
if there is no other, so this tag is annotated and the only one on its commit.
"""

from release_recipes.errors import BumpFailed
from release_recipes.plan import Plan
from release_recipes.prepare.step import Step
from release_recipes.prepare.workspace import Workspace, clone_release
from release_recipes.programs.backend import Backend
from release_recipes.project.locate import same


def _left_out(plan: Plan) -> str:
    return "it is written in a file, and not computed by the build" if plan.is_static else ""


def _describe(plan: Plan, _workspace: Workspace) -> list[str]:
    tag = [f"make the tag {plan.tag} for the build, in the workspace only"] if plan.source.from_tag else []
    return [*tag, f"ask the build backend for the version, which must be {plan.version}"]


def _run(plan: Plan, workspace: Workspace) -> str:
    if plan.source.from_tag:
        source = workspace.source
        for other in source.ask("tag", "--points-at", "HEAD").splitlines():
            source.does("tag", "--delete", other)
        source.does("tag", "--force", "--annotate", "--no-sign", f"--message={plan.tag}", plan.tag)
    asked = workspace.folder / "asked"
    clone_release(workspace, asked)
    _, version = Backend(workspace.folder).ask(workspace.project(asked))
    if not same(version, plan.version):
        message = f"The build backend says {version} for the release commit, but {plan.version} was planned."
        hint = "Name the file that it reads: [tool.release] version_files = […]"
        if plan.source.from_tag:
            hint = f"Check that it reads tags such as {plan.tag}, and that the build changes no tracked file."
        raise BumpFailed(message, hint)
    return version


STEP = Step("version", _left_out, _describe, _run)
