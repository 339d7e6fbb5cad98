"""What a release would change, build and publish, as lines for a person."""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from packaging.utils import canonicalize_name, canonicalize_version

from release_recipes.commands.checkout import Checkout, work_folder
from release_recipes.errors import ReleaseError, counted
from release_recipes.plan import Plan
from release_recipes.prepare import changelog
from release_recipes.prepare.bump import bump
from release_recipes.programs import gh
from release_recipes.programs.git import Git, clone
from release_recipes.project.compiled import is_compiled
from release_recipes.state.record import Record

#: No content of large files is needed for a preview.
_SMALL = {"GIT_LFS_SKIP_SMUDGE": "1"}

#: The most lines of a difference that are shown.
_MOST = 24


def of_plan(checkout: Checkout, plan: Plan) -> list[str]:
    """Return what the version files become, and the names of the distributions, before anything is built.

    The files are edited in a clone, by the holder of the lock. If that fails, nothing is shown here: the step says why.
    """
    lines = list[str]()
    if plan.bumps:
        with work_folder(checkout, "release") as folder, contextlib.suppress(ReleaseError):
            made = clone(checkout.git, folder / "source", remote=plan.remote)
            made.does("checkout", "--quiet", "--force", "--detach", plan.base, env=_SMALL)  # without submodules
            bump(plan, made, made.path / plan.folder, hooks=False)
            if plan.changes.way == "keep":
                changelog.write(plan, made, made.path / plan.folder)
            lines += ["  changes in files", *difference(made, "HEAD")]
    name = canonicalize_name(plan.project).replace("-", "_")
    stem = f"{name}-{canonicalize_version(plan.version, strip_trailing_zero=False)}"
    kinds = plan.settings.expect or ("*" if is_compiled(checkout.folder) else "py3-none-any", "sdist")
    kinds = ("sdist",) if plan.settings.wheels == "none" else kinds
    files = [f"{stem}.tar.gz" if each == "sdist" else f"{stem}-{each}.whl" for each in kinds]
    return [*lines, f"  builds  {', '.join(files)}"]


def facts_of_rehearsal(plan: Plan, user: Git, staged: Git, record: Record, *, with_github: bool) -> dict[str, Any]:
    """Return what a release of the rehearsed version would publish, push and change, for the JSON document.

    Args:
        plan: The plan of the release.
        user: The user's repository.
        staged: The repository of the rehearsal, with its commits.
        record: What the rehearsal published.
        with_github: Whether gh could make a GitHub release.
    """
    known = plan.remote_tip and staged.resolve(f"{plan.remote_tip}^{{commit}}")
    github = gh.find(user.addresses(plan.remote)) if with_github and plan.settings.github_release else None
    tag = plan.tag if plan.settings.auto_git_tag else ""
    return {
        "upload_address": plan.target.upload_address,
        "published_by_ci": plan.by_ci,
        "remote": plan.remote,
        "remote_address": user.address(plan.remote),
        "branch": plan.branch,
        "commits": staged.ask("log", "--format=%s", f"{known}..{record.head}").splitlines() if known else None,
        "tag": tag,
        "github_release": str(github) if github and tag else "",
        "since": plan.changes.since,
        "stat": staged.ask("diff", "--no-color", "--no-ext-diff", "--stat=72", plan.base, record.head),
        "diff": staged.ask("diff", "--no-color", "--no-ext-diff", plan.base, record.head),
    }


def of_rehearsal(facts: Mapping[str, Any], staged: Git, record: Record) -> list[str]:
    """Return the same for a person."""
    by_ci = ", built and published by CI; the files of the build here were" if facts["published_by_ci"] else ""
    wide = max(len(each.filename) for each in record.artifacts)
    lines = ["", f"A release would publish to {facts['upload_address']}{by_ci}:"]
    lines += [f"  {each.filename:<{wide}}  {each.size / 1000:7,.1f} kB" for each in record.artifacts]
    address = f" ({facts['remote_address']})" if facts["remote_address"] else ""
    lines.append(f"and push to {facts['remote']}{address}:")
    wide = max(map(len, (facts["branch"] or "HEAD", facts["tag"])))
    commits = facts["commits"]
    count = "its commits" if commits is None else counted(len(commits), "commit")
    newest = f", the newest: {commits[0]}" if commits else ""
    lines.append(f"  {facts['branch'] or 'HEAD':<{wide}}  {count}{newest}")
    lines += [f"  {facts['tag']:<{wide}}  an annotated tag with the sha256 of each file"] if facts["tag"] else []
    if facts["github_release"]:
        notes = ", with these notes:" if record.changes else ", with GitHub's own notes"
        lines.append(f"and make a GitHub release on {facts['github_release']}{notes}")
    elif record.changes:
        lines.append("with these changes:")
    lines += _first(record.changes.splitlines(), indent=2)
    if facts["stat"]:
        *files, count = facts["stat"].splitlines()
        lines += ["and change in the files:", *(f" {line}" for line in files)]
        lines += [*difference(staged, record.base, record.head), f" {count}"]
    return [*lines, ""]


def difference(git: Git, *commits: str) -> list[str]:
    """Return the changed lines between two commits, or of the working tree, below the name of each file."""
    lines = list[str]()
    for line in git.ask("diff", "--no-color", "--no-ext-diff", "--no-prefix", "--unified=0", *commits).splitlines():
        if line.startswith("+++ "):
            lines.append(line.removeprefix("+++ "))
        elif line.startswith(("+", "-")) and not line.startswith("--- "):
            lines.append(f"  {line}")
    return _first(lines)


def _first(lines: Sequence[str], indent: int = 4) -> list[str]:
    more = [f"… and {len(lines) - _MOST} more lines"] if len(lines) > _MOST else []
    return [f"{' ' * indent}{line}".rstrip() for line in [*lines[:_MOST], *more]]
