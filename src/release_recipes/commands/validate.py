"""Inspect the distributions in ``dist/``, or the given files."""

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from release_recipes import events
from release_recipes.commands.checkout import Checkout
from release_recipes.distributions.inspection import Subject, inspect
from release_recipes.errors import WrongUsage, counted, typed
from release_recipes.prepare.install import fits_here, install_all
from release_recipes.settings import Settings, private
from release_recipes.state.record import Artifact
from release_recipes.state.temporary import PREFIX


def validate(checkout: Checkout, named: Sequence[str], *, installs: bool = False, partial: bool = False) -> str:
    """Inspect them. Returns ``done``.

    Args:
        checkout: The checkout.
        named: The files; by default all in ``dist/``.
        installs: Whether the wheels for this platform are installed and imported, too.
        partial: Whether they are only some of the distributions of a release.

    Raises:
        WrongUsage: There are no distributions, or no wheel to install.
        BadDistribution: An index would refuse one, they belong to different releases, or one cannot be installed.
    """
    settings = checkout.settings
    if partial:
        settings = replace(settings, skip_checks=(*settings.skip_checks, "dist-set"))
    with events.step("inspect") as running:
        files = checkout.distributions(named)
        is_whole = not (named or partial or settings.publish == "ci")
        subject = Subject(files, settings, expect=settings.expect if is_whole else ())
        inspect(subject)
        running.note = counted(len(files), "distribution")
    if installs:
        with events.step("install") as running:
            running.note = _install([file for file in files if file.suffix == ".whl"], subject.name, settings)
    artifacts = [Artifact.of(file) for file in files]
    events.emit(events.Facts({"artifacts": [asdict(artifact) for artifact in artifacts]}))
    return "done"


def _install(wheels: Sequence[Path], project: str, settings: Settings) -> str:
    """Install the wheels for this platform; return which."""
    fitting = [wheel for wheel in wheels if fits_here(wheel)]
    if not fitting:
        message = f"No wheel is for this platform and this Python: {', '.join(each.name for each in wheels) or 'none'}."
        raise WrongUsage(message, f"Build one here: {typed('build')}")
    with tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
        return install_all(fitting, Path(folder), project, private(settings.target(test=False)))
