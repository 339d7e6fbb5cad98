"""The upload by itself: the index is asked first and hashes are compared as in a release, but there is no record."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name, canonicalize_version

from release_recipes import events, publish
from release_recipes.commands.dist_files import distributions
from release_recipes.distributions.distribution import Distribution
from release_recipes.errors import WrongUsage
from release_recipes.settings import token
from release_recipes.state.record import Artifact, Record, now
from release_recipes.state.temporary import PREFIX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from release_recipes.commands.checkout import Place


def upload(here: Place, named: Sequence[str], *, test: bool) -> Record:
    """Upload distributions where the index does not have them, and see that it serves them. There is no record.

    Raises:
        WrongUsage: There is nothing to upload, or no token.
        BadDistribution: A file is no distribution.
        FileConflict: The index has another file of that name.
        UploadRefused: The index said no.
    """
    files = distributions(here, named)
    name, version = _one_release(files)
    address, index = here.settings.upload_address(test=test), here.settings.index_address(test=test)
    artifacts = sorted(map(Artifact.of, files), key=lambda artifact: (artifact.is_sdist, artifact.filename))
    record = Record(
        project=name, prior=version, version=version, commit="", base="", tag="", tag_object="", pushes_tag=False,
        branch="", remote=here.settings.remote, remote_address="", test=test, upload_address=address,
        index_address=index, username=here.settings.username, github_release=False,
        upload_workers=here.settings.upload_workers,
        keeps_artifacts=True, started=now(), artifacts=tuple(artifacts),
    )  # fmt: skip
    events.emit(events.Recorded(record))
    with tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
        dist = files[0].parent
        if any(file.parent != dist for file in files):
            dist = Path(folder)
            for file in files:
                shutil.copyfile(file, dist / file.name)
        world = publish.World(record, here.git, None, token(here.sources, test=test), dist)
        publish.publish(world, (publish.upload.STEP, publish.verify.STEP))
    return record


def _one_release(files: Sequence[Path]) -> tuple[str, str]:
    """Return name and version of the distributions.

    Raises:
        BadDistribution: One of them carries none.
        WrongUsage: They are of several projects or versions.
    """
    told = {file: Distribution(file).name_and_version() for file in files}
    same = {(canonicalize_name(name), canonicalize_version(version)) for name, version in told.values()}
    if len(same) > 1:
        message = f"{', '.join(file.name for file in files)} are not of one release."
        raise WrongUsage(message, "Empty dist/ and run: invoke build; or name the files: --file")
    return told[files[0]]
