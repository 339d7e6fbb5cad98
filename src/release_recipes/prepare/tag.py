"""Make the tag object in the workspace: it names the commit that was built, and lists each distribution's sha256."""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_recipes.prepare.step import Step

if TYPE_CHECKING:
    from release_recipes.plan import Plan
    from release_recipes.prepare.workspace import Workspace


def _describe(plan: Plan) -> list[str]:
    return [] if plan.test else [f"git tag --annotate {plan.tag}"]


def _run(plan: Plan, workspace: Workspace) -> str:
    listed = "\n".join(f"{artifact.sha256}  {artifact.filename}" for artifact in workspace.artifacts())
    message = (
        f"{plan.project} {plan.version}\n\nsha256 of the distributions that were built from this commit:\n\n{listed}\n"
    )
    # --annotate makes a signed tag too, where tag.gpgSign says so.
    workspace.source.signs(
        "tag", "--annotate", "--cleanup=verbatim", "--file=-", plan.tag, workspace.commit, feed=message
    )
    return plan.tag


STEP = Step("tag", _describe, _run)
