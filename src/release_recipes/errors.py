"""The errors of this package.

Nothing here prints. An error carries data and two sentences: ``message`` says what is wrong, ``hint`` says what to do
now, with a command that the user can type. ``exit_code`` is the exit code of the process. If a record waits, or if
something may be public, the exit code is 3; :mod:`~release_recipes.cli.session` decides that.

========  ===================================================================
0         done
1         refused or failed, and nothing is public
2         wrong usage or wrong settings
3         not finished: something is public, or a release waits; ``resume``
          finishes it, or the same command goes on with other packages
130       interrupted, and nothing is public
========  ===================================================================

The tree of errors; a module is named where the class is defined elsewhere::

    ReleaseError                    1
    ├── WrongUsage                  2   a flag or a setting is wrong
    │   ├── UnknownPart
    │   ├── AmbiguousVersion
    │   ├── InvalidVersion
    │   └── InvalidSetting
    ├── Refused                     1   act 1 found reasons not to start
    ├── Declined                    1   the user answered no
    ├── SecretsFound                1   there are credentials in files
    ├── EditedFiles                 1   a file that would be written was changed by hand
    ├── Failed                      1   a step failed before anything was public
    │   ├── NoRepository
    │   ├── NoProject
    │   │   └── NoMetadata
    │   ├── NoTag
    │   ├── NoToken
    │   ├── ProgramMissing
    │   ├── CommandFailed
    │   │   ├── CommandTimedOut
    │   │   └── GitHubFailed            programs.github_answer
    │   ├── BumpFailed
    │   ├── TestsFailed
    │   ├── BadDistribution
    │   ├── NoIndexAnswer
    │   │   └── NoAnswer                index.client
    │   ├── ClaimedElsewhere
    │   └── PushRefused
    ├── Busy                        1   another process holds the lock
    ├── ReleaseWaits                3   a release is not finished, here or on another machine
    ├── NotAsReleased               1   something that was released is not as it was
    ├── UploadRefused               1   the index refused a file for good
    ├── Unfinished                  1   act 3 could not continue (3, since a record waits)
    │   ├── FileConflict            3
    │   ├── RefConflict
    │   ├── UploadFailed
    │   ├── NotServed               3
    │   └── StoppedWatching         3
    └── Interrupted               130   a signal or Ctrl-C
"""

import re
import shlex
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePath

from release_recipes.findings import Finding
from release_recipes.secrets.mask import MASK

#: The flag ``--project`` of the running task, which the commands in hints repeat; empty if it was not given.
REPEATED: list[str] = []


def typed(*words: str) -> str:
    """Return the command that a user types for a task, with the program that they started."""
    program = PurePath(sys.argv[0] if sys.argv else "")
    name = program.parent.name if program.name == "__main__.py" else program.stem
    alone = words[:1] in {("explain",), ("scan",)} or {"--all-changed", "--projects"} & {*words}  # without --project
    repeated = [] if alone else map(shlex.quote, REPEATED)
    known = "invoke" if name in {"invoke", "inv"} else "release-recipes"
    # Started by its path, such as .venv/bin/invoke, it may not be found by its name.
    by_path = len(program.parts) > 1 and program.stem == known and not shutil.which(known)
    return " ".join([shlex.quote(str(program)) if by_path else known, *words, *repeated])


def choice(what: str, versions: Sequence[str]) -> str:
    """Return what to do, versions to choose from, and the command that releases the first one."""
    among = f", {' or '.join(versions)}, such as" if versions[1:] else ""
    return f"{what}{among}: {typed('release', '--new-version', *versions[:1])}"


class ReleaseError(Exception):
    """The base class of all errors that this package raises."""

    exit_code = 1
    #: Whether something may be public although no record waits: a single upload, or one to TestPyPI.
    may_be_public = False

    def __init__(self, message: str, hint: str = "", findings: Iterable[Finding] = ()) -> None:
        """Keep message and hint, and the findings that the error is about."""
        super().__init__(MASK(message))
        #: What is wrong (masked).
        self.message = MASK(message)
        #: What to do now (masked); empty if the message is enough.
        self.hint = MASK(hint)
        name = "".join("-" * c.isupper() + c.lower() for c in type(self).__name__).lstrip("-")
        found = [replace(each, message=MASK(each.message), hint=MASK(each.hint)) for each in findings]
        #: The findings that a report lists for this error (masked).
        self.findings = found or [Finding(self.message, self.hint, check=name)]


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as ``1 file`` or ``2 files``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class WrongUsage(ReleaseError):
    """A flag or a setting is wrong; nothing was started."""

    exit_code = 2


class UnknownPart(WrongUsage):
    """``--part`` is not a part of this project's version."""

    def __init__(self, part: str, known: Sequence[str]) -> None:
        """List the parts of the version."""
        hint = f"Use --part {' | '.join([*known[:-1], 'auto', *known[-1:]])}."
        if re.match(r"v?\d", part):
            hint = f"Use --new-version {part.removeprefix('v')}."
        elif not known[1:]:
            hint = "Use --new-version X, or --part none."
        super().__init__(f"There is no part {part!r} in this project's version.", hint)
        #: The parts of the version, in the order of bump-my-version, and ``none``.
        self.known = tuple(known)


class AmbiguousVersion(WrongUsage):
    """The next version for a part is not clear, or it is not higher than the current version."""

    def __init__(self, current: str, part: str, candidates: Iterable[str], why: str) -> None:
        """Say why, and offer each candidate."""
        #: The current version.
        self.current = current
        #: The part that was requested.
        self.part = part
        #: Versions that may be meant; each is higher than the current version.
        self.candidates = tuple(dict.fromkeys(candidates))
        message = f"The next version for part {part!r} after {current} is not clear: {why}."
        super().__init__(message, choice("Choose the version", self.candidates))


class InvalidVersion(WrongUsage):
    """An explicit version is not valid by :pep:`440`."""

    def __init__(self, version: str, origin: str) -> None:
        """Say where the version came from."""
        message = f"{version!r} (from {origin}) is not a valid version (PEP 440)."
        super().__init__(message, "Use a version such as 1.7.0 or 2.0.0rc1.")


class InvalidSetting(WrongUsage):
    """A setting is unknown, or its value is not valid."""

    def __init__(self, message: str, hint: str = "", *, file: str = "", line: int = 0) -> None:
        """Take the place in a file of the repository, if it is known."""
        found = [Finding(message, hint, check="invalid-setting", file=file, line=line)] if file else []
        super().__init__(message, hint, found)


class Refused(ReleaseError):
    """Act 1 found errors; nothing was changed."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        """Take every error that was found, in the order of the checks."""
        super().__init__(f"The checks found {counted(len(findings), 'error')}.", "", findings)


class Declined(ReleaseError):
    """The user answered no to a question; nothing was changed."""


class SecretsFound(ReleaseError):
    """There are credentials in files that could be published."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        """Take the place of each credential."""
        hint = (
            "Remove it, and revoke it if it was ever pushed or published. To allow a false positive, add a comment: "
            "release-recipes: allow-secret"
        )
        super().__init__(f"{counted(len(findings), 'credential')} found.", hint, findings)


class EditedFiles(ReleaseError):
    """Files that would be written were changed by hand; they are unchanged."""

    def __init__(self, files: Sequence[str]) -> None:
        """Name the files."""
        message = f"{', '.join(files)}: changed by hand, or not written by this command, and therefore not overwritten."
        again = typed("init", "--only", "workflows")
        hint = f"Take over what you need of the difference above; or to replace the file, delete it and run: {again}"
        super().__init__(message, hint)


class Failed(ReleaseError):
    """A step failed before anything was public; there is nothing to undo."""


class NoRepository(Failed):
    """The folder is in no git repository, or in one without a commit or without a working tree."""


class NoProject(Failed):
    """A folder holds no Python project whose name can be read."""


class NoMetadata(NoProject):
    """The build backend could not say the project's name and version."""

    def __init__(self, backend: str, reason: str) -> None:
        """Take the name of the backend, and its last line."""
        message = f"The build backend ({backend}) could not say the project's name and version: {reason}."
        super().__init__(message, "See why it fails in a new clone of the repository: python -m build --wheel")


class NoTag(Failed):
    """The remote does not have the tag of a release."""

    def __init__(self, tag: str, remote: str, *, is_here: bool) -> None:
        """Say whether this repository has it."""
        hint = f"See which tags there are: git ls-remote --tags {remote}"
        if is_here:
            hint = f"Push it: git push {remote} {tag}"
        super().__init__(f"{remote} does not have the tag {tag}.", hint)


class NoToken(Failed):
    """There is no token for an upload."""

    def __init__(self, address: str, hint: str, why: str = "", *, transient: bool = False) -> None:
        """Say for which upload address, and why; keep whether another attempt may get one."""
        super().__init__(f"There is no token for {address}{f': {why}' if why else ''}.", hint)
        self.transient = transient


class ProgramMissing(Failed):
    """A program that is needed cannot be started."""

    def __init__(self, program: str) -> None:
        """Name the program."""
        hint = f"Install {program}, and make sure that it is on PATH."
        super().__init__(f"The program {program!r} was not found.", hint)


class CommandFailed(Failed):
    """A program ended with an exit code other than 0."""

    def __init__(self, argv: Sequence[str], code: int, output: str, hint: str = "") -> None:
        """Keep the command, its exit code and its output (masked)."""
        self.argv = tuple(argv)
        #: The exit code; negative for the number of the signal that ended it.
        self.code = code
        #: Its output on both streams, masked.
        self.output = output
        lines = [line.strip() for line in output.splitlines() if line.strip()]
        # git and the resolver of uv print the cause first; the last line of other programs says why they ended.
        causes = [line for line in lines if line.startswith(("fatal: ", "cause: Because ", "╰─▶ Because "))]
        why = re.sub("^(cause:|╰─▶) ", "", next(iter(causes or lines[-1:]), ""))
        said = f": {why}" if why else "."
        super().__init__(f"{self.program} failed (exit code {code}){said}", hint)

    @property
    def program(self) -> str:
        """The name of the command for the user: the program, or the module behind ``python -m``."""
        words = [PurePath(self.argv[0]).stem, *self.argv[1:]]
        words = words[2:] if words[1:2] == ["-m"] else words
        verb = next((w for w in words[1:] if not w.startswith("-") and "=" not in w and "/" not in w), "")
        return f"{words[0]} {verb}".strip()


class CommandTimedOut(CommandFailed):
    """A program did not end in time, and was ended with all its children."""

    def __init__(self, argv: Sequence[str], seconds: float, output: str) -> None:
        """Keep the timeout in seconds."""
        super().__init__(argv, -1, output)
        self.message = f"{self.program} did not end within {seconds:.0f} seconds."
        self.hint = "Run it by hand to see what it waits for."


class BumpFailed(Failed):
    """The version files could not be brought to the planned version in the workspace."""


#: What uv says of requirements that exclude each other.
_EXCLUDED = "No solution found when resolving"


class TestsFailed(Failed):
    """The project's tests failed in the clean clone."""

    __test__ = False  # pytest would collect it as a class of tests
    #: What only a release can do.
    OR_SKIP = ", or release without them: --skip-tests"

    def __init__(self, what: str, output: str, *, ours: bool = False, skipped: Sequence[str] = ()) -> None:
        """Keep the command and its output.

        Args:
            what: The command as a user would type it.
            output: Its output, masked; empty if nothing was started, because there are no tests.
            ours: Whether our session installs what the tests need, or would: the project has no session, tox or hatch.
            skipped: The sessions that nox skipped, if it ran none.
        """
        message = f"No test was run ({what}): {', '.join(skipped)}." if skipped else f"The tests failed ({what})."
        if not skipped and (not output or _NO_TESTS.search(output)):
            message = f"No test was found ({what})."
        hint = f"Fix them{self.OR_SKIP}."
        if _EXCLUDED in output:
            hint = f"Fix the requirements, which exclude each other. Among packages of a repository: {typed('check')}"
        elif ours:
            hint += (
                " Declare what they need in [dependency-groups] test = […], define a session test in noxfile.py, "
                'or set their command: [tool.release] test_command = "…"'
            )
        super().__init__(message, hint)
        #: The output of the session, masked.
        self.output = output


#: The messages of pytest and unittest if there are no tests.
_NO_TESTS = re.compile(r"no tests ran in|Ran 0 tests in")


class BadDistribution(Failed):
    """The distributions differ from the plan, or an index would refuse them."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        """Take the errors that the inspections found, in their order; there is at least one."""
        first, *others = findings
        message = f"The distributions cannot be released: {len(findings)} errors found."
        super().__init__(message if others else first.message, "" if others else first.hint, findings)


class NoIndexAnswer(Failed):
    """The index gave no usable answer to a question."""


class ClaimedElsewhere(Failed):
    """Another machine is releasing this version, or has just released it; nothing was uploaded by this process."""


class PushRefused(Failed):
    """The remote or the pre-push hook refuses the push; nothing was uploaded."""


class Busy(ReleaseError):
    """Another process holds this repository's lock."""


class ReleaseWaits(ReleaseError):
    """A release is not finished."""

    exit_code = 3


class NotAsReleased(ReleaseError):
    """A release is not as it was, or that could not be seen."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        """Carry the findings."""
        super().__init__(f"The history is not as it was: {counted(len(findings), 'finding')}.", "", findings)


class UploadRefused(ReleaseError):
    """The index refused a file for good (a definite 4xx): trying again cannot help."""

    def __init__(self, filename: str, status: int, reason: str, hint: str) -> None:
        """Keep the index's answer."""
        super().__init__(f"The index refused {filename}: {status} {reason}".rstrip(". ") + ".", hint)
        #: The HTTP status.
        self.status = status


class Unfinished(ReleaseError):
    """Act 3 could not continue; the record stays, and ``resume`` finishes it."""

    def __init__(self, message: str, hint: str = "") -> None:
        """Use ``resume`` as the hint if none is given."""
        super().__init__(message, hint or f"Fix that, then run: {typed('resume')}")


class FileConflict(Unfinished):
    """The index has a file of the same name with another sha256."""

    def __init__(self, filename: str, ours: str, theirs: str, hint: str, *, may_be_public: bool) -> None:
        """Show both hashes, and keep whether the index has files of this release."""
        message = f"The index has a different file named {filename}: sha256 {theirs} on the index, {ours} here."
        super().__init__(message, f"A file name can be used only once on an index. {hint}")
        self.may_be_public = may_be_public


class RefConflict(Unfinished):
    """A tag of the remote belongs to something other than this release."""


class UploadFailed(Unfinished):
    """A file could not be uploaded after all attempts."""


class NotServed(Unfinished):
    """The index accepted the files, but does not serve them yet."""

    may_be_public = True


class StoppedWatching(Unfinished):
    """Ctrl-C or a signal ended the watching of CI, which goes on with the release."""

    exit_code = 3

    def __init__(self, release: str) -> None:
        """Name project and version."""
        hint = f"See how far it is: {typed('status')}. To watch it again: {typed('resume')}"
        super().__init__(f"CI goes on with {release}; only the watching was stopped.", hint)


class Interrupted(ReleaseError):
    """A signal or Ctrl-C ended the task."""

    exit_code = 130

    def __init__(
        self, signal_name: str, *, waits: bool = False, may_be_public: bool = False, released: str = ""
    ) -> None:
        """Name the signal.

        Args:
            signal_name: Its name.
            waits: Whether a record waits.
            may_be_public: Whether an upload without a record had started.
            released: The releases that the task had completed before.
        """
        self.may_be_public = may_be_public
        said = f"{released or 'nothing'} is public"
        hint = f"Run the same command to {'go on' if released else 'start again'}."
        if waits:
            said, hint = "the release is not finished", f"Finish it: {typed('resume')}"
        elif may_be_public:
            said = "some files may be public"
            hint = "Run the same command again; files that are on the index are not uploaded twice."
        super().__init__(f"Interrupted by {signal_name}; {said}.", hint)
