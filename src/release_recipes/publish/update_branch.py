"""Bring the user's repository up to the release, if that can be done without touching anything of theirs."""

import shutil

from release_recipes import events
from release_recipes.errors import CommandFailed, Unfinished
from release_recipes.processes.environment import shown
from release_recipes.publish.push import holds
from release_recipes.publish.step import Done, Step, World, always
from release_recipes.state.record import Artifact, Record


def _tag(record: Record) -> list[str]:
    return ["update-ref", f"refs/tags/{record.tag}", record.tag_object, ""]


def _merge(record: Record) -> list[str]:
    return ["merge", "--ff-only", "--quiet", "--no-autostash", record.commit]


def _describe(record: Record) -> list[str]:
    commands = [_merge(record)] * (record.commit != record.base) + [_tag(record)] * record.pushes_tag
    return [f"$ {shown(['git', *words])}" for words in (*commands, ["update-ref", "-d", record.claim])]


def _converge(world: World) -> Done:
    record, git = world.record, world.git
    note = _update(world)
    if record.pushes_tag and git.resolve(f"refs/tags/{record.tag}") is None:
        git.does(*_tag(record))
    if record.keeps_artifacts:
        _keep(world)
    git.does("update-ref", "-d", record.claim)
    return Done(note=note)


def _keep(world: World) -> None:
    """Leave the distributions in ``dist/``: those that are what was published, and no other."""
    kept = world.git.path / "dist"
    kept.mkdir(exist_ok=True)
    for artifact in world.record.artifacts:
        path = world.dist / artifact.filename
        if path.is_file() and Artifact.of(path) == artifact:
            shutil.copyfile(path, kept / artifact.filename)
        else:
            events.emit(events.Told(f"{path} is not what was published, and is not kept in dist/."))


def _update(world: World) -> str:
    """Move the local branch to the release commit; where that would touch something of the user's, say how instead."""
    record, git = world.record, world.git
    branch = f"refs/heads/{record.branch}"
    local = git.resolve(branch)
    if local is None or git.contains(record.commit, local):
        return ""
    try:
        if not holds(world, world.refs(), branch):
            return f"{record.branch} left as it is: {record.remote} does not have the release commit on it"
        if git.branch() == record.branch:
            git.does(*_merge(record))
        else:
            # A fetch from itself refuses a branch that is checked out in another worktree, or has commits of its own.
            git.fetch_objects(".", f"{record.commit}:{branch}")
    except (CommandFailed, Unfinished):
        events.emit(
            events.Told(
                f"Your branch {record.branch} was left as it is; to bring the release commit in: "
                f"{shown(['git', 'pull', '--rebase', record.remote, record.branch])}"
            )
        )
        return f"{record.branch} left as it is"
    return f"{record.branch} is at {record.commit[:12]}"


STEP = Step("update-branch", always, _describe, _converge)
