"""What is made of an index's answer to one upload, and what twine is not left to read."""

import base64
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import requests

from faults.tls_server import untrusted_server
from release_recipes.index import twine
from release_recipes.index.twine import LONGEST_WORDS, Answer, NoResponse
from release_recipes.secrets.token import Token
from release_recipes.settings import Target
from support.environment import Environment
from support.world import make_world

TOKEN = "pypi-a-long-token"  # noqa: S105 - opens nothing


@pytest.mark.parametrize(
    ("status", "is_transient"),
    [(200, False), (400, False), (403, False), (408, True), (409, False), (425, False), (429, True), (503, True)],
)
def test_what_may_go_better(status: int, is_transient: bool) -> None:
    """A time-out, too many requests and a server that broke down may pass; a conflict does not."""
    assert Answer(status, "").is_transient is is_transient


@pytest.mark.parametrize(
    ("status", "reason", "is_duplicate"),
    [
        (400, "File already exists ('box-1.0.tar.gz', with blake2_256 hash '00')", True),
        (409, "The file already exists", True),
        (409, "Conflict", False),
        (400, "Invalid value for classifiers", False),
        (403, "The file already exists", False),
    ],
)
def test_a_duplicate(status: int, reason: str, is_duplicate: bool) -> None:
    """A name that is taken is refused with 400 by PyPI and with 409 by others, in words that say so."""
    assert Answer(status, reason).is_duplicate is is_duplicate


def no_response(tmp_path: Path, address: str, patience: float = 5.0) -> NoResponse:
    """Upload a wheel to an address that does not answer."""
    world = make_world(tmp_path / "release", wheels=1, token=TOKEN)
    wheel = world.record.artifacts[0]
    with (
        twine.uploading(Target(address, ""), Token(TOKEN), (5.0, patience)) as repository,
        twine.silenced(),
        pytest.raises(NoResponse) as told,
    ):
        twine.upload(repository, world.dist / wheel.filename, wheel.sha256)
    return told.value


def test_nobody_listens(tmp_path: Path) -> None:
    """Where no connection was made nothing was sent, and another attempt may go better."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    failure = no_response(tmp_path, f"http://127.0.0.1:{port}/")
    assert (failure.sent, failure.permanent) == (False, False)


def test_a_connection_that_breaks(tmp_path: Path) -> None:
    """Where a connection was made, the index may have stored the file."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        # Connected, and never accepted: the answer does not come.
        failure = no_response(tmp_path, f"http://127.0.0.1:{listener.getsockname()[1]}/", 0.1)
    assert (failure.sent, failure.permanent) == (True, False)


def test_a_certificate_that_is_not_trusted(tmp_path: Path) -> None:
    """Where the certificate is not trusted nothing was sent, and no other attempt can go better."""
    with untrusted_server(tmp_path) as port:
        failure = no_response(tmp_path, f"https://127.0.0.1:{port}/")
    assert (failure.sent, failure.permanent) == (False, True)


def test_a_pypirc_changes_nothing(isolated_environment: Environment) -> None:
    """A broken configuration of twine's in the home neither breaks an upload nor changes where it goes."""
    (isolated_environment.home / ".pypirc").write_text("[pypi\nrepository = http://elsewhere.example/\n")
    target = Target("http://127.0.0.1:9/legacy/", "", "ada")
    with twine.uploading(target, Token(TOKEN), (5.0, 5.0)) as repository:
        assert repository.url == target.upload_address
        request = repository.session.prepare_request(requests.Request("POST", repository.url))
    assert request.headers["Authorization"] == f"Basic {base64.b64encode(f'ada:{TOKEN}'.encode()).decode()}"


@pytest.mark.parametrize("before", range(LONGEST_WORDS - 12, LONGEST_WORDS + 1))
def test_a_cut_leaves_nothing_of_a_password(before: int) -> None:
    """The words of an index are masked before they are cut: half a password would not be known any more."""
    password = "correct-horse"  # noqa: S105 - opens nothing
    Token(password)
    answer = SimpleNamespace(reason="x" * before + password, text="", status_code=400)
    words = twine._words(cast("Any", answer))  # noqa: SLF001 - no server sends so many reasons
    assert words == ("x" * before + "**********")[:LONGEST_WORDS]
