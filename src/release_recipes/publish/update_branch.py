"""Update the user's branch and tag to the release, if that changes nothing else."""

import shutil

from release_recipes import events
from release_recipes.errors import CommandFailed, Unfinished
from release_recipes.processes.environment import shown
from release_recipes.publish.push import holds
from release_recipes.publish.step import Done, Step, World, always
from release_recipes.state.record import Artifact, Record


def _tag(record: Record) -> list[str]:
    return ["update-ref", f"refs/tags/{record.tag}", record.tag_object, ""]


def _merge(commit: str) -> list[str]:
    return ["merge", "--ff-only", "--quiet", "--no-autostash", commit]


def _describe(record: Record) -> list[str]:
    commands = [_merge(record.head)] * (record.head != record.base) + [_tag(record)] * record.pushes_tag
    return [f"$ {shown(['git', *words])}" for words in (*commands, ["update-ref", "-d", record.claim])]


def _converge(world: World) -> Done:
    record, git = world.record, world.git
    with world.turn():
        note = _update(world)
    local = git.resolve(f"refs/tags/{record.tag}")
    if record.pushes_tag and local is None:
        git.does(*_tag(record))
    elif record.pushes_tag and local != record.tag_object:
        by_hand = shown(["git", "fetch", "--force", record.remote, f"refs/tags/{record.tag}:refs/tags/{record.tag}"])
        line = f"Your local tag {record.tag} is a different one, and was left unchanged. To replace it: {by_hand}"
        events.tell(line)
    if record.keeps_artifacts:
        _keep(world)
    for ref in (record.claim, *([record.next_ref] if record.next_commit else [])):
        git.does("update-ref", "-d", ref)
    return Done(note=note)


def _keep(world: World) -> None:
    """Copy the published distributions to ``dist/``."""
    kept = world.git.path / world.record.folder / "dist"
    kept.mkdir(parents=True, exist_ok=True)
    if not (kept / ".gitignore").exists():
        # As uv build does: no next release finds them untracked.
        (kept / ".gitignore").write_text("*\n", encoding="utf-8")
    for artifact in world.record.artifacts:
        path = world.dist / artifact.filename
        if path.is_file() and Artifact.of(path) == artifact:
            shutil.copyfile(path, kept / artifact.filename)
        else:
            events.tell(f"{path} differs from the published file, and is not copied to dist/.")


def _update(world: World) -> str:
    """Update the local branch to the release commit; if that would change something else, show how instead.

    If the branch moved on by the release of another project of the repository, it is updated to the remote's branch,
    which has both.
    """
    record, git = world.record, world.git
    branch = f"refs/heads/{record.branch}"
    local = git.resolve(branch)
    if local is None:
        return f"there is no local branch {record.branch}"
    if git.contains(record.head, local):
        return f"{record.branch} has the release commit"
    try:
        refs = world.refs()
        if not holds(world, refs, branch):
            return f"{record.branch} is unchanged, because the release commit is not on {record.remote}/{record.branch}"
        commit = record.head if git.contains(local, record.head) else refs[branch]
        if git.branch() == record.branch:
            git.does(*_merge(commit))
        else:
            # A fetch from itself refuses a branch that is checked out in another worktree, or has other commits.
            git.fetch_objects(".", f"{commit}:{branch}")
    except (CommandFailed, Unfinished):
        by_hand = shown(["git", "pull", "--rebase", "--tags", record.remote, record.branch])
        line = f"Your local branch {record.branch} was left unchanged. To add the release commit: {by_hand}"
        events.tell(line)
        return f"{record.branch} is unchanged"
    return f"{record.branch} is at {commit[:12]}"


STEP = Step("update-branch", always, _describe, _converge)
