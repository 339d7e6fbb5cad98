"""Bring every version file to the planned version, and see that each changed and nothing else did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from release_recipes.errors import BumpFailed
from release_recipes.prepare.step import Step
from release_recipes.processes.process import shown

if TYPE_CHECKING:
    from release_recipes.plan import Plan
    from release_recipes.prepare.workspace import Workspace


def _describe(plan: Plan) -> list[str]:
    return [shown(plan.bumper.bump_words(plan.part, plan.version))] if plan.bumps else []


def _run(plan: Plan, workspace: Workspace) -> str:
    bump(plan, workspace)
    return ", ".join(changed_files(workspace))


def bump(plan: Plan, workspace: Workspace) -> None:
    """Edit the version files of the workspace.

    Raises:
        BumpFailed: A file did not change, or one changed that is no version file.
    """
    source = workspace.source
    plan.bumper.bump(source.path, plan.part, plan.version)
    changed = set(changed_files(workspace))
    must, may = _expected(plan, workspace)
    if missed := sorted(must - changed):
        message = f"The bump to {plan.version} did not change {', '.join(missed)}."
        raise BumpFailed(message, "Mend its search pattern; look at: bump-my-version bump --dry-run -v")
    if foreign := sorted(changed - must - may):
        message = f"The bump to {plan.version} also changed {', '.join(foreign)}, which is no version file."
        raise BumpFailed(message, "Look at what changed it: bump-my-version bump --dry-run -v, and its hooks.")


def changed_files(workspace: Workspace) -> list[str]:
    """Return what differs from the base in the source clone, relative to its top."""
    return [change[3:] for change in workspace.source.changes()]


def diff(workspace: Workspace) -> str:
    """Return the difference in the version files."""
    return workspace.source.ask("diff", "--no-color", "--no-ext-diff")


def _expected(plan: Plan, workspace: Workspace) -> tuple[set[str], set[str]]:
    """Return the files that a bump must change, and those that it may change."""
    must: set[str] = set()
    may = {plan.bump_config} if plan.bump_config else set()
    root = workspace.source.path
    for entry in plan.version_files:
        if entry.get("filename"):
            names = {str(entry["filename"])}
        else:
            names = {path.relative_to(root).as_posix() for path in root.glob(str(entry["glob"]))}
        (may if _is_optional(entry, plan.part) else must).update(names)
    return must, may


def _is_optional(entry: dict[str, Any], part: str | None) -> bool:
    """Say whether an entry of bump-my-version's configuration lets its file stay as it is in this bump."""
    if entry.get("ignore_missing_version") or entry.get("ignore_missing_file"):
        return True
    included, excluded = entry.get("include_bumps") or [], entry.get("exclude_bumps") or []
    return part is not None and (part in excluded or (bool(included) and part not in included))


STEP = Step("bump", _describe, _run)
