"""A tag that a user or another tool has pushed, from which a release is published."""

from dataclasses import dataclass

from release_recipes.errors import CommandFailed, Failed, NoTag
from release_recipes.programs.git import Git, RemoteRefs, reason
from release_recipes.state import tag_message
from release_recipes.state.tag_message import TagMessage


@dataclass(frozen=True)
class Tagged:
    """A tag as the remote has it."""

    name: str
    #: The id of the tag object; of a lightweight tag, that of its commit.
    object: str
    commit: str
    #: The id of what this repository has under that name; empty if it has no such tag.
    here: str
    #: The content of the tag object; empty for a lightweight tag.
    said: TagMessage
    #: The refs of the remote.
    refs: RemoteRefs

    @property
    def is_annotated(self) -> bool:
        """Whether it is a tag object."""
        return self.object != self.commit

    @property
    def is_as_here(self) -> bool:
        """Whether this repository has the same, or nothing; actions/checkout makes a lightweight tag of any tag."""
        return self.here in {"", self.object, self.commit}


def find(git: Git, remote: str, name: str) -> Tagged:
    """Ask the remote for a tag; its objects are fetched, without a ref.

    Raises:
        Failed: There is no such remote, it does not answer, or the tag is not of a commit.
        NoTag: It does not have the tag.
    """
    ref = f"refs/tags/{name}"
    if not git.addresses(remote):
        names = ", ".join(git.ask("remote").split()) or "none"
        message = f"There is no remote {remote!r} (there is: {names})."
        raise Failed(message, 'Name the remote that has the tag: [tool.release] remote = "…"')
    here = git.resolve(ref) or ""
    try:
        refs = git.remote_refs(remote)
        found = refs.refs.get(ref)
        if found is None:
            raise NoTag(name, remote, is_here=bool(here))
        commit = refs.refs.get(f"{ref}^{{}}", found)
        if not all(git.resolve(f"{each}^{{object}}") for each in (found, commit)):
            git.fetch_objects(remote, ref)
    except CommandFailed as error:
        message = f"The remote {remote!r} does not answer: {reason(error.output)}"
        raise Failed(message, f"Check the connection: git ls-remote {remote}") from None
    if git.resolve(f"{commit}^{{commit}}") is None:
        raise Failed(f"The tag {name} is not of a commit.", "Publish the tag of a version.")
    content = git.ask("cat-file", "-p", found) if found != commit else ""
    return Tagged(name, found, commit, here, tag_message.read(content), refs)
