"""A tag to publish: its commit in a workspace, the project there, and the distributions that other jobs have built."""

from dataclasses import dataclass, replace
from pathlib import Path

from release_recipes import forge
from release_recipes.check import Subject
from release_recipes.commands.checkout import Checkout
from release_recipes.distributions import given
from release_recipes.distributions.distribution import Distribution
from release_recipes.errors import NoProject, WrongUsage, typed
from release_recipes.plan import Request
from release_recipes.prepare import workspace
from release_recipes.prepare.workspace import Workspace
from release_recipes.project import declared
from release_recipes.project.packages import is_project
from release_recipes.project.project import Project
from release_recipes.project.source import NONE
from release_recipes.project.version_files import VersionFiles
from release_recipes.settings import read_pyproject
from release_recipes.state import tagged
from release_recipes.state.record import Artifact
from release_recipes.state.tagged import Tagged


@dataclass(frozen=True)
class OfTag:
    """A tag, and what is published of it."""

    checkout: Checkout
    tagged: Tagged
    #: Its source clone is at the commit of the tag.
    workspace: Workspace
    project: Project
    #: The distributions that other jobs have built, in ``dist``; empty if there are none.
    given: list[Artifact]
    dist: Path

    def subject(self, request: Request) -> Subject:
        """Return the subject of the checks."""
        made = self.checkout.subject(replace(request, part=NONE), self.project)
        return replace(made, tagged=self.tagged, given=bool(self.given))


def find(checkout: Checkout, tag: str | None, folder: Path, *, dist: str | None = None) -> OfTag:
    """Find a tag and its project.

    Args:
        checkout: The checkout; its ``HEAD`` may be anywhere.
        tag: The tag; by default the one that the forge's job runs for, otherwise that of ``HEAD``.
        folder: The folder for the workspace.
        dist: The folder of the distributions that other jobs have built. With it, no code of the project runs.

    Raises:
        WrongUsage: The tag or the folder is not given rightly.
        NoTag: The remote does not have the tag.
        NoProject: The name or the version of the project cannot be read.
        BadDistribution: A distribution differs from the hash of its job, or cannot be read.
    """
    # Whoever publishes otherwise, here it is this process.
    checkout = replace(checkout, settings=replace(checkout.settings, publish="here"))
    of = tagged.find(checkout.git, checkout.settings.remote, tag or _name(checkout))
    made = Workspace(folder, checkout.below)
    workspace.fill_from_tag(made, checkout.git, checkout.settings.remote, of)
    if dist is None:
        return OfTag(checkout, of, made, checkout.project(made.source), [], folder)
    collected = given.collect(checkout.cwd / dist, folder / "given")
    hashes = checkout.sources.environment.get("RELEASE_HASHES")
    if hashes is not None and not hashes.strip():
        raise WrongUsage("RELEASE_HASHES is empty.", "See whether the job that builds has set its output hashes.")
    given.compare(collected, hashes or "")
    return OfTag(checkout, of, made, _said(made, folder / "given", collected), collected, folder / "given")


def _name(checkout: Checkout) -> str:
    """Return the tag that the forge's job runs for, or that of ``HEAD``.

    Raises:
        WrongUsage: There is none, or there are several.
    """
    here = forge.current()
    if here and here.tag:
        return here.tag
    names = checkout.git.ask("tag", "--points-at", "HEAD").splitlines()
    if len(names) != 1:
        message = f"HEAD has several tags: {', '.join(names)}." if names else "HEAD has no tag, and none is given."
        raise WrongUsage(message, f"Name the tag: {typed('publish', '--tag', names[-1] if names else 'v1.2.3')}")
    return names[0]


def _said(made: Workspace, dist: Path, collected: list[Artifact]) -> Project:
    """Return the project as its files and the distributions say, without its build backend."""
    folder = made.project(made.source.path)
    if not is_project(folder):
        raise NoProject(f"The commit of the tag has no project in {made.below}.", "Name its folder: --project FOLDER")
    pyproject = read_pyproject(folder)
    said = declared.read(folder, pyproject)
    names = [each.filename for each in collected if each.filename.endswith((".whl", ".tar.gz"))]
    if not names:
        message = f"There are no distributions among the files: {', '.join(each.filename for each in collected)}."
        raise WrongUsage(message, "Name the folder with the distributions: --dist DIR")
    name, version = Distribution(dist / names[0]).name_and_version()
    source = VersionFiles(said.name or name, said.version or version, ())
    return Project(folder, made.below, said.name or name, pyproject, is_static=True, source=source)
