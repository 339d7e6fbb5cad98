"""Run the project's ``pre_release_hooks`` in the workspace; what they change in tracked files joins the commit."""

from release_recipes.errors import CommandFailed, Failed
from release_recipes.plan import Plan
from release_recipes.prepare.bump import changed_files
from release_recipes.prepare.step import Step, without_bump
from release_recipes.prepare.workspace import Workspace
from release_recipes.processes.environment import shown
from release_recipes.processes.run import run


def _left_out(plan: Plan) -> str:
    return without_bump(plan) or ("" if plan.settings.pre_release_hooks else "no pre_release_hooks are set")


def _describe(plan: Plan, _workspace: Workspace) -> list[str]:
    return [f"$ {shown(hook)}" for hook in plan.settings.pre_release_hooks]


def _run(plan: Plan, workspace: Workspace) -> str:
    before = _contents(workspace)
    facts = {
        "RELEASE_RECIPES_VERSION": plan.version,
        "RELEASE_RECIPES_PRIOR_VERSION": plan.prior,
        "RELEASE_RECIPES_TAG": plan.tag,
    }
    for hook in plan.settings.pre_release_hooks:
        try:
            run(hook, cwd=workspace.project(workspace.source.path), env=facts, tell=True)
        except CommandFailed as error:
            message = f"The pre-release hook {shown(hook)!r} failed (exit code {error.code})."
            raise Failed(message, "Fix it: [tool.release] pre_release_hooks in pyproject.toml.") from error
    workspace.source.does("add", "--update")
    after = _contents(workspace)
    changed = sorted(name for name in before | after if before.get(name, ...) != after.get(name, ...))
    return f"changed {', '.join(changed)}" if changed else "changed nothing"


def _contents(workspace: Workspace) -> dict[str, bytes | None]:
    """Return the changed tracked files with their contents; ``None`` for one that was removed."""
    source = workspace.source
    tracked = {*source.tracked(), *source.ask("ls-tree", "-r", "-z", "--name-only", "HEAD").split("\0")}
    paths = {name: source.path / name for name in changed_files(source) if name in tracked}
    return {name: path.read_bytes() if path.is_file() else None for name, path in paths.items()}


STEP = Step("hooks", _left_out, _describe, _run)
