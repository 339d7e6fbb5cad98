"""Install the released version from the index into a new environment, as a user of the package would."""

import tempfile
from pathlib import Path

from release_recipes import events
from release_recipes.errors import CommandFailed, Failed
from release_recipes.programs import uv
from release_recipes.publish.step import Done, Step, World, always
from release_recipes.state.record import Record


def _describe(record: Record) -> list[str]:
    requirement = f"{record.project}=={record.version}"
    return [f"install {requirement} with pip from {record.target.index_address} into a new environment, and import it"]


def _converge(world: World) -> Done:
    record = world.record
    with tempfile.TemporaryDirectory(dir=world.dist.parent, prefix="install-", ignore_cleanup_errors=True) as folder:
        python = uv.make_environment(Path(folder, "environment"))
        try:
            if sdist := _sdist_alone(world):
                uv.install_as_user(sdist, python, record.indexes)
            else:
                requirement = f"{record.project}=={record.version}"
                uv.install_from(record.target.index_address, requirement, python, record.indexes)
        except CommandFailed as error:
            message = f"pip cannot install {record.project} {record.version} from {record.target.index_address}."
            raise Failed(message, error.message) from error
        wheel = next((world.dist / a.filename for a in record.artifacts if not a.is_sdist), None)
        modules = uv.top_level_modules(wheel) if wheel else []
        broken = uv.unusable(python, record.project, modules)
    for fault in broken:
        message = f"It can be installed, but this fails: {fault.words}."
        events.warn(message, "This is fine if it needs an extra, or an application around it.", "import")
    return Done(note=", ".join(["installed", *(f"import {module}" for module in modules if not broken)]))


def _sdist_alone(world: World) -> str:
    """Return the requirement for the served sdist if there is no wheel, else nothing: the index lacks its backend."""
    project, artifacts = world.record.project, world.record.artifacts
    if not artifacts or any(not artifact.is_sdist for artifact in artifacts):
        return ""
    served = world.index.page(project).files.get(artifacts[0].filename)
    return f"{project} @ {served.url}#sha256={artifacts[0].sha256}" if served else ""


def _left_out(record: Record) -> str:
    return "" if record.installs else "by the setting install_after_release"


def _may_fail(world: World) -> Done:
    """Install the released version; a failure is a warning, since the release is complete."""
    try:
        return _converge(world)
    except Failed as failure:
        events.warn(failure.message, failure.hint, "install")
        return Done(note="it cannot be installed", state="left out")


STEP = Step("install-from-index", always, _describe, _converge)

#: The same at the end of a release.
AFTER_RELEASE = Step("install-from-index", _left_out, _describe, _may_fail)
