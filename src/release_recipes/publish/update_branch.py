"""Bring the user's repository up to the release, if that can be done without touching anything of theirs."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from release_recipes import events
from release_recipes.errors import CommandFailed
from release_recipes.processes.process import shown
from release_recipes.publish.step import Done, Step, World

if TYPE_CHECKING:
    from release_recipes.plan import Plan


def _describe(plan: Plan) -> list[str]:
    lines = [shown(["git", "tag", plan.tag, "<tag object>"])] * plan.settings.auto_git_tag
    lines += [shown(["git", "merge", "--ff-only", "<commit>"])] * plan.bumps
    return lines or [f"git update-ref -d {plan.claim}"]


def _converge(world: World) -> Done:
    record, git = world.record, world.git
    note = _branch_home(world)
    if record.pushes_tag and git.resolve(f"refs/tags/{record.tag}") is None:
        git.does("update-ref", f"refs/tags/{record.tag}", record.tag_object, "")
    if record.keeps_artifacts:
        kept = git.path / "dist"
        kept.mkdir(exist_ok=True)
        for artifact in record.artifacts:
            if (world.dist / artifact.filename).is_file():  # what is public may be gone here; no reason not to end
                shutil.copyfile(world.dist / artifact.filename, kept / artifact.filename)
    git.does("update-ref", "-d", record.claim)
    return Done(note=note)


def _branch_home(world: World) -> str:
    """Move the local branch to the release commit; where that would touch something of the user's, say how instead."""
    record, git = world.record, world.git
    branch = f"refs/heads/{record.branch}"
    local = git.resolve(branch)
    if local is None or git.contains(record.commit, local):
        return ""
    try:
        if git.branch() == record.branch:
            git.does("merge", "--ff-only", "--quiet", "--no-autostash", "--no-verify-signatures", record.commit)
        else:
            # A fetch from itself refuses a branch that is checked out in another worktree, or has commits of its own.
            git.fetch_objects(".", f"{record.commit}:{branch}")
    except CommandFailed:
        events.emit(
            events.Told(
                f"Your branch {record.branch} was left as it is; to bring the release commit in: "
                f"{shown(['git', 'pull', '--rebase', record.remote, record.branch])}"
            )
        )
        return f"{record.branch} left as it is"
    return f"{record.branch} is at {record.commit[:12]}"


STEP = Step("home", _describe, _converge)
