"""Show what changed since the last release, and how the changelog of the next one says it."""

from dataclasses import replace

from release_recipes import events
from release_recipes.check.facts import changes_of
from release_recipes.commands.bump import planned
from release_recipes.commands.checkout import Checkout
from release_recipes.errors import Failed, typed
from release_recipes.plan import Request
from release_recipes.project.changes import generated
from release_recipes.project.packages import packages


def changelog(checkout: Checkout, request: Request) -> str:
    """Show the next section. Returns ``planned``.

    Raises:
        Failed: What changed cannot be found.
    """
    subject = checkout.subject(request)
    plan = planned(checkout, subject)
    changes = changes_of(subject, plan, packages(checkout.git), always=True)
    if changes.fault:
        hint = f"Fix that, or see: {typed('explain', 'changelog')}"
        raise Failed(f"What changed cannot be found: {changes.fault}", hint)
    told = {
        "keep": f"From {changes.path}, as it is written there:",
        "fragments": f"From the news fragments, by {changes.tool}:",
        "generate": f"From the commits since {changes.since or 'the start'}, by git-cliff:",
        "off": f"No changelog is written: {changes.why}. The commits since {changes.since or 'the start'}:",
    }
    text = changes.text
    if changes.way == "off":
        text = generated(checkout.git, checkout.folder, replace(changes, tool=""), plan.version, plan.tag)
    events.tell(f"{plan.versions_line} ({plan.version_origin})", told[changes.way], "", *text.splitlines())
    if not text:
        events.tell("Nothing.")
    facts = {**plan.facts, "changes": text, "changelog": {"way": changes.way, "file": changes.path or None}}
    events.emit(events.Facts(facts))
    return "planned"
