"""Upload distributions by themselves: the index is asked first, hashes are compared as in a release; no record."""

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
    """Upload distributions where the index does not have them, and see that it serves them.

    Returns the outcome, ``done`` or ``tested``.

    Raises:
        WrongUsage: There is nothing to upload.
        NoToken: There is no token.
        BadDistribution: A file is no distribution.
        FileConflict: The index has another file of that name.
        UploadRefused: The index said no.
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
        held = checkout.index(record.target, test=test).token
        world = publish.World(record, checkout.git, None, held, dist, checkout.patience)
        publish.publish(world, publish.UPLOAD)
    return "tested" if test else "done"


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
        raise WrongUsage(message, f"Empty dist/ and run: {typed('build')}; or name the files: --file")
    return told[files[0]]
