"""CI is watched: its run on a GitHub of ours by the true gh, the index, and the GitHub release."""

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from release_recipes import events
from release_recipes.errors import Interrupted, StoppedWatching, Unfinished
from release_recipes.index.retry import Retries
from release_recipes.publish import World, watch
from release_recipes.settings import Target
from release_recipes.workflows import publishing
from support.github import FakeGitHub
from support.github_runs import PlayedRun
from support.hurried import HURRIED
from support.index import PypiServer
from support.world import make_world

ADDRESS = "https://github.localhost/o/r.git"
PAGE = "https://github.localhost/o/r/actions/runs"
WHEEL, SDIST = "box-1.0-py310-none-any.whl", "box-1.0.tar.gz"
WORKFLOW = "on:\n  push:\n    tags: [v*]\njobs:\n  publish:\n    steps:\n    - run: release-recipes publish\n"
PATIENCE = replace(HURRIED, appears=1.0, watch=20.0, served=0.5, github=Retries(2, 5.0, 0.01, 0.01))


class Stage:
    """A release whose tag is pushed, and what CI does with it."""

    def __init__(self, world: World, hub: FakeGitHub, pypi: PypiServer) -> None:
        self.world, self.hub, self.pypi = world, hub, pypi
        self.told: list[str] = []
        self.warned: list[str] = []

    def change(self, **words: Any) -> None:  # noqa: ANN401 - the fields of Record
        """Change fields of the record."""
        self.world = replace(self.world, record=replace(self.world.record, **words))

    def in_a_hurry(self, **words: Any) -> None:  # noqa: ANN401 - the fields of Patience
        """Change timeouts."""
        self.world = replace(self.world, patience=replace(PATIENCE, **words))

    def run(self, **words: Any) -> PlayedRun:  # noqa: ANN401 - the fields of PlayedRun
        """Start a run for the tag."""
        return self.hub.add_run(self.world.record.commit, "v1.0", **words)

    def upload(self, *, other: str = "") -> None:
        """Put the files on the index; one of them with other bytes."""
        for artifact in self.world.record.artifacts:
            content = (self.world.dist / artifact.filename).read_bytes()
            (self.pypi.folder / artifact.filename).write_bytes(b"other" if artifact.filename == other else content)

    def release(self) -> None:
        """Make the GitHub release with the files of the index."""
        release = self.hub.add_release("v1.0")
        for path in sorted(self.pypi.folder.iterdir()):
            self.hub.add_asset(release, path.name, path.read_bytes())

    def watch(self) -> str:
        """Watch it to its end; returns the note."""
        with events.listening(self._hear):
            done = watch.STEP.converge(self.world)
        assert done.state == "done"
        return done.note

    def _hear(self, event: events.Event) -> None:
        if isinstance(event, events.Told):
            self.told.append(event.line)
        if isinstance(event, events.Warned):
            self.warned.append(event.finding.message)

    def after(self, line: str, *acts: Callable[[], object]) -> threading.Thread:
        """Act as soon as a line was told."""

        def wait() -> None:
            deadline = time.monotonic() + 15
            while line not in self.told and time.monotonic() < deadline:
                time.sleep(0.01)
            for act in acts:
                act()

        thread = threading.Thread(target=wait)
        thread.start()
        return thread


@pytest.fixture
def stage(tmp_path: Path, pypi: PypiServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Make a release of a wheel and an sdist, on a GitHub to which gh is signed in."""
    folder, bare = tmp_path / "release", tmp_path / "remote.git"
    world = make_world(folder, wheels=1, token="", patience=PATIENCE, by_ci=True, remote_address=ADDRESS)
    (folder / ".github/workflows").mkdir(parents=True)
    (folder / ".github/workflows/release.yml").write_text(WORKFLOW)
    (folder / ".github/workflows/ci.yml").write_text("on: push\n# invoke publish is in another file\n")
    for words in (
        *(["init", "--quiet", "--initial-branch=main"], ["add", ".github"], ["commit", "--quiet", "-m", "release"]),
        *(["remote", "add", "origin", ADDRESS], ["tag", "v1.0"], ["clone", "--quiet", "--bare", ".", str(bare)]),
    ):
        subprocess.run(["git", *words], cwd=folder, check=True)
    target = Target(pypi.upload_url, pypi.index_url)
    record = replace(world.record, commit=world.git.ask("rev-parse", "HEAD"), target=target)
    with FakeGitHub(bare) as hub:
        for name, value in hub.environment().items():
            monkeypatch.setenv(name, value)
        yield Stage(replace(world, record=record, token=None), hub, pypi)


def test_the_workflows_that_publish(stage: Stage) -> None:
    """A workflow that runs the task is found, and one that only mentions it in a comment is not."""
    assert publishing(stage.world.git, "HEAD") == [".github/workflows/release.yml"]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("- run: release-recipes publish", True),
        ("- run: uvx release-recipes publish --dist dist", True),
        ("- run: python -m release_recipes publish", True),
        ('- run: "invoke publish"', True),
        ("- run: inv --echo publish", True),
        ("script: [invoke release]", False),
        ("- run: release-recipes publishing", False),
        ("# - run: invoke publish", False),
    ],
)
def test_a_line_of_a_workflow(line: str, found: bool, stage: Stage) -> None:
    """What runs the task is recognised in the ways in which it is started."""
    workflow = stage.world.git.path / ".github/workflows/release.yml"
    workflow.write_text(f"on: push\njobs:\n  x:\n    steps:\n    {line}\n")
    stage.world.git.does("commit", "--quiet", "-am", "change")
    assert bool(publishing(stage.world.git, "HEAD")) == found


def test_what_gitlab_runs(stage: Stage) -> None:
    """GitLab's file is a workflow, too."""
    (stage.world.git.path / ".gitlab-ci.yml").write_text("release:\n  script: [pip list, release-recipes publish]\n")
    stage.world.git.does("add", ".gitlab-ci.yml")
    stage.world.git.does("rm", "-r", "--quiet", ".github")
    stage.world.git.does("commit", "--quiet", "-m", "change")
    assert publishing(stage.world.git, "HEAD") == [".gitlab-ci.yml"]


def test_everything_is_there(stage: Stage) -> None:
    """Where the run is green and all is public, one look is enough, and each page is told."""
    run = stage.run(jobs={"publish": "success"})
    run.end("success")
    stage.upload()
    stage.release()
    assert stage.watch() == (
        f"2 files, {stage.pypi.index_url}box/, https://github.localhost/o/r/releases/tag/v1.0, {PAGE}/{run.id}"
    )
    assert stage.told == [
        f"CI publishes it: success ({PAGE}/{run.id})",
        "The index has 2 files of box 1.0",
        "GitHub release: https://github.localhost/o/r/releases/tag/v1.0",
    ]
    assert stage.warned == []


def test_each_state_is_told_once(stage: Stage) -> None:
    """A run is told as it appears and as its state changes, with its running jobs and the environment it waits for."""
    page = f"{PAGE}/1"  # the first id that our GitHub gives

    def state(status: str, **words: Any) -> Callable[[], None]:  # noqa: ANN401 - the fields of PlayedRun
        def act() -> None:
            for name, value in {"status": status, **words}.items():
                setattr(stage.hub.runs[0], name, value)

        return act

    matrix = {"test (3.11)": "in_progress", "test (3.12)": "in_progress", "lint": "success"}
    threads = [
        stage.after("CI publishes it: no run of v1.0 has started yet", stage.run),
        stage.after(f"CI publishes it: queued ({page})", state("in_progress", jobs=matrix)),
        stage.after(f"CI publishes it: running test ({page})", state("waiting", waits_for=("pypi",))),
        stage.after(
            f"CI publishes it: waiting for approval of environment pypi ({page})",
            stage.upload,
            stage.release,
            state("completed", conclusion="success"),
        ),
    ]
    stage.watch()
    for thread in threads:
        thread.join()
    assert [line for line in stage.told if line.startswith("CI")] == [
        "CI publishes it: no run of v1.0 has started yet",
        f"CI publishes it: queued ({page})",
        f"CI publishes it: running test ({page})",
        f"CI publishes it: waiting for approval of environment pypi ({page})",
        f"CI publishes it: success ({page})",
    ]
    others = [line for line in stage.told if not line.startswith("CI")]
    assert sorted(set(others)) == sorted(others)
    assert others[0] == "The index has 0 files of box 1.0"
    assert {"The index has 2 files of box 1.0", "GitHub release: https://github.localhost/o/r/releases/tag/v1.0"} < {
        *others
    }


def test_other_runs(stage: Stage) -> None:
    """Runs of other workflows, and of the branch with the same commit, are not the run that publishes."""
    ours = stage.run()
    ours.end("success")
    stage.run(path=".github/workflows/ci.yml").end("failure")
    stage.hub.add_run(stage.world.record.commit, "main").end("failure")
    stage.upload()
    stage.release()
    assert stage.watch().endswith(f"{PAGE}/{ours.id}")


@pytest.mark.parametrize(
    ("end", "jobs", "words"),
    [
        ("failure", {"build": "success", "publish": "failure", "release": "skipped"}, "failure in publish"),
        ("cancelled", {"publish": "cancelled"}, "cancelled"),
        ("timed_out", {"test (3.11)": "timed_out"}, "timed_out in test (3.11)"),
    ],
)
def test_a_red_run(end: str, jobs: dict[str, str], words: str, stage: Stage) -> None:
    """What failed is told with its address, and with the commands that run it again and watch on."""
    run = stage.run(jobs=jobs)
    run.end(end)
    with pytest.raises(Unfinished) as stopped:
        stage.watch()
    assert stopped.value.message == f"CI did not finish v1.0: its run ended with {words} ({PAGE}/{run.id})."
    assert stopped.value.hint == (
        f"Fix the cause, then: gh run rerun {run.id} --failed --repo github.localhost/o/r && release-recipes resume. "
        "If the release needs another commit: release-recipes abandon"
    )


def test_a_red_run_that_has_published(stage: Stage) -> None:
    """If only the GitHub release is missing after a red run, it is said that the index has all."""
    stage.run(jobs={"release": "failure"}).end("failure")
    stage.upload()
    with pytest.raises(Unfinished, match=r"ended with failure in release \(.*\)\. The index has all files\.$"):
        stage.watch()


def test_a_red_run_after_which_all_is_public(stage: Stage) -> None:
    """If nothing is missing, a red run is a warning, and the release is over."""
    stage.run().end("failure")
    stage.upload()
    stage.release()
    stage.watch()
    assert stage.warned == ["The files are on the index, but the run of CI ended with failure."]


def test_a_green_run_without_files(stage: Stage) -> None:
    """A green run is not believed: the index must have the files, if some seconds later."""
    stage.run().end("success")
    with pytest.raises(Unfinished, match=r"^The run of CI succeeded, but the index has no file of box 1\.0: https://"):
        stage.watch()


def test_an_index_that_is_late(stage: Stage) -> None:
    """The index and the release may follow the green run."""
    stage.in_a_hurry(served=10.0)
    run = stage.run()
    run.end("success")
    thread = stage.after(f"CI publishes it: success ({PAGE}/{run.id})", stage.upload, stage.release)
    assert stage.watch().startswith("2 files, ")
    thread.join()
    assert stage.warned == []


def test_a_green_run_without_a_github_release(stage: Stage) -> None:
    """A workflow that makes no GitHub release is a warning; with the setting github_release off it is right."""
    stage.run().end("success")
    stage.upload()
    stage.watch()
    assert stage.warned == ["The files are on the index, but CI made no GitHub release with all of them."]
    stage.warned.clear()
    stage.change(github_release=False)
    stage.watch()
    assert stage.warned == []


def test_a_github_release_with_other_files(stage: Stage) -> None:
    """A GitHub release whose asset is not the file on the index is not the release."""
    stage.run().end("success")
    stage.upload()
    stage.release()
    stage.hub.release("v1.0").assets[SDIST].content = b"other"
    stage.watch()
    assert stage.warned == ["The files are on the index, but CI made no GitHub release with all of them."]


def test_a_build_that_is_not_identical(stage: Stage) -> None:
    """What CI built is compared with the build here, and a difference is a line, not an error."""
    stage.run().end("success")
    stage.upload(other=WHEEL)
    stage.release()
    stage.watch()
    assert stage.told[-1] == f"Not as it was built here: {WHEEL}"
    (stage.pypi.folder / WHEEL).unlink()
    stage.watch()
    assert stage.told[-1] == f"Not as it was built here: {WHEEL}"
    assert stage.warned == ["The files are on the index, but not all that was built here."]


def test_wheels_for_other_platforms(stage: Stage) -> None:
    """A compiled wheel that was built here is not waited for; the sdist, which comes last, is."""
    wheel, sdist = stage.world.record.artifacts
    stage.change(artifacts=(replace(wheel, filename="box-1.0-cp311-cp311-linux_x86_64.whl"), sdist))
    stage.run().end("success")
    (stage.pypi.folder / "box-1.0-cp311-cp311-manylinux_2_28_x86_64.whl").write_bytes(b"")
    assert not watch.look(stage.world).has_all
    (stage.pypi.folder / SDIST).write_bytes(b"")
    assert watch.look(stage.world).has_all


def test_no_run_appears(stage: Stage) -> None:
    """If CI starts nothing, it is said what to look at."""
    stage.in_a_hurry(appears=0.2)
    with pytest.raises(Unfinished) as stopped:
        stage.watch()
    assert stopped.value.message == "CI has started no run of v1.0."
    assert stopped.value.hint == (
        "Check that the workflow is in the commit of the tag and runs on this tag, and that Actions are enabled. A tag "
        "that was pushed with the token of a job starts no workflow. To watch it again: release-recipes resume"
    )
    stage.upload()
    stage.release()
    assert stage.watch().startswith("2 files, ")


def test_the_time_is_over(stage: Stage) -> None:
    """When the time for watching is over, CI goes on, and the release waits."""
    stage.in_a_hurry(watch=0.5)
    run = stage.run(status="in_progress", jobs={"build": "in_progress"})
    with pytest.raises(Unfinished) as stopped:
        stage.watch()
    assert stopped.value.message == (
        f"CI is still at work. CI publishes it: running build ({PAGE}/{run.id}). The index has 0 files of box 1.0."
    )
    assert stopped.value.hint == "To watch it again: release-recipes resume"


def signed_out(stage: Stage, patch: pytest.MonkeyPatch) -> None:
    """Sign gh out."""
    for name in stage.hub.environment():
        patch.delenv(name)
    for name, value in stage.hub.environment("no").items():
        patch.setenv(name, value)


def gh_missing(_: Stage, patch: pytest.MonkeyPatch) -> None:
    """Take gh away."""
    patch.setattr("sys.executable", "/nowhere/bin/python")
    folders = os.environ["PATH"].split(os.pathsep)
    patch.setenv("PATH", os.pathsep.join(folder for folder in folders if not Path(folder, "gh").exists()))


def on_gitlab(stage: Stage, _: pytest.MonkeyPatch) -> None:
    """Move the remote to GitLab."""
    stage.world.git.does("remote", "set-url", "origin", "https://gitlab.com/o/r.git")


def down(stage: Stage, _: pytest.MonkeyPatch) -> None:
    """Let GitHub be down."""
    stage.hub.fail("GET", "/actions/runs", times=100)


@pytest.mark.parametrize(
    ("arrange", "why"),
    [
        (signed_out, "gh is not signed in"),
        (gh_missing, "gh is not installed"),
        (on_gitlab, "the remote is not on GitHub"),
    ],
)
def test_only_the_index(
    arrange: Callable[[Stage, pytest.MonkeyPatch], None], why: str, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where GitHub cannot be asked, the index is watched, and that is told once."""
    arrange(stage, monkeypatch)
    line = f"CI publishes it: only the index can be asked, because {why}"
    thread = stage.after(line, stage.upload)
    assert stage.watch() == f"2 files, {stage.pypi.index_url}box/"
    thread.join()
    assert [told for told in stage.told if "1 files" not in told] == [
        *(line, "The index has 0 files of box 1.0", "The index has 2 files of box 1.0")
    ]


def test_github_that_does_not_answer_for_a_while(stage: Stage) -> None:
    """A release is not over because GitHub gives no answer while CI is at work: the watch goes on until it does."""
    stage.upload()
    run = stage.run(status="in_progress")
    stage.hub.fail("GET", "/actions/runs", times=6)
    line = (
        "CI publishes it: only the index can be asked, because gh api failed (exit code 1): gh: Server Error (HTTP 502)"
    )
    thread = stage.after(line, lambda: run.end("failure"))
    with pytest.raises(Unfinished, match=r"^CI did not finish "):
        stage.watch()
    thread.join()
    assert stage.told.count(line) == 1


def test_two_workflows_on_the_tag(stage: Stage) -> None:
    """Of two workflows that publish the tag, the one that has not ended is watched, not the newest."""
    folder = stage.world.git.path
    (folder / ".github/workflows/other.yml").write_text(WORKFLOW)
    for words in (["add", ".github"], ["commit", "--quiet", "-m", "two workflows"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    stage.change(commit=stage.world.git.ask("rev-parse", "HEAD"))
    first = stage.run(status="in_progress")
    stage.run(status="completed", conclusion="success", path=".github/workflows/other.yml")
    seen = watch.look(stage.world)
    assert seen.run is not None
    assert seen.run.page.endswith(f"/{first.id}")


def test_an_index_that_does_not_answer(stage: Stage) -> None:
    """An index without an answer is told and asked again until the time is over."""
    stage.change(target=Target("http://127.0.0.1:9/", "http://127.0.0.1:9/simple/"))
    stage.in_a_hurry(watch=0.5)
    stage.run(status="in_progress")
    with pytest.raises(Unfinished, match=r"^CI is still at work\. .*\. The index gave no usable answer"):
        stage.watch()
    assert sum(line.startswith("The index gave no usable answer") for line in stage.told) == 1


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), Interrupted("SIGINT")])
def test_ctrl_c(stop: BaseException, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C stops the watching, and not the release."""

    def sleep(_: float) -> None:
        raise stop

    monkeypatch.setattr("time.sleep", sleep)
    stage.run()
    with pytest.raises(StoppedWatching) as stopped:
        stage.watch()
    assert stopped.value.message == "CI goes on with box 1.0; only the watching was stopped."
    assert stopped.value.hint == (
        "See how far it is: release-recipes status. To watch it again: release-recipes resume"
    )


@pytest.mark.parametrize(
    ("index", "page"),
    [
        ("https://pypi.org/simple/", "https://pypi.org/project/box/1.0/"),
        ("https://test.pypi.org/simple/", "https://test.pypi.org/project/box/1.0/"),
        ("https://index.example.org/root/+simple/", "https://index.example.org/root/+simple/box/"),
    ],
)
def test_the_page_of_the_index(index: str, page: str, stage: Stage) -> None:
    """On PyPI the page is the one for a browser."""
    stage.upload()
    seen = watch.look(stage.world)
    elsewhere = replace(seen, record=replace(seen.record, target=Target("", index)), release="a release")
    assert watch._done(elsewhere).note == f"2 files, {page}, a release"  # noqa: SLF001
