"""Watch CI publish a release on its tag: the run on GitHub, the index, and the GitHub release.

Nothing is changed here. Without GitHub, or without ``gh`` and a login, only the index is watched.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from release_recipes import events
from release_recipes.errors import (
    CommandFailed,
    Interrupted,
    NoIndexAnswer,
    ProgramMissing,
    StoppedWatching,
    Unfinished,
    typed,
)  # fmt: skip
from release_recipes.index.page import browser_address
from release_recipes.index.retry import retried
from release_recipes.processes.environment import shown
from release_recipes.programs import gh
from release_recipes.programs.github_answer import GitHubFailed
from release_recipes.publish import listing
from release_recipes.publish.step import Done, Step, World, always
from release_recipes.state.record import Record
from release_recipes.workflows import publishing


@dataclass(frozen=True)
class Run:
    """The run of the workflow that publishes a tag."""

    page: str
    #: Its state, such as ``running publish``; and how it ended, such as ``success``, empty until then.
    state: str
    end: str
    #: The names of its failed jobs, and the command that runs them again.
    failed: str
    again: str


@dataclass(frozen=True)
class Seen:
    """What is known of a release that CI publishes."""

    record: Record
    #: ``None`` if there is none yet, or if GitHub cannot be asked; and why it cannot, empty if it can.
    run: Run | None
    unasked: str
    #: sha256 by name of the files on the index; and why they are not known, empty if they are.
    files: Mapping[str, str]
    fault: str
    #: The page of the GitHub release, if it is public and has these files.
    release: str
    #: Whether GitHub, which gave no answer, may give one the next time.
    is_passing: bool = False

    @property
    def has_all(self) -> bool:
        """Whether the index has what a build anywhere makes: the sdist, and wheels for any platform."""
        anywhere = {a.filename for a in self.record.artifacts if a.is_sdist or a.filename.endswith("-any.whl")}
        return bool(self.files) and anywhere <= self.files.keys()

    @property
    def is_public(self) -> bool:
        """Whether all that can be asked for is public."""
        return self.has_all and bool(self.release or self.unasked or not self.record.github_release)

    def lines(self) -> list[str]:
        """Say it, for the user."""
        run = f"{self.run.state} ({self.run.page})" if self.run else f"no run of {self.record.tag} has started yet"
        ci = f"only the index can be asked, because {self.unasked}" if self.unasked else run
        index = f"The index has {len(self.files)} files of {self.record.project} {self.record.version}"
        return [
            f"CI publishes it: {ci}",
            self.fault or index,
            *[f"GitHub release: {self.release}"] * bool(self.release),
        ]


def look(world: World) -> Seen:
    """Ask GitHub and the index once."""
    record, run, unasked, files, fault, release = world.record, None, "", dict[str, str](), "", ""
    is_passing = False
    try:
        files = dict(listing.of_record(world).theirs)
    except NoIndexAnswer as error:
        fault = error.message
    repository = gh.find(world.git.addresses(record.remote))
    if repository is None or not gh.is_github(repository, world.git.path):
        return Seen(record, None, "the remote is not on GitHub", files, fault, "")
    try:
        run, release = retried(
            world.patience.github, _goes_on, lambda: (_run(world, repository), _release(world, repository, files))
        )
    except ProgramMissing:
        unasked = "gh is not installed"
    except CommandFailed as error:
        signed_out = isinstance(error, GitHubFailed) and (error.signed_out or error.status == HTTPStatus.UNAUTHORIZED)
        unasked = "gh is not signed in" if signed_out else error.message.rstrip(".")
        is_passing = not isinstance(error, GitHubFailed) or error.is_transient  # a timeout, too
    return Seen(record, run, unasked, files, fault, release, is_passing)


def _goes_on(failure: Exception) -> bool | float:
    """Return whether GitHub is asked again, or the seconds that it asks to wait."""
    return isinstance(failure, GitHubFailed) and (failure.wait or failure.is_transient)


def _run(world: World, repository: gh.GitHubRepository) -> Run | None:
    """Return the run of a workflow that publishes the tag of a release."""
    commit, runs, cwd = world.record.commit, "actions/runs", world.git.path
    found = gh.api(repository, f"{runs}?head_sha={commit}&per_page=100", cwd)["workflow_runs"]
    of_tag = [run for run in found if run["head_branch"] == world.record.tag]
    paths = publishing(world.git, commit)
    # A workflow that is not recognised is better than none.
    of_tag = [run for run in of_tag if run["path"].partition("@")[0] in paths] or of_tag
    if not of_tag:
        return None
    # Of each workflow the newest run; of several workflows one that has not ended, then one that failed.
    newest = list({run["path"]: run for run in reversed(of_tag)}.values())
    of_tag = sorted(newest, key=lambda run: (bool(run["conclusion"]), run["conclusion"] == "success", -run["id"]))
    number, end = of_tag[0]["id"], of_tag[0]["conclusion"] or ""
    jobs = gh.api(repository, f"{runs}/{number}/jobs?per_page=100", cwd)["jobs"]
    failed = ", ".join(job["name"] for job in jobs if job["conclusion"] in {"failure", "timed_out"})
    state, going = end or of_tag[0]["status"].replace("_", " "), set[str]()
    if state == "waiting":
        pending = gh.api(repository, f"{runs}/{number}/pending_deployments", cwd)
        state, going = "waiting for approval of environment", {each["environment"]["name"] for each in pending}
    elif state == "in progress":  # a job of a matrix ends its name with its values
        state, going = "running", {job["name"].partition(" (")[0] for job in jobs if job["status"] == "in_progress"}
    again = shown(["gh", "run", "rerun", str(number), "--failed", "--repo", str(repository)])
    return Run(of_tag[0]["html_url"], f"{state} {', '.join(sorted(going))}".strip(), end, failed, again)


def _release(world: World, repository: gh.GitHubRepository, files: Mapping[str, str]) -> str:
    """Return the page of the public release of the tag, if it has the files of the index."""
    if not (files and world.record.github_release):
        return ""
    try:
        release = gh.api(repository, f"releases/tags/{quote(world.record.tag, safe='')}", world.git.path)
    except GitHubFailed as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return ""
        raise
    assets = {each["name"]: each.get("digest") for each in release["assets"] if each["state"] == "uploaded"}
    same = all(assets.get(name, "") in {None, f"sha256:{sha256}"} for name, sha256 in files.items())
    return str(release["html_url"]) if same and not release["draft"] else ""


def _converge(world: World) -> Done:
    try:
        return _watch(world)
    except (KeyboardInterrupt, Interrupted):
        raise StoppedWatching(f"{world.record.project} {world.record.version}") from None


def _watch(world: World) -> Done:
    """Ask until everything is public.

    Raises:
        Unfinished: The run failed or did not appear, or the time is over.
    """
    patience, told, green = world.patience, list[str](), 0.0
    began, (pause, longest) = time.monotonic(), patience.watch_pauses
    while True:
        seen = look(world)
        for line in (line for line in seen.lines() if line not in told):
            events.tell(line)
        told, waited = seen.lines(), time.monotonic() - began
        green = green or (waited if seen.run and seen.run.end == "success" else 0.0)
        late = waited - green > patience.served if green else waited > patience.appears
        if _is_over(seen, late=late):
            return _done(seen)
        if waited + pause > patience.watch:
            so_far = ". ".join(line.rstrip(".") for line in seen.lines())
            raise Unfinished(f"CI is still at work. {so_far}.", f"To watch it again: {typed('resume')}")
        time.sleep(pause)
        pause = min(pause * 1.5, longest)


def _is_over(seen: Seen, *, late: bool) -> bool:
    """Return whether nothing more is to come.

    Args:
        seen: What is known.
        late: Whether a run should have started by now, or, after a green one, the index should have its files.

    Raises:
        Unfinished: The run failed or did not start, or published nothing.
    """
    record, run = seen.record, seen.run
    if seen.unasked:
        return seen.has_all and not seen.is_passing
    if run is None and late and not seen.is_public:
        hint = (
            "Check that the workflow is in the commit of the tag and runs on this tag, and that Actions are enabled. A "
            f"tag that was pushed with the token of a job starts no workflow. To watch it again: {typed('resume')}"
        )
        raise Unfinished(f"CI has started no run of {record.tag}.", hint)
    if run and run.end == "success" and late and not seen.files:
        message = f"The run of CI succeeded, but the index has no file of {record.project} {record.version}: {run.page}"
        raise Unfinished(message, f"See what it did, and then run: {typed('resume')}")
    if run and run.end not in {"", "success"} and not seen.is_public:
        message = (
            f"CI did not finish {record.tag}: its run ended with {run.end}{f' in {run.failed}' * bool(run.failed)}"
        )
        has_all = " The index has all files." * seen.has_all
        hint = f"Fix the cause, then: {run.again} && {typed('resume')}. If the release needs another commit: "
        raise Unfinished(f"{message} ({run.page}).{has_all}", hint + typed("abandon"))
    return bool(run.end if run else late) and (late or seen.is_public)


def _done(seen: Seen) -> Done:
    """Say what is public and where, and what is not as expected."""
    record, page = seen.record, seen.run.page if seen.run else ""
    odd = f"the run of CI ended with {seen.run.end}" if seen.run and seen.run.end != "success" else ""
    if not seen.is_public:
        odd = "CI made no GitHub release with all of them" if seen.has_all else "not all that was built here"
    if odd:
        events.warn(f"The files are on the index, but {odd}.", f"See why: {page}", "watch")
    built = {artifact.filename: artifact.sha256 for artifact in record.artifacts}
    if other := sorted(name for name in built if built[name] != seen.files.get(name)):
        events.tell(f"Not as it was built here: {', '.join(other)}")
    index = browser_address(record.target.index_address, record.project, record.version)
    return Done(note=", ".join([f"{len(seen.files)} files", *filter(None, (index, seen.release, page))]))


def _describe(record: Record) -> list[str]:
    where = f"its run on GitHub if gh is signed in, {record.target.index_address}, and the GitHub release"
    return [f"watch CI publish {record.project} {record.version} on the tag {record.tag}: {where}"]


STEP = Step("watch", always, _describe, _converge)
