"""Push branch and tag in one atomic push, and take the claim back in the same one.

Where the branch has moved since the upload, the tag is pushed as it is, and a merge of the release commit goes to the
branch. Where the branch does not take it, the commit goes to a branch of its own, with a pull request: the commit of a
published version never stays on one laptop only.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from release_recipes import events
from release_recipes.errors import CommandFailed, ProgramMissing, RefConflict, Unfinished
from release_recipes.processes.process import shown
from release_recipes.programs import gh
from release_recipes.programs.git import Git, reason
from release_recipes.publish.step import Done, Step, World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from release_recipes.plan import Plan
    from release_recipes.state.record import Record

#: How often the world is looked at: others may push while we do, and a push that failed may have come through.
_LOOKS = 5


def _describe(plan: Plan) -> list[str]:
    updates = [f"<commit>:refs/heads/{plan.branch}"]
    updates += [f"<tag object>:refs/tags/{plan.tag}"] * plan.settings.auto_git_tag
    return [shown(["git", "push", "--atomic", plan.remote, *updates, f":{plan.claim}"])]


def command(record: Record, theirs: Mapping[str, str], branch: str, commit: str | None) -> list[str]:
    """Return the words of the push that is missing; empty where nothing is.

    Args:
        record: The release.
        theirs: The remote's refs.
        branch: The full name of the branch that holds the release commit afterwards.
        commit: What it is set to; ``None`` where it holds the release commit already.
    """
    leases, updates = [], []
    tag = f"refs/tags/{record.tag}"
    if commit:
        leases.append(f"--force-with-lease={branch}:{theirs.get(branch, '')}")
        updates.append(f"{commit}:{branch}")
    if record.pushes_tag and tag not in theirs:
        leases.append(f"--force-with-lease={tag}:")
        updates.append(f"{record.tag_object}:{tag}")
    if theirs.get(record.claim) == record.tag_object:
        leases.append(f"--force-with-lease={record.claim}:{record.tag_object}")
        updates.append(f":{record.claim}")
    # The pre-push hook ran at the claim; now that files are public, its second thoughts would only strand them.
    return ["push", "--porcelain", "--atomic", "--no-verify", *leases, record.remote, *updates] if updates else []


def _converge(world: World) -> Done:
    record, git = world.record, world.git
    branch = f"refs/heads/{record.branch}"
    pushed, said, aside = False, "", False
    for _ in range(_LOOKS):
        theirs = _refs(world)
        _no_conflict(record, theirs)
        holds, own = _holds(world, theirs, branch), _own_branch(record, theirs)
        # A branch of its own that is there already was pushed by a run before this one, which had its reason.
        aside = not holds and (aside or own in theirs)
        if aside:
            words = command(record, theirs, own, None if own in theirs else record.commit)
        else:
            commit = None if holds else _commit_for(world, theirs.get(branch))
            if commit == "":
                aside = True
                continue
            words = command(record, theirs, branch, commit)
        if not words:
            if aside:
                _ask_for_merge(world, own)
            held_by = (own if aside else branch).removeprefix("refs/heads/")
            note = f"{held_by}, {record.tag}" if record.pushes_tag else held_by
            return Done(note=note, state="done" if pushed else "already done")
        result = git.pushes(words)
        pushed, said = True, result.output
        # What the server itself declines it will decline again: a protected branch, a hook.
        aside = aside or (
            result.code != 0 and "[remote rejected]" in result.stdout and _refs(world).get(branch) == theirs.get(branch)
        )
    raise Unfinished(
        f"The release is uploaded, but {record.remote} refuses the push: {reason(said)}",
        "Mend that (a protected branch needs an exception for whoever releases), then type: invoke resume",
    )


def _own_branch(record: Record, theirs: Mapping[str, str]) -> str:
    """Return the branch for a commit that the release branch does not take; not one that somebody else made."""
    name = f"refs/heads/release/{record.tag}"
    return name if theirs.get(name) in {None, record.commit} else f"{name}-{record.commit[:12]}"


def _refs(world: World) -> Mapping[str, str]:
    try:
        return world.git.remote_refs(world.record.remote).refs
    except CommandFailed as error:
        raise Unfinished(f"The remote {world.record.remote!r} does not answer: {reason(error.output)}") from None


def _no_conflict(record: Record, theirs: Mapping[str, str]) -> None:
    tag = theirs.get(f"refs/tags/{record.tag}")
    if record.pushes_tag and tag not in {None, record.tag_object}:
        raise RefConflict(
            f"The tag {record.tag} on {record.remote} names something else ({tag}) than this release.",
            f"Find out who pushed it. The release's own is {record.tag_object}; then type: invoke resume",
        )


def _holds(world: World, theirs: Mapping[str, str], branch: str) -> bool:
    """Say whether a branch of the remote holds the release commit; commits that are not here yet are fetched first."""
    git, record, tip = world.git, world.record, theirs.get(branch)
    if tip is None or tip == record.commit:
        return tip is not None
    if git.resolve(f"{tip}^{{commit}}") is None:
        git.fetch_objects(record.remote, branch)
    return git.contains(record.commit, tip)


def _commit_for(world: World, tip: str | None) -> str:
    """Return what the branch is to be set to: the commit, or a merge with what came since; empty: a conflict."""
    record, git = world.record, world.git
    if tip is None or git.contains(tip, record.commit):
        return record.commit
    # In the record's folder, so that a run that is killed here leaves nothing that the next one does not remove.
    clone = Git(world.dist.parent / "merge")
    shutil.rmtree(clone.path, ignore_errors=True)
    try:
        plain = ["--shared", "--no-checkout", "--quiet", "--template=", "-c", "core.autocrlf=false"]
        Git(world.dist.parent).does(
            "clone", *plain, "-c", f"core.hooksPath={clone.path / 'none'}", str(git.path), str(clone.path)
        )
        for key, value in git.identity().items():
            clone.does("config", key, value)
        clone.does("checkout", "--quiet", "--detach", tip)
        try:
            clone.signs("merge", "--quiet", "--no-ff", "-m", f"Merge {record.tag} into {record.branch}", record.commit)
        except CommandFailed:
            return ""
        git.fetch_objects(str(clone.path), "HEAD")
        return clone.ask("rev-parse", "HEAD")
    finally:
        shutil.rmtree(clone.path, ignore_errors=True)


def _ask_for_merge(world: World, own: str) -> None:
    """Open a pull request for the branch of its own, or tell the command; either way the commit is on the remote."""
    record, head = world.record, own.removeprefix("refs/heads/")
    repository = gh.parse_address(record.remote_address)
    by_hand = shown(["git", "fetch", record.remote, head]) + " && " + shown(["git", "merge", "FETCH_HEAD"])
    if repository is not None and gh.looks_like_github(repository):
        title = f"Release {record.version}"
        ends = ["--repo", str(repository), "--head", head, "--base", record.branch]
        create = ["pr", "create", *ends, "--title", title, "--body", f"The commit of {record.tag}, which is published."]
        try:
            address = gh.does(["pr", "list", *ends, "--json", "url", "--jq", ".[].url"], world.git.path)
            address = address or gh.does(create, world.git.path)
        except (CommandFailed, ProgramMissing):
            by_hand = shown(["gh", *create])
        else:
            events.emit(
                events.Told(f"{record.branch} does not take the release commit; merge it: {address.splitlines()[0]}")
            )
            return
    events.emit(
        events.Told(f"{record.branch} does not take the release commit, which is on {head}; to bring it in: {by_hand}")
    )


STEP = Step("push", _describe, _converge)
