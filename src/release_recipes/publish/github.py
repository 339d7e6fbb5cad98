"""Make the GitHub release with ``gh``: a draft, then its assets, then public.

Without GitHub, ``gh`` or a login, or if GitHub refuses the release, it is left out, and the command to create it is
shown: files and tag are public, and another run would have the same result.
"""

import shlex
from dataclasses import replace
from http import HTTPStatus

from release_recipes import events
from release_recipes.errors import REPEATED, CommandFailed, ProgramMissing, Unfinished, typed
from release_recipes.index.retry import retried
from release_recipes.programs import gh
from release_recipes.programs.github_answer import GitHubFailed
from release_recipes.publish.github_release import GitHubRelease, Uploading
from release_recipes.publish.step import Done, Step, World
from release_recipes.state.record import Record


def _left_out(record: Record) -> str:
    if not record.github_release:
        return "by the setting github_release"
    if not record.pushes_tag:
        return "by the setting auto_git_tag"
    return ""


def _describe(record: Record) -> list[str]:
    where = "if the remote is on GitHub and gh is signed in"
    return [f"create the GitHub release of {record.tag} with gh, {where}: a draft, its assets, then publish it"]


def _converge(world: World) -> Done:
    record, cwd = world.record, world.git.path
    repository = gh.find(world.git.addresses(record.remote))
    if repository is None or not gh.is_github(repository, cwd):
        return Done(state="left out", note="the remote is not on GitHub")
    github, sign_in = GitHubRelease(world, repository), f"gh auth login --hostname {repository.host}"
    try:
        return retried(world.patience.github, _goes_on, github.release)
    except ProgramMissing:
        install = f"Install it from https://cli.github.com and sign in ({sign_in})"
        return _left_out_by(record, "gh is not installed", install)
    except GitHubFailed as error:
        if error.signed_out:
            return _left_out_by(record, "gh is not signed in", f"Sign in ({sign_in}), or set GH_TOKEN")
        if error.status == HTTPStatus.UNAUTHORIZED:
            renew = f"Set GH_TOKEN to a valid token, or unset it and sign in again ({sign_in})"
            return _left_out_by(record, "gh's token is not valid", renew)
        if error.is_transient or error.is_overtaken:
            raise _unfinished(world, error.message, error.wait) from error
        github.withdraw()
        return _refused(record, error)
    except Uploading as error:
        raise _unfinished(world, f"{error}.", error.seconds) from error
    except CommandFailed as error:
        raise _unfinished(world, error.message) from error


def _goes_on(failure: Exception) -> bool | float:
    """Return whether to try again, or the seconds to wait before that."""
    if isinstance(failure, Uploading):
        return failure.seconds
    if not isinstance(failure, GitHubFailed):
        return False
    return failure.wait or failure.is_transient or failure.is_overtaken


def _unfinished(world: World, why: str, wait: float | None = None) -> Unfinished:
    until = f"Wait {wait:.0f} seconds" if wait else "Wait some minutes"
    message = f"The release is uploaded and pushed, but the GitHub release failed: {why}"
    return Unfinished(message, f"{until}, then {world.how_to_finish()}")


def _refused(record: Record, error: GitHubFailed) -> Done:
    """Tell why GitHub refuses the release for good; the files and the tag stay public."""
    if error.says("was used by an immutable release"):
        message = f"GitHub makes no release of {record.tag}: the tag was used by an immutable release that was deleted."
        hint = (
            "The files and the tag are public anyway. Release the next version, or set in [tool.release]: "
            "github_release = false"
        )
        events.warn(message, hint, "github")
        return Done(state="left out", note="its tag was used by an immutable release")
    hint = "The files and the tag are published."
    if error.status in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}:
        hint += " gh's token needs permission to write the contents of the repository."
    events.warn(f"GitHub refused the release: {error.message}", hint, "github")
    return _left_out_by(record, "GitHub refused it")


def _left_out_by(record: Record, why: str, first: str = "") -> Done:
    """Tell the command that makes the release later, and what to do before."""
    folder = [] if record.folder == "." or REPEATED else ["--project", record.folder]
    command = typed("publish", *map(shlex.quote, ("--tag", record.tag, "--only", "github", *folder)))
    how = f"{first}, then run" if first else "To create it later, run"
    events.tell(f"The GitHub release was left out: {why}. {how}: {command}")
    return Done(state="left out", note=why)


STEP = Step("github", _left_out, _describe, _converge)

#: The same in a rehearsal, which has no GitHub.
REHEARSED = replace(STEP, left_out=lambda record: _left_out(record) or "a rehearsal makes no GitHub release")
