"""The workspace: clones of the repository in a temporary folder, outside of the repository.

Each activity has its own clone: in ``source`` the version is bumped, committed and tagged; ``test`` and ``build`` are
clones of the release commit that are used for nothing else. Whatever happens, there is nothing to undo.
"""

import functools
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from release_recipes.errors import CommandFailed, Failed
from release_recipes.plan import Plan
from release_recipes.programs.git import Git, clone, reason
from release_recipes.state.record import Artifact, in_upload_order
from release_recipes.state.tagged import Tagged

#: The ref of the commit after the release commit, in the clone ``source``.
NEXT = "refs/release-recipes/next"


@dataclass(frozen=True)
class Workspace:
    """The folder of a run; its content is the state of act 2."""

    folder: Path
    #: The project's folder, relative to a clone.
    below: str = "."

    @functools.cached_property
    def source(self) -> Git:
        """The clone with the release commit."""
        return Git(self.folder / "source")

    @property
    def test(self) -> Path:
        """The clone in which tests run."""
        return self.folder / "test"

    @property
    def build(self) -> Path:
        """The clone from which distributions are built."""
        return self.folder / "build"

    def project(self, clone: Path) -> Path:
        """Return the project's folder in a clone."""
        return clone / self.below

    @property
    def dist(self) -> Path:
        """The distributions, once built."""
        return self.project(self.build) / "dist"

    @property
    def commit(self) -> str:
        """The release commit; without a bump, the commit that is released."""
        return self.source.ask("rev-parse", "HEAD")

    @property
    def next_commit(self) -> str:
        """The commit with the next development version; empty if there is none."""
        return self.source.resolve(NEXT) or ""

    @property
    def epoch(self) -> str:
        """The time for ``SOURCE_DATE_EPOCH``: when the release commit was made, in seconds."""
        return self.source.ask("log", "-1", "--format=%ct")

    def distributions(self) -> list[Path]:
        """Return the distributions, by name, without hidden files such as the ``.gitignore`` of ``uv build``."""
        return sorted(path for path in self.dist.iterdir() if path.is_file() and not path.name.startswith("."))

    def list_artifacts(self) -> None:
        """Hash the distributions, directly after the build: no code of the project runs in between."""
        artifacts = in_upload_order(map(Artifact.of, self.distributions()))
        self._list.write_text(json.dumps([asdict(artifact) for artifact in artifacts]), encoding="utf-8")

    def artifacts(self) -> tuple[Artifact, ...]:
        """Return the distributions, with the hashes from directly after the build."""
        return tuple(Artifact(**artifact) for artifact in json.loads(self._list.read_text("utf-8")))

    @property
    def _list(self) -> Path:
        return self.folder / "artifacts.json"


def fill(folder: Path, user: Git, plan: Plan) -> Workspace:
    """Make a workspace in a folder: the source clone, at the plan's base, with the user's identity.

    Raises:
        CommandFailed: git cannot clone.
    """
    workspace = Workspace(folder, plan.folder)
    made = clone(user, workspace.source.path, remote=plan.remote)
    made.check_out(plan.branch or "release", plan.base, user)
    return workspace


def fill_from_tag(workspace: Workspace, user: Git, remote: str, tagged: Tagged) -> None:
    """Make the source clone of a workspace at the commit of a tag, without its submodules, which builds add.

    Raises:
        CommandFailed: git cannot clone.
        Failed: The commit cannot be checked out.
    """
    source = clone(user, workspace.source.path, remote=remote)
    if source.resolve(f"{tagged.object}^{{object}}") is None:  # of a shallow clone, git copies only what its refs have
        source.fetch_objects("--update-shallow", str(user.path), tagged.object)
    try:
        # No content of large files is needed here.
        skip = {"GIT_LFS_SKIP_SMUDGE": "1"}
        source.does("checkout", "--quiet", "--force", "-B", "release", tagged.commit, env=skip)
    except CommandFailed as error:
        message = f"The commit of {tagged.name} cannot be checked out: {reason(error.output)}"
        raise Failed(message, "If this is a partial or sparse clone, clone it again, without --filter.") from None
    # Tools that take the version from tags need one here.
    source.does("update-ref", f"refs/tags/{tagged.name}", tagged.object)


def clone_release(workspace: Workspace, to: Path) -> None:
    """Clone the release commit for an activity."""
    made = clone(workspace.source, to, remote="origin")
    made.check_out(workspace.source.branch() or "release", workspace.commit, workspace.source)
