"""What can go wrong, as exceptions that say it.

Nothing here prints. An error carries data and makes two sentences of it: ``message`` says what is wrong, ``hint``
what to do now, in words that a person can type. ``exit_code`` is what the process ends with:

========  ===================================================================
0         done
1         refused or failed, and nothing is public
2         wrong usage or wrong settings
3         public in part, or a release waits: ``resume`` finishes it
130       interrupted, and nothing is public
========  ===================================================================

The tree::

    ReleaseError
    ├── WrongUsage                  2   what was typed or configured cannot be meant
    │   ├── UnknownPart
    │   ├── InvalidVersion
    │   └── InvalidSetting
    ├── Refused                     1   act 1 found reasons not to start
    ├── Declined                    1   the person said no
    ├── Failed                      1   a step failed before anything was public
    │   ├── NoRepository
    │   ├── NoProject
    │   ├── ProgramMissing
    │   ├── CommandFailed
    │   │   └── CommandTimedOut
    │   ├── BumpFailed
    │   ├── TestsFailed
    │   ├── BadDistribution
    │   └── NoIndexAnswer
    ├── Busy                        1   another process holds the lock
    ├── ReleaseWaits                3   a record says that a release is not finished
    ├── UploadRefused               1   the index said no for good (3 once anything is public)
    ├── Unfinished                  3   act 3 could not go on
    │   ├── FileConflict
    │   ├── RefConflict
    │   ├── UploadFailed
    │   └── NotServed
    └── Interrupted               130   a signal or Ctrl-C (3 once a record waits)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_recipes.secrets.mask import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True)
class Problem:
    """One reason not to release, or one warning."""

    #: The name of the check that found it, as ``skip_checks`` takes it.
    check: str
    #: What is wrong, one sentence.
    message: str
    #: What to do now, one sentence.
    hint: str


class ReleaseError(Exception):
    """The root of everything that this package raises on purpose."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "", *, exit_code: int | None = None) -> None:
        """Keep the two sentences, and the exit code where it is not that of the class."""
        super().__init__(MASK(message))
        #: What is wrong (masked).
        self.message = MASK(message)
        #: What to do now (masked); empty where the message says it all.
        self.hint = MASK(hint)
        if exit_code is not None:
            self.exit_code = exit_code

    @property
    def problems(self) -> list[Problem]:
        """This error in the form in which a report lists it."""
        name = type(self).__name__
        return [Problem("".join("-" * c.isupper() + c.lower() for c in name).lstrip("-"), self.message, self.hint)]


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

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Take every problem that was found."""
        self._problems = list(problems)
        count = len(self._problems)
        super().__init__(f"Not released: {count} {'problem' if count == 1 else 'problems'} found.")

    @property
    def problems(self) -> list[Problem]:
        """All problems, in the order of the checks."""
        return self._problems


class Declined(ReleaseError):
    """The person was asked and said no; nothing was touched."""


class Failed(ReleaseError):
    """A step failed before anything was public; there is nothing to undo."""


class NoRepository(Failed):
    """The folder is in no git repository, or in one without a commit or without a working tree."""


class NoProject(Failed):
    """The repository's root holds no Python project whose name can be read."""


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
        """What a person calls that command: the program, or the module behind ``python -m``."""
        from pathlib import PurePath

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
        super().__init__(f"The tests failed (nox -s {session}).", "Mend them, or release without them: --skip-tests.")
        #: Everything that the session wrote, masked.
        self.output = output


class BadDistribution(Failed):
    """What was built is not what was planned, or not what an index takes."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Take all that the inspections found; there is at least one."""
        self._problems = list(problems)
        first, *others = self._problems
        message = f"The distributions cannot be released: {len(self._problems)} problems found."
        super().__init__(message if others else first.message, "" if others else first.hint)

    @property
    def problems(self) -> list[Problem]:
        """All problems, in the order of the inspections."""
        return self._problems


class NoIndexAnswer(Failed):
    """The index gave no usable answer to a question."""


class Busy(ReleaseError):
    """Another process holds this repository's lock."""


class ReleaseWaits(ReleaseError):
    """A record says that a release is not finished."""

    exit_code = 3


class UploadRefused(ReleaseError):
    """The index refused a file for good (a definite 4xx): trying again cannot help."""

    exit_code = 3

    def __init__(self, filename: str, status: int, reason: str, hint: str, *, ambiguous: bool) -> None:
        """Keep the index's own words."""
        super().__init__(f"The index refused {filename}: {status} {reason}".rstrip(". ") + ".", hint)
        #: The HTTP status.
        self.status = status
        #: Whether another attempt of this release may have left something on the index.
        self.ambiguous = ambiguous


class Unfinished(ReleaseError):
    """Act 3 could not go on; the record stays, and ``resume`` finishes it."""

    exit_code = 3

    def __init__(self, message: str, hint: str = "Mend that, then type: invoke resume") -> None:
        """Point to ``resume`` where nothing better is known."""
        super().__init__(message, hint)


class FileConflict(Unfinished):
    """The index has a file of the same name with another sha256."""

    def __init__(self, filename: str, ours: str, theirs: str) -> None:
        """Tell both hashes."""
        super().__init__(
            f"{filename} is on the index with other content: sha256 {theirs} there, {ours} here.",
            "A file name can be used once. Find out who uploaded it; then type: invoke abandon, and release the next "
            "version.",
        )
        self.filename, self.ours, self.theirs = filename, ours, theirs


class RefConflict(Unfinished):
    """A tag or a branch of the remote names something else than this release."""


class UploadFailed(Unfinished):
    """A file did not get to the index after all attempts."""


class NotServed(Unfinished):
    """The index took the files but does not serve them yet."""


class Interrupted(ReleaseError):
    """A signal or Ctrl-C ended the task."""

    exit_code = 130

    def __init__(self, signal_name: str, *, waits: bool = False) -> None:
        """Name the signal, and say whether a record waits."""
        if waits:
            message, hint = f"Interrupted by {signal_name}; the release is not finished.", "Finish it: invoke resume"
            super().__init__(message, hint, exit_code=3)
        else:
            message = f"Interrupted by {signal_name}; nothing is public."
            super().__init__(message, "Type the same command to start again.")
