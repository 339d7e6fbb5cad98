"""Fetch the pinned sdists of the corpus, from the index that pip or uv is told to use; a script, for a process apart.

``python tests/adoption/download.py`` fetches those that the cache lacks, ``… download.py six rsa`` only these.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

import requests

from release_recipes.settings import PYPI

_SECONDS: Final = 60
_PAGE: Final = {"Accept": "application/vnd.pypi.simple.v1+json"}

PROJECTS: Final[list[dict[str, Any]]] = tomllib.loads(
    Path(__file__).with_name("projects.toml").read_text(encoding="utf-8")
)["project"]
"""Every project of the corpus; projects.toml says what each key means."""

CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "release-recipes-adoption").absolute()
"""Where the sdists lie, by their names."""


def is_pinned(project: dict[str, Any]) -> bool:
    """Return whether the cache has the very sdist that is pinned."""
    path = CACHE / project["sdist"]
    return path.is_file() and bool(hashlib.sha256(path.read_bytes()).hexdigest() == project["sha256"])


def index() -> str:
    """Return the root of the simple API that pip or uv is told to use, with a slash at its end."""
    named = [os.environ.get(name) for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")]
    if pip := shutil.which("pip"):
        asked = subprocess.run([pip, "config", "get", "global.index-url"], check=False, capture_output=True, text=True)
        named.append(asked.stdout.strip())
    return next(filter(None, named), PYPI.index_address).rstrip("/") + "/"


def fetch(project: dict[str, Any]) -> None:
    """Bring a project's sdist into the cache.

    Raises:
        LookupError: The index has no such file, or another one under its name.
        requests.RequestException: The index does not answer.

    """
    page = urljoin(index(), f"{project['name']}/")
    listed = requests.get(page, headers=_PAGE, timeout=_SECONDS)
    listed.raise_for_status()
    addresses = [file["url"] for file in listed.json()["files"] if file["filename"] == project["sdist"]]
    if not addresses:
        message = f"{page} has no {project['sdist']}."
        raise LookupError(message)
    content = requests.get(urljoin(page, addresses[0]), timeout=_SECONDS).content
    if hashlib.sha256(content).hexdigest() != project["sha256"]:
        message = f"{project['sdist']} is not the one that is pinned."
        raise LookupError(message)
    CACHE.mkdir(parents=True, exist_ok=True)
    part = CACHE / f"{project['sdist']}.{os.getpid()}"
    part.write_bytes(content)
    part.replace(CACHE / project["sdist"])


if __name__ == "__main__":
    for each in PROJECTS:
        if (not sys.argv[1:] or each["name"] in sys.argv[1:]) and not is_pinned(each):
            fetch(each)
