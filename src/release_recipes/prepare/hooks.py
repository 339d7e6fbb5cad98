"""Run the project's ``pre_release_hooks`` in the workspace; their changes in tracked files are committed."""

import re
from pathlib import Path

from release_recipes.errors import CommandFailed, Failed
from release_recipes.plan import Plan
from release_recipes.prepare.bump import changed_files
from release_recipes.prepare.step import Step
from release_recipes.prepare.workspace import Workspace
from release_recipes.processes.environment import shown
from release_recipes.processes.run import run
from release_recipes.programs import uv
from release_recipes.project.requirements import test_requirements

#: Hooks that run the tests, as the step ``test`` does.
_TESTS = re.compile(r"(\S*/)?((python\S*\s+-m\s+)?(pytest|unittest|tox)\b|(python\S*\s+-m\s+)?nox\b.*\btests?\b)")

#: Programs of hooks that need an environment with the project.
_PYTHONS = frozenset({"python", "python3", "pytest"})


def _wanted(plan: Plan) -> list[tuple[str, ...]]:
    """Return the hooks, without those that run the tests, since the step ``test`` runs or skips them."""
    return [hook for hook in plan.settings.pre_release_hooks if not _TESTS.match(" ".join(hook))]


def _asks_for_python(plan: Plan) -> bool:
    return any(hook[0] in _PYTHONS for hook in _wanted(plan))


def _left_out(plan: Plan) -> str:
    if plan.tag_object:
        return "they ran before the tag was made"
    if not plan.settings.pre_release_hooks:
        return "no pre_release_hooks are set"
    return "" if _wanted(plan) else f"they run the tests, which {_by_test(plan)}"


def _by_test(plan: Plan) -> str:
    return "the step test does" if plan.run_tests else "are skipped"


def _describe(plan: Plan, _workspace: Workspace) -> list[str]:
    lines = [f"$ {shown(hook)}" for hook in _wanted(plan)]
    if _asks_for_python(plan):
        lines.insert(0, "create an environment for the hooks, with the project and the requirements of its tests")
    left = [shown(hook) for hook in plan.settings.pre_release_hooks if hook not in _wanted(plan)]
    return [*lines, *(f"left out: {hook} runs the tests, which {_by_test(plan)}" for hook in left)]


def _run(plan: Plan, workspace: Workspace) -> str:
    before = _contents(workspace)
    untracked = set(changed_files(workspace.source)) - before.keys()
    environment = {
        "RELEASE_RECIPES_VERSION": plan.version,
        "RELEASE_RECIPES_PRIOR_VERSION": plan.prior,
        "RELEASE_RECIPES_TAG": plan.tag,
    }
    folder, head = workspace.project(workspace.source.path), workspace.commit
    path = _environment(workspace, folder) if _asks_for_python(plan) else None
    for hook in _wanted(plan):
        try:
            run(hook, cwd=folder, env=environment, path=path, tell=True)
        except CommandFailed as error:
            message = f"The pre-release hook {shown(hook)!r} failed (exit code {error.code})."
            raise Failed(message, "Fix the hook: [tool.release] pre_release_hooks in pyproject.toml") from error
    if workspace.commit != head:
        message = (
            "A pre-release hook made a commit, but the release commit is made later, with the changes of the hooks."
        )
        raise Failed(message, "Remove the commit from the hook: [tool.release] pre_release_hooks in pyproject.toml")
    workspace.source.does("add", "--update")
    after = _contents(workspace)
    changed = sorted(name for name in before | after if before.get(name, ...) != after.get(name, ...))
    if changed and not plan.bumps:
        message = (
            f"The pre-release hooks changed {', '.join(changed)}, but {plan.version} is released without a new commit."
        )
        raise Failed(message, "Commit these changes first, or release a new version.")
    new = sorted(set(changed_files(workspace.source)) - after.keys() - untracked)
    said = f"changed {', '.join(changed)}" if changed else "changed nothing"
    return f"{said}; not committed, because git does not track it: {', '.join(new)}" if new else said


def _environment(workspace: Workspace, folder: Path) -> Path:
    """Create the environment for hooks, and return the folder of its programs.

    Raises:
        Failed: The project, or the requirements of its tests, cannot be installed.
    """
    python = uv.make_environment(workspace.folder / "hooks-environment")
    try:
        uv.install(["pytest", *test_requirements(folder)], python, folder)
    except CommandFailed as error:
        message = f"The environment for the pre-release hooks cannot be created: {error.message}"
        raise Failed(
            message, "Hooks that run python get the project and the requirements of its tests; fix those."
        ) from error
    return python.parent


def _contents(workspace: Workspace) -> dict[str, bytes | None]:
    """Return the changed tracked files with their contents; ``None`` for a file that was removed."""
    source = workspace.source
    tracked = {*source.tracked(), *source.ask("ls-tree", "-r", "-z", "--name-only", "HEAD").split("\0")}
    paths = {name: source.path / name for name in changed_files(source) if name in tracked}
    return {name: path.read_bytes() if path.is_file() else None for name, path in paths.items()}


STEP = Step("hooks", _left_out, _describe, _run)
