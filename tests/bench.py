"""Measure what the design promises, as ratios of medians taken alternately in one run: machines are shared and noisy.

Run by ``nox -s bench``; ``-- --rounds N`` sets how often each thing is done.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from support.environment import make_environment
from support.faulty import FaultyIndex, delayed
from support.index import PypiServer
from support.repository import make_project

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PYTHON = (sys.executable, "-P", "-m")

#: How many wheels the upload is measured with, and the seconds that the slow index adds to each.
WHEELS = 40
DELAY = 0.25


@dataclass(frozen=True)
class Bench:
    """A folder and an environment in which things are timed."""

    folder: Path
    variables: Mapping[str, str]
    rounds: int

    def run(self, *argv: str, cwd: Path, fails: bool = False) -> None:
        """Run a command; what it says is shown only when it fails and should not."""
        done = subprocess.run(argv, cwd=cwd, env=dict(self.variables), capture_output=True, text=True, check=False)
        if bool(done.returncode) != fails:
            sys.exit(f"{' '.join(argv)}\n{done.stdout}\n{done.stderr}")

    def fresh(self, name: str) -> Path:
        """Return a new folder."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder))

    def compare(self, title: str, promise: str, ours: Callable[[], float], theirs: Callable[[], float]) -> None:
        """Do both alternately, and print the ratio of their medians."""
        ours(), theirs()
        pairs = [(ours(), theirs()) for _ in range(self.rounds)]
        mine, other = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(f"{title:<58} {mine:8.3f} s {other:8.3f} s   ratio {mine / other:5.2f}   ({promise})", flush=True)


def timed(work: Callable[[], None]) -> float:
    """Return the seconds of wall clock that something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def list_tasks(bench: Bench, text: str) -> Callable[[], float]:
    """Time ``invoke --list`` in a project whose ``tasks.py`` has that text."""
    folder = bench.fresh("list")
    (folder / "tasks.py").write_text(text, encoding="utf-8")
    # Invoke lists an empty tasks.py with the words "No tasks found" and the code 1.
    return lambda: timed(lambda: bench.run(*PYTHON, "invoke", "--list", cwd=folder, fails=not text))


def release(bench: Bench, commands: Callable[[PypiServer], Sequence[Sequence[str]]]) -> float:
    """Time a list of commands that release a fresh setuptools project into a fresh local index."""
    folder = bench.fresh("release")
    ignored = {".gitignore": "build/\n*.egg-info/\ndist/\n"}
    repository = make_project(folder / "project", kind="setuptools", files=ignored)
    (folder / "index").mkdir()
    with PypiServer(folder / "index") as index:
        known = {**bench.variables, **index.settings}
        here = replace(bench, variables=known)
        began = time.perf_counter()
        for argv in commands(index):
            here.run(*argv, cwd=repository.path)
        seconds = time.perf_counter() - began
        assert len(index.files()) == 2, index.files()
        assert "refs/tags/v1.3.0" in repository.remote_refs()
    return seconds


def by_recipe(_index: PypiServer) -> list[tuple[str, ...]]:
    """Return the one command of ours."""
    return [(*PYTHON, "release_recipes", "release", "--part", "minor", "--skip-tests", "--yes")]


def print_share_of_checks(bench: Bench) -> None:
    """Tell how long act 1 takes in a release of a small project, and what part of the release that is."""
    shares = []
    for _ in range(bench.rounds):
        folder = bench.fresh("share")
        repository = make_project(folder / "project", kind="setuptools")
        (folder / "index").mkdir()
        with PypiServer(folder / "index") as index:
            words = (*PYTHON, "release_recipes", "release", "--part", "minor", "--skip-tests", "--yes", "--json")
            known = {**bench.variables, **index.settings}
            began = time.perf_counter()
            done = subprocess.run(words, cwd=repository.path, env=known, capture_output=True, text=True, check=True)
            seconds = time.perf_counter() - began
        steps = {step["name"]: step["seconds"] for step in json.loads(done.stdout)["steps"]}
        shares.append((steps["check"], steps["check"] / seconds))
    check, share = (statistics.median(column) for column in zip(*shares, strict=True))
    title = "all checks of act 1, and their share of that release"
    print(f"{title:<58} {check:8.3f} s   {share:.0%}   (at most 0.25 s)", flush=True)


def by_hand(index: PypiServer) -> list[tuple[str, ...]]:
    """Return the commands that a person types, without a pause between them."""
    files = ("dist/demo_package-1.3.0.tar.gz", "dist/demo_package-1.3.0-py3-none-any.whl")
    login = ("--repository-url", index.upload_url, "--username", index.username, "--password", index.password)
    return [
        (*PYTHON, "bumpversion", "bump", "minor", "--no-commit", "--no-tag"),
        ("git", "commit", "--quiet", "--all", "--message", "release: v1.3.0"),
        (*PYTHON, "build"),
        (*PYTHON, "twine", "check", *files),
        (*PYTHON, "twine", "upload", "--non-interactive", *login, *files),
        ("git", "tag", "--annotate", "v1.3.0", "--message", "v1.3.0"),
        ("git", "push", "--quiet", "origin", "main", "v1.3.0"),
    ]


def upload(bench: Bench, wheels: Sequence[Path], *, slow: bool, ours: bool) -> float:
    """Time the upload of many wheels to a fresh index, which may be slow."""
    folder = bench.fresh("upload")
    (folder / "index").mkdir()
    with PypiServer(folder / "index") as index, FaultyIndex(index.upload_url, index.index_url) as proxy:
        if slow:
            proxy.plan(delayed(DELAY), times=None)
        address = proxy if slow else index
        login = ("--username", index.username, "--password", index.password)
        if ours:
            repository = make_project(folder / "project")
            addresses = {"PYPI_REPOSITORY_URL": address.upload_url, "PYPI_INDEX_URL": address.index_url}
            here = replace(bench, variables={**bench.variables, **index.settings, **addresses})
            named = [word for wheel in wheels for word in ("--file", str(wheel))]
            seconds = timed(lambda: here.run(*PYTHON, "release_recipes", "upload", *named, cwd=repository.path))
        else:
            words = ("twine", "upload", "--non-interactive", "--repository-url", address.upload_url, *login)
            seconds = timed(lambda: bench.run(*PYTHON, *words, *map(str, wheels), cwd=folder))
        assert len(index.files()) == len(wheels), index.files()
    return seconds


def make_wheels(bench: Bench) -> list[Path]:
    """Build one wheel, and make many of it by their build numbers, as a matrix of platforms would."""
    repository = make_project(bench.fresh("wheels") / "project")
    bench.run(*PYTHON, "build", "--installer", "uv", "--wheel", cwd=repository.path)
    built = next((repository.path / "dist").glob("*.whl"))
    folder = bench.fresh("many")
    for number in range(WHEELS):
        (folder / f"demo_package-1.2.3-{number}-py3-none-any.whl").write_bytes(built.read_bytes())
    return sorted(folder.iterdir())


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        environment = make_environment(folder, os.environ, cache=folder / "cache")
        os.environ.update(environment.variables)
        bench = Bench(folder, dict(environment.variables), rounds)
        print(f"{'':<58} {'ours':>10} {'theirs':>10}   medians of {rounds}, alternately")
        recipes, empty = list_tasks(bench, "from release_recipes import ns\n"), list_tasks(bench, "")
        often = replace(bench, rounds=rounds * 4)
        often.compare("invoke --list / with an empty tasks.py", "at most 1.10", recipes, empty)
        bench.compare(
            "release of a small setuptools project / typed by hand", "at most 0.75",
            lambda: release(bench, by_recipe), lambda: release(bench, by_hand),
        )  # fmt: skip
        print_share_of_checks(bench)
        wheels = make_wheels(bench)
        added = f", +{DELAY * 1000:.0f} ms each"
        for title, slow, promise in (("", False, "at most 1.00"), (added, True, "at most 0.33")):
            bench.compare(
                f"upload of {WHEELS} wheels{title} / twine upload", promise,
                lambda slow=slow: upload(bench, wheels, slow=slow, ours=True),  # type: ignore[misc]
                lambda slow=slow: upload(bench, wheels, slow=slow, ours=False),  # type: ignore[misc]
            )  # fmt: skip


if __name__ == "__main__":
    main()
