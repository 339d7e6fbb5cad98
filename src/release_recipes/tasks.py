"""The tasks: flags, questions and exit codes. The only module that knows Invoke.

Each task is a few lines over :mod:`~release_recipes.commands.release`; what it needs is imported when it runs, since every
``invoke --list`` pays for what is imported here.
"""

from __future__ import annotations

import contextlib
import gc
from typing import TYPE_CHECKING

from invoke.collection import Collection
from invoke.tasks import task

if TYPE_CHECKING:
    from invoke.context import Context

    from release_recipes.cli.session import Face

_PART = "Part of the version to raise: patch (default), minor, major, …; none releases the version as it stands."
_RELEASE = {
    "part": _PART,
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

#: Objects after which Python looks for garbage: a task is a short process, and what it imports is none.
_SELDOM = 100_000


def _face(json: bool = False, *, bumps: bool = False) -> Face:
    """Return the face of one task: its console, its report, its exit code.

    Args:
        json: Whether standard output is kept for the document.
        bumps: Whether the task asks bump-my-version, which then gets ready while everything else is imported.
    """
    gc.set_threshold(_SELDOM)
    if bumps:
        from release_recipes.errors import ReleaseError
        from release_recipes.programs import bump_my_version

        with contextlib.suppress(OSError, RuntimeError, ReleaseError):  # whoever asks it is told
            bump_my_version.get_ready()
    from release_recipes.cli.session import Face

    return Face(json=json)


@task(help=_RELEASE, auto_shortflags=False)
def release(
    _c: Context, part: str | None = None, new_version: str | None = None, test: bool = False, skip_tests: bool = False,
    dry_run: bool = False, yes: bool = False, json: bool = False,
) -> None:  # fmt: skip
    """Release the package: check, prepare, publish."""
    with _face(json, bumps=True) as face:
        face.release(face.request(part, new_version, test=test, skip_tests=skip_tests), dry_run=dry_run, yes=yes)


@task(help=_RELEASE, auto_shortflags=False)
def rehearse(
    _c: Context, part: str | None = None, new_version: str | None = None, test: bool = False, skip_tests: bool = False,
    dry_run: bool = False, yes: bool = False, json: bool = False,
) -> None:  # fmt: skip
    """Rehearse the release for real in a temporary place: embedded index, bare remote, fresh installation."""
    _ = yes  # there is no question to answer
    with _face(json, bumps=True) as face:
        face.rehearse(face.request(part, new_version, test=test, skip_tests=skip_tests), dry_run=dry_run)


@task(help=_JSON, auto_shortflags=False)
def resume(_c: Context, json: bool = False) -> None:
    """Finish a release that stopped after its upload began."""
    with _face(json) as face:
        face.resume()


@task(help={"yes": "Give it up although something of it stays public.", **_JSON}, auto_shortflags=False)
def abandon(_c: Context, yes: bool = False, json: bool = False) -> None:
    """Give a release up that waits to be finished."""
    with _face(json) as face:
        face.abandon(yes=yes)


@task(help=_JSON, auto_shortflags=False)
def status(_c: Context, json: bool = False) -> None:
    """Show versions, what is published and pushed, and a release that waits to be finished."""
    with _face(json, bumps=True) as face:
        face.status()


@task(help={key: _RELEASE[key] for key in ("part", "new-version", "test", "json")}, auto_shortflags=False)
def check(
    _c: Context, part: str | None = None, new_version: str | None = None, test: bool = False, json: bool = False
) -> None:
    """Look for every reason not to release, and change nothing."""
    with _face(json, bumps=True) as face:
        face.check(face.request(part, new_version, test=test))


@task(help={key: _RELEASE[key] for key in ("part", "new-version", "json")}, auto_shortflags=False)
def bump(_c: Context, part: str | None = None, new_version: str | None = None, json: bool = False) -> None:
    """Edit the version files in the working tree, and commit nothing."""
    with _face(json, bumps=True) as face:
        face.bump(face.request(part, new_version))


@task(help=_JSON, auto_shortflags=False)
def test(_c: Context, json: bool = False) -> None:
    """Run the project's tests with nox in the working tree."""
    with _face(json) as face:
        face.test()


@task(help=_JSON, auto_shortflags=False)
def build(_c: Context, json: bool = False) -> None:
    """Build the distributions from a clean clone of HEAD into dist/."""
    with _face(json) as face:
        face.build()


@task(help=_FILES, iterable=["file"], auto_shortflags=False)
def validate(_c: Context, file: list[str], json: bool = False) -> None:
    """Inspect the distributions in dist/, or the files given."""
    with _face(json) as face:
        face.validate(file)


@task(help={"test": "Upload to TestPyPI.", **_FILES}, iterable=["file"], auto_shortflags=False)
def upload(_c: Context, file: list[str], test: bool = False, json: bool = False) -> None:
    """Upload the distributions in dist/, or the files given, where the index does not have them."""
    with _face(json) as face:
        face.upload(file, test=test)


@task(help={**_SCANNED, **_JSON}, iterable=["file"], auto_shortflags=False)
def scan(_c: Context, file: list[str], staged: bool = False, json: bool = False) -> None:
    """Look for credentials in the tracked files, in what is staged, or in the files given."""
    with _face(json) as face:
        face.scan(file, staged=staged)


ns = Collection(release, rehearse, status, check, bump, test, build, validate, upload, resume, abandon, scan)
