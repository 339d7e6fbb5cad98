"""The mask, which replaces every credential that we hold, in every spelling, with stars in all output."""

import base64
import contextlib
import html
import json
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any, cast
from urllib.parse import quote, quote_plus

#: The replacement for a credential.
STARS = "**********"

#: Shorter values are not masked, since they may be words; no index or forge issues tokens that short.
SHORTEST_SECRET = 8

#: From this length on, pieces of a secret are masked, too, because output is cut and wrapped.
LONG_SECRET = 32

#: The shortest piece of a long secret that is masked. A piece of this length always contains a complete word of
#: ``_WORD`` characters at a multiple of ``_WORD``: see :class:`_Pieces`.
SHORTEST_PIECE = 16
_WORD = 8

#: A pattern that never matches.
_NOTHING = "(?!)"

#: The minimum of different characters in a spelling that is masked.
_DISTINCT = 4


class Mask:
    """The values that must not be shown, and a function that masks them in a text."""

    def __init__(self) -> None:
        """Start without values."""
        self._held: set[str] = set()
        #: The spellings of short secrets; nothing matches at the start.
        self._whole = re.compile(_NOTHING)
        self._pieces = _Pieces(())
        #: Called with each new value, before anything can print it.
        self._announce: Callable[[str], None] = _nobody
        self._lock = threading.Lock()

    def add(self, *values: str) -> None:
        """Mask these values from now on, in every spelling that a program may write."""
        with self._lock:
            new = {value for value in values if len(value) >= SHORTEST_SECRET} - self._held
            if not new:
                return
            self._held |= new
            long = {value for value in self._held if len(value) >= LONG_SECRET}
            whole = set().union(*(_spellings(value) for value in self._held - long))
            self._pieces = _Pieces(sorted(set().union(*(_spellings(value) for value in long))))
            longest_first = sorted(whole, key=lambda spelling: (-len(spelling), spelling))
            self._whole = re.compile("|".join(map(re.escape, longest_first)) or _NOTHING)
            for value in new:
                self._announce(value)

    @contextlib.contextmanager
    def announced_to(self, listener: Callable[[str], None]) -> Iterator[None]:
        """Call a function with each value that is held now, and with others when they are added inside the block."""
        with self._lock:
            self._announce = listener
            for value in self._held:
                listener(value)
        try:
            yield
        finally:
            self._announce = _nobody

    def __call__(self, text: str) -> str:
        """Return ``text`` with stars instead of values, and of pieces of long values."""
        out, last = [], 0
        for start, stop in self._pieces.spans(text):
            out += [text[last:start], STARS]
            last = stop
        return self._whole.sub(STARS, "".join([*out, text[last:]]))

    def holds(self, text: str) -> bool:
        """Return whether ``text`` contains a value, or a piece of a long value."""
        return next(self.spans(text), None) is not None

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield the start and the end of each value, and of each piece of a long value, in ``text``."""
        yield from self._pieces.spans(text)
        yield from (found.span() for found in self._whole.finditer(text))


def _nobody(_value: str) -> None:
    """Take an announcement if nobody listens."""


class _Pieces:
    """The spellings of long secrets, and every piece of them.

    A text is searched in steps of ``_WORD`` characters: a piece is at least twice as long, so it contains at least one
    complete word. This takes a look-up for every eighth character.
    """

    def __init__(self, spellings: Iterable[str]) -> None:
        # The separator is not in any text, so that no match crosses it.
        self._joined = "\0".join(spellings)
        self._words = {self._joined[at : at + _WORD] for at in range(len(self._joined) - _WORD + 1)}

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield the pieces, in order and without overlap."""
        last = 0
        for at in range(0, len(text) if self._words else 0, _WORD):
            end = at + _WORD
            if end <= last or text[at:end] not in self._words:
                continue
            start = at
            while start > last and text[start - 1 : at + _WORD] in self._joined:
                start -= 1
            while end < len(text) and text[at : end + 1] in self._joined:
                end += 1
            if end - start >= SHORTEST_PIECE:
                yield start, end
                last = end


def _spellings(value: str) -> set[str]:
    """Return the spellings of a secret."""
    raw = value.encode("utf-8", "surrogatepass")
    spellings = {value, raw.hex(), raw.hex().upper()}
    for prefix in (b"", b"__token__:"):
        spellings |= _in_base64(prefix + raw)
    # A server may print an encoded request: the header in base64 again, and every character as a percent escape.
    header = b"Basic " + base64.b64encode(b"__token__:" + raw)
    spellings |= _in_base64(header) | {"".join(f"%{byte:02x}" for byte in raw), "".join(f"%{byte:02X}" for byte in raw)}
    for offset in range(3):  # inside other base64, the value starts at one of three offsets
        # The first and the last characters depend on the text around the value.
        spellings |= {
            shifted[offset + (offset > 0) : -1] for shifted in _in_base64(b"\0" * offset + raw) if shifted[-1:] != "="
        }
    for _ in range(2):  # JSON in JSON, a representation in a representation
        spellings |= {escape(spelling) for spelling in spellings for escape in _ESCAPES}
    # A stream with few characters may leave only question marks.
    distinct = {spelling for spelling in spellings if len(set(spelling)) >= _DISTINCT}
    return {spelling for spelling in distinct | {value} if len(spelling) >= SHORTEST_SECRET}


def _in_base64(raw: bytes) -> set[str]:
    """Return the base64 spellings of bytes, with and without padding."""
    both = {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
    return both | {spelling.rstrip("=") for spelling in both}


def _lower_percents(text: str) -> str:
    """Return a URL-quoted text with lower-case hexadecimal digits."""
    return re.sub("%..", lambda found: found[0].lower(), text)


def _in_ascii(errors: str) -> Callable[[str], str]:
    """Return a function that converts a text to ASCII."""
    return lambda text: text.encode("ascii", errors).decode("ascii")


#: The ways in which programs escape a text: URLs, JSON, Python's ``repr``, HTML, shells, ASCII streams.
_ESCAPES: tuple[Callable[[str], str], ...] = (
    lambda text: quote(text, safe="", errors="surrogatepass"),
    lambda text: quote_plus(text, errors="surrogatepass"),
    lambda text: quote(text, errors="surrogatepass"),
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: repr(text)[1:-1],
    lambda text: ascii(text)[1:-1],
    lambda text: repr(text.encode("utf-8", "surrogatepass"))[2:-1],
    lambda text: text.replace("\\", "\\\\").replace("'", "\\'"),
    lambda text: text.replace("'", "'\"'\"'"),
    html.escape,
    lambda text: html.escape(text, quote=False),
    lambda text: _lower_percents(quote(text, safe="", errors="surrogatepass")),
    _in_ascii("backslashreplace"),
    _in_ascii("replace"),
)


#: The mask for everything that is printed, logged, recorded or raised.
MASK = Mask()


class _MaskedStream:
    """A text stream that masks each line that is written to another stream.

    An incomplete line is kept until it is complete or flushed, since a value may be written in several parts.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._unfinished = ""
        self._lock = threading.RLock()

    def write(self, text: str) -> int:
        """Write complete lines."""
        with self._lock:
            whole, end, self._unfinished = (self._unfinished + text).rpartition("\n")
            self._stream.write(MASK(whole) + end)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write lines."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Write an incomplete line, such as a prompt."""
        with self._lock:
            self._stream.write(MASK(self._unfinished))
            self._unfinished = ""
            self._stream.flush()

    @property
    def buffer(self) -> "_MaskedBytes":
        """The stream for bytes, which are masked like text."""
        return _MaskedBytes(self)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any attribute of the stream
        return getattr(self._stream, name)


class _MaskedBytes:
    """The bytes of a masked stream."""

    def __init__(self, stream: _MaskedStream) -> None:
        self._text = stream

    def write(self, data: bytes) -> int:
        """Write lines, as text."""
        self._text.write(bytes(data).decode("utf-8", "replace"))
        return len(data)

    def flush(self) -> None:
        """Write the rest, too."""
        self._text.flush()


@contextlib.contextmanager
def masked_output() -> Iterator[None]:
    """Mask standard output and standard error: of libraries, warnings, logs, and failing threads."""
    import logging

    old = (sys.stdout, sys.stderr)
    new = tuple(_MaskedStream(stream) for stream in old if stream)
    if len(new) < len(old):  # a process without a console, on Windows
        yield
        return
    known = [
        logging.root,
        *(logger for logger in logging.root.manager.loggerDict.values() if isinstance(logger, logging.Logger)),
    ]
    handlers = {
        handler for logger in known for handler in logger.handlers if isinstance(handler, logging.StreamHandler)
    }
    moved = [(handler, handler.stream) for handler in handlers if handler.stream in old]
    sys.stdout, sys.stderr = cast("tuple[IO[str], IO[str]]", new)
    for handler, stream in moved:
        handler.setStream(new[old.index(stream)])
    try:
        yield
    finally:
        sys.stdout, sys.stderr = old
        for handler, stream in moved:
            handler.setStream(stream)
        for masked in new:
            with contextlib.suppress(OSError, ValueError):
                masked.flush()
