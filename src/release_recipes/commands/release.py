"""The release: check, prepare, publish.

Before the upload there is nothing to undo; after it there is only something to finish.
"""

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

from release_recipes import events, prepare, publish
from release_recipes.check import Outcome, Subject, check
from release_recipes.commands import preview
from release_recipes.commands.checkout import Checkout, User, alone, nothing_waits, work_folder
from release_recipes.errors import AmbiguousVersion, Declined, NoToken, Refused, TestsFailed, WrongUsage, typed
from release_recipes.findings import Finding, Severity
from release_recipes.plan import Plan, Request, wanted
from release_recipes.prepare import workspace
from release_recipes.prepare.workspace import NEXT, Workspace
from release_recipes.project.changes import of_commit
from release_recipes.publish.finish import finish
from release_recipes.secrets.token import Token
from release_recipes.state.atomic import write_atomically
from release_recipes.state.record import Record
from release_recipes.state.temporary import temporary_folder

#: What comes, as far as it is known before the checks.
FIRST = events.Coming({"check": ["check"], "prepare": [], "publish": []})


def release(checkout: Checkout, request: Request, *, dry_run: bool, yes: bool) -> str:
    """Release: all three acts. Returns the outcome: ``released``, ``tested`` or ``planned``.

    Raises:
        ReleaseError: The release could not be made (see :func:`make`).
    """
    return make(checkout, request, dry_run=dry_run, yes=yes)[1]


def make(
    checkout: Checkout, request: Request, *, dry_run: bool, yes: bool, told: set[Finding] | None = None
) -> tuple[Plan, str]:
    """Make a release, or describe it; return its plan and the outcome.

    Args:
        checkout: The checkout.
        request: What is released.
        dry_run: Whether it is only shown what each step would do.
        yes: Whether the user is not asked.
        told: The findings that were shown before.

    Raises:
        ReleaseWaits: Another release waits to be finished.
        Refused: Act 1 found errors.
        Failed: Act 2 failed; nothing was changed.
        Unfinished: Act 3 could not continue; the record waits.
    """
    if dry_run:
        nothing_waits(checkout.state)
        plan = checked(checkout.subject(request))
        describe(checkout, plan)
        return plan, "planned"
    see_agreement(checkout, request, yes=yes)
    with alone(checkout, "release"):
        nothing_waits(checkout.state)
        subject = settled(checkout.subject(request), checkout.user)
        events.emit(FIRST)
        plan, questions = look(subject, told=told)
        if checkout.user.present and not yes:
            doubts = [f"  ! {question.message}" for question in questions]
            events.emit(events.Previewed([*preview.of_plan(checkout, plan), *doubts]))
            ask(f"{plan.project} {plan.version} to {plan.target.upload_address}", checkout.user)
        if subject.token is None and not plan.by_ci:  # the check was skipped; fail now, before there is a record
            raise NoToken(plan.target.upload_address, f"See where to store it: {typed('explain', 'tokens')}")
        with work_folder(checkout, "release") as folder:
            carry_out(checkout, plan, folder, subject.token, lambda failure: _goes_on(failure, checkout))
    outcome = "tested" if plan.test else "released"
    events.tell(f"{plan.project} {plan.version}: {outcome}")
    return plan, outcome


def see_agreement(checkout: Checkout, request: Request, *, yes: bool) -> None:
    """See that the user can be asked, or has said what to release.

    Raises:
        WrongUsage: Neither.
    """
    if checkout.user.unseen and not yes:
        message = "You cannot be asked, because standard error is not the terminal."
        raise WrongUsage(message, "Send only standard output elsewhere, such as with | tee; or do without: --yes.")
    if not (request.names_a_version or checkout.settings.version or yes or checkout.user.present):
        message = "The version to release is not given, and there is no terminal to ask for it."
        raise WrongUsage(message, "Use --part patch (or minor, major, none), --new-version X, or --yes.")


def carry_out(
    checkout: Checkout,
    plan: Plan,
    folder: Path,
    token: Token | None,
    goes_on: Callable[[TestsFailed], bool],
    steps: tuple[publish.Step, ...] = (),
) -> Record:
    """Run acts 2 and 3 of a plan, and return the record of what was published.

    Args:
        checkout: The user's, or the one of a rehearsal.
        plan: The release.
        folder: The folder for the workspace.
        token: The token for the plan's index; ``None`` only if CI publishes.
        goes_on: Asks whether to continue after failed tests.
        steps: The steps of act 3; by default those of the plan.

    Raises:
        Failed: Act 2 failed; nothing was changed.
        Unfinished: Act 3 could not continue; the record waits.
    """
    planned = plan.record(commit="", tag_object="", remote_address="")
    follow = publish.following(planned, steps or publish.steps_of(planned))
    events.emit(events.Coming({"check": [], "prepare": prepare.following(plan), "publish": follow}))
    prepared = workspace.fill(folder, checkout.git, plan)
    prepare.prepare(plan, prepared, goes_on)
    if plan.test:
        record = _recorded(prepared, plan, checkout)
        events.emit(events.Recorded(record.facts))
        world = publish.World(record, checkout.git, None, token, prepared.dist, checkout.patience)
        publish.publish(world, publish.TEST)
    else:
        record = _keep(prepared, plan, checkout)
        kept = checkout.state.dist(record)
        world = publish.World(record, checkout.git, checkout.state, token, kept, checkout.patience)
        finish(world, checkout.state, steps)
    return record


def describe(checkout: Checkout, plan: Plan, steps: tuple[publish.Step, ...] = ()) -> None:
    """Show what each step would do; to show the diff, the version files are edited in a workspace.

    The lock is not taken: a dry run writes nothing into the repository, which may be read-only.
    """
    with temporary_folder(checkout.git.path, lambda _: None) as folder:
        described = prepare.describe(plan, workspace.fill(folder, checkout.git, plan))
    commit = "<commit>" if plan.bumps else plan.base
    record = plan.record(commit=commit, tag_object="<tag object>", remote_address=checkout.git.address(plan.remote))
    events.emit(events.Described([*described, *publish.describe(record, steps or publish.steps_of(record))]))


def checked(subject: Subject, user: User | None = None, without: Collection[str] = ()) -> Plan:
    """Run act 1 without some checks, show its findings, ask its questions, and return the plan.

    Raises:
        Refused: There are errors.
        Declined: The user answered no to a question.
    """
    plan, questions = look(subject, without)
    for question in questions:
        if user and user.present and not user.confirm(f"{question.message} Continue?"):
            raise Declined("Not released: the answer was no.")
    return plan


def look(
    subject: Subject, without: Collection[str] = (), *, first: bool = False, told: set[Finding] | None = None
) -> tuple[Plan, Sequence[Finding]]:
    """Run act 1, and return the plan and the questions to the user.

    Args:
        subject: What is checked.
        without: The checks that are left out.
        first: Whether it is run once more before the release, so that it is not planned yet.
        told: The findings that were shown before, to which those that are shown now are added.

    Raises:
        Refused: There are errors.
    """
    with events.step("check") as running:
        outcome = check(subject, without)
        tell(outcome, plan=not first, told=told)
        errors = outcome.of(Severity.ERROR)
        if errors or outcome.plan is None:
            raise Refused(errors)
        origin = f", token of {subject.token.origin}" if subject.token and not subject.by_ci else ""
        running.note = f"{outcome.plan.versions_line}{origin}"
    return outcome.plan, outcome.of(Severity.QUESTION)


def settled(subject: Subject, user: User) -> Subject:
    """Ask the user which version is meant, if the part does not say it.

    Raises:
        AmbiguousVersion: There is no terminal, or the user wants none of the versions that may be meant.
    """
    try:
        if not subject.project.source.configured_in:
            subject.project.source.read(subject.folder, wanted(subject.request, subject.settings).part)
    except AmbiguousVersion as error:
        for version in error.candidates if user.present else ():
            if user.confirm(f"{error.message} Take {version}?"):
                return replace(subject, request=replace(subject.request, part="", new_version=version))
        raise
    return subject


def tell(outcome: Outcome, *, plan: bool = True, told: set[Finding] | None = None) -> None:
    """Show the plan, and the warnings and the questions of act 1 that were not shown before."""
    if outcome.plan and plan:
        events.emit(events.Planned(outcome.plan.facts, outcome.plan.lines()))
    found, told = (*outcome.of(Severity.WARNING), *outcome.of(Severity.QUESTION)), set() if told is None else told
    for finding in (each for each in found if each not in told):
        told.add(finding)
        events.emit(events.Warned(finding))


def _recorded(prepared: Workspace, plan: Plan, checkout: Checkout) -> Record:
    """Return the record of the prepared release."""
    return plan.record(
        commit=prepared.commit,
        next_commit=prepared.next_commit,
        tag_object="" if plan.test else prepared.source.ask("rev-parse", f"refs/tags/{plan.tag}"),
        remote_address=checkout.git.address(plan.remote),
        artifacts=prepared.artifacts(),
        changes=of_commit(prepared.source, prepared.commit, plan.changes, plan.version),
    )


def _keep(prepared: Workspace, plan: Plan, checkout: Checkout) -> Record:
    """Write everything that act 3 needs to disk: the objects, then the distributions, and the record last."""
    record = _recorded(prepared, plan, checkout)
    with events.effect(f"write objects under {record.claim}"):
        following = [f"+{NEXT}:{record.next_ref}"] if record.next_commit else []
        checkout.git.fetch_objects(str(prepared.source.path), f"+refs/tags/{record.tag}:{record.claim}", *following)
    checkout.state.keep_distributions(record, prepared.dist)
    checkout.state.save(record)
    events.emit(events.Recorded(record.facts))
    return record


def ask(what: str, user: User) -> None:
    """Ask the user to confirm a release.

    Raises:
        Declined: The user answered no.
    """
    if not user.confirm(f"Release {what}?"):
        raise Declined("Not released: the answer was no.")


def _goes_on(failure: TestsFailed, checkout: Checkout) -> bool:
    """Ask whether to continue after failed tests; without a terminal, they stop the release."""
    if not checkout.user.present:
        return False
    log = checkout.state.folder / "tests.log"
    write_atomically(log, failure.output)
    events.tell(*(f"  {line}" for line in failure.output.splitlines()[-_TAIL:]))
    failure.output = ""  # it was shown
    events.tell(f"{failure.message} The complete output: {os.path.relpath(log, checkout.cwd)}")
    return checkout.user.confirm("Continue anyway?")


#: Lines of the tests' output that are shown before the question.
_TAIL = 15
