"""Write the workflows of a project for GitHub, and say what is left to do by hand."""

import difflib
import json
import shlex
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from release_recipes import events, workflows
from release_recipes.commands.checkout import Checkout
from release_recipes.errors import CommandFailed, Declined, EditedFiles, WrongUsage, typed
from release_recipes.index.publisher import Publisher, how_to_register
from release_recipes.plan import Request, make_plan
from release_recipes.programs import gh, nox
from release_recipes.project.compiled import is_compiled
from release_recipes.project.packages import packages
from release_recipes.project.source import NONE
from release_recipes.project.tag_form import pattern_of
from release_recipes.project.testing import may_have_tests
from release_recipes.state.atomic import write_atomically

#: The environment of the job that publishes, as the template names it.
_ENVIRONMENT = "pypi"


def init(checkout: Checkout, *, only: str | None, dry_run: bool, yes: bool) -> str:
    """Write what is missing or was not changed by hand. Returns ``done`` or ``planned``.

    Raises:
        WrongUsage: There is no such thing to write, or no terminal to ask whether to.
        Declined: The user answered no.
        EditedFiles: A workflow was changed by hand, or is not ours; the others are written.
    """
    if only not in {None, "workflows"}:
        raise WrongUsage(f"There is nothing to write that is named {only!r}.", f"Run: {typed('init')}")
    with events.step("workflows") as running:
        facts = _facts(checkout)
        folder = checkout.git.path / ".github" / "workflows"
        texts = {folder / name: text for name, text in workflows.render(facts).items()}
        old = {path: path.read_text("utf-8", "replace") for path in texts if path.is_file()}
        differ = [path for path in texts if workflows.body(old.get(path, "")) != workflows.body(texts[path])]
        edited = [path for path in differ if path in old and not workflows.is_ours(old[path])]
        wanted = [path for path in differ if path not in edited]
        running.note = ", ".join(path.name for path in differ) or "nothing to do"
    events.emit(events.Facts({"project": facts.name, "written": [] if dry_run else _shown(wanted, checkout)}))
    for path, name in zip(differ, _shown(differ, checkout), strict=True):
        before, after = old.get(path, "").splitlines(), texts[path].splitlines()
        for line in difflib.unified_diff(before, after, name if before else "/dev/null", name, lineterm=""):
            events.emit(events.Told(line))
    if wanted and not dry_run:
        _ask(checkout, len(wanted), yes=yes)
        folder.mkdir(parents=True, exist_ok=True)
        for path in wanted:
            write_atomically(path, texts[path])
            path.chmod(0o644)  # not the mode of a temporary file
    for line in [] if dry_run else _next_steps(checkout, facts):
        events.emit(events.Told(line))
    if edited:
        raise EditedFiles(_shown(edited, checkout))
    return "planned" if dry_run else "done"


def _facts(checkout: Checkout) -> workflows.Facts:
    """Return what the workflows depend on."""
    git, settings, project = checkout.git, checkout.settings, checkout.project()
    known = packages(git)
    versions = project.source.read(project.folder, NONE)
    head = git.ask("rev-parse", "HEAD")
    plan = make_plan(
        project, settings, Request(part=NONE), versions, branch=None, base=head, tags=list(git.tags()), known=known
    )  # fmt: skip
    return workflows.Facts(
        name=project.name,
        below=project.below,
        is_one_of_several=len(known) > 1,
        tags=pattern_of(plan.tag, plan.version),
        branches=settings.branches or (_default_branch(checkout),),
        pythons=workflows.pythons(project.folder),
        is_compiled=is_compiled(project.folder),
        lint=_lint(checkout),
        version=version("release-recipes"),
    )


def _default_branch(checkout: Checkout) -> str:
    try:
        return checkout.git.remote_refs(checkout.settings.remote).default_branch or "main"
    except CommandFailed:
        return "main"


def _lint(checkout: Checkout) -> str:
    """Return the command that checks the style of a project's code; empty if it has none."""
    for folder in dict.fromkeys((checkout.folder, checkout.git.path)):
        if nox.first(folder, "lint"):
            below = folder.relative_to(checkout.git.path)
            file = shlex.quote((below / "noxfile.py").as_posix())
            return f"python -m nox -f {file} -s lint" if below.parts else "python -m nox -s lint"
    return "pre-commit run --all-files" if (checkout.git.path / ".pre-commit-config.yaml").is_file() else ""


def _shown(paths: Sequence[Path], checkout: Checkout) -> list[str]:
    return [path.relative_to(checkout.git.path).as_posix() for path in paths]


def _ask(checkout: Checkout, count: int, *, yes: bool) -> None:
    """Ask whether to write.

    Raises:
        WrongUsage: There is no terminal to ask.
        Declined: The user answered no.
    """
    if yes:
        return
    if not checkout.user.present:
        message = f"{count} files would be written, and there is no terminal to ask whether to."
        raise WrongUsage(message, f"To write them: {typed('init', '--only', 'workflows', '--yes')}")
    if not checkout.user.confirm(f"Write {count} {'file' if count == 1 else 'files'}?"):
        raise Declined("Nothing was written.", f"To write them later: {typed('init', '--only', 'workflows')}")


def _others(checkout: Checkout, facts: workflows.Facts) -> list[str]:
    """Return the names of the repository's workflows that upload, and are not written here."""
    found = sorted((checkout.git.path / ".github" / "workflows").glob("*.y*ml"))
    texts = {path.name: path.read_text("utf-8", "replace") for path in found}
    return [name for name in texts if name not in facts.file_names.values() and workflows.UPLOADS.search(texts[name])]


def _next_steps(checkout: Checkout, facts: workflows.Facts) -> list[str]:
    """Return what the user does by hand, now or once."""
    repository = gh.find(checkout.git.addresses(checkout.settings.remote))
    declared = checkout.sources.pyproject.get("tool", {}).get("release", {})
    lines = []
    if repository and not gh.looks_like_github(repository):
        lines.append(f"The remote is on {repository.host}. These workflows are for GitHub; for GitLab see docs/ci.md.")
    if others := _others(checkout, facts):
        lines.append(f"{', '.join(others)} seems to publish, too. Remove it: two workflows must not publish one tag.")
    if not (checkout.settings.test_command or checkout.settings.test_sessions or may_have_tests(checkout.folder)):
        lines.append(f"No tests were found, so the test jobs fail: {typed('test')}")
    lines.append("Commit the workflows. Once, by hand:")
    path = repository.path if repository else "OWNER/REPOSITORY"
    job = Publisher("GitHub", path, facts.file_names["release"], _ENVIRONMENT)
    lines += how_to_register(checkout.settings.target(test=False), facts.name, job).splitlines()
    if facts.is_compiled and "expect" not in declared:
        lines += ["Name the distributions of a release in pyproject.toml; remove those that are not built:"]
        lines += ["  [tool.release]", f"  expect = {json.dumps(workflows.expected(checkout.folder), indent=4)}"]
    if "publish" not in declared:
        lines.append(f'To have CI publish what {typed("release")} tags: [tool.release] publish = "ci"')
    return lines
