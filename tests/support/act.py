"""Workflows, run by the true `act` on this machine without containers; its four actions are stubs of ours.

What a job installs is there already, since `setup-python` offers the Python of the tests.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from support.repository import Repository

__all__ = ["ORIGIN", "Run", "run"]

ORIGIN: Final = "https://github.localhost/o/r.git"
"""The address that the remote has in a job."""

_STUBS: Final = Path(__file__).with_name("actions")
_RUNNERS: Final = (
    *("ubuntu-latest", "ubuntu-24.04-arm", "windows-latest", "windows-11-arm", "macos-latest", "macos-15-intel"),
)
_SECONDS: Final = 300
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Run:
    """What a run of a workflow came to."""

    code: int
    """0 if every job succeeded."""
    jobs: Mapping[str, str]
    """The result of each job that ran, by its name: success or failure."""
    log: str
    """What the steps printed."""


def run(  # noqa: PLR0913 - each is a word that a test says by name
    repository: Repository,
    workflow: str,
    event: str,
    folder: Path,
    *,
    ref: str = "refs/heads/main",
    inputs: Mapping[str, str] = _NOTHING,
    env: Mapping[str, str] = _NOTHING,
    secrets: Mapping[str, str] = _NOTHING,
) -> Run:
    """Run a workflow of a repository's remote.

    Args:
        repository: Its remote is what the jobs check out.
        workflow: The file name.
        event: push, pull_request or workflow_dispatch.
        folder: A new folder, for what the run needs and leaves.
        ref: The full name of the branch or tag that the event is about.
        inputs: Those of workflow_dispatch.
        env: Variables of every step.
        secrets: The secrets of the repository.
    """
    artifacts, checkout = folder / "artifacts", folder / "checkout"
    artifacts.mkdir(parents=True)
    short = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    _git("clone", "--quiet", str(repository.remote), str(checkout), cwd=folder)
    _git("checkout", "--quiet", short, cwd=checkout)
    _git("remote", "set-url", "origin", ORIGIN, cwd=checkout)
    (folder / "event.json").write_text(json.dumps({"ref": ref, "inputs": dict(inputs)}), encoding="utf-8")
    given = {
        "STUB_REMOTE": repository.remote.as_uri(),
        "STUB_ORIGIN": ORIGIN,
        "STUB_PYTHON": str(Path(sys.executable).parent),
        "STUB_ARTIFACTS": str(artifacts),
        "STUB_ALTERS": "",
        "GIT_PAGER": "cat",
        **env,
    }
    text = (checkout / ".github" / "workflows" / workflow).read_text("utf-8")
    argv = [
        *(str(Path(sys.executable).with_name("act")), event, "--workflows", f".github/workflows/{workflow}"),
        *("--eventpath", str(folder / "event.json"), "--json", "--no-skip-checkout", "--no-cache-server"),
        *("--action-offline-mode", "--pull=false", "--action-cache-path", str(folder / "cache")),
        *(word for runner in _RUNNERS for word in ("--platform", f"{runner}=-self-hosted")),
        *(word for name, value in given.items() for word in ("--env", f"{name}={value}")),
        *(word for name in secrets for word in ("--secret", name)),
        *(word for name, value in inputs.items() for word in ("--input", f"{name}={value}")),
        *(word for uses, stub in _stubs(text, folder / "stubs") for word in ("--local-repository", f"{uses}={stub}")),
    ]
    done = subprocess.run(
        argv, cwd=checkout, env={**os.environ, **secrets}, check=False, capture_output=True, encoding="utf-8",
        timeout=_SECONDS, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return _told(done)


def _told(done: subprocess.CompletedProcess[str]) -> Run:
    """Read the log of act, a JSON document a line."""
    said = (done.stdout + done.stderr).splitlines()
    lines: list[dict[str, Any]] = [json.loads(line) if line.startswith("{") else {"msg": line} for line in said]
    jobs = {line["jobID"]: line["jobResult"] for line in lines if "jobResult" in line}
    failed = {line["jobID"] for line in lines if line.get("jobResult") == "failure"}
    log = "\n".join(f"{line.get('jobID', '')}| {line['msg'].rstrip()}" for line in lines if line.get("msg"))
    return Run(done.returncode, jobs | dict.fromkeys(failed, "failure"), log)


def _stubs(text: str, folder: Path) -> list[tuple[str, Path]]:
    """Return each action that a workflow uses, as it is written there, and the repository that stands for it."""
    found = []
    for uses in sorted(set(re.findall(r"uses: (\S+)", text))):
        stub = folder / uses.partition("@")[0].replace("/", "-")
        stub.mkdir(parents=True)
        action = _STUBS / uses.partition("@")[0].partition("/")[2] / "action.yml"
        (stub / "action.yml").write_text(action.read_text("utf-8"), encoding="utf-8")
        _git("init", "--quiet", cwd=stub)
        _git("add", "--all", cwd=stub)
        _git("commit", "--quiet", "--message=stub", cwd=stub)
        found.append((uses, stub))
    return found


def _git(*words: str, cwd: Path) -> None:
    subprocess.run(["git", *words], cwd=cwd, check=True, capture_output=True)
