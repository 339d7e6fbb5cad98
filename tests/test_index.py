"""What an index is asked, and what is made of its answers."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import format_datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from release_recipes.errors import NoIndexAnswer
from release_recipes.index.client import Index
from release_recipes.index.page import Listed, read_page
from release_recipes.index.retry import PATIENCE, seconds_of
from release_recipes.secrets.token import Token
from release_recipes.settings import Target

SHA = "a" * 64
JSON = "application/vnd.pypi.simple.v1+json"
Headers = dict[str, str]

#: What is asked again is asked at once.
AT_ONCE = replace(PATIENCE, question=replace(PATIENCE.question, first_wait=0.001))


class Server:
    """Answers each path as a test says, and remembers with which credentials it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, list[tuple[int, Headers, bytes]]] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.headers: list[Message] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append((self.path, self.headers.get("Authorization")))
                outer.headers.append(self.headers)
                left = outer.answers.get(self.path, [(404, {}, b"")])
                status, headers, body = left.pop(0) if len(left) > 1 else left[0]
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_port}"

    def says(self, path: str, body: str, kind: str = "text/html", status: int = 200, **headers: str) -> None:
        """Add an answer to those of a path; the last one is repeated."""
        fields = {"Content-Type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}}
        self.answers.setdefault(path, []).append((status, fields, body.encode()))


@pytest.fixture
def make_server() -> Iterator[Callable[[], Server]]:
    """Return what starts a server on a free port."""
    running: list[Server] = []

    def make() -> Server:
        running.append(Server())
        threading.Thread(target=running[-1].http.serve_forever, args=(0.02,), daemon=True).start()
        return running[-1]

    yield make
    for server in running:
        server.http.shutdown()
        server.http.server_close()


@pytest.fixture
def server(make_server: Callable[[], Server]) -> Server:
    """Serve what a test says."""
    return make_server()


def index_of(server: Server, upload_address: str = "", token: str = "pypi-a-long-token") -> Index:  # noqa: S107
    return Index(Target(upload_address, f"{server.address}/simple/"), Token(token), AT_ONCE)


def test_json_page(server: Server) -> None:
    """The JSON form gives names, addresses, hashes and what is yanked; a hash in capitals is the same hash."""
    files = [
        {"filename": "box-1.0.tar.gz", "url": "../../f/box-1.0.tar.gz", "hashes": {"sha256": SHA.upper()}},
        {"filename": "box-1.0-py3-none-any.whl", "url": "https://f.example/w", "hashes": {}, "yanked": "broken"},
    ]
    server.says("/simple/my-box/", json.dumps({"files": files}), JSON)
    page = index_of(server).page("My_Box")
    assert page.files == {
        "box-1.0.tar.gz": Listed("box-1.0.tar.gz", f"{server.address}/f/box-1.0.tar.gz", SHA),
        "box-1.0-py3-none-any.whl": Listed(
            "box-1.0-py3-none-any.whl", "https://f.example/w", None, yanked=True, yanked_why="broken"
        ),
    }


def test_html_page(server: Server) -> None:
    """The HTML form gives the same; a name is that of the address, unquoted."""
    links = f'<a href="/f/box-1.0%2Blocal.tar.gz#sha256={SHA}">x</a><a data-yanked href="/f/box-1.1.tar.gz">y</a>'
    server.says("/simple/box/", f"<!DOCTYPE html><html><body>{links}</body></html>")
    assert index_of(server).page("box").files == {
        "box-1.0+local.tar.gz": Listed("box-1.0+local.tar.gz", f"{server.address}/f/box-1.0%2Blocal.tar.gz", SHA),
        "box-1.1.tar.gz": Listed("box-1.1.tar.gz", f"{server.address}/f/box-1.1.tar.gz", None, yanked=True),
    }


def test_absent(server: Server) -> None:
    """A project that the index does not know has no files, and that is an answer."""
    assert index_of(server).page("box").exists is False
    assert len(server.asked) == 1


def test_hash_of_a_file(server: Server) -> None:
    """Where the index offers no hash, the file is fetched and hashed."""
    server.says("/f/box-1.0.tar.gz", "content")
    listed = Listed("box-1.0.tar.gz", f"{server.address}/f/box-1.0.tar.gz", None)
    assert index_of(server).sha256(listed) == sha256(b"content").hexdigest()


def test_unreadable_page(server: Server) -> None:
    """An answer that is no index page is told, and not asked for again."""
    server.says("/simple/box/", "{}", JSON)
    with pytest.raises(NoIndexAnswer, match="an answer that cannot be read"):
        index_of(server).page("box")
    assert len(server.asked) == 1


@pytest.mark.parametrize(("status", "times"), [(500, 4), (503, 4), (429, 4), (401, 1), (403, 1), (400, 1)])
def test_what_is_asked_again(server: Server, status: int, times: int) -> None:
    """What can pass is asked four times, and what cannot pass once."""
    server.says("/simple/box/", "", status=status)
    with pytest.raises(NoIndexAnswer, match=f"{status}") as caught:
        index_of(server).page("box")
    assert len(server.asked) == times
    assert ("password" in caught.value.hint) is (status in {401, 403})


def test_retry_after_zero(server: Server) -> None:
    """A server that wants no pause gets none."""
    server.says("/simple/box/", "", status=503, Retry_After="0")
    server.says("/simple/box/", "<a href='/f/box-1.0.tar.gz'>x</a>")
    assert list(index_of(server).page("box").files) == ["box-1.0.tar.gz"]


def test_retry_after_that_outlasts_the_patience(server: Server) -> None:
    """A server that wants an hour is not asked a second time."""
    server.says("/simple/box/", "", status=503, Retry_After="3600")
    with pytest.raises(NoIndexAnswer):
        index_of(server).page("box")
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("-3", 0.0),
        ("", None),
        (None, None),
        ("soon", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    """A Retry-After is a number of seconds or a date; what is neither, or is past, is no reason to wait."""
    assert seconds_of(value) == seconds


def test_retry_after_a_date() -> None:
    """A date is waited for."""
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(minutes=1), usegmt=True)
    assert 58 < (seconds_of(in_a_minute) or 0) <= 60


def test_credentials_for_the_upload_host(server: Server) -> None:
    """An index that wants credentials gets ours where it has the host that we upload to."""
    server.says("/simple/box/", "", status=401)
    server.says("/simple/box/", "<a href='/f/box-1.0.tar.gz'>x</a>")
    assert index_of(server, upload_address=f"{server.address}/legacy/").page("box").exists
    assert [bool(authorization) for _, authorization in server.asked] == [False, True]


def test_no_credentials_for_another_host(server: Server) -> None:
    """An index on another host, or another port, is not sent our credentials."""
    server.says("/simple/box/", "", status=401)
    with pytest.raises(NoIndexAnswer, match="401"):
        index_of(server, upload_address="http://127.0.0.1:1/legacy/").page("box")
    assert server.asked == [("/simple/box/", None)]


def test_no_credentials_on_a_redirect(server: Server, make_server: Callable[[], Server]) -> None:
    """A redirect to another host does not carry our credentials there."""
    other = make_server()
    other.says("/elsewhere/", "<a href='/f/box-1.0.tar.gz'>x</a>")
    server.says("/simple/box/", "", status=401)
    server.says("/simple/box/", "", status=302, Location=f"{other.address}/elsewhere/")
    assert index_of(server, upload_address=f"{server.address}/").page("box").exists
    assert [bool(authorization) for _, authorization in server.asked] == [False, True]
    assert other.asked == [("/elsewhere/", None)]


def test_a_hash_in_capitals(server: Server) -> None:
    """A hash in capitals on an HTML page is the same hash, and no other file."""
    server.says("/simple/box/", f'<a href="/f/box-1.0.tar.gz#sha256={SHA.upper()}">x</a>')
    assert index_of(server).page("box").files["box-1.0.tar.gz"].sha256 == SHA


def test_credentials_after_a_403(server: Server) -> None:
    """An index that says 403 to whoever shows no credentials is shown ours, too."""
    server.says("/simple/box/", "", status=403)
    server.says("/simple/box/", "<a href='/f/box-1.0.tar.gz'>x</a>")
    assert index_of(server, upload_address=f"{server.address}/legacy/").page("box").exists
    assert [bool(authorization) for _, authorization in server.asked] == [False, True]


def test_no_credentials_in_the_clear(server: Server) -> None:
    """Where files are uploaded with https, pages of the same host with http are not sent our credentials."""
    server.says("/simple/box/", "", status=401)
    upload_address = f"{server.address.replace('http://', 'https://')}/legacy/"
    with pytest.raises(NoIndexAnswer, match="401"):
        index_of(server, upload_address=upload_address).page("box")
    assert server.asked == [("/simple/box/", None)]


def test_no_page_of_a_cache(server: Server) -> None:
    """Caches on the way are asked for what is so now."""
    server.says("/simple/box/", "<a href='/f/box-1.0.tar.gz'>x</a>")
    index_of(server).page("box")
    assert [headers.get("Cache-Control") for headers in server.headers] == ["no-cache"]


@pytest.mark.parametrize("name", ["/etc/passwd", "..\\box-1.0.tar.gz", "a/box-1.0.tar.gz"])
def test_a_file_name_with_a_folder(name: str) -> None:
    """A file whose name is a path is not on a page: an index must not choose where something is written."""
    answer = requests.Response()
    answer.status_code, answer.url, answer.headers["Content-Type"] = (
        200,
        "https://index.example/box/",
        "application/json",
    )
    files = [{"filename": each, "url": "x", "hashes": {}} for each in (name, "box-1.0.tar.gz")]
    answer._content = json.dumps({"files": files}).encode()  # noqa: SLF001 - requests has no other way
    assert list(read_page(answer).files) == ["box-1.0.tar.gz"]
