"""Run all checks of a release, and change nothing."""

from release_recipes import events
from release_recipes.check import CREDENTIALS
from release_recipes.commands.checkout import Checkout, nothing_waits
from release_recipes.commands.of_tag import find
from release_recipes.commands.release import checked
from release_recipes.errors import WrongUsage
from release_recipes.plan import Request
from release_recipes.state.temporary import temporary_folder


def check(checkout: Checkout, request: Request, *, tag: str | None) -> str:
    """Run act 1, or validate a tag: without a token, which only the job that uploads has. Returns ``planned``.

    Raises:
        WrongUsage: A tag and a version are given.
        NoTag: The remote does not have the tag.
        Refused: There are errors.
    """
    nothing_waits(checkout.state)
    if tag is None:
        plan = checked(checkout.subject(request))
    else:
        if request.names_a_version:
            raise WrongUsage("--tag cannot be used with --part or --new-version.", "The tag says the version.")
        with temporary_folder(checkout.git.path, lambda _: None) as folder:
            plan = checked(find(checkout, tag, folder).subject(request), without=CREDENTIALS)
    events.tell(*plan.lines())
    return "planned"
