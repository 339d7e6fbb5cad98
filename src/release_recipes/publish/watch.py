"""Watch CI publish a release on its tag: the run on GitHub, the index, and the GitHub release.

Nothing is changed here. Without GitHub, or without ``gh`` and a login, only the index is watched.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin

from packaging.utils import canonicalize_name

from release_recipes import events
from release_recipes.errors import (
    CommandFailed,
    Interrupted,
    NoIndexAnswer,
    ProgramMissing,
    StoppedWatching,
    Unfinished,
    typed,
)
from release_recipes.findings import warning
from release_recipes.index.retry import attempts
from release_recipes.processes.environment import shown
from release_recipes.programs import gh
from release_recipes.project.workflows import publishing
from release_recipes.publish import listing
from release_recipes.publish.step import Done, Step, World, always
from release_recipes.settings import PYPI, TEST_PYPI
from release_recipes.state.record import Record


@dataclass(frozen=True)
class Run:
    """The run of the workflow that publishes a tag."""

    #: The command that runs its failed jobs again.
    again: str
    page: str
    #: Its state, such as ``running publish``; and how it ended, such as ``success``, empty until then.
    state: str
    end: str
    #: The names of its failed jobs, how many jobs have ended, and how many there are.
    failed: tuple[str, ...]
    ended: int
    jobs: int


@dataclass(frozen=True)
class Seen:
    """What is known of a release that CI publishes."""

    #: ``None`` if there is none yet, or if GitHub cannot be asked.
    run: Run | None
    #: Why GitHub cannot be asked; empty if it can.
    unasked: str
    #: The page of the repository's runs; empty without GitHub.
    runs: str
    #: sha256 by name of the files on the index; and why they are not known, empty if they are.
    files: Mapping[str, str]
    fault: str
    #: The page of the GitHub release, if it is public and has these files.
    release: str

    def has_all(self, record: Record) -> bool:
        """Return whether the index has what a build anywhere makes: the sdist, and wheels for any platform."""
        anywhere = {a.filename for a in record.artifacts if a.is_sdist or a.filename.endswith("-any.whl")}
        return bool(self.files) and anywhere <= self.files.keys()

    def lines(self, record: Record) -> list[str]:
        """Say it, for the user."""
        ci = f"{self.run.state}: {self.run.page}" if self.run else f"no run of {record.tag} yet"
        index = f"{record.target.index_address} has {', '.join(sorted(self.files)) or 'no file of it yet'}"
        github = [f"GitHub release: {self.release}"] if self.release else []
        unasked = f"only the index can be asked, because {self.unasked}"
        return [f"CI publishes it; {unasked if self.unasked else ci}", self.fault or index, *github]


def look(world: World) -> Seen:
    """Ask GitHub and the index once."""
    files, fault = dict[str, str](), ""
    try:
        files = dict(listing.of_record(world).theirs)
    except NoIndexAnswer as error:
        fault = error.message
    repository = gh.find(world.git.addresses(world.record.remote))
    if repository is None or not gh.is_github(repository, world.git.path):
        return Seen(None, "the remote is not on GitHub", "", files, fault, "")
    github = _GitHub(world, repository)
    run, release, unasked = None, "", ""
    try:
        for attempt in attempts(world.patience.github, lambda error: getattr(error, "is_transient", False)):
            with attempt:
                run, release = github.run(), github.release(files)
    except ProgramMissing:
        unasked = "gh is not installed"
    except CommandFailed as error:
        signed_out = isinstance(error, gh.GitHubFailed) and error.unauthorised
        unasked = "gh is not signed in" if signed_out else error.message.rstrip(".")
    return Seen(run, unasked, f"{repository.web_address}/actions", files, fault, release)


class _GitHub:
    """The questions to GitHub."""

    def __init__(self, world: World, repository: gh.GitHubRepository) -> None:
        self._world, self._record, self._repository = world, world.record, repository

    def run(self) -> Run | None:
        """Return the newest run of a workflow that publishes our tag."""
        found = self._api(f"actions/runs?head_sha={self._record.commit}&per_page=100")["workflow_runs"]
        paths = publishing(self._world.git, self._record.commit)
        of_tag = [run for run in found if run["head_branch"] == self._record.tag]
        # A workflow that is not recognised is better than none.
        of_tag = [run for run in of_tag if run["path"].partition("@")[0] in paths] or of_tag
        return self._read(of_tag[0]) if of_tag else None

    def _read(self, run: dict[str, Any]) -> Run:
        number, status, end = run["id"], run["status"], run["conclusion"] or ""
        jobs = self._api(f"actions/runs/{number}/jobs?per_page=100")["jobs"]
        running = {job["name"].partition(" (")[0] for job in jobs if job["status"] == "in_progress"}
        state = end or status.replace("_", " ")
        if status == "waiting":
            pending = self._api(f"actions/runs/{number}/pending_deployments")
            names = sorted(each["environment"]["name"] for each in pending)
            state = f"waiting for approval of environment {', '.join(names)}" if names else state
        elif running and not end:
            state = f"running {', '.join(sorted(running))}"
        again = shown(["gh", "run", "rerun", str(number), "--failed", "--repo", str(self._repository)])
        failed = tuple(job["name"] for job in jobs if job["conclusion"] in {"failure", "timed_out"})
        ended = sum(job["status"] == "completed" for job in jobs)
        return Run(again, run["html_url"], state, end, failed, ended, len(jobs))

    def release(self, files: Mapping[str, str]) -> str:
        """Return the page of the public release of our tag, if it has the files of the index."""
        if not (files and self._record.github_release):
            return ""
        try:
            release = self._api(f"releases/tags/{quote(self._record.tag, safe='')}")
        except gh.GitHubFailed as error:
            if error.status == 404:  # noqa: PLR2004
                return ""
            raise
        assets = {each["name"]: each.get("digest") for each in release["assets"] if each["state"] == "uploaded"}
        same = all(assets.get(name, "") in {None, f"sha256:{sha256}"} for name, sha256 in files.items())
        return str(release["html_url"]) if same and not release["draft"] else ""

    def _api(self, endpoint: str) -> Any:  # noqa: ANN401 - as gh.api
        return gh.api(self._repository, endpoint, self._world.git.path)


class _Watch:
    """The watching of one release."""

    def __init__(self, world: World) -> None:
        self._world, self._record, self._patience = world, world.record, world.patience
        self._told: dict[str, str] = {}
        self._began, self._green = time.monotonic(), 0.0

    def to_the_end(self) -> Done:
        """Ask until everything is public.

        Raises:
            Unfinished: The run failed or did not appear, or the time is over.
        """
        pause, longest = self._patience.watch_pauses
        while True:
            seen = look(self._world)
            self._tell(seen)
            if done := self._end_of(seen):
                return done
            if time.monotonic() - self._began + pause > self._patience.watch:
                state = f"CI is still at work ({seen.run.state}, {seen.run.page})" if seen.run else "CI is not done"
                index = f"The index has {len(seen.files)} files of {self._name}."
                raise Unfinished(f"{state}. {seen.fault or index}", f"To watch it again: {typed('resume')}")
            time.sleep(pause)
            pause = min(pause * 1.5, longest)

    @property
    def _name(self) -> str:
        return f"{self._record.project} {self._record.version}"

    def _tell(self, seen: Seen) -> None:
        """Tell what is new."""
        run = seen.run
        said = {"index": seen.fault}
        if seen.has_all(self._record):
            said["index"] = f"The index has {self._name}: {', '.join(sorted(seen.files))}"
        if seen.unasked:
            said["ci"] = f"Only the index is watched, because {seen.unasked}."
        elif run:
            said |= {"run": f"The run of CI: {run.page}", "ci": f"CI: {run.state}"}
            events.emit(events.Progress(STEP.name, run.ended, run.jobs))
        else:
            said["ci"] = f"Waiting for CI to start a run of {self._record.tag}."
        for about, line in said.items():
            if line and self._told.get(about) != line:
                self._told[about] = line
                events.emit(events.Told(line))

    def _end_of(self, seen: Seen) -> Done | None:
        """Return how it ended; ``None`` if it goes on.

        Raises:
            Unfinished: The run failed or did not appear, or published nothing.
        """
        record, run, has_all = self._record, seen.run, seen.has_all(self._record)
        released = bool(seen.release or seen.unasked or not record.github_release)
        if run and run.end == "success":
            self._green = self._green or time.monotonic()
            late = time.monotonic() - self._green > self._patience.served
            if late and not seen.files:
                message = f"The run of CI succeeded, but the index has no file of {self._name}: {run.page}"
                raise Unfinished(message, f"See what it did, and then run: {typed('resume')}")
            return self._done(seen) if (has_all and released) or late else None
        if run and run.end:
            if has_all and released:
                return self._done(seen)
            raise _failed(record, run, has_all=has_all)
        if run is None and not seen.unasked and time.monotonic() - self._began > self._patience.appears:
            if has_all and released:
                return self._done(seen)
            raise _no_run(record, seen, self._patience.appears)
        return self._done(seen) if has_all and seen.unasked else None

    def _done(self, seen: Seen) -> Done:
        """Say what is public and where, and what is not as expected."""
        record, run = self._record, seen.run
        if run and run.end != "success":
            _warn(f"Everything is public, but the run of CI ended with {run.end}.", f"See why: {run.page}")
        if record.github_release and not seen.release and not seen.unasked:
            _warn(f"CI made no GitHub release of {record.tag} with these files.", f"See why: {run.page if run else ''}")
        built = {artifact.filename: artifact.sha256 for artifact in record.artifacts}
        if missing := sorted(built.keys() - seen.files.keys()):
            events.emit(events.Told(f"Built here, and not published by CI: {', '.join(missing)}"))
        if other := sorted(name for name in built.keys() & seen.files.keys() if built[name] != seen.files[name]):
            events.emit(events.Told(f"Not the same bytes as the build here: {', '.join(other)}"))
        pages = [_page(record), seen.release, run.page if run else ""]
        return Done(note=", ".join([f"{len(seen.files)} files", *filter(None, pages)]))


def _warn(message: str, hint: str) -> None:
    events.emit(events.Warned(warning(message, hint, "watch")))


def _failed(record: Record, run: Run, *, has_all: bool) -> Unfinished:
    jobs = f" in {', '.join(run.failed)}" if run.failed else ""
    index = " The index has all files." if has_all else ""
    message = f"CI did not finish {record.tag}: its run ended with {run.end}{jobs} ({run.page}).{index}"
    give_up = f"If the release needs another commit: {typed('abandon')}"
    return Unfinished(message, f"Fix the cause, then: {run.again} && {typed('resume')}. {give_up}")


def _no_run(record: Record, seen: Seen, seconds: float) -> Unfinished:
    message = f"CI has started no run of {record.tag} within {seconds / 60:.0f} minutes: {seen.runs}"
    hint = (
        "Check that the workflow is in the commit of the tag and runs on this tag, and that Actions are enabled. A tag "
        f"that was pushed with the token of a job starts no workflow. To watch it again: {typed('resume')}"
    )
    return Unfinished(message, hint)


def _page(record: Record) -> str:
    """Return the page of the release on the index, for a browser where that is known."""
    name, index = canonicalize_name(record.project), record.target.index_address
    if index in {PYPI.index_address, TEST_PYPI.index_address}:
        return urljoin(index, f"/project/{name}/{record.version}/")
    return urljoin(index, f"{name}/")


def _describe(record: Record) -> list[str]:
    where = f"its run on GitHub if gh is signed in, {record.target.index_address}, and the GitHub release"
    return [f"watch CI publish {record.project} {record.version} on the tag {record.tag}: {where}"]


def _converge(world: World) -> Done:
    try:
        return _Watch(world).to_the_end()
    except (KeyboardInterrupt, Interrupted):
        raise StoppedWatching(f"{world.record.project} {world.record.version}") from None


STEP = Step("watch", always, _describe, _converge)
