"""What a release would change, build and publish, as lines for a person."""

import contextlib
from collections.abc import Sequence

from packaging.utils import canonicalize_name, canonicalize_version

from release_recipes.commands.checkout import Checkout
from release_recipes.errors import ReleaseError
from release_recipes.plan import Plan
from release_recipes.prepare import workspace
from release_recipes.prepare.bump import bump
from release_recipes.programs.git import Git
from release_recipes.project.compiled import is_compiled
from release_recipes.state.record import Record
from release_recipes.state.temporary import temporary_folder

#: The most lines of a difference that are shown.
_MOST = 12


def of_plan(checkout: Checkout, plan: Plan) -> list[str]:
    """Return what the version files become, and the names of the distributions, before anything is built.

    The files are edited in a clone. If that fails, nothing is shown here: the step says why.
    """
    lines = list[str]()
    if plan.bumps:
        with temporary_folder(checkout.git.path, lambda _: None) as folder, contextlib.suppress(ReleaseError):
            made = workspace.fill(folder, checkout.git, plan)
            bump(plan, made.source, made.project(made.source.path), hooks=False)
            lines += ["  changes in files", *difference(made.source, "HEAD")]
    name = canonicalize_name(plan.project).replace("-", "_")
    stem = f"{name}-{canonicalize_version(plan.version, strip_trailing_zero=False)}"
    tags = plan.settings.expect or ("*" if is_compiled(checkout.folder) else "py3-none-any", "sdist")
    files = [f"{stem}.tar.gz" if each == "sdist" else f"{stem}-{each}.whl" for each in tags]
    if plan.settings.wheels == "none":
        files = [file for file in files if not file.endswith(".whl")]
    return [*lines, f"  builds  {', '.join(files)}"]


def of_rehearsal(plan: Plan, staged: Git, record: Record) -> list[str]:
    """Return what a release of the rehearsed version would publish, push and change.

    Args:
        plan: The plan of the release.
        staged: The repository of the rehearsal, with its commit.
        record: What the rehearsal published.
    """
    sizes = [f"    {each.filename}  {each.size / 1000:,.1f} kB" for each in record.artifacts]
    lines = [f"{plan.project} {plan.version} would be released:", f"  to {plan.target.upload_address}", *sizes]
    pushed = [plan.branch or "main", *([plan.tag] if plan.settings.auto_git_tag else [])]
    lines += [f"  to {plan.remote}", f"    {' and '.join(pushed)}"]
    if plan.settings.github_release and plan.settings.auto_git_tag:
        lines += [f"    a GitHub release, if {plan.remote} is on GitHub"]
    if record.changes:
        lines += ["  with the notes", *_first(record.changes.splitlines())]
    changed = difference(staged, plan.base, record.commit)
    return [*lines, *(["  and these changes", *changed] if changed else [])]


def difference(git: Git, *commits: str) -> list[str]:
    """Return the changed lines between two commits, or of the working tree, below the name of each file."""
    lines = list[str]()
    for line in git.ask("diff", "--no-color", "--no-ext-diff", "--no-prefix", "--unified=0", *commits).splitlines():
        if line.startswith("+++ "):
            lines.append(line.removeprefix("+++ "))
        elif line.startswith(("+", "-")) and not line.startswith("--- "):
            lines.append(f"  {line}")
    return _first(lines)


def _first(lines: Sequence[str]) -> list[str]:
    more = [f"… and {len(lines) - _MOST} more lines"] if len(lines) > _MOST else []
    return [f"    {line}".rstrip() for line in [*lines[:_MOST], *more]]
