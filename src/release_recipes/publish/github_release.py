"""One release on GitHub, completed from any state: a draft, then its assets, then public.

An immutable release locks tag and assets when it is published, so nothing is added afterwards. Our drafts have a mark:
the draft of a killed run is completed, a second draft is removed, and a user's own draft is left unchanged. A laptop
and CI may do this for the same tag at once: what the other one did is found, and the rest is done.
"""

import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from release_recipes import events
from release_recipes.errors import CommandFailed, Unfinished
from release_recipes.programs import gh
from release_recipes.programs.github_answer import GitHubFailed
from release_recipes.publish.github_notes import comparison, is_latest, mark, notes
from release_recipes.publish.step import Done, World
from release_recipes.state.record import Artifact

#: The number of releases that GitHub lists at once.
_PAGE = 100

#: Seconds for which another run may be uploading an asset that is not complete; then its upload broke.
_UPLOADING = 60.0


class Uploading(Exception):
    """Another run seems to be uploading an asset."""

    def __init__(self, name: str, seconds: float) -> None:
        """Say which, and the seconds after which it is taken for broken."""
        super().__init__(f"Another run is uploading {name} to the GitHub release")
        self.seconds = seconds


class GitHubRelease:
    """The release of a record, and the others with its tag."""

    def __init__(self, world: World, repository: gh.GitHubRepository) -> None:
        """Take the repository in which it is made."""
        self._world, self._record, self._repository = world, world.record, repository
        #: The assets that this run has sent.
        self._sent: set[str] = set()
        #: The sha256 of fetched assets, by their ids.
        self._fetched: dict[int, str] = {}

    def release(self) -> Done:
        """Complete the public release; otherwise complete our draft, or a new one, and publish it."""
        releases = self._of_our_tag()
        public = next((release for release in releases if not release["draft"]), None)
        # The oldest is kept, so that two runs keep the same one.
        ours = sorted(filter(self._is_our_draft, releases), key=lambda release: release["id"])
        self._delete(ours if public else ours[1:])
        if public:
            return self._complete(public)
        for draft in releases:
            if draft not in ours:
                line = f"GitHub has another draft of {self._record.tag}, which is left unchanged:"
                events.tell(f"{line} {draft['html_url']}")
        draft = ours[0] if ours else self._create()
        self._upload(draft, self._lacks(draft))
        # An immutable release cannot be changed once it is public.
        whole = self._api(f"releases/{draft['id']}")
        if self._lacks(whole):
            message = f"The draft of {self._record.tag} on GitHub is incomplete after its assets were uploaded."
            raise Unfinished(message, f"Wait some minutes, then {self._world.how_to_finish()}")
        published = {"draft": False, "make_latest": str(is_latest(self._world)).lower()}
        return self._seen(self._api(f"releases/{draft['id']}", method="PATCH", fields=published))

    def withdraw(self) -> None:
        """Remove our drafts, if GitHub allows it, so that they do not remain beside a release that is made by hand."""
        with contextlib.suppress(CommandFailed):
            self._delete([release for release in self._of_our_tag() if self._is_our_draft(release)])

    def _delete(self, releases: Sequence[dict[str, Any]]) -> None:
        for release in releases:
            self._api(f"releases/{release['id']}", method="DELETE")

    def _is_our_draft(self, release: dict[str, Any]) -> bool:
        return bool(release["draft"] and mark(self._record) in (release["body"] or ""))

    def _of_our_tag(self) -> list[dict[str, Any]]:
        """Return the releases with our tag, including drafts, among the newest 100; and the public one."""
        releases = self._api(f"releases?per_page={_PAGE}")
        found = [release for release in releases if release["tag_name"] == self._record.tag]
        if len(releases) == _PAGE and all(release["draft"] for release in found):
            try:
                found.append(self._api(f"releases/tags/{quote(self._record.tag, safe='')}"))
            except GitHubFailed as error:
                if error.status != HTTPStatus.NOT_FOUND:
                    raise
        return found

    def _create(self) -> dict[str, Any]:
        record = self._record
        fields = {
            "tag_name": record.tag,
            "name": record.title,
            "body": notes(self._world, self._repository),
            "draft": True,
            "prerelease": record.is_prerelease,
        }
        made: dict[str, Any]
        if record.changes:
            said = f"{record.changes}\n\n{comparison(self._world, self._repository)}"
            fields["body"] = notes(self._world, self._repository, said)
        try:
            own = {} if record.changes else {"generate_release_notes": True}
            made = self._api("releases", method="POST", fields={**fields, **own})
        except GitHubFailed as error:
            if not error.says("body is too long"):
                raise
            events.tell("The notes are too long for a GitHub release; a link to the changes is there.")
            fields["body"] = notes(self._world, self._repository, comparison(self._world, self._repository))
            made = self._api("releases", method="POST", fields=fields)
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
                    self._clear(asset)
            file = self._world.dist / artifact.filename
            if not file.is_file() or Artifact.of(file).sha256 != artifact.sha256:
                message = f"{file} is not the file that was published (sha256 {artifact.sha256})."
                raise Unfinished(message, f"Restore the right file, then {self._world.how_to_finish()}")
            self._sent.add(artifact.filename)
            self._api(f"{to}?name={quote(artifact.filename)}", method="POST", file=file)

    def _clear(self, asset: dict[str, Any]) -> None:
        """Delete what is in the place of an asset, unless another run may be uploading it."""
        began = asset.get("created_at")
        if asset["state"] != "uploaded" and asset["name"] not in self._sent and began:
            age = (datetime.now(UTC) - datetime.fromisoformat(began)).total_seconds()
            if abs(age) < _UPLOADING:  # not if a clock is wrong
                raise Uploading(asset["name"], _UPLOADING - max(age, 0.0))
        self._api(f"releases/assets/{asset['id']}", method="DELETE")

    def _seen(self, release: dict[str, Any]) -> Done:
        """Check that the published release is complete."""
        if release["draft"] or self._lacks(release):
            message = f"The GitHub release {self._record.tag} is incomplete after it was published."
            raise Unfinished(message, f"Wait some minutes, then {self._world.how_to_finish()}")
        return Done(note=release["html_url"])

    def _lacks(self, release: dict[str, Any]) -> list[Artifact]:
        """Return the distributions that are missing in a release, or broken (after an interrupted upload)."""
        assets = {asset["name"]: asset for asset in release["assets"] if asset["state"] == "uploaded"}
        return [a for a in self._record.artifacts if not self._is(assets.get(a.filename), a)]

    def _is(self, asset: dict[str, Any] | None, artifact: Artifact) -> bool:
        """Return whether an asset is a distribution; without a digest (older GitHub Enterprise), it is fetched."""
        if asset is None:
            return False
        number, digest = asset["id"], asset.get("digest")
        if not digest and number not in self._fetched:
            self._fetched[number] = gh.sha256_of(self._repository, number, self._world.git.path)
        return bool((digest or f"sha256:{self._fetched[number]}") == f"sha256:{artifact.sha256}")

    def _warn(self, message: str, page: str) -> None:
        events.warn(message, f"It is left unchanged: {page}", "github")

    def _api(self, endpoint: str, **words: Any) -> Any:  # noqa: ANN401 - as gh.api
        return gh.api(self._repository, endpoint, self._world.git.path, **words)


def _is_whole(asset: dict[str, Any], name: str) -> bool:
    return bool(asset["name"] == name and asset["state"] == "uploaded")
