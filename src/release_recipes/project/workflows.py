"""The workflows of CI that publish a release."""

from collections.abc import Sequence

from release_recipes.errors import CommandFailed
from release_recipes.programs.git import Git

#: Where the forges read them.
_PLACES = (".github/workflows/*.yml", ".github/workflows/*.yaml", ".gitlab-ci.yml")

#: A line, up to a comment, that runs our task (an extended regular expression).
_PUBLISHES = "^[^#]*(release[-_]recipes|invoke|inv) ([^#]* )?publish([] \"',;&]|$)"

#: The exit code of ``git grep`` that found nothing.
_NOTHING = 1


def publishing(git: Git, commit: str) -> Sequence[str]:
    """Return the paths of a commit's workflows that run the task ``publish``, relative to the repository."""
    words = ["grep", "--no-color", "--full-name", "-l", "-E", "-e", _PUBLISHES, commit, "--", *_PLACES]
    try:
        found = git.ask(*words)
    except CommandFailed as error:
        if error.code == _NOTHING:
            return []
        raise
    return [line.removeprefix(f"{commit}:") for line in found.splitlines()]
