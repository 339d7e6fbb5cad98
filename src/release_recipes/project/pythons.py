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
    paths = [path for name in ("pyproject.toml", "setup.cfg", "setup.py") if (path := folder / name).is_file()]
    text = "\n".join(path.read_text("utf-8", "replace") for path in paths)
    required = _REQUIRES.search(text)
    try:
        allowed = SpecifierSet(required[1].strip() if required else "")
    except InvalidSpecifier:
        allowed = SpecifierSet()
    named = {Version(each) for each in _CLASSIFIER.findall(text)} or set(map(Version, current))
    # Of 3.11, >=3.11.4 allows a later patch, and <=3.11 the first one.
    fitting = [each for each in named if any(allowed.contains(f"{each}{patch}") for patch in ("", ".99"))]
    return [str(each) for each in sorted(fitting) if each >= _OLDEST]
