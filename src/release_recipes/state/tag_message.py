"""The message of a release's tag: act 2 writes it, and it is read from the claims of other machines."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

_TAGGER = re.compile(r"^tagger (.*?) (\d+) [+-]\d{4}$", re.MULTILINE)
_INDEX = re.compile(r"^Index: (\S+)$", re.MULTILINE)
_BY_CI = re.compile(r"^Published by: CI$", re.MULTILINE)
_LISTED = re.compile(r"^([0-9a-f]{64})  ([^\s/\\]+)$", re.MULTILINE)


def write(project: str, version: str, index_address: str, files: Mapping[str, str] | None) -> str:
    """Return the message: project and version, the index, and sha256 by file name, as sha256sum writes it.

    Without files, CI publishes what it builds itself: a list of others would refuse them.
    """
    head = f"{project} {version}\n\nIndex: {index_address}\n"
    if files is None:
        return f"{head}Published by: CI\n\nCI builds the distributions from this commit, and publishes them.\n"
    listed = "\n".join(f"{sha256}  {name}" for name, sha256 in files.items())
    return f"{head}\nsha256 of the distributions that were built from this commit:\n\n{listed}\n"


@dataclass(frozen=True)
class TagMessage:
    """The content of a tag object; for a tag of another tool, most fields are empty."""

    #: The project's name as it spells it, and the version.
    project: str
    version: str
    #: The address of the index; empty if the tag does not name it.
    index_address: str
    #: sha256 by file name.
    files: Mapping[str, str]
    #: Who made the tag, and when (UTC).
    who: str
    when: str
    #: Whether CI publishes it; then no files are listed.
    by_ci: bool = False


def read(tag_object: str) -> TagMessage:
    """Parse a tag object, as ``git cat-file -p`` prints it."""
    tagger, index = _TAGGER.search(tag_object), _INDEX.search(tag_object)
    files = {name: sha256 for sha256, name in _LISTED.findall(tag_object)}
    by_ci = not files and bool(index and _BY_CI.search(tag_object))
    # The subject of other tags has another meaning.
    subject = tag_object.partition("\n\n")[2].partition("\n")[0] if files or by_ci else ""
    project, _, version = subject.rpartition(" ")
    return TagMessage(
        project=project,
        version=version,
        index_address=index[1] if index else "",
        files=files,
        who=tagger[1] if tagger else "somebody",
        when=datetime.fromtimestamp(int(tagger[2]), UTC).strftime("%Y-%m-%d %H:%M UTC") if tagger else "an unknown day",
        by_ci=by_ci,
    )
