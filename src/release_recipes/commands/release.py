"""The release: check, prepare, publish.

Before the upload there is nothing to undo; after it there is only something to finish.
"""

from collections.abc import Callable
from pathlib import Path

from release_recipes import events, prepare, publish
from release_recipes.check import Outcome, Subject, check
from release_recipes.commands.checkout import Checkout, User, alone, nothing_waits, work_folder
from release_recipes.errors import Declined, NoToken, Refused, TestsFailed, WrongUsage
from release_recipes.findings import Severity
from release_recipes.plan import Plan, Request
from release_recipes.prepare import workspace
from release_recipes.prepare.workspace import Workspace
from release_recipes.programs.git import without_credentials
from release_recipes.publish.finish import finish
from release_recipes.secrets.token import Token
from release_recipes.state.atomic import write_atomically
from release_recipes.state.record import Record
from release_recipes.state.temporary import temporary_folder


def release(checkout: Checkout, request: Request, *, dry_run: bool, yes: bool) -> str:
    """Release: all three acts. Returns the outcome: ``released``, ``tested`` or ``planned``.

    Raises:
        ReleaseWaits: Another release waits to be finished.
        Refused: Act 1 found errors.
        Failed: Act 2 failed; nothing was changed.
        Unfinished: Act 3 could not continue; the record waits.
    """
    if dry_run:
        nothing_waits(checkout.state)
        plan = checked(checkout.subject(request))
        describe(checkout, plan, publish.TEST if plan.test else publish.RELEASE)
        return "planned"
    if not (request.names_a_version or checkout.settings.version or yes or checkout.user.present):
        message = "The version to release is not given, and there is no terminal to ask for it."
        raise WrongUsage(message, "Use --part patch (or minor, major, none), --new-version X, or --yes.")
    with alone(checkout, "release"):
        nothing_waits(checkout.state)
        subject = checkout.subject(request)
        plan = checked(subject, checkout.user)
        if checkout.user.present and not yes:
            _ask(plan, checkout.user)
        if subject.token is None:  # the check was skipped; fail now, before there is a record
            raise NoToken(plan.target.upload_address, "See docs/secrets.md for where to store it.")
        with work_folder(checkout, "release") as folder:
            carry_out(checkout, plan, folder, subject.token, lambda failure: _goes_on(failure, checkout))
    outcome = "tested" if plan.test else "released"
    events.emit(events.Told(f"{plan.project} {plan.version}: {outcome}"))
    return outcome


def carry_out(
    checkout: Checkout,
    plan: Plan,
    folder: Path,
    token: Token,
    goes_on: Callable[[TestsFailed], bool],
    steps: tuple[publish.Step, ...] = publish.RELEASE,
) -> None:
    """Run acts 2 and 3 of a plan.

    Args:
        checkout: The user's, or the one of a rehearsal.
        plan: The release.
        folder: The folder for the workspace.
        token: The token for the plan's index.
        goes_on: Asks whether to continue after failed tests.
        steps: The steps of act 3.

    Raises:
        Failed: Act 2 failed; nothing was changed.
        Unfinished: Act 3 could not continue; the record waits.
    """
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


def describe(checkout: Checkout, plan: Plan, steps: tuple[publish.Step, ...]) -> None:
    """Show what each step would do; to show the diff, the version files are edited in a workspace.

    The lock is not taken: a dry run writes nothing into the repository, which may be read-only.
    """
    with temporary_folder(checkout.git.path, lambda _: None) as folder:
        described = prepare.describe(plan, workspace.fill(folder, checkout.git, plan))
    commit = "<commit>" if plan.bumps else plan.base
    record = plan.record(commit=commit, tag_object="<tag object>", remote_address=_remote_address(checkout, plan))
    events.emit(events.Described([*described, *publish.describe(record, steps)]))


def checked(subject: Subject, user: User | None = None) -> Plan:
    """Run act 1, show its findings, ask its questions, and return the plan.

    Raises:
        Refused: There are errors.
        Declined: The user answered no to a question.
    """
    with events.step("check") as running:
        outcome = check(subject)
        tell(outcome)
        errors = outcome.of(Severity.ERROR)
        if errors or outcome.plan is None:
            raise Refused(errors)
        origin = f", token of {subject.token.origin}" if subject.token else ""
        running.note = f"{outcome.plan.project} {outcome.plan.prior} → {outcome.plan.version}{origin}"
    if user and user.present:
        for question in outcome.of(Severity.QUESTION):
            if not user.confirm(f"{question.message} Continue?"):
                raise Declined("Not released: the answer was no.")
    return outcome.plan


def tell(outcome: Outcome) -> None:
    """Show the plan, the warnings and the questions of act 1."""
    if outcome.plan:
        events.emit(events.Planned(outcome.plan.facts, outcome.plan.lines()))
    for finding in (*outcome.of(Severity.WARNING), *outcome.of(Severity.QUESTION)):
        events.emit(events.Warned(finding))


def _recorded(prepared: Workspace, plan: Plan, checkout: Checkout) -> Record:
    """Return the record of the prepared release."""
    return plan.record(
        commit=prepared.commit,
        tag_object="" if plan.test else prepared.source.ask("rev-parse", f"refs/tags/{plan.tag}"),
        remote_address=_remote_address(checkout, plan),
        artifacts=prepared.artifacts(),
    )


def _remote_address(checkout: Checkout, plan: Plan) -> str:
    return without_credentials(checkout.git.config(f"remote.{plan.remote}.url") or "")


def _keep(prepared: Workspace, plan: Plan, checkout: Checkout) -> Record:
    """Write everything that act 3 needs to disk: the objects, then the distributions, and the record last."""
    record = _recorded(prepared, plan, checkout)
    with events.effect(f"write objects under {record.claim}"):
        checkout.git.fetch_objects(str(prepared.source.path), f"+refs/tags/{record.tag}:{record.claim}")
    checkout.state.keep_distributions(record, prepared.dist)
    checkout.state.save(record)
    events.emit(events.Recorded(record.facts))
    return record


def _ask(plan: Plan, user: User) -> None:
    """Ask the user to confirm the plan.

    Raises:
        Declined: The user answered no.
    """
    question = f"Release {plan.project} {plan.version} to {plan.target.upload_address}?"
    if not user.confirm(question):
        raise Declined("Not released: the answer was no.")


def _goes_on(failure: TestsFailed, checkout: Checkout) -> bool:
    """Ask whether to continue after failed tests; without a terminal, they stop the release."""
    if not checkout.user.present:
        return False
    log = checkout.state.folder / "tests.log"
    write_atomically(log, failure.output)
    for line in failure.output.splitlines()[-_TAIL:]:
        events.emit(events.Told(f"  {line}"))
    events.emit(events.Told(f"{failure.message} The complete output is in {log}"))
    return checkout.user.confirm("Continue anyway?")


#: Lines of the tests' output that are shown before the question.
_TAIL = 15
