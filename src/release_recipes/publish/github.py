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
    from collections.abc import Mapping, Sequence

    from release_recipes.plan import Plan
    from release_recipes.state import Record

#: How many characters GitHub takes as notes.
LONGEST_NOTES = 125_000


def _describe(plan: Plan) -> list[str]:
    if not (plan.settings.github_release and plan.settings.auto_git_tag):
        return []
    return [f"gh release create {plan.tag} --title {f'Release {plan.version}'!r} dist/* (where the remote is on GitHub)"]


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
    there = _view(record, repository, cwd)
    if there is None:
        gh.does(create_words(record, repository), cwd, feed=notes(record, repository)[:LONGEST_NOTES])
        there = _view(record, repository, cwd) or {}
    missing = _missing_assets(world, there.get("assets", ()))
    if not there.get("isDraft", True):
        if missing and not there.get("isImmutable"):
            _upload(world, repository, missing)
        return Done(state="already done" if not missing else "done", note=str(there.get("url", "")))
    if missing:
        _upload(world, repository, missing)
    gh.does(["release", "edit", record.tag, "--repo", str(repository), "--draft=false"], cwd)
    there = _view(record, repository, cwd) or {}
    if there.get("isDraft", True) or _missing_assets(world, there.get("assets", ())):
        message = "GitHub's release is not as it should be after it was made."
        raise Unfinished(message, "Try again with: invoke resume")
    return Done(note=str(there.get("url", "")))


def _view(record: Record, repository: gh.GitHubRepository, cwd: Any) -> Mapping[str, Any] | None:  # noqa: ANN401
    fields = "isDraft,isImmutable,assets,url,tagName"
    found = gh.ask(["release", "view", record.tag, "--repo", str(repository), "--json", fields], cwd)
    return None if found is None else dict(found)


def _missing_assets(world: World, assets: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the distributions that the release does not have, or has broken (an upload that was cut off)."""
    intact = {asset["name"] for asset in assets if asset.get("state", "uploaded") == "uploaded"}
    digests = {asset["name"]: asset["digest"] for asset in assets if asset.get("digest")}
    return [
        artifact.filename
        for artifact in world.record.artifacts
        if artifact.filename not in intact
        or digests.get(artifact.filename, f"sha256:{artifact.sha256}") != f"sha256:{artifact.sha256}"
    ]


def _upload(world: World, repository: gh.GitHubRepository, names: Sequence[str]) -> None:
    files = [str(world.dist / name) for name in names]
    words = ["release", "upload", world.record.tag, "--repo", str(repository), "--clobber", *files]
    gh.does(words, world.git.path)


STEP = Step("github", _describe, _converge)
