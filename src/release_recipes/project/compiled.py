"""Whether a project has compiled parts, read from its files."""

import re
from pathlib import Path

from release_recipes.settings import read_pyproject

#: In the requirements of the build, or in ``setup.py``.
_COMPILES = re.compile(
    r"maturin|meson|scikit.build|setuptools.rust|cython|cffi|pybind11|nanobind|ext.modules|rust_extensions|Extension\(",
    re.IGNORECASE,
)

#: In a workflow that builds wheels for several platforms.
_MATRIX = re.compile(r"cibuildwheel|maturin-action|auditwheel|manylinux")


def is_compiled(folder: Path) -> bool:
    """Return whether the wheels of a project seem to be for one platform.

    Raises:
        InvalidSetting: ``pyproject.toml`` cannot be read.
    """
    pyproject, setup = read_pyproject(folder), folder / "setup.py"
    asked = [pyproject.get("build-system", {}), list(pyproject.get("tool", {}).get("setuptools", ()))]
    return bool(_COMPILES.search(f"{asked}{setup.read_text('utf-8', 'replace') if setup.is_file() else ''}"))


def wheels_elsewhere(folder: Path) -> str:
    """Return where wheels for other platforms come from, for the user: a workflow of the repository, or advice."""
    root = next((each for each in (folder, *folder.parents) if (each / ".git").exists()), folder)
    for path in sorted((root / ".github" / "workflows").glob("*.y*ml")):
        if _MATRIX.search(path.read_text("utf-8", "replace")):
            return f"the others come from .github/workflows/{path.name}"
    return "the others come from CI, such as with cibuildwheel"
