"""A release whose wheels were built by several jobs."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from distributions.made import INFO, SDIST, WHEEL_FILES, sdist, wheel, write
from flows.test_publish import TAG, pushed, states, told
from support.cli import Cli
from support.index import PypiServer
from support.repository import Repository

#: The tag of the wheel that each job builds; the first one builds the sdist, too.
JOBS: Mapping[str, str] = {
    "linux": "manylinux_2_17_x86_64",
    "linux-arm": "manylinux_2_17_aarch64",
    "windows": "win_amd64",
    "macos": "macosx_11_0_arm64",
}
EXPECT = ["cp311-cp311-macosx_*_arm64", "cp311-cp311-manylinux*_aarch64*", "cp311-cp311-manylinux*_x86_64*",
          "cp311-cp311-win_amd64", "sdist"]  # fmt: skip


def wheel_of(job: str) -> str:
    """Return the file name of a job's wheel."""
    return f"demo_package-1.3.0-cp311-cp311-{JOBS[job]}.whl"


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """Return a folder with a folder for each job, as the forge hands over the artifacts of a matrix."""
    for job, tag in JOBS.items():
        about = f"Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: false\nTag: cp311-cp311-{tag}\n"
        files = {wheel_of(job): wheel({**WHEEL_FILES, f"{INFO}/WHEEL": about})}
        write(tmp_path / "dist" / f"dist-{job}", {**files, **({SDIST: sdist()} if job == "linux" else {})})
    return tmp_path / "dist"


def expecting(repository: Repository) -> None:
    """Declare the expected files."""
    pyproject = repository.path / "pyproject.toml"
    pyproject.write_text(f"{pyproject.read_text('utf-8')}expect = {EXPECT}\n", "utf-8")


def test_four_folders(quick: Repository, index: PypiServer, cli: Cli, dist: Path) -> None:
    """The wheels of four jobs are one release; the sdist is uploaded last."""
    expecting(quick)
    pushed(quick)
    done = cli("publish", *TAG, "--dist", str(dist), "--json", cwd=quick.path)
    assert done.code == 0, done.err
    assert index.files().keys() == {SDIST, *map(wheel_of, JOBS)}
    uploads = [request for request in index.requests if request.startswith("POST")]
    assert len(uploads) == 5
    newest = max(index.folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    assert newest.name == SDIST


def test_a_wheel_that_is_missing(quick: Repository, index: PypiServer, cli: Cli, dist: Path) -> None:
    """Nothing is uploaded where the wheel of a job is missing."""
    expecting(quick)
    pushed(quick)
    (dist / "dist-windows" / wheel_of("windows")).unlink()
    done = cli("publish", *TAG, "--dist", str(dist), "--json", cwd=quick.path)
    assert (done.code, told(done)) == (
        1,
        [("expected", "There is no file for 'cp311-cp311-win_amd64', which expect in [tool.release] names.")],
    )
    assert not index.files()


def test_a_release_from_here(quick: Repository, index: PypiServer, cli: Cli) -> None:
    """A release that builds here must have each file of the list, too; with publish = "ci" the list is for CI."""
    expecting(quick)
    quick.commit("build: expect")
    done = cli("release", "--part", "minor", "--skip-tests", "--yes", "--json", cwd=quick.path)
    assert done.code == 1
    assert "There is no file for 'cp311-cp311-win_amd64', which expect in [tool.release] names." in [
        problem["message"] for problem in done.json["problems"]
    ]
    assert not index.files()
    env = {"RELEASE_PUBLISH": "ci", "RELEASE_SKIP_CHECKS": "ci-publishes"}
    rehearsed = cli("rehearse", "--part", "minor", "--skip-tests", cwd=quick.path, env=env)
    assert rehearsed.code == 0, rehearsed.err


def test_no_expectation(quick: Repository, index: PypiServer, cli: Cli, dist: Path) -> None:
    """Without an expectation, wheels for single platforms are refused, with the line that declares one."""
    pushed(quick)
    done = cli("publish", *TAG, "--dist", str(dist), "--json", cwd=quick.path)
    (problem,) = done.json["problems"]
    assert (done.code, problem["check"]) == (1, "expected")
    line = problem["hint"].partition(": ")[2]
    assert line == (
        'expect = ["cp311-cp311-macosx_*_arm64", "cp311-cp311-manylinux*_aarch64*", "cp311-cp311-manylinux*_x86_64*", '
        '"cp311-cp311-win_amd64", "sdist"]'
    )
    assert not index.files()
    pyproject = quick.path / "pyproject.toml"
    pyproject.write_text(f"{pyproject.read_text('utf-8')}{line}\n", "utf-8")
    assert cli("publish", *TAG, "--dist", str(dist), cwd=quick.path).code == 0
    assert len(index.files()) == 5


def test_the_last_release_is_asked_about(quick: Repository, index: PypiServer, cli: Cli, dist: Path) -> None:
    """At a terminal, the files of the last release are offered as the expectation."""
    pushed(quick)
    for job in JOBS:
        (index.folder / wheel_of(job).replace("1.3.0", "1.2.3")).write_bytes(b"")
    (dist / "dist-macos" / wheel_of("macos")).unlink()
    asked = [("Expect the files of the last release, this time: ", "y")]
    done = cli.terminal("publish", *TAG, "--dist", str(dist), cwd=quick.path, answers=asked)
    assert done.code == 1
    assert "There is no file for 'cp311-cp311-macosx_*_arm64', which expect in [tool.release] names." in done.plain
    assert not [name for name in index.files() if "1.3.0" in name]


def test_a_rerun_after_a_half(quick: Repository, index: PypiServer, cli: Cli, dist: Path) -> None:
    """What a killed job has uploaded is found by its hash, and only the rest is uploaded."""
    expecting(quick)
    pushed(quick)
    for job in ("linux", "windows"):
        name = wheel_of(job)
        (index.folder / name).write_bytes((dist / f"dist-{job}" / name).read_bytes())
    done = cli("publish", *TAG, "--dist", str(dist), "--json", cwd=quick.path)
    assert (done.code, states(done)["upload"]) == (0, "done")
    assert len([request for request in index.requests if request.startswith("POST")]) == 3
    assert len(index.files()) == 5


def test_two_jobs_with_one_file(quick: Repository, index: PypiServer, cli: Cli, dist: Path) -> None:
    """Two jobs that hand over different files of one name are refused; the same file twice is one file."""
    expecting(quick)
    pushed(quick)
    (dist / "dist-macos" / SDIST).write_bytes(sdist() + b"\0")
    done = cli("publish", *TAG, "--dist", str(dist), "--json", cwd=quick.path)
    ((check, message),) = told(done)
    assert (done.code, check) == (1, "dist-set")
    assert message.startswith(f"There are two files {SDIST} below ")
    assert not index.files()
    (dist / "dist-macos" / SDIST).write_bytes(sdist())
    assert cli("publish", *TAG, "--dist", str(dist), cwd=quick.path).code == 0
