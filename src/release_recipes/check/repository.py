"""Checks of the repository and its remote."""

import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from packaging.version import Version

from release_recipes.check.facts import Facts
from release_recipes.errors import CommandFailed, counted, typed
from release_recipes.findings import ALWAYS, BUILD, Check, Finding, question, warning
from release_recipes.processes.environment import environment
from release_recipes.processes.run import has_terminal
from release_recipes.programs.git import Git, reason
from release_recipes.project.packages import last_tag, paths, since_last_release
from release_recipes.project.source import NONE, is_version
from release_recipes.state.claims import foreign
from release_recipes.workflows import UPLOADS

#: How many names a sentence lists.
_MANY = 8


#: The files by which git marks that a command is in progress, and that command.
_UNDER_WAY = {
    "MERGE_HEAD": "merge",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "BISECT_LOG": "bisect",
}


def _branch(facts: Facts) -> Iterator[Finding]:
    branch, patterns = facts.branch(), facts.release_branches()
    if branch is None and "rebase" in _under_way(facts.git):
        return  # the check `structure` says so
    if branch is None:
        yield Finding("HEAD is detached: no branch is checked out.", "Check out the release branch: git switch main")
    elif not facts.is_release_branch(branch):
        yield Finding(
            f"{branch!r} is not a release branch ({', '.join(patterns)}).",
            f'Run: git switch {patterns[0]}; or set in pyproject.toml: [tool.release] branches = ["{branch}"]',
        )


def _clean_tree(facts: Facts) -> Iterator[Finding]:
    changes = facts.changes()
    tokens = {"?? .env", f"?? {facts.project.below}/.env"}
    if tokens & set(changes):
        changes = [change for change in changes if change not in tokens]
        yield Finding(".env is not in .gitignore, so a commit or a stash could include its token.", _IGNORE)
    if changes:
        names = ", ".join(change[3:] for change in changes[:_MANY])
        more = f" and {len(changes) - _MANY} more" if len(changes) > _MANY else ""
        yield Finding(
            f"The working tree is not clean: {names}{more}.",
            "Commit the changes, stash them (git stash -u), or add the files to .gitignore.",
        )


_IGNORE = "Add it and commit .gitignore: echo .env >> .gitignore"


def _remote(facts: Facts) -> Iterator[Finding]:
    remote = facts.remote
    if not facts.addresses:
        yield Finding(
            f"There is no remote {remote!r}, so the release commit and tag would exist on this machine only.",
            f"Add it: git remote add {remote} <address>; a rehearsal works without a remote: {typed('rehearse')}",
        )
        return
    try:
        facts.remote_refs()
    except CommandFailed as error:
        yield Finding(
            f"The remote {remote!r} does not answer: {reason(error.output)}",
            f"Check the connection: git ls-remote {remote}",
        )


def _up_to_date(facts: Facts) -> Iterator[Finding]:
    branch, refs, head = facts.branch(), facts.refs(), facts.head()
    if branch is None or refs is None:
        return
    git, remote = facts.git, facts.remote
    theirs, below = refs.branch(branch), facts.project.below
    where = "the package at the top" if below == "." else below
    if theirs is None:
        if facts.is_release_branch(branch):
            yield warning(f"{remote} has no branch {branch!r} yet.", "The release creates it.")
    elif theirs != head and git.contains(theirs, head):
        ahead = git.ask("log", "--oneline", "--no-decorate", f"{theirs}..{head}").splitlines()
        listed = "; ".join(ahead[:_MANY]).rstrip(".") + ("; …" if len(ahead) > _MANY else "")
        yield warning(
            f"{branch} is {counted(len(ahead), 'commit')} ahead of {remote}: {listed}.",
            "The release pushes them, too.",
        )
    elif theirs != head and not _changed_there(facts):
        yield warning(
            f"{remote}/{branch} has commits that the local branch does not have, and none of them changes {where}.",
            f"The release is merged with them. To have them before: git pull --rebase --tags {remote} {branch}",
        )
    elif theirs != head:
        is_behind = git.contains(head, theirs) or git.resolve(f"{theirs}^{{commit}}") is None
        word = f"is behind {remote}" if is_behind else f"has diverged from {remote}"
        yield Finding(
            f"{branch} {word}: {remote}/{branch} has commits that the local branch does not have.",
            f"Run: git pull --rebase --tags {remote} {branch}",
        )


def _changed_there(facts: Facts) -> bool:
    """Return whether commits of the remote's branch that are not here change the package."""
    own = paths(facts.project.below, facts.packages())
    if not own:
        return True
    refs, branch = facts.refs(), f"refs/heads/{facts.branch()}"
    tip = facts.git.fetch_missing(facts.remote, refs.refs if refs else {}, branch)
    return facts.git.count(f"{facts.head()}..{tip}", own) > 0


def _tag(facts: Facts) -> Iterator[Finding]:
    tag, refs, git, remote = facts.plan().tag, facts.refs(), facts.git, facts.remote
    if not facts.settings.auto_git_tag:
        return
    if refs and refs.branch(tag):
        yield warning(
            f"{remote} has a branch named {tag}, so the name of the tag would be ambiguous.",
            f"Rename the branch if you can: git push {remote} {remote}/{tag}:refs/heads/{tag}-branch :{tag}",
        )
    if git.resolve(f"refs/tags/{tag}"):
        yield Finding(
            f"The tag {tag} already exists in this repository.",
            f"Release another version; or, if the tag was never published or pushed, delete it: git tag -d {tag}",
        )
    if refs and refs.tag(tag):
        yield Finding(
            f"The tag {tag} already exists on {remote}.",
            f"Release another version, such as with: {typed('release', '--new-version', 'X')}",
        )
    try:
        git.ask("check-ref-format", f"refs/tags/{tag}")
    except CommandFailed:
        yield Finding(
            f"{tag!r} is not a valid name for a git tag.", 'Use a template such as: [tool.release] tag = "v{version}"'
        )


def _claim(facts: Facts) -> Iterator[Finding]:
    refs, tag = facts.refs(), facts.plan().tag
    for claim in foreign(facts.git, facts.remote, refs.refs, ()) if refs else ():
        if claim.concerns(facts.project.name) or claim.tag == tag:
            yield Finding(
                f"A release of {claim.tag} is in progress: {claim.ref} on {facts.remote}, created by "
                f"{claim.said.who} on {claim.said.when}.",
                f"Finish it on that machine: {typed('resume')}. If that machine is lost: {typed('abandon')}",
            )


def _structure(facts: Facts) -> Iterator[Finding]:
    git = facts.git
    # The clone that the forge makes for a tag is shallow.
    if facts.tagged is None and git.is_shallow():
        yield Finding("The repository is a shallow clone, and its history is incomplete.", "Run: git fetch --unshallow")
    if git.config("extensions.partialClone") or git.config(f"remote.{facts.remote}.promisor"):
        yield Finding(
            "The repository is a partial clone: objects that a release needs may be missing.",
            "Clone it again, without --filter.",
        )
    for path in (path for path, (name, _) in git.submodules().items() if not name):
        yield Finding(
            f"{path} is a repository of its own that .gitmodules does not name, so a clean clone would not have it.",
            f"Add it to .gitmodules: git submodule add --force ADDRESS {path}; or remove it: git rm --cached {path}",
        )
    has_lfs = shutil.which("git-lfs", path=environment()["PATH"]) and git.config("filter.lfs.smudge")
    if not has_lfs and any("filter=lfs" in text for _, text in _texts(git, ":(glob)**/.gitattributes")):
        yield Finding(
            "The repository keeps files in Git LFS, but git lfs is not installed: a clone has pointers only.",
            "Install it from https://git-lfs.com, then run: git lfs install && git lfs pull",
        )
    for word in _under_way(git):
        yield Finding(
            f"A git {word} is in progress.",
            f"Finish it, or abort it: git {word} {'reset' if word == 'bisect' else '--abort'}",
        )


def _texts(git: Git, pattern: str) -> Iterator[tuple[str, str]]:
    """Yield the names and the contents of the tracked files that match a pattern, and that are there."""
    for name in git.tracked(pattern):
        if (git.path / name).is_file():
            yield name, (git.path / name).read_text("utf-8", "replace")


def _under_way(git: Git) -> list[str]:
    """Return the commands of git that are in progress."""
    options = [option for name in _UNDER_WAY for option in ("--git-path", name)]
    paths = zip(git.ask("rev-parse", *options).splitlines(), _UNDER_WAY.values(), strict=True)
    return [word for path, word in paths if (git.path / path).exists()]


def _something_new(facts: Facts) -> Iterator[Finding]:
    git, plan = facts.git, facts.plan()
    if plan.part == NONE or plan.pins or _is_final_of(plan.version, plan.prior):
        return  # no other commit is meant, or the release makes one that changes a requirement
    last, commits = since_last_release(git, plan.project, plan.folder, facts.packages())
    if last and not commits:
        where = "" if plan.folder == "." else f" that change {plan.folder}"
        yield warning(
            f"There are no commits{where} since {last}.", "Release only if you want to release the same commit again."
        )


def _missing_tags(facts: Facts) -> Iterator[Finding]:
    """Look for the tag of a later release that HEAD contains on the remote alone: some ways to pull bring no tags."""
    refs, remote = facts.refs(), facts.remote
    absent = [tag for tag, is_here in facts.tags().items() if not is_here]
    if not (absent and refs):
        return
    last = last_tag(facts.git, facts.project.name, facts.project.below, facts.packages())
    commits = {*facts.git.ask("rev-list", facts.head()).splitlines()}
    inside = [tag for tag in absent if (refs.refs.get(f"refs/tags/{tag}^{{}}") or refs.tag(tag)) in commits]
    found = facts.versions_of([*inside, *filter(None, [last])])
    newest = max(found, key=lambda tag: Version(found[tag]), default=last)
    if newest != last:
        message = f"{remote} has the tag {newest}, which is not here; what changed is taken from {last or 'the start'}."
        found_part = facts.request.because  # of commits that another release may have had
        yield (Finding if found_part else question)(message, f"Run: git fetch --tags {remote}")


def _is_final_of(version: str, prior: str) -> bool:
    """Return whether a version is the final release of a pre-release."""
    if not (is_version(version) and is_version(prior)):
        return False
    final, before = Version(version), Version(prior)
    return before.is_prerelease and not final.is_prerelease and final.release == before.release


def _workflow(facts: Facts) -> Iterator[Finding]:
    """Look for a workflow that publishes when a tag or a release is created: it would upload the same files."""
    for name, text in _texts(facts.git, ":(glob).github/workflows/*.y*ml"):
        if _ON_TAG.search(text) and UPLOADS.search(text):
            yield warning(
                f"{name} publishes when a tag or a release is created, at the same time as this release.",
                "Remove the upload from that workflow, or release only by pushing a tag.",
            )


#: The trigger of a workflow by tags or releases.
_ON_TAG = re.compile(r"^\s+tags:|^\s+release:|^on:.*\brelease\b", re.MULTILINE)


def _signing(facts: Facts) -> Iterator[Finding]:
    """Try to sign, if signing is configured; the user is not asked, and the object is thrown away."""
    git = facts.git
    configured = [key for key in ("commit.gpgSign", "tag.gpgSign") if git.config_is_true(key)]
    if not configured:
        return
    with tempfile.TemporaryDirectory(prefix="release-recipes-") as folder:
        objects = git.ask("rev-parse", "--path-format=absolute", "--git-path", "objects")
        elsewhere = {
            "GIT_OBJECT_DIRECTORY": folder,
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": objects,
            "SSH_ASKPASS_REQUIRE": "never",
        }
        try:
            silently = _silently(git, Path(folder))
            git.ask(*silently, "commit-tree", "-S", "-m", "test of signing", "HEAD^{tree}", env=elsewhere)
        except CommandFailed as error:
            message = f"{configured[0]} is set, but signing fails: {reason(error.output)}"
            if has_terminal():
                yield warning(
                    message, "If the key needs a pass phrase, git asks for it later; otherwise, fix the configuration."
                )
            else:
                yield Finding(
                    message, "Unlock the key (ssh-add, gpg-agent), or turn signing off: git config commit.gpgSign false"
                )


def _silently(git: Git, folder: Path) -> list[str]:
    """Return options with which gpg does not ask the user: its agent would, on a terminal that it remembers.

    A program with another name may not know these options, and gets none; nor does gpg where scripts cannot be run.
    """
    program = git.config("gpg.openpgp.program") or git.config("gpg.program") or "gpg"
    silent = folder / "gpg"
    silent.write_text(f'#!/bin/sh\nexec {shlex.quote(program)} --batch --pinentry-mode loopback "$@"\n', "utf-8")
    silent.chmod(0o700)
    can_run = os.name != "nt" and os.access(silent, os.X_OK)
    return ["-c", f"gpg.program={silent}"] if can_run and Path(program).name in {"gpg", "gpg2"} else []


def _identity(facts: Facts) -> Iterator[Finding]:
    git = facts.git
    for key in ("name", "email"):
        variables = (f"GIT_COMMITTER_{key.upper()}", f"GIT_AUTHOR_{key.upper()}")
        configured = git.config(f"user.{key}") or (git.config(f"committer.{key}") and git.config(f"author.{key}"))
        if not configured and not all(os.environ.get(variable) for variable in variables):
            yield Finding(
                f"git does not know your {'name' if key == 'name' else 'e-mail address'} (user.{key}).",
                f'Set it: git config user.{key} "…"',
            )


CHECKS = (
    Check("branch", "a release from a feature branch or a detached HEAD", _branch, of_repository=True),
    Check("clean-tree", "a release without changes that are not committed", _clean_tree, of_repository=True),
    Check("remote", "a published version whose commit is on one machine only",
          _remote, of_repository=True, occasions=ALWAYS),
    Check("up-to-date", "a release without the commits that others pushed", _up_to_date, of_repository=True),
    Check("tag", "a tag on a different commit than the published one", _tag, of_repository=True),
    Check("claim", "two machines that release at the same time", _claim, of_repository=True),
    Check("structure", "a clean clone that is incomplete: shallow, partial, submodules, LFS, a merge in progress",
          _structure, occasions=BUILD),
    Check("identity", "a release commit and a tag without an author", _identity, of_repository=True),
    Check("signing", "a release that stops at its commit because signing fails", _signing, of_repository=True),
    Check("something-new", "a second release of the same commit", _something_new, of_repository=True),
    Check("missing-tags", "a version and a changelog that begin at an older release",
          _missing_tags, of_repository=True),
    Check("workflow", "a workflow that uploads the same version at the same time", _workflow, of_repository=True),
)  # fmt: skip
