"""What can go wrong, as exceptions that say it.

Nothing here prints. An error carries data and makes two sentences of it: ``message`` says what is wrong, ``hint``
what to do now, in words that the user can type. ``exit_code`` is what the process ends with, unless a record waits or
something may be public: that makes it 3, and is decided in one place, :mod:`~release_recipes.cli.session`.

========  ===================================================================
0         done
1         refused or failed, and nothing is public
2         wrong usage or wrong settings
3         public in part, or a release waits: ``resume`` finishes it
130       interrupted, and nothing is public
========  ===================================================================

The tree, with the classes that stand beside what raises them::

    ReleaseError                    1
    ├── WrongUsage                  2   what was typed or configured cannot be meant
    │   ├── UnknownPart
    │   ├── InvalidVersion
    │   └── InvalidSetting
    ├── Refused                     1   act 1 found reasons not to start
    ├── Declined                    1   the user said no
    ├── SecretsFound                1   credentials stand where they could be published
    ├── Failed                      1   a step failed before anything was public
    │   ├── NoRepository
    │   ├── NoProject
    │   ├── NoToken
    │   ├── ProgramMissing
    │   ├── CommandFailed
    │   │   ├── CommandTimedOut
    │   │   └── GitHubFailed            programs.gh
    │   ├── BumpFailed
    │   ├── TestsFailed
    │   ├── BadDistribution
    │   ├── NoIndexAnswer
    │   │   └── NoAnswer                index.client
    │   ├── ClaimedElsewhere
    │   └── PushRefused
    ├── Busy                        1   another process holds the lock
    ├── ReleaseWaits                3   a release is not finished, here or on another machine
    ├── UploadRefused               1   the index said no for good
    ├── Unfinished                  1   act 3 could not go on (3, since the record waits)
    │   ├── FileConflict            3
    │   ├── RefConflict
    │   ├── UploadFailed
    │   └── NotServed               3
    └── Interrupted               130   a signal or Ctrl-C
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePath

from release_recipes.findings import Finding
from release_recipes.secrets.mask import MASK


def typed(*words: str) -> str:
    """Return the command that a user types for a task, with the program that they started."""
    program = PurePath(sys.argv[0] if sys.argv else "")
    name = program.parent.name if program.name == "__main__.py" else program.stem
    return " ".join(["invoke" if name in {"invoke", "inv"} else "release-recipes", *words])


class ReleaseError(Exception):
    """The root of everything that this package raises on purpose."""

    exit_code = 1
    #: Whether something may be public although no record waits: a single upload, or one to TestPyPI.
    may_be_public = False

    def __init__(self, message: str, hint: str = "", findings: Iterable[Finding] = ()) -> None:
        """Keep the two sentences, and the findings that the error is about, if there are any."""
        super().__init__(MASK(message))
        #: What is wrong (masked).
        self.message = MASK(message)
        #: What to do now (masked); empty where the message says it all.
        self.hint = MASK(hint)
        name = "".join("-" * c.isupper() + c.lower() for c in type(self).__name__).lstrip("-")
        found = [replace(each, message=MASK(each.message), hint=MASK(each.hint)) for each in findings]
        #: The error in the form in which a report lists it (masked).
        self.findings = found or [Finding(self.message, self.hint, check=name)]


class WrongUsage(ReleaseError):
    """What was typed or configured cannot be meant; nothing was started."""

    exit_code = 2


class UnknownPart(WrongUsage):
    """``--part`` names nothing that bump-my-version knows in this project."""

    def __init__(self, part: str, known: Sequence[str]) -> None:
        """Name the parts that there are."""
        super().__init__(f"There is no part {part!r} in this project's version.", f"Use --part {' | '.join(known)}.")
        #: What was asked for.
        self.part = part
        #: The parts that there are, in the order of bump-my-version, and ``none``.
        self.known = tuple(known)


class InvalidVersion(WrongUsage):
    """An explicit version is not one of :pep:`440`."""

    def __init__(self, version: str, origin: str) -> None:
        """Say where the version came from."""
        super().__init__(
            f"{version!r} (from {origin}) is not a valid version (PEP 440).", "Give one such as 1.7.0 or 2.0.0rc1."
        )
        #: What was given.
        self.version = version


class InvalidSetting(WrongUsage):
    """A setting is unknown, or its value cannot be used."""


class Refused(ReleaseError):
    """Act 1 found reasons not to start; nothing was touched."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        """Take every error that was found, in the order of the checks."""
        count = len(findings)
        super().__init__(f"Not released: {count} {'error' if count == 1 else 'errors'} found.", "", findings)


class Declined(ReleaseError):
    """The user was asked and said no; nothing was touched."""


class SecretsFound(ReleaseError):
    """Credentials stand where they could be published."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        """Take every place where one stands."""
        count = len(findings)
        hint = (
            "Take it out, and revoke it if it was ever pushed or published; what only looks like one is allowed by a "
            "comment: release-recipes: allow-secret"
        )
        super().__init__(f"{count} {'credential' if count == 1 else 'credentials'} found.", hint, findings)


class Failed(ReleaseError):
    """A step failed before anything was public; there is nothing to undo."""


class NoRepository(Failed):
    """The folder is in no git repository, or in one without a commit or without a working tree."""


class NoProject(Failed):
    """The repository's root holds no Python project whose name can be read."""


class NoToken(Failed):
    """There is no token for an upload."""

    def __init__(self, address: str, hint: str) -> None:
        """Say for which upload address."""
        super().__init__(f"There is no token for {address}.", hint)


class ProgramMissing(Failed):
    """A program that is needed cannot be started."""

    def __init__(self, program: str) -> None:
        """Name the program."""
        super().__init__(f"The program {program!r} was not found.", f"Install {program} so that it is on PATH.")
        #: The name as it was looked for.
        self.program = program


class CommandFailed(Failed):
    """A program ended with another code than 0."""

    def __init__(self, argv: Sequence[str], code: int, output: str, hint: str = "") -> None:
        """Keep what ran and the end of what it said (masked)."""
        self.argv = tuple(argv)
        #: The exit code; negative for the number of the signal that ended it.
        self.code = code
        #: Everything that it wrote, both streams, masked.
        self.output = output
        lines = [line.strip() for line in output.splitlines() if line.strip()]
        # git gives the cause first and what it leads to last; what others say last is why they ended.
        why = next((line for line in lines if line.startswith("fatal: ")), lines[-1] if lines else "")
        said = f": {why}" if why else "."
        super().__init__(f"{self.program} failed (exit code {code}){said}", hint)

    @property
    def program(self) -> str:
        """What a user calls that command: the program, or the module behind ``python -m``."""
        words = [PurePath(self.argv[0]).stem, *self.argv[1:]]
        words = words[2:] if words[1:2] == ["-m"] else words
        verb = next((w for w in words[1:] if not w.startswith("-") and "=" not in w and "/" not in w), "")
        return f"{words[0]} {verb}".strip()


class CommandTimedOut(CommandFailed):
    """A program did not end in the time that it had, and was ended with all its children."""

    def __init__(self, argv: Sequence[str], seconds: float, output: str) -> None:
        """Say how long it had."""
        super().__init__(argv, -1, output)
        self.message = f"{self.program} did not end within {seconds:.0f} seconds."
        self.hint = "Run it by hand to see what it waits for."


class BumpFailed(Failed):
    """The version files could not be brought to the planned version in the workspace."""


class TestsFailed(Failed):
    """The project's tests failed in the clean clone."""

    __test__ = False  # pytest would take the name for a class of tests

    def __init__(self, session: str, output: str) -> None:
        """Keep the session and what it printed."""
        super().__init__(f"The tests failed (nox -s {session}).", "Fix them, or release without them: --skip-tests.")
        #: Everything that the session wrote, masked.
        self.output = output


class BadDistribution(Failed):
    """What was built is not what was planned, or not what an index takes."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        """Take all that the inspections found, in their order; there is at least one."""
        first, *others = findings
        message = f"The distributions cannot be released: {len(findings)} errors found."
        super().__init__(message if others else first.message, "" if others else first.hint, findings)


class NoIndexAnswer(Failed):
    """The index gave no usable answer to a question."""


class ClaimedElsewhere(Failed):
    """Another machine releases this version, or has just released it; nothing was uploaded from here."""


class PushRefused(Failed):
    """The remote, or the pre-push hook, refuses what a release pushes; nothing was uploaded."""


class Busy(ReleaseError):
    """Another process holds this repository's lock."""


class ReleaseWaits(ReleaseError):
    """A record says that a release is not finished."""

    exit_code = 3


class UploadRefused(ReleaseError):
    """The index refused a file for good (a definite 4xx): trying again cannot help."""

    def __init__(self, filename: str, status: int, reason: str, hint: str, *, may_be_public: bool) -> None:
        """Keep the index's own words, and whether the index may have something of this release all the same."""
        super().__init__(f"The index refused {filename}: {status} {reason}".rstrip(". ") + ".", hint)
        #: The HTTP status.
        self.status = status
        self.may_be_public = may_be_public


class Unfinished(ReleaseError):
    """Act 3 could not go on; the record stays, and ``resume`` finishes it."""

    def __init__(self, message: str, hint: str = "") -> None:
        """Point to ``resume`` where nothing better is known."""
        super().__init__(message, hint or f"Fix that, then type: {typed('resume')}")


class FileConflict(Unfinished):
    """The index has a file of the same name with another sha256."""

    may_be_public = True

    def __init__(self, filename: str, ours: str, theirs: str, hint: str) -> None:
        """Tell both hashes."""
        super().__init__(
            f"{filename} is on the index with other content: sha256 {theirs} there, {ours} here.",
            f"An index takes a file name once. {hint}",
        )
        self.filename, self.ours, self.theirs = filename, ours, theirs


class RefConflict(Unfinished):
    """A tag or a branch of the remote names something else than this release."""


class UploadFailed(Unfinished):
    """A file did not get to the index after all attempts."""

    def __init__(self, message: str, hint: str, *, may_be_public: bool) -> None:
        """Keep whether the index may have something of this release all the same."""
        super().__init__(message, hint)
        self.may_be_public = may_be_public


class NotServed(Unfinished):
    """The index took the files but does not serve them yet."""

    may_be_public = True


class Interrupted(ReleaseError):
    """A signal or Ctrl-C ended the task."""

    exit_code = 130

    def __init__(self, signal_name: str, *, waits: bool = False, may_be_public: bool = False) -> None:
        """Name the signal, and say whether a record waits, and whether an upload without one had begun."""
        self.may_be_public = may_be_public
        if waits:
            message, hint = f"Interrupted by {signal_name}; the release is not finished.", typed("resume")
            super().__init__(message, f"Finish it: {hint}")
        elif may_be_public:
            message = f"Interrupted by {signal_name}; files of it may be public."
            super().__init__(message, "Type the same command again: what is there is not sent twice.")
        else:
            message = f"Interrupted by {signal_name}; nothing is public."
            super().__init__(message, "Type the same command to start again.")
