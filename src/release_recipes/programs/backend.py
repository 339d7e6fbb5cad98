"""The build backend of a project, asked for name and version (:pep:`517`, ``prepare_metadata_for_build_wheel``).

It runs code of the project, so it is asked in a clean clone, and its process has no credentials. One environment serves
every question. A backend that cannot answer without building, such as meson-python, builds a wheel.
"""

import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

from release_recipes.errors import CommandFailed, NoMetadata, ReleaseError
from release_recipes.processes.run import run
from release_recipes.programs import uv
from release_recipes.settings import read_pyproject

#: Seconds for one question; a compiled project may be built for it.
TIMEOUT = 1800.0


class Backend:
    """The build backend, in an environment that is made when it is first asked."""

    def __init__(self, folder: Path) -> None:
        """Take an existing folder for the environment."""
        self._folder = folder
        self._python: Path | None = None
        self._installed: set[str] = set()

    def ask(self, project: Path) -> tuple[str, str]:
        """Return the name and the version of the project in a folder, a clone of ours.

        Raises:
            NoMetadata: What it needs cannot be installed, or it failed.
        """
        from importlib.metadata import PathDistribution

        from build import BuildBackendException, BuildException, ProjectBuilder
        from pyproject_hooks import BuildBackendWarning

        warnings.simplefilter("ignore", BuildBackendWarning)  # deprecations, which the build shows
        if self._python is None:
            self._python = uv.make_environment(self._folder / "build-environment")
        try:
            builder = ProjectBuilder(project, python_executable=str(self._python), runner=self._run)
            self._install(builder.build_system_requires)
            self._install(builder.get_requires_for_build("wheel"))
            with tempfile.TemporaryDirectory(dir=self._folder) as out:
                said = PathDistribution(Path(builder.metadata_path(out))).metadata
                return said["Name"], said["Version"]
        except BuildBackendException as error:  # whatever our runner raised is inside
            if isinstance(error.exception, ReleaseError) and not isinstance(error.exception, CommandFailed):
                raise error.exception from None
            raise NoMetadata(_name(project), _reason(getattr(error.exception, "output", "") or str(error))) from error
        except CommandFailed as error:
            raise NoMetadata(_name(project), _reason(error.output)) from error
        except (BuildException, KeyError, ValueError) as error:
            raise NoMetadata(_name(project), _reason(str(error))) from error

    def _install(self, requirements: set[str]) -> None:
        """Install what is not installed yet; uv leaves out what a marker excludes."""
        if self._python and (wanted := sorted(requirements - self._installed)):
            uv.install(wanted, self._python, self._folder)
            self._installed |= requirements

    def _run(self, cmd: Sequence[str], cwd: str | None = None, extra_environ: Mapping[str, str] | None = None) -> None:
        """Run a hook of the backend, as ``build`` would, but without credentials."""
        python = Path(cmd[0])
        run(cmd, cwd=Path(cwd or self._folder), env=extra_environ, path=python.parent, timeout=TIMEOUT, tell=True)


def _name(project: Path) -> str:
    """Return the name of the build backend; without one, it is setuptools."""
    return str(read_pyproject(project).get("build-system", {}).get("build-backend", "setuptools"))


def _reason(output: str) -> str:
    """Return the last line of an output, which says what is wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "it gave no reason"
