"""Upload the distributions: wheels before the sdist, each only where it is absent.

Installers prefer wheels, so an sdist that is there alone would be compiled by everybody for as long as the rest takes
(pypi/warehouse issue 6843). The first file goes alone, so that the release is created once; the other wheels go in
parallel; sdists go last.

No failure is believed: a lost response may hide a success. After each one the index is asked, and the file is sent
again only if it is not there.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from release_recipes import events
from release_recipes.errors import (
    Failed,
    NoIndexAnswer,
    ReleaseError,
    Unfinished,
    UploadFailed,
    UploadRefused,
    WrongUsage,
)
from release_recipes.index import twine
from release_recipes.index.retry import attempts
from release_recipes.processes.threads import side_by_side
from release_recipes.publish import listing
from release_recipes.publish.step import Done, Step, World
from release_recipes.state.record import Artifact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twine.repository import Repository

    from release_recipes.plan import Plan

#: Attempts and seconds for one file; whichever ends first.
ATTEMPTS = 6
PATIENCE = 600.0

#: Seconds before the second attempt, doubled for each further one, and the longest; plus a jitter. A server's
#: ``Retry-After`` wins.
FIRST_WAIT = 0.5
LONGEST_WAIT = 30.0

#: An index that has the first file within so many seconds is close by: few connections keep it busy, and more of them
#: only get into each other's way. One that is far away mostly lets us wait.
NEAR = 0.1
FEW = 3

#: Seconds before each question after an attempt whose end is not known, and where the index itself says that it has
#: the file: its pages may be a minute behind.
DOUBTS: tuple[float, ...] = (0.0, 1.0, 2.0)
LATE: tuple[float, ...] = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)


def _describe(plan: Plan) -> list[str]:
    return [f"twine upload --repository-url {plan.upload_address} *.whl *.tar.gz"]


def _converge(world: World) -> Done:
    record = world.record
    try:
        absent = listing.absent(world, record.artifacts)
    except NoIndexAnswer as error:
        message = f"Nothing is uploaded before the index says what it has. {error.message}"
        kind = Unfinished if world.state else Failed
        raise kind(message, f"{error.hint} Then {listing.how_to_finish(world)}") from None
    if not absent:
        return Done(state="already done", note=record.upload_address)
    if world.token is None:
        raise NoToken(world)
    for artifact in absent if world.state else ():  # without a record they were hashed just now
        path = world.dist / artifact.filename
        if not path.is_file() or Artifact.of(path) != artifact:
            raise _changed(world, artifact)
    uploader = _Uploader(world, absent)
    if world.state:
        world.state.mark_public(record)
    wheels = [artifact for artifact in absent if not artifact.is_sdist]
    alone = 1 if len(absent) == len(record.artifacts) else 0
    with twine.silenced():
        for batch in (wheels[:alone], wheels[alone:], [artifact for artifact in absent if artifact.is_sdist]):
            uploader.send_all(batch)
    files = "1 file" if len(absent) == 1 else f"{len(absent)} files"
    return Done(note=f"{files} to {record.upload_address}")


class NoToken(WrongUsage):
    """There is no token to go on with."""

    def __init__(self, world: World) -> None:
        """Say for which index."""
        super().__init__(
            f"There is no token for {world.record.upload_address}, and files are missing there.",
            f"Put it into .env (PYPI_API_TOKEN=…); then {listing.how_to_finish(world)}",
            exit_code=3 if world.state else 2,
        )


class Passing(Exception):
    """An attempt failed in a way that can pass."""

    def __init__(self, filename: str, number: int, why: str, retry_after: float | None = None) -> None:
        """Keep why, and the seconds that the server wants us to wait (``None`` where it said nothing)."""
        super().__init__(f"{filename}: attempt {number} of {ATTEMPTS} failed ({why})")
        self.number, self.why, self.retry_after = number, why, retry_after


def _changed(world: World, artifact: Artifact) -> Unfinished:
    """Return the error for a file on disk that is not the one that was inspected and hashed."""
    message = f"{world.dist / artifact.filename} is not the file that was recorded (sha256 {artifact.sha256})."
    give_up = ", or give the release up: invoke abandon" if world.state else ""
    return Unfinished(message, f"Put the right file there{give_up}. Then {listing.how_to_finish(world)}")


class _Uploader:
    """Sends files, each until it is seen on the index or cannot get there."""

    def __init__(self, world: World, absent: Sequence[Artifact]) -> None:
        self._world = world
        self._total = len(world.record.artifacts)
        self._lock = threading.Lock()
        self._sent = self._total - len(absent)
        #: Whether the index may have a file although nobody has seen it there.
        self._ambiguous = world.record.maybe_public or self._sent > 0
        #: How many files are sent at once, at the most.
        self._lanes = world.record.upload_workers
        #: In the order of time; with the first one, nothing new begins.
        self._failures: list[BaseException] = []

    def send_all(self, batch: Sequence[Artifact]) -> None:
        """Send files side by side; the first failure is raised once all that had begun are over."""
        waiting, began = deque(batch), time.monotonic()
        side_by_side([lambda: self._send_lane(waiting)] * min(self._lanes, len(batch)))
        if len(batch) == 1 and time.monotonic() - began < NEAR:
            self._lanes = min(self._lanes, FEW)
        if self._failures:
            failure = self._failures[0]
            if isinstance(failure, ReleaseError) and not (self._world.state or self._ambiguous):
                failure.exit_code = 1  # nothing is public, and no record waits
            raise failure

    def _send_lane(self, waiting: deque[Artifact]) -> None:
        """Send files one after the other over one connection, while there are some."""
        record, token = self._world.record, self._world.token
        if token is None:
            raise NoToken(self._world)
        try:
            with twine.uploading(record.upload_address, record.username, token) as repository:
                while not self._failures:
                    with self._lock:
                        if not waiting:
                            return
                        artifact = waiting.popleft()
                    self._send(repository, artifact)
        except BaseException as error:  # noqa: BLE001 - raised by the thread that waits for all lanes
            self._failures.append(error)

    def _send(self, repository: Repository, artifact: Artifact) -> None:
        """Send one file until it is there.

        Raises:
            UploadRefused: The index said no for good.
            UploadFailed: It did not get there after all attempts.
            FileConflict: The index has another file of that name.
        """
        tries = attempts(
            self._goes_on, most=ATTEMPTS, patience=PATIENCE, first_wait=FIRST_WAIT, longest_wait=LONGEST_WAIT
        )
        try:
            for attempt in tries:
                with attempt:
                    if attempt.num > 1 and self._is_there(artifact):
                        break
                    self._attempt(repository, artifact, attempt.num)
        except Passing as failure:
            if not self._is_there(artifact, DOUBTS):
                raise self._given_up(artifact, failure) from None
        with self._lock:
            self._sent += 1
            events.emit(events.Progress("upload", self._sent, self._total))

    def _goes_on(self, failure: Exception) -> bool | float:
        """Say whether to try again, after how many seconds where the server said so; not once another file failed."""
        if not isinstance(failure, Passing) or self._failures:
            return False
        return True if failure.retry_after is None else failure.retry_after

    def _attempt(self, repository: Repository, artifact: Artifact, number: int) -> None:
        """Try once.

        Raises:
            Passing: It may go better next time.
            UploadRefused: It will not.
        """
        try:
            answer = twine.upload(repository, self._world.dist / artifact.filename, artifact.sha256)
        except twine.AnotherFile:
            raise _changed(self._world, artifact) from None
        except twine.NoResponse as silence:
            self._ambiguous |= silence.sent
            raise self._passing(artifact, number, str(silence)) from None
        self._ambiguous |= answer.stored or answer.is_server_error
        if answer.stored:
            return
        if answer.can_pass:
            raise self._passing(artifact, number, f"{answer.status} {answer.reason}".strip(), answer.retry_after)
        # A duplicate is refused too; whether it is ours, the hash decides.
        doubts = LATE if answer.is_duplicate and self._ambiguous else DOUBTS if self._ambiguous else (0.0,)
        if not self._is_there(artifact, doubts):
            raise self._refused(artifact, answer)

    def _passing(self, artifact: Artifact, number: int, why: str, retry_after: float | None = None) -> Passing:
        failure = Passing(artifact.filename, number, why, retry_after)
        if self._world.state:
            self._world.state.note("attempt failed", what=str(failure))
        return failure

    def _is_there(self, artifact: Artifact, questions: Sequence[float] = (0.0,)) -> bool:
        """Ask the index whether it has the file.

        Raises:
            FileConflict: It has another one of that name.
        """
        for pause in questions:
            time.sleep(pause)
            try:
                if not listing.absent(self._world, [artifact]):
                    return True
            except NoIndexAnswer:
                continue
        return False

    def _given_up(self, artifact: Artifact, failure: Passing) -> UploadFailed:
        attempts_made = "1 attempt" if failure.number == 1 else f"{failure.number} attempts"
        message = f"{artifact.filename} did not get to the index after {attempts_made}: {failure.why.rstrip('.')}."
        wait = f"The index asks to wait for {failure.retry_after:.0f} seconds. " if failure.retry_after else ""
        return UploadFailed(message, f"{wait}What is there stays there. Later, {listing.how_to_finish(self._world)}")

    def _refused(self, artifact: Artifact, answer: twine.Answer) -> UploadRefused:
        again = listing.how_to_finish(self._world) if self._ambiguous else "give the same command again."
        hint = _HINTS.get(answer.status, _HINTS[400]).format(again=again)
        if answer.is_duplicate:
            hint = (
                "The index takes a file name once, also when the file was deleted or is not listed. If it should be "
                f"there, wait some minutes, then {again} Otherwise: invoke abandon, and release the next version."
            )
        if answer.location:
            hint = f"The upload address has moved to {answer.location}: look at PYPI_REPOSITORY_URL."
        refusal = UploadRefused(artifact.filename, answer.status, answer.reason, hint, ambiguous=self._ambiguous)
        if self._world.state is None and not self._ambiguous:
            refusal.exit_code = 1  # no record waits, and nothing is public
        return refusal


_HINTS = {
    400: "The index's words say what it does not take; mend that, then {again}",
    401: "The user or the token is wrong: look at PYPI_USERNAME and the token in .env, then {again}",
    403: "The token is wrong, expired, or of another project: put a new one into .env, then {again}",
    404: "The upload address is wrong: look at PYPI_REPOSITORY_URL, then {again}",
    413: "The file is too large for this index; ask its owners for a higher limit, then {again}",
}


STEP = Step("upload", _describe, _converge)
