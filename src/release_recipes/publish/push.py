"""Push branch and tag in one atomic push, and take the claim back in the same one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_recipes.errors import CommandFailed, RefConflict, Unfinished
from release_recipes.programs.run import shown
from release_recipes.publish.step import Done, Step, World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from release_recipes.plan import Plan
    from release_recipes.state import Record


def _describe(plan: Plan) -> list[str]:
    updates = [f"<commit>:refs/heads/{plan.branch}"] + [
        f"<tag object>:refs/tags/{plan.tag}"
    ] * plan.settings.auto_git_tag
    return [shown(["git", "push", "--atomic", plan.remote, *updates, f":{plan.claim}"])]


def command(record: Record, theirs: Mapping[str, str], git_contains: bool) -> list[str]:  # noqa: FBT001
    """Return the words of the push that is missing; empty where nothing is.

    Args:
        record: The release.
        theirs: The remote's refs.
        git_contains: Whether the remote's branch holds the release commit already.
    """
    leases, updates = [], []
    branch, tag = f"refs/heads/{record.branch}", f"refs/tags/{record.tag}"
    if not git_contains:
        leases.append(f"--force-with-lease={branch}:{theirs.get(branch, '')}")
        updates.append(f"{record.commit}:{branch}")
    if record.pushes_tag and tag not in theirs:
        leases.append(f"--force-with-lease={tag}:")
        updates.append(f"{record.tag_object}:{tag}")
    if record.claim in theirs:
        leases.append(f"--force-with-lease={record.claim}:{record.tag_object}")
        updates.append(f":{record.claim}")
    # The pre-push hook ran at the claim; now that files are public, its second thoughts would only strand them.
    return ["push", "--porcelain", "--atomic", "--no-verify", *leases, record.remote, *updates] if updates else []


def _converge(world: World) -> Done:
    record, git = world.record, world.git
    pushed = False
    for _ in range(2):  # a push that failed may have come through; the second look tells
        theirs = _refs(world)
        _no_conflict(record, theirs)
        on_remote = theirs.get(f"refs/heads/{record.branch}")
        contained = on_remote is not None and _contains(world, on_remote)
        words = command(record, theirs, contained)
        if not words:
            return Done(note=_note(record), state="done" if pushed else "already done")
        if on_remote is not None and not contained and not git.contains(on_remote, record.commit):
            raise RefConflict(
                f"{record.remote}/{record.branch} has moved since the upload, and does not contain the release commit.",
                f"Merge them and push, then type: invoke resume ({shown(['git', 'merge', record.commit[:12]])})",
            )
        result = git.pushes(words)
        pushed = True
        said = result.output
    if _refs(world).get(f"refs/heads/{record.branch}") == record.commit:
        return Done(note=_note(record))
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    reason = next((line for line in lines if line.startswith(("!", "remote:", "fatal:", "error:"))), "no reason given")
    raise Unfinished(
        f"The release is uploaded, but {record.remote} refuses the push: {reason}",
        "Mend that (a protected branch needs an exception for whoever releases), then type: invoke resume",
    )


def _note(record: Record) -> str:
    return f"{record.branch}, {record.tag}" if record.pushes_tag else record.branch


def _refs(world: World) -> Mapping[str, str]:
    try:
        return world.git.remote_refs(world.record.remote).refs
    except CommandFailed as error:
        raise Unfinished(f"The remote {world.record.remote!r} does not answer: {error.message}") from None


def _no_conflict(record: Record, theirs: Mapping[str, str]) -> None:
    tag = theirs.get(f"refs/tags/{record.tag}")
    if record.pushes_tag and tag not in {None, record.tag_object}:
        raise RefConflict(
            f"The tag {record.tag} on {record.remote} names something else ({tag}) than this release.",
            f"Find out who pushed it. The release's own is {record.tag_object}; then type: invoke resume",
        )


def _contains(world: World, on_remote: str) -> bool:
    """Say whether the remote's branch holds the release commit; a commit that is not here yet is fetched first."""
    git, record = world.git, world.record
    if on_remote == record.commit:
        return True
    if git.resolve(f"{on_remote}^{{commit}}") is None:
        git.fetch_objects(record.remote, f"refs/heads/{record.branch}")
    return git.contains(record.commit, on_remote)


STEP = Step("push", _describe, _converge)
