"""A release is built a second time, and what differs is told."""

import gzip
import tarfile
from collections.abc import Callable
from pathlib import Path

from distributions.made import METADATA, SDIST, SDIST_FILES, TOP, WHEEL, WHEEL_FILES, sdist, wheel, write
from release_recipes.distributions.comparison import differences
from release_recipes.distributions.distribution import Distribution
from support.cli import Cli
from support.index import PypiServer
from support.repository import Repository

MakeRepository = Callable[..., Repository]

LATER = '''

_true_files = _files


def _files(*roots):
    """Write down when it was built, as many a package does."""
    import time

    return {**_true_files(*roots), "demo/built.txt": str(time.time()).encode()}
'''
"""What makes the bare backend one that puts the clock into a distribution."""


def two(folder: Path, name: str, first: bytes, second: bytes) -> dict[str, list[str]]:
    """Compare two distributions."""
    (one,), (other,) = write(folder / "1", {name: first}), write(folder / "2", {name: second})
    return differences(Distribution(one), Distribution(other))


def stamped(mode: int, mtime: int) -> bytes:
    """Return the good sdist with one more member, of a mode and a time."""

    def put(archive: tarfile.TarFile) -> None:
        info = tarfile.TarInfo(f"{TOP}/setup.py")
        info.mode, info.mtime = mode, mtime
        archive.addfile(info)

    return sdist(more=put)


def test_the_same_bytes_do_not_differ(tmp_path: Path) -> None:
    """There is nothing to tell."""
    assert two(tmp_path, WHEEL, wheel(), wheel()) == {}


def test_members_that_differ_are_named_with_what_differs(tmp_path: Path) -> None:
    """Content, mode and time are told apart, and so are members that only one build has."""
    other = {**WHEEL_FILES, "demo/__init__.py": "", "demo/new.py": ""}
    told = two(tmp_path / "wheel", WHEEL, wheel(recorded=""), wheel(other, recorded=""))
    assert told == {"added": ["demo/new.py"], "content": ["demo/__init__.py"]}
    told = two(tmp_path / "sdist", SDIST, stamped(0o644, 1), stamped(0o600, 2))
    assert told == {"mode": [f"{TOP}/setup.py"], "time": [f"{TOP}/setup.py"]}


def test_an_archive_that_differs_in_no_member(tmp_path: Path) -> None:
    """The time in gzip's header, and the order, are found, too."""
    later = gzip.compress(gzip.decompress(sdist()), mtime=5)
    assert two(tmp_path / "header", SDIST, sdist(), later) == {"archive": []}
    turned = sdist(dict(reversed([*SDIST_FILES.items()])))
    assert two(tmp_path / "order", SDIST, sdist(), turned) == {"order": []}


def configured(make_repository: MakeRepository, *, clock: bool, **settings: str) -> Repository:
    """Return the bare project with settings, and with a backend that may look at the clock."""
    repository = make_repository(noxfile=True)
    lines = [f'{name} = "{value}"' for name, value in settings.items()]
    pyproject = (repository.path / "pyproject.toml").read_text(encoding="utf-8")
    repository.write("pyproject.toml", "\n".join([pyproject, "[tool.release]", *lines, ""]))
    if clock:
        backend = (repository.path / "_backend/bare_backend.py").read_text(encoding="utf-8")
        repository.write("_backend/bare_backend.py", backend + LATER)
    repository.commit("feat: settings")
    repository.git("push", "--quiet")
    return repository


DIFFERS = "demo_package-1.3.0-py3-none-any.whl differs when it is built again: content of demo/built.txt"
CAUSE = "Compilers write the build's folder into debug information; CFLAGS=-g0 leaves it out. "
OLD = "demo_package-1.2.3"


def told(problems: list[dict[str, str]], check: str) -> list[str]:
    """Return what one inspection said."""
    return [problem["message"] for problem in problems if problem["check"] == check]


def test_a_release_that_differs_stops_where_it_is_configured(
    make_repository: MakeRepository, index: PypiServer, cli: Cli
) -> None:
    """With reproducible = "stop", nothing is uploaded; the members that differ are named."""
    repository = configured(make_repository, clock=True, reproducible="stop", try_install="off")
    result = cli("release", "--part", "minor", "--skip-tests", "--yes", "--json", cwd=repository.path)
    assert result.code == 1
    assert any(message.startswith(DIFFERS) for message in told(result.json["problems"], "reproducible")), result.err
    assert index.files() == {}


def test_what_a_compiler_wrote(make_repository: MakeRepository, index: PypiServer, cli: Cli) -> None:
    """Of a compiled module that differs, the likely cause is named: debug information has the folder of the build."""
    repository = configured(make_repository, clock=True, try_install="off")
    backend = (repository.path / "_backend/bare_backend.py").read_text(encoding="utf-8")
    repository.write("_backend/bare_backend.py", backend.replace("built.txt", "built.so"))
    repository.commit("build: compile it")
    result = cli("rehearse", "--part", "minor", "--skip-tests", "--json", cwd=repository.path)
    hints = [each["hint"] for each in result.json["warnings"] if "built.so" in each["message"]]
    assert hints
    assert all(each.startswith(CAUSE) for each in hints)
    assert index.files() == {}


def test_a_rehearsal_builds_twice_and_compares_with_the_last_release(
    make_repository: MakeRepository, index: PypiServer, cli: Cli
) -> None:
    """Without a setting, a rehearsal tells what differs, between two builds and since the last release, and goes on."""
    metadata = METADATA.replace("1.3.0", "1.2.3")
    files = {f"{OLD}/PKG-INFO": metadata, f"{OLD}/demo/messages.mo": ""}
    write(index.folder, {f"{OLD}.tar.gz": sdist(files)})
    repository = configured(make_repository, clock=True)
    result = cli("rehearse", "--part", "minor", "--skip-tests", "--json", cwd=repository.path)
    assert result.code == 0, result.err
    warnings = result.json["warnings"]
    assert any(message.startswith(DIFFERS) for message in told(warnings, "reproducible")), warnings
    # The rehearsal's own index is empty: the comparison is with the one that the release goes to.
    (changed,) = told(warnings, "changed-files")
    assert changed == (
        f"demo_package-1.3.0.tar.gz compared with {OLD}.tar.gz: new: README.md, _backend/bare_backend.py, "
        "demo/__init__.py, demo/built.txt, pyproject.toml, tests/__init__.py, tests/test_demo.py; "
        "removed: demo/messages.mo."
    )
    assert told(warnings, "install") == []
    assert {"install", "rebuild", "install-from-index"} <= {step["name"] for step in result.json["steps"]}
