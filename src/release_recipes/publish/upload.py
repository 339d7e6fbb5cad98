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
from collections.abc import Sequence
from typing import TYPE_CHECKING

from release_recipes import events
from release_recipes.errors import Failed, NoIndexAnswer, NoToken, Unfinished, UploadFailed, UploadRefused, typed
from release_recipes.index import twine
from release_recipes.index.retry import attempts
from release_recipes.processes.threads import in_parallel
from release_recipes.publish import listing
from release_recipes.publish.step import Done, Step, World, always
from release_recipes.secrets.token import Token
from release_recipes.state.record import Artifact, Record

if TYPE_CHECKING:
    from twine.repository import Repository


def _describe(record: Record) -> list[str]:
    return [
        f"upload with twine to {record.target.upload_address}: wheels first, the sdist last, each where it is absent"
    ]


def _converge(world: World) -> Done:
    record, address = world.record, world.record.target.upload_address
    try:
        missing = set(listing.absent(world))
    except NoIndexAnswer as error:
        message = f"Nothing is uploaded before the index says what it has. {error.message}"
        kind = Unfinished if world.state else Failed
        raise kind(message, f"{error.hint} Then {world.how_to_finish()}") from None
    absent = [artifact for artifact in record.artifacts if artifact.filename in missing]
    if not absent:
        return Done(state="already done", note=address)
    if world.token is None:
        raise NoToken(address, f"Put it into .env (PYPI_API_TOKEN=…); then {world.how_to_finish()}")
    for artifact in absent if world.state else ():  # without a record they were hashed just now
        path = world.dist / artifact.filename
        if not path.is_file() or Artifact.of(path) != artifact:
            raise _changed(world, artifact)
    if world.state:
        world.state.mark_public(record)
    uploader = _Uploader(world, world.token, absent)
    wheels = [artifact for artifact in absent if not artifact.is_sdist]
    alone = 1 if len(absent) == len(record.artifacts) else 0
    with twine.silenced():
        for batch in (wheels[:alone], wheels[alone:], [artifact for artifact in absent if artifact.is_sdist]):
            uploader.send_all(batch)
    files = "1 file" if len(absent) == 1 else f"{len(absent)} files"
    return Done(note=f"{files} to {address}")


class Transient(Exception):
    """An attempt failed, and another one may go better."""

    def __init__(self, message: str, number: int, why: str, retry_after: float | None = None) -> None:
        """Keep why, and the seconds that the server wants us to wait (``None`` where it said nothing)."""
        super().__init__(message)
        self.number, self.why, self.retry_after = number, why, retry_after


def _changed(world: World, artifact: Artifact) -> Unfinished:
    """Return the error for a file on disk that is not the one that was inspected and hashed."""
    message = f"{world.dist / artifact.filename} is not the file that was recorded (sha256 {artifact.sha256})."
    give_up = f", or give the release up: {typed('abandon')}" if world.state else ""
    return Unfinished(message, f"Put the right file there{give_up}. Then {world.how_to_finish()}")


class _Uploader:
    """Sends files, each until it is seen on the index or cannot get there."""

    def __init__(self, world: World, token: Token, absent: Sequence[Artifact]) -> None:
        self._world, self._token = world, token
        self._total = len(world.record.artifacts)
        self._lock = threading.Lock()
        self._sent = self._total - len(absent)
        #: The files that the index may have although nobody has seen them there.
        self._unknown = {artifact.filename for artifact in absent} if world.record.maybe_public else set()
        #: In the order of time; with the first one, nothing new begins.
        self._failures: list[BaseException] = []

    @property
    def _may_be_public(self) -> bool:
        """Whether the index has, or may have, something of this release."""
        return bool(self._sent or self._unknown)

    def send_all(self, batch: Sequence[Artifact]) -> None:
        """Send files in parallel; the first failure is raised once all that had begun are over."""
        waiting = deque(batch)
        in_parallel([lambda: self._send_some(waiting)] * min(self._world.record.upload_workers, len(batch)))
        if self._failures:
            raise self._failures[0]

    def _send_some(self, waiting: deque[Artifact]) -> None:
        """Send files one after the other over one connection, while there are some."""
        try:
            with twine.uploading(
                self._world.record.target, self._token, self._world.patience.upload_answer
            ) as repository:
                while not self._failures:
                    with self._lock:
                        if not waiting:
                            return
                        artifact = waiting.popleft()
                    self._send(repository, artifact)
        except BaseException as error:  # noqa: BLE001 - raised by the thread that waits for all
            self._failures.append(error)

    def _send(self, repository: Repository, artifact: Artifact) -> None:
        """Send one file until it is there.

        Raises:
            UploadRefused: The index said no for good.
            UploadFailed: It did not get there after all attempts.
            FileConflict: The index has another file of that name.
        """
        try:
            for attempt in attempts(self._world.patience.upload, self._goes_on):
                with attempt:
                    if attempt.num > 1 and self._is_there(artifact):
                        break
                    self._attempt(repository, artifact, attempt.num)
        except Transient as failure:
            if not self._is_there(artifact, self._world.patience.doubt):
                raise self._given_up(artifact, failure) from None
        with self._lock:
            self._sent += 1
            self._unknown.discard(artifact.filename)
            events.emit(events.Progress("upload", self._sent, self._total))

    def _goes_on(self, failure: Exception) -> bool | float:
        """Say whether to try again, after how many seconds where the server said so; not once another file failed."""
        if not isinstance(failure, Transient) or self._failures:
            return False
        return True if failure.retry_after is None else failure.retry_after

    def _attempt(self, repository: Repository, artifact: Artifact, number: int) -> None:
        """Try once.

        Raises:
            Transient: It may go better next time.
            UploadRefused: It will not.
            UploadFailed: Likewise, and nothing was sent.
        """
        try:
            answer = twine.upload(repository, self._world.dist / artifact.filename, artifact.sha256)
        except twine.AnotherFile:
            raise _changed(self._world, artifact) from None
        except twine.NoResponse as silence:
            if silence.sent:
                self._unknown.add(artifact.filename)
            failure = self._transient(artifact, number, str(silence))
            raise (self._given_up(artifact, failure) if silence.permanent else failure) from None
        if answer.stored or answer.is_server_error:
            self._unknown.add(artifact.filename)
        if answer.stored:
            return
        if answer.is_transient:
            raise self._transient(artifact, number, f"{answer.status} {answer.reason}".strip(), answer.retry_after)
        # A duplicate is refused, too, in the words of each server; whether it is ours, the hash decides.
        patience = self._world.patience
        questions = patience.doubt if self._may_be_public else (0.0,)
        if artifact.filename in self._unknown:
            questions = patience.late
        if not self._is_there(artifact, questions):
            raise self._refused(artifact, answer)

    def _transient(self, artifact: Artifact, number: int, why: str, retry_after: float | None = None) -> Transient:
        """Return the failure of one attempt, which is told to the history."""
        most = self._world.patience.upload.attempts
        message = f"{artifact.filename}: attempt {number} of {most} failed ({why})"
        events.emit(events.AttemptFailed(message))
        return Transient(message, number, why, retry_after)

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

    def _given_up(self, artifact: Artifact, failure: Transient) -> UploadFailed:
        attempts_made = "1 attempt" if failure.number == 1 else f"{failure.number} attempts"
        message = f"{artifact.filename} did not get to the index after {attempts_made}: {failure.why.rstrip('.')}."
        wait = f"The index asks to wait for {failure.retry_after:.0f} seconds. " if failure.retry_after else ""
        there = f"{self._sent} of {self._total} files are there, and stay." if self._sent else "No file was seen there."
        hint = f"{wait}{there} Later, {self._again}"
        return UploadFailed(message, hint, may_be_public=self._may_be_public)

    @property
    def _again(self) -> str:
        """What to type once a fault is fixed: a record of which nothing is public is dropped."""
        return self._world.how_to_finish() if self._may_be_public else "give the same command again."

    def _refused(self, artifact: Artifact, answer: twine.Answer) -> UploadRefused:
        hint = _HINTS.get(answer.status, _HINTS[400]).format(again=self._again)
        if answer.is_duplicate:
            hint = (
                "The index takes a file name once, also when the file was deleted or is not listed. If it should be "
                f"there, wait some minutes, then {self._again} Otherwise: {typed('abandon')}, and release the next "
                "version."
            )
        if answer.location:
            hint = f"The upload address has moved to {answer.location}: look at PYPI_REPOSITORY_URL."
        return UploadRefused(artifact.filename, answer.status, answer.reason, hint, may_be_public=self._may_be_public)


_HINTS = {
    400: "The index's words say what it does not take; fix that, then {again}",
    401: "The user or the token is wrong: look at PYPI_USERNAME and the token in .env, then {again}",
    403: "The token is wrong, expired, or of another project: put a new one into .env, then {again}",
    404: "The upload address is wrong: look at PYPI_REPOSITORY_URL, then {again}",
    413: "The file is too large for this index; ask its owners for a higher limit, then {again}",
}


STEP = Step("upload", always, _describe, _converge)
