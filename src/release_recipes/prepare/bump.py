"""Change every version file to the planned version, and check that each file changed and no other did."""

import os
from collections.abc import Mapping
from pathlib import Path

from release_recipes.errors import BumpFailed
from release_recipes.plan import Plan
from release_recipes.prepare.step import Step, without_bump
from release_recipes.prepare.workspace import Workspace
from release_recipes.programs.git import Git
from release_recipes.project import declared
from release_recipes.project.locate import same
from release_recipes.settings import read_pyproject


def _describe(plan: Plan, workspace: Workspace) -> list[str]:
    """Show the command and the diff: the version files are edited in the workspace, without hooks."""
    folder = workspace.project(workspace.source.path)
    bump(plan, workspace.source, folder, hooks=False)
    difference = workspace.source.ask("diff", "--no-color", "--no-ext-diff")
    return [*plan.source.describe(folder, plan.part, plan.version), *difference.splitlines()]


def _run(plan: Plan, workspace: Workspace) -> str:
    changed = bump(plan, workspace.source, workspace.project(workspace.source.path), hooks=True)
    return "; ".join([", ".join(changed), *(f"{old} → {new}" for old, new in plan.pins.items() if new)])


def bump(plan: Plan, git: Git, folder: Path, *, hooks: bool) -> list[str]:
    """Edit the version files of a clean working tree, and return the changed files, relative to the repository.

    Args:
        plan: The release.
        git: The repository: a clone of ours, or the user's.
        folder: The project's folder in it.
        hooks: Whether the setup and pre-commit hooks of bump-my-version run.

    Raises:
        BumpFailed: A file did not change, another file changed, or the new version differs from the plan.
    """
    before = set(changed_files(git))
    plan.source.apply(folder, plan.part, plan.version, hooks=hooks)
    _raise_pins(folder, plan.pins)
    changed = [name for name in changed_files(git) if name not in before]
    raised = {(folder / "pyproject.toml").relative_to(git.path).as_posix()} if plan.pins else set()
    names = {file.name: Path(os.path.relpath(folder / file.name, git.path)).as_posix() for file in plan.versions.files}
    if missed := sorted(n for f in plan.versions.files if f.must_change and (n := names[f.name]) not in changed):
        message = f"The bump to {plan.version} did not change {', '.join(missed)}."
        raise BumpFailed(message, "Fix its search pattern; to see what it matches: bump-my-version bump --dry-run -v")
    # Hooks of bump-my-version may write other files, such as a lock file.
    if foreign := sorted(set(changed) - set(names.values()) - raised if not hooks else ()):
        message = f"The bump to {plan.version} also changed {', '.join(foreign)}, which is not a version file."
        raise BumpFailed(message, "See what changes it: bump-my-version bump --dry-run -v")
    said = declared.read(folder, read_pyproject(folder)).version
    arrived = plan.source.read(folder).current if plan.source.configured_in else plan.version
    if wrong := next((version for version in (said, arrived) if version and not same(version, plan.version)), ""):
        message = f"The bump resulted in {wrong}, but {plan.version} was planned."
        raise BumpFailed(message, "See what bump-my-version does: bump-my-version bump --dry-run -v")
    return changed


def _raise_pins(folder: Path, pins: Mapping[str, str]) -> None:
    """Replace requirements in ``pyproject.toml``, wherever they stand in quotes.

    Raises:
        BumpFailed: One does not stand there as it is read.
    """
    path = folder / "pyproject.toml"
    for old, new in ((old, new) for old, new in pins.items() if new):
        text = before = path.read_bytes()
        for quote in "\"'":
            text = text.replace(f"{quote}{old}{quote}".encode(), f"{quote}{new}{quote}".encode())
        if text == before:
            raise BumpFailed(f"The requirement {old} was not found in pyproject.toml.", f"Change it by hand to {new}.")
        path.write_bytes(text)


def changed_files(git: Git) -> list[str]:
    """Return the files that differ from HEAD, relative to the repository."""
    return [change[3:] for change in git.changes()]


STEP = Step("bump", without_bump, _describe, _run)
