"""The files that a release with wheels for several platforms is expected to have."""

import re
from collections.abc import Iterable

from release_recipes.distributions.inspection.agreement import kind_of

#: Versions of platforms change between releases; a wheel for Linux may name several.
_LINUX = re.compile(r"((?:many|musl)linux).*?_(x86_64|i686|aarch64|armv7l|ppc64le|s390x|riscv64|loongarch64)\b.*")
_MACOS = re.compile(r"macosx_\d+_\d+_")


def is_needed(filenames: Iterable[str]) -> bool:
    """Return whether some of the files are wheels for one platform, of which others may be missing."""
    return any(name.endswith(".whl") and not name.endswith("-any.whl") for name in filenames)


def patterns(filenames: Iterable[str]) -> list[str]:
    """Return patterns for the kinds of files, without the versions of platforms; sorted."""
    return sorted({_MACOS.sub("macosx_*_", _LINUX.sub(r"\1*_\2*", kind_of(name))) for name in filenames})
