"""The next version of a project for a part, for pre-releases and calendar versions too.

The spelling of the current version is kept: its epoch, how many numbers it has, leading zeros, and how a pre-release is
joined.
"""

import calendar
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from packaging.version import Version

from release_recipes.errors import AmbiguousVersion, InvalidVersion, UnknownPart
from release_recipes.project.source import NONE

#: The parts of a version.
PARTS = ("major", "minor", "patch", "a", "b", "rc", "release", "dev", "post")

#: The parts that are numbers of the release, in the order in which they are suggested.
_NUMBERS = ("patch", "minor", "major")

#: What follows the numbers of a version.
SUFFIX = (
    r"(?P<pre>(?:[-_.]?(?:alpha|a|beta|b|preview|pre|c|rc)[-_.]?\d*)?)"
    r"(?P<post>(?:-\d+|[-_.]?(?:post|rev|r)[-_.]?\d*)?)"
    r"(?P<dev>(?:[-_.]?dev[-_.]?\d*)?)"
)

#: A version without a local version, as it may be spelled; ``head`` is the epoch.
FORM = re.compile(rf"(?P<head>v?(?:\d+!)?)(?P<release>\d+(?:\.\d+)*){SUFFIX}", re.IGNORECASE | re.ASCII)

#: Other names of the kinds of suffixes.
_KINDS = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc", "rev": "post", "r": "post"}

#: How many of the newest versions are the evidence for a scheme; projects change it.
_RECENT = 12

#: The digits of a year such as 2026.
_LONG = 4

#: The count of numbers in a whole date.
_DAY = 3


def next_version(current: str, part: str, *, today: date, earlier: Mapping[str, date] = {}) -> str:
    """Return the next version for a part.

    Args:
        current: The current version, as the project spells it.
        part: One of :data:`PARTS`.
        today: The date for calendar versions.
        earlier: Earlier versions (valid by :pep:`440`) with the dates of their tags. They show whether the numbers of
            the project are dates.

    Raises:
        UnknownPart: There is no such part.
        InvalidVersion: The current version is not valid.
        AmbiguousVersion: There are several answers, or no answer is higher than the current version.
    """
    if part not in PARTS:
        raise UnknownPart(part, (*PARTS, NONE))
    public, plus, _ = current.partition("+")
    form = FORM.fullmatch(public)
    if form is None:
        raise InvalidVersion(current, "the project")
    if plus:
        candidate = next_version(public, part, today=today, earlier=earlier)
        raise AmbiguousVersion(current, part, [candidate], "it is a local version, and an index does not accept those")
    now = _Current(form, today, _recent(earlier))
    found, why = now.numbered(part) if part in _NUMBERS else now.suffixed(part)
    if not why and Version(found[0]) <= now.version:
        found, why = now.each(), f"{found[0]} is not higher"
    if why:
        raise AmbiguousVersion(current, part, [each for each in found if Version(each) > now.version], why)
    return found[0]


def respelled(like: str, kind: str, number: int) -> str:
    """Return a suffix that is spelled like another: ``-rc.1`` like ``-beta.2``.

    Args:
        like: A pre-release, post-release or dev suffix.
        kind: ``a``, ``b``, ``rc``, ``post`` or ``dev``.
        number: The number of the new suffix.
    """
    before, word, between = re.findall(r"^([-_.]?)([a-z]*)([-_.]?)", like, re.IGNORECASE)[0]
    if word and _KINDS.get(word.lower(), word.lower()) != kind:  # -1 is a post-release
        word = {"a": "alpha", "b": "beta"}.get(kind, kind) if word.lower() in {"alpha", "beta"} else kind
    return f"{before}{word}{between}{number}"


#: Versions, and why the first of them is not the answer (empty if it is).
_Found = tuple[list[str], str]


@dataclass(frozen=True)
class _Current:
    """The current version, with what is known about its scheme."""

    form: re.Match[str]
    today: date
    #: The numbers of earlier versions with their dates.
    evidence: list[tuple[list[str], date]]

    @property
    def version(self) -> Version:
        return Version(self.form[0])

    @property
    def numbers(self) -> list[str]:
        return self.form["release"].split(".")

    @property
    def final(self) -> str:
        return self._final(self.numbers)

    @property
    def unfinished(self) -> bool:
        """Whether its final version is still to come."""
        return Version(self.final) > self.version

    def each(self, suffix: str = "") -> list[str]:
        """Return the next patch, minor and major version, with a suffix."""
        found = [each for part in _NUMBERS for each in self.numbered(part)[0]]
        return [each + suffix for each in found if ".post" not in each]

    def numbered(self, part: str) -> _Found:
        """Return the next version for major, minor or patch."""
        depth, sure = self._scheme()
        # The patch of 25.9.0 is 25.9.1 whatever the numbers are; that of 2025.2 is not known.
        if part == "patch" and depth < _DAY and (sure or len(self.numbers) > 2 or len(self.numbers[0]) < _LONG):  # noqa: PLR2004
            depth = 0
        if not depth:
            return [self._counted(part)], ""
        found, why = self._dated(depth)
        if not sure:
            counted = map(self._counted, ("minor", "patch") if part == "patch" else (part,))
            return [*found, *counted], "its numbers may be a date, or not"
        return found, why

    def suffixed(self, part: str) -> _Found:
        """Return the next version for another part."""
        pre, post, dev = self.form["pre"], self.form["post"], self.form["dev"]
        kind, number = self.version.pre or ("", 1)
        why = ""
        if part == "release":
            found = [self.final if self.unfinished else self.final + post]
        elif part == "post" and self.unfinished:
            found, why = [self.final], "a post-release comes after a final version"
        elif part == "post":
            found = [self.final + (post if dev else _raised(post or ".post0"))]
        elif part == "dev" and dev:
            found = [self.form[0].removesuffix(dev) + _raised(dev)]
        elif part == "dev" or not self.unfinished:
            suffix = ".dev0" if part == "dev" else f"{part}1"
            found = [self.final + _raised(pre) + suffix] if self.unfinished else self.each(suffix)
            why = "the part does not say which release it precedes"
        elif part == kind:
            found = [self.final + (pre if dev and not post else _raised(pre))]
        else:  # .dev4 becomes rc1, and -dev.4 becomes -rc.1
            found = [self.final + respelled(pre or dev.removeprefix("."), part, min(number, 1))]
        return found, why

    def _counted(self, part: str) -> str:
        """Return the next version if no number is a date."""
        position = ("major", "minor", "patch").index(part)
        zeros = not any(map(int, self.numbers[position + 1 :]))
        return self.final if self.unfinished and (zeros or part == "patch") else self._incremented(position)

    def _incremented(self, position: int, count: int | None = None) -> str:
        """Return the final version with one more at a position, and zeros after it (with a count of numbers)."""
        numbers = self.numbers + ["0"] * (position + 1 - len(self.numbers))
        after = [_padded(number, 0) for number in numbers[position + 1 : count]]
        return self._final([*numbers[:position], _padded(numbers[position], int(numbers[position]) + 1), *after])

    def _final(self, numbers: Sequence[str]) -> str:
        return self.form["head"] + ".".join(numbers)

    def _dated(self, depth: int) -> _Found:
        """Return the next version if year, month, day (as many as the depth) come first, and then a counter."""
        new = _date(self.numbers[0], self.today)[:depth]
        old = [int(number) for number in self.numbers[:depth]]
        evidence = [numbers for numbers, day in self.evidence if _matching(numbers, day) >= depth]
        seen = [self.numbers, *evidence]
        # As many numbers as the newest version that is no patch.
        counts = [len(numbers) for numbers in seen if not any(map(int, numbers[max(depth, 2) :]))]
        count = (counts or [len(self.numbers)])[0]
        if new == old and (self.unfinished or len(self.numbers) > depth):
            return [self.final if self.unfinished else self._incremented(depth, count)], ""
        # 8 and 08 tell whether there are leading zeros, 12 does not; the newest version decides.
        told = [number for numbers in seen for number in numbers[1:depth] if len(number) == 1 or number[0] == "0"]
        dated = [str(number).zfill(len(told[0]) if told else 1) for number in new]
        if new <= old:
            post = self.final + _raised(self.form["post"] or ".post0")
            why = f"the date of today, {'.'.join(dated)}, is not higher"
            return [self.final, self._incremented(depth), post], why
        counter = min((numbers[depth] for numbers in evidence if len(numbers) > depth), key=int, default="0")
        return [self._final([*dated, counter, "0", "0"][: max(count, depth)])], ""

    def _scheme(self) -> tuple[int, bool]:
        """Return how many of the first numbers are a date, and whether that is sure."""
        first, *more = self.numbers
        if len(first) not in {2, _LONG} or not more:
            return 0, True
        padded = [len(number) > 1 and number[0] == "0" for number in more]
        evidence = [(numbers, day) for numbers, day in self.evidence if len(numbers[0]) == len(first)]
        if len(evidence) > 1:
            matching = sorted(_matching(numbers, day) for numbers, day in evidence)
            depth = matching[len(matching) // 3]  # of two thirds or more
            # 25.1 and 25.2 in 2025 may be chance; in a new year that makes a difference.
            years = {day.year for _, day in evidence}
            if depth > 1 or not any(padded):  # leading zeros prove a date
                return depth, depth != 1 or len(first) == _LONG or len(years) > 1 or self.today.year in years
        numbers = [int(number) for number in self.numbers]
        long, this_year = len(first) == _LONG, self.today.year
        year = numbers[0] if long else 2000 + numbers[0]
        if not (1990 if long else this_year - 3) <= year <= this_year + long or not 1 <= numbers[1] <= 12:  # noqa: PLR2004
            return 0, True
        is_day = len(numbers) >= _DAY and 1 <= numbers[2] <= calendar.monthrange(year, numbers[1])[1]
        return (_DAY, True) if is_day and (long or padded[1]) else (_DAY - 1, padded[0])


def _recent(earlier: Mapping[str, date]) -> list[tuple[list[str], date]]:
    """Return the numbers of the newest versions with their dates, the newest first; of final ones, if there are two."""
    dates = sorted(((day, Version(text), text) for text, day in earlier.items()), reverse=True)
    finals = [each for each in dates if not each[1].is_prerelease]
    recent = (finals if len(finals) > 1 else dates)[:_RECENT]
    return [(form["release"].split("."), day) for day, _, text in recent if (form := FORM.match(text))]


def _date(first: str, day: date) -> list[int]:
    """Return a date as numbers, with the year as long as the first number of a version."""
    return [day.year if len(first) == _LONG else day.year % 100, day.month, day.day]


def _matching(numbers: Sequence[str], day: date) -> int:
    """Return how many of the first numbers of a version are those of a date; a tag may be a day early or late."""
    near = [_date(numbers[0], day + timedelta(days)) for days in (0, -1, 1)]
    found = [int(number) for number in numbers]
    return max(depth for depth in range(_DAY + 1) if found[:depth] in [each[:depth] for each in near])


def _padded(like: str, number: int) -> str:
    """Return a number with leading zeros if another number has them."""
    return str(number).zfill(len(like) if like[0] == "0" else 0)


def _raised(suffix: str) -> str:
    """Return a suffix with the next number; no number is 0."""
    return re.sub(r"\d*$", lambda found: str(int(found[0] or 0) + 1), suffix, count=1)
