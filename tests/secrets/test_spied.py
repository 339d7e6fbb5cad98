"""No credential leaves: by no way out of a process of ours, and by no release of a project that looks for one."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from release_recipes.state.record import Artifact
from support.cli import Cli, posix
from support.environment import Environment
from support.faulty import FaultyIndex, delayed
from support.index import PypiServer
from support.leaks import leaked
from support.projects import project_files
from support.repository import Repository

MakeRepository = Callable[..., Repository]

# -- a release of a project that looks for credentials -----------------------------------------------------------------

# Wherever the project's own code runs, it shows its environment, and every small file from its folder up to the
# temporary root.
SPY = """\
def _spy(where):
    import json, os, pathlib
    root, folder = pathlib.Path("ROOT").resolve(), pathlib.Path.cwd().resolve()
    above = [parent for parent in folder.parents if parent.is_relative_to(root)]
    files = {path for path in folder.rglob("*")} | {path for parent in above for path in parent.iterdir()}
    seen = {"environment": dict(os.environ), "above": [str(parent) for parent in above], "files": {}}
    for path in files:
        try:
            if path.is_file() and path.stat().st_size < 100_000:
                seen["files"][str(path)] = path.read_bytes().decode(errors="replace")
        except OSError:
            pass
    text = json.dumps(seen)
    pathlib.Path("FOLDER", f"{where}-{os.getpid()}.json").write_text(text)
    print(where, "was here", text, os.environ)

_spy("WHERE")

"""


@pytest.fixture
def spied(
    make_repository: MakeRepository, tmp_path: Path, isolated_environment: Environment
) -> tuple[Repository, Path]:
    """Return a project whose own code, all of it, shows what it can see; and the folder where it keeps that."""
    seen = tmp_path / "seen"
    seen.mkdir()
    plain = project_files("bare", name="demo-package", version="1.2.3", noxfile=True)

    def spying(where: str, text: str = "") -> str:
        spy = SPY.replace("FOLDER", str(seen)).replace("ROOT", str(isolated_environment.temporary))
        return spy.replace("WHERE", where) + text

    bump = plain[".bumpversion.toml"].replace("]", "]\nsetup_hooks = ['python bump_hook.py']", 1)
    files = {
        ".bumpversion.toml": bump,
        "bump_hook.py": spying("bump"),
        "hook.py": spying("hook"),
        "noxfile.py": spying("noxfile", plain["noxfile.py"]),
        "tests/test_demo.py": spying("tests", plain["tests/test_demo.py"]),
        "_backend/bare_backend.py": spying("backend", plain["_backend/bare_backend.py"]),
        "pyproject.toml": f'{plain["pyproject.toml"]}\n[tool.release]\npre_release_hooks = ["python hook.py"]\n',
    }
    repository = make_repository(noxfile=True, files=files)
    for hook in ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "post-checkout", "pre-push"):
        path = repository.path / ".git" / "hooks" / hook
        path.write_text(f'#!/bin/sh\nenv > "{seen}/{hook}-$$"\nenv\n', encoding="utf-8")
        path.chmod(0o755)
    return repository, seen


@pytest.mark.parametrize("place", [".env", "environment"])
def test_a_release_of_a_project_that_looks_for_the_token(
    place: str,
    spied: tuple[Repository, Path],
    index: PypiServer,
    cli: Cli,
    isolated_environment: Environment,
) -> None:
    """The token is seen by nothing of the project's, and stands in no output, file, object or command line."""
    repository, seen = spied
    env = {"VERBOSE_OUTPUT": "true", "HARMLESS": "and-needed", "PYPI_API_TOKEN": index.token, "INVOKE_DEBUG": "1"}
    env["A_COPY"] = f"https://__token__:{index.token}@example.org/"
    if place == ".env":
        env["PYPI_API_TOKEN"] = ""
        repository.write(".env", f"PYPI_API_TOKEN={index.token}\n").chmod(0o600)
    with FaultyIndex(index.upload_url, index.index_url) as proxy:
        proxy.plan(delayed(0.5), times=None)
        env |= {"PYPI_REPOSITORY_URL": proxy.upload_url, "PYPI_INDEX_URL": proxy.index_url}
        process = cli.start("release", "--part", "minor", cwd=repository.path, env=env)
        with _sampled(process.pid) as table:
            out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    kept = {path.name: path.read_text(encoding="utf-8") for path in seen.iterdir()}
    assert {name.rpartition("-")[0] for name in kept} == {"bump", "hook", "noxfile", "tests", "backend", "pre-push"}
    for name, text in kept.items():
        assert "and-needed" in text, name
    told = [json.loads(text) for name, text in kept.items() if name.endswith(".json")]
    assert all(each["files"] and each["above"] for each in told), [(e["above"], len(e["files"])) for e in told]
    assert len({path for each in told for path in each["files"]}) > 50
    assert "tests was here" in out
    assert len(table["children"]) > 5
    # The environment of our own process is what the person gave it.
    places = {
        "output": [out, err],
        "what the project saw": kept.values(),
        "command lines": table["commands"],
        "environments of children": table["children"],
        "repository": _files(repository.path, but=".env"),
        "remote": _files(repository.remote),
        "objects": [_objects(repository.path), _objects(repository.remote)],
        "temporary folder": _files(isolated_environment.temporary),
        "home": _files(isolated_environment.home),
        "distributions": [text for path in index.folder.iterdir() for text in _members(path)],
    }
    assert all(list(texts) for name, texts in places.items() if name != "temporary folder")
    assert {
        name: found for name, texts in places.items() for text in texts if (found := leaked(index.token, text))
    } == {}


@posix
@pytest.mark.parametrize("task", ["check", "status", "scan"])
@pytest.mark.parametrize("below", [".", "demo/deep"])
def test_a_copy_of_the_token_reaches_no_git(
    task: str, below: str, repository: Repository, index: PypiServer, cli: Cli, tmp_path: Path
) -> None:
    """A copy, under any name, of the token in .env is kept from the first git on, which looks for the repository."""
    real, seen = shutil.which("git"), tmp_path / "seen"
    stub = tmp_path / "programs" / "git"
    stub.parent.mkdir()
    stub.write_text(f"#!/bin/sh\nenv >> '{seen}'\nexec '{real}' \"$@\"\n", encoding="utf-8")
    stub.chmod(0o755)
    repository.write(".env", f"PYPI_API_TOKEN={index.token}\n").chmod(0o600)
    (repository.path / below).mkdir(parents=True, exist_ok=True)
    path = f"{stub.parent}{os.pathsep}{os.environ['PATH']}"
    env = {"PATH": path, "PYPI_API_TOKEN": "", "A_COPY": f"https://__token__:{index.token}@example.org/", "KEPT": "yes"}
    cli(task, cwd=repository.path / below, env=env)
    text = seen.read_text(encoding="utf-8")
    assert "KEPT=yes" in text
    assert not leaked(index.token, text)


@contextlib.contextmanager
def _sampled(parent: int) -> Iterator[dict[str, set[str]]]:
    """Look at the process table all the time: command lines, and the environments of what descends from a process."""
    table: dict[str, set[str]] = {"commands": set(), "children": set()}
    over = threading.Event()

    def sample() -> None:
        while not over.wait(0.01):
            parents, commands = {}, {}
            for path in Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError, IndexError, ValueError):
                    commands[int(path.name)] = path.joinpath("cmdline").read_text(errors="replace")
                    parents[int(path.name)] = int(path.joinpath("stat").read_text().rpartition(")")[2].split()[1])
            table["commands"].update(commands.values())
            for number in _descendants(parent, parents):
                # Until it starts its program, a child is shown with what its parent has.
                if commands[number] != commands[parents[number]]:
                    with contextlib.suppress(OSError):
                        table["children"].add(Path(f"/proc/{number}/environ").read_text(errors="replace"))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield table
    finally:
        over.set()
        thread.join()


def _descendants(process: int, parents: dict[int, int]) -> set[int]:
    found: set[int] = set()
    while more := {child for child, parent in parents.items() if parent in found | {process}} - found:
        found |= more
    return found


def _files(folder: Path, *, but: str = "") -> list[str]:
    """Return the content of every file below a folder."""
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name != but]
    return [path.read_bytes().decode("utf-8", "replace") for path in paths]


def _objects(repository: Path) -> str:
    """Return every object of a repository, also of those that nothing names."""
    every = ["git", "cat-file", "--batch", "--batch-all-objects", "--unordered"]
    return subprocess.run(every, cwd=repository, check=True, capture_output=True).stdout.decode("utf-8", "replace")


def _members(distribution: Path) -> Iterable[str]:
    """Return the content of every member of a distribution."""
    if distribution.suffix == ".whl":
        with zipfile.ZipFile(distribution) as wheel:
            return [wheel.read(name).decode("utf-8", "replace") for name in wheel.namelist()]
    with tarfile.open(distribution) as sdist:
        files = [sdist.extractfile(member) for member in sdist.getmembers() if member.isfile()]
        return [file.read().decode("utf-8", "replace") for file in files if file]


def test_what_libraries_tell_of_an_upload_with_their_debugging_on(
    repository: Repository, index: PypiServer, isolated_environment: Environment
) -> None:
    """The authorization header that http.client prints, and all that urllib3, requests and twine log, is masked."""
    program = (
        "import http.client, logging, sys; from pathlib import Path\n"
        "http.client.HTTPConnection.debuglevel = 1; logging.basicConfig(level=logging.DEBUG)\n"
        "from release_recipes.cli.session import Session; from release_recipes.index import twine\n"
        "from release_recipes.settings import Target, sources, token\n"
        "target = Target(sys.argv[1], '')\n"
        "with Session('upload', json=False):\n"
        "    held = token(sources(Path.cwd()), target)\n"
        "    with twine.uploading(target, held, (9, 9)) as connection:\n"
        "        print(twine.upload(connection, Path(sys.argv[2]), sys.argv[3]), [held], connection.session.auth)\n"
    )
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation"], cwd=repository.path, check=True, capture_output=True
    )
    wheel = next(repository.path.joinpath("dist").glob("*.whl"))
    done = subprocess.run(
        [sys.executable, "-c", program, index.upload_url, wheel, Artifact.of(wheel).sha256],
        cwd=repository.path,
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    assert "Authorization: Basic **********" in done.stdout
    assert "urllib3" in done.stderr
    assert "Answer(status=200" in done.stdout
    assert leaked(index.token, done.stdout + done.stderr) == []
    assert isolated_environment.temporary
