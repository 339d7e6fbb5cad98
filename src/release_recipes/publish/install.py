"""Install the released version from the index into a fresh environment, as a user of the package would."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from release_recipes import events
from release_recipes.errors import CommandFailed, Failed, Problem
from release_recipes.programs import installer
from release_recipes.publish.step import Done, Step, World

if TYPE_CHECKING:
    from release_recipes.plan import Plan


def _describe(plan: Plan) -> list[str]:
    return [f"pip install --index-url {plan.index_address} {plan.project}=={plan.version}"]


def _converge(world: World) -> Done:
    record = world.record
    with tempfile.TemporaryDirectory(dir=world.dist.parent, prefix="install-", ignore_cleanup_errors=True) as folder:
        python = installer.make_environment(Path(folder, "environment"))
        try:
            installer.install_from(record.index_address, f"{record.project}=={record.version}", python)
        except CommandFailed as error:
            message = f"pip cannot install {record.project} {record.version} from {record.index_address}."
            raise Failed(message, error.message) from error
        modules = top_level_modules(world)
        if not modules:
            return Done(note="installed; it has no module to import")
        done = installer.imports(python, modules)
        if done.code != 0:
            last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
            message = f"It installs, but import {', '.join(modules)} fails: {last[0]}."
            events.emit(events.Warned(Problem("import", message, "An extra or an application may have its reasons.")))
            return Done(note="installed")
    return Done(note=f"installed, import {', '.join(modules)}")


def top_level_modules(world: World) -> list[str]:
    """Return the importable names at the top of the first wheel; a private or a test package does not count."""
    wheel = next((artifact for artifact in world.record.artifacts if not artifact.is_sdist), None)
    if wheel is None:
        return []
    with zipfile.ZipFile(world.dist / wheel.filename) as archive:
        names = archive.namelist()
    modules = {name.removesuffix(".py") for name in names if "/" not in name and name.endswith(".py")}
    modules |= {name.partition("/")[0] for name in names if name.endswith("/__init__.py") and name.count("/") == 1}
    return sorted(name for name in modules if name.isidentifier() and not name.startswith("_") and name != "tests")


STEP = Step("install", _describe, _converge)
