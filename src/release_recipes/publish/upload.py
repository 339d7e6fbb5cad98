"""Upload the distributions: wheels before the sdist, each only where it is absent.

Installers prefer wheels, so an sdist that is there alone would be compiled by everybody for as long as the rest takes
(pypi/warehouse issue 6843). The first file goes alone, so that the release is created once; the other wheels go in
parallel; sdists go last.

No failure is believed: a lost response may hide a success. After each one the index is asked, and the file is sent
again only if it is not there.
"""

from __future__ import annotations

import email.utils
import functools
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from release_recipes import events
from release_recipes.errors import FileConflict, NoIndexAnswer, Unfinished, UploadFailed, UploadRefused, WrongUsage
from release_recipes.programs import twine
from release_recipes.programs.retry import attempts
from release_recipes.publish.step import Done, Step, World
from release_recipes.side_by_side import side_by_side
from release_recipes.state import Artifact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twine.repository import Repository

    from release_recipes.plan import Plan
    from release_recipes.programs.index import Page

#: Attempts and seconds for one file; whichever ends first.
ATTEMPTS = 6
PATIENCE = 600.0

#: Seconds before the second attempt, doubled for each further one, and the longest; plus a jitter.
FIRST_WAIT = 0.5
LONGEST_WAIT = 60.0

#: Seconds before each question, when one answer is not believed: a page may be half updated.
QUESTIONS = (0.0, 1.0, 2.0)


def _describe(plan: Plan) -> list[str]:
    return [f"twine upload --repository-url {plan.upload_address} *.whl *.tar.gz"]


class Passing(Exception):
    """An attempt failed in a way that can pass."""

    def __init__(self, why: str, retry_after: float | None = None) -> None:
        """Keep why, and the seconds that the server wants us to wait (``None`` where it said nothing)."""
        super().__init__(why)
        self.why, self.retry_after = why, retry_after


def _converge(world: World) -> Done:
    record = world.record
    absent = _absent(world, world.index.page(record.project))
    if not absent:
        return Done(state="already done", note=record.upload_address)
    if world.token is None:
        raise NoToken(record.upload_address)
    for artifact in absent:
        _unchanged(world, artifact)
    uploader = _Uploader(world, absent)
    if world.state:
        world.state.mark_public(record)
    wheels = [artifact for artifact in absent if not artifact.is_sdist]
    first, rest = (wheels[:1], wheels[1:]) if len(absent) == len(record.artifacts) else ([], wheels)
    with twine.silenced():
        for batch in (first, rest, [artifact for artifact in absent if artifact.is_sdist]):
            uploader.send_all(batch)
    files = "1 file" if len(absent) == 1 else f"{len(absent)} files"
    return Done(note=f"{files} to {record.upload_address}")


class NoToken(WrongUsage):
    """There is no token to go on with."""

    exit_code = 3

    def __init__(self, address: str) -> None:
        """Say for which index."""
        super().__init__(
            f"There is no token for {address}, and files are missing there.",
            "Put it into .env (PYPI_API_TOKEN=…), then type: invoke resume",
        )


def _absent(world: World, page: Page) -> list[Artifact]:
    """Return what the index does not have yet, in the order of upload.

    Raises:
        FileConflict: It has a file of that name with another sha256.
    """
    absent = []
    for artifact in world.record.artifacts:
        listed = page.files.get(artifact.filename)
        if listed is None:
            absent.append(artifact)
        elif (theirs := world.index.sha256(listed)) != artifact.sha256:
            raise FileConflict(artifact.filename, artifact.sha256, theirs)
    return absent


def _unchanged(world: World, artifact: Artifact) -> None:
    """See that a file on disk is the one that was inspected and recorded."""
    path = world.dist / artifact.filename
    if not path.is_file() or Artifact.of(path) != artifact:
        message = f"{path} is not the file that was recorded (sha256 {artifact.sha256})."
        raise Unfinished(message, "Put the right file there, or give the release up: invoke abandon")


class _Uploader:
    """Sends files, each until it is seen on the index or cannot get there."""

    def __init__(self, world: World, absent: Sequence[Artifact]) -> None:
        self._world = world
        self._total = len(world.record.artifacts)
        self._lock = threading.Lock()
        self._sent = self._total - len(absent)
        #: Whether the index may have a file although nobody has seen it there.
        self._ambiguous = world.record.maybe_public or self._sent > 0
        self._stopped = threading.Event()

    def send_all(self, batch: Sequence[Artifact]) -> None:
        """Send files side by side; the first failure is raised once all that had begun are over."""
        if not batch:
            return
        workers = min(self._world.record.upload_workers, len(batch))
        lanes = [batch[lane::workers] for lane in range(workers)]
        failures = side_by_side([functools.partial(self._send_lane, lane) for lane in lanes])
        if failures:
            raise failures[0]

    def _send_lane(self, lane: Sequence[Artifact]) -> None:
        """Send files one after the other over one connection."""
        record, token = self._world.record, self._world.token
        if token is None:
            raise NoToken(record.upload_address)
        try:
            with twine.uploading(record.upload_address, record.username, token) as repository:
                for artifact in lane:
                    if not self._stopped.is_set():
                        self._send(repository, artifact)
        except BaseException:
            self._stopped.set()  # what another lane has begun ends; nothing new begins
            raise

    def _send(self, repository: Repository, artifact: Artifact) -> None:
        """Send one file until it is there.

        Raises:
            UploadRefused: The index said no for good.
            UploadFailed: It did not get there after all attempts.
            FileConflict: The index has another file of that name.
        """
        tries = attempts(_wait, most=ATTEMPTS, patience=PATIENCE, first_wait=FIRST_WAIT, longest_wait=LONGEST_WAIT)
        try:
            for attempt in tries:
                with attempt:
                    if attempt.num > 1 and self._is_there(artifact):
                        break
                    self._attempt(repository, artifact, attempt.num)
        except Passing as failure:
            if not self._is_there(artifact, patient=True):
                message = f"{artifact.filename} did not get to the index after {ATTEMPTS} attempts: {failure.why}"
                raise UploadFailed(message.rstrip(".") + ".") from None
        with self._lock:
            self._sent += 1
            events.emit(events.Progress("upload", self._sent, self._total))

    def _attempt(self, repository: Repository, artifact: Artifact, number: int) -> None:
        """Try once.

        Raises:
            Passing: It may go better next time.
            UploadRefused: It will not.
        """
        try:
            answer = twine.upload(repository, self._world.dist / artifact.filename)
        except twine.NoResponse as silence:
            self._ambiguous |= silence.sent
            raise self._passing(artifact, number, str(silence)) from None
        if answer.status in {200, 201}:
            self._ambiguous = True  # what is there cannot be called absent any more
            return
        why = f"{answer.status} {answer.reason}".strip()
        if answer.status >= 500 or answer.status in {408, 429}:  # noqa: PLR2004 - RFC 9110's classes
            self._ambiguous |= answer.status >= 500  # noqa: PLR2004
            raise self._passing(artifact, number, why, _seconds(answer.retry_after))
        # A duplicate is refused too; whether it is ours, the hash decides.
        if self._is_there(artifact, patient=self._ambiguous):
            return
        hint = _HINTS.get(answer.status, _HINT)
        raise UploadRefused(artifact.filename, answer.status, answer.reason, hint, ambiguous=self._ambiguous)

    def _passing(self, artifact: Artifact, number: int, why: str, retry_after: float | None = None) -> Passing:
        events.emit(events.Output("upload", f"{artifact.filename}: attempt {number} of {ATTEMPTS} failed ({why})"))
        return Passing(why, retry_after)

    def _is_there(self, artifact: Artifact, *, patient: bool = False) -> bool:
        """Ask the index whether it has the file; with patience, some seconds long, since a page may be behind.

        Raises:
            FileConflict: It has another one of that name, also when asked again.
        """
        theirs = None
        for pause in QUESTIONS:
            self._stopped.wait(pause)
            try:
                listed = self._world.index.page(self._world.record.project).files.get(artifact.filename)
                theirs = self._world.index.sha256(listed) if listed else None
            except NoIndexAnswer:
                theirs = None
            if theirs == artifact.sha256:
                return True
            if theirs is None and not patient:
                return False
        if theirs:
            raise FileConflict(artifact.filename, artifact.sha256, theirs)
        return False


_HINT = "See what the index says above; then type: invoke release"
_HINTS = {
    400: "The index's words say what it does not take; mend that, and release again.",
    401: "The user or the token is wrong: look at PYPI_USERNAME and the token in .env.",
    403: "The token is wrong, expired, or of another project: make a new one, put it into .env, and try again.",
    404: "The upload address is wrong: look at PYPI_REPOSITORY_URL.",
    413: "The file is too large for this index; ask its owners for a higher limit.",
}


def _wait(failure: Exception) -> bool | float:
    """Tell the retry whether to go on, and for how long to wait where the server said so."""
    if not isinstance(failure, Passing):
        return False
    return True if failure.retry_after is None else failure.retry_after


def _seconds(retry_after: str) -> float | None:
    """Return the seconds of a ``Retry-After``, in either form of RFC 9110 10.2.3; never more than the longest wait."""
    if not retry_after.strip():
        return None
    try:
        wanted = float(retry_after)
    except ValueError:
        try:
            wanted = (email.utils.parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(wanted, 0.0), LONGEST_WAIT)


STEP = Step("upload", _describe, _converge)
