"""Abandon a release. If nothing is public, remove all traces; otherwise push its commit, and say what stays public.

With ``--yes`` it always ends, even if the remote or the index refuse something; what could not be done is reported.
"""

import time
from dataclasses import replace

from release_recipes import events
from release_recipes.commands.checkout import Checkout, alone
from release_recipes.commands.resume import claimed, claims_elsewhere, same_addresses, standing, where_it_began
from release_recipes.errors import CommandFailed, NoIndexAnswer, ReleaseWaits, Unfinished, WrongUsage, typed
from release_recipes.processes.environment import shown
from release_recipes.programs.git import reason
from release_recipes.project.packages import packages
from release_recipes.publish import claim, listing
from release_recipes.publish.finish import clear, forget
from release_recipes.publish.push import own_branch
from release_recipes.publish.step import World
from release_recipes.state.record import Record


def abandon(checkout: Checkout, *, yes: bool) -> str:
    """Abandon the unfinished release, a local one or those that another machine claimed. Returns ``nothing-waits``.

    Raises:
        WrongUsage: Several projects of the repository have an unfinished release.
        ReleaseWaits: Something is public, or that is not known, and ``yes`` was not given.
    """
    waiting = checkout.unfinished()
    claims = [] if waiting else claims_elsewhere(checkout)
    folders = [one.state.below for one in waiting]
    known = packages(checkout.git) if claims else []
    folders += [one.below for one in known if any(other.concerns(one.name) for other in claims)]
    if len(folders) > 1 and checkout.whole:
        message = f"{len(folders)} projects of this repository have an unfinished release: {', '.join(folders)}."
        first = typed("abandon", *["--yes"] * yes, shown(["--project", folders[0]]))
        raise WrongUsage(message, f"Abandon each by itself, such as: {first}")
    checkout = (waiting or [checkout])[0]
    with alone(checkout, "abandon"):
        records = checkout.state.records()
        for other in [] if yes else claims:
            message = f"{other}, and is not finished: {standing(checkout, other)}."
            lost = "If that machine is lost, so is what was not uploaded; if any file was uploaded, its tag is pushed"
            hint = f"Finish it on that machine: {typed('resume')}. {lost}: {typed('abandon', '--yes')}"
            raise ReleaseWaits(message, hint)
        for record in records or [claimed(checkout, other) for other in claims]:
            events.emit(events.Recorded(record.facts))
            with events.step(f"abandon {record.tag}") as running:
                running.note = _abandon(checkout, checkout.world(record), yes=yes)
            events.emit(events.Abandoned(record.facts))
        if not (records or claims):
            events.tell("No release is unfinished.")
    return "nothing-waits"


def _abandon(checkout: Checkout, world: World, *, yes: bool) -> str:
    """Abandon a release."""
    record, git, public = world.record, world.git, list[str]()
    try:
        same_addresses(checkout, record)
        public = _on_index(world)
        if world.refs().get(f"refs/tags/{record.tag}") == record.tag_object:
            public.append(f"the tag {record.tag}")
    except (Unfinished, NoIndexAnswer) as error:
        if not yes:
            raise
        events.tell(f"{error.message} It is not known what is public.")
    else:
        if not public:
            return _forget(checkout, world, yes=yes)
    if not yes:
        missing = [each.filename for each in record.artifacts if each.filename not in public]
        never = f" {', '.join(missing)} will not be published." if missing else ""
        never = " CI may still publish more, unless you cancel its run." if record.by_ci else never
        hint = f"To finish it instead: {typed('resume')}. To abandon it anyway: {typed('abandon', '--yes')}"
        raise ReleaseWaits(f"This stays public: {', '.join(public)}.{never}", hint)
    pushed = _push_commit(replace(world, record=where_it_began(checkout, record)))
    if git.resolve(f"refs/tags/{record.tag}") is None:
        git.does("update-ref", f"refs/tags/{record.tag}", record.tag_object, "")
    clear(world, checkout.state)
    if public:
        merge = f"{shown(['git', 'merge', record.tag])} && {shown(['git', 'push', record.remote])}"
        events.tell(f"To release the version after {record.version}, bring its commit to your branch: {merge}")
    return f"{pushed}, so that the commit of what stays public is kept: {', '.join(public)}" if public else pushed


def _forget(checkout: Checkout, world: World, *, yes: bool) -> str:
    """Abandon a release of which nothing is public; with ``yes``, even if the remote keeps its claim."""
    try:
        forget(world, checkout.state)
    except (Unfinished, CommandFailed):
        if not yes:
            raise
        _tell_kept(world.record)
        clear(world, checkout.state)
        return "nothing was public"
    return "nothing was public; all traces are removed"


def _on_index(world: World) -> list[str]:
    """Return the files of a release that its index has with our sha256; ask several times if an upload was started.

    Raises:
        NoIndexAnswer: An upload was started, and the index does not answer.
    """
    for pause in world.patience.doubt if world.record.maybe_public else (0.0,):
        time.sleep(pause)
        try:
            if found := listing.of_record(world).same:
                return found
        except NoIndexAnswer:
            if world.record.maybe_public:
                raise
    return []


def _push_commit(world: World) -> str:
    """Push the tag, or a branch if the tag is refused, and remove the claim; return which ref has the commit."""
    record, git, remote = world.record, world.git, world.record.remote
    try:
        refs = git.remote_refs(remote).refs
        branch = own_branch(record.tag, record.head, refs)
        for ref, ours in [(f"refs/tags/{record.tag}", record.tag_object)] * record.pushes_tag + [(branch, record.head)]:
            if refs.get(ref) is None:
                lease = f"--force-with-lease={ref}:"
                git.pushes(["push", "--porcelain", "--no-verify", lease, remote, f"{ours}:{ref}"])
                refs = git.remote_refs(remote).refs
            if refs.get(ref) == ours:
                if not claim.remove(world):
                    _tell_kept(record)
                return f"{ref.removeprefix('refs/tags/').removeprefix('refs/heads/')} is pushed"
        stays = "has nothing of this release"
        if refs.get(record.claim) == record.tag_object:
            stays = f"keeps {record.claim}"
            push, delete = (shown(["git", "push", remote, ref]) for ref in (record.tag, f":{record.claim}"))
            message = f"{record.claim} is the only ref on {remote} with this commit, and refuses other releases."
            events.tell(f"{message} As soon as {remote} accepts the tag: {push} && {delete}")
    except CommandFailed as error:
        return f"{remote} does not answer ({reason(error.output)}); the tag {record.tag} exists only locally"
    return f"{remote} refuses both tag and branch, and {stays}; the tag {record.tag} exists only locally"


def _tell_kept(record: Record) -> None:
    message = f"{claim.kept(record)} Other releases are refused until it is deleted"
    events.tell(f"{message}; to do that by hand: {claim.by_hand(record)}")
