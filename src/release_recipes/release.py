"""The front door: check, prepare, publish; and what finishes or gives up a release that stopped in act 3.

Before the upload there is nothing to undo; after it there is only something to finish.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_recipes import events, prepare, publish
from release_recipes.check import Subject, check
from release_recipes.errors import (
    CommandFailed,
    Declined,
    Failed,
    InvalidSetting,
    NoIndexAnswer,
    Refused,
    ReleaseError,
    ReleaseWaits,
    TestsFailed,
    UploadRefused,
    WrongUsage,
)
from release_recipes.prepare import bump, workspace
from release_recipes.programs import twine
from release_recipes.programs.git import RemoteRefs, repository, without_credentials
from release_recipes.programs.run import shown
from release_recipes.project import read_project
from release_recipes.settings import load, sources, token
from release_recipes.state import Holder, Record, State, now, record_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from release_recipes.plan import Plan, Request
    from release_recipes.prepare.workspace import Workspace
    from release_recipes.programs.git import Git
    from release_recipes.settings import Settings, Sources


@dataclass(frozen=True)
class Person:
    """Who is asked, where somebody can be."""

    #: Whether there is a terminal with somebody at it.
    present: bool
    #: Ask; the second argument is the answer to an empty line.
    confirm: Callable[[str, bool], bool]
    #: ``--yes``: the plan is agreed to beforehand, and nothing else.
    agrees: bool = False


@dataclass(frozen=True)
class Place:
    """A repository, its state, and where its settings come from."""

    git: Git
    state: State
    sources: Sources
    settings: Settings


def place(folder: Path, flags: dict[str, str] | None = None) -> Place:
    """Find the repository around a folder, and read its settings.

    Raises:
        NoRepository: There is none.
        InvalidSetting: Its settings cannot be used.
    """
    git = repository(folder)
    common = git.ask("rev-parse", "--path-format=absolute", "--git-common-dir")
    found = sources(git.path)
    return Place(git, State(git.path.joinpath(common, "release-recipes")), found, load(found, flags))


def subject_of(here: Place, request: Request) -> Subject:
    """Say what a release is about.

    Raises:
        NoProject: There is no project whose name and version can be read.
    """
    project = read_project(here.git.path, here.sources.pyproject, here.settings.version_files)
    held = token(here.sources, test=request.test)
    return Subject(here.git, project, here.settings, request, held, here.state)


def release(here: Place, request: Request, person: Person) -> str:
    """Release: all three acts. Returns the outcome, ``released`` or ``tested``.

    Raises:
        ReleaseWaits: Another release waits to be finished.
        Refused: Act 1 found reasons not to.
        Failed: Act 2 failed; nothing was touched.
        Unfinished: Act 3 could not go on; the record waits.
    """
    nothing_waits(here.state)
    if not (request.names_a_version or here.settings.version or person.agrees or person.present):
        message = "Nobody said what to release, and there is no terminal to ask at."
        raise WrongUsage(message, "Give --part patch (or minor, major, none), --new-version X, or --yes.")
    with alone(here, "release"):
        subject = subject_of(here, request)
        plan = checked(subject)
        _agreed(plan, person)
        with workspace.temporary(here.git.path, lambda folder: hold(here.state, "release", folder)) as folder:
            prepared = workspace.fill(folder, here.git, plan)
            warm = threading.Thread(target=twine.preload, daemon=True)
            warm.start()
            prepare.prepare(plan, prepared, lambda failure: _goes_on(failure, person))
            warm.join()
            if plan.test:
                record = recorded(prepared, plan, here.git)
                events.emit(events.Recorded(record))
                world = publish.World(record, here.git, None, subject.token, prepared.dist)
                publish.publish(world, publish.TEST)
                return "tested"
            record = keep(here.state, here.git, prepared, plan)
        finish(publish.World(record, here.git, here.state, subject.token, here.state.dist(record)), here.state)
    return "released"


def dry_run(here: Place, request: Request) -> list[tuple[str, list[str]]]:
    """Check, plan, and say what each step would do and run; the version files are edited in a workspace to show how.

    Returns:
        Each step's name with its lines; the difference in the version files stands under ``bump``.
    """
    nothing_waits(here.state)
    plan = checked(subject_of(here, request))
    described = [*prepare.describe(plan), *publish.describe(plan)]
    if not plan.bumps:
        return described
    with workspace.temporary(here.git.path, lambda _: None) as folder:
        prepared = workspace.fill(folder, here.git, plan)
        bump.bump(plan, prepared)
        difference = bump.diff(prepared).splitlines()
    return [(name, lines + difference if name == "bump" else lines) for name, lines in described]


def checked(subject: Subject) -> Plan:
    """Make act 1, tell what it found, and return the plan.

    Raises:
        Refused: There are problems.
    """
    with events.step("check") as running:
        outcome = check(subject)
        if outcome.plan:
            events.emit(events.Planned(outcome.plan))
        for problem in outcome.warnings:
            events.emit(events.Warned(problem))
        if outcome.problems or outcome.plan is None:
            raise Refused(outcome.problems)
        running.note = f"{outcome.plan.project} {outcome.plan.prior} → {outcome.plan.version}"
    return outcome.plan


def recorded(prepared: Workspace, plan: Plan, git: Git) -> Record:
    """Say what was prepared."""
    address = without_credentials(git.config(f"remote.{plan.remote}.url") or "")
    tag_object = "" if plan.test else prepared.source.ask("rev-parse", f"refs/tags/{plan.tag}")
    artifacts = prepared.artifacts()
    return record_of(plan, commit=prepared.commit, tag_object=tag_object, remote_address=address, artifacts=artifacts)


def keep(state: State, git: Git, prepared: Workspace, plan: Plan) -> Record:
    """Put on disk all that act 3 needs: the objects, then the distributions, and the record last."""
    record = recorded(prepared, plan, git)
    with events.effect(f"write objects under {record.claim}"):
        git.fetch_objects(str(prepared.source.path), f"+refs/tags/{record.tag}:{record.claim}")
    state.keep_distributions(record, prepared.dist)
    state.save(record)
    events.emit(events.Recorded(record))
    state.note("recorded", project=record.project, version=record.version, commit=record.commit)
    return record


def finish(world: publish.World, state: State, steps: tuple[publish.Step, ...] = publish.RELEASE) -> None:
    """Make act 3 from wherever it is, and forget the record once all is public.

    Raises:
        ReleaseError: A step could not go on. The record waits, unless nothing came of it.
    """
    record = world.record
    try:
        publish.publish(world, steps)
    except (Failed, UploadRefused) as refusal:
        if _came_to_nothing(world, refusal):
            with contextlib.suppress(CommandFailed):
                forget(world, state)
            refusal.exit_code = 1
        else:
            refusal.exit_code = 3
        raise
    state.drop(record)
    state.note("released", project=record.project, version=record.version, commit=record.commit, tag=record.tag)


def _came_to_nothing(world: publish.World, refusal: ReleaseError) -> bool:
    """Say whether the world is as it was: no attempt whose end is unknown, nothing on the index, no tag on the remote."""
    record = world.record
    if isinstance(refusal, UploadRefused) and refusal.ambiguous:
        return False
    if not isinstance(refusal, UploadRefused) and record.maybe_public:
        return False
    try:
        files = world.index.page(record.project).files
        refs = world.git.remote_refs(record.remote).refs
    except (NoIndexAnswer, CommandFailed):
        return False
    return not any(a.filename in files for a in record.artifacts) and f"refs/tags/{record.tag}" not in refs


def forget(world: publish.World, state: State) -> None:
    """Remove every trace of a release of which nothing is public: the claim there and here, then the record.

    Raises:
        CommandFailed: The remote does not answer.
    """
    record, git = world.record, world.git
    if git.remote_refs(record.remote).refs.get(record.claim) == record.tag_object:
        lease = f"--force-with-lease={record.claim}:{record.tag_object}"
        git.pushes(["push", "--porcelain", "--no-verify", lease, record.remote, f":{record.claim}"])
    state.drop(record)
    git.does("update-ref", "-d", record.claim)


def resume(here: Place) -> str:
    """Finish what waits. Returns the outcome, ``released`` or ``nothing-waits``.

    Raises:
        InvalidSetting: An address in the settings differs from the recorded one.
        ReleaseError: A step could not go on; the record still waits.
    """
    with alone(here, "resume"):
        records = here.state.records()
        for record in records:
            events.emit(events.Recorded(record))
            _same_addresses(record, here.settings)
            held = token(here.sources, test=False)
            finish(publish.World(record, here.git, here.state, held, here.state.dist(record)), here.state)
    return "released" if records else "nothing-waits"


def _same_addresses(record: Record, settings: Settings) -> None:
    """Refuse an address from outside that is not the recorded one: a private package must not go elsewhere."""
    for name, recorded_address in (("repository_url", record.upload_address), ("index_url", record.index_address)):
        given = getattr(settings, name)
        if settings.origin(name) != "default" and given.rstrip("/") != recorded_address.rstrip("/"):
            message = (
                f"The release of {record.version} goes to {recorded_address}, but {settings.origin(name)} says {given}."
            )
            raise InvalidSetting(message, "Take that setting away, then type: invoke resume", exit_code=3)


def abandon(here: Place, *, yes: bool) -> str:
    """Give up what waits, here or claimed on the remote by a machine that is gone. Returns ``nothing-waits``.

    Raises:
        ReleaseWaits: Something is public, or nobody knows, and ``yes`` was not given.
    """
    with alone(here, "abandon"):
        for record in here.state.records():
            events.emit(events.Recorded(record))
            with events.step(f"abandon {record.tag}") as running:
                running.note = _abandon(here, record, yes=yes)
            here.state.note("abandoned", project=record.project, version=record.version)
        for name, tag_object in _foreign_claims(here).items():
            with events.step(f"abandon {name}") as running:
                running.note = _abandon_claim(here, name, tag_object, yes=yes)
    return "nothing-waits"


def _abandon(here: Place, record: Record, *, yes: bool) -> str:
    """Give one release up."""
    git, held = here.git, token(here.sources, test=False)
    world = publish.World(record, git, here.state, held, here.state.dist(record))
    refs = git.remote_refs(record.remote).refs
    files = world.index.page(record.project).files if record.maybe_public else {}
    public = [artifact.filename for artifact in record.artifacts if artifact.filename in files]
    if not public and f"refs/tags/{record.tag}" not in refs:
        forget(world, here.state)
        return "nothing was public; every trace is removed"
    if not yes:
        where = ", ".join([*public, *[f"the tag {record.tag}"] * (f"refs/tags/{record.tag}" in refs)])
        message = f"This stays public for ever: {where}. The rest of {record.version} will never be uploaded."
        raise ReleaseWaits(
            message, "To finish instead: invoke resume. To give it up all the same: invoke abandon --yes"
        )
    _push_tag(git, record.remote, record.tag, record.tag_object, record.claim)
    if git.resolve(f"refs/tags/{record.tag}") is None:
        git.does("update-ref", f"refs/tags/{record.tag}", record.tag_object, "")
    here.state.drop(record)
    git.does("update-ref", "-d", record.claim)
    return f"{record.tag} is pushed, since {', '.join(public) or 'it'} stays public"


def _foreign_claims(here: Place) -> dict[str, str]:
    """Return the claims on the remote that no record here belongs to."""
    if here.git.config(f"remote.{here.settings.remote}.url") is None:
        return {}
    refs = here.git.remote_refs(here.settings.remote).refs
    return {name: value for name, value in refs.items() if name.startswith("refs/release-recipes/")}


def _abandon_claim(here: Place, name: str, tag_object: str, *, yes: bool) -> str:
    """Give up a release that another machine claimed and will not finish."""
    git, remote = here.git, here.settings.remote
    git.fetch_objects(remote, name)
    tag = name.removeprefix("refs/release-recipes/")
    said = git.ask("cat-file", "tag", tag_object)
    who = next((line.removeprefix("tagger ") for line in said.splitlines() if line.startswith("tagger ")), "somebody")
    if not yes:
        message = f"{tag} was claimed by {who.rpartition(' ')[0].rpartition(' ')[0]} and is not finished."
        hint = (
            "If that machine is gone for good: invoke abandon --yes. What it had not uploaded is lost; its tag stays."
        )
        raise ReleaseWaits(message, hint)
    _push_tag(git, remote, tag, tag_object, name)
    return f"{tag} is pushed from the claim, so that what may be published has its commit"


def _push_tag(git: Git, remote: str, tag: str, tag_object: str, claim: str) -> None:
    """Push a tag and take its claim back.

    Raises:
        ReleaseWaits: The remote refuses.
    """
    refs: RemoteRefs = git.remote_refs(remote)
    updates = [f"{tag_object}:refs/tags/{tag}"] if refs.tag(tag) is None else []
    leases = [f"--force-with-lease=refs/tags/{tag}:"] if updates else []
    if claim in refs.refs:
        leases.append(f"--force-with-lease={claim}:{tag_object}")
        updates.append(f":{claim}")
    if updates and git.pushes(["push", "--porcelain", "--atomic", "--no-verify", *leases, remote, *updates]).code != 0:
        message = f"{remote} refuses the push of {tag}."
        raise ReleaseWaits(message, f"Try it by hand: {shown(['git', 'push', remote, *updates])}")


def nothing_waits(state: State) -> None:
    """See that no release waits to be finished.

    Raises:
        ReleaseWaits: One does.
    """
    for record in state.records():
        message = f"The release of {record.project} {record.version} is not finished (begun {record.started})."
        raise ReleaseWaits(message, "Finish it: invoke resume. Give it up: invoke abandon")


@contextlib.contextmanager
def alone(here: Place, task: str) -> Iterator[None]:
    """Hold the repository's lock, and first remove what a killed run left behind.

    Raises:
        Busy: Another process holds it.
    """
    with here.state.locked(task) as killed:
        if killed and killed.workspace:
            workspace.remove_leftover(here.git.path.joinpath(killed.workspace))
        here.state.sweep()
        waiting = {record.claim for record in here.state.records()}
        for name in here.git.refs("refs/release-recipes/"):
            if name not in waiting:
                here.git.does("update-ref", "-d", name)
        yield


def hold(state: State, task: str, folder: Path) -> None:
    """Say which temporary folder the holder of the lock has, so that the next run can remove it after a kill."""
    state.hold(Holder(os.getpid(), socket.gethostname(), now(), task, str(folder)))


def _agreed(plan: Plan, person: Person) -> None:
    """Ask about the plan, where somebody can be asked.

    Raises:
        Declined: They said no.
    """
    if person.present and not person.agrees:
        question = f"Release {plan.project} {plan.version} to {plan.upload_address}?"
        if not person.confirm(question, True):  # noqa: FBT003 - the answer to an empty line
            raise Declined("Not released: you said no.")


def _goes_on(failure: TestsFailed, person: Person) -> bool:
    """Ask what to do about failing tests; where nobody can be asked, they stop the release."""
    if not person.present:
        return False
    events.emit(events.Told(failure.message))
    return person.confirm("Continue anyway?", False)  # noqa: FBT003
