"""The packages of a repository: which folders hold a project, what changed in each, and how they depend on another."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import Specifier
from packaging.utils import InvalidName, canonicalize_name
from packaging.version import Version

from release_recipes.errors import InvalidSetting, WrongUsage
from release_recipes.programs.git import Git
from release_recipes.project import declared
from release_recipes.project.tag_form import versions_of
from release_recipes.settings import read_pyproject

#: Folders whose projects are data of another project, unless uv's workspace names them.
_DATA = frozenset(
    {"test", "tests", "testing", "testdata", "fixtures", "data", "doc", "docs", "example", "examples", "vendor"}
)


@dataclass(frozen=True)
class Package:
    """A package in a repository."""

    #: Its folder, relative to the repository: ``.`` or a path with slashes.
    below: str
    #: As it spells it.
    name: str
    #: Its requirements, and those of its build, as it spells them.
    requires: tuple[str, ...] = ()
    #: The requirements of its extras and dependency groups, which have no influence on the order.
    optional: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Its normalised name."""
        return canonicalize_name(self.name)

    def depends_on(self, others: Iterable["Package"]) -> list["Package"]:
        """Return those of other packages that it requires."""
        wanted = {canonicalize_name(required.name) for required in map(_parsed, self.requires) if required}
        return [other for other in others if other.key in wanted - {self.key}]

    def excludes(self, versions: Mapping[str, str]) -> dict[str, str]:
        """Return what of its requirements, also of extras and groups, excludes another's version: :func:`excluded`."""
        others = {key: version for key, version in versions.items() if key != self.key}
        return excluded([*self.requires, *self.optional], others)


def is_project(folder: Path) -> bool:
    """Return whether a folder declares a project, and not only the configuration of tools.

    Raises:
        InvalidSetting: Its ``pyproject.toml`` is not TOML.
    """
    pyproject, setup_cfg = read_pyproject(folder), folder / "setup.cfg"
    if pyproject.keys() & {"project", "build-system"} or "poetry" in pyproject.get("tool", {}):
        return True
    said = setup_cfg.read_text("utf-8", "replace") if setup_cfg.is_file() else ""
    return "[metadata]" in said.splitlines() or (folder / "setup.py").is_file()


def is_package(folder: Path) -> bool:
    """Return whether a folder declares a project that is built, and not only the top of a workspace.

    Raises:
        InvalidSetting: Its ``pyproject.toml`` is not TOML.
    """
    pyproject = read_pyproject(folder)
    uv, poetry = (pyproject.get("tool", {}).get(tool, {}) for tool in ("uv", "poetry"))
    # Without a build system, uv does not build the project at the top of a workspace.
    is_virtual = "workspace" in uv and "build-system" not in pyproject
    return is_project(folder) and bool(uv.get("package", not is_virtual) and poetry.get("package-mode", True))


def packages(git: Git) -> list[Package]:
    """Return the packages of a repository: the members of uv's workspace, else each tracked folder with a project.

    A project without a name that can be read, or that says that it is not a package, is left out.
    """
    try:
        workspace = read_pyproject(git.path).get("tool", {}).get("uv", {}).get("workspace")
    except InvalidSetting:
        workspace = None
    globs = [f":(glob)**/{name}" for name in ("pyproject.toml", "setup.py", "setup.cfg")]
    if workspace is not None:
        globs = [f":(glob){member}/pyproject.toml" for member in (".", *workspace.get("members", ()))]
        globs += [f":(exclude,glob){member}/pyproject.toml" for member in workspace.get("exclude", ())]
    folders = sorted({PurePosixPath(name).parent for name in git.tracked(*globs)})
    if workspace is None:
        folders = [folder for folder in folders if not any(part in _DATA or part[0] == "." for part in folder.parts)]
    return [package for folder in folders if (package := _package(git.path, folder.as_posix()))]


def _package(top: Path, below: str) -> Package | None:
    try:
        pyproject = read_pyproject(top / below)
        name = declared.read(top / below, pyproject).name if is_package(top / below) else ""
        canonicalize_name(name, validate=True)
        return Package(below, name, *map(tuple, _requirements(pyproject)))
    except (InvalidSetting, InvalidName):  # such as a template, whose name is filled in later
        return None


def _requirements(pyproject: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return the requirements, and those of extras and groups."""
    project, poetry = pyproject.get("project", {}), pyproject.get("tool", {}).get("poetry", {})
    build = pyproject.get("build-system", {}).get("requires", ())
    groups = (*project.get("optional-dependencies", {}).values(), *pyproject.get("dependency-groups", {}).values())
    optional = [requirement for group in groups for requirement in group if isinstance(requirement, str)]
    return [*project.get("dependencies", ()), *build, *poetry.get("dependencies", ())], optional


def _parsed(requirement: str) -> Requirement | None:
    """Return a requirement (:pep:`508`); ``None`` if it is not valid."""
    try:
        return Requirement(requirement)
    except InvalidRequirement:
        return None


def in_order(chosen: Sequence[Package]) -> list[Package]:
    """Return packages in the order of their dependencies.

    Raises:
        WrongUsage: They depend on one another in a circle.
    """
    names = {package.key: package for package in chosen}
    graph = {package.key: [other.key for other in package.depends_on(chosen)] for package in chosen}
    try:
        return [names[key] for key in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        message = f"These packages depend on one another in a circle: {' → '.join(error.args[1])}."
        raise WrongUsage(message, "Release them one after the other, each with --project FOLDER.") from None


def required_by(below: str, known: Sequence[Package]) -> list[Package]:
    """Return the packages of a repository that the one in a folder requires, directly or through others of them."""
    found = [package for package in known if package.below == below]
    for package in found:  # it grows
        found += [other for other in package.depends_on(known) if other not in found]
    return [package for package in found if package.below != below]


def excluded(requires: Iterable[str], versions: Mapping[str, str]) -> dict[str, str]:
    """Return the requirements that exclude the version of a package, each with one that does not.

    Args:
        requires: Requirements (:pep:`508`).
        versions: The versions of packages, by their normalised names.

    Returns:
        What replaces each requirement, by its text; empty if no greater bound is enough, or a lower one is needed.
    """
    found = {}
    for text in requires:
        requirement = _parsed(text)
        version = versions.get(canonicalize_name(requirement.name)) if requirement else None
        if requirement and version and not requirement.specifier.contains(version, prereleases=True):
            raised, semicolon, marker = text.partition(";")
            for clause in requirement.specifier:
                if not clause.contains(version, prereleases=True):
                    old = rf"(?<![<>=!~]){re.escape(clause.operator)}\s*{re.escape(clause.version)}(?![\w.*+!-])"
                    raised = re.sub(old, clause.operator + _bound(clause, Version(version)), raised)
            raised += semicolon + marker
            fits = Requirement(raised).specifier.contains(version, prereleases=True)
            found[text] = raised if fits and not _is_below(version, requirement) else ""
    return found


def _is_below(version: str, requirement: Requirement) -> bool:
    """Return whether a requirement excludes a version because it wants a higher one."""
    clauses = [clause for clause in requirement.specifier if clause.operator in {"==", "===", "~=", ">", ">="}]
    return any(Version(version) < Version(clause.version.removesuffix(".*")) for clause in clauses)


def _bound(clause: Specifier, version: Version) -> str:
    """Return the bound of a specifier, raised for a version, as exact as it is."""
    numbers = Version(clause.version.removesuffix(".*")).release
    release = [*version.release, *[0] * len(numbers)][: len(numbers)]
    if clause.operator == "<":
        last = max((at for at, number in enumerate(numbers) if number), default=0)
        release = [*release[:last], release[last] + 1, *[0] * (len(numbers) - last - 1)]
    elif clause.operator not in {"==", "~="} or (clause.operator == "==" and not clause.version.endswith(".*")):
        return str(version) if clause.operator in {"==", "===", "<="} else clause.version
    return ".".join(map(str, release)) + ".*" * clause.version.endswith(".*")


def paths(below: str, known: Iterable[Package]) -> list[str]:
    """Return the paths of a package for git: its folder, without the folders of packages inside of it.

    Empty for the only package of a repository at its top: all that is committed there belongs to it.
    """
    inside = [each.below for each in known if each.below != below and PurePosixPath(each.below).is_relative_to(below)]
    return [below, *(f":(exclude){folder}" for folder in inside)] if inside or below != "." else []


def others(below: str, known: Iterable[Package]) -> list[str]:
    """Return the names of the packages of a repository that are not in a folder; tags that name them are theirs."""
    return [package.name for package in known if package.below != below]


def last_tag(git: Git, name: str, below: str, known: Sequence[Package], at: str = "HEAD", but: str = "") -> str:
    """Return the tag of the highest version of a package that a commit contains, but one; empty if there is none."""
    tags = [tag for tag in git.tags(f"--merged={at}") if tag != but]
    found = versions_of(tags, name=name, below=below, others=others(below, known))
    return max(found, key=lambda tag: Version(found[tag]), default="")


def since_last_release(git: Git, name: str, below: str, known: Sequence[Package]) -> tuple[str, int]:
    """Return the tag of a project's last release, empty if there is none, and the number of commits since then.

    Only commits that change the project are counted.
    """
    tag = last_tag(git, name, below, known)
    return tag, git.count(f"{tag}..HEAD" if tag else "HEAD", paths(below, known))
