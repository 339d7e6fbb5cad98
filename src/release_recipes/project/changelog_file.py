"""Changelogs that people write: Markdown or reStructuredText, with one heading for each version.

All functions are about a text; what they do not change stays as it is, byte for byte. A new heading takes the form of
the newest one: ``v``, brackets, dash or parentheses, the way in which the date is written. What is not understood is
left alone. The forms are those of Keep a Changelog, zest.releaser, towncrier and of well-known projects.
"""

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version

#: The names of changelogs.
NAME = re.compile(r"(CHANGELOG|CHANGES|HISTORY|NEWS|RELEASES|RELEASE[_-]NOTES)(\.(md|rst|txt))?", re.IGNORECASE)

_VERSION = r"\d+(?:\.\d+)+(?:[-_.]?(?:alpha|beta|a|b|c|rc|pre|preview|post|dev)[-_.]?\d*)*"

#: A heading with a version: what is before it, the version, and what follows, such as the date.
_TITLE = re.compile(rf"(?P<before>\D{{0,40}}?)(?P<version>{_VERSION})(?P<after>(?![\w.]).*)", re.IGNORECASE)

_NOT_YET = (
    r"unreleased|not (?:yet )?released|in development|in progress|under development|upcoming|tb[ad]|"
    r"(?:yyyy|xxxx|\d{4})[-/.](?:mm|xx|\?\?)[-/.](?:dd|xx|\?\?)|draft|dev"
)

_UNRELEASED = re.compile(r"\W*unreleased\W*", re.IGNORECASE)

#: A heading without a version for what comes next.
_NEXT = re.compile(
    rf"\W*(?:(?:{_NOT_YET}|next|main|master|head)(?: (?:version|release|changes))?)\W*?(?:\(\S+\))?\W*", re.IGNORECASE
)

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_MONTH = rf"({'|'.join(_MONTHS)}|{'|'.join(f'{month[:3]}|{month[:4]}' for month in _MONTHS)})\.?"

#: How a date is written, and the fields that ``_written`` makes of it.
_DATES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\d{4}([-/.])\d{2}([-/.])\d{2}"), "{y}{1}{m:02}{2}{d:02}"),
    (re.compile(r"\d{2}([./])\d{2}([./])\d{4}"), "{d:02}{1}{m:02}{2}{y}"),
    (re.compile(rf"(?<!\d)\d{{1,2}}(st|nd|rd|th)?\s+{_MONTH}(,?)\s+\d{{4}}"), "{d}{th} {month}{3} {y}"),
    (re.compile(rf"{_MONTH}\s+\d{{1,2}}(st|nd|rd|th)?(,?)\s+\d{{4}}"), "{month} {d}{th}{3} {y}"),
)

#: What closes brackets, quotes and emphasis.
_CLOSING = re.compile(r"[)\]*_`:]*")

_FENCE = re.compile(r"\s{0,3}(```|~~~)")
_ATX = re.compile(r"(#{1,4})\s+(.*?)\s*#*\s*")
_RULER = re.compile(r"([=\-~^*\"'`#+.:_])\1{2,}\s*")
_LINK = re.compile(r"(?m)^\[(?P<label>[^\]\n]+)\]:[ \t]*(?P<url>\S+)[ \t]*\r?$")
_COMPARED = re.compile(r"(?P<old>[^/\s()]+?)\.{2,3}(?P<new>[^/\s()]+)")

#: What an empty section may have: comments, headings of groups, and what zest.releaser writes.
_NO_WORDS = re.compile(
    r"<!--(?s:.*?)-->|^\.\. .*$|^#+ .*$|^.*\n[=\-~^]{3,}$|^\W*(?:nothing changed(?: yet)?|unreleased)\W*$",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True)
class Section:
    """One section of a changelog."""

    #: The heading as it is written, without what underlines it.
    heading: str
    #: What is below it, without blank lines around it.
    body: str
    #: Where it starts and ends in the text, in characters, its heading included.
    start: int
    end: int
    #: Where the body starts: after the lines of the heading.
    below: int
    #: The title of the heading without its marker, such as ``[1.2.3] - 2024-05-03``.
    title: str
    #: The version as it is written; empty in one for what comes next.
    version: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing."""
        return not _NO_WORDS.sub("", self.body).strip()

    def is_of(self, version: str) -> bool:
        """Whether it is of a version, however that is written."""
        try:
            return bool(self.version) and Version(self.version) == Version(version)
        except InvalidVersion:
            return False

    @property
    def waits(self) -> bool:
        """Whether its heading, or the first line below it, says that it is not released."""
        first = self.body.partition("\n")[0].strip()
        found = re.search(rf"\b(?:{_NOT_YET})\b", self.title, re.IGNORECASE)
        return not self.version or bool(found or _UNRELEASED.fullmatch(first))


def find(folder: Path) -> list[Path]:
    """Return the files of a project's folder that have the name of a changelog, those in ``docs`` last."""
    places = (folder, folder / "docs", folder / "doc")
    return [
        path for place in places for path in sorted(place.glob("*")) if NAME.fullmatch(path.name) and path.is_file()
    ]


def sections(text: str) -> list[Section]:
    """Return the sections of versions, and of what comes next, in their order."""
    titles = list(_titles(text))
    known = [(level, _TITLE.fullmatch(title), title, start, below) for level, title, start, below in titles]
    levels = Counter(level for level, found, _, _, _ in known if found)
    levels = levels or Counter(level for level, _, title, _, _ in known if _NEXT.fullmatch(title))
    if not levels:
        return []
    ours = min(levels, key=lambda level: (-levels[level], level))
    result = []
    for number, (level, found, title, start, below) in enumerate(known):
        if level == ours and (found or _NEXT.fullmatch(title)):
            after = (begins for other, _, _, begins, _ in known[number + 1 :] if other <= ours)
            end = next(after, len(text))
            body = re.sub(r"(?:\s*^\[[^\]\n]+\]:[^\n]*)+\s*\Z", "", text[below:end], flags=re.MULTILINE)
            heading = next(filter(str.strip, text[start:below].splitlines()))
            heading = title if _RULER.fullmatch(heading) else heading.strip("\ufeff")
            version = found["version"] if found else ""
            result.append(Section(heading, body.strip(), start, end, below, title, version))
    return result


def _titles(text: str) -> Iterator[tuple[int, str, int, int]]:
    """Yield each title: its level, its words, and where it and what is below it start."""
    lines, rulers, fenced, at = text.splitlines(keepends=True), list[str](), False, 0
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line))
    while at < len(lines):
        line, after = lines[at].rstrip().lstrip("\ufeff"), lines[at + 1].rstrip() if at + 1 < len(lines) else ""
        fenced ^= bool(_FENCE.match(line))
        if "<!--" in line and "-->" not in line:
            at = next((n for n in range(at, len(lines)) if "-->" in lines[n]), len(lines))
        elif not fenced and (atx := _ATX.fullmatch(line)) and not _RULER.fullmatch(after.strip() or "x"):
            yield len(atx[1]), atx[2], offsets[at], offsets[at + 1]
        elif not fenced and line.strip() and not line.startswith((" ", "\t", ">", "|")) and not _RULER.fullmatch(line):
            over = lines[at - 1].rstrip() if at else ""
            over = over if _RULER.fullmatch(over) and over[:1] == after[:1] else ""
            if _RULER.fullmatch(after) and len(after) >= min(len(line), 3) and not line.startswith(("- ", "* ")):
                kind = after[0] + over[:1]
                rulers += [kind] * (kind not in rulers)
                yield rulers.index(kind) + 1, line, offsets[at - bool(over)], offsets[at + 2]
                at += 1
        at += 1


def unreleased(text: str, version: str) -> Section | None:
    """Return the section of what comes next: one that says so, or one of the version itself that has no date yet."""
    found = sections(text)
    dated = any(_date(each.title) for each in found if not each.is_of(version))
    for each in found:
        if each.waits or (each.is_of(version) and dated and not _date(each.title)):
            return None if _is_done(found, version) else each
        if each.version and not each.is_of(version):
            return None  # only what is above the releases
    return None


def _is_done(found: list[Section], version: str) -> bool:
    return any(each.is_of(version) and not each.waits and _date(each.title) for each in found)


def section(text: str, version: str) -> Section | None:
    """Return the section of a version."""
    return next((each for each in sections(text) if each.is_of(version)), None)


def released(text: str, version: str, *, date: dt.date, tag: str) -> str:
    """Return the text with the section of what comes next as that of a release; as it is if there is none.

    Args:
        text: The changelog.
        version: The version that is released.
        date: Its date.
        tag: Its tag, for links between versions.
    """
    waiting = unreleased(text, version)
    if waiting is None:
        return text
    prior = _prior(text, version)
    title = _title(prior, version, date, tag, waiting)
    head, rest = text[waiting.start : waiting.below], text[waiting.below :]
    if prior and not _date(prior.title) and _UNRELEASED.fullmatch(waiting.body.partition("\n")[0]):
        rest = re.sub("unreleased", f"Released {date.isoformat()}", rest, count=1, flags=re.IGNORECASE)
    kept = ""
    if not waiting.version and ("keepachangelog" in text.lower() or "[" in waiting.title):
        compared = _COMPARED.search(head)
        since = f"{head[: compared.start()]}{tag}...{compared['new']}{head[compared.end() :]}" if compared else head
        kept = since + _eol(text)
    return _links(text[: waiting.start] + kept + _retitled(head, waiting.title, title) + rest, version, tag, prior)


def developing(text: str, version: str, *, before: str) -> str:
    """Return the text with a section for the next version, if the file had one of that form before the release.

    Args:
        text: The changelog after the release.
        version: The next version, without the mark of a development version.
        before: The changelog before the release.
    """
    waiting = (each for each in sections(before) if each.version and re.search(_NOT_YET, each.title, re.IGNORECASE))
    waited = next(waiting, None)
    newest = next(iter(sections(text)), None)
    if waited is None or newest is None or newest.waits:
        return text
    eol = _eol(text)
    head = _retitled(before[waited.start : waited.below], waited.title, waited.title.replace(waited.version, version))
    return f"{text[: newest.start]}{head}{eol}- Nothing changed yet.{eol}{eol}{eol}{text[newest.start :]}"


def inserted(text: str, body: str, version: str, *, date: dt.date, tag: str, rst: bool = False) -> str:
    """Return the text with a section that was generated; one that a person began is completed.

    Args:
        text: The changelog; empty for a new one.
        body: The section in Markdown: groups with a heading, and bullets.
        version: The version that is released.
        date: Its date.
        tag: Its tag, for links between versions.
        rst: Whether the text is reStructuredText.
    """
    body, eol = _as_rst(body) if rst else body, _eol(text)
    if not text.strip():
        title = "Changelog\n=========" if rst else "# Changelog"
        text = f"{title}\n\n"
    waiting, prior = unreleased(text, version), _prior(text, version)
    if waiting:
        words = re.sub(r"(?im)^\W*nothing changed(?: yet)?\W*$", "", waiting.body)
        rest = text[waiting.end :]
        text = f"{text[: waiting.below]}{eol}{_completed(words, body).replace(chr(10), eol)}{eol}{eol}{rest}"
        return released(text, version, date=date, tag=tag)
    if begun := section(text, version):
        merged = _completed(begun.body, body).replace("\n", eol)
        return text if merged == begun.body else text.replace(begun.body, merged, 1)
    title = _title(prior, version, date, tag, None)
    shape = text[prior.start : prior.below] if prior else f"{title}\n{'-' * len(title)}\n" if rst else f"## {title}\n"
    head = _retitled(shape, prior.title if prior else title, title)
    at = prior.start if prior else len(text)
    new = f"{head}{eol}{body.strip().replace(chr(10), eol)}{eol}{eol if prior else ''}"
    return _links(text[:at] + new + text[at:], version, tag, prior)


def _prior(text: str, version: str) -> Section | None:
    """Return the section of the newest release before a version."""
    return next((each for each in sections(text) if each.version and not each.waits and not each.is_of(version)), None)


def _title(prior: Section | None, version: str, date: dt.date, tag: str, waiting: Section | None) -> str:
    """Return the title of a release, in the form of the one before it."""
    if prior is None:
        if waiting and not waiting.version:
            return f"[{version}] - {date}" if "[" in waiting.title else f"{version} - {date}"
        return f"{version} ({date})" if waiting else f"{version} - {date}"
    title, url, rest = prior.title.partition("](")
    if url:  # a link in the heading
        link, _, words = rest.partition(")")
        compared = _COMPARED.search(link)
        link = _following(link, compared, tag) if compared else link.replace(prior.version, version)
        rest = f"{link}){_dated(words, date)}"
    at = title.index(prior.version)
    return f"{title[:at]}{version}{_dated(title[at + len(prior.version) :], date)}{url}{rest}"


def _following(link: str, compared: re.Match[str], tag: str) -> str:
    return f"{link[: compared.start()]}{compared['new']}...{tag}{link[compared.end() :]}"


def _date(title: str) -> re.Match[str] | None:
    return next(filter(None, (form.search(title) for form, _ in _DATES)), None)


def _dated(words: str, date: dt.date) -> str:
    """Return what follows a version, with another date in the same form; remarks such as ``[YANKED]`` are its own."""
    for form, fields in _DATES:
        if found := form.search(words):
            written = re.search(_MONTH, found[0])
            month = _MONTHS[date.month - 1]
            if written and written[1] not in _MONTHS:
                month = month[: len(written[1])] + ("." if written[0].endswith(".") else "")
            th = re.search(r"\d(st|nd|rd|th)", found[0])
            ending = {1: "st", 2: "nd", 3: "rd"}.get(date.day % 10 if date.day // 10 != 1 else 0, "th") if th else ""
            parts = [group or "" for group in found.groups()]
            made = fields.format("", *parts, y=date.year, m=date.month, d=date.day, month=month, th=ending)
            return words[: found.start()] + made + _CLOSING.match(words[found.end() :])[0]  # type: ignore[index]
    return _CLOSING.match(words)[0]  # type: ignore[index]


def _retitled(head: str, old: str, new: str) -> str:
    """Return the lines of a heading with another title; rulers get its length."""
    lines = []
    for line in head.splitlines(keepends=True):
        words = line.strip()
        if _RULER.fullmatch(words) and "#" not in old[:1]:
            line = line.replace(words, words[0] * max(len(new), 3))  # noqa: PLW2901 - the line is made anew
        lines.append(line.replace(old, new, 1))
    return "".join(lines)


def _links(text: str, version: str, tag: str, prior: Section | None) -> str:
    """Return the text with right link definitions for the new version, where those of others exist."""
    known = {found["label"].lower(): found for found in _LINK.finditer(text)}
    new, last = f"[{version}]: ", known.get(prior.version.lower()) if prior else None
    if version.lower() in known:
        return text
    if coming := known.get("unreleased"):
        compared = _COMPARED.search(coming["url"])
        if compared is None:
            return text
        before, after = coming["url"][: compared.start()], coming["url"][compared.end() :]
        latest = f"[{coming['label']}]: {before}{tag}...{compared['new']}{after}"
        line = f"{latest}{_eol(text)}{new}{before}{compared['old']}...{tag}{after}"
        return text[: coming.start()] + line + text[coming.start() + len(coming[0].rstrip()) :]
    if last and prior:
        compared = _COMPARED.search(last["url"])
        url = _following(last["url"], compared, tag) if compared else last["url"].replace(prior.version, version)
        return f"{text[: last.start()]}{new}{url}{_eol(text)}{text[last.start() :]}"
    return text


def _completed(begun: str, made: str) -> str:
    """Return what a person wrote, completed with the bullets that it does not have."""
    for group in re.split(r"\n(?=### |\*\*)", f"\n{made.strip()}"):
        title, _, listed = group.strip().rpartition("\n\n") if group.strip()[:1] in "#*" else ("", "", group.strip())
        bullets = [each for each in re.split(r"\n(?=[-*] )", listed) if each.strip() and not _has(begun, each)]
        if not bullets:
            continue
        text = "\n".join(bullets)
        if title and (place := re.search(rf"(?m)^{re.escape(title)}\s*$", begun.replace("\r\n", "\n"))):
            begun = begun.replace("\r\n", "\n")
            end = re.search(r"\n\s*\n(?=#|\*\*|\Z)|\Z", begun[place.end() + 2 :])
            at = place.end() + 2 + (end.start() if end else 0)
            begun = f"{begun[:at].rstrip()}\n{text}{begun[at:]}"
        else:
            begun = "\n\n".join(filter(None, [begun.strip(), title, text]))
    return begun


def _has(begun: str, bullet: str) -> bool:
    """Return whether a bullet is there: by its number of a pull request or commit, otherwise by its words."""
    keys = re.findall(r"#\d+|\b[0-9a-f]{7,12}\b", bullet)
    words = re.sub(r"\W+", " ", re.sub(r"\([^)]*\)|\[|\]", "", bullet)).strip().lower()
    same = [re.sub(r"\W+", " ", line).strip().lower() for line in begun.splitlines()]
    return any(re.search(rf"{re.escape(key)}(?!\w)", begun) for key in keys) or words in same


def _as_rst(body: str) -> str:
    """Return a generated section in reStructuredText."""
    body = re.sub(r"(?m)^#{2,4} (.*)$", r"**\1**", body)
    body = re.sub(r"(?<!`)`([^`\n]+)`(?!`)", r"``\1``", body)
    return re.sub(r"\[([^\]\n]+)\]\(([^)\s]+)\)", r"`\1 <\2>`__", body)


def as_markdown(text: str) -> str:
    """Return a section that is written in reStructuredText in Markdown: literals, links, and roles of issues."""
    text = re.sub(r"``([^`\n]+)``", r"`\1`", text)
    text = re.sub(r"`([^`<\n]+?)\s*<([^>\s]+)>`__?", r"[\1](\2)", text)
    text = re.sub(r":(?:issue|pr|pull|gh|bug):`(\d+)`", r"#\1", text)
    text = re.sub(r":[a-z:]+:`~?([^`\n]+)`", r"`\1`", text)
    return re.sub(r"(?m)^(\S.*)\n([-=~^\"'*+])\2{2,}$", r"### \1", text)


def _eol(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
