"""True package indexes on loopback: pypiserver in a thread, devpi in a process of its own."""

import base64
import hashlib
import json
import re
import secrets
import subprocess
import sys
import threading
import time
import urllib.request
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import HTTPServer
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any, Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

with warnings.catch_warnings():
    # pypiserver 2.4 carries a bottle that imports cgi, which Python 3.11 and 3.12 call deprecated.
    warnings.simplefilter("ignore")
    import pypiserver
# It also leaves a finder of the old kind behind, and with that each later import of an absent module is a warning.
sys.meta_path[:] = [finder for finder in sys.meta_path if hasattr(finder, "find_spec")]

__all__ = ["DevpiIndex", "DevpiServer", "Index", "PypiServer"]

_START_SECONDS = 30


@dataclass
class Index(ABC):
    """Where a release goes, and what it takes to be let in."""

    upload_url: str
    index_url: str
    """The root of the simple API."""
    username: str
    password: str = field(repr=False)

    @property
    def settings(self) -> dict[str, str]:
        """The environment variables that lead a release to this index."""
        return {
            "PYPI_REPOSITORY_URL": self.upload_url,
            "PYPI_INDEX_URL": self.index_url,
            "PYPI_USERNAME": self.username,
            "PYPI_API_TOKEN": self.password,
        }

    @abstractmethod
    def files(self) -> dict[str, str]:
        """Return the sha256 of each distribution that the index has, by file name."""


class Serving:
    """A server on a free port of loopback, which answers from `__enter__` to `__exit__`."""

    _server: HTTPServer
    _thread: threading.Thread

    def __enter__(self) -> Self:
        """Begin to answer."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class PypiServer(Serving, Index):
    """A pypiserver that lets in `__token__` with the right token; to be used as a context manager.

    What `authenticate` names (of "update", "download" and "list") is closed to everybody else.
    """

    _server: WSGIServer

    def __init__(self, folder: Path, *, authenticate: Sequence[str] = ("update",)) -> None:
        """Bind a free port; requests are answered from `__enter__` to `__exit__`."""
        self.folder = folder
        self.token = f"pypi-{secrets.token_urlsafe(32)}"
        self.requests: list[str] = []
        """Method, path and status of each request, in the order of the answers."""
        application = pypiserver.app(
            roots=[folder],
            authenticate=list(authenticate),
            auther=lambda username, password: (username, password) == ("__token__", self.token),
            disable_fallback=True,
            overwrite=False,
            # The other back end remembers the folder's content where watchdog is installed.
            backend_arg="simple-dir",
        )
        recorded = _recorded(application, self.requests)
        self._server = make_server("127.0.0.1", 0, recorded, _ThreadingServer, _QuietHandler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        url = f"http://127.0.0.1:{self._server.server_port}/"
        super().__init__(url, f"{url}simple/", "__token__", self.token)

    def files(self) -> dict[str, str]:
        """Return the sha256 of each distribution in the folder, by file name."""
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(self.folder.iterdir())}


class _ThreadingServer(ThreadingMixIn, WSGIServer):
    """A server that answers several clients at once and does not wait for one that hangs."""

    daemon_threads = True


class _QuietHandler(WSGIRequestHandler):
    """A handler that leaves standard error to the tests."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _recorded(application: WSGIApplication, requests: list[str]) -> WSGIApplication:
    """Return an application that puts each request on the list before its client knows the answer."""

    def respond(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, *rest: Any) -> Callable[[bytes], object]:  # noqa: ANN401 - as WSGI has it
            requests.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {status[:3]}")
            return start_response(status, *rest)

        return application(environ, start)

    return respond


class DevpiIndex(Index):
    """One non-volatile index of a devpi-server, without bases: nothing is overwritten, nothing is mirrored."""

    def files(self) -> dict[str, str]:
        """Return the sha256 of each distribution that the simple API names, by file name."""
        names = [project["name"] for project in _simple(self.index_url)["projects"]]
        served = [file for name in names for file in _simple(f"{self.index_url}{name}/")["files"]]
        return {file["filename"]: file["hashes"]["sha256"] for file in served}


# In one process, since half of what either takes is its imports. A password's hash is meant to cost ten seconds at each
# start; the options that make it cheap are hidden from --help.
_INIT_AND_SERVE = """\
import sys
from devpi_server.init import init
from devpi_server.main import main
data = f"--serverdir={sys.argv[1]}"
cheap = ["--argon2-memory-cost=16", "--argon2-parallelism=1", "--argon2-time-cost=1"]
init(argv=["devpi-init", data, "--no-root-pypi"])
main(argv=["devpi-server", data, "--host=127.0.0.1", "--port=0", "--threads=4", *cheap])
"""


class DevpiServer:
    """A devpi-server with one user, who can have any number of indexes; to be used as a context manager."""

    username = "ada"

    def __init__(self, folder: Path) -> None:
        """Choose where the server keeps its data; the process lives from `__enter__` to `__exit__`."""
        self.password = secrets.token_urlsafe(32)
        self._data = folder / "data"
        self._log = folder / "log.txt"
        self._indexes = 0

    def __enter__(self) -> Self:
        """Start the process on a port of its choice, wait until it answers, and make the user."""
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _INIT_AND_SERVE, str(self._data)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            self._url = self._wait_for_address()
            self._call("PUT", self.username, {"password": self.password})
            login = self._call("POST", "+login", {"user": self.username, "password": self.password})
        except BaseException:
            self.__exit__()
            raise
        token = f"{self.username}:{login['result']['password']}"
        self._login = {"X-Devpi-Auth": base64.b64encode(token.encode()).decode()}
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the process that was started here."""
        self._process.terminate()
        self._process.wait()

    def new_index(self) -> DevpiIndex:
        """Make an empty index."""
        self._indexes += 1
        path = f"{self.username}/test{self._indexes}"
        self._call("PUT", path, {"volatile": False, "bases": []}, self._login)
        url = f"{self._url}/{path}/"
        return DevpiIndex(url, f"{url}+simple/", self.username, self.password)

    def _wait_for_address(self) -> str:
        """Return the address that the server says it answers at."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if serving := re.search(r"Serving on (http://\S+)\n", self._log.read_text(encoding="utf-8")):
                return serving[1]
            time.sleep(0.02)
        message = f"devpi-server did not start:\n{self._log.read_text(encoding='utf-8')}"
        raise RuntimeError(message)

    def _call(self, method: str, path: str, body: object, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Send JSON to the server and return its answer."""
        request = urllib.request.Request(
            f"{self._url}/{path}",
            method=method,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **(headers or {})},
        )
        return _answer(request)


def _simple(url: str) -> dict[str, Any]:
    """Return a page of the simple API in its JSON form (:pep:`691`)."""
    return _answer(urllib.request.Request(url, headers={"Accept": "application/vnd.pypi.simple.v1+json"}))


def _answer(request: urllib.request.Request) -> dict[str, Any]:
    """Send a request past any proxy and return the JSON of the answer."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=_START_SECONDS) as response:
        answer: dict[str, Any] = json.load(response)
    return answer
