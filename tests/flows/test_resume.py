"""A release that stopped is finished from any point, also where somebody did a part of it by hand, or given up."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from release_recipes.commands.status import closing
from release_recipes.settings import PYPI
from support.cli import Cli, Result
from support.faulty import FORBIDDEN, FaultyIndex
from support.index import PypiServer
from support.repository import Repository
from test_state import RECORD

RELEASE = ("release", "--part", "minor", "--skip-tests")
WHEEL, SDIST = "demo_package-1.3.0-py3-none-any.whl", "demo_package-1.3.0.tar.gz"
BEFORE = {"refs/heads/main", "refs/tags/v1.2.3", "refs/tags/v1.2.3^{}"}
AFTER = BEFORE | {"refs/tags/v1.3.0", "refs/tags/v1.3.0^{}"}
CLAIM = "refs/release-recipes/v1.3.0"

#: Folders in which a release stopped, by where it did; made by the first test that needs one.
_STOPPED: dict[str, Path] = {}


class World:
    """A repository with a release under way, its remote and its index, behind a proxy that can fail."""

    def __init__(self, cli: Cli, repository: Repository, pypi: PypiServer, proxy: FaultyIndex) -> None:
        self.cli, self.repository, self.pypi, self.proxy = cli, repository, pypi, proxy
        self.settings = pypi.settings | {"PYPI_REPOSITORY_URL": proxy.upload_url, "PYPI_INDEX_URL": proxy.index_url}

    @property
    def record(self) -> Path:
        """The file that waits."""
        return self.repository.path / ".git/release-recipes/demo-package-1.3.0/record.json"

    @property
    def dist(self) -> Path:
        """The recorded distributions."""
        return self.record.parent / "dist"

    def __call__(self, *words: str, at: Repository | None = None, **variables: str) -> Result:
        """Run the product."""
        return self.cli(*words, cwd=(at or self.repository).path, env=self.settings | variables)

    def stop(self, where: str) -> None:
        """Come to where a release stopped, as a copy of one that truly did.

        ``claimed``: killed after the claim. ``half uploaded``: the sdist was refused. ``uploaded``: the push was.
        """
        if where not in _STOPPED:
            self.really_stop(where)
            self.proxy.requests.clear()
            _STOPPED[where] = self._folder.with_name(f"stopped {where}")
            shutil.copytree(self._folder, _STOPPED[where], symlinks=True, ignore=shutil.ignore_patterns("popen*"))
            return
        shutil.rmtree(self._folder)
        shutil.copytree(_STOPPED[where], self._folder, symlinks=True)
        self.repository.git("remote", "set-url", "origin", str(self.repository.remote))
        target = {
            "upload_address": self.proxy.upload_url,
            "index_address": self.proxy.index_url,
            "username": "__token__",
        }
        self.rewrite(remote_address=str(self.repository.remote), target=target)

    def rewrite(self, **fields: object) -> None:
        """Change fields of the record."""
        record = json.loads(self.record.read_text(encoding="utf-8")) | fields
        self.record.write_text(json.dumps(record), encoding="utf-8")

    def really_stop(self, where: str) -> None:
        """Release as far as that."""
        if where == "half uploaded":
            self.proxy.plan(FORBIDDEN, filename=SDIST)
            assert self(*RELEASE).code == 3
            return
        hook = self.repository.remote / "hooks" / ("update" if where == "uploaded" else "post-receive")
        if where == "uploaded":
            hook.write_text('#!/bin/sh\ncase "$1" in refs/release-recipes/*) ;; *) exit 1;; esac', encoding="utf-8")
        else:
            hook.write_text("#!/bin/sh\ntouch reached && sleep 0.5", encoding="utf-8")
        hook.chmod(0o755)
        process = self.cli.start(*RELEASE, cwd=self.repository.path, env=self.settings)
        while where == "claimed" and not (self.repository.remote / "reached").exists():
            assert process.poll() is None
            time.sleep(0.01)
        if where == "claimed":
            process.kill()
        process.communicate()
        time.sleep(0.7)  # the push of the killed one
        hook.unlink()

    @property
    def _folder(self) -> Path:
        return self.repository.path.parent

    def released(self) -> None:
        """See that all of it is public and nothing waits."""
        refs = self.repository.remote_refs()
        assert set(refs) == AFTER
        assert refs["refs/heads/main"] == refs["refs/tags/v1.3.0^{}"] == self.repository.head
        assert set(self.pypi.files()) == {WHEEL, SDIST}
        assert all(sha in self.repository.git("cat-file", "tag", "v1.3.0") for sha in self.pypi.files().values())
        assert not self.record.parent.exists()
        assert self.repository.git("for-each-ref", "refs/release-recipes") == ""
        assert self.repository.git("status", "--porcelain") == ""


@pytest.fixture
def world(cli: Cli, repository: Repository, pypi: PypiServer) -> Iterator[World]:
    """Make a world in which nothing has happened yet."""
    with FaultyIndex(pypi.upload_url) as proxy:
        yield World(cli, repository, pypi, proxy)


# ---- resume ----------------------------------------------------------------------------------------------------------


def test_nothing_to_resume_is_a_success(world: World) -> None:
    """A resume with nothing to do says so, also when the remote cannot be asked."""
    world.repository.git("remote", "set-url", "origin", "/nowhere")
    done = world("resume", "--json")
    assert (done.code, done.json["outcome"]) == (0, "nothing-waits")
    assert "No release is unfinished." in done.err


def test_it_is_finished_and_finished_again(world: World) -> None:
    """A release with one of its files public is completed, and that is said; a second resume has nothing to do."""
    world.stop("half uploaded")
    assert set(world.pypi.files()) == {WHEEL}
    done = world("resume")
    assert (done.code, done.out.splitlines()[-1]) == (0, "demo-package 1.3.0: released")
    world.released()
    assert [request.filename for request in world.proxy.uploads if request.outcome == "200"] == [SDIST]
    assert world("resume").code == 0


def test_a_second_release_is_refused(world: World) -> None:
    """A release while one waits says so and what to type, and starts nothing."""
    world.stop("half uploaded")
    record = world.record.read_bytes()
    for words in (("release", "--part", "major", "--skip-tests"), ("release", "--part", "major", "--dry-run")):
        refused = world(*words)
        assert refused.code == 3
        assert "error: The release of demo-package 1.3.0 is not finished (started 20" in refused.err
        assert "→ To finish it: release-recipes resume. To abandon it: release-recipes abandon" in refused.err
    assert world.record.read_bytes() == record


def twine(world: World, *files: Path) -> None:
    """Upload by hand."""
    login = ["--username=__token__", f"--password={world.pypi.token}", f"--repository-url={world.pypi.upload_url}"]
    words = [sys.executable, "-m", "twine", "upload", "--non-interactive", "--disable-progress-bar", *login]
    subprocess.run([*words, *map(str, files)], check=True, capture_output=True)


def test_what_was_uploaded_by_hand_is_seen(world: World) -> None:
    """A file that somebody uploaded with twine is not sent again; the rest is done."""
    world.stop("half uploaded")
    twine(world, world.dist / SDIST)
    before = len(world.proxy.uploads)
    assert world("resume").code == 0
    assert len(world.proxy.uploads) == before
    world.released()


def test_what_was_pushed_by_hand_is_seen(world: World) -> None:
    """Branch and tag that somebody pushed with git are found done; the missing file is uploaded."""
    world.stop("half uploaded")
    tag = json.loads(world.record.read_text(encoding="utf-8"))["tag_object"]
    world.repository.git("push", "--quiet", "origin", f"{tag}^{{commit}}:refs/heads/main", f"{tag}:refs/tags/v1.3.0")
    assert world("resume").code == 0
    world.released()


def test_all_done_by_hand_is_a_success(world: World) -> None:
    """Uploaded with twine and pushed with git before anything of ours was: resume only clears away."""
    world.stop("claimed")
    twine(world, world.dist / WHEEL, world.dist / SDIST)
    tag = json.loads(world.record.read_text(encoding="utf-8"))["tag_object"]
    world.repository.git("push", "--quiet", "origin", f"{tag}^{{commit}}:refs/heads/main", f"{tag}:refs/tags/v1.3.0")
    done = world("resume")
    assert done.code == 0, done.err
    world.released()
    assert world.proxy.uploads == []


def test_before_the_upload_the_remote_is_asked_again(world: World) -> None:
    """A release that was killed before its upload is dropped when the branch has moved since: nothing is public."""
    world.stop("claimed")
    other = world.repository.other_clone()
    other.write("theirs.txt", "news\n")
    other.commit("feat: theirs")
    other.git("push", "--quiet")
    done = world("resume")
    assert done.code == 1
    assert "error: Commits were pushed to origin/main after the checks." in done.err
    assert "→ Release again after: git pull --rebase --tags origin main" in done.err
    assert set(world.repository.remote_refs()) == BEFORE
    assert not world.record.exists()
    assert world.pypi.files() == {}


def test_an_altered_distribution_is_not_sent(world: World) -> None:
    """What is to be uploaded is hashed again; the right file put back, the release is finished."""
    world.stop("half uploaded")
    content = (world.dist / SDIST).read_bytes()
    (world.dist / SDIST).write_bytes(content + b"\0")
    refused = world("resume")
    assert refused.code == 3
    assert f"{world.dist / SDIST} is not the file that was recorded (sha256 " in refused.err
    assert set(world.pypi.files()) == {WHEEL}
    (world.dist / SDIST).write_bytes(content)
    assert world("resume").code == 0
    world.released()


def test_a_distribution_that_is_gone_is_missed_only_where_it_is_needed(world: World) -> None:
    """A file that the index has already may be gone here; one that is to be sent may not."""
    world.stop("half uploaded")
    (world.dist / WHEEL).unlink()
    content = (world.dist / SDIST).read_bytes()
    (world.dist / SDIST).unlink()
    assert world("resume").code == 3
    (world.dist / SDIST).write_bytes(content)
    assert world("resume", CLEAN_BUILD_ARTIFACTS="false").code == 0
    world.released()


def test_a_record_of_the_future_is_finished(world: World) -> None:
    """A clock that was wrong when the release began does not keep it from being finished."""
    world.stop("uploaded")
    world.rewrite(started="2099-01-01T00:00:00+00:00")
    assert world("resume").code == 0
    world.released()


# ---- another remote --------------------------------------------------------------------------------------------------


def another_remote(world: World) -> Path:
    """Let the remote's name lead to another repository, and return that."""
    other = world.repository.remote.with_name("other.git")
    world.repository.git("init", "--quiet", "--bare", str(other))
    world.repository.git("remote", "set-url", "origin", str(other))
    return other


def no_remote(world: World) -> str:
    """Take the remote away, and return how that is called."""
    world.repository.git("remote", "remove", "origin")
    return "does not exist now"


@pytest.mark.parametrize("arrange", [another_remote, no_remote])
def test_another_remote_of_that_name_is_refused(arrange: Callable[[World], object], world: World) -> None:
    """Where the remote's name leads elsewhere, nothing is finished or given up; the command that is told fixes that."""
    world.stop("half uploaded")
    now = arrange(world)
    for task in ("resume", "abandon"):
        refused = world(task)
        assert refused.code == 3
        recorded = world.repository.remote
        word = now if isinstance(now, str) else f"is now {now}"
        assert f"error: The release of 1.3.0 goes to {recorded}, but the remote 'origin' {word}.\n" in refused.err
    hint = refused.err.rpartition("→ ")[2].partition(", then run: release-recipes resume\n")[0]
    subprocess.run(hint, shell=True, check=True, cwd=world.repository.path)  # noqa: S602 - as a user types it
    assert world("resume").code == 0
    world.released()


def test_nothing_is_pushed_to_another_remote(world: World) -> None:
    """Given up all the same, a release gets its tag where it began, and the other repository gets nothing."""
    world.stop("half uploaded")
    other = another_remote(world)
    done = world("abandon", "--yes")
    assert (done.code, world.record.exists()) == (0, False), done.err
    assert world.repository.git("ls-remote", str(other)) == ""
    assert set(world.repository.remote_refs()) == AFTER


# ---- another clone ---------------------------------------------------------------------------------------------------


def test_another_clone_is_told_what_is_under_way(world: World) -> None:
    """From another clone the claim tells who releases what since when, what the index has and what it lacks."""
    world.really_stop("half uploaded")
    other = world.repository.other_clone()
    done = world("resume", at=other)
    assert done.code == 3
    assert "error: v1.3.0 was claimed by Ada Lovelace <ada@example.org> on 20" in done.err
    assert f" has {WHEEL}, but not {SDIST}." in done.err
    assert "→ Finish it on that machine, which has its distributions: release-recipes resume." in done.err
    refused = world(*RELEASE, at=other)
    assert refused.code == 1
    assert (
        "error [claim]: A release of v1.3.0 is in progress: refs/release-recipes/v1.3.0 on origin, created by Ada"
        in refused.err
    )
    assert world("resume").code == 0
    world.released()
    assert world("resume", at=other).code == 0


def test_a_stale_claim_with_files_public(world: World) -> None:
    """A machine that is gone left a file public: abandon from another clone asks for --yes, and pushes the tag."""
    world.really_stop("half uploaded")
    other = world.repository.other_clone()
    refused = world("abandon", at=other)
    assert refused.code == 3
    assert "its tag is pushed: release-recipes abandon --yes" in refused.err
    assert f" has {WHEEL}, but not {SDIST}." in refused.err
    assert CLAIM in world.repository.remote_refs()
    done = world("abandon", "--yes", at=other)
    assert done.code == 0, done.err
    refs = world.repository.remote_refs()
    assert set(refs) == AFTER
    assert refs["refs/tags/v1.3.0"] == world.repository.git("rev-parse", CLAIM)


def test_a_stale_claim_with_nothing_public(world: World) -> None:
    """A machine that is gone uploaded nothing: abandon --yes from another clone takes the claim back; no tag comes."""
    world.really_stop("claimed")
    other = world.repository.other_clone()
    assert "has none of its files" in world("abandon", at=other).err
    assert world("abandon", "--yes", at=other).code == 0
    assert set(world.repository.remote_refs()) == BEFORE
    assert world(*RELEASE, at=other).code == 0


def test_the_claim_of_another_version_or_project(world: World) -> None:
    """One project is released from one place at a time, whatever the version; another project is not held up."""
    world.really_stop("claimed")
    other = world.repository.other_clone()
    refused = world("release", "--part", "major", "--skip-tests", at=other)
    assert refused.code == 1
    assert "error [claim]: A release of v1.3.0 is in progress: refs/release-recipes/v1.3.0 on origin" in refused.err
    assert world("abandon").code == 0
    message = f"other-package 1.0\n\n{'0' * 64}  other_package-1.0.tar.gz\n"
    other.git("tag", "--annotate", f"--message={message}", "other-1.0")
    other.git("push", "--quiet", "origin", "other-1.0:refs/release-recipes/other-1.0")
    other.git("tag", "--delete", "other-1.0")
    assert world(*RELEASE, at=other).code == 0
    assert "refs/release-recipes/other-1.0" in world.repository.remote_refs()


# ---- abandon ---------------------------------------------------------------------------------------------------------


def test_abandon_removes_every_trace_while_nothing_is_public(world: World) -> None:
    """Given up before its upload, a release leaves nothing: no claim, no record, no distribution, no ref."""
    before = world.repository.snapshot()
    world.really_stop("claimed")
    done = world("abandon")
    assert done.code == 0, done.err
    assert set(world.repository.remote_refs()) == BEFORE
    assert world.repository.snapshot() == before
    assert world.repository.git("for-each-ref", "refs/release-recipes") == ""
    assert sorted(path.name for path in (world.repository.path / ".git/release-recipes").iterdir()) == [
        "history.jsonl",
        "lock",
        "logs",
    ]
    assert world(*RELEASE).code == 0


def test_abandon_with_something_public_says_what_stays(world: World) -> None:
    """With a file public, abandon names it and asks for --yes; then the tag is pushed, and the next version is free."""
    world.stop("half uploaded")
    refused = world("abandon")
    assert refused.code == 3
    assert f"error: This stays public: {WHEEL}. {SDIST} will not be published." in refused.err
    assert (
        "→ To finish it instead: release-recipes resume. To abandon it anyway: release-recipes abandon --yes"
        in refused.err
    )
    assert world.record.exists()
    assert world("abandon", "--yes").code == 0
    assert set(world.repository.remote_refs()) == AFTER
    assert not world.record.parent.exists()
    assert world.repository.git("rev-parse", "v1.3.0") == world.repository.remote_refs()["refs/tags/v1.3.0"]
    assert world("release", "--new-version", "1.3.1", "--skip-tests").code == 0


def test_abandon_sees_what_was_uploaded_by_hand(world: World) -> None:
    """A file uploaded with twine counts as public although no upload of ours was ever begun."""
    world.stop("claimed")
    twine(world, world.dist / WHEEL)
    refused = world("abandon")
    assert refused.code == 3
    assert f"This stays public: {WHEEL}." in refused.err


@pytest.mark.parametrize("silent", ["remote", "index"])
def test_abandon_ends_although_nobody_answers(silent: str, world: World) -> None:
    """Where remote or index do not answer, abandon wants --yes, and then ends; the tag is kept here at least."""
    world.stop("half uploaded")
    if silent == "remote":
        world.repository.remote.rename(world.repository.remote.with_name("away.git"))
    else:
        world.rewrite(target={"upload_address": "http://localhost:9/", "index_address": "http://localhost:9/simple/"})
        world.settings = {"PYPI_API_TOKEN": world.pypi.token}
    assert world("abandon").code == 3
    assert world.record.exists()
    done = world("abandon", "--yes")
    assert done.code == 0, done.err
    assert "It is not known what is public.\n" in done.out
    assert ("; the tag v1.3.0 exists only locally" in done.out) == (silent == "remote")
    assert world.repository.git("cat-file", "-t", "v1.3.0") == "tag"
    assert not world.record.parent.exists()
    assert world.repository.git("for-each-ref", "refs/release-recipes") == ""


def test_abandon_ends_although_the_remote_takes_nothing(world: World) -> None:
    """Where the remote takes neither tag nor branch, the claim there keeps the commit, and that is told."""
    world.stop("half uploaded")
    hook = world.repository.remote / "hooks/update"
    hook.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    done = world("abandon", "--yes")
    assert done.code == 0, done.err
    assert "origin refuses both tag and branch, and keeps refs/release-recipes/v1.3.0" in done.out
    assert CLAIM in world.repository.remote_refs()
    assert not world.record.parent.exists()


def test_nothing_to_abandon_is_a_success(world: World) -> None:
    """With nothing under way, abandon says so."""
    done = world("abandon")
    assert (done.code, done.out) == (0, "No release is unfinished.\n")


# ---- status ----------------------------------------------------------------------------------------------------------


def test_status_tells_file_by_file(world: World) -> None:
    """Status shows what is published and what is missing."""
    world.stop("half uploaded")
    said = world("status").out
    assert f"  {WHEEL}: published\n" in said
    assert f"  {SDIST}: missing\n" in said
    assert "  tag v1.3.0: missing\n" in said
    assert said.endswith("  finish it: release-recipes resume\n")


def test_status_tells_conflicts(world: World) -> None:
    """A file with other content and a tag that names something else are told as what they are."""
    world.stop("half uploaded")
    (world.pypi.folder / SDIST).write_bytes(b"another's")
    world.repository.git("push", "--quiet", "origin", "HEAD~1:refs/tags/v1.3.0")
    said = world("status").out
    assert f"  {WHEEL}: published\n" in said
    assert f"  {SDIST}: conflict: the index has a different file of this name\n" in said
    assert "  tag v1.3.0: conflict: the remote has a different one\n" in said


def test_status_tells_what_another_machine_has_claimed(world: World) -> None:
    """From another clone, status tells of a release under way who began it and how it stands."""
    world.really_stop("half uploaded")
    told = world("status", "--json", at=world.repository.other_clone()).json
    assert told["outcome"] == "unfinished"
    (release, lines), *others = told["status"]["waiting"].items()
    assert (release, others) == ("demo-package v1.3.0", [])
    assert lines[0].startswith("v1.3.0 was claimed by Ada Lovelace <ada@example.org> on 20")
    assert lines[1] == f"{world.proxy.index_url} has {WHEEL}, but not {SDIST}"
    assert lines[2] == (
        "finish it on that machine, or, if nothing runs there any more, abandon it: release-recipes abandon"
    )


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-01-02T03:04:05+00:00", ["PyPI takes files for this release for 14 more days"]),
        ("2026-01-15T03:04:04+00:00", ["PyPI takes files for this release for 2 more days"]),
        ("2026-01-16T03:04:04+00:00", ["PyPI takes files for this release for 1 more day"]),
        (
            "2026-01-16T03:04:05+00:00",
            ["PyPI takes no more files for 1.3.0, because 14 days have passed: release-recipes abandon"],
        ),
        ("2025-12-02T03:04:05+00:00", ["PyPI takes files for this release for 14 more days"]),
    ],
)
def test_status_tells_how_long_pypi_waits(at: str, words: list[str]) -> None:
    """PyPI takes files of a release for 14 days, whatever a wrong clock promises; other indexes have no end."""
    record = replace(RECORD, target=PYPI)
    assert closing(record, datetime.fromisoformat(at)) == words
    assert closing(RECORD, datetime.fromisoformat(at)) == []
