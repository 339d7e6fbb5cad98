"""The rehearsal: a complete release of HEAD, in a temporary folder.

A clone replaces the user's repository, a bare clone replaces the remote, and pypiserver on loopback replaces the index,
with a token of its own. Act 1 checks the user's repository; what would stop a release is a warning in a rehearsal.
Acts 2 and 3 are those of :mod:`~release_recipes.commands.release`, on another checkout, and the
released version is installed from the embedded index at the end.
"""

import contextlib
import functools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from release_recipes import events, publish
from release_recipes.check import Outcome, Subject, check
from release_recipes.commands import preview
from release_recipes.commands.checkout import Checkout, alone, work_folder
from release_recipes.commands.release import FIRST, carry_out, describe, tell
from release_recipes.commands.release_changed import choose
from release_recipes.errors import Refused, counted, typed
from release_recipes.findings import Finding, Severity
from release_recipes.index import embedded
from release_recipes.plan import Plan, Request
from release_recipes.programs.git import Git, copy
from release_recipes.secrets.token import Token
from release_recipes.settings import Target
from release_recipes.state.folder import State
from release_recipes.state.temporary import PREFIX, temporary_folder

#: The identity if git has none.
NOBODY = {"user.name": "Rehearsal", "user.email": "rehearsal@localhost"}

#: The branch if ``HEAD`` is detached.
_BRANCH = "main"

#: A rehearsal does not use the signing key of the user.
_UNSIGNED = {"commit.gpgSign": "false", "tag.gpgSign": "false"}


def rehearse(
    checkout: Checkout, request: Request, *, dry_run: bool, all_changed: bool = False, projects: str | None = None
) -> str:
    """Rehearse a release, or those of the packages that changed. Returns the outcome, such as ``rehearsed``.

    Args:
        checkout: The checkout.
        request: What is released.
        dry_run: Whether it is only shown what each step would do.
        all_changed: Whether several packages are meant, each after those that it requires.
        projects: The names or folders of those that may be released, separated by commas; ``None`` for all.

    Raises:
        Refused: The release cannot be planned.
        Failed: A step failed, as it would in the release.
    """
    if not (all_changed or projects is not None):
        return _make(checkout, request, dry_run=dry_run)[1]
    with temporary_folder(checkout.git.path, lambda _: None) as folder, embedded.serving(folder / "index") as index:
        place = _Place(folder / "remote.git", *index)
        make = functools.partial(_make, place=place, dry_run=dry_run)
        turn = choose(checkout, request, projects, all_changed=all_changed)
        done, outcome = turn.make(make)
    if outcome == "rehearsed":
        again = typed("release", *(word for word in turn.request.several if word != "--skip-tests"))
        first = ", first repair what would stop that" if place.stopped else ""
        said = f"Rehearsed {', '.join(done)}. To release them" if done[1:] else "To release it"
        events.tell(f"{said}{first}: {again}")
    return outcome


@dataclass(frozen=True)
class _Place:
    """What replaces the remote and the index; several rehearsals have one, as their releases would."""

    remote: Path
    target: Target
    token: Token
    #: The errors that would stop the releases.
    stopped: list[Finding] = field(default_factory=list)

    def tip(self, branch: str) -> str:
        """Return the commit of the branch, which earlier rehearsals have moved; empty before the first one."""
        return (self.remote.is_dir() and Git(self.remote).resolve(f"refs/heads/{branch}")) or ""


def _make(checkout: Checkout, request: Request, *, dry_run: bool, place: _Place | None = None) -> tuple[Plan, str]:
    """Rehearse a release; return its plan and the outcome.

    Args:
        checkout: The checkout.
        request: What is released.
        dry_run: Whether it is only shown what each step would do.
        place: That of several rehearsals; by default, a new one.
    """
    if dry_run:
        plan, _ = _checked(checkout.subject(request))
        staged = _staged_plan(plan, Target("<address of the embedded index>", "<embedded index>"))
        describe(checkout, staged, publish.REHEARSAL)
        return plan, "planned"
    with alone(checkout, "rehearse"):
        events.emit(FIRST)
        plan, outcome = _checked(checkout.subject(request))
        with work_folder(checkout, "rehearse") as folder:
            inner = folder / f"{PREFIX}workspace"
            inner.mkdir()
            with contextlib.ExitStack() as stack:
                here = place or _Place(folder / "remote.git", *stack.enter_context(embedded.serving(folder / "index")))
                if tip := here.tip(plan.branch or _BRANCH):
                    plan = replace(plan, base=tip, remote_tip=tip)
                staged = _staged_plan(plan, here.target)
                stage = _stage(checkout, folder, staged, here.remote, barred=checkout.git.barred(plan.remote))
                record = carry_out(stage, staged, inner, here.token, lambda _: False, publish.REHEARSAL)
            with_github = not any(each.check == "github" for each in outcome.of(Severity.WARNING))
            facts = preview.facts_of_rehearsal(plan, checkout.git, stage.git, record, with_github=with_github)
            lines = preview.of_rehearsal(facts, stage.git, record)
    stops = outcome.of(Severity.ERROR)
    here.stopped.extend(stops)
    # The flag is named, also where it was the default: a release without a terminal needs it.
    named = request if request.names_a_version else replace(request, part=plan.part)
    following = _what_is_next(plan, named, stops)
    stopped = [{"check": each.check, "message": each.message, "hint": each.hint} for each in stops]
    events.emit(events.Facts({"rehearsal": {**facts, "errors": stopped, "next": typed("release", *named.words)}}))
    events.tell(*lines, *following)
    return plan, "rehearsed"


def _what_is_next(plan: Plan, request: Request, stops: Sequence[Finding]) -> list[str]:
    """Return the result, and the command for the release, or what would stop it."""
    with_command, command = not request.together, typed("release", *request.words)  # that for several comes at the end
    untested = "" if plan.run_tests and plan.has_tests else ", without tests"
    said = f"Rehearsed {plan.project} {plan.version}{untested}."
    if not stops:
        return [f"{said} To release it: {command}" if with_command else said]
    found = [line for each in stops for line in (f"  [{each.check}] {each.message}", f"    → {each.hint}")]
    last = [f"Then release it: {command}"] if with_command else []
    return [f"{said} A release would be stopped by {counted(len(stops), 'error')}:", *found, *last]


def _checked(subject: Subject) -> tuple[Plan, Outcome]:
    """Run act 1 on the user's repository; its errors are told as warnings."""
    with events.step("check") as running:
        outcome = check(subject)
        errors = outcome.of(Severity.ERROR)
        if outcome.plan is None:
            raise Refused(errors)
        for error in errors:
            message = f"This would stop a release: {error.message}"
            events.emit(events.Warned(replace(error, message=message, severity=Severity.WARNING)))
        tell(outcome)
        running.note = f"{counted(len(errors), 'error')} would stop a release" if errors else "no errors"
    return outcome.plan, outcome


def _stage(checkout: Checkout, folder: Path, plan: Plan, at: Path, *, barred: Sequence[tuple[str, str]]) -> Checkout:
    """Make the checkout that replaces the user's, and the remote, if an earlier rehearsal has not made it.

    With the settings ``barred``, nothing can be pushed from it to the user's remote.
    """
    user, remote = checkout.git, Git(at)
    if not at.is_dir():
        Git(folder).does("clone", "--bare", "--shared", "--quiet", "--template=", str(user.path), str(at))
    remote.does("update-ref", f"refs/heads/{plan.branch}", plan.base)
    remote.does("symbolic-ref", "HEAD", f"refs/heads/{plan.branch}")
    if remote.resolve(f"refs/tags/{plan.tag}"):
        remote.does("tag", "--delete", plan.tag)
    stage = copy(remote, folder / "repository", [*(NOBODY | user.identity | _UNSIGNED).items(), *barred])
    stage.check_out(plan.branch, plan.base, user)
    if user.config_is_true("commit.gpgSign") or user.config_is_true("tag.gpgSign"):
        events.tell("A rehearsal does not sign the commit and the tag.")
    return replace(
        checkout,
        git=stage,
        folder=stage.path / plan.folder,
        state=State(stage.path / ".git" / "release-recipes"),
        settings=plan.settings,
    )


def _staged_plan(plan: Plan, target: Target) -> Plan:
    """Return the plan for the rehearsal, which has another index and another remote."""
    settings = plan.settings
    staged = replace(
        settings,
        remote="origin",
        publish="here",
        expect=() if plan.by_ci else settings.expect,
        clean_build_artifacts=True,
        try_install="all" if settings.origin("try_install") == "default" else settings.try_install,
        reproducible="warn" if settings.reproducible == "rehearse" else settings.reproducible,
    )
    return replace(
        plan,
        branch=plan.branch or _BRANCH,
        remote="origin",
        remote_tip=plan.base,
        test=False,
        target=target,
        settings=staged,
    )
