"""What git says of the tags of releases: their signatures, and whether a branch of the remote has their commits."""

from collections.abc import Sequence

from release_recipes import events
from release_recipes.commands.checkout import Checkout
from release_recipes.commands.past_releases import World
from release_recipes.errors import CommandFailed
from release_recipes.programs.git import Git

#: What git says where a signature can be neither good nor bad.
_NOTHING_TO_CHECK_WITH = ("allowedSignersFile needs", "No public key", "cannot run")


def merged(checkout: Checkout, world: World) -> set[str] | None:
    """Return the tags whose commit is on a branch of the remote; ``None`` if that cannot be known here.

    Commits of branches that are not here are fetched: what was fetched before may not be on the remote any more.
    """
    git, refs = checkout.git, world.refs.refs if world.refs else {}
    tips = sorted({commit for ref, commit in refs.items() if ref.startswith("refs/heads/")})
    if not tips:
        return None
    if git.is_shallow():
        world.unasked["branches"] = "branches (the clone is shallow: git fetch --unshallow)"
        return None
    said = git.ask("cat-file", "--batch-check", feed="".join(f"{tip}\n" for tip in tips))
    if absent := [line.split()[0] for line in said.splitlines() if line.endswith(" missing")]:
        try:
            git.fetch_objects(checkout.settings.remote, *absent)
        except CommandFailed as error:
            world.faults.append(error.message)
            return None
    words = [f"--merged={tip}" for tip in tips]
    return set(git.ask("for-each-ref", "--format=%(refname:strip=2)", *words, "refs/tags").split())


def signed(checkout: Checkout, tags: Sequence[str], world: World) -> dict[str, str]:
    """Return the tags whose signature was looked at, with its fault; empty if it is good."""
    said = checkout.git.ask("for-each-ref", "--format=%(refname:strip=2) %(contents:signature)%1e", "refs/tags")
    names = {row.split()[0] for row in said.split("\x1e") if "-----BEGIN" in row}
    tags = [tag for tag in tags if tag in names]
    if not tags or not _fault(checkout.git, *tags):  # one process for all; which is bad is asked only if one is
        return dict.fromkeys(tags, "")
    faults = {tag: _fault(checkout.git, tag) for tag in tags}
    if unknown := [tag for tag, fault in faults.items() if any(why in fault for why in _NOTHING_TO_CHECK_WITH)]:
        message = f"The signatures of {len(unknown)} tags cannot be checked: {faults[unknown[0]]}"
        events.warn(message, f"See: git verify-tag {unknown[0]}", "signatures")
        world.unasked["signatures"] = f"the signatures of {len(unknown)} tags"
    return {tag: fault for tag, fault in faults.items() if tag not in unknown}


def _fault(git: Git, *tags: str) -> str:
    try:
        git.ask("verify-tag", *tags, env={"LC_ALL": "C"})
    except CommandFailed as error:
        return (error.output.strip().splitlines() or ["it is not good"])[-1]
    return ""
