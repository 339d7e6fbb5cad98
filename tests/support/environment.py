"""The environment that every test runs in: that of a person who has git and Python, and nothing of the true one."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

KEPT: Final = (
    # What a process needs to start at all.
    *("PATH", "PATHEXT", "COMSPEC", "SYSTEMROOT", "WINDIR", "LANG", "LC_*", "TZ"),
    # True builds fetch their requirements: where packages come from, and how they are reached.
    *("PIP_*", "UV_*", "*_PROXY", "SSL_CERT_*", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO"),
    # What watches the tests.
    *("PYTEST_*", "COVERAGE_*"),
)
"""Patterns of the variables that are taken over from outside."""

DROPPED: Final = ("UV_PUBLISH_*",)
"""Patterns of the variables that are not, though one of `KEPT` matches."""

GITCONFIG: Final = """\
[user]
\tname = Ada Lovelace
\temail = ada@example.org
"""


@dataclass(frozen=True)
class Environment:
    """A home, a temporary folder beside it, and the variables that lead to them."""

    home: Path
    temporary: Path
    variables: Mapping[str, str]


def make_environment(folder: Path, outer: Mapping[str, str], *, cache: Path) -> Environment:
    """Make home and temporary folder in a folder, and decide each variable.

    The cache is the only thing that one test has from another: without it each build would fetch its requirements.
    """
    home, temporary = folder / "home", folder / "tmp"
    home.mkdir()
    temporary.mkdir()
    gitconfig = home / ".gitconfig"
    gitconfig.write_text(GITCONFIG, encoding="utf-8")
    kept = {name: value for name, value in outer.items() if _matches(name, KEPT) and not _matches(name, DROPPED)}
    ours = {
        "HOME": home,
        "USERPROFILE": home,
        "TMPDIR": temporary,
        "TEMP": temporary,
        "TMP": temporary,
        "GIT_CONFIG_GLOBAL": gitconfig,
        "GIT_CONFIG_NOSYSTEM": "1",
        # The keyring of the person who runs the tests is not asked.
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
    return Environment(
        home,
        temporary,
        {"UV_CACHE_DIR": str(cache), **kept, **{name: str(value) for name, value in ours.items()}},
    )


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Say whether a variable's name fits one of the patterns, in whatever case it is written."""
    return any(fnmatchcase(name.upper(), pattern) for pattern in patterns)
