"""The environment of other processes, which has no credentials; and how a command line is shown."""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence

from release_recipes.secrets.mask import MASK
from release_recipes.secrets.token import read_environment, without_credentials

#: Variables that git sets for hooks, and others that would silently change a release.
_MISLEADING = frozenset(
    {
        *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_PREFIX"),
        *("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS"),
        *("GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE", "GIT_SHALLOW_FILE", "GIT_REPLACE_REF_BASE"),
        *("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"),
        # Files through which a job of the forge passes on values and programs: not for code of the project.
        *("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY", "RELEASE_OUTPUT"),
        *("PYTHONPATH", "PYTHONHOME", "SOURCE_DATE_EPOCH", "__PYVENV_LAUNCHER__"),
    }
)


#: How the names of others begin: settings of bump-my-version, and what makes a build backend say another version.
_MISLEADING_STARTS = (
    *("BUMPVERSION_", "SETUPTOOLS_SCM_PRETEND_VERSION", "VCS_VERSIONING_PRETEND_VERSION", "PBR_VERSION"),
    *("PDM_BUILD_SCM_VERSION", "POETRY_DYNAMIC_VERSIONING_BYPASS", "UV_DYNAMIC_VERSIONING_BYPASS"),
)


def environment(extra: Mapping[str, str] | None = None, *, forge: bool = False) -> dict[str, str]:
    """Return the environment for a process: ours, without credentials and variables that mislead git or Python.

    Our own programs (uv, nox) come first on the path, so that they are found even if our environment is not active.
    """
    kept = without_credentials(read_environment(), forge=forge)
    clean = {n: v for n, v in kept.items() if n not in _MISLEADING and not n.startswith(_MISLEADING_STARTS)}
    scripts = os.path.dirname(sys.executable)  # noqa: PTH120 - Path.parent would resolve nothing more
    clean["PATH"] = os.pathsep.join([scripts, clean.get("PATH", os.defpath)])
    return clean | dict(extra or {})


def shown(argv: Sequence[str]) -> str:
    """Return a command as a user would type it, masked."""
    words = ["python" if word == sys.executable else word for word in argv]
    return MASK(subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words))
