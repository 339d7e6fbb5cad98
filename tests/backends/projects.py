"""One small project, for each of the six build backends that people use."""

from dataclasses import dataclass
from typing import Final

__all__ = ["BACKENDS", "Backend", "files"]


@dataclass(frozen=True)
class Backend:
    """A build backend, and how two of its builds compare; each pair is sdist and wheel."""

    requires: str
    module: str
    #: Whether two builds by hand are the same: another folder, another time, umask 022 and 077.
    alone: tuple[bool, bool]
    #: The beginning of what a rehearsal says; nothing where its two builds are the same.
    said: str = ""


_SDIST = "demo_package-1.3.0.tar.gz differs when it is built again: "

BACKENDS: Final = {
    "setuptools": Backend(
        "setuptools>=77", "setuptools.build_meta", (False, False), f"{_SDIST}time of demo_package-1.3.0,"
    ),
    "hatchling": Backend("hatchling>=1.27", "hatchling.build", (True, True)),
    "flit-core": Backend("flit-core>=3.12", "flit_core.buildapi", (False, False)),
    "poetry-core": Backend("poetry-core>=2.1", "poetry.core.masonry.api", (True, True)),
    "pdm-backend": Backend(
        "pdm-backend>=2.4", "pdm.backend", (False, True), f"{_SDIST}the bytes of the archive itself, such as the time"
    ),
    "uv_build": Backend("uv_build>=0.9", "uv_build", (True, True)),
}

_PYPROJECT = """\
[build-system]
requires = ["{requires}"]
build-backend = "{module}"

[project]
name = "demo-package"
version = "1.2.3"
description = "Greet people."
readme = "README.md"
license = "MIT"
license-files = ["LICENSE"]
requires-python = ">=3.11"

[project.scripts]
demo = "demo_package:greet"

[tool.release]
normalise_sdist = {normalise}
"""


def files(backend: Backend, *, normalise: bool) -> dict[str, str]:
    """Return the files of a project that the backend builds without a setting of its own."""
    pyproject = _PYPROJECT.format(
        requires=backend.requires, module=backend.module, normalise="true" if normalise else "false"
    )
    module = '"""Greet people."""\n\n\ndef greet() -> None:\n    """Greet."""\n'
    return {"pyproject.toml": pyproject, "LICENSE": "MIT\n", "src/demo_package/__init__.py": module}
