"""The form of a project's tags: prefix, separator, leading zeros, and how a pre-release is joined."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from packaging.version import Version

from release_recipes.project.raising import FORM, SUFFIX, respelled
from release_recipes.project.source import is_version

#: A tag that ends with a version. The version does not follow a letter other than v: not 2 in ``log4j2-1.0``.
_TAG = re.compile(
    r"(?P<prefix>.*?)(?<![a-uw-z\d])(?P<head>(?:\d+!)?)"
    rf"(?P<release>\d+(?:(?P<separator>[._])\d+(?:(?P=separator)\d+)*)?){SUFFIX}",
    re.IGNORECASE | re.ASCII,
)

#: Prefixes that name no package.
_GENERIC = {"", "v", "ver", "version", "versions", "rel", "release", "releases", "r", "tag", "tags"}


def tag_for(
    version: str, *, prior: str, name: str, below: str, tags: Sequence[str], others: Sequence[str] = ()
) -> str | None:
    """Return the name of the tag of a version, in the form of the tags that exist.

    The tag of the prior version decides about the form; without one, the newest tag whose prefix names the package;
    without one, the newest tag.

    Args:
        version: The version (:pep:`440`), as the project spells it.
        prior: The version before it.
        name: The project's name.
        below: The project's folder, relative to the repository: ``.`` or a path with slashes.
        tags: The names of the repository's tags, the newest first.
        others: The names of the other packages of the repository; if there are any, tags that name no package are those
            of the top.

    Returns:
        The tag; ``None`` if no tag of the project exists.
    """
    known = _known(tags, name, below, others=others)
    form, old = FORM.fullmatch(version), FORM.match(prior)
    if not known or form is None:
        return None
    priors = {Version(each) for each in (prior, prior.rpartition("!")[2]) if is_version(each)}
    count = len(old["release"].split(".")) if old else 0
    # v1 is a moving tag where v1.0.0 exists.
    chosen = min(known, key=lambda tag: (tag.number not in priors, -tag.rank, len(tag.numbers) != count))
    same = [tag for tag in known if tag.match["prefix"] == chosen.match["prefix"]]
    head, numbers = form["head"].lstrip("vV"), form["release"].split(".")
    if chosen.number in priors:
        head = head if chosen.match["head"] or "!" not in prior else ""
        numbers += ["0"] * (len(chosen.numbers) - count)  # v1.2.0 is the tag of 1.2
        for _ in range(count - len(chosen.numbers)):  # v1.2 is the tag of 1.2.0
            numbers = numbers[: -1 if numbers[-1] == "0" else None]
    zeros = [each for tag in same for each in tag.numbers if len(each) > 1 and each[0] == "0"]
    for position, number in enumerate(numbers):
        # 8 and 08 tell whether there are leading zeros, 12 does not.
        here = [each for tag in same for each in tag.numbers[position : position + 1]]
        told = [each for each in here if len(each) == 1 or each[0] == "0"] or zeros * (position < 3) or [number]  # noqa: PLR2004 - a date
        numbers[position] = str(int(number)).zfill(len(told[0]))
    separator = next((tag.match["separator"] for tag in (chosen, *same) if tag.match["separator"]), ".")
    planned = Version(version)
    kinds = {"pre": planned.pre or ("", 0), "post": ("post", planned.post or 0), "dev": ("dev", planned.dev or 0)}
    suffix = ""
    for group, (kind, number) in kinds.items():
        like = next((tag.match[group] for tag in same if tag.match[group]), "")
        written = form[group].replace(".", separator)
        suffix += respelled(like, kind, number) if written and like else written
    return chosen.match["prefix"] + head + separator.join(numbers) + suffix


def versions_of(tags: Sequence[str], *, name: str, below: str, others: Sequence[str] = ()) -> dict[str, str]:
    """Return the project's tags with their versions, in the order of the tags; tags of other packages are left out.

    Tags whose prefix names no package are the project's, too. They are left out if tags whose prefix names it exist in
    a repository of several packages, or for the same version.

    Args:
        tags: The names of the repository's tags.
        name: The project's name.
        below: The project's folder, relative to the repository: ``.`` or a path with slashes.
        others: The names of the other packages of the repository; if there are any, tags that name no package are those
            of the top.
    """
    known = _known(tags, name, below, others=others)
    named = {tag.number for tag in known if tag.rank}
    return {tag.match[0]: tag.version for tag in known if tag.rank or tag.number not in named}


def pattern_of(tag: str, version: str) -> str:
    """Return a pattern for the tags of all versions, as the triggers of GitHub's workflows take it.

    Args:
        tag: The tag of a version.
        version: That version.
    """
    found = _TAG.fullmatch(tag)
    around = [found["prefix"], ""] if found else tag.split(version, 1)
    return "[0-9]*".join(re.sub(r"[+!]", r"\\\g<0>", each) for each in around)


@dataclass(frozen=True)
class _Tag:
    """A tag that names a version."""

    match: re.Match[str]
    #: How well its prefix names the package; 0 if it names none.
    rank: int

    @property
    def version(self) -> str:
        return self.match[0][len(self.match["prefix"]) :].replace("_", ".")

    @property
    def number(self) -> Version:
        return Version(self.version)

    @property
    def numbers(self) -> list[str]:
        return re.split("[._]", self.match["release"])


def _known(tags: Sequence[str], name: str, below: str, *, others: Sequence[str]) -> list[_Tag]:
    """Return the tags of a package, without those of others."""
    matches = [match for tag in tags if (match := _TAG.fullmatch(tag))]
    found = [_Tag(match, _rank(match["prefix"], name, below, others)) for match in matches]
    best = max((tag.rank for tag in found), default=0)
    ranks = {best, 0 if below == "." else best} - ({0} if others and below != "." else set())
    return [tag for tag in found if tag.rank in ranks and best >= 0]


def _rank(prefix: str, name: str, below: str, others: Sequence[str]) -> int:
    """Return how well a prefix names a package: 0 if it names none, -1 if it names another one."""
    owner = _plain(re.sub(r"(?<![a-z0-9])v$", "", prefix.lower()))
    if owner in map(_plain, others):
        return -1
    names = [plain for each in (name, below, PurePosixPath(below).name) if (plain := _plain(each))]
    if owner in names:
        return 3
    if any(owner.endswith(f"-{each}") for each in names):
        return 2
    if owner in _GENERIC:
        return 0
    return 1 if names[0].endswith(f"-{owner}") else -1  # psycopg-pool has pool-3.1


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
