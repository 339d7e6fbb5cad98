"""A proxy of ours between an uploader and a true index: it forwards each request, except where a fault is planned.

Nothing is answered from here but faults, and these in the words that PyPI was seen to use. Whatever a fault does, the
true index stays true: a fault either comes before the index is asked, or stands between its answer and the uploader.
Each connection carries one request, so that a closed port refuses the very next one.
"""

import http.client
import os
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import urlsplit

On = Literal["upload", "page", "file"]

_LINGER = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
"""The value of SO_LINGER with which closing a connection resets it."""


@dataclass
class Request:
    """One request as it was met; `outcome` is "" while it lasts.

    `received` counts the bytes of the body that were read, `index_status` is what the index answered (None: it was not
    asked), `outcome` the status that was sent on or the name of the fault, `at` seconds of the monotonic clock.
    """

    method: str
    path: str
    filename: str | None
    at: float
    received: int = 0
    index_status: int | None = None
    outcome: str = ""


@dataclass(frozen=True)
class Answer:
    """What is sent to the uploader; Content-Length is `length`, or that of the body."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    length: int | None = None

    @property
    def raw(self) -> bytes:
        """The bytes on the wire."""
        length = len(self.body) if self.length is None else self.length
        fields = (*self.headers, ("Content-Length", str(length)), ("Connection", "close"))
        lines = [f"HTTP/1.1 {self.status} {self.reason}", *(f"{name}: {value}" for name, value in fields)]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


@dataclass(frozen=True)
class Fault:
    """Something that happens to one request instead of its being forwarded."""

    name: str
    act: Callable[["Exchange"], None]


@dataclass(frozen=True)
class PageFault:
    """Something that is changed in an index page: each entry that a plan names becomes what `edit` makes of it.

    An entry is the text of an `<a>` element; one that becomes "" is left out.
    """

    name: str
    edit: Callable[[str], str]


@dataclass
class Plan:
    """A fault, and the requests that it is for; `left` None is for ever, `skip` requests that match are let by."""

    fault: Fault | PageFault
    on: On
    filename: str | None
    left: int | None
    skip: int
    when: Callable[[], bool]

    def takes(self, on: On, filename: str | None) -> bool:
        """Say whether it is the turn of this plan, and count that."""
        if self.left == 0 or self.on != on or self.filename not in (None, filename) or not self.when():
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.left is not None:
            self.left -= 1
        return True


class FaultyIndex:
    """An index on loopback that is the true one behind it, but for the faults that are planned.

    `requests` are in the order in which they came.
    """

    def __init__(self, upstream_url: str, index_url: str | None = None) -> None:
        """Take the true index's upload address, and the root of its simple API where that is not `simple/` below it."""
        self._upstream = urlsplit(upstream_url)
        self._index_path = urlsplit(index_url).path if index_url else f"{self._upstream.path.rstrip('/')}/simple/"
        self._plans: list[Plan] = []
        self.requests: list[Request] = []
        self.crashes: list[Exception] = []
        self.lock = threading.Lock()
        self.closing = threading.Event()
        self.connections: set[socket.socket] = set()
        self.threads: list[threading.Thread] = []
        self._server: _Server | None = None
        self._port = 0

    @property
    def upload_url(self) -> str:
        """The upload address."""
        return f"http://127.0.0.1:{self._port}{self._upstream.path}"

    @property
    def index_url(self) -> str:
        """The root of the simple API."""
        return f"http://127.0.0.1:{self._port}{self._index_path}"

    @property
    def uploads(self) -> list[Request]:
        """The requests that were uploads."""
        return [request for request in self.requests if request.method == "POST"]

    @property
    def unspent(self) -> list[str]:
        """The names of the faults that have not happened as often as was planned."""
        return [plan.fault.name for plan in self._plans if plan.left]

    def plan(
        self,
        fault: Fault | PageFault,
        times: int | None = 1,
        filename: str | None = None,
        *,
        on: On | None = None,
        after: int = 0,
        when: Callable[[], bool] = lambda: True,
    ) -> None:
        """Let a fault happen to the next requests that match, once the first `after` of these have passed.

        Requests for which `when` is not true are neither broken nor counted.

        A fault is for uploads unless `on` says otherwise. A page fault is for pages that list the file (any file, where
        none is named), and pages on which it changes nothing are not counted. `times` None is for ever. Of several
        faults for one request the one that was planned first happens.
        """
        edits = isinstance(fault, PageFault)
        on = on or ("page" if edits else "upload")
        if (edits and on != "page") or (not edits and on == "page" and filename):
            message = f"{fault.name} on {on}, file name {filename}: this would never happen"
            raise ValueError(message)
        with self.lock:
            self._plans.append(Plan(fault, on, filename, times, after, when))

    def fault_for(self, on: On, filename: str | None) -> Fault | None:
        """Take the fault that is planned for a request."""
        with self.lock:
            for plan in self._plans:
                if isinstance(plan.fault, Fault) and plan.takes(on, filename):
                    return plan.fault
        return None

    def edited(self, body: bytes) -> tuple[bytes, list[str]]:
        """Return an index page as the planned page faults make it, and the names of these."""
        names = []
        with self.lock:
            for plan in self._plans:
                if isinstance(plan.fault, PageFault) and plan.left != 0:
                    other = _edited(body, plan.filename, plan.fault.edit)
                    if other != body and plan.takes("page", plan.filename):
                        body = other
                        names.append(plan.fault.name)
        return body, names

    # ---- the port --------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        """Listen on a free port."""
        self.open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Break off what hangs, wait for all threads, and raise what went wrong here."""
        self.closing.set()
        self.close()
        with self.lock:
            for connection in self.connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(5)
        if self.crashes and error is None:
            message = "the proxy failed"
            raise ExceptionGroup(message, self.crashes)

    def close(self, seconds: float | None = None) -> None:
        """Refuse connections from now on, or for some seconds; what is under way goes on."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        if seconds is not None:
            self._start(self._open_after, seconds)

    def mend(self) -> None:
        """Forget every fault, and listen where the port is closed."""
        with self.lock:
            self._plans.clear()
        if self._server is None:
            self.open()

    def open(self) -> None:
        """Listen, on the same port as before."""
        self._server = _Server(("127.0.0.1", self._port), self)
        self._port = self._server.server_port
        self._start(self._server.serve_forever, 0.01)

    def _open_after(self, seconds: float) -> None:
        if not self.closing.wait(seconds):
            self.open()

    def _start(self, run: Callable[..., object], *words: object) -> None:
        thread = threading.Thread(target=run, args=words, daemon=True)
        self.threads.append(thread)
        thread.start()

    def forward(self, request: Request, headers: Mapping[str, str], body: bytes) -> Answer:
        """Ask the true index."""
        own = {"connection", "keep-alive", "expect", "accept-encoding", "content-length", "transfer-encoding"}
        connection = http.client.HTTPConnection(self._upstream.hostname or "", self._upstream.port, timeout=60)
        try:
            connection.putrequest(request.method, request.path, skip_host=True)
            for name, value in headers.items():
                if name.lower() not in own:
                    connection.putheader(name, value)
            if request.method == "POST":
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            response = connection.getresponse()
            request.index_status = response.status
            kept = tuple((name, value) for name, value in response.getheaders() if name.lower() not in own)
            return Answer(response.status, response.reason, kept, response.read())
        except OSError as error:
            # Not to be taken for a client that went away.
            message = "the true index does not answer"
            raise RuntimeError(message) from error
        finally:
            connection.close()


class _Server(ThreadingHTTPServer):
    """A server with a thread for each request, which the index waits for."""

    request_queue_size = 128

    def __init__(self, address: tuple[str, int], index: FaultyIndex) -> None:
        self.index = index
        super().__init__(address, Exchange)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 -- as in socketserver
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        self.index.threads.append(thread)
        thread.start()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002 -- as in socketserver
        """Keep what went wrong here; that a client went away is no such thing."""
        error = sys.exception()
        if isinstance(error, Exception) and not isinstance(error, ConnectionError | TimeoutError):
            self.index.crashes.append(error)


class Exchange(BaseHTTPRequestHandler):
    """One request, and what a fault can do with it."""

    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 60

    def answer(self) -> None:
        """Let the fault that is planned for this request happen, or forward it."""
        self.close_connection = True
        self.index, self.body = self.server.index, b""
        self.left = int(self.headers.get("Content-Length") or 0)
        self.met = Request(self.command, self.path, _name_in(self.path), time.monotonic())
        self.index.requests.append(self.met)
        if self.command == "POST":
            self._read_to_the_file()
        on: On = "upload" if self.command == "POST" else "file" if self.met.filename else "page"
        if fault := self.index.fault_for(on, self.met.filename):
            self.met.outcome = fault.name
            fault.act(self)
        elif on == "page":
            self._forward_page()
        else:
            self.send(self.forward())

    do_GET = do_HEAD = do_POST = answer  # noqa: N815 -- as in http.server

    def receive(self, share: float = 1.0) -> None:
        """Read the body, or a share of what is left of it.

        Raises:
            ConnectionAbortedError: The uploader went away before the end; the index must not see half a request.

        """
        wanted = int(self.left * share)
        more = self.rfile.read(wanted)
        self.body += more
        self.left -= len(more)
        self.met.received = len(self.body)
        if len(more) < wanted:
            self.met.outcome = "uploader went away"
            raise ConnectionAbortedError

    def forward(self) -> Answer:
        """Read what is left of the request and return the true index's answer to it."""
        self.receive()
        return self.index.forward(self.met, dict(self.headers.items()), self.body)

    def send(self, answer: Answer) -> None:
        """Read what is left of the request and answer it."""
        self.receive()
        self.met.outcome = self.met.outcome or str(answer.status)
        self.connection.sendall(answer.raw)

    def reset(self) -> None:
        """Break the connection so that the other side sees a reset, not an end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        # http.server would first send an end; a reader of its own keeps `close` from doing anything.
        socket.close(self.connection.detach())

    def hang(self) -> None:
        """Read what is left of the request and say nothing, until the other side gives up or the context ends."""
        self.receive()
        self.connection.settimeout(None)
        while self.connection.recv(1):
            pass

    def setup(self) -> None:
        """Let the end of the context reach this connection."""
        super().setup()
        with self.server.index.lock:
            self.server.index.connections.add(self.connection)

    def finish(self) -> None:
        """Forget the connection."""
        with self.server.index.lock:
            self.server.index.connections.discard(self.connection)
        super().finish()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def _forward_page(self) -> None:
        answer = self.forward()
        body, names = self.index.edited(answer.body)
        self.met.outcome = ", ".join(names)
        self.send(replace(answer, body=body))

    def _read_to_the_file(self) -> None:
        """Read as far as the first byte of the uploaded file, which comes last, and learn its name."""
        begins = re.compile(rb'Content-Disposition: .*\bname="content".*\bfilename="([^"]+)"', re.IGNORECASE)
        while self.left and (line := self.rfile.readline(self.left)):
            self.body += line
            self.left -= len(line)
            if found := begins.match(line):
                self.met.filename = found[1].decode()
            elif self.met.filename and line == b"\r\n":
                break
        self.met.received = len(self.body)


def _name_in(path: str) -> str | None:
    """Return the file name of a distribution at the end of a path."""
    name = urlsplit(path).path.rpartition("/")[2]
    return name if name.endswith((".whl", ".tar.gz", ".zip")) else None


def _edited(page: bytes, filename: str | None, edit: Callable[[str], str]) -> bytes:
    """Return a page of the simple API in which the entries of a file, or all, were edited."""
    return re.sub(
        r"<a\b[^>]*>\s*(.*?)\s*</a>",
        lambda found: edit(found[0]) if filename in (None, found[1]) else found[0],
        page.decode(),
    ).encode()


# ---- the faults ----------------------------------------------------------------------------------------------


def answered(status: int, reason: str = "", *, body: str = "", headers: Mapping[str, str] | None = None) -> Fault:
    """Answer with a status, once the request was read, without asking the index."""
    phrase = HTTPStatus(status).phrase
    answer = Answer(status, reason or phrase, tuple((headers or {}).items()), body.encode())
    return Fault(f"{status} {phrase}", lambda exchange: exchange.send(answer))


def named(name: str, fault: Fault) -> Fault:
    """Return a fault under another name."""
    return replace(fault, name=name)


def retry_after(status: int, seconds: int | str) -> Fault:
    """Answer with a status and say when to come again: in seconds, or a date as in :rfc:`9110`."""
    fault = answered(status, headers={"Retry-After": str(seconds)})
    return named(f"{fault.name}, Retry-After {seconds}", fault)


def stored(fault: Fault) -> Fault:
    """Let the index have the request, and only then the fault happen: the index's answer is lost."""

    def act(exchange: Exchange) -> None:
        exchange.forward()
        fault.act(exchange)

    return Fault(f"stored, then {fault.name}", act)


def delayed(seconds: float) -> Fault:
    """Forward a request as a slower index would."""

    def act(exchange: Exchange) -> None:
        exchange.receive()
        exchange.index.closing.wait(seconds)
        exchange.send(exchange.forward())

    return Fault(f"delayed by {seconds} s", act)


def trickled(pause: float = 0.01) -> Fault:
    """Send the answer a byte at a time: no single read takes long, the whole does."""

    def act(exchange: Exchange) -> None:
        for byte in exchange.forward().raw:
            exchange.connection.sendall(bytes([byte]))
            exchange.index.closing.wait(pause)

    return Fault("slow trickle of the answer", act)


def port_closed(seconds: float) -> Fault:
    """Forward a request; before it is answered the port closes, so that whoever comes next is refused for a while."""

    def act(exchange: Exchange) -> None:
        answer = exchange.forward()
        exchange.index.close(seconds)
        exchange.send(answer)

    return Fault(f"port closed for {seconds} s", act)


def _reset_during(exchange: Exchange) -> None:
    exchange.receive(0.5)
    exchange.reset()


def _reset_after(exchange: Exchange) -> None:
    exchange.receive()
    exchange.reset()


def _truncated(exchange: Exchange) -> None:
    answer = exchange.forward()
    exchange.send(replace(answer, length=len(answer.body) + 100))


def _page(status: int, words: str, sentence: str) -> str:
    """Return the page that Pyramid, the framework of PyPI, makes of an error."""
    head = f"<html>\n <head>\n  <title>{status} {words}</title>\n </head>\n"
    return f"{head} <body>\n  <h1>{status} {words}</h1>\n  {sentence}<br/><br/>\n{words}\n\n\n </body>\n</html>"


def _duplicate(exchange: Exchange, *, in_reason: bool) -> None:
    exchange.receive()
    found = re.search(rb'name="blake2_256_digest"\r\n(?:.+\r\n)*\r\n([0-9a-f]{64})', exchange.body)
    digest = found[1].decode() if found else ""
    words = (
        f"File already exists ({exchange.met.filename!r}, with blake2_256 hash {digest!r})."
        " See https://pypi.org/help/#file-name-reuse for more information."
    )
    sentence = "The server could not comply with the request since it is either malformed or otherwise incorrect."
    answered(400, words if in_reason else "", body=_page(400, words, sentence)).act(exchange)


_WHO = (
    "Invalid or non-existent authentication information. See https://pypi.org/help/#invalid-auth for more information."
)

RESET_BEFORE = Fault("reset before the body", Exchange.reset)
RESET_DURING = Fault("reset during the body", _reset_during)
RESET_AFTER = Fault("reset after the body", _reset_after)
RESPONSE_LOST = named("response lost", stored(RESET_AFTER))
TIME_OUT = Fault("time-out", Exchange.hang)
TRUNCATED = Fault("truncated answer", _truncated)
SERVER_ERROR = answered(500)
BAD_GATEWAY = answered(502)
UNAVAILABLE = answered(503)
DUPLICATE = Fault("400 duplicate", lambda exchange: _duplicate(exchange, in_reason=True))
DUPLICATE_IN_BODY = Fault("400 duplicate, told in the body", lambda exchange: _duplicate(exchange, in_reason=False))
UNAUTHORIZED = answered(401, headers={"WWW-Authenticate": 'Basic realm="pypi"'})
FORBIDDEN = answered(403, _WHO, body=_page(403, _WHO, "Access was denied to this resource."))
MOVED = answered(301, headers={"Location": "/moved/"})
FOUND = answered(302, headers={"Location": "/moved/"})
LISTED_LATE = PageFault("listed late", lambda _: "")
OTHER_HASH = PageFault("another sha256", lambda entry: re.sub(r"\b[0-9a-f]{64}\b", "0" * 64, entry))
