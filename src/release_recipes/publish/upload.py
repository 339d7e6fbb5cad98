"""Upload the distributions that the index does not have: wheels before the sdist.

Installers prefer wheels; an sdist that is on the index alone would be compiled by users until the wheels are there
(pypi/warehouse issue 6843). The first file is uploaded alone, so that the release is created once; then the other
wheels in parallel; sdists last.

A failed upload may have succeeded, if its response was lost. After each failure the index is asked, and the file is
sent again only if the index does not have it.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from release_recipes import events
from release_recipes.errors import (
    Failed,
    NoIndexAnswer,
    NoToken,
    Unfinished,
    UploadFailed,
    UploadRefused,
    counted,
    typed,
)
from release_recipes.index import twine
from release_recipes.index.attestations import attest
from release_recipes.index.retry import retried
from release_recipes.processes.threads import in_parallel
from release_recipes.publish import claim, listing
from release_recipes.publish.step import Done, Step, World, always
from release_recipes.secrets.token import Token
from release_recipes.settings import Target, token_name, where_to_put
from release_recipes.state.record import Artifact, Record

if TYPE_CHECKING:
    from twine.repository import Repository


def _describe(record: Record) -> list[str]:
    return [
        f"upload the files that the index does not have to {record.target.upload_address} with twine, the sdist last",
        "with Trusted Publishing, attest them all before the first is uploaded",
    ]


def _converge(world: World) -> Done:
    record, address = world.record, world.record.target.upload_address
    try:
        missing = set(listing.absent(world))
    except NoIndexAnswer as error:
        message = f"Nothing was uploaded, because it is not known what the index has. {error.message}"
        kind = Unfinished if world.state else Failed
        raise kind(message, f"{error.hint} Then {world.how_to_finish()}") from None
    absent = [artifact for artifact in record.artifacts if artifact.filename in missing]
    if not absent:
        return Done(state="already done", note=address)
    if world.token is None:
        where = where_to_put(token_name(test=record.test), world.git.path / record.folder, world.git.path)
        raise NoToken(address, f"{where}; then {world.how_to_finish()}")
    for artifact in absent if world.state else ():  # without a record, they have just been hashed
        path = world.dist / artifact.filename
        if not path.is_file() or Artifact.of(path) != artifact:
            raise _changed(world, artifact)
    try:
        world.token.reveal()  # one of Trusted Publishing is minted now
        attested = attest([world.dist / artifact.filename for artifact in absent], world.token, world.signer)
    except Failed as failure:
        failure.may_be_public = len(absent) < len(record.artifacts)
        raise
    claim.hold(world)
    if world.state:
        world.state.mark_public(record)
    uploader = _Uploader(world, world.token, absent, attested)
    wheels = [artifact for artifact in absent if not artifact.is_sdist]
    alone = 1 if len(absent) == len(record.artifacts) else 0
    with twine.silenced():
        for batch in (wheels[:alone], wheels[alone:], [artifact for artifact in absent if artifact.is_sdist]):
            uploader.send_all(batch)
    return Done(note=f"{counted(len(absent), 'file')} to {address}")


class Transient(Exception):
    """An attempt failed, and another one may succeed."""

    def __init__(self, message: str, number: int, why: str, retry_after: float | None = None) -> None:
        """Keep the reason, and the seconds that the server asks to wait (``None`` if it does not)."""
        super().__init__(message)
        self.number, self.why, self.retry_after = number, why, retry_after


def _changed(world: World, artifact: Artifact) -> Unfinished:
    """Return the error for a file on disk that differs from the file that was inspected and hashed."""
    message = f"{world.dist / artifact.filename} is not the file that was recorded (sha256 {artifact.sha256})."
    give_up = f", or abandon the release ({typed('abandon')})" if world.state else ""
    return Unfinished(message, f"Restore the right file{give_up}; then {world.how_to_finish()}")


class _Uploader:
    """Uploads files, each until it is on the index or cannot be uploaded."""

    def __init__(self, world: World, token: Token, absent: Sequence[Artifact], attested: Mapping[str, str]) -> None:
        self._world, self._token, self._attested = world, token, attested
        self._total = len(world.record.artifacts)
        self._lock = threading.Lock()
        self._sent = self._total - len(absent)
        #: The files that the index may have, but does not list.
        self._unknown = {artifact.filename for artifact in absent} if world.record.maybe_public else set()
        #: In the order of time; after the first failure, no other upload begins.
        self._failures: list[BaseException] = []

    @property
    def _may_be_public(self) -> bool:
        """Whether the index has, or may have, something of this release."""
        return bool(self._sent or self._unknown)

    def send_all(self, batch: Sequence[Artifact]) -> None:
        """Send files in parallel; the first failure is raised when all running uploads have ended."""
        waiting = deque(batch)
        in_parallel([lambda: self._send_some(waiting)] * min(self._world.record.upload_workers, len(batch)))
        if self._failures:
            raise self._failures[0]

    def _send_some(self, waiting: deque[Artifact]) -> None:
        """Send files one after the other over a connection, until none is left."""
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
            # A conflict knows about one file only; a token that cannot be renewed, or a full disk, about none.
            error.may_be_public = getattr(error, "may_be_public", False) or self._may_be_public  # type: ignore[attr-defined]
            self._failures.append(error)

    def _send(self, repository: Repository, artifact: Artifact) -> None:
        """Send a file until the index has it.

        Raises:
            UploadRefused: The index refused it for good.
            UploadFailed: It could not be uploaded after all attempts.
            FileConflict: The index has a different file of that name.
        """
        number, patience = itertools.count(1), self._world.patience
        try:
            retried(patience.upload, self._goes_on, lambda: self._attempt(repository, artifact, next(number)))
        except Transient as failure:
            if not self._is_there(artifact, patience.doubt):
                raise self._given_up(artifact, failure) from None
        with self._lock:
            self._sent += 1
            self._unknown.discard(artifact.filename)
            events.emit(events.Progress("upload", self._sent, self._total))

    def _goes_on(self, failure: Exception) -> bool | float:
        """Return whether to try again, or after how many seconds; never after another file failed."""
        if not isinstance(failure, Transient) or self._failures:
            return False
        return True if failure.retry_after is None else failure.retry_after

    def _attempt(self, repository: Repository, artifact: Artifact, number: int) -> None:
        """Make one attempt; from the second one on, only if the index does not have the file.

        Raises:
            Transient: Another attempt may succeed.
            UploadRefused: Another attempt cannot succeed.
            UploadFailed: Another attempt cannot succeed, and nothing was sent.
        """
        if number > 1 and self._is_there(artifact):
            return
        try:
            path, attestation = self._world.dist / artifact.filename, self._attested.get(artifact.filename, "")
            answer = twine.upload(repository, path, artifact.sha256, attestation)
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
        # A duplicate is refused, too, with a message that depends on the server; its hash says whether it is ours.
        patience = self._world.patience
        questions = patience.doubt if self._may_be_public else (0.0,)
        if artifact.filename in self._unknown:
            questions = patience.late
        if not self._is_there(artifact, questions):
            raise self._refused(artifact, answer)

    def _transient(self, artifact: Artifact, number: int, why: str, retry_after: float | None = None) -> Transient:
        """Return the failure of an attempt, and emit it for the history."""
        most = self._world.patience.upload.attempts
        message = f"{artifact.filename}: attempt {number} of {most} failed ({why})"
        events.emit(events.AttemptFailed(message))
        return Transient(message, number, why, retry_after)

    def _is_there(self, artifact: Artifact, questions: Sequence[float] = (0.0,)) -> bool:
        """Ask the index whether it has the file.

        Raises:
            FileConflict: It has a different file of that name.
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
        made = counted(failure.number, "attempt")
        message = f"{artifact.filename} was not uploaded after {made}: {failure.why.rstrip('.')}."
        wait = f"The index asks you to wait for {failure.retry_after:.0f} seconds. " if failure.retry_after else ""
        there = f"{self._sent} of {self._total} files are on the index." if self._sent else "No file is on the index."
        hint = f"{wait}{there} Later, {self._again}"
        return UploadFailed(message, hint)

    @property
    def _again(self) -> str:
        """The command to run after a fault is fixed: if nothing is public, the record is removed."""
        return self._world.how_to_finish() if self._may_be_public else "run the same command again."

    def _refused(self, artifact: Artifact, answer: twine.Answer) -> UploadRefused:
        hint = _HINTS.get(answer.status, _HINTS[400]).format(again=self._again, token=self._token.origin)
        user = self._world.record.target.username
        if answer.status in {401, 403} and user != Target.username:
            hint = f"The user is {user!r}; for another one, set PYPI_USERNAME. {hint}"
        if answer.is_duplicate:
            first = f"abandon this release ({typed('abandon')}) and " if self._world.state else ""
            hint = (
                "A file name can be used only once on an index, even if the file was deleted or is not listed. If the "
                f"file is not yours, {first}release the next version. If it is, wait some minutes, then {self._again}"
            )
        if answer.location:
            hint = f"The upload address has moved to {answer.location}; check PYPI_REPOSITORY_URL."
        return UploadRefused(artifact.filename, answer.status, answer.reason, hint)


_HINTS = {
    400: "Fix what the index reports, then {again}",
    401: "The user or the token is wrong. Check PYPI_USERNAME and the token ({token}), then {again}",
    403: "The token is wrong, expired, or for another project. Replace it ({token}), then {again}",
    404: "The upload address is wrong. Check PYPI_REPOSITORY_URL, then {again}",
    413: "The file is too large for this index. Ask its administrators for a higher limit, then {again}",
}


STEP = Step("upload", always, _describe, _converge)
