"""Install the released version from the index into a fresh environment, as a user of the package would."""

import tempfile
from pathlib import Path

from release_recipes import events
from release_recipes.errors import CommandFailed, Failed
from release_recipes.findings import warning
from release_recipes.programs import uv
from release_recipes.publish.step import Done, Step, World, always
from release_recipes.state.record import Record


def _describe(record: Record) -> list[str]:
    requirement = f"{record.project}=={record.version}"
    return [
        f"install {requirement} with pip from {record.target.index_address} into a fresh environment, and import it"
    ]


def _converge(world: World) -> Done:
    record = world.record
    with tempfile.TemporaryDirectory(dir=world.dist.parent, prefix="install-", ignore_cleanup_errors=True) as folder:
        python = uv.make_environment(Path(folder, "environment"))
        try:
            uv.install_from(record.target.index_address, f"{record.project}=={record.version}", python)
        except CommandFailed as error:
            message = f"pip cannot install {record.project} {record.version} from {record.target.index_address}."
            raise Failed(message, error.message) from error
        wheel = next((world.dist / a.filename for a in record.artifacts if not a.is_sdist), None)
        modules = uv.top_level_modules(wheel) if wheel else []
        broken = uv.unusable(python, record.project, modules)
    for fault in broken:
        message = f"It installs, but this fails: {fault}."
        events.emit(events.Warned(warning(message, "An extra or an application may have its reasons.", "import")))
    return Done(note=", ".join(["installed", *(f"import {module}" for module in modules if not broken)]))


STEP = Step("install-from-index", always, _describe, _converge)
