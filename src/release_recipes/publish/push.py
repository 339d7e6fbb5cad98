"""Push branch and tag in one atomic push, and take the claim back in the same one.

Where the branch has moved since the upload, the tag is pushed as it is, and a merge of the release commit goes to the
branch. Where the branch does not take it, or was rewound, the commit goes to a branch of its own, with a pull request:
the commit of a published version never stays on one laptop only.
"""

import shutil
from collections.abc import Mapping

from release_recipes import events
from release_recipes.errors import CommandFailed, ProgramMissing, RefConflict, Unfinished, typed
from release_recipes.processes.environment import shown
from release_recipes.programs import gh
from release_recipes.programs.git import clone, reason
from release_recipes.publish.step import Done, Step, World, always
from release_recipes.state.record import Record

#: How often the world is looked at: others may push while we do, and a push that failed may have come through.
_LOOKS = 6

#: What git says of a server that cannot push several refs at once; it does not depend on the language.
_NOT_ATOMIC = "does not support --atomic"


def command(record: Record, theirs: Mapping[str, str], branch: str, commit: str, *, atomic: bool = True) -> list[str]:
    """Return the words of the push that is missing; empty where nothing is.

    Args:
        record: The release.
        theirs: The remote's refs.
        branch: The full name of the branch that holds the release commit afterwards.
        commit: What it is set to; empty where it holds the release commit already.
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
    # The pre-push hook ran at the claim; now that files are public, its second thoughts would only strand them.
    words = ["push", "--porcelain", *["--atomic"] * atomic, "--no-verify", *leases, record.remote]
    return [*words, *(update for *_, update in missing)]


def _describe(record: Record) -> list[str]:
    claimed = {f"refs/heads/{record.branch}": record.remote_tip, record.claim: record.tag_object}
    refs = {ref: name for ref, name in claimed.items() if name}
    branch = f"refs/heads/{record.branch}"
    commit = "" if record.remote_tip == record.commit else record.commit
    return [f"$ {shown(['git', *command(record, refs, branch, commit)])}"]


def _converge(world: World) -> Done:
    record, git = world.record, world.git
    branch = f"refs/heads/{record.branch}"
    pushed, said, aside, atomic = False, "", False, True
    for _ in range(_LOOKS):
        theirs = world.refs()
        _no_conflict(record, theirs)
        held, own = holds(world, theirs, branch), own_branch(record.tag, record.commit, theirs)
        # A branch of its own that is there already was pushed by a run before this one, which had its reason.
        aside = not held and (aside or own in theirs)
        commit = "" if held else _commit_for(world, theirs.get(branch, ""))
        aside = aside or not (held or commit)
        if aside:
            commit = "" if own in theirs else record.commit
        words = command(record, theirs, own if aside else branch, commit, atomic=atomic)
        if not words:
            if aside:
                _ask_for_merge(world, own)
            held_by = (own if aside else branch).removeprefix("refs/heads/")
            note = f"{held_by}, {record.tag}" if record.pushes_tag else held_by
            return Done(note=note, state="done" if pushed else "already done")
        result = git.pushes(words)
        pushed, said = True, result.output
        atomic = atomic and _NOT_ATOMIC not in result.output
        # What the server itself declines it will decline again: a protected branch, a hook.
        aside = aside or (
            result.code != 0 and "[remote rejected]" in result.stdout and world.refs().get(branch) == theirs.get(branch)
        )
    raise Unfinished(
        f"The release is uploaded, but {record.remote} refuses the push: {reason(said)}",
        f"Fix that (a protected branch needs an exception for whoever releases), then type: {typed('resume')}",
    )


def own_branch(tag: str, commit: str, theirs: Mapping[str, str]) -> str:
    """Return the branch for a commit that the release branch does not take; not one that somebody else made."""
    # Where there is a branch "release", git can have none below it.
    name = f"refs/heads/release{'-' if 'refs/heads/release' in theirs else '/'}{tag}"
    return name if theirs.get(name) in {None, commit} else f"{name}-{commit[:12]}"


def _no_conflict(record: Record, theirs: Mapping[str, str]) -> None:
    ref = f"refs/tags/{record.tag}"
    tag = theirs.get(ref)
    if record.pushes_tag and tag not in {None, record.tag_object}:
        remove = shown(["git", "push", record.remote, f":{ref}"])
        raise RefConflict(
            f"The tag {record.tag} on {record.remote} names something else ({tag}) than this release.",
            f"See who pushed it. If it can go: {remove}, then {typed('resume')}; else: {typed('abandon', '--yes')}",
        )


def holds(world: World, theirs: Mapping[str, str], branch: str) -> bool:
    """Return whether a branch of the remote holds the release commit; commits that are not here are fetched first."""
    git, record, tip = world.git, world.record, theirs.get(branch)
    if tip is None or tip == record.commit:
        return tip is not None
    if git.resolve(f"{tip}^{{commit}}") is None:
        git.fetch_objects(record.remote, branch)
    return git.contains(record.commit, tip)


def _commit_for(world: World, tip: str) -> str:
    """Return what the branch is to be set to: the commit, or a merge with what came since; empty: it does not take it.

    A branch that has lost what it had when the release began was rewound, or removed, on purpose.
    """
    record, git = world.record, world.git
    if record.remote_tip and not (tip and git.contains(record.remote_tip, tip)):
        return ""
    if not tip or git.contains(tip, record.commit):
        return record.commit
    # In the record's folder, so that a run that is killed here leaves nothing that the next one does not remove.
    folder = world.dist.parent / "merge"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        made = clone(git, folder)
        made.does("checkout", "--quiet", "--detach", tip)
        try:
            made.signs("merge", "--quiet", "--no-ff", "-m", f"Merge {record.tag} into {record.branch}", record.commit)
        except CommandFailed:
            return ""
        git.fetch_objects(str(folder), "HEAD")
        return made.ask("rev-parse", "HEAD")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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


STEP = Step("push", always, _describe, _converge)
