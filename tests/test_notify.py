"""Notifications: what is sent when, to whom, and that nothing of it harms a release or leaks."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from release_recipes import events
from release_recipes.cli.notify import Notifier
from release_recipes.cli.report import Report
from release_recipes.commands.checkout import Checkout, User, find
from release_recipes.errors import ReleaseError
from release_recipes.index.retry import Patience
from release_recipes.programs import notifications
from release_recipes.secrets.token import Token, without_credentials
from support.cli import Cli
from support.index import PypiServer
from support.repository import Repository

MINOR = ("release", "--part", "minor", "--skip-tests", "--yes")


class Receiver(ThreadingHTTPServer):
    """Takes notifications, or does what it is told to."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listen on a free port."""
        self.got: list[dict[str, Any]] = []
        self.status = 200
        self.released = threading.Event()
        self.hangs = False
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        """Its address for apprise, with a secret."""
        return f"json://127.0.0.1:{self.server_port}/s3cret-of-the-hook"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        """Take one message."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.hangs:
            self.server.released.wait(30)
        self.server.got.append(json.loads(body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's
        """Say nothing."""


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Serve a receiver, and let releases notify it."""
    with Receiver() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv(notifications.VARIABLE, server.url)
        yield server
        server.released.set()
        server.shutdown()


def test_a_release(quick: Repository, cli: Cli, known: PypiServer, receiver: Receiver) -> None:
    """The message has links, what changed, and how long it took; the address is shown nowhere."""
    quick.write("CHANGELOG.md", "# Log\n\n## Unreleased\n\n- Greetings are warmer.\n\n## 1.2.3\n")
    quick.commit("docs: log")
    quick.git("push", "--quiet")
    result = cli(*MINOR, "--json", cwd=quick.path)
    assert result.code == 0, result.err
    (message,) = receiver.got
    assert message["title"] == "demo-package 1.3.0 is released"
    lines = message["message"].splitlines()
    assert lines[:4] == [f"{known.index_url}demo-package/", "", "What changed:", "- Greetings are warmer."]
    assert lines[-1].startswith("Tag v1.3.0, in ")
    assert message["type"] == "success"
    assert "s3cret" not in result.out + result.err
    assert [told for told in result.json["warnings"] if told["check"] == "notify"] == []
    for path in (quick.path / ".git/release-recipes").rglob("*"):
        assert path.is_dir() or b"s3cret" not in path.read_bytes()


def test_a_failure(quick: Repository, cli: Cli, known: PypiServer, receiver: Receiver) -> None:
    """The message says what failed, what is public, what to type, and where the log is."""
    assert known
    hook = quick.path / ".git/hooks/pre-push"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    result = cli(*MINOR, cwd=quick.path)
    assert result.code == 1
    (message,) = receiver.got
    assert (message["title"], message["type"]) == ("demo-package 1.3.0 was not released", "failure")
    lines = message["message"].splitlines()
    assert lines[1] == "Nothing is public."
    assert lines[2].startswith("What to do: ")
    assert lines[3].startswith("Log: ")


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    "words",
    [("release", "--part", "x", "--yes"), (*MINOR, "--dry-run"), ("check",), ("bump",), ("resume",)],
    ids=["wrong usage", "a dry run", "check", "bump", "nothing to resume"],
)
def test_what_nobody_is_told_of(quick: Repository, cli: Cli, receiver: Receiver, words: tuple[str, ...]) -> None:
    """Where nothing began, nobody is told."""
    cli(*words, cwd=quick.path)
    assert receiver.got == []


@pytest.fixture
def notified(quick: Repository) -> Callable[..., list[str]]:
    """Return a function that ends a release, and returns the warnings."""

    def end(patience: Patience | None = None, **facts: object) -> list[str]:
        checkout: Checkout = find(quick.path, User(present=False, confirm=lambda _: False), patience or Patience())
        report, told = Report(), list[events.Event]()
        known = {"project": "demo", "version": "1.3.0", "tag": "v1.3.0", "index": "http://127.0.0.1:1/simple/"}
        report.facts |= known | {"steps": [{"name": "upload", "state": "done", "seconds": 1.0}]} | facts
        with events.listening(told.append):
            outcome = str(facts.pop("outcome", "released"))
            if outcome == "unfinished":
                report.fail(ReleaseError("No.", "Do."), 3, in_part=True)
            ended = events.TaskEnded("release", "ab", outcome, 0 if outcome == "released" else 3, 7.0, "No.", "Do.")
            Notifier(checkout, report).hear(ended)
        return [event.finding.message for event in told if isinstance(event, events.Warned)]

    return end


def test_what_is_public(notified: Callable[..., list[str]], receiver: Receiver) -> None:
    """A release that is not finished is told with what is public of it."""
    assert notified(outcome="unfinished") == []
    assert receiver.got[0]["title"] == "demo 1.3.0 is not finished"
    assert receiver.got[0]["message"].splitlines()[:3] == [
        *("No.", "What is public: all files are on http://127.0.0.1:1/simple/.", "What to do: Do.")
    ]


def test_a_receiver_that_refuses(
    notified: Callable[..., list[str]], receiver: Receiver, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is a warning without the secret, and apprise itself says nothing."""
    receiver.status = 500
    (said,) = notified()
    assert said == "The notification to address 1 (json) was not sent: it was refused, or there was no answer."
    assert "s3cret" not in said + "".join(capfd.readouterr())


def test_a_receiver_that_hangs(
    notified: Callable[..., list[str]], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is waited for no longer than the limit, which is one for all; the others are sent."""
    with Receiver() as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        receiver.hangs = True
        monkeypatch.setenv(notifications.VARIABLE, f"{receiver.url}, {receiver.url} {other.url}")
        said = notified(Patience(notification=1.0))
        other.shutdown()
    assert [text.rpartition(": ")[2] for text in said] == ["no answer in 1 seconds."] * 2
    assert len(other.got) == 1


def test_an_address_that_apprise_does_not_know(
    notified: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named by its place, not by its text."""
    monkeypatch.setenv(notifications.VARIABLE, "nosuch://s3cret-of-the-hook")
    assert notified() == ["The notification to address 1 (nosuch) was not sent: apprise does not know such an address."]


def test_without_apprise(
    notified: Callable[..., list[str]], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command that installs it is told."""
    monkeypatch.setattr(notifications, "is_installed", lambda: False)
    assert notified() == ["No notification was sent: apprise is not installed."]
    assert receiver.got == []


def test_the_task(quick: Repository, cli: Cli, receiver: Receiver) -> None:
    """`notify --test` says for each address whether the message arrived."""
    result = cli("notify", "--test", cwd=quick.path)
    assert result.code == 0, result.err
    assert result.out == "address 1 (json): sent\n"
    assert receiver.got[0]["title"] == "Test of release-recipes for my project"
    receiver.status = 500
    failed = cli("notify", "--test", cwd=quick.path)
    assert failed.code == 1
    assert "error: 1 of 1 notifications were not sent." in failed.err
    assert "s3cret" not in result.out + failed.out + failed.err
    assert cli("notify", cwd=quick.path).code == 2
    unset = cli("notify", "--test", cwd=quick.path, env={notifications.VARIABLE: ""})
    assert unset.code == 2
    assert "RELEASE_NOTIFY_URLS is not set." in unset.err


def test_addresses_in_the_file(quick: Repository, cli: Cli, receiver: Receiver) -> None:
    """They may be in `.env`, and no other process gets them."""
    (quick.path / ".env").write_text(f"{notifications.VARIABLE}={receiver.url}\n")
    assert cli("notify", "--test", cwd=quick.path, env={notifications.VARIABLE: ""}).code == 0
    Token(receiver.url)
    environment = {notifications.VARIABLE: "json://x/y", "OTHER": f"to {receiver.url}", "KEPT": "1"}
    assert without_credentials(environment) == {"KEPT": "1"}


def test_a_message_is_masked(notified: Callable[..., list[str]], receiver: Receiver) -> None:
    """What is sent to others has no credential in it."""
    Token("pypi-AgEIcHlwaS5vcmcCJDU1")
    assert notified(changes="- It was pypi-AgEIcHlwaS5vcmcCJDU1.") == []
    assert "- It was **********." in receiver.got[0]["message"]
