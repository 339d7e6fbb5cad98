"""What a release that is done looks like, here and everywhere."""

from pathlib import Path
from typing import Final

from support.index import Index
from support.projects import Kind
from support.repository import Repository

__all__ = ["VERSION_FILES", "released", "waiting"]

VERSION_FILES: Final[dict[Kind, dict[str, str]]] = {
    "bare": {
        ".bumpversion.toml": 'current_version = "1.3.0"',
        "README.md": "`pip install demo-package==1.3.0`. It gets on well with `other-package==1.2.3`.",
        "demo/__init__.py": '__version__ = "1.3.0"',
        "pyproject.toml": 'version = "1.3.0"',
    },
    "setuptools": {
        ".bumpversion.toml": 'current_version = "1.3.0"',
        "README.md": "`pip install demo-package==1.3.0`. It gets on well with `other-package==1.2.3`.",
        "demo/__init__.py": '__version__ = "1.3.0"',
        "setup.py": 'version="1.3.0"',
    },
    "hatchling": {
        "README.md": "`pip install demo-package==1.3.0`. It gets on well with `other-package==1.2.3`.",
        "pyproject.toml": 'version = "1.3.0"',
        "src/demo/__init__.py": '__version__ = "1.3.0"',
    },
    "flit": {
        "README.md": "`pip install demo-package==1.3.0`. It gets on well with `other-package==1.2.3`.",
        "demo/__init__.py": '__version__ = "1.3.0"',
    },
}
"""What each version file of a project says after a release of 1.3.0, by path below its root."""


def released(repository: Repository, index: Index, temporary: Path, *, version: str = "1.3.0") -> None:
    """See that a version is released: wholly, from a commit that all refs name, and with nothing left over.

    Raises:
        AssertionError: Something is missing, or something is left.

    """
    before = repository.git("rev-parse", "HEAD~1")
    tag_object = repository.git("rev-parse", f"refs/tags/v{version}")
    assert {ref: name for ref, name in repository.remote_refs().items() if "v1.2.3" not in ref} == {
        "refs/heads/main": repository.head,
        f"refs/tags/v{version}": tag_object,
        f"refs/tags/v{version}^{{}}": repository.head,
    }
    assert repository.git("log", "-1", "--format=%B") == f"release: v{version}\n"
    assert repository.git("log", "-1", "--format=%s", before) == "feat: something to release"
    served = index.files()
    assert served.keys() == {f"demo_package-{version}-py3-none-any.whl", f"demo_package-{version}.tar.gz"}
    message = repository.git("tag", "--list", "--format=%(contents)", f"v{version}")
    assert sorted(line.split() for line in message.splitlines() if "demo_package" in line) == sorted(
        [sha256, filename] for filename, sha256 in served.items()
    )
    assert repository.git("status", "--porcelain", "--ignored") == ""
    assert not waiting(repository)
    assert repository.git("for-each-ref", "refs/release-recipes") == ""
    assert not list(temporary.iterdir())


def waiting(repository: Repository) -> list[str]:
    """Return what the state folder has besides what is kept: a record, distributions, leftovers."""
    state = repository.path / ".git" / "release-recipes"
    return sorted(path.name for path in state.glob("*") if path.name not in _KEPT)


#: The lock, the history, and the answer of the build backend.
_KEPT = {"lock", "history.jsonl", "logs", "backend.json"}
