"""Show the releases of a project: what was published, when, by whom and how; and whether it is still so."""

from collections.abc import Sequence
from dataclasses import asdict, replace

from packaging.utils import canonicalize_version

from release_recipes import events
from release_recipes.commands import history_page, history_view, past_releases
from release_recipes.commands.checkout import Checkout
from release_recipes.commands.verify_releases import verify as verify_releases
from release_recipes.errors import ReleaseError, WrongUsage, counted
from release_recipes.project import declared
from release_recipes.state import history as kept
from release_recipes.state.atomic import write_atomically
from release_recipes.state.history import Release


def history(checkout: Checkout, *, html: str | None, verify: bool, limit: str | None) -> str:
    """Show the releases. Returns ``shown`` or ``verified``.

    Args:
        checkout: The project.
        html: A file to write as a page; ``None`` for none.
        verify: Whether each release is compared with the remote, the index and GitHub.
        limit: The most rows of the table, a number.

    Raises:
        WrongUsage: A flag is wrong.
        NotAsReleased: With ``verify``, something is not as it was.
    """
    if limit is not None and not (limit.isdigit() and int(limit)):
        raise WrongUsage(f"--limit is {limit!r}, which is not a number above 0.", "Use a number such as --limit 50.")
    if html is not None and (not html or (checkout.cwd / html).is_dir()):
        raise WrongUsage(f"--html names {html!r}, which is not a file.", "Name a file: --html releases.html")
    name = declared.read(checkout.folder, checkout.sources.pyproject).name or checkout.project().name
    lines, broken = kept.read(checkout.state.top)
    default = checkout.settings.target(test=False).index_address
    waiting = {record.version for record in checkout.state.records()}
    ours = [replace(o, outcome="unfinished") if o.version in waiting else o for o in kept.releases(lines, name)]
    made = _merged(ours, past_releases.tagged(checkout, name), default)
    world = past_releases.ask(checkout, name, made)
    made = [past_releases.finished_elsewhere(one, world) for one in made]
    if verify:
        world.tell()
        return verify_releases(checkout, [one for one in made if one.outcome == "released"], world)
    releases = [past_releases.completed(one, world) for one in made]
    _show(name, releases, int(limit or history_view.CHARTED))
    world.tell()
    if broken:
        events.tell(f"{broken} lines of the history cannot be read, and are left out.")
    events.emit(events.Facts({"project": name, "releases": [asdict(one) for one in releases]}))
    if html is not None:
        page = history_page.page(name, releases)
        try:
            write_atomically(checkout.cwd / html, page)
        except OSError as error:
            raise ReleaseError(f"{html} cannot be written: {error.strerror}.", "Name another file.") from None
        events.tell(f"Written: {html}")
    return "shown"


def _merged(ours: Sequence[Release], tagged: Sequence[Release], default: str) -> list[Release]:
    """Return the releases of the history, completed by the tags; and those that only the tags know. Newest first."""
    by_version = {canonicalize_version(one.version): one for one in tagged}
    merged, seen = [], set()
    for one in ours:
        key = canonicalize_version(one.version)
        same = by_version.get(key)
        if one.outcome == "released" and same and one.index in {"", default, same.index}:
            one = one.filled(same)  # noqa: PLW2901 - the same release
        merged.append(one)
        is_same = bool(same and same.tag_object and same.tag_object == one.tag_object)
        if one.outcome in {"released", "unfinished"} or is_same:  # what failed here may have been published elsewhere
            seen.add(key)
    merged += [one for key, one in by_version.items() if key not in seen]
    return sorted(merged, key=lambda one: one.at, reverse=True)


def _show(name: str, releases: Sequence[Release], limit: int) -> None:
    """Show the table and the charts."""
    if not releases:
        events.tell(f"{name} has no releases that are known here.")
        return
    rows = [history_view.row(one) for one in releases[:limit]]
    made = sum(one.outcome == "released" for one in releases)
    others = f", and {len(releases) - made} not released" if made < len(releases) else ""
    events.emit(events.Table(f"{name}: {counted(made, 'release')}{others}", history_view.COLUMNS, rows))
    if len(releases) > limit:
        events.tell(f"… and {len(releases) - limit} older ones: --limit {len(releases)}")
    events.tell(*history_view.chart(releases[:limit]), *history_view.growth(releases))
