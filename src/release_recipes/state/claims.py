"""Claims on the remote: releases that are under way elsewhere, and what their tag objects say of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from release_recipes.programs.git import Git
from release_recipes.state import tag_message
from release_recipes.state.tag_message import TagMessage

PREFIX = "refs/release-recipes/"


@dataclass(frozen=True)
class Claim:
    """A release that is under way elsewhere."""

    ref: str
    tag_object: str
    said: TagMessage

    @property
    def tag(self) -> str:
        """The name of its tag."""
        return self.ref.removeprefix(PREFIX)

    def __str__(self) -> str:
        """Say what it is."""
        return f"{self.tag} was claimed by {self.said.who} on {self.said.when}"

    def concerns(self, project: str) -> bool:
        """Return whether it is of a project; one that does not say may be."""
        return not self.said.project or canonicalize_name(self.said.project) == canonicalize_name(project)


def foreign(git: Git, remote: str, refs: Mapping[str, str], own: Collection[str]) -> list[Claim]:
    """Return the claims among a remote's refs that are not our own; their objects are fetched, and no ref is made.

    Raises:
        CommandFailed: The remote does not answer.
    """
    names = [name for name in refs if name.startswith(PREFIX) and not name.endswith("^{}") and name not in own]
    if names:
        git.fetch_objects(remote, *names)
    return [Claim(name, refs[name], tag_message.read(git.ask("cat-file", "-p", refs[name]))) for name in names]
