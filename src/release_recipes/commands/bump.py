"""Edit the version files in the working tree, without a commit."""

from release_recipes import events
from release_recipes.commands.checkout import Checkout
from release_recipes.errors import BumpFailed
from release_recipes.plan import Request, make_plan, wanted
from release_recipes.prepare.bump import bump as edit
from release_recipes.project.packages import packages


def bump(checkout: Checkout, request: Request) -> str:
    """Edit the version files as a release does, with the same checks, but without hooks. Returns ``done``.

    Raises:
        BumpFailed: A file does not contain the expected version, or the result differs from the plan.
    """
    with events.step("bump") as running:
        subject = checkout.subject(request)
        git, part = checkout.git, wanted(request, checkout.settings).part
        versions = subject.project.source.read(checkout.folder, part)
        branch, base = git.branch(), git.ask("rev-parse", "HEAD")
        known, tags = packages(git), list(git.tags())
        plan = make_plan(
            subject.project, checkout.settings, request, versions, branch=branch, base=base, tags=tags, known=known
        )
        events.emit(events.Planned(plan.facts, plan.lines()))
        if not plan.bumps:
            message = f"The version is already {plan.version}."
            raise BumpFailed(message, "Choose a part to bump: --part patch, minor or major.")
        edit(plan, git, checkout.folder, hooks=False)
        running.note = f"{plan.prior} → {plan.version}, not committed"
    return "done"
