"""git: questions, which change nothing, and commands, which are named by their verb.

The user's repository is asked with ``--no-optional-locks`` (plain ``git status`` rewrites the index) and the remote
with ``ls-remote`` (``git fetch`` moves refs). Commands that may ask for a password run in the foreground.
"""

import datetime as dt
import functools
import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from release_recipes.errors import CommandFailed, CommandTimedOut, NoRepository
from release_recipes.processes.run import Completed, has_terminal, read, run

#: Seconds for an answer of the remote, if there is no terminal.
REMOTE_TIMEOUT = 120.0

#: Seconds for a push, which may be large.
PUSH_TIMEOUT = 600.0

#: Settings that override the user's configuration for our commands; each gets them in its environment.
CONFIGURATION = {
    # A record must not survive its commit in a crash (git 2.36 and newer; older versions ignore it).
    "core.fsync": "all",
    # Additional effects of a command.
    **dict.fromkeys(("push.followTags", "fetch.prune", "fetch.pruneTags", "fetch.writeCommitGraph"), "false"),
    **dict.fromkeys(("submodule.recurse", "push.recurseSubmodules", "fetch.recurseSubmodules"), "false"),
    **dict.fromkeys(("maintenance.auto", "rerere.enabled", "core.fsmonitor"), "false"),
    "gc.auto": "0",
    # Things that it would refuse.
    "merge.verifySignatures": "false",
    "merge.ff": "true",
    "clone.rejectShallow": "false",
    "protocol.file.allow": "always",
    "safe.bareRepository": "all",
    # The way in which a clone is made.
    "clone.defaultRemoteName": "origin",
    "init.templateDir": "",
    # Additional output, and changes of messages.
    **dict.fromkeys(("log.showSignature", "color.ui", "color.push", "color.remote", "merge.log"), "false"),
    **dict.fromkeys(("i18n.commitEncoding", "i18n.logOutputEncoding"), "utf-8"),
    "commit.template": "",
}

#: The push address of clones: tests, hooks and builds cannot push.
NO_PUSH = "no-push://a-release-pushes-from-the-users-repository"
_BARRED = f"url.{NO_PUSH}/.pushInsteadOf"

#: The settings for the identity and the signing key; read from the user's repository and written into the clone.
IDENTITY = (
    *("user.name", "user.email", "user.signingkey", "user.useConfigOnly"),
    *("author.name", "author.email", "committer.name", "committer.email"),
    *("commit.gpgSign", "tag.gpgSign", "gpg.format", "gpg.program"),
    *("gpg.openpgp.program", "gpg.ssh.program", "gpg.ssh.defaultKeyCommand", "gpg.x509.program"),
    "lfs.storage",
)


@dataclass(frozen=True)
class RemoteRefs:
    """The refs of a remote: every branch, tag and claim by its full name, and the name of its default branch."""

    #: ``refs/…`` to object id; the commit of an annotated tag is ``refs/tags/NAME^{}``.
    refs: Mapping[str, str]
    #: The branch of the remote's ``HEAD``; ``None`` if it has none.
    default_branch: str | None

    def branch(self, name: str) -> str | None:
        """Return the commit of a branch."""
        return self.refs.get(f"refs/heads/{name}")

    def tag(self, name: str) -> str | None:
        """Return the object of a tag; for an annotated tag, its tag object."""
        return self.refs.get(f"refs/tags/{name}")

    def tags(self) -> list[str]:
        """Return the names of the tags."""
        return tag_names(self.refs)


@dataclass(frozen=True)
class Git:
    """A repository on disk."""

    path: Path

    # -- the two ways to call git ------------------------------------------------------------------------------------

    def ask(self, *arguments: str, feed: str = "", env: Mapping[str, str] | None = None) -> str:
        """Ask the local repository, and return the answer without the line break at its end.

        Raises:
            CommandFailed: git failed.
        """
        return self._git(["--no-optional-locks", *arguments], feed=feed, env=env).stdout.rstrip("\n")

    def does(self, *arguments: str, env: Mapping[str, str] | None = None, feed: str = "") -> str:
        """Run a command that changes something locally, and return its output.

        Raises:
            CommandFailed: git failed.
        """
        return self._git(arguments, env=env, feed=feed).stdout.rstrip("\n")

    def _git(  # noqa: PLR0913 - one property of a process each
        self, arguments: Sequence[str], *, env: Mapping[str, str] | None = None, feed: str = "", remote: bool = False,
        interactive: bool = False, check: bool = True, timeout: float = REMOTE_TIMEOUT,
    ) -> Completed:  # fmt: skip
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
        """Return a configured value, the last one; ``None`` if there is none."""
        return next(reversed(self.values(key)), None)

    def values(self, key: str) -> list[str]:
        """Return the configured values of a key, in git's order."""
        section, _, rest = key.partition(".")
        subsection, dot, name = rest.rpartition(".")
        return self._configuration.get(f"{section.lower()}.{subsection}{dot}{name.lower()}", [])

    def remote_of(self, branch: str) -> tuple[str, str]:
        """Return the remote that git pushes a branch to, and the setting for it; without a setting, origin."""
        for key in (f"branch.{branch}.pushRemote", "remote.pushDefault", f"branch.{branch}.remote"):
            if (found := self.config(key)) and found != ".":
                return found, key
        # A clone whose only remote has another name.
        named = [re.fullmatch(r"remote\.(.+)\.url", key) for key in self._configuration]
        names = {match[1] for match in named if match}
        return (names.pop() if len(names) == 1 else "origin"), "default"

    @functools.cached_property
    def _configuration(self) -> dict[str, list[str]]:
        """Every configured value, read once, in git's order; a switch without a value is on.

        The first and the last part of a key are in lower case.
        """
        found: dict[str, list[str]] = {}
        for entry in self._git(["config", "--null", "--list"]).stdout.split("\0")[:-1]:
            key, has_value, value = entry.partition("\n")
            found.setdefault(key, []).append(value if has_value else "true")
        return found

    def addresses(self, remote: str) -> list[str]:
        """Return the addresses of a remote: as git uses them (``url.….insteadOf``), and as they are configured."""
        configured = self.values(f"remote.{remote}.url")
        if configured and any(key.endswith(".insteadof") for key in self._configuration):
            return [*self.ask("remote", "get-url", "--all", remote).splitlines(), *configured]
        return configured

    def address(self, remote: str) -> str:
        """Return the configured address of a remote without credentials, the first one; empty if there is none."""
        return without_credentials(next(iter(self.values(f"remote.{remote}.url")), ""))

    def barred(self, remote: str) -> list[tuple[str, str]]:
        """Return the settings of a clone with which nothing can be pushed to a remote, or to what is barred here.

        That holds where a program names an address in words, too.
        """
        theirs = [*self.addresses(remote), *self.values(f"remote.{remote}.pushurl")] if remote else []
        return [(_BARRED, each) for each in {*self.values(_BARRED), *map(without_credentials, theirs)}]

    def config_is_true(self, key: str) -> bool:
        """Return whether a configured switch is on, in any of git's spellings."""
        value = (self.config(key) or "").lower()
        if value in {"", "false", "no", "off", "true", "yes", "on"}:
            return value in {"true", "yes", "on"}
        return self._git(["config", "--type=bool", "--get", key], check=False).stdout.strip() == "true"

    def resolve(self, revision: str) -> str | None:
        """Return the object id of a revision; ``None`` if it does not exist."""
        done = self._git(["rev-parse", "--verify", "--quiet", revision], check=False)
        return done.stdout.strip() or None

    def refs(self, prefix: str) -> dict[str, str]:
        """Return the local refs below a prefix, full name to object id."""
        listed = self.ask("for-each-ref", "--format=%(refname) %(objectname)", prefix)
        return dict(line.split() for line in listed.splitlines())

    def tags(self, *options: str) -> dict[str, dt.date]:
        """Return the local tags with their dates, the newest first; options of ``git for-each-ref`` leave some out."""
        words = ("for-each-ref", "--sort=-creatordate", "--format=%(refname:strip=2) %(creatordate:short)", *options)
        found = (line.rpartition(" ") for line in self.ask(*words, "refs/tags").splitlines())
        return {name: dt.date.fromisoformat(date) for name, _, date in found if date}

    def branch(self) -> str | None:
        """Return the checked-out branch; ``None`` on a detached ``HEAD``."""
        done = self._git(["symbolic-ref", "--quiet", "--short", "HEAD"], check=False)
        return done.stdout.strip() or None

    def changes(self, *paths: str) -> list[str]:
        """Return what differs from ``HEAD``, or what of it is below some paths, as porcelain lines.

        Untracked files are among them, and ignored files are not.
        """
        listed = self.ask("status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--", *paths)
        return [entry for entry in listed.split("\0") if entry]

    def ignores(self, name: str) -> bool:
        """Return whether git ignores a file, relative to the repository, whether it exists or not."""
        try:
            self.ask("check-ignore", "--no-index", "--quiet", name)
        except CommandFailed as error:
            if error.code == 1:
                return False
            if "beyond a symbolic link" in error.output:  # what is there is not git's
                return True
            raise
        return True

    def tracked(self, *paths: str) -> list[str]:
        """Return the tracked files, or those among the given paths."""
        return [name for name in self.ask("ls-files", "-z", "--", *paths).split("\0") if name]

    def files_with(self, patterns: Sequence[str], folder: Path) -> list[str]:
        """Return the tracked files below a folder, relative to it, with a line that matches an extended expression."""
        options = [*("-l", "-z", "--no-color", "--no-full-name"), *(f"-e{pattern}" for pattern in patterns)]
        for syntax in ("-P", "-E"):  # the first is some ten times faster, but not every git knows it
            words = ["-C", str(folder), "grep", syntax, *options]
            done = self._git(words, env={"LC_ALL": "C"}, check=False)
            if done.code in {0, 1}:
                return [name for name in done.stdout.split("\0") if name]
        raise CommandFailed(done.argv, done.code, done.output)

    def contents(self, blobs: Iterable[str]) -> Iterator[bytes]:
        """Yield the contents of blobs, unmasked: for scans, and never shown."""
        feed = "".join(f"{blob}\n" for blob in blobs).encode()
        rest = io.BytesIO(read(["git", "cat-file", "--batch"], cwd=self.path, feed=feed))
        while header := rest.readline().split():
            yield rest.read(int(header[2]))
            rest.readline()

    def contains(self, ancestor: str, descendant: str) -> bool:
        """Return whether a commit is an ancestor of another, or the same; false for an unknown one."""
        asked = ["merge-base", "--is-ancestor", ancestor, descendant]
        return ancestor == descendant or self._git(asked, check=False).code == 0

    def count(self, commits: str, paths: Sequence[str]) -> int:
        """Return the number of commits in a range; with paths, of those that change something there."""
        return int(self.ask("rev-list", "--count", commits, "--", *paths))

    def submodules(self) -> dict[str, tuple[str, str]]:
        """Return name and commit of each submodule by its path; the name is empty if ``.gitmodules`` lacks it."""
        listed = self.ask("ls-files", "--stage", "-z").split("\0")
        commits = {path: info.split()[1] for info, _, path in (entry.partition("\t") for entry in listed)
                   if info.startswith("160000")}  # fmt: skip
        if not commits:
            return {}
        asked = ["config", "--null", "--file", ".gitmodules", "--get-regexp", r"^submodule\..*\.path$"]
        entries = [entry.partition("\n") for entry in self._git(asked, check=False).stdout.split("\0")]
        names = {path: key.removeprefix("submodule.").removesuffix(".path") for key, _, path in entries}
        return {path: (names.get(path, ""), commit) for path, commit in commits.items()}

    @functools.cached_property
    def identity(self) -> dict[str, str]:
        """The settings for identity and signing, from every file that git reads (including ``includeIf``).

        The folder of Git LFS is among them, so that a clone has its objects.
        """
        found = {key: value for key in IDENTITY if (value := self.config(key)) is not None}
        # The worktrees of a repository share it.
        if (lfs := self.path / self.ask("rev-parse", "--git-common-dir") / "lfs").is_dir():
            found.setdefault("lfs.storage", str(lfs))
        return found

    def remote_refs(self, remote: str) -> RemoteRefs:
        """Ask a remote for its refs.

        Raises:
            CommandFailed: It does not answer, or needs credentials and there is no terminal.
            CommandTimedOut: It did not answer in time.
        """
        lines = self._git(["ls-remote", "--symref", remote], remote=True).stdout.splitlines()
        head = next((line.split()[1] for line in lines if line.startswith("ref: ") and line.endswith("\tHEAD")), "")
        refs = {name: value for value, name in (line.split() for line in lines if not line.startswith("ref: "))}
        return RemoteRefs(refs, head.removeprefix("refs/heads/") or None)

    # -- commands ----------------------------------------------------------------------------------------------------

    def fetch_objects(self, source: str, *refspecs: str) -> None:
        """Fetch objects, and only the refs of the refspecs; without gc.

        Raises:
            CommandFailed: The source does not answer, or does not have the ref.
        """
        quiet = ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--no-recurse-submodules"]
        # With an empty refmap, the refs of remote branches stay as they are.
        self._git(["fetch", *quiet, "--refmap=", source, *refspecs], remote=True)

    def is_shallow(self) -> bool:
        """Return whether a part of the history is not here."""
        return self.ask("rev-parse", "--is-shallow-repository") == "true"

    def deepen(self, remote: str, depth: int, *refs: str) -> None:
        """Fetch more of the history of a shallow clone: so many commits from some refs of a remote.

        Raises:
            CommandFailed: The remote does not answer.
        """
        self.fetch_objects(f"--depth={depth}", remote, *refs)

    def fetch_missing(self, remote: str, refs: Mapping[str, str], ref: str) -> str | None:
        """Return the commit of a remote's ref, and see that it is here; ``None`` if the remote does not have the ref.

        Raises:
            CommandFailed: The remote does not answer.
        """
        tip = refs.get(ref)
        if tip and self.resolve(f"{tip}^{{commit}}") is None:
            self.fetch_objects(remote, ref)
        return tip

    def check_out(self, branch: str, commit: str, origin: "Git") -> None:
        """Check out a new branch in a clone, with its submodules: those that the original has, else from their remotes.

        Raises:
            CommandFailed: The commit does not exist, or a submodule cannot be fetched.
        """
        self.does("checkout", "--quiet", "--force", "-B", branch, commit)
        self._populate(origin)

    def _populate(self, origin: "Git") -> None:
        for path, (name, commit) in self.submodules().items():
            there = Git(origin.path / path)
            has = (there.path / ".git").exists() and there.resolve(f"{commit}^{{commit}}")
            local = ["-c", f"submodule.{name}.url={there.path}"] if has else []
            try:
                self._git([*local, "submodule", "--quiet", "update", "--init", "--", path], remote=True)
            except CommandFailed as error:
                hint = "Fetch it, then try again: git submodule update --init --recursive"
                raise CommandFailed(error.argv, error.code, error.output, hint) from None
            made = Git(self.path / path)
            if (made.path / ".git").exists():  # not with `update = none` in .gitmodules
                made.does("remote", "remove", "origin")  # nothing can be pushed from here
                made._populate(there)

    def signs(self, *arguments: str, feed: str = "", env: Mapping[str, str] | None = None) -> str:
        """Make an object that may be signed, in the foreground, since the key may need a pass phrase."""
        return self._git(arguments, feed=feed, env=env, interactive=True).stdout.rstrip("\n")

    def pushes(self, argv: Sequence[str]) -> Completed:
        """Run a ``push …`` command, and return any result, since only the refs of the remote show what happened."""
        try:
            return self._git(argv, remote=True, check=False, timeout=PUSH_TIMEOUT)
        except CommandTimedOut as error:
            return Completed(error.argv, error.code, "", error.message)


def _configured() -> dict[str, str]:
    """Return the variables that configure git, in addition to the user's own variables."""
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
            message, hint = "git does not trust this folder, because it belongs to another user.", error.output.strip()
            raise NoRepository(message, hint.splitlines()[-1].strip()) from None
        if "HEAD" in error.output.splitlines():  # git prints it if there is no commit
            message = "This repository has no commit yet."
            raise NoRepository(message, "Make one: git add . && git commit") from None
        message = "This folder is not in the working tree of a git repository."
        hint = "Change to the folder of your project, or create a repository there: git init"
        raise NoRepository(message, hint) from None
    if len(told) != len(asked) - 2:
        message = "The answer of git about the location of this repository cannot be read."
        hint = "Install git 2.31 or newer; the name of the folder must not contain a line break."
        raise NoRepository(message, hint)
    return Git(Path(told[0])), Path(told[1])


def copy(origin: Git, to: Path, settings: Iterable[tuple[str, str]]) -> Git:
    """Clone a local repository, which is the ``origin`` of the clone; nothing is checked out.

    Objects are shared, hooks do not run, and line endings stay.

    Args:
        origin: The repository.
        to: The new folder, in a temporary folder.
        settings: What is configured in the clone; a key may come several times.

    Raises:
        CommandFailed: git cannot clone.
    """
    hooks = to.parent / "no-hooks"
    hooks.mkdir(exist_ok=True)
    own = (("core.autocrlf", "false"), ("core.attributesFile", ""), ("core.hooksPath", str(hooks)))
    options = [word for key, value in (*own, *settings) for word in ("-c", f"{key}={value}")]
    quiet = ("--shared", "--no-checkout", "--quiet", "--template=", "--origin=origin")
    Git(to.parent).does("clone", *quiet, *options, str(origin.path), str(to))
    return Git(to)


def clone(origin: Git, to: Path, *, remote: str = "") -> Git:
    """Copy a local repository for an activity, with the identity and the signing key of the user.

    Its ``origin`` is the real remote, without credentials, so that tools can read it; nothing can be pushed to it.

    Args:
        origin: The repository.
        to: The new folder, in a temporary folder.
        remote: The name of the real remote in that repository.

    Raises:
        CommandFailed: git cannot clone.
    """
    address = origin.address(remote) if remote else ""
    push = [("remote.origin.pushurl", NO_PUSH)] if address else []
    made = copy(origin, to, [*origin.identity.items(), *origin.barred(remote), *push])
    made.does("remote", *(("set-url", "origin", address) if address else ("remove", "origin")))
    return made


def tag_names(refs: Iterable[str]) -> list[str]:
    """Return the names of the tags among the refs of a remote."""
    return [ref.removeprefix("refs/tags/") for ref in refs if ref.startswith("refs/tags/") and not ref.endswith("^{}")]


def reason(output: str) -> str:
    """Return why git failed: the message of the server or a hook, otherwise the first message of git."""
    lines = [line.strip() for line in output.splitlines()]
    said = [line.removeprefix("remote:").strip() for line in lines if line.startswith("remote:")]
    told = [line for line in said if line and not line.startswith(_EMPTY_WORDS)][:_MOST_LINES]
    if not told:
        own = [line for line in lines if line and not line.startswith(_EMPTY_WORDS) and "atomic push fail" not in line]
        told = ([line for line in own if line.startswith(("fatal:", "ssh:", "!"))] or own or ["no reason given"])[:1]
    return " ".join(told).replace("\t", " ").rstrip(".") + "."


#: The number of lines of a server's message that are shown.
_MOST_LINES = 4

#: Lines of git's output that are not the reason.
_EMPTY_WORDS = ("To ", "Done", "hint:", "error: failed to push some refs", "=====", "-----")


def without_credentials(address: str) -> str:
    """Return the address of a remote without user and password."""
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or "@" not in parts.netloc:
        return address
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
