"""Publish a tag that exists: on a detached HEAD, from a shallow clone, from given distributions, again and again."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from support.alter import alter
from support.cli import Cli, Result
from support.index import PypiServer
from support.packages import make_packages
from support.repository import Repository

FILES = {"demo_package-1.3.0-py3-none-any.whl", "demo_package-1.3.0.tar.gz"}
TAG = ("--tag", "v1.3.0")


def pushed(repository: Repository, *words: str, version: str = "1.3.0", tag: str = "") -> str:
    """Commit a version, tag it, push both, and return the tag's object; `words` are options of `git tag`."""
    for path in (repository.path / "pyproject.toml", repository.path / "demo" / "__init__.py"):
        path.write_text(path.read_text("utf-8").replace("1.2.3", version), "utf-8")
    repository.commit(f"version {version}")
    name = tag or f"v{version}"
    repository.git("tag", *(words or ("--annotate", f"--message={name}")), name)
    repository.git("push", "--quiet", "origin", "HEAD:main", f"refs/tags/{name}")
    return repository.git("rev-parse", f"refs/tags/{name}")


def by_forge(repository: Repository, to: Path, tag: str = "v1.3.0") -> tuple[Path, dict[str, str]]:
    """Clone as the forge's checkout action does, and return the clone and the variables of the job."""
    commit = repository.git("rev-parse", f"{tag}^{{commit}}")
    ref = f"refs/tags/{tag}"
    for words in (
        ("init", "--quiet", str(to)),
        ("-C", str(to), "remote", "add", "origin", str(repository.remote)),
        ("-C", str(to), "-c", "protocol.version=2", "fetch", "--quiet", "--no-tags", "--prune", "--depth=1", "origin",
         f"+{commit}:{ref}"),
        ("-C", str(to), "checkout", "--quiet", "--progress", "--force", ref),
    ):  # fmt: skip
        subprocess.run(["git", *words], check=True, capture_output=True)
    said = {"GITHUB_ACTIONS": "true", "GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": tag, "GITHUB_SHA": commit}
    return to, said | {"GITHUB_REPOSITORY": "octo/demo", "GITHUB_RUN_ID": "1", "CI": "true"}


def built(repository: Repository, to: Path) -> Path:
    """Build the distributions of HEAD, as another job does."""
    subprocess.run([sys.executable, "-P", "-m", "release_recipes", "build"], cwd=repository.path, check=True)
    return Path(shutil.move(repository.path / "dist", to))


def made(folder: Path) -> Path:
    """Make a folder."""
    folder.mkdir()
    return folder


def states(done: Result) -> Mapping[str, str]:
    """Return the state of each step."""
    return {step["name"]: step["state"] for step in done.json["steps"]}


def told(done: Result) -> list[tuple[str, str]]:
    """Return what stopped a task: the check and the message."""
    return [(problem["check"], problem["message"]) for problem in done.json["problems"]]


def test_a_tag_that_was_pushed(quick: Repository, index: PypiServer, cli: Cli) -> None:
    """A tag is published from its commit; a second run is green and uploads nothing."""
    pushed(quick)
    quick.git("commit", "--quiet", "--allow-empty", "--message=chore: something after it")
    before = quick.snapshot()
    done = cli("publish", *TAG, "--json", cwd=quick.path)
    assert (done.code, done.json["outcome"]) == (0, "released")
    assert states(done)["upload"] == "done"
    assert index.files().keys() == FILES
    again = cli("publish", *TAG, "--json", cwd=quick.path)
    assert (again.code, states(again)["upload"]) == (0, "already done")
    assert quick.snapshot() == before


def test_a_shallow_checkout(quick: Repository, index: PypiServer, cli: Cli, tmp_path: Path) -> None:
    """What the forge's checkout action leaves, a lightweight tag on a detached HEAD of depth 1, is published."""
    pushed(quick)
    quick.git("commit", "--quiet", "--allow-empty", "--message=chore: something after it")
    quick.git("push", "--quiet", "origin", "HEAD:main")
    clone, job = by_forge(quick, tmp_path / "job")
    done = cli("publish", "--json", cwd=clone, env=job)
    assert (done.code, done.json["tag"]) == (0, "v1.3.0")
    assert index.files().keys() == FILES


def test_given_distributions(quick: Repository, index: PypiServer, cli: Cli, tmp_path: Path) -> None:
    """Given distributions are inspected and uploaded without any code of the project: it could not even be built."""
    pushed(quick)
    dist = built(quick, tmp_path / "dist")
    clone, job = by_forge(quick, tmp_path / "job")
    shutil.rmtree(clone / "_backend")
    done = cli("publish", "--dist", str(dist), "--json", cwd=clone, env=job)
    assert (done.code, list(states(done))) == (0, ["check", "inspect", "upload", "github", "verify"])
    assert index.files().keys() == FILES


def test_a_build_backend_that_must_not_run(quick: Repository, index: PypiServer, cli: Cli, tmp_path: Path) -> None:
    """With given distributions, a build backend that would write a file is never started."""
    backend = quick.path / "_backend" / "bare_backend.py"
    marker = tmp_path / "it ran"
    pushed(quick)
    dist = built(quick, tmp_path / "dist")
    backend.write_text(f"open({str(marker)!r}, 'w')\n{backend.read_text('utf-8')}", "utf-8")
    pyproject = quick.path / "pyproject.toml"
    pyproject.write_text(pyproject.read_text("utf-8").replace('version = "1.3.0"', 'dynamic = ["version"]'), "utf-8")
    quick.git("commit", "--quiet", "--all", "--message=nothing says the version")
    quick.git("tag", "--force", "--annotate", "--message=again", "v1.3.0")
    quick.git("push", "--quiet", "--force", "origin", "HEAD:main", "v1.3.0")
    done = cli("publish", *TAG, "--dist", str(dist), cwd=quick.path)
    assert done.code == 0, done.err
    assert not marker.exists()
    assert index.files().keys() == FILES


def test_after_a_release(quick: Repository, index: PypiServer, cli: Cli, tmp_path: Path) -> None:
    """After a release of the same tag there is nothing to do: the list in the tag decides, and nothing is built."""
    assert cli("release", "--part", "minor", "--yes", cwd=quick.path).code == 0
    served = index.files()
    clone, job = by_forge(quick, tmp_path / "job")
    done = cli("publish", "--json", cwd=clone, env=job)
    assert (done.code, states(done)) == (
        0,
        {"check": "done", "upload": "already done", "github": "left out", "verify": "done"},
    )
    assert index.files() == served


def test_other_files_than_the_tag_lists(quick: Repository, index: PypiServer, cli: Cli, tmp_path: Path) -> None:
    """A distribution that differs from the published one is told, with what differs, and is not uploaded."""
    assert cli("release", "--part", "minor", "--yes", cwd=quick.path).code == 0
    served = index.files()
    dist = built(quick, tmp_path / "dist")
    alter(dist / "demo_package-1.3.0-py3-none-any.whl")
    done = cli("publish", *TAG, "--dist", str(dist), "--json", cwd=quick.path)
    assert done.code == 0, done.err
    (warning,) = [each for each in done.json["warnings"] if each["check"] == "tag-files"]
    name = "demo_package-1.3.0-py3-none-any.whl"
    assert warning["message"] == f"{name} differs from the file that is published, which is the one that the tag lists."
    assert "What differs: content of demo/__init__.py, demo_package-1.3.0.dist-info/RECORD" in warning["hint"]
    assert index.files() == served


def test_a_file_of_the_list_that_is_missing(quick: Repository, index: PypiServer, cli: Cli, tmp_path: Path) -> None:
    """What the tag lists and the index lacks is uploaded only if it is that file."""
    assert cli("release", "--part", "minor", "--yes", cwd=quick.path).code == 0
    name = "demo_package-1.3.0-py3-none-any.whl"
    dist = built(quick, tmp_path / "dist")
    (index.folder / name).unlink()
    good = (dist / name).read_bytes()
    alter(dist / name)
    refused = cli("publish", *TAG, "--dist", str(dist), "--json", cwd=quick.path)
    ((check, message),) = told(refused)
    assert (refused.code, check) == (3, "tag-files")  # the sdist is public
    assert message.startswith(f"{name} is not the file that the tag lists: sha256 ")
    assert index.files().keys() == {"demo_package-1.3.0.tar.gz"}
    (dist / name).write_bytes(good)
    done = cli("publish", *TAG, "--dist", str(dist), cwd=quick.path)
    assert done.code == 0
    assert index.files().keys() == FILES


@pytest.mark.usefixtures("index")
def test_another_file_on_the_index(quick: Repository, cli: Cli, tmp_path: Path) -> None:
    """Where the tag lists nothing, another file on the index is a conflict that says what differs."""
    pushed(quick)
    dist = built(quick, tmp_path / "dist")
    assert cli("publish", *TAG, "--dist", str(dist), cwd=quick.path).code == 0
    alter(dist / "demo_package-1.3.0-py3-none-any.whl")
    done = cli("publish", *TAG, "--dist", str(dist), "--json", cwd=quick.path)
    (problem,) = done.json["problems"]
    assert (done.code, problem["check"]) == (3, "file-conflict")
    assert "What differs: content of demo/__init__.py" in problem["hint"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("altered", "demo_package-1.3.0-py3-none-any.whl is not what was built: sha256 "),
        (
            "missing",
            "demo_package-1.3.0-py3-none-any.whl is missing, but the job that built it has handed over its hash.",
        ),
        ("added", "demo_package-1.3.0-py2-none-any.whl has no hash in RELEASE_HASHES."),
        ("none", ""),
        ("twice, with folders", ""),
    ],
)
def test_hashes_of_the_job_that_built(
    change: str, message: str, quick: Repository, index: PypiServer, cli: Cli, tmp_path: Path
) -> None:
    """Files that differ from the hashes that the building job handed over are refused before anything is uploaded."""
    pushed(quick)
    dist = built(quick, tmp_path / "dist")
    files = sorted(path.name for path in dist.iterdir())
    hashes = subprocess.run(["sha256sum", *files], cwd=dist, check=True, capture_output=True, text=True).stdout
    wheel = dist / "demo_package-1.3.0-py3-none-any.whl"
    match change:
        case "altered":
            alter(wheel)
        case "missing":
            wheel.unlink()
        case "added":
            shutil.copyfile(wheel, dist / "demo_package-1.3.0-py2-none-any.whl")
        case "twice, with folders":
            hashes = f"{hashes}\r\n{hashes.replace('  demo', '  dist/demo')}"
    done = cli("publish", *TAG, "--dist", str(dist), "--json", cwd=quick.path, env={"RELEASE_HASHES": hashes})
    if not message:
        assert done.code == 0
        return
    ((check, said),) = told(done)
    assert (done.code, check) == (1, "given")
    assert said.startswith(message)
    assert not index.files()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--tag", "v9.9.9"), "origin does not have the tag v9.9.9."),
        (("--only", "pypi"), "--only pypi is not possible."),
        (("--only", "github", "--test"), "--only github is not possible with --test."),
        ((*TAG, "--dist", "nowhere"), "There is no folder"),
        ((*TAG, "--dist", ""), "--dist is empty."),
        (("--tag", " "), "--tag is empty."),
        ((), "HEAD has no tag, and none is given."),
    ],
)
@pytest.mark.usefixtures("index")
def test_wrong_usage(words: tuple[str, ...], message: str, quick: Repository, cli: Cli) -> None:
    """A tag, a folder or a word that does not exist is told in one sentence."""
    if "nowhere" in words:
        pushed(quick)
    done = cli("publish", *words, "--json", cwd=quick.path)
    assert done.code == (1 if "v9.9.9" in words else 2)
    assert told(done)[0][1].startswith(message)


def test_dry_run(quick: Repository, index: PypiServer, cli: Cli) -> None:
    """A dry run says what would be done, and does nothing."""
    pushed(quick)
    before = quick.snapshot()
    done = cli("publish", *TAG, "--dry-run", cwd=quick.path)
    assert done.code == 0, done.err
    assert "• tag                left out: the tag exists" in done.plain
    assert (
        f"upload the files that the index does not have to {index.upload_url} with twine, the sdist last" in done.plain
    )
    assert not index.files()
    assert quick.snapshot() == before


def test_only_the_index_then_only_github(quick: Repository, index: PypiServer, cli: Cli, tmp_path: Path) -> None:
    """The jobs of a workflow do their part each: the second one needs no credentials for the index."""
    pushed(quick)
    dist = built(quick, tmp_path / "dist")
    first = cli("publish", *TAG, "--dist", str(dist), "--only", "index", "--json", cwd=quick.path)
    assert (first.code, list(states(first))) == (0, ["check", "inspect", "upload", "verify"])
    no_token = {"PYPI_API_TOKEN": ""}
    second = cli("publish", *TAG, "--only", "github", "--json", cwd=quick.path, env=no_token)
    assert (second.code, list(states(second))) == (3, ["check", "verify", "github"])
    assert told(second) == [("unfinished", "The GitHub release was left out: the remote is not on GitHub.")]
    assert index.files().keys() == FILES


def test_a_package_in_a_folder(index: PypiServer, cli: Cli, tmp_path: Path) -> None:
    """A package in a folder is published from its own tag, in a shallow checkout, too."""
    repository = make_packages(tmp_path / "packages", "alpha", "beta")
    for path in (repository.path / "packages" / "beta").rglob("*"):
        if path.is_file():
            path.write_text(path.read_text("utf-8").replace("1.2.3", "1.3.0"), "utf-8")
    repository.commit("beta 1.3.0")
    repository.git("tag", "--annotate", "--message=beta 1.3.0", "beta-v1.3.0")
    repository.git("push", "--quiet", "origin", "main", "beta-v1.3.0")
    clone, job = by_forge(repository, tmp_path / "job", "beta-v1.3.0")
    wrong = cli("publish", "--project", "packages/alpha", "--json", cwd=clone, env=job)
    assert (wrong.code, told(wrong)) == (
        1,
        [("tag-version", "The tag beta-v1.3.0 does not name a version of alpha.")],
    )
    done = cli("publish", "--project", "packages/beta", "--json", cwd=clone, env=job)
    assert (done.code, done.json["project"]) == (0, "beta")
    assert {name.partition("-")[0] for name in index.files()} == {"beta"}


def test_check_of_a_tag(quick: Repository, cli: Cli, tmp_path: Path) -> None:
    """`check --tag` validates a tag without any credentials, and changes nothing."""
    pushed(quick)
    clone, job = by_forge(quick, tmp_path / "job")
    offline = {"PYPI_REPOSITORY_URL": "http://127.0.0.1:9/", "PYPI_INDEX_URL": "http://127.0.0.1:9/simple/"}
    with PypiServer(made(tmp_path / "pypi")) as server:
        done = cli("check", "--tag", "v1.3.0", "--json", cwd=clone, env=job | server.settings | {"PYPI_API_TOKEN": ""})
    assert (done.code, done.json["outcome"], done.json["problems"]) == (0, "planned", [])
    unreachable = cli("check", "--tag", "v1.3.0", "--json", cwd=clone, env=job | offline)
    assert unreachable.code == 1
    both = cli("check", "--tag", "v1.3.0", "--part", "minor", "--json", cwd=clone, env=job | offline)
    assert (both.code, told(both)[0][1]) == (2, "--tag cannot be used with --part or --new-version.")


def test_hashes_that_did_not_arrive(quick: Repository, index: PypiServer, cli: Cli, tmp_path: Path) -> None:
    """An output that is empty is not taken for no output: the comparison would be left out."""
    pushed(quick)
    dist = built(quick, tmp_path / "dist")
    done = cli("publish", *TAG, "--dist", str(dist), "--json", cwd=quick.path, env={"RELEASE_HASHES": ""})
    assert (done.code, told(done)[0][1]) == (2, "RELEASE_HASHES is empty.")
    twice = f"{'0' * 64}  a\n{'1' * 64}  a"
    done = cli("publish", *TAG, "--dist", str(dist), "--json", cwd=quick.path, env={"RELEASE_HASHES": twice})
    assert (done.code, told(done)[0][1].startswith("RELEASE_HASHES has a line ")) == (2, True)
    assert not index.files()


def test_files_that_are_no_distributions(quick: Repository, index: PypiServer, cli: Cli, tmp_path: Path) -> None:
    """A file of checksums beside the distributions is named; without any distribution, that is said."""
    pushed(quick)
    dist = made(tmp_path / "dist")
    (dist / "SHA256SUMS").write_text("")
    done = cli("publish", *TAG, "--dist", str(dist), "--json", cwd=quick.path)
    assert (done.code, told(done)[0][1]) == (2, "There are no distributions among the files: SHA256SUMS.")
    shutil.copytree(built(quick, tmp_path / "built"), dist, dirs_exist_ok=True)
    done = cli("publish", *TAG, "--dist", str(dist), "--json", cwd=quick.path)
    assert (done.code, told(done)) == (
        1,
        [("dist-set", "dist/ contains files that are not distributions: SHA256SUMS.")],
    )
    assert not index.files()


def test_a_shallow_clone_of_the_branch(quick: Repository, index: PypiServer, cli: Cli, tmp_path: Path) -> None:
    """The commit of a tag that a shallow clone does not have is fetched, and the history that it has stays."""
    pushed(quick)
    for number in range(60):
        quick.git("commit", "--quiet", "--allow-empty", f"--message=later {number}")
    quick.git("push", "--quiet", "origin", "HEAD:main")
    for depth, has in ((1, 1), (61, 61)):
        clone = tmp_path / f"clone {depth}"
        words = ["git", "clone", "--quiet", f"--depth={depth}", f"file://{quick.remote}", str(clone)]
        subprocess.run(words, check=True, capture_output=True)
        assert cli("check", *TAG, cwd=clone).code == 0
        counted = subprocess.run(["git", "rev-list", "--count", "HEAD"], cwd=clone, check=True, capture_output=True)
        assert int(counted.stdout) >= has
    done = cli("publish", *TAG, cwd=tmp_path / "clone 1")
    assert done.code == 0, done.err
    assert index.files().keys() == FILES


def test_another_spelling_of_the_version(quick: Repository, index: PypiServer, cli: Cli) -> None:
    """1.3 and 1.3.0 are one release, so the second spelling is not uploaded beside the first."""
    (index.folder / "demo_package-1.3-py3-none-any.whl").write_bytes(b"")
    pushed(quick)
    done = cli("publish", *TAG, "--json", cwd=quick.path)
    message = "The index has demo_package-1.3-py3-none-any.whl, which is the same version as 1.3.0."
    assert (done.code, told(done)) == (1, [("tag-files", message)])
    assert len(index.files()) == 1


def test_a_version_that_is_not_normalised(quick: Repository, index: PypiServer, cli: Cli) -> None:
    """The files of 2025.08.03 are found under the name that indexes give them."""
    pyproject = quick.path / "pyproject.toml"
    pyproject.write_text(f"{pyproject.read_text('utf-8')}tag = 'v{{version}}'\n", "utf-8")
    pushed(quick, version="2025.08.03")
    (index.folder / "demo_package-2025.8.3.tar.gz").write_bytes(b"")
    found = cli("publish", "--tag", "v2025.08.03", "--only", "github", "--json", cwd=quick.path)
    assert states(found) == {"check": "done", "verify": "done", "github": "left out"}


def test_checksums_in_the_message_of_a_user(quick: Repository, index: PypiServer, cli: Cli) -> None:
    """Only a message of ours lists the files of a release."""
    pushed(quick, "--annotate", f"--message=Release 1.3.0\n\n{'0' * 64}  demo.deb\n")
    done = cli("publish", *TAG, cwd=quick.path)
    assert done.code == 0, done.err
    assert index.files().keys() == FILES


def test_no_such_remote(quick: Repository, index: PypiServer, cli: Cli) -> None:
    """A remote of another name is taken if it is the only one; otherwise the remotes are named."""
    pushed(quick)
    quick.git("switch", "--quiet", "--detach")
    quick.git("remote", "rename", "origin", "upstream")
    assert cli("check", *TAG, cwd=quick.path).code == 0
    quick.git("remote", "add", "fork", str(quick.remote))
    done = cli("publish", *TAG, "--json", cwd=quick.path)
    assert (done.code, told(done)[0][1]) == (1, "There is no remote 'origin' (there is: fork, upstream).")
    assert not index.files()


@pytest.mark.usefixtures("index")
def test_a_tag_of_something_else(quick: Repository, cli: Cli) -> None:
    """A tag of a tree is told in words."""
    quick.git("tag", "--annotate", "--message=tree", "v1.3.1", "HEAD^{tree}")
    quick.git("push", "--quiet", "origin", "v1.3.1")
    done = cli("publish", "--tag", "v1.3.1", "--json", cwd=quick.path)
    assert (done.code, told(done)[0][1]) == (1, "The tag v1.3.1 is not of a commit.")
