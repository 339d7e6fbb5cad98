"""The tasks: flags, and what each of them calls. The only module that knows Invoke.

What a task needs is imported when it runs, since every ``invoke --list`` pays for what is imported here.
"""

import contextlib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from invoke.collection import Collection
from invoke.context import Context
from invoke.tasks import task

_RELEASE = {
    "part": "Part of the version to raise: patch (default), minor, major, …; none releases the version as it stands.",
    "new-version": "Explicit version to release (PEP 440).",
    "skip-tests": "Do not run the tests.",
    "dry-run": "Check and plan; say what each step would do, and build nothing.",
    "json": "Print one JSON document on standard output, and nothing else.",
    "yes": "Agree to the plan beforehand.",
    "test": "Release to TestPyPI, and leave the repository as it is.",
}
_JSON = {"json": _RELEASE["json"]}
_FILES = {"file": "A distribution (may be given several times); those in dist/ where none is given.", **_JSON}
_SCANNED = {
    "staged": "Only what the next commit would add.",
    "file": "A file, folder or distribution instead (may be given several times).",
}

#: The tasks that ask bump-my-version, which then gets ready while everything else is imported.
_BUMPS = frozenset({"release", "rehearse", "status", "check", "bump"})


def _run(name: str, json: bool, *, request: dict[str, Any] | None = None, **words: Any) -> None:  # noqa: ANN401
    """Run the command of a task in a session of its own.

    Args:
        name: The task's, which is that of its module and function in :mod:`release_recipes.commands`, too.
        json: Whether standard output is kept for the document.
        request: Flags that say what is to be released, for a command that takes them.
        words: What else the command takes.
    """
    if name in _BUMPS:
        from release_recipes.errors import ReleaseError
        from release_recipes.programs import bump_my_version

        with contextlib.suppress(OSError, RuntimeError, ReleaseError):  # whoever asks it is told
            bump_my_version.get_ready()
    from release_recipes.cli.session import Session

    with Session(name, json=json) as session:
        command = getattr(import_module(f"release_recipes.commands.{name}"), name)
        if request is not None:
            words["request"] = import_module("release_recipes.plan").Request.of(**request)
        # Credentials are looked for outside of repositories, too.
        session.report.outcome = command(Path.cwd() if name == "scan" else session.checkout, **words)


def _task(*flags: str, **told: str) -> Callable[[Callable[..., None]], Any]:
    """Return Invoke's decorator for a task with some of the flags of a release, and with others."""
    iterable = ["file"] if "file" in told else []
    return task(help={**{flag: _RELEASE[flag] for flag in flags}, **told}, iterable=iterable, auto_shortflags=False)


@_task(*_RELEASE)
def release(
    _c: Context, part: str | None = None, new_version: str | None = None, test: bool = False, skip_tests: bool = False,
    dry_run: bool = False, yes: bool = False, json: bool = False,
) -> None:  # fmt: skip
    """Release the package: check, prepare, publish."""
    request = {"part": part, "new_version": new_version, "test": test, "skip_tests": skip_tests}
    _run("release", json, request=request, dry_run=dry_run, yes=yes)


@_task("part", "new-version", "skip-tests", "dry-run", "json")
def rehearse(
    _c: Context, part: str | None = None, new_version: str | None = None, skip_tests: bool = False,
    dry_run: bool = False, json: bool = False,
) -> None:  # fmt: skip
    """Rehearse the release for real in a temporary place: embedded index, bare remote, fresh installation."""
    request = {"part": part, "new_version": new_version, "skip_tests": skip_tests}
    _run("rehearse", json, request=request, dry_run=dry_run)


@_task(**_JSON)
def resume(_c: Context, json: bool = False) -> None:
    """Finish a release that stopped after its upload began."""
    _run("resume", json)


@_task(yes="Give it up although something of it stays public.", **_JSON)
def abandon(_c: Context, yes: bool = False, json: bool = False) -> None:
    """Give a release up that waits to be finished."""
    _run("abandon", json, yes=yes)


@_task(**_JSON)
def status(_c: Context, json: bool = False) -> None:
    """Show versions, what is published and pushed, and a release that waits to be finished."""
    _run("status", json)


@_task("part", "new-version", "test", "json")
def check(
    _c: Context, part: str | None = None, new_version: str | None = None, test: bool = False, json: bool = False
) -> None:
    """Look for every reason not to release, and change nothing."""
    _run("check", json, request={"part": part, "new_version": new_version, "test": test})


@_task("part", "new-version", "json")
def bump(_c: Context, part: str | None = None, new_version: str | None = None, json: bool = False) -> None:
    """Edit the version files in the working tree, and commit nothing."""
    _run("bump", json, request={"part": part, "new_version": new_version})


@_task(**_JSON)
def test(_c: Context, json: bool = False) -> None:
    """Run the project's tests with nox in the working tree."""
    _run("test", json)


@_task(**_JSON)
def build(_c: Context, json: bool = False) -> None:
    """Build the distributions from a clean clone of HEAD into dist/."""
    _run("build", json)


@_task(**_FILES)
def validate(_c: Context, file: list[str], json: bool = False) -> None:
    """Inspect the distributions in dist/, or the files given."""
    _run("validate", json, named=file)


@_task(test="Upload to TestPyPI.", **_FILES)
def upload(_c: Context, file: list[str], test: bool = False, json: bool = False) -> None:
    """Upload the distributions in dist/, or the files given, where the index does not have them."""
    _run("upload", json, named=file, test=test)


@_task(**_SCANNED, **_JSON)
def scan(_c: Context, file: list[str], staged: bool = False, json: bool = False) -> None:
    """Look for credentials in the tracked files, in what is staged, or in the files given."""
    _run("scan", json, named=file, staged=staged)


ns = Collection(release, rehearse, status, check, bump, test, build, validate, upload, resume, abandon, scan)
