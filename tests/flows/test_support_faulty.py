"""The proxy lets a true index be seen through, and each fault is what other tests take it for."""

import hashlib
import os
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from support import faulty
from support.faulty import Fault, FaultyIndex
from support.index import PypiServer

WHEEL, OTHER = "box-1.0-py3-none-any.whl", "box-1.0-py2-none-any.whl"
CONTENT = os.urandom(80_000)


@pytest.fixture
def proxy(pypi: PypiServer) -> Iterator[FaultyIndex]:
    """Stand between the test and an empty pypiserver."""
    with FaultyIndex(pypi.upload_url) as proxy:
        yield proxy


def send(proxy: FaultyIndex, index: PypiServer, name: str = WHEEL, seconds: float = 30) -> requests.Response:
    """Upload a file, once, as twine does."""
    words = {
        ":action": "file_upload",
        "protocol_version": "1",
        "name": "box",
        "version": "1.0",
        "filetype": "bdist_wheel",
    }
    words |= {"pyversion": "py3", "metadata_version": "2.1", "blake2_256_digest": "b" * 64}
    return requests.post(
        proxy.upload_url, words, files={"content": (name, CONTENT)}, auth=(index.username, index.password),
        timeout=seconds, allow_redirects=False,
    )  # fmt: skip


def page(proxy: FaultyIndex) -> str:
    """Return the project's page."""
    answer = requests.get(f"{proxy.index_url}box/", timeout=30)
    answer.raise_for_status()
    return answer.text


def outcomes(proxy: FaultyIndex) -> list[str]:
    """Return what became of each request."""
    return [request.outcome for request in proxy.requests]


def test_without_a_fault(proxy: FaultyIndex, pypi: PypiServer) -> None:
    """What is uploaded through the proxy is in the true index, is listed, and can be fetched."""
    assert send(proxy, pypi).status_code == 200
    assert pypi.files() == {WHEEL: hashlib.sha256(CONTENT).hexdigest()}
    assert pypi.files()[WHEEL] in page(proxy)
    assert requests.get(f"{proxy.upload_url}packages/{WHEEL}", timeout=30).content == CONTENT
    told = [(request.method, request.path, request.filename, request.outcome) for request in proxy.requests]
    assert told[:2] == [("POST", "/", WHEEL, "200"), ("GET", "/simple/box/", None, "200")]
    assert proxy.uploads == proxy.requests[:1]


@pytest.mark.parametrize(
    ("fault", "share", "status"),
    [
        (faulty.RESET_BEFORE, 0.0, None),
        (faulty.RESET_DURING, 0.5, None),
        (faulty.RESET_AFTER, 1.0, None),
        (faulty.TIME_OUT, 1.0, None),
        (faulty.RESPONSE_LOST, 1.0, 200),
        (faulty.TRUNCATED, 1.0, 200),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else "",
)
def test_no_answer(fault: Fault, share: float, status: int | None, proxy: FaultyIndex, pypi: PypiServer) -> None:
    """A connection ends before, during or after the body, with the file stored or not; the next upload is whole."""
    proxy.plan(fault)
    with pytest.raises(requests.RequestException):
        send(proxy, pypi, seconds=0.5)
    met = proxy.requests[0]
    assert met.received / len(CONTENT) == pytest.approx(share, abs=0.1)
    assert (met.index_status, list(pypi.files()), met.outcome) == (status, [WHEEL] if status else [], fault.name)
    assert send(proxy, pypi, OTHER).status_code == 200


@pytest.mark.parametrize(
    ("fault", "said", "kept"),
    [
        (faulty.FORBIDDEN, "403 Invalid or non-existent authentication information. See https://pypi.org/", False),
        (faulty.retry_after(429, 7), "429 Too Many Requests", False),
        (faulty.DUPLICATE, f"400 File already exists ('{WHEEL}', with blake2_256 hash '{'b' * 64}'). See ", False),
        (faulty.DUPLICATE_IN_BODY, "400 Bad Request", False),
        (faulty.stored(faulty.BAD_GATEWAY), "502 Bad Gateway", True),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else "",
)
def test_an_answer(fault: Fault, said: str, kept: bool, proxy: FaultyIndex, pypi: PypiServer) -> None:
    """A refusal has PyPI's status and words; the index is asked before it, or not at all."""
    proxy.plan(fault)
    answer = send(proxy, pypi)
    assert f"{answer.status_code} {answer.reason}".startswith(said)
    assert answer.headers.get("Retry-After") == ("7" if answer.status_code == 429 else None)
    assert ("File already exists (" in answer.text) == (answer.status_code == 400)
    assert (outcomes(proxy), bool(pypi.files())) == ([fault.name], kept)


def test_match(proxy: FaultyIndex, pypi: PypiServer) -> None:
    """A fault is for the file, the number and the kind of request that it was planned for; no plan is for nothing."""
    proxy.plan(faulty.FORBIDDEN, filename=OTHER)
    proxy.plan(faulty.UNAUTHORIZED, after=1)
    assert [send(proxy, pypi, name).status_code for name in (WHEEL, OTHER, OTHER, OTHER)] == [200, 403, 401, 200]
    proxy.plan(faulty.UNAVAILABLE, on="page")
    proxy.plan(faulty.UNAVAILABLE, on="page", when=lambda: False)
    assert proxy.unspent == ["503 Service Unavailable"] * 2
    with pytest.raises(requests.HTTPError, match="503"):
        page(proxy)
    assert WHEEL in page(proxy)
    for fault, on in ((faulty.LISTED_LATE, "upload"), (faulty.FORBIDDEN, "page")):
        with pytest.raises(ValueError, match="would never happen"):
            proxy.plan(fault, filename=WHEEL, on=on)  # type: ignore[arg-type]


def test_pages(proxy: FaultyIndex, pypi: PypiServer) -> None:
    """The first pages that could list a file do not, or tell another sha256 for it."""
    proxy.plan(faulty.LISTED_LATE, filename=WHEEL)
    proxy.plan(faulty.OTHER_HASH, filename=WHEEL)
    for name in (OTHER, WHEEL):
        send(proxy, pypi, name)
    pages = [page(proxy) for _ in range(3)]
    assert [(OTHER in told, WHEEL in told, "0" * 64 in told) for told in pages] == [
        *((True, False, False), (True, True, True), (True, True, False)),
    ]


def test_the_end(tmp_path: Path, proxy: FaultyIndex, pypi: PypiServer) -> None:
    """Half a request does not reach the index; what hangs is broken off at the end; an index that is down is told."""
    address = urlsplit(proxy.upload_url)
    with socket.create_connection((address.hostname, address.port)) as dying:
        dying.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n--x\r\n")
        dying.shutdown(socket.SHUT_WR)
        assert dying.recv(1) == b""
    assert (outcomes(proxy), pypi.requests) == (["uploader went away"], [])
    with ThreadPoolExecutor(1) as pool:
        with FaultyIndex(pypi.upload_url) as other:
            other.plan(faulty.TIME_OUT)
            hanging = pool.submit(send, other, pypi)
            while not outcomes(other):
                time.sleep(0.01)
        with pytest.raises(requests.ConnectionError):
            hanging.result(10)
    with PypiServer(tmp_path) as gone:
        pass
    broken = FaultyIndex(gone.upload_url).__enter__()
    with pytest.raises(requests.ConnectionError):
        send(broken, gone)
    with pytest.raises(ExceptionGroup, match="the proxy failed"):
        broken.__exit__(None, None, None)
