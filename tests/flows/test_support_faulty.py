"""The proxy lets a true index be seen through, and each fault is what twine, urllib and pip would meet."""

import hashlib
import os
import socket
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import IncompleteRead
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from twine.commands.upload import upload
from twine.exceptions import RedirectDetected
from twine.package import PackageFile
from twine.settings import Settings

from support import faulty
from support.faulty import Fault, FaultyIndex
from support.index import DevpiIndex, Index, PypiServer

WHEEL = "box-1.0-py3-none-any.whl"
OTHER = "box-1.0-py2-none-any.whl"
Upload = Callable[..., requests.Response]


def make_wheel(folder: Path, name: str = WHEEL, size: int = 0) -> Path:
    """Write a wheel that twine can read, with so many bytes of payload that do not compress."""
    with zipfile.ZipFile(folder / name, "w") as archive:
        archive.writestr("box-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: box\nVersion: 1.0\n")
        archive.writestr("box-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("box/data", os.urandom(size))
    return folder / name


def settings_for(url: str, index: Index) -> Settings:
    """Return the settings of a twine that asks nobody and reads no file."""
    return Settings(
        repository_url=url,
        username=index.username,
        password=index.password,
        non_interactive=True,
        disable_progress_bar=True,
        config_file=os.devnull,
    )


def send(url: str, index: Index, wheel: Path, seconds: float = 30) -> requests.Response:
    """Upload a file with twine's machinery, in one attempt but for those that twine makes on 5xx."""
    repository = settings_for(url, index).create_repository()
    # twine sets no time-out of its own.
    repository.session.request = _with_timeout(repository.session.request, seconds)  # type: ignore[method-assign]
    try:
        response = repository.upload(PackageFile.from_filename(str(wheel), None))
        response.close()
        return response
    finally:
        repository.close()


def _with_timeout(ask: Callable[..., requests.Response], seconds: float) -> Callable[..., requests.Response]:
    def request(*words: object, **named: object) -> requests.Response:
        return ask(*words, **named | {"timeout": seconds})

    return request


def get(url: str, accept: str = "*/*") -> str:
    """Fetch a page with urllib."""
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": accept}), timeout=30) as response:
        text: str = response.read().decode()
    return text


@pytest.fixture
def proxy(pypi: PypiServer) -> Iterator[FaultyIndex]:
    """Stand between the test and an empty pypiserver."""
    with FaultyIndex(pypi.upload_url) as proxy:
        yield proxy


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """Write a wheel; of 100 kB and more, pypiserver leaves a temporary file open."""
    return make_wheel(tmp_path, size=80_000)


def outcomes(proxy: FaultyIndex) -> list[str]:
    """Return what became of each request."""
    return [request.outcome for request in proxy.requests]


def test_without_a_fault(proxy: FaultyIndex, pypi: PypiServer, wheel: Path) -> None:
    """What is uploaded through the proxy is in the true index, is listed, and can be fetched."""
    upload(settings_for(proxy.upload_url, pypi), [str(wheel)])
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert pypi.files() == {WHEEL: digest}
    assert f"#sha256={digest}" in get(f"{proxy.index_url}box/")
    with urllib.request.urlopen(f"{proxy.upload_url}packages/{WHEEL}") as response:
        assert response.read() == wheel.read_bytes()
    told = [(request.method, request.path, request.filename, request.outcome) for request in proxy.requests]
    assert told == [
        ("POST", "/", WHEEL, "200"),
        ("GET", "/simple/box/", None, "200"),
        ("GET", f"/packages/{WHEEL}", WHEEL, "200"),
    ]
    assert proxy.requests[0].received > wheel.stat().st_size


@pytest.mark.parametrize(
    ("fault", "share"),
    [(faulty.RESET_BEFORE, 0.0), (faulty.RESET_DURING, 0.5), (faulty.RESET_AFTER, 1.0)],
    ids=lambda value: value.name if isinstance(value, Fault) else "",
)
def test_reset(proxy: FaultyIndex, pypi: PypiServer, wheel: Path, fault: Fault, share: float) -> None:
    """A connection is reset before, during or after the body, and the next upload succeeds."""
    proxy.plan(fault)
    with pytest.raises(requests.ConnectionError):
        send(proxy.upload_url, pypi, wheel)
    assert proxy.requests[0].received / wheel.stat().st_size == pytest.approx(share, abs=0.1)
    assert (proxy.requests[0].index_status, pypi.files()) == (None, {})
    assert send(proxy.upload_url, pypi, wheel).status_code == 200
    assert outcomes(proxy) == [fault.name, "200"]


def test_reset_is_a_reset(proxy: FaultyIndex) -> None:
    """What urllib sees is ECONNRESET."""
    proxy.plan(faulty.RESET_AFTER, on="page")
    with pytest.raises((ConnectionResetError, urllib.error.URLError), match="reset by peer"):
        get(proxy.index_url)


@pytest.mark.parametrize("fault", [faulty.RESPONSE_LOST, faulty.TRUNCATED], ids=lambda fault: fault.name)
def test_stored_though_it_failed(proxy: FaultyIndex, pypi: PypiServer, wheel: Path, fault: Fault) -> None:
    """The index has the file, though the uploader sees a broken connection."""
    proxy.plan(fault)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        send(proxy.upload_url, pypi, wheel)
    assert (proxy.requests[0].index_status, list(pypi.files())) == (200, [WHEEL])
    assert outcomes(proxy) == [fault.name]


def test_stored_and_then_502(proxy: FaultyIndex, pypi: PypiServer, wheel: Path) -> None:
    """After a 502 twine sends a file again that the index has already, and ends with 400."""
    proxy.plan(faulty.stored(faulty.BAD_GATEWAY))
    assert send(proxy.upload_url, pypi, wheel).status_code == 400
    assert (outcomes(proxy), list(pypi.files())) == (["stored, then 502 Bad Gateway", "400"], [WHEEL])


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (faulty.UNAUTHORIZED, "401 Unauthorized"),
        (faulty.FORBIDDEN, "403 Invalid or non-existent authentication information."),
        (faulty.retry_after(429, 7), "429 Too Many Requests"),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else "",
)
def test_refusal(proxy: FaultyIndex, pypi: PypiServer, wheel: Path, fault: Fault, said: str) -> None:
    """A refusal has PyPI's status and words, and the index is not asked."""
    proxy.plan(fault)
    response = send(proxy.upload_url, pypi, wheel)
    assert f"{response.status_code} {response.reason}".startswith(said)
    assert response.headers.get("Retry-After") == ("7" if response.status_code == 429 else None)
    assert (outcomes(proxy), pypi.files()) == ([fault.name], {})


def test_words_of_a_duplicate(proxy: FaultyIndex, pypi: PypiServer, wheel: Path) -> None:
    """The words name the file and its hash, in the reason and in the body or in the body alone."""
    proxy.plan(faulty.DUPLICATE)
    proxy.plan(faulty.DUPLICATE_IN_BODY)
    digest = hashlib.blake2b(wheel.read_bytes(), digest_size=32).hexdigest()
    words = (
        f"File already exists ('{WHEEL}', with blake2_256 hash '{digest}')."
        " See https://pypi.org/help/#file-name-reuse for more information."
    )
    first, second = send(proxy.upload_url, pypi, wheel), send(proxy.upload_url, pypi, wheel)
    assert (first.status_code, first.reason, words in first.text) == (400, words, True)
    assert (second.status_code, second.reason, words in second.text) == (400, "Bad Request", True)
    assert (outcomes(proxy)[0], pypi.files()) == ("400 duplicate", {})


@pytest.mark.parametrize("fault", [faulty.SERVER_ERROR, faulty.BAD_GATEWAY, faulty.UNAVAILABLE])
def test_server_errors(proxy: FaultyIndex, pypi: PypiServer, wheel: Path, fault: Fault) -> None:
    """An upload by twine is tried five times without a pause: three errors pass, five do not."""
    proxy.plan(fault, times=3)
    assert send(proxy.upload_url, pypi, wheel).status_code == 200
    assert outcomes(proxy) == [fault.name] * 3 + ["200"]
    proxy.plan(fault, times=5)
    assert send(proxy.upload_url, pypi, wheel).status_code >= 500
    assert proxy.unspent == []


@pytest.mark.parametrize("fault", [faulty.MOVED, faulty.FOUND])
def test_redirect(proxy: FaultyIndex, pypi: PypiServer, wheel: Path, fault: Fault) -> None:
    """A redirect is not followed by twine, and its token goes nowhere else."""
    proxy.plan(fault)
    with pytest.raises(RedirectDetected):
        upload(settings_for(proxy.upload_url, pypi), [str(wheel)])
    assert [request.path for request in proxy.requests] == ["/"]


def test_time_out(proxy: FaultyIndex, pypi: PypiServer, wheel: Path) -> None:
    """A request that is never answered ends with the time-out of the uploader."""
    proxy.plan(faulty.TIME_OUT)
    with pytest.raises(requests.ReadTimeout):
        send(proxy.upload_url, pypi, wheel, seconds=0.3)
    assert (outcomes(proxy), pypi.files()) == (["time-out"], {})


def test_time_out_of_nobody(pypi: PypiServer, wheel: Path) -> None:
    """A request that hangs is broken off when the context ends."""
    with ThreadPoolExecutor(1) as pool:
        with FaultyIndex(pypi.upload_url) as proxy:
            proxy.plan(faulty.TIME_OUT)
            hanging = pool.submit(send, proxy.upload_url, pypi, wheel)
            while not outcomes(proxy):
                time.sleep(0.01)
        with pytest.raises(requests.ConnectionError):
            hanging.result(10)


def test_uploader_that_dies(proxy: FaultyIndex, pypi: PypiServer) -> None:
    """A request that ends in its middle does not reach the index."""
    address = urlsplit(proxy.upload_url)
    with socket.create_connection((address.hostname, address.port)) as dying:
        dying.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n--x\r\n")
        dying.shutdown(socket.SHUT_WR)
        assert dying.recv(1) == b""
    assert (outcomes(proxy), proxy.requests[0].index_status) == (["uploader went away"], None)
    assert pypi.requests == []


def test_trickle(proxy: FaultyIndex, pypi: PypiServer, wheel: Path) -> None:
    """A slow answer outlives the uploader's time-out, which counts from byte to byte."""
    proxy.plan(faulty.trickled(0.005))
    begun = time.monotonic()
    assert send(proxy.upload_url, pypi, wheel, seconds=0.3).status_code == 200
    assert time.monotonic() - begun > 0.4


def test_truncated_page(proxy: FaultyIndex) -> None:
    """A page that ends too early is seen as such."""
    proxy.plan(faulty.TRUNCATED, on="page")
    with pytest.raises(IncompleteRead):
        get(proxy.index_url)


def test_port_closed(proxy: FaultyIndex, pypi: PypiServer, wheel: Path, tmp_path: Path) -> None:
    """Whoever comes after the fault is refused, until the port opens again."""
    proxy.plan(faulty.port_closed(0.3), filename=WHEEL)
    assert send(proxy.upload_url, pypi, wheel).status_code == 200
    other = make_wheel(tmp_path, OTHER)
    with pytest.raises(requests.ConnectionError, match="refused"):
        send(proxy.upload_url, pypi, other)
    time.sleep(0.5)
    assert send(proxy.upload_url, pypi, other).status_code == 200
    assert sorted(pypi.files()) == [OTHER, WHEEL]


def test_match(proxy: FaultyIndex, pypi: PypiServer, wheel: Path, tmp_path: Path) -> None:
    """A fault is for the file, the number and the kind of request that it was planned for."""
    other = make_wheel(tmp_path, OTHER)
    proxy.plan(faulty.FORBIDDEN, filename=OTHER)
    proxy.plan(faulty.UNAUTHORIZED, after=1)
    assert [send(proxy.upload_url, pypi, path).status_code for path in (wheel, other, other)] == [200, 403, 401]
    assert send(proxy.upload_url, pypi, other).status_code == 200
    assert (len(proxy.uploads), proxy.unspent) == (4, [])
    proxy.plan(faulty.UNAVAILABLE, on="page")
    assert proxy.unspent == ["503 Service Unavailable"]
    with pytest.raises(urllib.error.HTTPError, match="503"):
        get(proxy.index_url)


@pytest.mark.parametrize(
    ("fault", "on", "filename"), [(faulty.LISTED_LATE, "upload", WHEEL), (faulty.FORBIDDEN, "page", WHEEL)]
)
def test_plan_that_could_not_happen(proxy: FaultyIndex, fault: Fault, on: faulty.On, filename: str) -> None:
    """A plan that no request could match is refused."""
    with pytest.raises(ValueError, match="would never happen"):
        proxy.plan(fault, filename=filename, on=on)


def test_listed_late(proxy: FaultyIndex, pypi: PypiServer, wheel: Path, tmp_path: Path) -> None:
    """The first pages that could list the file do not; pages from before it was there do not count."""
    proxy.plan(faulty.LISTED_LATE, times=2, filename=WHEEL)
    send(pypi.upload_url, pypi, make_wheel(tmp_path, OTHER))
    assert OTHER in get(f"{proxy.index_url}box/")
    send(pypi.upload_url, pypi, wheel)
    pages = [get(f"{proxy.index_url}box/") for _ in range(3)]
    assert [(OTHER in page, WHEEL in page) for page in pages] == [(True, False), (True, False), (True, True)]
    assert outcomes(proxy) == ["200", "listed late", "listed late", "200"]


def test_another_hash(proxy: FaultyIndex, pypi: PypiServer, wheel: Path) -> None:
    """A page tells another sha256 for the file than the index does."""
    send(proxy.upload_url, pypi, wheel)
    proxy.plan(faulty.OTHER_HASH, times=None)
    assert f"/packages/{WHEEL}#sha256={'0' * 64}" in get(f"{proxy.index_url}box/")


def test_pages_in_json(devpi: DevpiIndex, wheel: Path, tmp_path: Path) -> None:
    """Pages of :pep:`691` are changed as HTML is, and true addresses lead through the proxy."""
    with FaultyIndex(devpi.upload_url, devpi.index_url) as proxy:
        send(proxy.upload_url, devpi, wheel)
        send(proxy.upload_url, devpi, make_wheel(tmp_path, OTHER))
        proxy.plan(faulty.LISTED_LATE, filename=OTHER)
        proxy.plan(faulty.OTHER_HASH, filename=WHEEL)
        accept = "application/vnd.pypi.simple.v1+json"
        late, true = (get(f"{proxy.index_url}box/", accept) for _ in range(2))
        assert (late.count(OTHER), "0" * 64 in late, proxy.requests[2].outcome) == (
            0,
            True,
            "listed late, another sha256",
        )
        assert (true.count(OTHER) > 0, "0" * 64 in true) == (True, False)
        assert devpi.index_url.partition("/ada")[0] not in true


def test_delay(proxy: FaultyIndex, pypi: PypiServer, tmp_path: Path) -> None:
    """Each upload is delayed, and uploads at the same time are delayed at the same time."""
    proxy.plan(faulty.delayed(0.4), times=None)
    wheels = [make_wheel(tmp_path, f"box-1.0-py{number}-none-any.whl") for number in range(4)]
    begun = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda wheel: send(proxy.upload_url, pypi, wheel).status_code, wheels))
    assert (answers, len(pypi.files())) == ([200] * 4, 4)
    assert 0.4 < time.monotonic() - begun < 1.5


def test_index_that_is_down(tmp_path: Path, wheel: Path) -> None:
    """A true index that does not answer fails the test: the proxy does not pass that off as a fault."""
    with PypiServer(tmp_path) as gone:
        pass
    proxy = FaultyIndex(gone.upload_url).__enter__()
    with pytest.raises(requests.ConnectionError):
        send(proxy.upload_url, gone, wheel)
    with pytest.raises(ExceptionGroup, match="the proxy failed"):
        proxy.__exit__(None, None, None)
