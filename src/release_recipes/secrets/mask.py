"""The mask: every credential that we hold, in every spelling, is stars wherever text leaves."""

from __future__ import annotations

import base64
import contextlib
import html
import json
import re
import sys
import threading
from typing import IO, TYPE_CHECKING, Any, cast
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

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

#: The shortest end of a chunk that is held back because a piece may go on in the next; see :meth:`Mask.stream`.
_TAIL = 4

#: A pattern that is found nowhere.
_NOTHING = "(?!)"

#: The fewest different characters in a spelling that is masked.
_DISTINCT = 4


class Mask:
    """Every value that must not be seen, and the text without them."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._held: set[str] = set()
        #: The spellings of short secrets, longest first; nothing matches at the start.
        self._short: tuple[str, ...] = ()
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
            whole = set().union(*(_forms(value) for value in self._held - long))
            self._pieces = _Pieces(sorted(set().union(*(_forms(value) for value in long))))
            self._short = tuple(sorted(whole, key=lambda form: (-len(form), form)))
            self._whole = re.compile("|".join(map(re.escape, self._short)) or _NOTHING)

    def __call__(self, text: str) -> str:
        """Return ``text`` with stars in place of every value, and of every piece of a long one."""
        return self._whole.sub(STARS, self._pieces.masked(text))

    def holds(self, text: str) -> bool:
        """Say whether a value, or a piece of a long one, stands in ``text``."""
        return next(self.spans(text), None) is not None

    def stream(self, chunks: Iterable[str]) -> Iterator[str]:
        """Mask a text that comes in chunks, wherever they cut it.

        Held back is only an end that may be the beginning of a value: the longest that is one, or, of a long secret, a
        piece of at least ``_TAIL`` characters. So a prompt is shown when it is written.
        """
        kept = ""
        for chunk in chunks:
            done, kept = self.parts(kept + chunk)
            if done:
                yield done
        if kept:
            yield self(kept)

    def parts(self, text: str) -> tuple[str, str]:
        """Return the beginning of a text, masked, and its end, as it is, that may be the beginning of a value."""
        held = self._unfinished(text)
        end = len(text) - held
        for start, stop in sorted(self.spans(text), reverse=True) if held else ():
            if start < end < stop:  # a value may reach into what is held back; then it waits, too
                end = start
        return self(text[:end]), text[end:]

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where values stand in ``text``, and pieces of long ones: begin and end."""
        yield from self._pieces.spans(text)
        yield from (found.span() for found in self._whole.finditer(text))

    def _unfinished(self, text: str) -> int:
        """Return how long the end of ``text`` is that may go on as a value."""
        longest = self._pieces.unfinished(text)
        for form in self._short:
            lengths = range(min(len(form) - 1, len(text)), longest, -1)
            longest = next((length for length in lengths if text.endswith(form[:length])), longest)
        return longest


class _Pieces:
    """The spellings of long secrets, and every piece of them.

    A text is looked at in steps of ``_WORD`` characters: whatever it has in common with a spelling is longer than two
    such words, so one of them lies in it whole. That costs a look-up for every eighth character.
    """

    def __init__(self, forms: Iterable[str]) -> None:
        self._forms = tuple(forms)
        # No text of ours has the separator, so nothing is found across it.
        self._joined = "\0".join(self._forms)
        self._words = {form[at : at + _WORD] for form in self._forms for at in range(len(form) - _WORD + 1)}

    def masked(self, text: str) -> str:
        """Return the text with stars in place of pieces."""
        out, last = [], 0
        for start, stop in self.spans(text):
            out += [text[last:start], STARS]
            last = stop
        return "".join([*out, text[last:]]) if out else text

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where pieces stand, in order and without overlap."""
        if not self._forms:
            return
        words, last = self._words, 0
        for at in [at for at in range(0, len(text), _WORD) if text[at : at + _WORD] in words]:
            if at + _WORD <= last:
                continue
            start = at - self._grown(_ending_at(text, at, at + _WORD), at)
            end = at + _WORD + self._grown(_beginning_at(text, at, at + _WORD), len(text) - at - _WORD)
            if end - start >= SHORTEST_PIECE:
                yield max(start, last), end
                last = end

    def unfinished(self, text: str) -> int:
        """Return how long the end is that may go on."""
        if not self._forms:
            return 0
        piece = self._grown(_ending_at(text, len(text), len(text)), len(text))
        if piece >= _TAIL:
            return piece
        beginnings = (
            length for length in range(piece, 0, -1) if any(f.startswith(text[-length:]) for f in self._forms)
        )
        return next(beginnings, 0)

    def _grown(self, cut: Callable[[int], str], limit: int) -> int:
        """Return the largest length for which a cut is a piece: if one is, so is each shorter one."""
        low, high = 0, min(limit, len(self._joined))
        step = _WORD
        while low < high and cut(min(low + step, high)) in self._joined:
            low, step = min(low + step, high), step * 2
        high = min(high, low + step)
        while low < high:
            middle = (low + high + 1) // 2
            if cut(middle) in self._joined:
                low = middle
            else:
                high = middle - 1
        return low


def _ending_at(text: str, start: int, stop: int) -> Callable[[int], str]:
    """Return what cuts a text at ``stop``, and so many characters before ``start``."""
    return lambda length: text[start - length : stop]


def _beginning_at(text: str, start: int, stop: int) -> Callable[[int], str]:
    """Return what cuts a text at ``start``, and so many characters after ``stop``."""
    return lambda length: text[start : stop + length]


def _forms(value: str) -> set[str]:
    """Return the spellings in which a secret turns up."""
    raw = value.encode("utf-8", "surrogatepass")
    forms = {value, raw.hex(), raw.hex().upper()}
    for prefix in (b"", b"__token__:"):
        forms |= _in_base64(prefix + raw)
    for offset in range(3):  # inside other base64, the value starts at one of three places of a group of four
        # The first and last digits depend on the neighbours.
        forms |= {
            shifted[offset + (offset > 0) : -1] for shifted in _in_base64(b"\0" * offset + raw) if shifted[-1:] != "="
        }
    for _ in range(2):  # JSON in JSON, a representation in a representation
        forms |= {escape(form) for form in forms for escape in _ESCAPES}
    # A narrow stream may leave nothing but question marks.
    return {form for form in forms if len(form) >= SHORTEST_SECRET and (form == value or len(set(form)) >= _DISTINCT)}


def _in_base64(raw: bytes) -> set[str]:
    """Return the base64 forms of bytes, with and without the signs at the end."""
    both = {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
    return both | {form.rstrip("=") for form in both}


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
    """A text stream that masks what is written to it; for the rest it is the stream behind it."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._kept = ""
        self._lock = threading.RLock()

    def write(self, text: str) -> int:
        """Write what is certain not to be the beginning of a value."""
        with self._lock:
            done, self._kept = MASK.parts(self._kept + text)
            self._stream.write(done)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write lines."""
        for line in lines:
            self.write(line)

    def finish(self) -> None:
        """Write what was held back."""
        with self._lock:
            self._stream.write(MASK(self._kept))
            self._kept = ""
        with contextlib.suppress(OSError, ValueError):
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
            masked.finish()
