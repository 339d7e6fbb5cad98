"""git: questions that change nothing, and commands named by their verb.

The user's repository is asked with ``--no-optional-locks`` (plain ``git status`` rewrites the index) and the remote
with ``ls-remote`` (``git fetch`` moves refs). What may ask the user for a password runs in the foreground.
"""

import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from release_recipes.errors import CommandFailed, CommandTimedOut, NoRepository
from release_recipes.processes.run import Completed, has_terminal, read, run

#: Seconds that a remote has for an answer where nobody can be asked.
REMOTE_TIMEOUT = 120.0

#: Seconds for a push, which may carry much.
PUSH_TIMEOUT = 600.0

#: What the user's configuration must not change of our commands; it is given to each of them in its environment.
CONFIGURATION = {
    # A record must not outlive its commit (git 2.36 and newer; older ones ignore it).
    "core.fsync": "all",
    # What else a command would do besides.
    **dict.fromkeys(("push.followTags", "fetch.prune", "fetch.pruneTags", "fetch.writeCommitGraph"), "false"),
    **dict.fromkeys(("submodule.recurse", "push.recurseSubmodules", "fetch.recurseSubmodules"), "false"),
    **dict.fromkeys(("maintenance.auto", "rerere.enabled", "core.fsmonitor"), "false"),
    "gc.auto": "0",
    # What it would refuse.
    "merge.verifySignatures": "false",
    "merge.ff": "true",
    "clone.rejectShallow": "false",
    "protocol.file.allow": "always",
    # How a clone is made.
    "clone.defaultRemoteName": "origin",
    "init.templateDir": "",
    # What it would print, or put into a message.
    **dict.fromkeys(("log.showSignature", "color.ui", "color.push", "color.remote", "merge.log"), "false"),
    **dict.fromkeys(("i18n.commitEncoding", "i18n.logOutputEncoding"), "utf-8"),
    "commit.template": "",
}

#: The push address of clones: tests, hooks and builds have nothing to push.
NO_PUSH = "no-push://a-release-pushes-from-the-users-repository"

#: What makes a commit or a tag the user's own; read in their repository, written into the clone.
IDENTITY = (
    *("user.name", "user.email", "user.signingkey", "user.useConfigOnly"),
    *("author.name", "author.email", "committer.name", "committer.email"),
    *("commit.gpgSign", "tag.gpgSign", "gpg.format", "gpg.program"),
    *("gpg.openpgp.program", "gpg.ssh.program", "gpg.ssh.defaultKeyCommand", "gpg.x509.program"),
)


@dataclass(frozen=True)
class RemoteRefs:
    """What a remote has: every branch, tag and claim by its full name, and the name of its default branch."""

    #: ``refs/…`` to object id; an annotated tag's commit stands under ``refs/tags/NAME^{}``.
    refs: Mapping[str, str]
    #: The branch that ``HEAD`` of the remote names; ``None`` where it names none.
    default_branch: str | None

    def branch(self, name: str) -> str | None:
        """Return the commit of a branch."""
        return self.refs.get(f"refs/heads/{name}")

    def tag(self, name: str) -> str | None:
        """Return the object of a tag: the tag object of an annotated one."""
        return self.refs.get(f"refs/tags/{name}")


@dataclass(frozen=True)
class Git:
    """A repository on disk."""

    path: Path

    # -- the two ways to call git ------------------------------------------------------------------------------------

    def ask(self, *arguments: str, feed: str = "", env: Mapping[str, str] | None = None) -> str:
        """Ask a question of the local repository; the answer without its last line end.

        Raises:
            CommandFailed: git said no.
        """
        return self._git(["--no-optional-locks", *arguments], feed=feed, env=env).stdout.rstrip("\n")

    def does(self, *arguments: str, env: Mapping[str, str] | None = None, feed: str = "") -> str:
        """Have git change something locally; what it printed.

        Raises:
            CommandFailed: git said no.
        """
        return self._git(arguments, env=env, feed=feed).stdout.rstrip("\n")

    def _git(  # noqa: PLR0913 - one property of a process each
        self,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        feed: str = "",
        remote: bool = False,
        interactive: bool = False,
        check: bool = True,
        timeout: float = REMOTE_TIMEOUT,
    ) -> Completed:
        asks = remote or interactive
        extra = {**_configured(), **(env or {})}
        if asks and not has_terminal():
            extra |= {"GIT_TERMINAL_PROMPT": "0", "GCM_INTERACTIVE": "never", "SSH_ASKPASS_REQUIRE": "never"}
            if "GIT_SSH_COMMAND" not in os.environ and "GIT_SSH" not in os.environ:
                extra["GIT_SSH_COMMAND"] = f"{self.config('core.sshCommand') or 'ssh'} -o BatchMode=yes"
        return run(
            ["git", *arguments], cwd=self.path, env=extra, feed=feed, check=check, forge=remote,
            interactive=asks, timeout=timeout if asks else None,
        )  # fmt: skip

    # -- questions ---------------------------------------------------------------------------------------------------

    def config(self, key: str) -> str | None:
        """Return a configured value; ``None`` where there is none."""
        try:
            return self.ask("config", "--get", key)
        except CommandFailed as error:
            if error.code != 1:
                raise
            return None

    def config_is_true(self, key: str) -> bool:
        """Return whether a configured switch is on, in any of git's spellings."""
        return self._git(["config", "--type=bool", "--get", key], check=False).stdout.strip() == "true"

    def resolve(self, revision: str) -> str | None:
        """Return the object id that a revision names; ``None`` where it names none."""
        done = self._git(["rev-parse", "--verify", "--quiet", revision], check=False)
        return done.stdout.strip() or None

    def refs(self, prefix: str) -> dict[str, str]:
        """Return the local refs below a prefix, full name to object id."""
        listed = self.ask("for-each-ref", "--format=%(refname) %(objectname)", prefix)
        return dict(line.split() for line in listed.splitlines())

    def branch(self) -> str | None:
        """Return the checked-out branch; ``None`` on a detached ``HEAD``."""
        done = self._git(["symbolic-ref", "--quiet", "--short", "HEAD"], check=False)
        return done.stdout.strip() or None

    def changes(self) -> list[str]:
        """Return what differs from ``HEAD`` as porcelain lines, with untracked files that are not ignored."""
        listed = self.ask("status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames")
        return [entry for entry in listed.split("\0") if entry]

    def tracked(self, *paths: str) -> list[str]:
        """Return the tracked files, of those paths where some are given."""
        return [name for name in self.ask("ls-files", "-z", "--", *paths).split("\0") if name]

    def contents(self, blobs: Iterable[str]) -> Iterator[bytes]:
        """Yield what blobs hold, unmasked and as git keeps it: for content that is looked into and never shown."""
        feed = "".join(f"{blob}\n" for blob in blobs).encode()
        rest = io.BytesIO(read(["git", "cat-file", "--batch"], cwd=self.path, feed=feed))
        while header := rest.readline().split():
            yield rest.read(int(header[2]))
            rest.readline()

    def contains(self, ancestor: str, descendant: str) -> bool:
        """Return whether one commit is the other or one of its ancestors; an unknown object is not."""
        return self._git(["merge-base", "--is-ancestor", ancestor, descendant], check=False).code == 0

    def identity(self) -> dict[str, str]:
        """Return what makes a commit the user's own, from every place that git reads (``includeIf`` too)."""
        sections = {key.partition(".")[0] for key in IDENTITY}
        listed = self._git(
            ["config", "--null", "--get-regexp", rf"^({'|'.join(sorted(sections))})\."], check=False
        ).stdout
        # The last one wins; a switch that stands there without a value is on.
        entries = [entry.partition("\n") for entry in listed.split("\0") if entry]
        found = {key: value if has_value else "true" for key, has_value, value in entries}
        return {key: found[key.lower()] for key in IDENTITY if key.lower() in found}

    def remote_refs(self, remote: str) -> RemoteRefs:
        """Ask a remote for its refs.

        Raises:
            CommandFailed: It does not answer, or wants credentials that nobody can give.
            CommandTimedOut: It did not answer in time.
        """
        lines = self._git(["ls-remote", "--symref", remote], remote=True).stdout.splitlines()
        head = next((line.split()[1] for line in lines if line.startswith("ref: ") and line.endswith("\tHEAD")), "")
        refs = {name: value for value, name in (line.split() for line in lines if not line.startswith("ref: "))}
        return RemoteRefs(refs, head.removeprefix("refs/heads/") or None)

    # -- commands ----------------------------------------------------------------------------------------------------

    def fetch_objects(self, source: str, *refspecs: str) -> None:
        """Fetch objects, and no ref but those that a refspec names; without hooks of a merge and without gc.

        Raises:
            CommandFailed: The source does not answer, or has no such ref.
        """
        quiet = ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--no-recurse-submodules"]
        self._git(["fetch", *quiet, source, *refspecs], remote=True)

    def signs(self, *arguments: str, feed: str = "", env: Mapping[str, str] | None = None) -> str:
        """Make an object that may be signed: in the foreground, since a key may ask for its pass phrase."""
        return self._git(arguments, feed=feed, env=env, interactive=True).stdout.rstrip("\n")

    def pushes(self, argv: Sequence[str]) -> Completed:
        """Run a ``push …`` command; any result is returned, since only the remote knows what came of it."""
        try:
            return self._git(argv, remote=True, check=False, timeout=PUSH_TIMEOUT)
        except CommandTimedOut as error:
            return Completed(error.argv, error.code, "", error.message)


def _configured() -> dict[str, str]:
    """Return the variables that configure git, after those with which the user does so."""
    count = os.environ.get("GIT_CONFIG_COUNT", "")
    first = int(count) if count.isdecimal() else 0
    variables = {"GIT_CONFIG_COUNT": str(first + len(CONFIGURATION))}
    for number, (key, value) in enumerate(CONFIGURATION.items(), first):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


def repository(folder: Path) -> tuple[Git, Path]:
    """Return the repository around a folder, at the top of its working tree, and the folder that its worktrees share.

    Raises:
        NoRepository: There is none, it is bare, or it has no commit yet.
    """
    asked = ("rev-parse", "--path-format=absolute", "--show-toplevel", "--git-common-dir", "HEAD")
    try:
        told = Git(folder).ask(*asked).splitlines()
    except CommandFailed as error:
        if "dubious ownership" in error.output:
            message, hint = "git does not trust this folder, which belongs to somebody else.", error.output.strip()
            raise NoRepository(message, hint.splitlines()[-1].strip()) from None
        if "HEAD" in error.output.splitlines():  # which git repeats where it means nothing yet
            message = "This repository has no commit yet."
            raise NoRepository(message, "Commit what you want to release: git add . && git commit") from None
        message = "This folder is not in the working tree of a git repository."
        raise NoRepository(message, "Go to your project's folder, or make one there: git init") from None
    if len(told) != len(asked) - 2:
        message = "git does not say where this repository is in words that can be read."
        hint = "Install git 2.31 or newer; and a folder's name can have no line end."
        raise NoRepository(message, hint)
    return Git(Path(told[0])), Path(told[1])


def clone(origin: Git, to: Path, *, remote: str = "") -> Git:
    """Clone a repository on this disk for one activity: nothing is checked out, and no commit is made there unasked.

    Objects are shared, hooks do not run, line ends stay, and it has what makes a commit the user's own. Its ``origin``
    names the true remote, which tools may read, without credentials; nothing can be pushed there.

    Args:
        origin: The repository.
        to: The new folder, in one of ours.
        remote: The name that the true remote has in ``origin``.

    Raises:
        CommandFailed: git cannot clone.
    """
    hooks = to.parent / "no-hooks"
    hooks.mkdir(exist_ok=True)
    configured = {
        "core.autocrlf": "false",
        "core.attributesFile": "",
        "core.hooksPath": str(hooks),
        **origin.identity(),
    }
    options = [word for key, value in configured.items() for word in ("-c", f"{key}={value}")]
    quiet = ("--shared", "--no-checkout", "--quiet", "--template=", "--origin=origin")
    Git(to.parent).does("clone", *quiet, *options, str(origin.path), str(to))
    made, address = Git(to), without_credentials(origin.config(f"remote.{remote}.url") or "") if remote else ""
    if address:
        made.does("remote", "set-url", "origin", address)
        made.does("remote", "set-url", "--push", "origin", NO_PUSH)
    else:
        made.does("remote", "remove", "origin")
    return made


def reason(output: str) -> str:
    """Return why something was refused: what the server or a hook said, else what git says of the first ref."""
    lines = [line.strip() for line in output.splitlines()]
    said = [line.removeprefix("remote:").strip() for line in lines if line.startswith("remote:")]
    told = [line for line in said if line and not line.startswith(_EMPTY_WORDS)][:_MOST_LINES]
    if not told:
        own = [line for line in lines if line and not line.startswith(_EMPTY_WORDS) and "atomic push fail" not in line]
        told = ([line for line in own if line.startswith(("fatal:", "ssh:", "!"))] or own or ["no reason given"])[:1]
    return " ".join(told).replace("\t", " ").rstrip(".") + "."


#: How many lines of a server's words are told.
_MOST_LINES = 4

#: What git writes around the reason.
_EMPTY_WORDS = ("To ", "Done", "hint:", "error: failed to push some refs", "=====", "-----")


def without_credentials(address: str) -> str:
    """Return a remote's address without the user and password that may stand in a web address."""
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or "@" not in parts.netloc:
        return address
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
