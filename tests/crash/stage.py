"""A stage for crashes: a repository, its remote and an index; what is run there, and the one right end of it all."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import release_recipes
from support.index import PypiServer
from support.repository import Repository, make_project

RELEASE: Final = ("release", "--part", "minor", "--skip-tests")
FILES: Final = ("demo_package-1.3.0-py3-none-any.whl", "demo_package-1.3.0.tar.gz")

_VICTIM: Final = Path(__file__).with_name("victim.py")
_PATHS: Final = tuple(str(Path(module).parents[1]) for module in (__file__, release_recipes.__file__))
_SECONDS: Final = 90
_NOTHING: Mapping[str, str] = MappingProxyType({})


class WrongEnd(AssertionError):
    """The world is not as a release leaves it; the words say where."""


@dataclass
class Stage:
    """One release that somebody tries to make."""

    folder: Path
    repository: Repository
    index: PypiServer
    settings: Mapping[str, str]

    @property
    def temporary(self) -> Path:
        """The temporary folder of every process here."""
        return self.folder / "tmp"

    @property
    def state(self) -> Path:
        """The state folder of the repository."""
        return self.repository.path / ".git" / "release-recipes"

    @property
    def environment(self) -> dict[str, str]:
        """The variables of every process here."""
        own = {"TMPDIR": str(self.temporary), "PYTHONPATH": os.pathsep.join(_PATHS)}
        return (
            {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
            | own
            | dict(self.settings)
        )

    def start(self, *words: str, at: int = 0, log: Path | None = None, mutant: str = "") -> subprocess.Popen[str]:
        """Start a victim that is killed at a point; at 0 it lives."""
        options = [*(["--log", str(log)] if log else []), *(["--mutant", mutant] if mutant else [])]
        return subprocess.Popen(
            [sys.executable, "-P", str(_VICTIM), str(at), *options, "--", *words],
            cwd=self.repository.path, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip

    def run(
        self, *words: str, at: int = 0, log: Path | None = None, mutant: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a victim to its end, whoever makes it."""
        process = self.start(*words, at=at, log=log, mutant=mutant)
        # Not communicate: what outlives a victim has its standard output, too.
        with process:
            try:
                process.wait(_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
            assert process.stdout is not None
            os.set_blocking(process.stdout.fileno(), False)
            said = process.stdout.read() or ""
        return subprocess.CompletedProcess(process.args, process.returncode, said)

    def waits(self) -> bool:
        """Say whether a record waits."""
        return any(self.state.glob("*/record.json"))

    def is_released(self) -> bool:
        """Say whether the release is over, and only its own folders were left to be cleared away."""
        history = self.state / "history.jsonl"
        return (
            not self.waits()
            and "refs/tags/v1.3.0" in self.repository.remote_refs()
            and history.is_file() and '"released"' in history.read_text(encoding="utf-8")
        )  # fmt: skip

    def finish(self, words: tuple[str, ...] = RELEASE, mutant: str = "") -> None:
        """Do what a person does after a crash: resume where a release waits, else release again.

        Raises:
            WrongEnd: That was no success, or the end is not the right one.

        """
        words = ("resume",) if self.waits() or self.is_released() else words
        done = self.run(*words, mutant=mutant)
        if done.returncode != 0:
            message = f"{words[0]} ended with {done.returncode}:\n{done.stdout}"
            raise WrongEnd(message)
        self.see_right_end()

    def see_right_end(self) -> None:
        """See that all is as one undisturbed release of 1.3.0 leaves it.

        Raises:
            WrongEnd: It is not.

        """
        for name, found, wanted in self._facts():
            if found != wanted:
                message = f"{name}: {found!r}, not {wanted!r}"
                raise WrongEnd(message)

    def _facts(self) -> Iterator[tuple[str, object, object]]:
        """Yield name, what is, and what is to be."""
        git, refs = self.repository.git, self.repository.remote_refs()
        names = [
            "refs/heads/main",
            "refs/tags/v1.2.3",
            "refs/tags/v1.2.3^{}",
            "refs/tags/v1.3.0",
            "refs/tags/v1.3.0^{}",
        ]
        yield "refs on the remote", sorted(refs), names
        commit, tag = refs["refs/heads/main"], refs["refs/tags/v1.3.0"]
        yield "commit of the tag", refs["refs/tags/v1.3.0^{}"], commit
        yield "local tag", git("rev-parse", "refs/tags/v1.3.0"), tag
        yield "local branch", git("rev-parse", "refs/heads/main"), commit
        yield "HEAD", git("symbolic-ref", "HEAD"), "refs/heads/main"
        yield "history", git("log", "--format=%s").splitlines(), [
            "release: v1.3.0", "feat: something to release", "release: v1.2.3",
        ]  # fmt: skip
        yield "tree", git("status", "--porcelain", "--untracked-files=all", "--ignored"), ""
        yield "claims here", git("for-each-ref", "refs/release-recipes"), ""
        message = git("cat-file", "tag", tag)
        told = {name: sha256 for sha256, name in re.findall(r"^([0-9a-f]{64})  (\S+)$", message, re.MULTILINE)}
        yield "files in the tag", tuple(sorted(told)), FILES
        yield "index", self.index.files(), told
        accepted = sum(request.startswith("POST") and request.endswith(" 200") for request in self.index.requests)
        yield "uploads that the index took", accepted, len(FILES)
        yield "temporary folder", _names(self.temporary), []
        yield "state folder", _names(self.state), ["history.jsonl", "lock", "logs"]
        yield "git's locks", [path.name for path in (self.repository.path / ".git").glob("*.lock")], []
        yield "processes", self.processes(), []

    def processes(self) -> list[str]:
        """Return the command lines of what still runs here, once it had some seconds to end."""
        deadline = time.monotonic() + 5
        while (found := list(_processes_in(self.temporary))) and time.monotonic() < deadline:
            time.sleep(0.02)
        return found

    # -- for double crashes ------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Keep the whole world as it is now."""
        self.processes()
        self._kept_requests = list(self.index.requests)
        for path in self._world:
            shutil.copytree(path, self.folder / "kept" / path.name, symlinks=True)

    def forget_kept(self) -> None:
        """Throw away what was kept."""
        shutil.rmtree(self.folder / "kept", ignore_errors=True)

    def restore(self) -> None:
        """Bring back the world that was kept."""
        self.processes()
        self.index.requests[:] = self._kept_requests
        for path in self._world:
            shutil.rmtree(path)
            shutil.copytree(self.folder / "kept" / path.name, path, symlinks=True)

    @property
    def _world(self) -> tuple[Path, ...]:
        return self.repository.path, self.repository.remote, self.index.folder, self.temporary


def point_of(log: Path, words: str) -> int:
    """Return the number of the first line of a victim's log that has these words at its beginning."""
    lines = (line.partition(" ") for line in log.read_text(encoding="utf-8").splitlines())
    return next(int(number) for number, _, told in lines if told.startswith(words))


@contextlib.contextmanager
def staged(folder: Path, **files: str) -> Iterator[Stage]:
    """Make a stage in a folder, with an index that answers while the context lasts."""
    for name in ("tmp", "index"):
        (folder / name).mkdir(parents=True)
    repository = make_project(folder / "my project", noxfile=True, files=files)
    with PypiServer(folder / "index") as index:
        yield Stage(folder, repository, index, index.settings)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _processes_in(temporary: Path) -> Iterator[str]:
    """Yield the command lines of processes whose temporary folder is that one, or one in it (Linux)."""
    # A project's own code has its temporary folder in the workspace.
    inside = re.compile(re.escape(f"\0TMPDIR={temporary}".encode()) + b"[/\\0]")
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if inside.search(b"\0" + (folder / "environ").read_bytes()) and not _is_dead(folder):
                yield (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")


def _is_dead(folder: Path) -> bool:
    """Say whether a process is a zombie, whose parent has not looked yet."""
    return (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
