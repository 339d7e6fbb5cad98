"""Whatever a remote does wrong, a release comes right, and the commit of a published version is never on one laptop."""

import subprocess
from collections.abc import Callable
from typing import Literal

from faults.git_server import GitServer
from faults.row import Row, rows, show
from faults.scene import RELEASE, RELEASED, Breaks, Scene

PUSH_COLLEAGUE = "git commit --quiet --allow-empty -m 'feat: of a colleague' && git push --quiet origin HEAD:main"
PUSH_COLLEAGUE_ON_TOP = f"git pull --quiet --rebase origin main && {PUSH_COLLEAGUE}"

#: The same line as the release changes, so that no merge is free of conflicts.
PUSH_CONFLICT = (
    "sed -i s/1.2.3/1.2.4/ demo/__init__.py && git commit --quiet --all -m 'fix: of a colleague'"
    " && git push --quiet origin HEAD:main"
)
PUSH_TAG = "git tag --annotate v1.3.0 -m theirs && git push --quiet origin v1.3.0"

MERGED = RELEASED | {"remote main": "a merge of the release"}
#: The local branch stays with the remote's, which does not have the release commit.
ASIDE = RELEASED | {
    "remote": ["refs/heads/main", "refs/heads/release/v1.3.0", "refs/tags/v1.2.3", "refs/tags/v1.3.0"],
    "remote main": "a colleague's",
    "local main": "as it was",
}
PROTECTED = ASIDE | {"remote main": "as it was"}


def away(at: str) -> Breaks:
    """Have the remote vanish when a step begins."""
    return lambda scene: scene.step_in(at, f"mv '{scene.repository.remote}' '{scene.folder / 'away.git'}'")


def back(scene: Scene) -> None:
    """Bring the remote back."""
    (scene.folder / "away.git").rename(scene.repository.remote)


def colleague(at: str, command: str) -> Breaks:
    """Have a colleague do something when a step begins."""
    return lambda scene: scene.step_in(at, scene.colleague(command))


def pull(scene: Scene) -> None:
    """Bring the colleague's commit here."""
    scene.repository.git("pull", "--quiet", "--rebase", "origin", "main")
    scene.base = scene.repository.head


def delete_their_tag(scene: Scene) -> None:
    """Agree with the colleague that the tag was a mistake."""
    scene.repository.git("push", "--quiet", "origin", ":refs/tags/v1.3.0")


def pre_push_refuses(scene: Scene) -> None:
    """Refuse every push by a hook of the user's."""
    scene.git_script(scene.repository.path / ".git" / "hooks" / "pre-push", "echo 'not on a Friday' >&2", "exit 1")


def pre_push_content(scene: Scene) -> None:
    """Take the hook away."""
    (scene.repository.path / ".git" / "hooks" / "pre-push").unlink()


def server_refuses(pattern: str, words: str, *, kind: str = "update") -> Breaks:
    """Refuse the refs that match by a hook of the server's."""

    def do(scene: Scene) -> None:
        lines = [f'case "$1" in {pattern}) echo "{words}" >&2; exit 1;; esac']
        scene.git_script(scene.repository.remote / "hooks" / kind, *lines)

    return do


def server_content(scene: Scene) -> None:
    """Take the server's hook away."""
    (scene.repository.remote / "hooks" / "update").unlink()


def password_wanted(closed: Literal["all", "push"], user: str = "") -> Breaks:
    """Serve the remote where nobody has the password."""

    def do(scene: Scene) -> None:
        server = scene.closing.enter_context(GitServer(scene.repository.remote.parent, closed))
        address = server.address(scene.repository.remote).replace("//", f"//{user}", 1)
        scene.repository.git("remote", "set-url", "origin", address)

    return do


def password_known(scene: Scene) -> None:
    """Sign in: the remote is reached again."""
    scene.repository.git("remote", "set-url", "origin", str(scene.repository.remote))


def claimed_elsewhere(version: str) -> Breaks:
    """Let another machine claim a release of the project just before we do."""
    make = f"git tag --annotate v{version} -m 'demo-package {version}'"
    return colleague("claim", f"{make} && git push --quiet origin v{version}:refs/release-recipes/v{version}")


def claimed_at_once(version: str) -> Breaks:
    """Let another machine's claim reach the remote at the same time as ours, so that neither saw the other's."""

    def do(scene: Scene) -> None:
        make = f"git tag --annotate v{version} -m 'demo-package {version}'"
        command = scene.colleague(make, f"git push --quiet origin v{version}:refs/objects/theirs")
        subprocess.run(command, shell=True, check=True)  # noqa: S602
        lines = [
            "theirs=$(git rev-parse --quiet --verify refs/objects/theirs) || exit 0",
            f"git update-ref refs/release-recipes/v{version} $theirs && git update-ref -d refs/objects/theirs",
        ]
        scene.git_script(scene.repository.remote / "hooks" / "update", *lines)

    return do


def their_claim_ends(version: str) -> Breaks:
    """Let the other machine take its claim back."""

    def do(scene: Scene) -> None:
        (scene.repository.remote / "hooks" / "update").unlink(missing_ok=True)
        scene.repository.git("push", "--quiet", "origin", f":refs/release-recipes/v{version}")

    return do


def branch_removed(scene: Scene) -> None:
    """Have the branch removed on the remote between upload and push."""
    scene.step_in("push", f"git --git-dir='{scene.repository.remote}' update-ref -d refs/heads/main")


def branch_again(scene: Scene) -> None:
    """Let the branch be there again as it was."""
    scene.repository.git("push", "--quiet", "origin", f"{scene.base}:refs/heads/main")


def one_ref_a_push(scene: Scene) -> None:
    """Let the server know no atomic push."""
    scene.repository.git(f"--git-dir={scene.repository.remote}", "config", "receive.advertiseAtomic", "false")


GONE = "The remote 'origin' does not answer: fatal: "
MOVED = "Commits were pushed to origin/main after the checks."
CLAIMED = "Another machine has claimed a release of this project (refs/release-recipes/v{} on origin)."

GIT = rows(
    Row("git: remote down in the checks", away("check"), "refused", "does not appear to be a git repository", 1, 0,
        mends=back, then=RELEASE),
    Row("git: remote down at the claim", away("claim"), "nothing sent", GONE, 3, 0, mends=back),
    Row("git: remote down at the push", away("push"), "uploaded", GONE, 3, mends=back),
    Row("git: remote down at the local branch", away("update-branch"), "released",
        "Your local branch main was left unchanged. To add the release commit: git pull --rebase --tags origin main",
        mends=back, end=RELEASED | {"local main": "as it was"}, ends="released, the local branch is behind"),
    Row("git: branch moved before the claim", colleague("claim", PUSH_COLLEAGUE), "nothing sent", MOVED, 1, 0,
        mends=pull, then=RELEASE),
    Row("git: branch moved between upload and push", colleague("push", PUSH_COLLEAGUE), "merged", "released",
        end=MERGED, ends="released, merged"),
    Row("git: branch moved after the push", colleague("update-branch", PUSH_COLLEAGUE_ON_TOP), "released", "released",
        end=MERGED, ends="released, with a commit on top"),
    Row("git: branch rewound between upload and push", colleague("push", "git push --quiet --force origin HEAD~1:main"),
        "pushed as a branch of its own", "main does not accept the release commit, which is on release/v1.3.0",
        end=ASIDE, ends="released, on release/v1.3.0"),
    Row("git: branch removed between upload and push", branch_removed, "pushed as a branch of its own",
        "main does not accept the release commit, which is on release/v1.3.0", end=PROTECTED, mends=branch_again,
        ends="released, on release/v1.3.0"),
    Row("git: server knows no atomic push", one_ref_a_push, "pushed one after the other", "released"),
    Row("git: branch moved with a conflict", colleague("push", PUSH_CONFLICT), "pushed as a branch of its own",
        "main does not accept the release commit, which is on release/v1.3.0. Merge it: git fetch", end=ASIDE,
        ends="released, on release/v1.3.0"),
    Row("git: tag taken before the claim", colleague("claim", PUSH_TAG), "nothing sent",
        "The tag v1.3.0 was pushed to origin after the checks.", 1, 0, mends=delete_their_tag, then=RELEASE),
    Row("git: tag taken between upload and push", colleague("push", PUSH_TAG), "uploaded",
        "The tag v1.3.0 on origin is not the tag of this release, but ", 3, mends=delete_their_tag),
    Row("git: claimed by another machine", claimed_elsewhere("1.3.0"), "nothing sent", CLAIMED.format("1.3.0"), 1, 0,
        mends=their_claim_ends("1.3.0"), then=RELEASE),
    Row("git: another version claimed by another machine", claimed_elsewhere("2.0.0"), "nothing sent",
        CLAIMED.format("2.0.0"), 1, 0, mends=their_claim_ends("2.0.0"), then=RELEASE),
    Row("git: an earlier name claimed at the same time", claimed_at_once("1.2.9"), "nothing sent",
        CLAIMED.format("1.2.9"), 1, 0, mends=their_claim_ends("1.2.9"), then=RELEASE),
    Row("git: a later name claimed at the same time", claimed_at_once("2.0.0"), "released, the other one gives way",
        "released", mends=their_claim_ends("2.0.0")),
    Row("git: pre-push hook refuses", pre_push_refuses, "nothing sent", "git push to origin was refused", 1, 0,
        mends=pre_push_content, then=RELEASE),
    Row("git: server takes no claims", server_refuses("refs/release-recipes/*", "no such refs here"), "warned",
        "origin does not accept the ref refs/release-recipes/v1.3.0, so a second machine is not refused."),
    Row("git: server protects the branch", server_refuses("refs/heads/main", "GH006: Protected branch update failed"),
        "pushed as a branch of its own", "main does not accept the release commit, which is on release/v1.3.0",
        end=PROTECTED, ends="released, on release/v1.3.0"),
    Row("git: server refuses the tag", server_refuses("refs/tags/*", "GH013: Repository rule violations found"),
        "uploaded", "refused the push", 3, mends=server_content),
    Row("git: no password for the remote", password_wanted("all"), "refused", "could not read Username", 1, 0,
        mends=password_known, then=RELEASE),
    Row("git: no password for a push", password_wanted("push"), "nothing sent", "could not read Username", 1, 0,
        mends=password_known, then=RELEASE),
    Row("git: wrong password for a push", password_wanted("push", "ada:wrongpass@"), "nothing sent",
        "Authentication failed", 1, 0, mends=password_known, then=RELEASE),
)  # fmt: skip


@GIT
def test_git(row: Row, scene: Scene, record_property: Callable[[str, object], None]) -> None:
    """A fault of the remote comes to the outcome, the words, the exit code and the end of its row."""
    show(row, scene, record_property)
    assert "wrongpass" not in "".join(scene.said)
