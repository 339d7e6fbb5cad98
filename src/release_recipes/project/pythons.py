"""The Pythons that a project supports, read from its files without running its code."""

import re
from collections.abc import Sequence
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

_CLASSIFIER = re.compile(r"Programming Language :: Python :: (3\.\d+)\b")
_REQUIRES = re.compile(r"""\b(?:requires-python|requires_python|python_requires)["']?\s*[=:]\s*["']?([^"'\n#]+)""")

#: The oldest Python that runs these recipes.
_OLDEST = Version("3.11")


def supported(folder: Path, current: Sequence[str]) -> list[str]:
    """Return the Pythons that a project supports and that these recipes run on, the oldest first, such as ``3.12``.

    They are those of its classifiers, or the current ones if it names none, as far as its metadata allows them.

    Args:
        folder: The project's folder.
        current: The Pythons to choose from without classifiers.
    """
    found = allowed(folder, _CLASSIFIER.findall(_text(folder)) or current)
    return [each for each in found if Version(each) >= _OLDEST]


def allowed(folder: Path, pythons: Sequence[str]) -> list[str]:
    """Return those of some Pythons that a project's metadata allows, the oldest first."""
    required = _REQUIRES.search(_text(folder))
    try:
        specifiers = SpecifierSet(required[1].strip() if required else "")
    except InvalidSpecifier:
        specifiers = SpecifierSet()
    # Of 3.11, >=3.11.4 allows a later patch, and <=3.11 the first one.
    fitting = {each for each in pythons if any(specifiers.contains(f"{each}{patch}") for patch in ("", ".99"))}
    return sorted(fitting, key=Version)


def _text(folder: Path) -> str:
    paths = [path for name in ("pyproject.toml", "setup.cfg", "setup.py") if (path := folder / name).is_file()]
    return "\n".join(path.read_text("utf-8", "replace") for path in paths)
