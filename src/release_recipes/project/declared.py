"""What a project declares about itself in files that are read without running its code."""

import ast
import configparser
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: What build backends and plug-ins that take the version from a tag are called in a project's files.
_TAG_TOOLS = (
    *("setuptools_scm", "setuptools-scm", "hatch-vcs", "flit_scm", "flit-scm", "versioningit", "versioneer", "miniver"),
    *("poetry_dynamic_versioning", "poetry-dynamic-versioning", "uv-dynamic-versioning", "dunamai", "pbr"),
    *("setuptools-git-versioning", "setuptools_git_versioning", "vcs-versioning", 'source = "scm"', "use_scm_version"),
)


@dataclass(frozen=True)
class Declared:
    """Name and version, as far as they stand there; an empty string if the build backend computes them."""

    name: str
    version: str
    #: The file with the version; empty without one.
    file: str
    #: A tool that takes the version from a tag, if one is named; it may be used for other things.
    tag_tool: str


def read(folder: Path, pyproject: Mapping[str, Any]) -> Declared:
    """Read the declarations of the project in a folder: :pep:`621`, Poetry, ``setup.cfg``, literals in ``setup.py``."""
    project, poetry = pyproject.get("project", {}), pyproject.get("tool", {}).get("poetry", {})
    setup_py, setup_cfg = _setup_py(folder / "setup.py"), _setup_cfg(folder / "setup.cfg")
    flit = pyproject.get("tool", {}).get("flit", {}).get("metadata", {})
    names = (project, poetry, setup_py, setup_cfg, {"name": flit.get("dist-name") or flit.get("module")})
    name = next((text for table in names if (text := _text(table.get("name")))), "")
    tool = _tag_tool(folder)
    version, file = _text(project.get("version")), "pyproject.toml"
    if not (project or version):
        if _text(poetry.get("version")) and "dynamic-versioning" not in tool.replace("_", "-"):
            version = _text(poetry.get("version"))
        elif setup_py.get("version", "") is not None and not tool:
            # A keyword that is not a literal has the value None, and the build backend has to be asked.
            kept = setup_py if setup_py.get("version") else setup_cfg
            version, file = _text(kept.get("version")), "setup.py" if kept is setup_py else "setup.cfg"
    return Declared(name, version, file if version else "", tool)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _tag_tool(folder: Path) -> str:
    """Return the tool named in ``pyproject.toml``, ``setup.cfg`` or ``setup.py`` that takes versions from tags."""
    texts = [(folder / name) for name in ("pyproject.toml", "setup.cfg", "setup.py")]
    text = "\n".join(path.read_text("utf-8", "replace") for path in texts if path.is_file())
    return next((tool for tool in _TAG_TOOLS if re.search(rf"(?<![\w-]){re.escape(tool)}(?![\w-])", text)), "")


def _setup_py(path: Path) -> dict[str, str | None]:
    """Return name and version as the call of ``setup()`` has them; ``None`` for what is not a literal."""
    found: dict[str, str | None] = {}
    if not path.is_file():
        return found
    try:
        calls = [node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Call)]
    except (SyntaxError, ValueError):
        return {"name": None, "version": None}
    for call in calls:
        if getattr(call.func, "id", getattr(call.func, "attr", "")) == "setup":
            for word in call.keywords:
                if word.arg in {"name", "version", None}:
                    value = word.value.value if isinstance(word.value, ast.Constant) else None
                    told = value if isinstance(value, str) else None
                    found |= {word.arg: told} if word.arg else {"name": None, "version": None}
    return found


def _setup_cfg(path: Path) -> dict[str, str]:
    """Return name and version of ``setup.cfg``, without what ``attr:`` and ``file:`` point to."""
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        return {}
    told = {key: parser.get("metadata", key, fallback="") for key in ("name", "version")}
    return {key: value for key, value in told.items() if value and not value.startswith(("attr:", "file:"))}
