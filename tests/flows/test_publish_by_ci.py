"""With `publish = "ci"` this machine tags and pushes, CI publishes on the tag, and that is watched to its end."""

import contextlib
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen

import pytest

from support.cli import HURRIED, Cli, Result, without_log
from support.github import FakeGitHub
from support.github_runs import PlayedRun
from support.index import PypiServer
from support.packages import change, make_packages
from support.projects import quick_files
from support.repository import Repository

RELEASE = ("release", "--part", "minor", "--skip-tests", "--yes")
WHEEL, SDIST = "demo_package-1.3.0-py3-none-any.whl", "demo_package-1.3.0.tar.gz"
PAGES = "https://github.localhost/o/r"
WORKFLOW = "on:\n  push:\n    tags: [v*]\njobs:\n  publish:\n    steps:\n    - run: release-recipes publish\n"
AFTER = {"refs/heads/main", "refs/tags/v1.2.3", "refs/tags/v1.2.3^{}", "refs/tags/v1.3.0", "refs/tags/v1.3.0^{}"}
hurried = Cli(HURRIED)


class Stage:
    """A project that CI publishes, its GitHub and its index; no token is set."""

    def __init__(self, repository: Repository, hub: FakeGitHub, pypi: PypiServer) -> None:
        self.repository, self.hub, self.pypi = repository, hub, pypi
        self.settings = {"PYPI_REPOSITORY_URL": pypi.upload_url, "PYPI_INDEX_URL": pypi.index_url}

    def __call__(self, *words: str, **variables: str) -> Result:
        """Run the product."""
        return hurried(*words, cwd=self.repository.path, env=self.settings | variables)

    @property
    def record(self) -> Path:
        """The file that waits."""
        return self.repository.path / ".git/release-recipes/demo-package-1.3.0/record.json"

    @contextlib.contextmanager
    def ci(self, *acts: Callable[[PlayedRun], object]) -> Iterator[None]:
        """Play CI: as soon as the tag is on the remote, a run starts and does its acts."""

        def play() -> None:
            deadline = time.monotonic() + 60
            while not (commit := self.repository.remote_refs().get("refs/tags/v1.3.0^{}")):
                if time.monotonic() > deadline:
                    return
                time.sleep(0.05)
            run = self.hub.add_run(commit, "v1.3.0", status="in_progress", jobs={"publish": "in_progress"})
            for act in acts:
                act(run)

        thread = threading.Thread(target=play)
        thread.start()
        try:
            yield
        finally:
            thread.join()

    def publish(self, run: PlayedRun) -> None:
        """Publish what was built here, as CI does with the same bytes, and end green."""
        for name in (WHEEL, SDIST):
            shutil.copyfile(self.record.parent / "dist" / name, self.pypi.folder / name)
        release = self.hub.add_release("v1.3.0")
        for name in (WHEEL, SDIST):
            self.hub.add_asset(release, name, (self.pypi.folder / name).read_bytes())
        run.jobs["publish"] = "success"
        run.end("success")

    def fail(self, run: PlayedRun) -> None:
        """Fail."""
        run.jobs["publish"] = "failure"
        run.end("failure")

    def released(self) -> None:
        """See that the release is over: here, on the remote and on the index."""
        refs = self.repository.remote_refs()
        assert set(refs) == AFTER
        assert refs["refs/heads/main"] == refs["refs/tags/v1.3.0^{}"] == self.repository.head
        assert self.repository.git("rev-parse", "v1.3.0") == refs["refs/tags/v1.3.0"]
        assert set(self.pypi.files()) == {WHEEL, SDIST}
        assert not self.record.parent.exists()
        assert self.repository.git("for-each-ref", "refs/release-recipes") == ""
        assert self.repository.git("status", "--porcelain") == ""
        assert [request for request in self.pypi.requests if request.startswith("POST")] == []


@pytest.fixture
def stage(
    make_repository: Callable[..., Repository], pypi: PypiServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stage]:
    """Make a project with a workflow that publishes, on a GitHub to which gh is signed in."""
    files = quick_files()
    files["pyproject.toml"] += 'publish = "ci"\n'
    repository = make_repository(noxfile=True, files={**files, ".github/workflows/release.yml": WORKFLOW})
    with FakeGitHub(repository.remote) as hub:
        hub.host_remote_of(repository, monkeypatch)
        yield Stage(repository, hub, pypi)


def read_until(process: Popen[str], line: str) -> None:
    """Read what a process says, up to a line that begins so."""
    seen = ""
    assert process.stdout is not None
    for shown in process.stdout:
        seen += shown
        if shown.startswith(line):
            return
    raise AssertionError(seen)


def waiting(stage: Stage) -> list[str]:
    """Return what `status` says of the release that waits."""
    told = stage("status", "--json")
    assert (told.code, told.json["outcome"]) == (0, "unfinished")
    words: list[str] = told.json["status"]["waiting"]["demo-package 1.3.0"]
    return words


def test_ci_is_green(stage: Stage) -> None:
    """Without a token: the tag is pushed, CI publishes, and success is said after run, index and release were seen."""
    with stage.ci(stage.publish):
        done = stage(*RELEASE)
    assert done.code == 0, done.err
    stage.released()
    lines = done.out.splitlines()
    (run,) = stage.hub.runs
    assert f"CI publishes it: success ({PAGES}/actions/runs/{run.id})" in lines
    assert f"GitHub release: {PAGES}/releases/tag/v1.3.0" in lines
    assert f"2 files, {stage.pypi.index_url}demo-package/, {PAGES}/releases/tag/v1.3.0, {PAGES}/actions/" in done.out
    assert lines[-1] == "demo-package 1.3.0: released"
    assert "Not as it was built here" not in done.out
    assert [line.split()[1] for line in lines if line.startswith("✓")] == [
        *("check", "bump", "commit", "build", "inspect", "tag", "claim", "push", "update-branch", "watch")
    ]
    message = stage.repository.git("tag", "--list", "--format=%(contents)", "v1.3.0")
    assert message == (
        f"demo-package 1.3.0\n\nIndex: {stage.pypi.index_url}\nPublished by: CI\n\n"
        "CI builds the distributions from this commit, and publishes them.\n"
    )
    assert stage("resume").out.splitlines()[-1] == "No release is unfinished."


def test_ci_is_red_and_then_green(stage: Stage) -> None:
    """A red run is told with its jobs and what to do, exit code 3; run again by hand, `resume` sees the end."""
    with stage.ci(stage.fail):
        stopped = stage(*RELEASE)
    (run,) = stage.hub.runs
    page = f"{PAGES}/actions/runs/{run.id}"
    assert stopped.code == 3
    hint = (
        f"Fix the cause, then: gh run rerun {run.id} --failed --repo github.localhost/o/r && release-recipes resume. "
        "If the release needs another commit: release-recipes abandon"
    )
    assert stopped.err.splitlines()[-2:] == [
        f"error: CI did not finish v1.3.0: its run ended with failure in publish ({page}).",
        f"   → {hint}",
    ]
    assert set(stage.repository.remote_refs()) == AFTER
    assert stage.record.exists()
    assert waiting(stage) == [
        f"CI publishes it: failure ({page})",
        "The index has 0 files of demo-package 1.3.0",
        "tag v1.3.0: pushed",
        "watch it to its end: release-recipes resume",
    ]
    refused = stage(*RELEASE)
    assert refused.code == 3
    assert refused.err.startswith("error: The release of demo-package 1.3.0 is not finished (started ")
    run.status, run.conclusion = "in_progress", None
    stage.publish(run)
    done = stage("resume")
    assert done.code == 0, done.err
    stage.released()


def test_the_watcher_is_killed(stage: Stage) -> None:
    """After a kill, `status` asks how far CI is, and `resume` watches on."""
    with stage.ci():
        process = hurried.start(*RELEASE, cwd=stage.repository.path, env=stage.settings)
        read_until(process, "CI publishes it: running publish (")
        process.kill()
        process.communicate()
    (run,) = stage.hub.runs
    assert waiting(stage) == [
        f"CI publishes it: running publish ({PAGES}/actions/runs/{run.id})",
        "The index has 0 files of demo-package 1.3.0",
        "tag v1.3.0: pushed",
        "watch it to its end: release-recipes resume",
    ]
    stage.publish(run)
    assert waiting(stage) == [
        f"CI publishes it: success ({PAGES}/actions/runs/{run.id})",
        "The index has 2 files of demo-package 1.3.0",
        f"GitHub release: {PAGES}/releases/tag/v1.3.0",
        "tag v1.3.0: pushed",
        "watch it to its end: release-recipes resume",
    ]
    done = stage("resume")
    assert done.code == 0, done.err
    stage.released()
    assert done.out.splitlines()[-1] == "demo-package 1.3.0: released"


def test_killed_before_the_push(stage: Stage) -> None:
    """Killed between claim and push, nothing is public; `status` says what is missing, and `resume` pushes the tag."""
    hook = stage.repository.remote / "hooks" / "post-receive"
    hook.write_text("#!/bin/sh\ntouch reached && sleep 0.5", encoding="utf-8")
    hook.chmod(0o755)
    process = hurried.start(*RELEASE, cwd=stage.repository.path, env=stage.settings)
    while not (stage.repository.remote / "reached").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.communicate()
    time.sleep(0.7)  # the push of the killed one
    hook.unlink()
    assert waiting(stage) == [
        "CI publishes it: no run of v1.3.0 has started yet",
        "The index has 0 files of demo-package 1.3.0",
        "tag v1.3.0: missing",
        "push its tag, and watch it: release-recipes resume",
    ]
    colleague = stage.repository.other_clone()
    stopped = hurried("abandon", cwd=colleague.path, env=stage.settings)
    assert stopped.code == 3
    assert stopped.err.splitlines()[0].endswith(
        f", and is not finished: {stage.pypi.index_url} has none of its files."
    ), stopped.err
    with stage.ci(stage.publish):
        done = stage("resume")
    assert done.code == 0, done.err
    stage.released()


@pytest.mark.parametrize("step", ["claim", "push", "update-branch", "watch", "install-from-index"])
def test_killed_at_a_step(step: str, stage: Stage) -> None:
    """Killed as any step of act 3 begins, `resume` comes to the one end."""
    with stage.ci(stage.publish):
        killed = stage(*RELEASE, AT=step, RUN="kill -9 $PPID")
        assert killed.code == -signal.SIGKILL
        assert stage.record.exists()
        done = stage("resume")
    assert done.code == 0, done.err
    stage.released()


def test_ctrl_c(stage: Stage) -> None:
    """Ctrl-C stops the watching: exit code 3, and it is said that CI goes on."""
    with stage.ci():
        process = hurried.start(*RELEASE, cwd=stage.repository.path, env=stage.settings)
        read_until(process, "CI publishes it: running publish (")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 3
    assert without_log(said).splitlines()[-2:] == [
        "error: CI goes on with demo-package 1.3.0; only the watching was stopped.",
        "   → See how far it is: release-recipes status. To watch it again: release-recipes resume",
    ]
    assert list(Path(os.environ["TMPDIR"]).iterdir()) == []
    stage.publish(stage.hub.runs[0])
    assert stage("resume").code == 0
    stage.released()


def test_no_run_appears(stage: Stage) -> None:
    """A tag that starts nothing is told with what to look at; exit code 3."""
    stopped = stage(*RELEASE)
    assert stopped.code == 3
    assert "error: CI has started no run of v1.3.0." in stopped.err
    assert stage.record.exists()


def test_gh_is_signed_out(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a login only the index is watched: a warning in act 1, a line in act 3, and no question to GitHub."""
    for name in stage.hub.environment():
        monkeypatch.delenv(name)
    for name, value in stage.hub.environment("no").items():
        monkeypatch.setenv(name, value)
    with stage.ci(stage.publish):
        done = stage(*RELEASE)
    assert done.code == 0, done.err
    stage.released()
    lines = done.out.splitlines()
    only = "Only the index can be watched: gh is not signed in to github.localhost."
    assert f"warning [ci-publishes]: {only}" in lines
    assert "CI publishes it: only the index can be asked, because gh is not signed in" in lines
    assert "GitHub release" not in done.out
    assert stage.hub.calls == []


def test_a_dry_run(stage: Stage) -> None:
    """A dry run tells the steps that are run, and no upload."""
    before = stage.repository.snapshot()
    planned = stage(*RELEASE, "--dry-run")
    assert planned.code == 0, planned.err
    steps = [line.removeprefix("• ").split()[0] for line in planned.out.splitlines() if line.startswith("•")]
    assert steps[steps.index("tag") :] == [
        *("tag", "next-version", "claim", "push", "update-branch", "watch", "install-from-index")
    ]
    assert f"  to      {stage.pypi.upload_url} (environment PYPI_REPOSITORY_URL), published by CI" in planned.out
    assert (
        "• watch              watch CI publish demo-package 1.3.0 on the tag v1.3.0: its run on GitHub if gh is signed "
        f"in, {stage.pypi.index_url}, and the GitHub release"
    ) in planned.out
    assert stage.repository.snapshot() == before


@pytest.mark.parametrize(
    ("words", "step"), [(("release", "--part", "minor", "--skip-tests", "--test"), "upload"), (("rehearse",), "upload")]
)
def test_what_is_never_published_by_ci(words: tuple[str, ...], step: str, stage: Stage) -> None:
    """A release to TestPyPI and a rehearsal are made here: a dry run of them uploads, and nothing is watched."""
    test = {"TEST_PYPI_REPOSITORY_URL": stage.pypi.upload_url, "PYPI_TEST_TOKEN": stage.pypi.token}
    planned = stage(*words, "--dry-run", **test)
    assert planned.code == 0, planned.err
    steps = [line.removeprefix("• ").split()[0] for line in planned.out.splitlines() if line.startswith("•")]
    assert (step in steps, "watch" in steps) == (True, False)


def test_a_rehearsal(stage: Stage) -> None:
    """A rehearsal has no CI: it uploads to its own index, and its tag lists the files."""
    done = stage("rehearse", "--part", "minor", "--skip-tests", "--json")
    assert done.code == 0, done.err
    steps = [step["name"] for step in done.json["steps"]]
    assert ("upload" in steps, "watch" in steps) == (True, False)
    assert done.json["rehearsal"]["github_release"].endswith("/o/r")
    assert "and make a GitHub release on " in done.err
    assert "a rehearsal makes no GitHub release" in done.err


def test_it_is_abandoned(stage: Stage) -> None:
    """A release that cannot succeed is given up: the tag stays public, and that needs --yes."""
    with stage.ci(stage.fail):
        assert stage(*RELEASE).code == 3
    stopped = stage("abandon")
    assert stopped.code == 3
    assert stopped.err.splitlines()[0] == (
        "error: This stays public: the tag v1.3.0. CI may still publish more, unless you cancel its run."
    )
    done = stage("abandon", "--yes")
    assert done.code == 0, done.err
    assert set(stage.repository.remote_refs()) == AFTER
    assert not stage.record.parent.exists()


def test_the_branch_is_protected(stage: Stage) -> None:
    """Where the branch refuses the commit, no tag is pushed that CI would refuse: exit code 1, and no trace."""
    before = stage.repository.remote_refs()
    hook = stage.repository.remote / "hooks" / "update"
    hook.write_text('#!/bin/sh\ncase "$1" in refs/heads/*) echo "main is protected"; exit 1;; esac', encoding="utf-8")
    hook.chmod(0o755)
    stopped = stage(*RELEASE)
    assert stopped.code == 1
    message, hint = stopped.err.splitlines()[-2:]
    assert message.startswith("error: origin does not accept branch and tag, and CI publishes nothing else: main is ")
    assert hint == "   → Allow your user to push to main; or bump in a pull request, and release with --part none."
    assert stage.repository.remote_refs() == before
    assert not stage.record.parent.exists()


def test_the_setting(quick: Repository, cli: Cli, index: PypiServer) -> None:
    """The setting has two values, and a variable."""
    stopped = cli(*RELEASE, cwd=quick.path, env=index.settings | {"RELEASE_PUBLISH": "hera"})
    assert (stopped.code, stopped.err.splitlines()) == (
        2,
        ["error: publish is 'hera', which is not one of its values.", "   → Use one of here, ci."],
    )


def test_several_packages(tmp_path: Path, pypi: PypiServer) -> None:
    """Each package is watched until the index has it, before the next one, which needs it, is tagged."""
    repository = make_packages(
        tmp_path / "my packages", "alpha", "beta", requires={"alpha": "beta>=1.2"},
        files={".github/workflows/release.yml": WORKFLOW},
    )  # fmt: skip
    change(repository, "alpha", "beta")
    seen: list[set[str]] = []

    def play() -> None:
        for name in ("beta", "alpha"):
            deadline = time.monotonic() + 60
            while f"refs/tags/{name}-v1.3.0" not in repository.remote_refs() and time.monotonic() < deadline:
                time.sleep(0.05)
            time.sleep(0.5)
            seen.append({ref for ref in repository.remote_refs() if ref.endswith("v1.3.0")})
            state = repository.path / f".git/release-recipes/projects/packages%2F{name}"
            shutil.copytree(state / f"{name}-1.3.0/dist", pypi.folder, dirs_exist_ok=True)

    thread = threading.Thread(target=play)
    thread.start()
    settings = {"PYPI_REPOSITORY_URL": pypi.upload_url, "PYPI_INDEX_URL": pypi.index_url, "RELEASE_PUBLISH": "ci"}
    done = hurried(*RELEASE, "--all-changed", cwd=repository.path, env=settings)
    thread.join()
    assert done.code == 0, done.err
    assert seen == [{"refs/tags/beta-v1.3.0"}, {"refs/tags/alpha-v1.3.0", "refs/tags/beta-v1.3.0"}]
    assert [line for line in done.out.splitlines() if line.endswith("released")] == [
        *("beta 1.3.0: released", "alpha 1.3.0: released", "beta 1.3.0, alpha 1.3.0: released")
    ]
