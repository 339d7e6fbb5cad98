"""Claims on the remote: releases in progress on other machines, with the messages of their tags."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from release_recipes.errors import CommandFailed
from release_recipes.programs.git import Git
from release_recipes.state import tag_message
from release_recipes.state.tag_message import TagMessage

PREFIX = "refs/release-recipes/"


@dataclass(frozen=True)
class Claim:
    """A release that is in progress on another machine."""

    ref: str
    tag_object: str
    said: TagMessage

    @property
    def tag(self) -> str:
        """The name of its tag."""
        return self.ref.removeprefix(PREFIX)

    def __str__(self) -> str:
        """Describe it."""
        return f"{self.tag} was claimed by {self.said.who} on {self.said.when}"

    def concerns(self, project: str) -> bool:
        """Return whether it is for a project; true if it does not name a project."""
        return not self.said.project or canonicalize_name(self.said.project) == canonicalize_name(project)


def foreign(git: Git, remote: str, refs: Mapping[str, str], own: Collection[str]) -> list[Claim]:
    """Return the claims of other machines among a remote's refs; their objects are fetched, without a ref.

    One whose tag is there, too, is of a release that is done, and only could not be taken back.

    Raises:
        CommandFailed: The remote does not answer.
    """
    claims = [name for name in refs if name.startswith(PREFIX) and not name.endswith("^{}") and name not in own]
    names = [name for name in claims if refs[name] != refs.get(f"refs/tags/{name.removeprefix(PREFIX)}")]
    return [claim for name in names if (claim := _read(git, remote, name, refs[name]))]


def _read(git: Git, remote: str, name: str, tag_object: str) -> Claim | None:
    """Return a claim; ``None`` if it was removed since the remote listed it."""
    if git.resolve(f"{tag_object}^{{tag}}") is None:
        try:
            git.fetch_objects(remote, name)
        except CommandFailed as error:
            if "couldn't find remote ref" in error.output:
                return None
            raise
    return Claim(name, tag_object, tag_message.read(git.ask("cat-file", "-p", tag_object)))
