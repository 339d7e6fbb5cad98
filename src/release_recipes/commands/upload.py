"""Upload distributions without a release: the index is asked first and hashes are compared, but there is no record."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from packaging.utils import canonicalize_name, canonicalize_version

from release_recipes import events, publish
from release_recipes.commands.checkout import Checkout
from release_recipes.distributions.distribution import Distribution
from release_recipes.errors import WrongUsage, typed
from release_recipes.state.record import Record
from release_recipes.state.temporary import PREFIX


def upload(checkout: Checkout, named: Sequence[str], *, test: bool) -> str:
    """Upload the distributions that the index does not have, and check that it serves them.

    Returns the outcome, ``done`` or ``tested``.

    Raises:
        WrongUsage: There is nothing to upload.
        NoToken: There is no token.
        BadDistribution: A file is not a distribution.
        FileConflict: The index has a different file of that name.
        UploadRefused: The index refused a file.
    """
    files = checkout.distributions(named)
    name, version = _one_release(files)
    record = Record.from_files(name, version, files, checkout.settings, test=test)
    events.emit(events.Recorded(record.facts))
    with tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
        dist = files[0].parent
        if any(file.parent != dist for file in files):
            dist = Path(folder)
            for file in files:
                shutil.copyfile(file, dist / file.name)
        held = checkout.index(record.target, test=test, uploads=True).token
        world = publish.World(record, checkout.git, None, held, dist, checkout.patience)
        publish.publish(world, publish.UPLOAD)
    if not test:
        events.tell(f"No tag was made. To do that by hand: {typed('explain', 'by-hand')}")
    return "tested" if test else "done"


def _one_release(files: Sequence[Path]) -> tuple[str, str]:
    """Return name and version of the distributions.

    Raises:
        BadDistribution: One of them has no metadata.
        WrongUsage: They are of several projects or versions.
    """
    told = {file: Distribution(file).name_and_version() for file in files}
    same = {(canonicalize_name(name), canonicalize_version(version)) for name, version in told.values()}
    if len(same) > 1:
        message = f"{', '.join(file.name for file in files)} belong to different releases."
        raise WrongUsage(message, f"Name the files with --file, or empty dist/ and run: {typed('build')}")
    return told[files[0]]
