"""The release: check, prepare, publish.

Before the upload there is nothing to undo; after it there is only something to finish.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_recipes import events, prepare, publish
from release_recipes.check import Subject, check
from release_recipes.commands.checkout import alone, nothing_waits, work_folder
from release_recipes.ending import finish
from release_recipes.errors import Declined, Failed, Refused, TestsFailed, WrongUsage
from release_recipes.index import twine
from release_recipes.prepare import bump, workspace
from release_recipes.programs.git import without_credentials
from release_recipes.project.files import read_project
from release_recipes.settings import token
from release_recipes.state.record import Record, record_of
from release_recipes.state.temporary import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from release_recipes.commands.checkout import Place
    from release_recipes.plan import Plan, Request
    from release_recipes.prepare.workspace import Workspace
    from release_recipes.programs.git import Git
    from release_recipes.state.folder import State


@dataclass(frozen=True)
class Person:
    """Who is asked, where somebody can be."""

    #: Whether there is a terminal with somebody at it.
    present: bool
    #: Ask; the second argument is the answer to an empty line.
    confirm: Callable[[str, bool], bool]
    #: ``--yes``: the plan is agreed to beforehand, and nothing else.
    agrees: bool = False


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
    if not (request.names_a_version or here.settings.version or person.agrees or person.present):
        message = "Nobody said what to release, and there is no terminal to ask at."
        raise WrongUsage(message, "Give --part patch (or minor, major, none), --new-version X, or --yes.")
    with alone(here, "release"):
        nothing_waits(here.state)
        subject = subject_of(here, request)
        plan = checked(subject, person)
        _agreed(plan, person)
        if subject.token is None:  # the check was skipped; better now than with a record that waits
            raise Failed(f"There is no token for {plan.upload_address}.", "Set one up: docs/settings.md")
        with work_folder(here, "release") as folder:
            prepared = workspace.fill(folder, here.git, plan)
            twine.get_ready()
            prepare.prepare(plan, prepared, lambda failure: _goes_on(failure, person))
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
    # Without the lock: a dry run writes nothing into the repository, which may be a read-only one.
    with temporary_folder(here.git.path, lambda _: None) as folder:
        prepared = workspace.fill(folder, here.git, plan)
        bump.bump(plan, prepared)
        difference = bump.diff(prepared).splitlines()
    return [(name, lines + difference if name == "bump" else lines) for name, lines in described]


def checked(subject: Subject, person: Person | None = None) -> Plan:
    """Make act 1, tell what it found, ask what a person decides, and return the plan.

    Raises:
        Refused: There are problems.
        Declined: The person was asked whether to go on, and said no.
    """
    with events.step("check") as running:
        outcome = check(subject, prepare.INSPECTION_NAMES)
        if outcome.plan:
            events.emit(events.Planned(outcome.plan))
        for problem in (*outcome.warnings, *outcome.questions):
            events.emit(events.Warned(problem))
        if outcome.problems or outcome.plan is None:
            raise Refused(outcome.problems)
        origin = f", token of {subject.token.origin}" if subject.token else ""
        running.note = f"{outcome.plan.project} {outcome.plan.prior} → {outcome.plan.version}{origin}"
    if person and person.present:
        for problem in outcome.questions:
            if not person.confirm(f"{problem.message} Go on?", False):  # noqa: FBT003 - the answer to an empty line
                raise Declined("Not released: you said no.")
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
