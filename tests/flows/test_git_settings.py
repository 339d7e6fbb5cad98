"""Whatever a user has set for git, a release does what it says: no setting bends our commands."""

from pathlib import Path

import pytest

from support.cli import Cli
from support.environment import Environment
from support.index import PypiServer
from support.released import released
from support.repository import Repository

RELEASE = ("release", "--part", "minor", "--skip-tests")

SETTINGS = {
    "advice.detachedHead": "true",
    "branch.autoSetupRebase": "always",
    "checkout.guess": "false",
    "clone.defaultRemoteName": "upstream",
    "clone.rejectShallow": "true",
    "color.ui": "always",
    "color.push": "always",
    "commit.status": "false",
    "commit.template": "template",
    "commit.verbose": "true",
    "core.abbrev": "4",
    "core.attributesFile": "attributes",
    "core.autocrlf": "true",
    "core.commentChar": "r",
    "core.eol": "crlf",
    "core.excludesFile": "excludes",
    "core.fsmonitor": "true",
    "core.logAllRefUpdates": "always",
    "core.pager": "false",
    "core.quotePath": "false",
    "core.untrackedCache": "true",
    "diff.external": "false",
    "diff.mnemonicPrefix": "true",
    "diff.noprefix": "true",
    "fetch.fsckObjects": "true",
    "fetch.prune": "true",
    "fetch.pruneTags": "true",
    "fetch.recurseSubmodules": "true",
    "fetch.writeCommitGraph": "true",
    "format.pretty": "fuller",
    "gc.auto": "1",
    "i18n.commitEncoding": "iso-8859-1",
    "i18n.logOutputEncoding": "iso-8859-1",
    "init.defaultBranch": "trunk",
    "init.templateDir": "template-folder",
    "log.date": "relative",
    "log.decorate": "full",
    "log.showSignature": "true",
    "maintenance.auto": "true",
    "merge.ff": "false",
    "merge.log": "true",
    "merge.stat": "true",
    "merge.verifySignatures": "true",
    "protocol.file.allow": "user",
    "pull.rebase": "true",
    "push.default": "nothing",
    "push.followTags": "true",
    "push.recurseSubmodules": "check",
    "rebase.autoStash": "true",
    "remote.pushDefault": "origin",
    "rerere.enabled": "true",
    "safe.bareRepository": "explicit",
    "status.branch": "true",
    "status.relativePaths": "true",
    "status.showUntrackedFiles": "no",
    "status.short": "true",
    "submodule.recurse": "true",
    "tag.sort": "-creatordate",
    "transfer.fsckObjects": "true",
    "user.useConfigOnly": "true",
}
"""What ``git help config`` lists for the commands that a release runs, each with a value that is not git's own."""


def configure(repository: Repository, name: str, value: str, folder: Path) -> None:
    """Set something for all repositories of the user, with the file or folder that it names."""
    if value == "template-folder":
        hook = folder / "template-folder" / "hooks" / "pre-commit"
        hook.parent.mkdir(parents=True, exist_ok=True)
        hook.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        hook.chmod(0o755)
        value = str(folder / "template-folder")
    elif value in {"template", "attributes", "excludes"}:
        path = folder / value
        path.write_text({"attributes": "* text eol=crlf\n"}.get(value, "NOTHING\n"), encoding="utf-8")
        value = str(path)
    repository.git("config", "--global", name, value)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_release_under_a_setting(
    name: str, quick: Repository, known: PypiServer, cli: Cli, isolated_environment: Environment, tmp_path: Path
) -> None:
    """A release under one setting of git's comes to the same end, and pushes no tag of the user's."""
    quick.git("tag", "--annotate", "private-wip", "--message=wip")
    configure(quick, name, SETTINGS[name], tmp_path)
    result = cli(*RELEASE, cwd=quick.path)
    assert result.code == 0, result.err
    if not name.startswith("core."):
        quick.git("config", "--global", "--unset", name)  # what is looked at from here on is read without it
    quick.git("tag", "--delete", "private-wip")
    (known.folder / "demo_package-1.2.3.tar.gz").unlink()
    released(quick, known, isolated_environment.temporary)


def test_a_rehearsal_under_all_settings(quick: Repository, cli: Cli, tmp_path: Path) -> None:
    """A rehearsal under all of them at once is green."""
    for name, value in SETTINGS.items():
        configure(quick, name, value, tmp_path)
    result = cli("rehearse", "--part", "minor", "--skip-tests", cwd=quick.path)
    assert result.code == 0, result.out + result.err
