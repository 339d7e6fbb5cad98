"""Make the GitHub release with ``gh``: a draft, then its assets, then public.

An immutable release locks tag and assets when it is published, so nothing is added afterwards. Our drafts have a mark:
the draft of a killed run is completed, a second draft is removed, and a user's own draft is left unchanged.

Without GitHub, ``gh`` or a login, or if GitHub refuses the release, it is left out, and the command to create it is
shown: files and tag are public, and another run would have the same result.
"""

import contextlib
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from release_recipes import events
from release_recipes.errors import CommandFailed, ProgramMissing, Unfinished, typed
from release_recipes.findings import warning
from release_recipes.index.retry import attempts
from release_recipes.processes.environment import shown
from release_recipes.programs import gh
from release_recipes.publish.step import Done, Step, World
from release_recipes.state.record import Artifact, Record


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
    github = _GitHub(world, repository)
    try:
        for attempt in attempts(world.patience.github, _goes_on):
            with attempt:
                return github.release()
    except ProgramMissing:
        return _left_out_by(record, repository, "gh is not installed")
    except gh.GitHubFailed as error:
        if error.unauthorised:
            return _left_out_by(record, repository, "gh is not signed in")
        if not error.is_transient:
            github.withdraw()
            message = f"GitHub refused the release: {error.message}"
            events.emit(events.Warned(warning(message, "The files and the tag are published.", "github")))
            return _left_out_by(record, repository, "GitHub refused it")
        raise _unfinished(error) from error
    except CommandFailed as error:
        raise _unfinished(error) from error
    raise AssertionError(repository)  # the loop above returns or raises


def _goes_on(failure: Exception) -> bool:
    return isinstance(failure, gh.GitHubFailed) and failure.is_transient


def _unfinished(error: CommandFailed) -> Unfinished:
    message = f"The release is uploaded and pushed, but the GitHub release failed: {error.message}"
    return Unfinished(message, f"Try again later: {typed('resume')}")


def _left_out_by(record: Record, repository: gh.GitHubRepository, why: str) -> Done:
    words = ["gh", "release", "create", record.tag, "--repo", str(repository), "--verify-tag", "--generate-notes"]
    words += ["--prerelease"] * record.is_prerelease
    by_hand = shown([*words, "--title", record.title])
    events.emit(events.Told(f"The GitHub release was left out. To create it: {by_hand}"))
    return Done(state="left out", note=why)


def notes(record: Record, repository: gh.GitHubRepository) -> str:
    """Return the text before GitHub's generated notes: how to install it, the changelog, and our mark."""
    changelog = f"{repository.web_address}/blob/{PurePosixPath(record.tag, record.folder, 'CHANGELOG.md')}"
    return f"```\npip install {record.project}=={record.version}\n```\n\n[Changelog]({changelog})\n\n{_mark(record)}\n"


def _mark(record: Record) -> str:
    """Return the mark, a comment, by which a draft of this release is recognised."""
    return f"<!-- release-recipes {record.tag_object} -->"


class _GitHub:
    """The releases of a repository, which are completed from any state."""

    def __init__(self, world: World, repository: gh.GitHubRepository) -> None:
        self._world, self._record, self._repository = world, world.record, repository

    def release(self) -> Done:
        """Complete the public release; otherwise complete our draft, or a new one, and publish it."""
        releases = self._of_our_tag()
        public = next((release for release in releases if not release["draft"]), None)
        ours = [release for release in releases if self._is_our_draft(release)]
        self._delete(ours if public else ours[1:])
        if public:
            return self._complete(public)
        for draft in releases:
            if draft not in ours:
                line = f"GitHub has another draft of {self._record.tag}, which is left unchanged:"
                events.emit(events.Told(f"{line} {draft['html_url']}"))
        draft = ours[0] if ours else self._create()
        self._upload(draft, self._lacks(draft))
        # An immutable release cannot be changed once it is public.
        whole = self._api(f"releases/{draft['id']}")
        if self._lacks(whole):
            message = f"The draft of {self._record.tag} on GitHub is incomplete after its assets were uploaded."
            raise Unfinished(message, f"Try again later: {typed('resume')}")
        return self._seen(self._api(f"releases/{draft['id']}", method="PATCH", fields={"draft": False}))

    def withdraw(self) -> None:
        """Remove our drafts, if GitHub allows it, so that they do not remain beside a release that is made by hand."""
        with contextlib.suppress(CommandFailed):
            self._delete([release for release in self._of_our_tag() if self._is_our_draft(release)])

    def _delete(self, releases: Sequence[dict[str, Any]]) -> None:
        for release in releases:
            self._api(f"releases/{release['id']}", method="DELETE")

    def _is_our_draft(self, release: dict[str, Any]) -> bool:
        return bool(release["draft"] and _mark(self._record) in (release["body"] or ""))

    def _of_our_tag(self) -> list[dict[str, Any]]:
        """Return the releases with our tag, including drafts, among the newest 100."""
        releases = self._api("releases?per_page=100")
        return [release for release in releases if release["tag_name"] == self._record.tag]

    def _create(self) -> dict[str, Any]:
        record = self._record
        made: dict[str, Any] = self._api(
            "releases",
            method="POST",
            fields={
                "tag_name": record.tag,
                "name": record.title,
                "body": notes(record, self._repository),
                "draft": True,
                "prerelease": record.is_prerelease,
                "generate_release_notes": True,
            },
        )
        return made

    def _complete(self, public: dict[str, Any]) -> Done:
        """Add missing assets to a public release; existing assets are never replaced."""
        missing = self._lacks(public)
        other = [a.filename for a in missing if any(_is_whole(asset, a.filename) for asset in public["assets"])]
        missing = [artifact for artifact in missing if artifact.filename not in other]
        page = str(public["html_url"])
        if other:
            self._warn(f"The GitHub release has different content for {', '.join(other)}.", page)
        if missing and public.get("immutable"):
            self._warn(
                f"The GitHub release is immutable, and does not have {', '.join(a.filename for a in missing)}.", page
            )
            missing = []
        self._upload(public, missing)
        return Done(note=page) if missing else Done(note=page, state="already done")

    def _upload(self, release: dict[str, Any], missing: Sequence[Artifact]) -> None:
        """Upload assets, after deleting what a broken upload left under their names."""
        to = release["upload_url"].partition("{")[0]
        for number, artifact in enumerate(missing):
            events.emit(events.Progress("github", number, len(missing)))
            for asset in release["assets"]:
                if asset["name"] == artifact.filename:
                    self._api(f"releases/assets/{asset['id']}", method="DELETE")
            file = self._world.dist / artifact.filename
            if not file.is_file() or Artifact.of(file) != artifact:
                message = f"{file} is not the file that was published (sha256 {artifact.sha256})."
                raise Unfinished(message, f"Restore the right file, then run: {typed('resume')}")
            self._api(f"{to}?name={quote(artifact.filename)}", method="POST", file=file)

    def _seen(self, release: dict[str, Any]) -> Done:
        """Check that the published release is complete."""
        if release["draft"] or self._lacks(release):
            message = f"The GitHub release {self._record.tag} is incomplete after it was published."
            raise Unfinished(message, f"Try again later: {typed('resume')}")
        return Done(note=release["html_url"])

    def _lacks(self, release: dict[str, Any]) -> list[Artifact]:
        """Return the distributions that are missing in a release, or broken (after an interrupted upload)."""
        assets = {asset["name"]: asset for asset in release["assets"] if asset["state"] == "uploaded"}
        return [a for a in self._record.artifacts if not _is(assets.get(a.filename), a)]

    def _warn(self, message: str, page: str) -> None:
        events.emit(events.Warned(warning(message, f"It is left unchanged: {page}", "github")))

    def _api(self, endpoint: str, **words: Any) -> Any:  # noqa: ANN401 - as gh.api
        return gh.api(self._repository, endpoint, self._world.git.path, **words)


def _is(asset: dict[str, Any] | None, artifact: Artifact) -> bool:
    """Return whether an asset is a distribution: by its digest, or by its size if GitHub has no digest."""
    if asset is None:
        return False
    digest = asset.get("digest")
    return bool(digest == f"sha256:{artifact.sha256}" if digest else asset["size"] == artifact.size)


def _is_whole(asset: dict[str, Any], name: str) -> bool:
    return bool(asset["name"] == name and asset["state"] == "uploaded")


STEP = Step("github", _left_out, _describe, _converge)
