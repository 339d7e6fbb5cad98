"""Credentials of every shape, the spellings in which programs write them, and every way out of a process of ours.

The spellings are made here from the standard library, not taken from the product.
"""

import base64
import contextlib
import html
import io
import json
import logging
import os
import random
import re
import shlex
import signal
import string
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast
from unittest import mock
from urllib.parse import quote, quote_plus

from release_recipes import events
from release_recipes.cli.console import Console
from release_recipes.cli.history import History
from release_recipes.cli.log import Log
from release_recipes.cli.session import Session
from release_recipes.commands import history_page
from release_recipes.errors import CommandFailed, ReleaseError
from release_recipes.findings import Finding
from release_recipes.processes.process import Reader
from release_recipes.secrets.mask import MASK, Mask, masked_output
from release_recipes.secrets.token import Token
from release_recipes.state.atomic import write_atomically
from release_recipes.state.folder import State
from release_recipes.state.history import Release

if TYPE_CHECKING:
    from release_recipes.commands.checkout import Checkout

__all__ = ["ENCODINGS", "KINDS", "PATHS", "forgotten", "leaked", "make_token", "pieces", "spelled"]

_LETTERS: Final = string.ascii_letters + string.digits
_SAFE: Final = f"{_LETTERS}-_"
_PRINTABLE: Final = string.ascii_letters + string.digits + string.punctuation
_AWKWARD: Final = _PRINTABLE + "\"'\\%&<>+/= " + "éüñ漢字🔑"


def _macaroon(chance: random.Random, location: bytes) -> str:
    """Return what PyPI makes: fields with their lengths, and a signature, behind a prefix (:rfc:`4648`, section 5)."""
    fields = ((1, location), (2, chance.randbytes(36)), (2, b'[0,["demo"]]'), (6, chance.randbytes(32)))
    raw = b"\2" + b"".join(bytes([kind, len(value)]) + value for kind, value in fields)
    return f"pypi-{base64.urlsafe_b64encode(raw).decode().rstrip('=')}"


def _of(chance: random.Random, alphabet: str, length: int) -> str:
    return "".join(chance.choice(alphabet) for _ in range(length))


KINDS: Final[Mapping[str, Callable[[random.Random], str]]] = {
    "PyPI": lambda chance: _macaroon(chance, b"pypi.org"),
    "TestPyPI": lambda chance: _macaroon(chance, b"test.pypi.org"),
    "GitHub": lambda chance: f"gh{chance.choice('pousr')}_{_of(chance, _LETTERS, 36)}",
    "GitHub, fine-grained": lambda chance: f"github_pat_{_of(chance, _LETTERS, 22)}_{_of(chance, _LETTERS, 59)}",
    "GitLab": lambda chance: f"glpat-{_of(chance, _SAFE, 20)}",
    "password": lambda chance: _of(chance, _PRINTABLE, chance.randint(10, 31)),
    "long password": lambda chance: _of(chance, _PRINTABLE, chance.randint(32, 90)),
    "awkward": lambda chance: _of(chance, _AWKWARD, chance.randint(12, 60)).strip().ljust(12, "§"),
}
"""Credentials by kind, each made of chance."""


def make_token(kind: str, seed: int) -> str:
    """Return the credential of a kind that a seed makes."""
    return KINDS[kind](random.Random(seed))  # noqa: S311 -- nobody's credential


ENCODINGS: Final[Mapping[str, Callable[[str], str]]] = {
    "plain": str,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64, second place": lambda text: base64.b64encode(b"a:" + text.encode() + b"\n").decode(),
    "base64, third place": lambda text: base64.b64encode(b"bob:" + text.encode() + b" and").decode(),
    "base64, url-safe": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "authorization": lambda text: f"Basic {base64.b64encode(f'__token__:{text}'.encode()).decode()}",
    "debug of http.client": lambda text: repr(b"Authorization: Basic " + base64.b64encode(f"ada:{text}".encode())),
    "URL": lambda text: f"https://__token__:{quote(text, safe='')}@upload.example.org/legacy/",
    "form": quote_plus,
    "JSON": lambda text: json.dumps({"token": text}),
    "JSON in JSON": lambda text: json.dumps(json.dumps([text])),
    "JSON, wide": lambda text: json.dumps(text, ensure_ascii=False),
    "representation": lambda text: repr({"token": text}),
    "representation of bytes": lambda text: repr([text.encode()]),
    "ascii": ascii,
    "HTML": html.escape,
    "HTML, quotes kept": lambda text: f"<p>{html.escape(text, quote=False)}</p>",
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal, capitals": lambda text: text.encode().hex().upper(),
    "URL, slashes kept": lambda text: f"https://upload.example.org/{quote(text)}/",
    "URL, small digits": lambda text: f"https://__token__:{_small(quote(text, safe=''))}@upload.example.org/legacy/",
    "shell": lambda text: shlex.join(["curl", "--user", f"ada {text}"]),
    "single quotes": lambda text: f"password = '{_backslashed(text)}'",
    "narrow stream, backslashes": lambda text: text.encode("ascii", "backslashreplace").decode(),
    "narrow stream, question marks": lambda text: text.encode("ascii", "replace").decode(),
}
"""What programs do to a credential that they write; by name."""


def _small(quoted: str) -> str:
    """Return a URL-quoted text with the hexadecimal digits in small letters."""
    return re.sub("%..", lambda found: found[0].lower(), quoted)


def _backslashed(text: str) -> str:
    """Return what stands between single quotes where a backslash escapes them, as in PHP and in many a log."""
    return text.replace("\\", "\\\\").replace("'", "\\'")


def spelled(secret: str) -> set[str]:
    """Return what must not be seen of a secret: its spellings, without what depends on the neighbours."""
    cores = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    cores |= {json.dumps(json.dumps(secret)[1:-1])[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    cores |= {repr(secret.encode())[2:-1], ascii(secret)[1:-1], html.escape(secret), secret.encode().hex()}
    cores |= {html.escape(secret, quote=False), secret.encode().hex().upper(), quote(secret)}
    cores |= {_small(quote(secret, safe="")), shlex.quote(f" {secret}")[2:-1], _backslashed(secret)}
    cores |= {secret.encode("ascii", errors).decode() for errors in ("backslashreplace", "replace")}
    for before in ("", "a:", "bob:", "__token__:", "ada:"):
        whole = base64.b64encode(f"{before}{secret}".encode()).decode().rstrip("=")
        first = -(-len(before.encode()) * 8 // 6)
        cores |= {whole[first:-1], whole[first:-1].replace("+", "-").replace("/", "_")}
    # Four different characters: of what is left as question marks nothing can be read.
    return {core for core in cores if len(core) >= 8 and (core == secret or len(set(core)) >= 4)}


PIECE: Final = 20
"""So much of a long secret must not be seen; the product promises a little less."""


def pieces(secret: str) -> set[str]:
    """Return every piece of a long secret that must not be seen."""
    cores = spelled(secret) if len(secret) >= 32 else ()
    return {core[at : at + PIECE] for core in cores for at in range(len(core) - PIECE + 1)}


def leaked(secret: str, text: str) -> list[str]:
    """Return what of a secret stands in a text."""
    found = [core for core in spelled(secret) if core in text]
    windows = pieces(secret)
    return found + [text[at : at + PIECE] for at in range(len(text)) if text[at : at + PIECE] in windows]


@contextlib.contextmanager
def forgotten() -> Iterator[None]:
    """Have the one mask know nothing, before and after."""
    MASK.__dict__.update(Mask().__dict__)
    try:
        yield
    finally:
        MASK.__dict__.update(Mask().__dict__)


# -- the ways out: each writes chunks of a text and returns all that is seen of it -----------------------------------


def _stream(chunks: Sequence[str], _folder: Path) -> str:
    with _captured() as seen, masked_output():
        for chunk in chunks:
            sys.stdout.write(chunk)
    return seen()


def _of_a_process(chunks: Sequence[str], _folder: Path) -> str:
    """Return what is read of a process, and what is told of it meanwhile."""
    told: list[str] = []
    reading, writing = os.pipe()
    with events.listening(lambda event: told.append(repr(event))):
        reader = Reader(open(reading, "rb"), "tool", tell=True)  # noqa: SIM115, PTH123 -- closed by the reader
        for chunk in "".join(chunks).encode(), b"\n":
            for at in range(0, len(chunk), 7):
                os.write(writing, chunk[at : at + 7])
        os.close(writing)
        text = reader.text()
    return text + "".join(told)


def _console(chunks: Sequence[str], _folder: Path) -> str:
    text = "".join(chunks)
    with _captured() as seen:
        console = Console(verbose=True)
        for event in (
            events.Output("pytest", text),
            events.Warned(Finding(text, text)),
            events.Told(text),
            events.StepEnded("test", "done", 1.0, text),
        ):
            console.hear(event)
        console.hear(events.Described([("build", [text])]))
        console.error(ReleaseError(text, text))
        console.error(CommandFailed(["tool", MASK(text)], 1, MASK(text)))
        console.confirm(text)
    return seen()


def _session(chunks: Sequence[str], folder: Path, *, as_json: bool, failure: Callable[[str], Exception]) -> str:
    """Return what a task lets out that prints, logs, warns, loses a thread, keeps a history, and fails."""
    text = "".join(chunks)
    state = State(folder / "state")
    # What reaches the disk is not the question here, and a thousand waits for it take a minute.
    durable = mock.patch("os.fsync")
    with (
        durable,
        _captured() as seen,
        _signals_kept(),
        contextlib.suppress(SystemExit),
        Session("release", json=as_json) as session,
    ):
        session._checkout = cast("Checkout", _WithState(state))  # noqa: SLF001 -- there is no repository
        session._console.verbose = True  # noqa: SLF001
        for chunk in chunks:
            sys.stdout.write(chunk)
        for chunk in chunks:
            print(chunk, end="", file=sys.stderr)
        logging.getLogger("urllib3.connectionpool").warning("header: %s", text)
        # As the module itself does; pytest keeps warnings for its summary.
        sys.stderr.write(warnings.formatwarning(text, UserWarning, "tasks.py", 1))
        _die_in_a_thread(text)
        events.emit(events.Output("pytest", MASK(text)))
        events.emit(events.Warned(Finding(text, text)))
        History(state).hear(events.AttemptFailed(text))
        log = Log(events.TaskStarted("release", "ab12"))
        log.keep(state.top)
        for event in (events.Told(text), events.Started(text), events.Recorded({"project": text, "changes": text})):
            log.hear(event)
        log.close()
        release = Release(project=text, version=text, who=text, where=text, tag=text, steps={text: 1.0})
        (state.folder / "page.html").write_text(history_page.page(text, [release]), encoding="utf-8", errors="replace")
        state.lock.hold(text, text)
        write_atomically(state.folder / "record.json", json.dumps({"username": text}))
        raise failure(text)
    kept = [path.read_text(encoding="utf-8") for path in sorted(state.folder.rglob("*")) if path.is_file()]
    assert len(kept) >= 3
    return seen() + "".join(kept)


def _raised(chunks: Sequence[str], _folder: Path) -> str:
    """Return all that an error carries."""
    text = "".join(chunks)
    error = ReleaseError(text, text)
    return f"{error} {error!r} {error.args} {error.message} {error.hint} {error.findings} {vars(error)}"


def _token_itself(chunks: Sequence[str], _folder: Path) -> str:
    """Return every text that is made of a token object."""
    token = Token("".join(chunks))
    return f"{token} {token!r} {[token]} { ({'t': token}) } {token:>20} {'%s %r' % (token, token)} {dir(token)} {vars}"  # noqa: UP031


PATHS: Final[Mapping[str, Callable[[Sequence[str], Path], str]]] = {
    "stream": _stream,
    "output of a process": _of_a_process,
    "console": _console,
    "error": _raised,
    "token": _token_itself,
    "task, an error of ours": lambda c, f: _session(c, f, as_json=False, failure=lambda text: ReleaseError(text, text)),
    "task, a bug": lambda c, f: _session(c, f, as_json=False, failure=RuntimeError),
    "task with --json": lambda c, f: _session(c, f, as_json=True, failure=lambda text: ReleaseError(text, text)),
    "task with --json, a bug": lambda c, f: _session(c, f, as_json=True, failure=KeyError),
    "task, the system": lambda c, f: _session(c, f, as_json=True, failure=lambda text: OSError(5, text, text)),
}
"""Every way out, by name."""


class _WithState:
    """The checkout of a task that has a state and nothing else."""

    def __init__(self, state: State) -> None:
        self.state = state
        state.folder.mkdir(parents=True, exist_ok=True)

    def waits(self) -> bool:
        """Return what the state says."""
        return bool(self.state.waits())


@contextlib.contextmanager
def _captured() -> Iterator[Callable[[], str]]:
    """Collect what is written to the streams; they are as wide as UTF-8."""
    old, new = (sys.stdout, sys.stderr, sys.stdin), (io.StringIO(), io.StringIO(), io.StringIO())
    sys.stdout, sys.stderr, sys.stdin = new
    try:
        yield lambda: new[0].getvalue() + new[1].getvalue()
    finally:
        sys.stdout, sys.stderr, sys.stdin = old


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    """Give the signals back to pytest, and let Python itself tell of a thread that dies."""
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]
    kept = {name: signal.getsignal(getattr(signal, name)) for name in names}
    hook, threading.excepthook = threading.excepthook, threading.__excepthook__
    handlers, logging.root.handlers = logging.root.handlers, []
    try:
        yield
    finally:
        logging.root.handlers = handlers
        threading.excepthook = hook
        for name, handler in kept.items():
            signal.signal(getattr(signal, name), handler)


def _die_in_a_thread(text: str) -> None:
    def die() -> None:
        raise ValueError(text)

    thread = threading.Thread(target=die)
    thread.start()
    thread.join()


def see_nothing(path: str, kind: str, encoding: str, seed: int) -> None:
    """Let one credential out by one way, in one spelling, cut at random places, and look for it.

    Raises:
        AssertionError: Something of it is seen.

    """
    chance = random.Random(seed)  # noqa: S311 -- it chooses where to cut
    secret = make_token(kind, seed)
    after = chance.choice((" after", ""))
    text = secret if path == "token" else f"before {ENCODINGS[encoding](secret)}{after}"
    cuts = sorted(chance.randrange(len(text) + 1) for _ in range(chance.choice((0, 1, 2, 3, 8, len(text)))))
    chunks = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    with forgotten(), tempfile.TemporaryDirectory() as folder:
        MASK.add(secret)
        seen = PATHS[path](chunks, Path(folder))
    assert leaked(secret, seen) == [], (path, kind, encoding, seed)
    assert "*****" in seen
