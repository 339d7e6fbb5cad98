"""The mask: every credential that we hold, in every spelling, is stars wherever text leaves."""

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

#: What stands where a credential stood.
STARS = "**********"

#: Shorter values would mask ordinary words; no index or forge issues tokens that short.
SHORTEST_SECRET = 8

#: From this length on a secret is no pass phrase of words, and pieces of it are masked too: output is cut and wrapped.
LONG_SECRET = 32

#: The shortest piece of a long secret that is masked. Two neighbouring windows of this many characters always have a
#: whole word of ``_WORD`` characters in common with any grid of that width: see :class:`_Pieces`.
SHORTEST_PIECE = 16
_WORD = 8

#: A pattern that is found nowhere.
_NOTHING = "(?!)"

#: The fewest different characters in a spelling that is masked.
_DISTINCT = 4


class Mask:
    """Every value that must not be seen, and the text without them."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._held: set[str] = set()
        #: The spellings of short secrets; nothing matches at the start.
        self._whole = re.compile(_NOTHING)
        self._pieces = _Pieces(())
        self._lock = threading.Lock()

    def add(self, *values: str) -> None:
        """Mask these values from now on, in every spelling in which a program may write them."""
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

    def __call__(self, text: str) -> str:
        """Return ``text`` with stars in place of every value, and of every piece of a long one."""
        out, last = [], 0
        for start, stop in self._pieces.spans(text):
            out += [text[last:start], STARS]
            last = stop
        return self._whole.sub(STARS, "".join([*out, text[last:]]))

    def holds(self, text: str) -> bool:
        """Say whether a value, or a piece of a long one, stands in ``text``."""
        return next(self.spans(text), None) is not None

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where values stand in ``text``, and pieces of long ones: begin and end."""
        yield from self._pieces.spans(text)
        yield from (found.span() for found in self._whole.finditer(text))


class _Pieces:
    """The spellings of long secrets, and every piece of them.

    A text is looked at in steps of ``_WORD`` characters: whatever it shares with a spelling is longer than two such
    words, so one of them lies in it whole. That costs one look-up for every eighth character.
    """

    def __init__(self, spellings: Iterable[str]) -> None:
        # No text of ours has the separator, so nothing is found across it.
        self._joined = "\0".join(spellings)
        self._words = {self._joined[at : at + _WORD] for at in range(len(self._joined) - _WORD + 1)}

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where pieces stand, in order and without overlap."""
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
    """Return the spellings in which a secret turns up."""
    raw = value.encode("utf-8", "surrogatepass")
    spellings = {value, raw.hex(), raw.hex().upper()}
    for prefix in (b"", b"__token__:"):
        spellings |= _in_base64(prefix + raw)
    for offset in range(3):  # inside other base64, the value starts at one of three places of a group of four
        # The first and last digits depend on the neighbours.
        spellings |= {
            shifted[offset + (offset > 0) : -1] for shifted in _in_base64(b"\0" * offset + raw) if shifted[-1:] != "="
        }
    for _ in range(2):  # JSON in JSON, a representation in a representation
        spellings |= {escape(spelling) for spelling in spellings for escape in _ESCAPES}
    # A narrow stream may leave nothing but question marks.
    distinct = {spelling for spelling in spellings if len(set(spelling)) >= _DISTINCT}
    return {spelling for spelling in distinct | {value} if len(spelling) >= SHORTEST_SECRET}


def _in_base64(raw: bytes) -> set[str]:
    """Return the base64 spellings of bytes, with and without the signs at the end."""
    both = {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
    return both | {spelling.rstrip("=") for spelling in both}


def _lower_percents(text: str) -> str:
    """Return a URL-quoted text with lower-case digits."""
    return re.sub("%..", lambda found: found[0].lower(), text)


def _in_ascii(errors: str) -> Callable[[str], str]:
    """Return what writes a text to a stream that takes ASCII only."""
    return lambda text: text.encode("ascii", errors).decode("ascii")


#: How programs write a text into another: URLs, JSON, Python's representations, HTML, shells, narrow streams.
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


#: The one mask: what is printed, logged, recorded or raised goes through it.
MASK = Mask()


class _MaskedStream:
    """A text stream that masks each line that is written to it; for the rest it is the stream behind it.

    An unfinished line is kept until it is whole or flushed, since a value may be written in several parts.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._unfinished = ""
        self._lock = threading.RLock()

    def write(self, text: str) -> int:
        """Write the lines that are whole."""
        with self._lock:
            whole, end, self._unfinished = (self._unfinished + text).rpartition("\n")
            self._stream.write(MASK(whole) + end)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write lines."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Write what was kept, such as a prompt."""
        with self._lock:
            self._stream.write(MASK(self._unfinished))
            self._unfinished = ""
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        return getattr(self._stream, name)


@contextlib.contextmanager
def masked_output() -> Iterator[None]:
    """Mask what anybody prints to standard output and error: a library, a warning, a log, a thread that dies."""
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
