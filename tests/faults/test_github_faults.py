"""Whatever GitHub does wrong, files and tag are public, and there is one whole release or a line that says how."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from faults.row import Row, rows, show
from faults.scene import SDIST, WHEEL, Breaks, Scene
from support.github import Request


@dataclass(frozen=True)
class GitHubRow(Row):
    """A row whose scene has a GitHub, too."""

    #: What is there at the end, in the order in which it was made: (draft, title, names of assets).
    releases: tuple[tuple[object, ...], ...] = ((False, "Release 1.3.0", (WHEEL, SDIST)),)
    #: Names of assets that hold other content than the index.
    differ: tuple[str, ...] = ()


MADE = GitHubRow.releases
NOTHING: tuple[tuple[object, ...], ...] = ()


def github(method: str, path: str, **words: Any) -> Breaks:  # noqa: ANN401 - the words of FakeGitHub.fail
    """Break a request to GitHub: the next one, unless words say how many."""
    return lambda scene: scene.github.fail(method, path, **words)


def always(method: str, path: str, **words: Any) -> Breaks:  # noqa: ANN401 - the words of FakeGitHub.fail
    """Break every such request until it is mended."""
    return github(method, path, times=1000, **words)


def mended(scene: Scene) -> None:
    """Let GitHub be well again."""
    scene.github.mend()


def signed_out(scene: Scene) -> None:
    """Sign out."""
    scene.env.pop("GH_TOKEN")
    scene.env |= scene.github.environment("no")


def revoked(scene: Scene) -> None:
    """Renew the token elsewhere, so that ours is known no more."""
    scene.github.token += "-renewed"


def there(*, immutable: bool = False, assets: dict[str, bytes] | None = None, **words: Any) -> Breaks:  # noqa: ANN401
    """Let somebody have made a release of the tag before."""

    def do(scene: Scene) -> None:
        made = scene.github.add_release("v1.3.0", title="By hand", immutable=immutable, **words)
        for name, content in (assets or {}).items():
            scene.github.add_asset(made, name, content)

    return do


def whole_by_hand(scene: Scene) -> None:
    """Let CI make the release, with all assets, just before we do."""
    made = scene.github.add_release("v1.3.0", title="By CI")
    original = scene.github.answer

    def answer(request: Request) -> tuple[int, object]:
        for path in sorted(scene.index.folder.iterdir(), key=lambda path: path.name.endswith(".gz")):
            if path.name not in made.assets:
                scene.github.add_asset(made, path.name, path.read_bytes())
        return original(request)

    scene.github.answer = answer  # type: ignore[method-assign]


def disturbed(scene: Scene) -> None:
    """Let somebody replace an asset of our draft before it is read for the last time."""
    original = scene.github.answer

    def answer(request: Request) -> tuple[int, object]:
        if request.method == "GET" and re.fullmatch(r".*/releases/\d+", request.path):
            scene.github.add_asset(scene.github.release("v1.3.0"), SDIST, b"of somebody else")
            scene.github.answer = original  # type: ignore[method-assign]
        return original(request)

    scene.github.answer = answer  # type: ignore[method-assign]


def recorded_wheel(scene: Scene) -> Path:
    """Return the wheel that is kept beside the record."""
    return scene.repository.path / ".git" / "release-recipes" / "demo-package-1.3.0" / "dist" / WHEEL


def wheel_changed(scene: Scene) -> None:
    """Have the wheel changed on disk once it is on the index."""
    scene.step_in("github", f"echo changed >> '{recorded_wheel(scene)}'")


def wheel_again(scene: Scene) -> None:
    """Put the wheel back."""
    recorded_wheel(scene).write_bytes((scene.index.folder / WHEEL).read_bytes())


def draft_twice(scene: Scene) -> None:
    """Let a second draft of ours be there, as a create whose answer was lost leaves it."""
    scene.github.mend()
    ours = scene.github.release("v1.3.0")
    scene.github.add_release("v1.3.0", title=ours.title, body=ours.body, draft=True)


def public_meanwhile(scene: Scene) -> None:
    """Let somebody publish a release by hand, while a draft of ours is left over."""
    scene.github.mend()
    scene.github.add_release("v1.3.0", title="By hand")


def immutable_releases(scene: Scene) -> None:
    """Lock releases as they are published."""
    scene.github.immutable_releases = True


def burned(scene: Scene) -> None:
    """Let the tag have belonged to an immutable release that was deleted."""
    scene.github.burned_tags.add("v1.3.0")


def raced(scene: Scene) -> None:
    """Let CI send the wheel into our draft just before we do."""
    original = scene.github.answer

    def answer(request: Request) -> tuple[int, object]:
        if request.method == "POST" and request.path.endswith("/assets"):
            scene.github.answer = original  # type: ignore[method-assign]
            scene.github.add_asset(scene.github.release("v1.3.0"), WHEEL, (scene.index.folder / WHEEL).read_bytes())
        return original(request)

    scene.github.answer = answer  # type: ignore[method-assign]


def without_digests(scene: Scene) -> None:
    """Be an older GitHub Enterprise."""
    scene.github.digests = False


def without_digests_and_another_wheel(scene: Scene) -> None:
    """Be an older GitHub Enterprise, on which somebody has made the release with another wheel."""
    without_digests(scene)
    there(assets={WHEEL: b"of CI"})(scene)


def limit(seconds: int, **words: Any) -> Breaks:  # noqa: ANN401 - the words of FakeGitHub.fail
    """Have GitHub limit the rate in its own words."""
    said = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    return github("POST", RELEASES, status=403, message=said, headers={"Retry-After": str(seconds)}, **words)


LEFT_OUT = "The GitHub release was left out: "
LATER = "run: release-recipes publish --tag v1.3.0 --only github\n"
NOT_MADE = "The release is uploaded and pushed, but the GitHub release failed:"
RELEASES, ONE, ASSETS = "/releases", "/releases/*", "/assets"

GITHUB = rows(
    GitHubRow("gh: absent", Scene.without_gh, "left out",
        f"{LEFT_OUT}gh is not installed. Install it from https://cli.github.com and sign in (gh auth login --hostname "
        f"github.localhost), then {LATER}", releases=NOTHING),
    GitHubRow("gh: not on PATH, but beside Python", Scene.gh_beside_python, "made", "released"),
    GitHubRow("gh: signed out", signed_out, "left out",
        f"{LEFT_OUT}gh is not signed in. Sign in (gh auth login --hostname github.localhost), or set GH_TOKEN, then "
        f"{LATER}", releases=NOTHING),
    GitHubRow("gh: token expired", revoked, "left out",
        f"{LEFT_OUT}gh's token is not valid. Set GH_TOKEN to a valid token, or unset it and sign in again (gh auth "
        f"login --hostname github.localhost), then {LATER}", releases=NOTHING),
    GitHubRow("gh: secondary rate limit", limit(1), "waited, made", "again in 1.0 s"),
    GitHubRow("gh: secondary rate limit, for too long", limit(600, times=9), "uploaded and pushed",
        "Wait 600 seconds, then run: release-recipes resume", 3, mends=mended),
    GitHubRow("gh: primary rate limit, for too long", github("GET", RELEASES, status=403, times=9,
        message="API rate limit exceeded for user ID 1.", headers={"X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": "32503680000"}), "uploaded and pushed", "seconds, then run: release-recipes resume", 3,
        mends=mended),
    GitHubRow("gh: 502 on list", github("GET", RELEASES), "asked again", "HTTP 502); trying again in"),
    GitHubRow("gh: 502 on list, for ever", always("GET", RELEASES), "uploaded and pushed", NOT_MADE, 3, mends=mended),
    GitHubRow("gh: list breaks off", github("GET", RELEASES, status=None), "asked again", "again in"),
    GitHubRow("gh: 502 on create", github("POST", RELEASES), "made again", "HTTP 502); trying again in"),
    GitHubRow("gh: 502 on create, for ever", always("POST", RELEASES), "uploaded and pushed", NOT_MADE, 3,
        mends=mended),
    GitHubRow("gh: 502 on create, yet made", github("POST", RELEASES, done=True), "found, filled, published",
        "HTTP 502); trying again in"),
    GitHubRow("gh: 403 on create", always("POST", RELEASES, status=403, message="Resource not accessible"), "left out",
        f"{LEFT_OUT}GitHub refused it. To create it later, {LATER}", releases=NOTHING, mends=mended),
    GitHubRow("gh: asset exists already", raced, "found, the rest sent",
        "ReleaseAsset name already_exists (HTTP 422); trying"),
    GitHubRow("gh: no digests", without_digests, "fetched and hashed", "released"),
    GitHubRow("gh: no digests, another wheel", without_digests_and_another_wheel, "sdist added",
        f"The GitHub release has different content for {WHEEL}.", differ=(WHEEL,),
        releases=((False, "By hand", (WHEEL, SDIST)),)),
    GitHubRow("gh: asset upload breaks off", github("POST", ASSETS, status=None), "sent again", "again in"),
    GitHubRow("gh: asset upload leaves a broken asset", github("POST", ASSETS, starter=True), "replaced",
        "HTTP 502); trying again in"),
    GitHubRow("gh: asset stored, answer lost", github("POST", ASSETS, done=True), "found",
        "HTTP 502); trying again in"),
    GitHubRow("gh: asset upload breaks for ever", always("POST", ASSETS, status=500), "a draft is left", NOT_MADE, 3,
        mends=mended),
    GitHubRow("gh: draft left over with a broken asset", always("POST", ASSETS, starter=True),
        "a draft is left", NOT_MADE, 3, mends=mended),
    GitHubRow("gh: 502 on the last look", github("GET", ONE), "looked again", "HTTP 502); trying again in"),
    GitHubRow("gh: an asset is replaced before the last look", disturbed, "a draft is left",
        "The draft of v1.3.0 on GitHub is incomplete after its assets were uploaded.", 3),
    GitHubRow("gh: a wheel is changed before it is sent", wheel_changed, "a draft is left",
        "is not the file that was published", 3, mends=wheel_again),
    GitHubRow("gh: 502 on publish", github("PATCH", ONE), "published again", "HTTP 502); trying again in"),
    GitHubRow("gh: published, answer lost", github("PATCH", ONE, done=True), "found", "HTTP 502); trying again in"),
    GitHubRow("gh: 502 on publish, for ever", always("PATCH", ONE), "a draft is left", NOT_MADE, 3, mends=mended),
    GitHubRow("gh: two drafts of ours", always("PATCH", ONE), "a draft is left", NOT_MADE, 3, mends=draft_twice),
    GitHubRow("gh: draft of ours beside a public release", always("PATCH", ONE), "a draft is left", NOT_MADE, 3,
        mends=public_meanwhile, releases=((False, "By hand", (WHEEL, SDIST)),)),
    GitHubRow("gh: a person's draft", there(draft=True), "left alone", "another draft of v1.3.0",
        releases=((True, "By hand", ()), *MADE)),
    GitHubRow("gh: release exists, empty", there(), "completed", "released",
        releases=((False, "By hand", (WHEEL, SDIST)),)),
    GitHubRow("gh: release exists, whole", whole_by_hand, "already done", "already done",
        releases=((False, "By CI", (WHEEL, SDIST)),)),
    GitHubRow("gh: release exists, with another wheel", there(assets={WHEEL: b"of CI"}), "sdist added",
        f"The GitHub release has different content for {WHEEL}.", differ=(WHEEL,),
        releases=((False, "By hand", (WHEEL, SDIST)),)),
    GitHubRow("gh: immutable releases", immutable_releases, "made in one go", "released"),
    GitHubRow("gh: release exists, immutable and empty", there(immutable=True), "left alone",
        f"The GitHub release is immutable, and does not have {WHEEL}, {SDIST}.", releases=((False, "By hand", ()),)),
    GitHubRow("gh: tag burned by an immutable release", burned, "draft withdrawn, left out",
        "GitHub makes no release of v1.3.0: the tag was used by an immutable release that was deleted.",
        releases=NOTHING),
)  # fmt: skip


@pytest.fixture
def on_github(scene: Scene) -> Scene:
    """Put the remote on a GitHub."""
    scene.with_github()
    return scene


@GITHUB
def test_github(row: GitHubRow, on_github: Scene, record_property: Callable[[str, object], None]) -> None:
    """A fault of GitHub comes to the outcome, the words, the exit code and the end of its row."""
    show(row, on_github, record_property)
    releases = on_github.github.releases
    assert tuple((one.draft, one.title, tuple(one.assets)) for one in releases) == row.releases
    files = on_github.index.files()
    differ = {name for one in releases for name, digest in one.digests.items() if digest != files[name]}
    assert differ == set(row.differ)
    said = "".join(on_github.said)
    assert on_github.github.token not in said
    assert ("gh is not installed" in said) == (row.name == "gh: absent")
