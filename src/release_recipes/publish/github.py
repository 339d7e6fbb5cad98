"""Make the GitHub release with ``gh``: a draft, then its assets, then public.

An immutable release locks tag and assets when it is published, so nothing is added afterwards. Where there is no
GitHub or nobody is signed in, it is left out, with the command that makes up for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from release_recipes import events
from release_recipes.errors import CommandFailed, ProgramMissing, Unfinished
from release_recipes.programs import gh
from release_recipes.programs.run import shown
from release_recipes.publish.step import Done, Step, World

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from release_recipes.plan import Plan
    from release_recipes.state import Record

#: How many characters GitHub takes as notes.
LONGEST_NOTES = 125_000


def _describe(plan: Plan) -> list[str]:
    if not (plan.settings.github_release and plan.settings.auto_git_tag):
        return []
    return [
        f"gh release create {plan.tag} --title {f'Release {plan.version}'!r} dist/* (where the remote is on GitHub)"
    ]


def notes(record: Record, repository: gh.GitHubRepository) -> str:
    """Return what stands before GitHub's generated notes: how to install it, and where the changelog is."""
    changelog = f"{repository.web_address}/blob/{record.tag}/CHANGELOG.md"
    return f"```\npip install {record.project}=={record.version}\n```\n\n[Changelog]({changelog})\n"


def create_words(record: Record, repository: gh.GitHubRepository) -> list[str]:
    """Return the words with which ``gh`` makes the draft."""
    words = ["release", "create", record.tag, "--repo", str(repository), "--draft", "--verify-tag", "--generate-notes"]
    pre = ["--prerelease"] * record.is_prerelease
    return [*words, *pre, "--title", f"Release {record.version}", "--notes-file", "-"]


def _converge(world: World) -> Done:
    record, cwd = world.record, world.git.path
    if not (record.github_release and record.pushes_tag):
        return Done(state="left out", note="by the settings")
    repository = gh.parse_address(record.remote_address)
    if repository is None or not (gh.looks_like_github(repository) or gh.signed_in(repository, cwd)):
        return Done(state="left out", note="the remote is not on GitHub")
    if not gh.signed_in(repository, cwd):
        by_hand = ["gh", "release", "create", record.tag, "--repo", str(repository), "--verify-tag", "--generate-notes"]
        events.emit(events.Told(f"The GitHub release was left out; to make it: {shown(by_hand)}"))
        return Done(state="left out", note="gh is not there or not signed in")
    try:
        return _release(world, repository)
    except (CommandFailed, ProgramMissing) as error:
        message = f"The release is uploaded and pushed, but GitHub's is not made: {error.message}"
        raise Unfinished(message, "Try again with: invoke resume") from error


def _release(world: World, repository: gh.GitHubRepository) -> Done:
    """Bring the GitHub release to its end from wherever it is."""
    record, cwd = world.record, world.git.path
    there = _there(record, repository, cwd)
    if there is not None and not there["draft"]:
        missing = _missing_assets(record, there)
        if missing and there.get("immutable"):
            events.emit(events.Told(f"GitHub's release {record.tag} is immutable and lacks {', '.join(missing)}."))
        elif missing:
            _upload(world, repository, missing)
        return Done(state="done" if missing else "already done", note=there["html_url"])
    if there is None:
        gh.does(create_words(record, repository), cwd, feed=notes(record, repository)[:LONGEST_NOTES])
        there = _there(record, repository, cwd)
    if there is not None and (missing := _missing_assets(record, there)):
        _upload(world, repository, missing)
    gh.does(["release", "edit", record.tag, "--repo", str(repository), "--draft=false"], cwd)
    there = _there(record, repository, cwd)
    if there is None or there["draft"] or _missing_assets(record, there):
        message = f"GitHub's release {record.tag} is not whole after it was made."
        raise Unfinished(message, "Try again with: invoke resume")
    return Done(note=there["html_url"])


def _there(record: Record, repository: gh.GitHubRepository, cwd: Path) -> dict[str, Any] | None:
    """Return the release of our tag: the public one, else a draft; a killed gh leaves drafts, and the newest is taken."""
    releases = [release for release in gh.api(repository, "releases", cwd) if release["tag_name"] == record.tag]
    return min(releases, key=lambda release: (release["draft"], -release["id"]), default=None)


def _missing_assets(record: Record, release: dict[str, Any]) -> list[str]:
    """Return the distributions that the release does not have, or has broken (an upload that was cut off)."""
    intact = {a["name"]: a.get("digest") for a in release["assets"] if a["state"] == "uploaded"}
    return [
        artifact.filename
        for artifact in record.artifacts
        if artifact.filename not in intact
        or (intact[artifact.filename] or f"sha256:{artifact.sha256}") != f"sha256:{artifact.sha256}"
    ]


def _upload(world: World, repository: gh.GitHubRepository, names: Sequence[str]) -> None:
    files = [str(world.dist / name) for name in names]
    words = ["release", "upload", world.record.tag, "--repo", str(repository), "--clobber", *files]
    gh.does(words, world.git.path)


STEP = Step("github", _describe, _converge)
