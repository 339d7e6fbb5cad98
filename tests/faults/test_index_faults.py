"""Whatever an index does wrong, a release comes right: at once, or with `resume` once the fault is gone."""

import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from faults.row import Row, rows, show
from faults.scene import RELEASE, RELEASED, SDIST, WHEEL, Breaks, Scene
from faults.tls_server import untrusted_server
from support import faulty
from support.faulty import Exchange, Fault, PageFault, answered, named, port_closed, retry_after, stored, trickled

AGAIN = "trying again in"


def upload(fault: Fault, **words: object) -> Breaks:
    """Break an upload: the next one, unless words say which."""
    return lambda scene: scene.proxy.plan(fault, **words)  # type: ignore[arg-type]


def page(fault: Fault | PageFault, times: int | None = 1, *, at: str = "") -> Breaks:
    """Break the project's page: the next time, or from the beginning of a step on, whatever came before it."""

    def do(scene: Scene) -> None:
        begun = scene.folder / "begun"
        if at:
            scene.step_in(at, f"touch '{begun}'")
        scene.proxy.plan(fault, times, on="page", when=begun.exists if at else lambda: True)

    return do


def both(*breaks: Breaks) -> Breaks:
    """Break several things."""

    def do(scene: Scene) -> None:
        for each in breaks:
            each(scene)

    return do


def others_file(scene: Scene, name: str) -> Path:
    """Return a file of that name with another's bytes, which is not on the index yet."""
    path = scene.folder / "others" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"another's")
    return path


def another_before_the_upload(scene: Scene) -> None:
    """Let somebody else upload a file of that name between the checks and the upload."""
    scene.step_in("upload", f"cp '{others_file(scene, WHEEL)}' '{scene.index.folder}'")


def another_during_the_upload(scene: Scene) -> None:
    """Let somebody else upload a file of that name while ours is on its way."""

    def act(exchange: Exchange) -> None:
        (scene.index.folder / WHEEL).write_bytes(b"another's")
        exchange.send(exchange.forward())

    scene.proxy.plan(Fault("another's", act))


def refused_until_mended(scene: Scene) -> None:
    """Close the port once the upload has asked what is there."""
    page(port_closed(3600), at="upload")(scene)


def another_upload_address(address: str) -> Breaks:
    """Upload to an address at which there is no index; what is there is asked as ever."""
    return lambda scene: scene.env.update(PYPI_REPOSITORY_URL=address)


def right_upload_address(scene: Scene) -> None:
    """Upload to the index again."""
    scene.env["PYPI_REPOSITORY_URL"] = scene.proxy.upload_url


def nobody_listens(scene: Scene) -> None:
    """Upload to a port that is closed."""
    another_upload_address(f"http://127.0.0.1:{closed_port()}/")(scene)


def proxy_down(scene: Scene) -> None:
    """Upload through a proxy that is not there; the pages are asked without it."""
    scene.env["PYPI_REPOSITORY_URL"] = scene.proxy.upload_url.replace("127.0.0.1", "localhost")
    scene.env |= {"HTTP_PROXY": f"http://127.0.0.1:{closed_port()}", "NO_PROXY": "127.0.0.1"}


def proxy_left_out(scene: Scene) -> None:
    """Upload without a proxy."""
    right_upload_address(scene)
    scene.env |= {"HTTP_PROXY": "", "NO_PROXY": ""}


def untrusted(scene: Scene) -> None:
    """Upload to a server whose certificate nobody vouches for."""
    port = scene.closing.enter_context(untrusted_server(scene.folder))
    another_upload_address(f"https://127.0.0.1:{port}/")(scene)


def closed_port() -> int:
    """Return a port at which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def take_others_away(scene: Scene) -> None:
    """Ask the owners of the index to remove the other's file, as nobody can on PyPI."""
    (scene.index.folder / WHEEL).unlink()


def wrong_password(scene: Scene) -> None:
    """Give a token that the index does not know."""
    scene.env["PYPI_API_TOKEN"] = "pypi-of-another-project"  # noqa: S105 - opens nothing


def right_password(scene: Scene) -> None:
    """Give the right token."""
    scene.env["PYPI_API_TOKEN"] = scene.index.token


IN_A_DAY = format_datetime(datetime.now(UTC) + timedelta(days=1, hours=1), usegmt=True)
INVALID = answered(400, "Invalid value for classifiers. Error: Classifier 'X' is not a valid classifier.")
#: What is left where all that is public is somebody else's.
ABANDONED = RELEASED | {
    "index": [WHEEL],
    "hashes": "no tag",
    "remote": ["refs/heads/main", "refs/tags/v1.2.3"],
    "remote main": "as it was",
    "remote tag": "none",
    "local main": "as it was",
    "local tag": "none",
}
CONFLICT = "The index has a different file named"
NOT_WITHOUT_THE_INDEX = "Nothing was uploaded, because it is not known what the index has."
SIX = "was not uploaded after 6 attempts"
AT_ONCE = "was not uploaded after 1 attempt: "

UPLOAD = rows(
    Row("upload: connection refused for half a second", page(port_closed(0.4), at="upload"), "sent again",
        "Connection refused); trying again in"),
    Row("upload: connection refused, of pages too", refused_until_mended, "nothing sent", SIX, 3, 0),
    Row("upload: connection refused", nobody_listens, "nothing sent, dropped", SIX, 1, 0, right_upload_address,
        RELEASE),
    Row("upload: proxy refuses the connection", proxy_down, "nothing sent, dropped", f"{SIX}: the proxy says: ", 1, 0,
        proxy_left_out, RELEASE),
    Row("upload: untrusted certificate", untrusted, "nothing sent, dropped",
        f"{AT_ONCE}[SSL: CERTIFICATE_VERIFY_FAILED]", 1, 0, right_upload_address, RELEASE),
    Row("upload: an address that is none", another_upload_address("http://upload..example/"), "nothing sent, dropped",
        AT_ONCE, 1, 0, right_upload_address, RELEASE),
    Row("upload: reset before the body", upload(faulty.RESET_BEFORE), "sent again", AGAIN, sent=3),
    Row("upload: reset during the body", upload(faulty.RESET_DURING), "sent again", AGAIN, sent=3),
    Row("upload: reset after the body", upload(faulty.RESET_AFTER), "sent again", AGAIN, sent=3),
    Row("upload: reset on every attempt", upload(faulty.RESET_DURING, times=None), "nothing stored", SIX, 3, 6),
    Row("upload: stored, response lost", upload(faulty.RESPONSE_LOST), "asked, not sent again", AGAIN),
    Row("upload: stored, response lost on each file", upload(faulty.RESPONSE_LOST, times=None), "asked, not sent again",
        AGAIN),
    Row("upload: stored, then 500", upload(stored(faulty.SERVER_ERROR)), "asked, not sent again",
        "500 Internal Server Error); trying again in"),
    Row("upload: stored, then silence", upload(stored(faulty.TIME_OUT)), "asked, not sent again", "timed out"),
    Row("upload: stored, response lost, listed late", both(upload(faulty.RESPONSE_LOST),
        page(faulty.LISTED_LATE, 1)), "sent again, refused, seen", AGAIN, sent=3),
    Row("upload: 500", upload(faulty.SERVER_ERROR), "sent again", "500 Internal Server Error); trying again", sent=3),
    Row("upload: 502", upload(faulty.BAD_GATEWAY), "sent again", "502 Bad Gateway); trying again in", sent=3),
    Row("upload: 503", upload(faulty.UNAVAILABLE), "sent again", "503 Service Unavailable); trying again in", sent=3),
    Row("upload: 503, Retry-After 1", upload(retry_after(503, 1)), "sent again in 1 s", "again in 1.0 s", sent=3),
    Row("upload: 503, Retry-After an hour", upload(retry_after(503, 3600)), "not sent again",
        "The index asks you to wait for 3600 seconds.", 3, 1),
    Row("upload: 503, Retry-After a date tomorrow", upload(retry_after(503, IN_A_DAY)), "not sent again",
        "The index asks you to wait for 8", 3, 1),  # 86,400 seconds and up to an hour
    Row("upload: 503 on each attempt", upload(faulty.UNAVAILABLE, times=None), "nothing stored", SIX, 3, 6),
    Row("upload: 503 on each attempt of the sdist", upload(faulty.UNAVAILABLE, times=None, filename=SDIST),
        "the wheel is public", SIX, 3, 7),
    Row("upload: 429", upload(answered(429)), "sent again", "429 Too Many Requests); trying again in", sent=3),
    Row("upload: 429, Retry-After 1", upload(retry_after(429, 1)), "sent again in 1 s", "again in 1.0 s", sent=3),
    Row("upload: silence", upload(faulty.TIME_OUT), "sent again", "timed out); trying again in", sent=3),
    Row("upload: slow trickle of the answer", upload(trickled()), "waited for", "released"),
    Row("upload: truncated answer", upload(faulty.TRUNCATED), "asked, not sent again", AGAIN),
    Row("upload: 400 duplicate, ours", upload(stored(faulty.DUPLICATE)), "seen by its hash", "released"),
    Row("upload: 400 duplicate, ours, listed late", both(upload(faulty.RESPONSE_LOST), page(faulty.LISTED_LATE, 5)),
        "sent again, refused, seen", AGAIN, sent=3),
    Row("upload: 400 duplicate, another's before the upload", another_before_the_upload, "nothing sent", CONFLICT, 3, 0,
        take_others_away),
    Row("upload: 400 duplicate, another's during the upload", another_during_the_upload, "stopped", CONFLICT, 3, 1,
        take_others_away),
    Row("upload: 400 duplicate, another's, given up", another_during_the_upload, "stopped", CONFLICT, 3, 1,
        then=("abandon",), then_told="nothing was public; all traces are removed", end=ABANDONED,
        ends="as it was; the index has only the other's"),
    Row("upload: 400, the name was used and deleted", upload(faulty.DUPLICATE), "refused for good",
        "A file name can be used only once on an index", 1, 1, then=RELEASE),
    Row("upload: 400, the name was used, told in the body", upload(faulty.DUPLICATE_IN_BODY), "refused for good",
        "File already exists", 1, 1, then=RELEASE),
    Row("upload: 400, metadata refused", upload(INVALID), "refused for good",
        "400 Invalid value for classifiers. Error: Classifier 'X' is not a valid classifier.", 1, 1, then=RELEASE),
    Row("upload: 400 on the sdist", upload(INVALID, filename=SDIST), "the wheel is public",
        f"The index refused {SDIST}: 400 Invalid value", 3),
    Row("upload: 401", upload(faulty.UNAUTHORIZED), "refused for good", "The user or the token is wrong", 1, 1,
        then=RELEASE),
    Row("upload: 403", upload(faulty.FORBIDDEN), "refused for good",
        "403 Invalid or non-existent authentication information.", 1, 1, then=RELEASE),
    Row("upload: 403 of the true index, wrong token", wrong_password, "refused for good", "The index refused", 1, 1,
        right_password, RELEASE),
    Row("upload: 403 on the sdist", upload(faulty.FORBIDDEN, filename=SDIST), "the wheel is public",
        "Replace it (environment PYPI_API_TOKEN), then run: release-recipes resume", 3),
    Row("upload: stored, response lost, then 403", both(upload(faulty.RESPONSE_LOST), upload(faulty.FORBIDDEN),
        page(faulty.LISTED_LATE, 3)), "sent again, refused, seen", AGAIN, sent=3),
    Row("upload: 502, then 403", both(upload(faulty.BAD_GATEWAY), upload(faulty.FORBIDDEN)), "stopped",
        "Replace it (environment PYPI_API_TOKEN), then run: release-recipes resume", 3),
    Row("upload: 404", upload(answered(404)), "refused for good", "The upload address is wrong", 1, 1, then=RELEASE),
    Row("upload: 413", upload(answered(413)), "refused for good", "too large for this index", 1, 1, then=RELEASE),
    Row("upload: 301", upload(faulty.MOVED), "refused for good", "The upload address has moved to /moved/", 1, 1,
        then=RELEASE),
    Row("upload: 302", upload(faulty.FOUND), "refused for good", "The upload address has moved to /moved/", 1, 1,
        then=RELEASE),
)  # fmt: skip

PAGE = rows(
    Row("page: 503 in the check", page(faulty.UNAVAILABLE), "asked again", AGAIN),
    Row("page: unreachable in the check", page(faulty.UNAVAILABLE, None), "refused", "no usable answer", 1, 0,
        then=RELEASE),
    Row("page: 503 before the upload", page(faulty.UNAVAILABLE, at="upload"), "asked again", AGAIN),
    Row("page: 503, Retry-After 1", page(retry_after(503, 1), at="upload"), "asked again in 1 s", "again in 1.0 s"),
    Row("page: unreachable before the upload", page(faulty.UNAVAILABLE, None, at="upload"), "nothing sent",
        NOT_WITHOUT_THE_INDEX, 3, 0),
    Row("page: unreachable after the upload", page(faulty.UNAVAILABLE, None, at="verify"), "uploaded and pushed",
        "503 Service Unavailable. All files are uploaded.", 3),
    Row("page: reset", page(faulty.RESET_BEFORE, at="upload"), "asked again", AGAIN),
    Row("page: silence", page(faulty.TIME_OUT, at="upload"), "asked again", "timed out"),
    Row("page: truncated", page(faulty.TRUNCATED, at="verify"), "asked again", AGAIN),
    Row("page: slow trickle", page(trickled(0.001), at="upload"), "waited for", "released"),
    Row("page: redirect", page(named("301", answered(301, headers={"Location": "/simple/demo-package/"})), at="upload"),
        "followed", "released"),
    Row("page: lists the wheel late", page(faulty.LISTED_LATE, 3), "waited for",
        f"The index does not list {WHEEL}, {SDIST} yet. Waiting for up to"),
    Row("page: does not list the files", page(faulty.LISTED_LATE, None), "uploaded and pushed",
        f"The index does not list {WHEEL}, {SDIST} yet. All files are uploaded.", 3),
    Row("page: another hash, once", page(faulty.OTHER_HASH), "asked again", "released"),
    Row("page: serves another hash", page(faulty.OTHER_HASH, None), "uploaded and pushed", CONFLICT, 3),
)  # fmt: skip


@UPLOAD
def test_upload(row: Row, scene: Scene, record_property: Callable[[str, object], None]) -> None:
    """A fault of an upload comes to the outcome, the words, the exit code and the end of its row."""
    show(row, scene, record_property)


@PAGE
def test_page(row: Row, scene: Scene, record_property: Callable[[str, object], None]) -> None:
    """A fault of an index page comes to the outcome, the words, the exit code and the end of its row."""
    show(row, scene, record_property)
