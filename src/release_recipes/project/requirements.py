"""The requirements of a project's tests, as the project declares them."""

import tomllib
from pathlib import Path

#: The names of a group, an extra or a requirements file for tests, in order of preference.
_NAMES = ("test", "tests", "testing", "dev")


def test_requirements(folder: Path) -> list[str]:
    """Return the arguments that install a project, with its test group, test extra or requirements files.

    They work for ``pip install`` and ``uv pip install`` in the project's folder.
    """
    path = folder / "pyproject.toml"
    pyproject = tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}
    groups = pyproject.get("dependency-groups", {})
    extras = pyproject.get("project", {}).get("optional-dependencies", {})
    if group := next((name for name in _NAMES if name in groups), None):
        return [".", "--group", group]
    if extra := next((name for name in _NAMES if name in extras), None):
        return [f".[{extra}]"]
    return [".", *(f"-r{name}-requirements.txt" for name in _NAMES if (folder / f"{name}-requirements.txt").is_file())]
