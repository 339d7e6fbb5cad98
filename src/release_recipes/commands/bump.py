"""Edit the version files in the working tree, without a commit."""

from release_recipes import events
from release_recipes.check import Subject
from release_recipes.commands.checkout import Checkout
from release_recipes.errors import BumpFailed
from release_recipes.plan import Plan, Request, make_plan, wanted
from release_recipes.prepare.bump import bump as edit
from release_recipes.project.packages import packages


def bump(checkout: Checkout, request: Request) -> str:
    """Edit the version files as a release does, with the same checks, but without hooks. Returns ``done``.

    Raises:
        BumpFailed: A file does not contain the expected version, or the result differs from the plan.
    """
    with events.step("bump") as running:
        plan = planned(checkout, checkout.subject(request))
        events.emit(events.Planned(plan.facts, plan.lines()))
        if not plan.bumps:
            message = f"The version is already {plan.version}."
            raise BumpFailed(message, "Choose a part to bump: --part patch, minor or major.")
        edit(plan, checkout.git, checkout.folder, hooks=False)
        running.note = f"{plan.prior} → {plan.version}, not committed"
    return "done"


def planned(checkout: Checkout, subject: Subject) -> Plan:
    """Return the plan as this machine knows it: neither the remote nor the index are asked."""
    git, part = checkout.git, wanted(subject.request, checkout.settings).part
    versions = subject.project.source.read(checkout.folder, part)
    return make_plan(
        subject.project, checkout.settings, subject.request, versions,
        branch=git.branch(), base=git.ask("rev-parse", "HEAD"), tags=list(git.tags()), known=packages(git),
    )  # fmt: skip
