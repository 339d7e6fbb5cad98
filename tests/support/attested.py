"""Distributions with their true attestations, from the sdist of pypi-attestations; a script, for a process apart.

``python -m support.attested`` fetches the sdist into the cache of the adoption session, unless it is there.
"""

import tarfile
from pathlib import Path
from typing import Any, Final

from adoption.download import CACHE, fetch, is_pinned

SDIST: Final[dict[str, Any]] = {
    "name": "pypi-attestations",
    "sdist": "pypi_attestations-0.0.30.tar.gz",
    "sha256": "14ff13c76bbef02a483c2b77532da02bfd746b5141b881f355e06b9807434423",
}

GITHUB: Final = "pypi_attestations-0.0.19.tar.gz"
"""Published by release.yml of trailofbits/pypi-attestations."""
GITLAB: Final = "gitlab_oidc_project-0.0.3.tar.gz"
"""Published by .gitlab-ci.yml of facutuesca/gitlab-oidc-project."""


def unpack(folder: Path) -> Path:
    """Unpack the distributions and their attestations from the cached sdist, and return their folder."""
    with tarfile.open(CACHE / SDIST["sdist"]) as archive:
        archive.extractall(folder, filter="data")
    return next(folder.glob("*/test/assets"))


if __name__ == "__main__" and not is_pinned(SDIST):
    fetch(SDIST)
