"""Look at a project, show and write the files that help to release it, and say what is left to do by hand."""

import contextlib
import difflib
import shlex
from collections.abc import Sequence
from importlib.metadata import version

from release_recipes import events, workflows
from release_recipes.commands import init_report
from release_recipes.commands.checkout import Checkout
from release_recipes.commands.init_parts import EDITED, PARTS, Change, Found, has_hooks
from release_recipes.errors import CommandFailed, Declined, EditedFiles, Failed, WrongUsage, counted, typed
from release_recipes.plan import Request, make_plan
from release_recipes.prepare.test import chosen
from release_recipes.programs import gh, nox
from release_recipes.project.compiled import is_compiled
from release_recipes.project.packages import packages
from release_recipes.project.source import NONE
from release_recipes.project.tag_form import pattern_of
from release_recipes.state.atomic import write_atomically


def init(checkout: Checkout, *, only: str | None, dry_run: bool, yes: bool) -> str:
    """Write what is missing, and complete what can be completed. Returns ``done`` or ``planned``.

    Raises:
        WrongUsage: There is no such part, or no terminal to ask whether to write.
        Declined: The user answered no.
        EditedFiles: A workflow was changed by hand, or is not ours; the others are written.
    """
    named = _named(only)
    with events.step("look") as running:
        found = _look(checkout, named)
        running.note = f"{found.project.name} {found.plan.version}"
    table = list(init_report.rows(found))
    if not named:
        events.emit(events.Table(f"{found.project.name}, as it is released", init_report.COLUMNS, table, folds=True))
    shown = _shown(found)
    wanted = [change for change in shown if not change.why]
    files = _names(wanted, checkout)
    events.emit(
        events.Facts(
            {
                "project": found.project.name,
                "found": {name: {"value": value, "why": why} for name, value, why in table},
                "written": [],
                "proposed": _names([change for change in shown if change.why or dry_run], checkout),
            }
        )
    )
    events.tell(f"To be written: {', '.join(files)}" if files else "There is nothing to write.")
    if not dry_run:
        _write(checkout, wanted, only, yes=yes)
        events.emit(events.Facts({"written": files}))
        events.tell(*"\n".join(init_report.next_steps(found, files)).splitlines())
    if edited := [change for change in shown if change.why == EDITED]:
        raise EditedFiles(_names(edited, checkout))
    return "planned" if dry_run else "done"


def _named(only: str | None) -> list[str]:
    """Return the parts that ``--only`` names.

    Raises:
        WrongUsage: There is no such part.
    """
    named = [name.strip() for name in only.split(",")] if only is not None else []
    if wrong := [name for name in named if name not in PARTS]:
        message = f"There is nothing to write that is named {wrong[0]!r}."
        raise WrongUsage(message, f"Use one or more of these, with commas between them: {', '.join(PARTS)}.")
    return named


def _look(checkout: Checkout, named: Sequence[str]) -> Found:
    """Return what is known of the project."""
    git, settings, project = checkout.git, checkout.settings, checkout.project()
    known, default = packages(git), None
    with contextlib.suppress(CommandFailed):  # the remote does not answer
        default = git.remote_refs(settings.remote).default_branch or ""
    versions = project.source.read(project.folder, NONE)
    plan = make_plan(
        project, settings, Request(part=NONE), versions,
        branch=None, base=git.ask("rev-parse", "HEAD"), tags=list(git.tags()), known=known,
    )  # fmt: skip
    sessions, tests = chosen(project.folder, settings)
    facts = workflows.Facts(
        name=project.name,
        below=project.below,
        is_one_of_several=len(known) > 1,
        tags=pattern_of(plan.tag, plan.version),
        branches=settings.branches or (default or "main",),
        pythons=workflows.pythons(project.folder),
        is_compiled=is_compiled(project.folder),
        has_tests=bool(sessions or tests),
        lint=_lint(checkout),
        version=version("release-recipes"),
    )
    repository = gh.find(git.addresses(settings.remote))
    return Found(checkout, project, plan, known, facts, default, repository, sessions, tests, named)


def _lint(checkout: Checkout) -> str:
    """Return the command that checks the style of a project's code; empty if it has none."""
    for folder in dict.fromkeys((checkout.folder, checkout.git.path)):
        if nox.first(folder, "lint"):
            file = (folder / "noxfile.py").relative_to(checkout.git.path).as_posix()
            where = f"-f {shlex.quote(file)} " if "/" in file else ""
            return f"python -m nox {where}-s lint"
    hooks = checkout.git.path / ".pre-commit-config.yaml"
    has_own = hooks.is_file() and has_hooks(hooks.read_text("utf-8", "replace"))
    return "pre-commit run --all-files" if has_own else ""


def _names(changes: Sequence[Change], checkout: Checkout) -> list[str]:
    """Return the paths of files, relative to the repository."""
    return [change.path.relative_to(checkout.git.path).as_posix() for change in changes]


def _shown(found: Found) -> list[Change]:
    """Show what would be written, and what is proposed; return it without what is left out unless it is named."""
    shown, left_out = list[Change](), dict[str, list[Change]]()
    for name, part in PARTS.items():
        for change in part(found) if name in (found.named or PARTS) else ():
            if change.unless and not found.named:
                left_out.setdefault(name, []).append(change)
            else:
                shown.append(change)
                _show(found.checkout, change)
    for name, changes in left_out.items():
        files, again = " and ".join(_names(changes, found.checkout)), typed("init", "--only", name)
        events.tell(f"Not written: {files}, since {changes[0].unless}. To write: {again}")
    return shown


def _show(checkout: Checkout, change: Change) -> None:
    """Show the difference that a change makes, or what is proposed."""
    (name,) = _names([change], checkout)
    if change.why and change.why != EDITED:
        verb = "changed" if change.path.is_file() else "written"
        lines = [f"{name} is not {verb}: {change.why}.", *(["It could get:"] if change.text else [])]
        lines += [f"    {line}".rstrip() for line in change.text.splitlines()]
    else:
        before = change.path.read_bytes().decode("utf-8", "replace").splitlines() if change.path.is_file() else []
        after = change.text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").splitlines()
        lines = [*difflib.unified_diff(before, after, name if before else "/dev/null", name, lineterm="")]
    events.tell(*lines)


def _write(checkout: Checkout, wanted: Sequence[Change], only: str | None, *, yes: bool) -> None:
    """Ask whether to write, and write.

    Raises:
        WrongUsage: There is no terminal to ask.
        Declined: The user answered no.
        Failed: A file cannot be written.
    """
    words = ["init", *(["--only", only] if only else [])]
    many = counted(len(wanted), "file")
    if not wanted:
        return
    if not (yes or checkout.user.present):
        message = f"{many} would be written, and there is no terminal to ask whether to."
        raise WrongUsage(message, f"To write: {typed(*words, '--yes')}")
    if not (yes or checkout.user.confirm(f"Write {many}?")):
        raise Declined("Nothing was written.", f"To write later: {typed(*words)}")
    with events.step("write") as running:
        running.note = many
        for change in wanted:
            path = change.path.resolve()  # what a link points to
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(path, change.text.encode("utf-8", "surrogateescape"))
            except OSError as error:
                message = f"{change.path.name} cannot be written: {error.strerror}."
                raise Failed(message, "Fix that, and run the same command again; what was written stays.") from None
