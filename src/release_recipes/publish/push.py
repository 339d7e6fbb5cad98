"""Push branch and tag in one atomic push, which also removes the claim.

If the branch has moved since the upload, the tag is pushed, and a merge of the release commit is pushed to the branch.
If the branch does not accept it, or was rewound, the commit is pushed to a separate branch, with a pull request: the
commit of a published version is never on one machine only.
"""

import shutil
from collections.abc import Mapping

from release_recipes import events
from release_recipes.errors import CommandFailed, ProgramMissing, PushRefused, RefConflict, Unfinished, typed
from release_recipes.processes.environment import shown
from release_recipes.programs import gh
from release_recipes.programs.git import clone, reason
from release_recipes.publish import claim
from release_recipes.publish.step import Done, Step, World, always
from release_recipes.state.record import Record

#: The number of attempts: others may push at the same time, and a push that failed may have succeeded.
_LOOKS = 6

#: The message of git for a server without atomic pushes; it does not depend on the language.
_NOT_ATOMIC = "does not support --atomic"


def command(record: Record, theirs: Mapping[str, str], branch: str, commit: str, *, atomic: bool = True) -> list[str]:
    """Return the arguments of the push for what is missing; empty if nothing is.

    Args:
        record: The release.
        theirs: The remote's refs.
        branch: The full name of the branch for the release commit.
        commit: The new commit of the branch; empty if it already contains the release commit.
        atomic: Whether all goes in one push; else the first ref that is missing, the claim's removal last.
    """
    missing = []
    tag = f"refs/tags/{record.tag}"
    if record.pushes_tag and tag not in theirs:
        missing.append((tag, "", f"{record.tag_object}:{tag}"))
    if commit:
        missing.append((branch, theirs.get(branch, ""), f"{commit}:{branch}"))
    if theirs.get(record.claim) == record.tag_object:
        missing.append((record.claim, record.tag_object, f":{record.claim}"))
    if not missing:
        return []
    missing = missing if atomic else missing[:1]
    leases = [f"--force-with-lease={ref}:{expected}" for ref, expected, _ in missing]
    # The pre-push hook ran at the claim; now that files are public, it must not stop the push.
    words = ["push", "--porcelain", *["--atomic"] * atomic, "--no-verify", *leases, record.remote]
    return [*words, *(update for *_, update in missing)]


def _describe(record: Record) -> list[str]:
    branch = f"refs/heads/{record.branch}"
    refs = {record.claim: record.tag_object} | ({branch: record.remote_tip} if record.remote_tip else {})
    commit = "" if record.remote_tip == record.head else record.head
    return [f"$ {shown(['git', *command(record, refs, branch, commit)])}"]


def _converge(world: World) -> Done:
    with world.turn():
        return _push(world)


def _push(world: World) -> Done:
    record, git = world.record, world.git
    branch = f"refs/heads/{record.branch}"
    pushed, said, aside, atomic, stays = False, "", False, True, False
    for _ in range(_LOOKS):
        theirs = {ref: name for ref, name in world.refs().items() if not (stays and ref == record.claim)}
        _no_conflict(record, theirs)
        held, own = holds(world, theirs, branch), own_branch(record.tag, record.head, theirs)
        # A separate branch that already exists was pushed by a previous run, which had a reason for it.
        aside = not held and (aside or own in theirs)
        commit = "" if held else _commit_for(world, theirs.get(branch, ""))
        aside = aside or not (held or commit)
        if aside and record.by_ci and f"refs/tags/{record.tag}" not in theirs:
            break  # CI publishes only what is on the release branch
        if aside:
            commit = "" if own in theirs else record.head
        words = command(record, theirs, own if aside else branch, commit, atomic=atomic)
        if not words:
            if aside:
                _ask_for_merge(world, own)
            if stays and not claim.remove(world):
                events.tell(f"{claim.kept(record)} To delete it by hand: {claim.by_hand(record)}")
            held_by = (own if aside else branch).removeprefix("refs/heads/")
            note = f"{held_by}, {record.tag}" if record.pushes_tag else held_by
            return Done(note=note, state="done" if pushed else "already done")
        result = git.pushes(words)
        pushed, said = True, result.output
        atomic = atomic and _NOT_ATOMIC not in result.output
        # The server refuses some things always: a protected branch, a hook; many do not allow to delete refs.
        if _declines_deletion(result.stdout, record.claim):
            stays = True
            continue
        declined = result.code != 0 and "[remote rejected]" in result.stdout
        aside = aside or (declined and world.refs().get(branch) == theirs.get(branch))
    if record.by_ci:
        why = reason(said) if said else "it cannot be merged into what was pushed there."
        message = f"{record.remote} does not accept branch and tag, and CI publishes nothing else: {why}"
        hint = f"Allow your user to push to {record.branch}; or bump in a pull request, and release with --part none."
        raise PushRefused(message, hint)
    raise Unfinished(
        f"The release is uploaded, but {record.remote} refused the push: {reason(said)}",
        f"Fix that (a protected branch needs an exception for your user), then run: {typed('resume')}. "
        f"To end the release without it: {typed('abandon', '--yes')}",
    )


def _declines_deletion(porcelain: str, ref: str) -> bool:
    """Return whether the server declines to delete a ref, and not only since it declines another ref of that push."""
    lines = [line for line in porcelain.splitlines() if line.startswith(f"!\t:{ref}\t[remote rejected]")]
    return any("(atomic push fail" not in line for line in lines)


def own_branch(tag: str, commit: str, theirs: Mapping[str, str]) -> str:
    """Return the separate branch for a commit that the release branch refuses; never a branch of someone else."""
    # If there is a branch "release", git cannot have "release/…".
    name = f"refs/heads/release{'-' if 'refs/heads/release' in theirs else '/'}{tag}"
    return name if theirs.get(name) in {None, commit} else f"{name}-{commit[:12]}"


def _no_conflict(record: Record, theirs: Mapping[str, str]) -> None:
    ref = f"refs/tags/{record.tag}"
    tag = theirs.get(ref)
    if record.pushes_tag and tag not in {None, record.tag_object}:
        remove = shown(["git", "push", record.remote, f":{ref}"])
        raise RefConflict(
            f"The tag {record.tag} on {record.remote} is not the tag of this release, but {tag}.",
            f"If it can be deleted: {remove}, then {typed('resume')}; if not: {typed('abandon', '--yes')}",
        )


def holds(world: World, theirs: Mapping[str, str], branch: str) -> bool:
    """Return whether a branch of the remote contains the release commit; missing commits are fetched first."""
    tip = world.git.fetch_missing(world.record.remote, theirs, branch)
    return tip is not None and world.git.contains(world.record.head, tip)


def _commit_for(world: World, tip: str) -> str:
    """Return the new commit of the branch: the release commit, or a merge; empty if the branch cannot have it.

    A branch that lost commits since the release began was rewound or removed on purpose.
    """
    record, git = world.record, world.git
    if record.remote_tip and not (tip and git.contains(record.remote_tip, tip)):
        return ""
    if not tip or git.contains(tip, record.head):
        return record.head
    # In the folder of the record, so that the next run removes it after a kill.
    folder = world.dist.parent / "merge"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        made = clone(git, folder)
        made.does("checkout", "--quiet", "--detach", tip)
        try:
            made.signs("merge", "--quiet", "--no-ff", "-m", f"Merge {record.tag} into {record.branch}", record.head)
        except CommandFailed:
            return ""
        git.fetch_objects(str(folder), "HEAD")
        return made.ask("rev-parse", "HEAD")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ask_for_merge(world: World, own: str) -> None:
    """Open a pull request for the separate branch, or show the command; the commit is on the remote either way."""
    record, head = world.record, own.removeprefix("refs/heads/")
    refused = f"{record.branch} does not accept the release commit"
    repository = gh.find(world.git.addresses(record.remote))
    by_hand = shown(["git", "fetch", record.remote, head]) + " && " + shown(["git", "merge", "FETCH_HEAD"])
    if repository is not None and gh.looks_like_github(repository):
        ends = ["--repo", str(repository), "--head", head, "--base", record.branch]
        body = f"The commit of {record.tag}, which is published."
        create = ["pr", "create", *ends, "--title", record.title, "--body", body]
        try:
            address = gh.does(["pr", "list", *ends, "--json", "url", "--jq", ".[].url"], world.git.path)
            address = address or gh.does(create, world.git.path)
        except (CommandFailed, ProgramMissing):
            by_hand = shown(["gh", *create])
        else:
            events.tell(f"{refused}. Merge it: {address.splitlines()[0]}")
            return
    events.tell(f"{refused}, which is on {head}. Merge it: {by_hand}")


STEP = Step("push", always, _describe, _converge)
