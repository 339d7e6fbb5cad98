"""The page of a project in an index's simple API.

It is JSON (:pep:`691`, with the versions of :pep:`700` and the status of :pep:`792`) or HTML (:pep:`503`).
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from release_recipes.settings import PYPI, TEST_PYPI

if TYPE_CHECKING:
    import requests


@dataclass(frozen=True)
class Listed:
    """A file on an index page."""

    filename: str
    url: str
    #: 64 lower-case hex digits; ``None`` if the index offers none.
    sha256: str | None
    #: Whether it is yanked (:pep:`592`).
    yanked: bool = False
    #: Why it is yanked; may be empty.
    yanked_why: str = ""
    #: Bytes; 0 if the index does not say it.
    size: int = 0
    #: When it was uploaded (:pep:`700`): UTC, ISO 8601; may be empty.
    uploaded: str = ""
    #: Whether it has attestations (:pep:`740`).
    has_provenance: bool = False

    @property
    def version(self) -> str | None:
        """The version in the file's name, normalised; ``None`` if it is not the name of a distribution."""
        try:
            if self.filename.endswith(".whl"):
                return str(parse_wheel_filename(self.filename)[1])
            return str(parse_sdist_filename(self.filename)[1])
        except (InvalidWheelFilename, InvalidSdistFilename):
            return None


@dataclass(frozen=True)
class Page:
    """What an index has of a project."""

    #: Whether the project exists on the index.
    exists: bool
    #: By file name.
    files: Mapping[str, Listed] = field(default_factory=dict)
    #: The status of the project: ``active``, ``archived``, ``quarantined`` or ``deprecated`` (:pep:`792`).
    status: str = "active"
    #: Every version that the index lists (:pep:`700`), even if its files were deleted; as the index spells it.
    named_versions: frozenset[str] = frozenset()
    #: The address that answered, after redirects.
    address: str = ""
    #: Whether it was served only with the credentials of the upload.
    is_closed: bool = False

    def of_version(self, version: str) -> list[Listed]:
        """Return the files of a version; ``version`` is normalised."""
        return self._by_version.get(version, [])

    def versions(self) -> set[str]:
        """Return every version, normalised."""
        return {version for version in self._by_version if version}

    @functools.cached_property
    def _by_version(self) -> Mapping[str | None, list[Listed]]:
        found: dict[str | None, list[Listed]] = {}
        for file in self.files.values():
            found.setdefault(file.version, []).append(file)
        return found


def browser_address(index_address: str, project: str, version: str) -> str:
    """Return the address of a release for a browser: its page on PyPI or TestPyPI, else the project's index page."""
    name = canonicalize_name(project)
    if index_address in {PYPI.index_address, TEST_PYPI.index_address}:
        return urljoin(index_address, f"/project/{name}/{version}/")
    return urljoin(index_address, f"{name}/")


def read_page(answer: requests.Response) -> Page:
    """Read an answer in JSON or HTML.

    Raises:
        ValueError, KeyError, TypeError: It is neither.
    """
    if "json" in answer.headers.get("Content-Type", ""):
        said = json.loads(answer.content)
        listed = [_of_json(entry, answer.url) for entry in said["files"]]
        status = (said.get("project-status") or {}).get("status", "active")
        versions = frozenset(said.get("versions", ()))
    else:
        parser = _Links(answer.url)
        parser.feed(answer.content.decode("utf-8", "replace"))
        listed, status, versions = parser.files, parser.status, frozenset()
    # An index must not choose a folder on this disk.
    files = {file.filename: file for file in listed if not {"/", "\\"} & set(file.filename)}
    return Page(exists=True, files=files, status=status, named_versions=versions, address=answer.url)


def _of_json(entry: Mapping[str, Any], base: str) -> Listed:
    sha256 = (entry.get("hashes") or {}).get("sha256")
    url = urljoin(base, entry["url"])
    sha256, yanked = sha256.lower() if sha256 else None, entry.get("yanked")
    return Listed(
        entry["filename"], url, sha256, bool(yanked), yanked if isinstance(yanked, str) else "",
        int(entry.get("size") or 0), str(entry.get("upload-time") or ""), bool(entry.get("provenance")),
    )  # fmt: skip


class _Links(HTMLParser):
    """The files of a :pep:`503` page."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base
        self.files: list[Listed] = []
        self.status = "active"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take one link, or the project's status."""
        told = dict(attrs)
        if tag == "meta" and told.get("name") == "pypi:project-status":
            self.status = told.get("content") or "active"
        href = told.get("href")
        if tag != "a" or not href:
            return
        url, fragment = urldefrag(urljoin(self._base, href))
        digest = re.search(r"(?:^|&)sha256=([0-9a-fA-F]{64})", fragment)
        name = unquote(urlsplit(url).path.rpartition("/")[2])
        sha256 = digest[1].lower() if digest else None
        why, has_provenance = told.get("data-yanked") or "", "data-provenance" in told
        self.files.append(Listed(name, url, sha256, "data-yanked" in told, why, has_provenance=has_provenance))
