"""What GitHub answers to ``gh api --include``, and what a failure means: wait, try again, or stop."""

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from release_recipes.errors import CommandFailed

_STATUS = re.compile(r"HTTP/\S+ (\d{3})")

#: A release or an asset in the address of a request.
_BY_ID = re.compile(r"/releases/(assets/)?\d+")

#: The exit code of a gh that is not signed in (``gh help exit-codes``).
_NOT_SIGNED_IN = 4

#: Seconds to wait if GitHub limits the rate of requests and does not say how long; its documentation asks for them.
_LIMITED = 60.0


@dataclass(frozen=True)
class Answer:
    """An answer of GitHub."""

    status: int
    #: By their names in lower case.
    headers: Mapping[str, str]
    body: str = ""

    @classmethod
    def of(cls, said: str) -> "Answer | None":
        """Read what ``gh api --include`` prints; ``None`` if there was no answer."""
        head, _, body = said.replace("\r\n", "\n").partition("\n\n")
        first, *lines = head.splitlines() or [""]
        status = _STATUS.match(first)
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        return cls(int(status[1]), headers, body) if status else None

    @property
    def reason(self) -> str:
        """What an answer that is not a success says, in one line, with the status."""
        try:
            told = json.loads(self.body)
        except ValueError:  # a page of a proxy or a load balancer
            told = None
        told = told if isinstance(told, dict) else {}
        words = [told.get("message") or "no reason given", *map(_error, told.get("errors") or ())]
        return f"{'; '.join(' '.join(str(each).split()) for each in words)} (HTTP {self.status})"


def _error(error: object) -> object:
    """Return one of the errors of an answer in words; a code that is not "custom" has none."""
    if not isinstance(error, dict):
        return error
    return error.get("message") or " ".join(str(error[key]) for key in ("resource", "field", "code") if key in error)


class GitHubFailed(CommandFailed):
    """A request to GitHub failed."""

    def __init__(self, argv: Sequence[str], code: int, output: str, answer: Answer | None = None) -> None:
        """Keep the answer; ``None`` if there was none."""
        said = f"gh: {answer.reason}" if answer else output  # gh leaves out the status if there are errors
        super().__init__(argv, code, said, "Check https://www.githubstatus.com, and run: gh auth status")
        self.answer = answer

    @property
    def status(self) -> int | None:
        """The HTTP status; ``None`` if there was no answer."""
        return self.answer.status if self.answer else None

    @property
    def signed_out(self) -> bool:
        """Whether gh is not signed in; with GH_HOST it asks without a token, and GitHub says so."""
        return self.code == _NOT_SIGNED_IN or (self.status == HTTPStatus.UNAUTHORIZED and self.says("Requires auth"))

    @property
    def wait(self) -> float | None:
        """Seconds that GitHub asks to wait, if it limits the rate of requests; otherwise ``None``."""
        if not self.answer or self.answer.status not in {HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}:
            return None
        headers = self.answer.headers
        if (asked := headers.get("retry-after", "")).isdecimal():
            return max(float(asked), 1.0)
        if headers.get("x-ratelimit-remaining") == "0" and headers.get("x-ratelimit-reset", "").isdecimal():
            return max(float(headers["x-ratelimit-reset"]) - time.time(), 1.0)
        is_limited = self.answer.status == HTTPStatus.TOO_MANY_REQUESTS or "rate limit" in self.answer.body
        return _LIMITED if is_limited else None

    @property
    def is_transient(self) -> bool:
        """Whether a retry may succeed: GitHub failed, was not reached, or limits the rate of requests."""
        if self.status is None:
            return not self.signed_out
        return self.status >= 500 or self.status == HTTPStatus.REQUEST_TIMEOUT or self.wait is not None  # noqa: PLR2004

    @property
    def is_overtaken(self) -> bool:
        """Whether another machine was faster: a release or asset has gone, exists already, or is public."""
        if self.status == HTTPStatus.NOT_FOUND:
            return any(_BY_ID.search(word) for word in self.argv)
        words = ("already_exists", "Cannot upload assets to an immutable release")
        return bool(self.answer) and self.status == HTTPStatus.UNPROCESSABLE_ENTITY and self.says(*words)

    def says(self, *words: str) -> bool:
        """Return whether GitHub's answer contains one of some words."""
        return any(word in self.answer.body for word in words) if self.answer else False
