"""Find out where the version of a project stands, by asking its build backend.

The backend has the last word. In a clean clone, the likeliest place is changed and the backend is asked again: the
place that changes the metadata is the source. If no place does, and a tag does, the version comes from the tag.
"""

import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version

from release_recipes.errors import BumpFailed, NoMetadata, NoProject
from release_recipes.programs.backend import Backend
from release_recipes.programs.git import Git, clone
from release_recipes.project import places
from release_recipes.project.places import Place

#: A version that no project has: it shows which place the backend reads, also if it shortens or completes numbers.
PROBE = "97.98.99"

#: The number of places that are tried one by one.
_TRIES = 6

_NOBODY = {
    f"GIT_{who}_{what}": "release-recipes@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
}


@dataclass(frozen=True)
class Located:
    """The answer of the build backend."""

    name: str
    version: str
    #: The file that it reads, relative to the project's folder, and the line; empty and 0 if none was found.
    file: str
    line: int
    #: The name of a tag that it reads, with ``{version}``; empty if it reads none.
    form: str
    #: A tracked file that it changes when it is asked; empty if it changes none.
    rewrites: str = ""


def locate(
    git: Git, below: str, cache: Path, *, files: Sequence[str], forms: Sequence[str], tags_first: bool
) -> Located:
    """Ask the build backend of the project at HEAD.

    Args:
        git: The repository.
        below: The project's folder in it.
        cache: The folder for its answer, which is used again for the same content.
        files: The files in which the version is looked for first.
        forms: Names of tags to try, with ``{version}``.
        tags_first: Whether tags are tried before files.

    Raises:
        NoMetadata: The backend cannot be asked.
    """
    if git.resolve(f"HEAD:{'' if below == '.' else below}") is None:
        message = f"{below} is not committed, so its build backend cannot be asked for name and version."
        raise NoProject(message, f"Commit it: git add {below} && git commit")
    key = [git.ask("rev-parse", "HEAD^{tree}"), below, sys.version, *files, "tags", *forms]
    kept = cache / "backend.json"
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        known = json.loads(kept.read_text("utf-8"))
        if known["key"] == key:
            return Located(**known["answer"])
    with tempfile.TemporaryDirectory(prefix="release-recipes-") as name:
        made = clone(git, Path(name, "asked"))
        made.check_out("release", git.ask("rev-parse", "HEAD"), git)
        located = _locate(made, made.path / below, Backend(Path(name)), files, forms, tags_first=tags_first)
    with contextlib.suppress(OSError):  # a repository may be read-only
        if located.file or located.form:  # that nothing was found may have had a reason that passes
            cache.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps({"key": key, "answer": asdict(located)}), encoding="utf-8")
    return located


def _locate(
    made: Git, folder: Path, backend: Backend, files: Sequence[str], forms: Sequence[str], *, tags_first: bool
) -> Located:
    with _undone(made):
        name, version = backend.ask(folder)
        rewrites = made.ask("-C", str(folder), "diff", "--name-only", "--relative").partition("\n")[0]
    form = _form(made, folder, backend, forms) if tags_first else ""
    place = None
    if not form:
        named = places.find(made, folder, name=name, version=version, files=files) if files else []
        found = [*named, *places.find(made, folder, name=name, version=version)]
        place = _place(made, folder, backend, found, version)
    if not (place or tags_first):
        form = _form(made, folder, backend, forms)
    if not (place or form):
        place = _place(made, folder, backend, places.anywhere(made, folder, name=name, version=version), version)
    return Located(name, version, place.file if place else "", place.line if place else 0, form, rewrites)


def same(one: str, other: str) -> bool:
    """Return whether two versions are equal by :pep:`440`, however they are spelled."""
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other


def _place(made: Git, folder: Path, backend: Backend, found: Sequence[Place], version: str) -> Place | None:
    """Return the place that the backend reads."""
    likely = [place for place in found if place.score >= places.SURE]
    for place in likely[:_TRIES]:
        with _undone(made):
            try:
                places.edit(folder, [place], version, PROBE)
                if same(backend.ask(folder)[1], PROBE):
                    return place
            except (NoMetadata, BumpFailed):
                continue
    return None


@contextlib.contextmanager
def _undone(made: Git) -> Iterator[None]:
    """Undo what an edit and the backend change, and what the backend leaves: some versions say that it is there."""
    try:
        yield
    finally:
        made.does("checkout", "--quiet", "--force", ".")
        made.does("clean", "--quiet", "-ffdx")


def _form(made: Git, folder: Path, backend: Backend, forms: Sequence[str]) -> str:
    """Return the form of a tag that the backend reads, on a commit that has no other tag."""
    made.does("commit", "--quiet", "--allow-empty", "--no-gpg-sign", "--message=asked", env=_NOBODY)
    for form in forms:
        tag = form.format(version=PROBE)
        made.does("tag", "--annotate", "--no-sign", f"--message={tag}", tag, env=_NOBODY)
        with _undone(made):
            try:
                if same(backend.ask(folder)[1], PROBE):
                    return form
            except NoMetadata:
                continue
            finally:
                made.does("tag", "--delete", tag)
    return ""
