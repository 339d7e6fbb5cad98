"""Install the released version from the index into a fresh environment, as a user of the package would."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from release_recipes import events
from release_recipes.errors import CommandFailed, Failed, Problem
from release_recipes.programs import uv as installer
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
        wheel = next((world.dist / a.filename for a in record.artifacts if not a.is_sdist), None)
        modules = installer.top_level_modules(wheel) if wheel else []
        broken = installer.unusable(python, record.project, modules)
    for fault in broken:
        message = f"It installs, but this fails: {fault}."
        events.emit(events.Warned(Problem("import", message, "An extra or an application may have its reasons.")))
    return Done(note=", ".join(["installed", *(f"import {module}" for module in modules if not broken)]))


STEP = Step("install", _describe, _converge)
