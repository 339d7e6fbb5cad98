"""How a version is spelled in a file, and the next version in the same spelling."""

import re
from dataclasses import dataclass

from packaging.version import Version

from release_recipes.project.source import is_version, today

#: The words for each kind of suffix.
_WORDS = {"a": "alpha|a", "b": "beta|b", "rc": "rc|c|preview|pre", "post": "post|rev|r", "dev": "dev"}
_LONG = {"a": "alpha", "b": "beta"}

_SUFFIX = re.compile(rf"([-._]?)({'|'.join(_WORDS.values())})([-._]?)(\d*)", re.IGNORECASE)

#: What makes a number part of a longer version, or of a range such as 1.2.x.
_LONGER = (
    r"[\w+!]|[.-]\d|\.[xX*](?!\w)|(?i:[-._](?:(?:alpha|beta|preview|pre|post|rev|rc|dev)\d*|[abcr]\d+)(?![A-Za-z]))"
)

#: What stands before a version: nothing that would make it part of a longer one, and perhaps a v.
_START = re.compile(r"(?:^|[^\w.+!])(?:[vV]\.?)?$", re.ASCII)

_LEVELS = {"alpha": "a", "beta": "b", "candidate": "rc", "c": "rc", "final": "", "": ""}
_TAIL = r"""(?:\s*,\s*(["'])(alpha|beta|candidate|rc|[abc]|final|)\1(?:\s*,\s*\d+)?)?"""
_OLD_TUPLE = re.compile(r"""([\d,\s]*\d)(?:(\s*,\s*["'])(\w*)(.*))?""", re.DOTALL)


@dataclass(frozen=True)
class Spot:
    """The bytes of a file that spell a version, or a part of it."""

    #: Offsets in bytes; ``end`` is the first byte after it.
    start: int
    end: int
    #: What stands there.
    text: str
    #: ``text``; ``semver`` (1.2.3-rc.1); ``short`` (the first numbers); ``tuple`` (numbers with commas);
    #: ``number`` (one number of the release); ``date`` (the day of the release).
    form: str = "text"
    #: Which number of the release it is, from 0; only for ``number``.
    index: int = 0

    def becomes(self, version: str) -> str:
        """Return what stands there for another version."""
        if self.form == "date":
            return today().isoformat()
        if self.form == "number":
            return str([*Version(version).release, 0, 0, 0][self.index])
        if self.form == "tuple":
            return _tuple(self.text, Version(version))
        if self.form == "short":
            numbers = re.split(r"[^\d.]", spelled(self.text, version))[0].split(".")
            return ".".join(numbers[: self.text.count(".") + 1])
        plain = self.form == "semver" and not _SUFFIX.search(self.text)
        return spelled(f"{self.text}-alpha.0" if plain else self.text, version)


def found(text: str, version: str) -> list[tuple[int, int]]:
    """Return where a text contains a version, in any of its spellings, but not as part of a longer one."""
    return [
        match.span()
        for match in re.finditer(f"{body(version)}(?!{_LONGER})", text, re.ASCII)
        if _START.search(text, max(0, match.start() - 3), match.start())
    ]


def body(version: str) -> str:
    """Return the pattern of a version: its numbers perhaps zero-padded, its suffixes joined in any way."""
    if not is_version(version):
        return re.escape(version)
    parsed = Version(version)
    first, *rest = parsed.release
    numbers = "".join([f"{parsed.epoch}!" if parsed.epoch else "", str(first), *(rf"\.0*{number}" for number in rest)])
    suffixes = [rf"[-._]?(?i:{_WORDS[kind]})[-._]?0*{number or ''}" for kind, number in _suffixes(parsed)]
    return "".join([numbers, *suffixes, rf"\+{re.escape(parsed.local)}" if parsed.local else ""])


def found_tuples(text: str, version: str) -> list[tuple[int, int]]:
    """Return where a text contains the numbers of a version with commas, and a level such as ``"final", 0``.

    What stands before them is not looked at.
    """
    if not is_version(version):
        return []
    parsed = Version(version)
    numbers = list(parsed.release)
    while numbers[2:] and not numbers[-1]:  # a tuple may have more zeros, or fewer
        numbers.pop()
    level = parsed.pre[0] if parsed.pre else ""
    # Numbers in quotes are a tuple, too: ("1", "2", "3").
    pattern = r"\s*,\s*".join(rf"[\"']?{number}[\"']?" for number in numbers) + rf"(?:\s*,\s*0)*(?!\s*,?\s*\d){_TAIL}"
    matches = re.finditer(pattern, text, re.ASCII)
    return [match.span() for match in matches if match[2] is None or _LEVELS.get(match[2], match[2]) == level]


def spelled(old: str, version: str) -> str:
    """Return a version in the spelling of an older one: its zero padding, and how its suffixes are joined.

    Where the older one has the normal spelling, the version is returned as it is.
    """
    if not is_version(old) or not is_version(version) or str(Version(old)) == old:
        return version
    new, cut = Version(version), _SUFFIX.search(old)
    numbers = old[: cut.start() if cut else None].partition("+")[0].rpartition("!")[2].split(".")
    padded = any(re.match("0.", number) for number in numbers)
    widths = [len(number) if padded else 1 for number in numbers] + [1] * len(new.release)
    release = ".".join(str(number).zfill(width) for number, width in zip(new.release, [1, *widths[1:]], strict=False))
    joints = {_kind(word): (before, word, after) for before, word, after, _ in _SUFFIX.findall(old)}
    pre = next((joints[kind] for kind in ("a", "b", "rc") if kind in joints), None)
    text = f"{new.epoch}!{release}" if new.epoch else release
    for kind, number in _suffixes(new):
        before, word, after = joints.get(kind) or (("" if kind in {"a", "b", "rc"} else "."), kind, "")
        if pre and kind in {"a", "b", "rc"} and kind not in joints:
            is_long = pre[1].lower() in {"alpha", "beta"}
            before, word, after = pre[0], _LONG.get(kind, kind) if is_long or pre[2] else kind, pre[2]
        text += f"{before}{word}{after}{number}"
    return f"{text}+{new.local}" if new.local else text


def _suffixes(version: Version) -> list[tuple[str, int]]:
    """Return the suffixes of a version: its kind and its number."""
    listed = [version.pre, ("post", version.post), ("dev", version.dev)]
    return [(each[0], each[1]) for each in listed if each and each[1] is not None]


def _kind(word: str) -> str:
    return next(kind for kind, words in _WORDS.items() if word.lower() in words.split("|"))


def _tuple(old: str, version: Version) -> str:
    """Return the numbers of a version with the commas, spaces and line breaks of an older tuple."""
    quote = old[0] if old[0] in "\"'" else ""
    if quote:
        return re.sub(r"\d+", rf"{quote}\g<0>{quote}", _tuple(old.replace(quote, ""), version))
    numbers, before, word, after = _OLD_TUPLE.findall(old)[0]
    _, *rest = re.split(r"(\s*,\s*)", numbers)
    release = [*version.release, *[0] * len(rest)][: max(len(version.release), len(rest) // 2 + 1)]
    text = (rest[0] if rest else ", ").join(map(str, release))
    if not before:
        return text
    kind, number = version.pre or ("final" if word else "", 0)
    long = {**_LONG, "rc": "candidate" if word == "candidate" else "rc"}
    new = kind if word in {"a", "b", "c"} else long.get(kind, kind)
    return f"{text}{before}{new}{re.sub(r'[0-9]+$', str(number), after)}"
