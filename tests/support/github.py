"""A small GitHub of ours for the true ``gh``: releases, pull requests and checks over a true bare repository.

It answers what the product asks, and nothing else: any other question is kept as a crash of the test.

``gh`` is led here by ``http_unix_socket`` in its own configuration folder: it sends every request of its own, for
whatever host, to our socket file. No proxy variable is set, so no other program's traffic is touched, and no request
of ``gh`` can leave the machine. Git never talks to this server: it pushes to the bare repository.

Words and status codes of refusals are those that GitHub's own API was seen to send; what it is not known to do is not
played here.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from secrets import token_hex
from socketserver import ThreadingMixIn, UnixStreamServer
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from support.github_runs import Runs
from support.repository import Repository

SignIn = Literal["token", "no"]
T = TypeVar("T")

WHEN = "2026-01-02T03:04:05Z"
#: What GitHub takes as the notes of a release.
LONGEST_BODY = 125_000
DOCUMENTATION = "https://docs.github.com/rest"


class Call(NamedTuple):
    """One request of ``gh``: method and path; a GraphQL request's path ends in the name of its operation."""

    method: str
    path: str


@dataclass
class Asset:
    """A file of a release; ``starter`` is the state in which a broken upload leaves it."""

    id: int
    content: bytes
    state: Literal["uploaded", "starter"] = "uploaded"
    created_at: str = WHEN

    @property
    def sha256(self) -> str:
        """The sha256 of the content, 64 lower-case hex digits."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass
class Release:
    """A release as GitHub keeps it; several drafts may have one tag."""

    id: int
    tag: str
    title: str = ""
    body: str = ""
    draft: bool = False
    prerelease: bool = False
    immutable: bool = False
    latest: bool = False
    assets: dict[str, Asset] = field(default_factory=dict)

    @property
    def digests(self) -> dict[str, str]:
        """The sha256 of each asset by its name."""
        return {name: asset.sha256 for name, asset in self.assets.items()}


@dataclass
class PullRequest:
    """A pull request from a branch of the same repository; numbers start at 1."""

    number: int
    title: str
    body: str
    head: str
    base: str


@dataclass
class Fault:
    """What goes wrong with the next ``times`` requests that match; ``status`` None is a connection that breaks."""

    method: str
    pattern: str
    status: int | None
    times: int
    message: str
    done: bool
    starter: bool
    headers: dict[str, str]


class Refusal(Exception):
    """An answer of GitHub's that is no success."""

    def __init__(
        self, status: int, message: str, *errors: dict[str, str], headers: dict[str, str] | None = None
    ) -> None:
        """Put the words into the form in which GitHub sends them."""
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self.payload: dict[str, Any] = {"message": message, "documentation_url": DOCUMENTATION, "status": str(status)}
        if errors:
            self.payload["errors"] = list(errors)


@dataclass(frozen=True)
class Request:
    """One request, read and taken apart."""

    method: str
    path: str
    query: dict[str, list[str]]
    body: bytes
    accept: str = ""

    @property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object."""
        loaded: dict[str, Any] = json.loads(self.body or b"{}")
        return loaded


class FakeGitHub(Runs):
    """One repository on a GitHub of ours, served while the context lasts.

    ``releases`` are in the order in which they were made. ``protected`` has the names of protected branches,
    ``check_runs`` and ``statuses`` map a commit's id to ``{name: conclusion}`` and ``{context: state}`` (a conclusion
    of "" is a run that has not ended). ``immutable_releases`` makes releases immutable as they are published.
    ``digests`` False is an older GitHub Enterprise, which tells no digest of an asset; ``commits`` are lines that the
    generated notes have; ``events`` are what the Events API tells, the newest first.
    ``crashes`` holds what went wrong in this server itself; leaving the context raises them.
    """

    def __init__(self, repository: Path, *, name: str = "o/r", host: str = "github.localhost") -> None:
        """Take the bare repository that is asked for tags and branches; requests are answered in the context only."""
        self.repository = repository
        self.name = name
        self.host = host
        self.token = "gho_" + token_hex(18)
        self.default_branch = "main"
        self.immutable_releases = False
        self.releases: list[Release] = []
        self.pull_requests: list[PullRequest] = []
        self.protected: set[str] = set()
        self.check_runs: dict[str, dict[str, str]] = {}
        self.statuses: dict[str, dict[str, str]] = {}
        self.burned_tags: set[str] = set()
        self.digests = True
        self.commits: list[str] = []
        self.events: list[dict[str, Any]] = []
        self.calls: list[Call] = []
        self.crashes: list[Exception] = []
        self.runs = []
        self._faults: list[Fault] = []
        self._ids = iter(range(1, 1_000_000))
        self._lock = threading.RLock()

    # ---- what a test says ------------------------------------------------------------------------------------

    def environment(self, sign_in: SignIn = "token") -> dict[str, str]:
        """Return the variables that lead ``gh`` here, signed in as in CI, or not at all."""
        variables = {
            "GH_CONFIG_DIR": str(self._folder / sign_in),
            "GH_PROMPT_DISABLED": "1",
            "GH_NO_UPDATE_NOTIFIER": "1",
            "GH_TELEMETRY": "false",
        }
        if sign_in == "token":
            variables["GH_TOKEN"] = self.token
            if self.host != "github.com":
                # Without it `gh auth status --hostname` knows no host but github.com.
                variables["GH_HOST"] = self.host
        return variables

    def host_remote_of(self, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put the repository's remote on this GitHub, with gh signed in and CI content with HEAD."""
        address = f"https://{self.host}/{self.name}.git"
        repository.git("config", f"url.{repository.remote}.insteadOf", address)
        repository.git("remote", "set-url", "origin", address)
        for name, value in self.environment().items():
            monkeypatch.setenv(name, value)
        self.check_runs[repository.head] = {"tests": "success"}

    def fail(  # noqa: PLR0913 -- each is a word that a test says by name
        self,
        method: str,
        path: str,
        *,
        status: int | None = 502,
        times: int = 1,
        message: str = "Server Error",
        done: bool = False,
        starter: bool = False,
        headers: dict[str, str] | None = None,
    ) -> Fault:
        """Plan a fault for requests whose path ends in the pattern (``/releases``, ``/releases/*``, ``/assets``).

        ``status`` None breaks the connection in the middle of the request. With ``done`` the request takes effect
        first and only its answer is lost. ``starter`` leaves what GitHub leaves of a broken upload of an asset.
        """
        fault = Fault(method, "*" + path, status, times, message, done, starter, headers or {})
        self._faults.append(fault)
        return fault

    def mend(self) -> None:
        """Forget every fault."""
        self._faults.clear()

    def protect(self, branch: str = "main") -> None:
        """Protect a branch in what the API says; what a push meets is up to the hooks of the bare repository."""
        self.protected.add(branch)

    def release(self, tag: str) -> Release:
        """Return the one release of this tag, drafts included."""
        (found,) = (release for release in self.releases if release.tag == tag)
        return found

    def add_release(self, tag: str, **words: Any) -> Release:  # noqa: ANN401 -- the fields of Release
        """Put a release there as if it had been made before."""
        release = Release(next(self._ids), tag, **words)
        self.releases.append(release)
        return release

    def publish(self, release: Release, *, immutable: bool = False) -> None:
        """Publish a draft, which the events tell; GitHub makes the tag if it is not there, which this does not."""
        release.draft, release.immutable = False, immutable or self.immutable_releases
        payload = {"action": "published", "release": self._json(release)}
        event = {"id": str(next(self._ids)), "type": "ReleaseEvent", "payload": payload, "created_at": WHEN}
        self.events.insert(0, event)

    def burn(self, tag: str) -> None:
        """Publish an immutable release of a tag, and delete it."""
        release = self.add_release(tag, draft=True)
        self.publish(release, immutable=True)
        self._delete_release(Request("DELETE", "", {}, b""), str(release.id))

    def add_asset(self, release: Release, name: str, content: bytes, **words: Any) -> Asset:  # noqa: ANN401
        """Put a file into a release as if it had been uploaded before."""
        release.assets[name] = Asset(next(self._ids), content, **words)
        return release.assets[name]

    # ---- its life --------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        """Listen on a socket file in a new folder."""
        # The path of a socket has 104 bytes at most on some systems, and the temporary folder of a test lies deep.
        self._folder = Path(tempfile.mkdtemp(prefix="gh-", dir="/tmp"))
        socket = self._folder / "socket"
        for sign_in in ("token", "no"):
            (self._folder / sign_in).mkdir()
            (self._folder / sign_in / "config.yml").write_text(f"version: 1\nhttp_unix_socket: {socket}\n")
        self._server = _Server(str(socket), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop, wait for what is under way, and raise what went wrong here."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        shutil.rmtree(self._folder)
        if self.crashes and error is None:
            message = "the fake GitHub failed"
            raise ExceptionGroup(message, self.crashes)

    # ---- one request -----------------------------------------------------------------------------------------

    def fault_for(self, call: Call) -> Fault | None:
        """Note a call, and take the fault that is planned for it, if there is one."""
        with self._lock:
            self.calls.append(call)
            for fault in self._faults:
                if fault.times and fault.method == call.method and fnmatchcase(call.path, fault.pattern):
                    fault.times -= 1
                    return fault
        return None

    def answer(self, request: Request) -> tuple[int, Any]:
        """Return status and payload for a request, after it took effect.

        Raises:
            Refusal: GitHub's answer is no success, and nothing was changed.

        """
        path = unquote(request.path)
        with self._lock:
            for method, pattern, handle in self._routes():
                if method == request.method and (found := re.fullmatch(pattern, path)):
                    return handle(request, *found.groups())
            self.crashes.append(LookupError(f"no answer to {request.method} {path}: {request.body!r}"))
        raise Refusal(404, "Not Found")

    def leave_starter(self, request: Request) -> None:
        """Leave the empty asset that GitHub keeps of an upload which broke."""
        if found := re.fullmatch(r".*/releases/(\d+)/assets", request.path):
            with self._lock:
                self.add_asset(self._by_id(found[1]), request.query["name"][0], b"", state="starter")

    def _routes(self) -> list[tuple[str, str, Callable[..., tuple[int, Any]]]]:
        here = f"/repos/{re.escape(self.name)}"
        return [
            ("GET", "/", lambda _: (200, {})),
            ("POST", f"/graphql/({'|'.join(self._answers())})", self._graphql),
            ("GET", f"{here}/releases", lambda _: (200, [self._json(one) for one in reversed(self.releases)])),
            ("POST", f"{here}/releases", self._create_release),
            ("GET", f"{here}/events", lambda _: (200, self.events)),
            ("GET", f"{here}/releases/tags/(.+)", self._by_tag),
            ("GET", rf"{here}/releases/assets/(\d+)", self._get_asset),
            ("GET", rf"{here}/releases/(\d+)", lambda _, number: (200, self._json(self._by_id(number)))),
            ("PATCH", rf"{here}/releases/(\d+)", self._edit_release),
            ("DELETE", rf"{here}/releases/(\d+)", self._delete_release),
            ("POST", rf"{here}/releases/(\d+)/assets", self._upload_asset),
            ("DELETE", rf"{here}/releases/assets/(\d+)", self._delete_asset),
            ("GET", f"{here}/branches/([^/]+)", self._branch),
            ("GET", f"{here}/commits/(.+)/check-runs", self._check_runs),
            ("GET", f"{here}/commits/(.+)/status", self._status),
            *self._run_routes(here),
        ]

    # ---- releases --------------------------------------------------------------------------------------------

    def _create_release(self, request: Request) -> tuple[int, Any]:
        words = request.json
        tag = words["tag_name"]
        body = words.get("body") or ""
        if words.get("generate_release_notes"):
            body = "\n\n".join(part for part in (body, *self.commits, self._notes(tag)) if part)
        if len(body) > LONGEST_BODY:
            why = f"body is too long (maximum is {LONGEST_BODY} characters)"
            raise Refusal(422, "Validation Failed", _error(field="body", message=why))
        release = Release(
            next(self._ids),
            tag,
            words.get("name") or "",
            body,
            draft=True,
            prerelease=words.get("prerelease", False),
        )
        if not words.get("draft", False):
            self._publish(release)
        self.releases.append(release)
        return 201, self._json(release)

    def _edit_release(self, request: Request, number: str) -> tuple[int, Any]:
        release, words = self._by_id(number), request.json
        release.tag = words.get("tag_name", release.tag)
        release.title = words.get("name", release.title)
        release.body = words.get("body", release.body)
        release.prerelease = words.get("prerelease", release.prerelease)
        if release.draft and words.get("draft") is False:
            self._publish(release)
            # By default, a newly published release becomes the latest one; a pre-release cannot.
            if words.get("make_latest", "true") == "true" and not release.prerelease:
                for other in self.releases:
                    other.latest = other is release
        return 200, self._json(release)

    def _publish(self, release: Release) -> None:
        if any(other.tag == release.tag and not other.draft for other in self.releases):
            raise Refusal(422, "Validation Failed", _error("already_exists", field="tag_name"))
        if release.tag in self.burned_tags:
            errors = (
                _error(field="tag_name", message="tag_name was used by an immutable release"),
                _error(message="Published releases must have a valid tag"),
            )
            raise Refusal(422, "Validation Failed", *errors)
        if not self._commit(f"refs/tags/{release.tag}"):
            # GitHub makes the tag itself.
            self._git("update-ref", f"refs/tags/{release.tag}", self._commit(self.default_branch))
        self.publish(release)

    def _by_tag(self, _: Request, tag: str) -> tuple[int, Any]:
        return 200, self._json(_one(release for release in self.releases if release.tag == tag and not release.draft))

    def _get_asset(self, request: Request, number: str) -> tuple[int, Any]:
        release, name = self._asset(number)
        asset = release.assets[name]
        return 200, asset.content if request.accept == "application/octet-stream" else self._asset_json(name, asset)

    def _delete_release(self, _: Request, number: str) -> tuple[int, Any]:
        release = self._by_id(number)
        if release.immutable:
            self.burned_tags.add(release.tag)
        self.releases.remove(release)
        return 204, None

    def _upload_asset(self, request: Request, number: str) -> tuple[int, Any]:
        release, (name, *_) = self._by_id(number), request.query["name"]
        if release.immutable:
            raise Refusal(422, "Cannot upload assets to an immutable release.")
        if name in release.assets:
            raise Refusal(422, "Validation Failed", _error("already_exists", "ReleaseAsset", field="name"))
        return 201, self._asset_json(name, self.add_asset(release, name, request.body))

    def _delete_asset(self, _: Request, number: str) -> tuple[int, Any]:
        release, name = self._asset(number)
        if release.immutable:
            raise Refusal(422, "Validation Failed")
        del release.assets[name]
        return 204, None

    def _notes(self, tag: str) -> str:
        at = f"{tag}^" if self._commit(f"refs/tags/{tag}") else self.default_branch
        prior = self._git("describe", "--tags", "--abbrev=0", at)
        return f"**Full Changelog**: {self._page}/" + (f"compare/{prior}...{tag}" if prior else f"commits/{tag}")

    def _by_id(self, number: str) -> Release:
        return _one(release for release in self.releases if release.id == int(number))

    def _asset(self, number: str) -> tuple[Release, str]:
        wanted = int(number)
        return _one((one, name) for one in self.releases for name, asset in one.assets.items() if asset.id == wanted)

    def _json(self, release: Release) -> dict[str, Any]:
        api = f"{self._api}/releases/{release.id}"
        return {
            "id": release.id,
            "url": api,
            "html_url": f"{self._page}/releases/tag/{f'untagged-{release.id:020x}' if release.draft else release.tag}",
            "upload_url": f"{api.replace('//api.', '//uploads.')}/assets{{?name,label}}",
            "tag_name": release.tag,
            "name": release.title,
            "body": release.body,
            "draft": release.draft,
            "prerelease": release.prerelease,
            "immutable": release.immutable,
            "assets": [self._asset_json(name, asset) for name, asset in release.assets.items()],
        }

    def _asset_json(self, name: str, asset: Asset) -> dict[str, Any]:
        return {
            "id": asset.id,
            "url": f"{self._api}/releases/assets/{asset.id}",
            "name": name,
            "state": asset.state,
            "size": len(asset.content),
            "created_at": asset.created_at,
            **({"digest": f"sha256:{asset.sha256}" if asset.state == "uploaded" else None} if self.digests else {}),
        }

    # ---- branches, checks ------------------------------------------------------------------------------------

    def _branch(self, _: Request, branch: str) -> tuple[int, Any]:
        if not (commit := self._commit(f"refs/heads/{branch}")):
            raise Refusal(404, "Branch not found")
        return 200, {"name": branch, "commit": {"sha": commit}, "protected": branch in self.protected}

    def _check_runs(self, _: Request, at: str) -> tuple[int, Any]:
        runs = [
            {"name": name, "status": "completed" if end else "in_progress", "conclusion": end or None}
            for name, end in self.check_runs.get(self._known(at), {}).items()
        ]
        return 200, {"total_count": len(runs), "check_runs": runs}

    def _status(self, _: Request, at: str) -> tuple[int, Any]:
        commit = self._known(at)
        statuses = [{"context": name, "state": state} for name, state in self.statuses.get(commit, {}).items()]
        states = {status["state"] for status in statuses}
        # "pending" also where there is no status at all, as GitHub's documentation of the combined status says.
        whole = "failure" if states & {"failure", "error"} else "success" if states == {"success"} else "pending"
        return 200, {"sha": commit, "state": whole, "statuses": statuses, "total_count": len(statuses)}

    def _known(self, at: str) -> str:
        if commit := self._commit(at):
            return commit
        raise Refusal(422, f"No commit found for SHA: {at}")

    # ---- GraphQL ---------------------------------------------------------------------------------------------

    def _answers(self) -> dict[str, Callable[[str, dict[str, Any]], dict[str, Any]]]:
        return {
            "UserCurrent": lambda _, __: {"viewer": {"login": "octocat"}},
            "RepositoryInfo": self._repository_info,
            "PullRequestList": self._pull_request_list,
            "PullRequestForBranch": self._pull_request_list,
            "PullRequestCreate": self._create_pull_request,
        }

    def _graphql(self, request: Request, operation: str) -> tuple[int, Any]:
        words = request.json
        try:
            return 200, {"data": self._answers()[operation](words["query"], words.get("variables") or {})}
        except Refusal as refusal:
            error = {"type": "UNPROCESSABLE", "path": ["createPullRequest"], "message": str(refusal)}
            return 200, {"data": None, "errors": [error]}

    def _repository_info(self, _: str, __: dict[str, Any]) -> dict[str, Any]:
        owner, name = self.name.split("/")
        return {
            "repository": {
                "id": "R_1",
                "name": name,
                "nameWithOwner": self.name,
                "owner": {"id": "U_1", "login": owner},
                "description": "",
                "hasIssuesEnabled": True,
                "viewerPermission": "ADMIN",
                "defaultBranchRef": {"name": self.default_branch},
                "parent": None,
                "url": self._page,
            }
        }

    def _pull_request_list(self, query: str, values: dict[str, Any]) -> dict[str, Any]:
        head, base = values.get("headBranch") or values.get("headRefName"), values.get("baseBranch")
        nodes = [
            _selected(self._pull_request_json(one), query)
            for one in reversed(self.pull_requests)
            if head in (None, one.head) and base in (None, one.base)
        ]
        page = {"hasNextPage": False, "endCursor": ""}
        found = {"totalCount": len(nodes), "nodes": nodes, "pageInfo": page}
        return {"repository": {"pullRequests": found, "defaultBranchRef": {"name": self.default_branch}}}

    def _create_pull_request(self, _: str, values: dict[str, Any]) -> dict[str, Any]:
        words = values["input"]
        head, base = words["headRefName"].rpartition(":")[2], words["baseRefName"]
        ends = self._commit(f"refs/heads/{head}"), self._commit(f"refs/heads/{base}")
        if not all(ends):
            blank = "Head sha can't be blank, Base sha can't be blank, "
            raise Refusal(422, f"{blank}No commits between {base} and {head}, Head ref must be a branch")
        if self._git("rev-list", "--count", f"{ends[1]}..{ends[0]}") == "0":
            raise Refusal(422, f"No commits between {base} and {head}")
        if any((one.head, one.base) == (head, base) for one in self.pull_requests):
            raise Refusal(422, f"A pull request already exists for {self.name.split('/')[0]}:{head}.")
        made = PullRequest(len(self.pull_requests) + 1, words["title"], words.get("body") or "", head, base)
        self.pull_requests.append(made)
        return {"createPullRequest": {"pullRequest": {"id": f"PR_{made.number}", "url": self._pull_url(made)}}}

    def _pull_request_json(self, one: PullRequest) -> dict[str, Any]:
        return {
            "id": f"PR_{one.number}",
            "number": one.number,
            "url": self._pull_url(one),
            "title": one.title,
            "body": one.body,
            "state": "OPEN",
            "headRefName": one.head,
            "baseRefName": one.base,
            "headRefOid": self._commit(f"refs/heads/{one.head}"),
            "headRepositoryOwner": {"id": "U_1", "login": self.name.split("/")[0]},
            "isCrossRepository": False,
            "isDraft": False,
            "createdAt": WHEN,
        }

    def _pull_url(self, one: PullRequest) -> str:
        return f"{self._page}/pull/{one.number}"

    # ---- the bare repository ---------------------------------------------------------------------------------

    @property
    def _api(self) -> str:
        scheme = "https" if self.host == "github.com" else "http"
        return f"{scheme}://api.{self.host}/repos/{self.name}"

    @property
    def _page(self) -> str:
        return f"https://{self.host}/{self.name}"

    def _git(self, *words: str) -> str:
        """Ask the bare repository; what git refuses is an empty answer."""
        argv = ["git", f"--git-dir={self.repository}", *words]
        return subprocess.run(argv, capture_output=True, check=False, text=True).stdout.strip()

    def _commit(self, name: str) -> str:
        """Return the commit that a name stands for, or nothing."""
        return self._git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")


def _error(code: str = "custom", resource: str = "Release", **words: str) -> dict[str, str]:
    return {"resource": resource, "code": code, **words}


def _one(found: Iterator[T]) -> T:
    for first in found:
        return first
    raise Refusal(404, "Not Found")


def _selected(node: dict[str, Any], query: str) -> dict[str, Any]:
    """Keep the fields that a query asks for: ``gh`` refuses answers with others."""
    asked = set(re.findall(r"\w+", query))
    return {name: value for name, value in node.items() if name in asked}


class _Server(ThreadingMixIn, UnixStreamServer):
    """A server on a socket file, with a thread for each request, which are all waited for at the end."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path: str, github: FakeGitHub) -> None:
        self.github = github
        self.threads: list[threading.Thread] = []
        super().__init__(path, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 -- as in socketserver
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        self.threads.append(thread)
        thread.start()

    def server_close(self) -> None:
        super().server_close()
        for thread in self.threads:
            thread.join(5)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002 -- as in socketserver
        """Keep what went wrong here; that ``gh`` was killed or hung up is nothing of ours."""
        error = sys.exception()
        if isinstance(error, Exception) and not isinstance(error, ConnectionError | TimeoutError):
            self.github.crashes.append(error)


class _Handler(BaseHTTPRequestHandler):
    """Reads one request, lets the plans of the test have their way, and writes the answer."""

    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 30

    def answer(self) -> None:
        """Answer one request, or break off where a fault says so."""
        github, url = self.server.github, urlsplit(self.path)
        path, body, left = url.path, b"", int(self.headers.get("Content-Length") or 0)
        if path == "/graphql":
            body, left = self._read(left), 0
            operation = re.search(r"\b(?:query|mutation)\s+(\w+)", json.loads(body)["query"])
            path = f"/graphql/{operation[1] if operation else ''}"
        call = Call(self.command, path)
        fault = github.fault_for(call)
        body += self._read(left // 2 if fault and fault.status is None and not fault.done else left)
        self.close_connection = True
        try:
            accept = self.headers.get("Accept") or ""
            status, payload = self._outcome(Request(self.command, path, parse_qs(url.query), body, accept), fault)
            headers: dict[str, str] = {}
        except Refusal as refusal:
            status, payload, headers = refusal.status, refusal.payload, refusal.headers
        if status:
            self._send(status, payload, headers)

    do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 -- as in http.server

    def _read(self, length: int) -> bytes:
        """Read so much, or let the request have no effect: `gh` was killed in its middle."""
        read = self.rfile.read(length)
        if len(read) < length:
            raise ConnectionAbortedError
        return read

    def _outcome(self, request: Request, fault: Fault | None) -> tuple[int, Any]:
        """Return status and payload, status 0 where the connection breaks instead."""
        github, status, payload = self.server.github, 0, None
        if not self.headers.get("Authorization"):
            raise Refusal(401, "Requires authentication")
        if self.headers.get("Authorization") not in {f"token {github.token}", f"Bearer {github.token}"}:
            raise Refusal(401, "Bad credentials")
        if fault is None or fault.done:
            status, payload = github.answer(request)
        if fault and fault.starter:
            github.leave_starter(request)
        if fault and fault.status:
            raise Refusal(fault.status, fault.message, headers=fault.headers)
        return (0, None) if fault else (status, payload)

    def _send(self, status: int, payload: object, headers: dict[str, str]) -> None:
        is_file = isinstance(payload, bytes)
        content = b"" if payload is None else payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.send_response(status)
        self.send_header("Connection", "close")
        self.send_header("X-OAuth-Scopes", "gist, read:org, repo, workflow")
        for name, value in headers.items():
            self.send_header(name, value)
        if content:
            self.send_header(
                "Content-Type", "application/octet-stream" if is_file else "application/json; charset=utf-8"
            )
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""
