"""Build the distributions from a clean clone of HEAD into ``dist/``."""

import shutil
from dataclasses import asdict, replace

from release_recipes import events
from release_recipes.commands.checkout import Checkout, alone, work_folder
from release_recipes.prepare import build as step
from release_recipes.prepare.workspace import Workspace
from release_recipes.programs.git import clone


def build(checkout: Checkout, *, only_sdist: bool = False) -> str:
    """Build the project at HEAD into a new ``dist/``, or only its sdist. Returns ``done``.

    Raises:
        NoProject: There are only packages in folders.
        Failed: The build failed; ``dist/`` is unchanged.
    """
    checkout.see_a_package()
    git, settings = checkout.git, checkout.settings
    if only_sdist:
        settings = replace(settings, wheels="none")
    with (
        events.step("build") as running,
        alone(checkout, "build"),
        work_folder(checkout, "build") as folder,
    ):
        workspace = Workspace(folder, checkout.folder.relative_to(git.path).as_posix())
        source, head = clone(git, workspace.source.path, remote=settings.remote), git.ask("rev-parse", "HEAD")
        source.check_out(git.branch() or "main", head, git)
        step.build(workspace, settings, normalises=settings.normalise_sdist)
        dist = checkout.folder / "dist"
        shutil.rmtree(dist, ignore_errors=True)
        shutil.copytree(workspace.dist, dist)
        artifacts = workspace.artifacts()
        running.note = ", ".join(artifact.filename for artifact in artifacts)
    if changed := [change for change in git.changes(checkout.below) if not change.startswith("??")]:
        events.tell(f"HEAD was built, without what is not committed: {', '.join(c[3:] for c in changed)}")
    events.emit(events.Facts({"artifacts": [asdict(artifact) for artifact in artifacts]}))
    return "done"
