"""What ``init`` writes, part by part: the text of a file that is missing or can be completed, or a proposal."""

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from release_recipes import workflows
from release_recipes.commands.checkout import Checkout
from release_recipes.errors import ReleaseError, typed
from release_recipes.plan import Plan
from release_recipes.programs import gh
from release_recipes.programs.nox import first
from release_recipes.project.bump_my_version import configured_in
from release_recipes.project.packages import Package
from release_recipes.project.places import Place
from release_recipes.project.project import Project
from release_recipes.project.testing import Tests
from release_recipes.project.version_files import VersionFiles
from release_recipes.settings import TOKEN_PAGES
from release_recipes.workflows import template

#: The tasks that a ``tasks.py`` with others may take over.
_NAMES = "abandon, check, explain, rehearse, release, resume, status"

#: What git must ignore: a name to ask it for, and the line for ``.gitignore``.
_IGNORED = {".env": ".env", "dist/x": "dist/"}

#: The most workflows that a sentence lists.
_MOST = 3

#: The reason of a workflow that is not overwritten.
EDITED = "changed by hand"


@dataclass(frozen=True)
class Found:
    """What is known of the project."""

    checkout: Checkout
    project: Project
    #: A plan for its current version.
    plan: Plan
    #: The packages of the repository.
    packages: Sequence[Package]
    #: What its workflows depend on.
    facts: workflows.Facts
    #: The remote's default branch; empty if it names none, ``None`` if it does not answer.
    default_branch: str | None
    #: Its repository, if that can be on GitHub.
    repository: gh.GitHubRepository | None
    #: The sessions that run its tests, or what a release runs without them.
    sessions: Sequence[str]
    tests: Tests | None
    #: The parts that the user names; none for those of the default.
    named: Sequence[str]

    @property
    def folder(self) -> Path:
        """The project's folder."""
        return self.checkout.folder

    @property
    def top(self) -> Path:
        """The folder for what the packages of a repository share: the repository's if there are several."""
        return self.checkout.git.path if self.facts.is_one_of_several else self.folder

    @property
    def workflows(self) -> dict[str, str]:
        """The text of each workflow of the repository by its file name, as it is now."""
        found = sorted((self.checkout.git.path / ".github" / "workflows").glob("*.y*ml"))
        return {path.name: _read(path) for path in found}

    @property
    def written(self) -> set[str]:
        """The workflows that this tool has written, for this package or another one."""
        return {name for name, text in self.workflows.items() if workflows.body(text) != text}


@dataclass(frozen=True)
class Change:
    """A file that would be written, or that is only proposed."""

    path: Path
    #: The whole text of the file; of a proposal, what could be added, if anything.
    text: str
    #: Why it is only proposed; empty if it is written.
    why: str = ""
    #: Why it is left out unless its part is named; empty if it is not.
    unless: str = ""


def tasks(found: Found) -> Iterator[Change]:
    """Have Invoke know the tasks."""
    path = found.top / "tasks.py"
    text = _read(path)
    if not text and not path.with_suffix("").is_dir():
        yield Change(path, template("tasks.txt"))
    elif "release_recipes" not in text:
        add = f"from release_recipes.tasks import {_NAMES}\n"
        if own := re.search(r"^(ns|namespace)\s*[:=]", text, re.MULTILINE):
            add += f"\nfor task in ({_NAMES}):\n    {own[1]}.add_task(task)\n"
        yield Change(path, add, "it has other tasks; without a change, use the program release-recipes")


def nox(found: Found) -> Iterator[Change]:
    """Have nox test and build."""
    path, tests, settings = found.folder / "noxfile.py", found.tests, found.checkout.settings
    if not path.is_file() and "nox" not in found.named and (unless := _better(found)):
        yield Change(path, "", unless=unless)
        return
    head, test, build = template("noxfile.txt").split("\n\n\n")
    lacking = dict[str, str]()
    if tests:
        for name, words in (("requirements", tests.requirements(found.folder)), ("command", tests.command)):
            test = test.replace(f"<<{name}>>", json.dumps(words, ensure_ascii=False)[1:-1])
        lacking["test"] = test.replace("    session.install()\n", "")
    if not path.is_file():
        yield Change(path, "\n\n\n".join([head, *lacking.values(), build]))
        return
    if settings.test_command:
        lacking = {}
    if not first(found.folder, settings.build_session or "build"):
        lacking["build"] = f"import shutil\n\n\n{build}"
    if lacking:
        why = f"it has no session {' and no session '.join(lacking)}; a release does that without it"
        yield Change(path, "\n\n\n".join(lacking.values()), why)


def _better(found: Found) -> str:
    """Return why a noxfile would bring less than the project has; empty if it is of use."""
    tests = found.tests
    if tests is None:
        return "no tests were found"
    if found.checkout.settings.test_command:
        return "the setting test_command runs the tests"
    if tests.command[0] not in {"pytest", "python"}:
        return f"{tests.command[0]} runs the tests"
    if {"group", "dev-dependencies"} & found.project.pyproject.get("tool", {}).get("poetry", {}).keys():
        return "a release takes the groups of Poetry for the tests, which nox cannot install"
    return ""


def settings(found: Found) -> Iterator[Change]:
    """Set what differs from the defaults."""
    branch = found.checkout.git.branch()
    if found.default_branch == "" and not found.checkout.settings.branches and branch not in {None, "main"}:
        yield merged(found.folder / "pyproject.toml", {"branches": [branch]})


def merged(path: Path, wanted: Mapping[str, Any]) -> Change:
    """Return the change of ``pyproject.toml`` that adds keys to ``[tool.release]``: the rest stays as it is."""
    import tomlkit
    import tomlkit.exceptions

    before = _read(path)
    plain, added = before.replace("\r\n", "\n"), f"[tool.release]\n{tomlkit.dumps(wanted)}"
    try:
        document = tomlkit.parse(plain)
        if (known := document.get("tool", {}).get("release")) is not None:
            known.update(wanted)
            text = tomlkit.dumps(document)
        else:
            text = f"{plain.rstrip()}\n\n{added}" if plain.strip() else added
            tomlkit.parse(text)
    except (tomlkit.exceptions.TOMLKitError, AttributeError, TypeError):  # such as tool = {…} in one line
        return Change(path, added, "its table tool cannot be completed")
    return Change(path, text.replace("\n", "\r\n" if "\r\n" in before else "\n"))


def env(found: Found) -> Iterator[Change]:
    """Name the tokens, for a ``.env`` of one's own."""
    own = found.folder / ".env.example"
    path = own if own.is_file() else found.top / own.name
    wanted, text = template("env.example"), _read(path)
    upload = found.checkout.settings.repository_url
    if upload not in TOKEN_PAGES:
        where = f"# The token or password for {urlsplit(upload).hostname}"
        wanted = re.sub("(?ms)^# The token for PyPI[^\n]*(.*?)# The token for TestPyPI.*", rf"{where}\1", wanted)
    if not text or (text == template("env.example") != wanted):  # of another index, and never edited
        yield Change(path, wanted)
    elif lacking := [name for name in re.findall(r"(?m)^\w+=$", wanted) if not re.search(rf"(?m)^#?\s*{name}", text)]:
        yield Change(path, _completed(text, lacking))


def ignore(found: Found) -> Iterator[Change]:
    """Have git ignore the file with the tokens, and what is built."""
    git, below = found.checkout.git, found.project.below
    folder = found.folder if (found.folder / ".gitignore").is_file() else found.top
    path, text = folder / ".gitignore", _read(folder / ".gitignore")
    lacking = [line for name, line in _IGNORED.items() if not git.ignores(f"{below}/{name}")]
    if lacking := [line for line in lacking if line not in text.split()]:
        yield Change(path, _completed(text, lacking))


def hook(found: Found) -> Iterator[Change]:
    """Have pre-commit look for credentials before each commit."""
    path = found.checkout.git.path / ".pre-commit-config.yaml"
    wanted, text = template("pre-commit.yml").replace("<<version>>", found.facts.version), _read(path)
    if not text:
        yield Change(path, wanted)
    elif "release-recipes" not in text:
        yield Change(path, wanted.removeprefix("repos:\n"), "it has other hooks")


def has_hooks(text: str) -> bool:
    """Return whether a configuration of pre-commit has hooks besides ours."""
    ours = text.count("id: release-recipes-scan")
    return not ours or text.count("repo:") > ours


def bump(found: Found) -> Iterator[Change]:
    """Have bump-my-version change the version, where it finds each place by the text of its line."""
    source, path = found.project.source, found.folder / ".bumpversion.toml"
    if configured_in(found.folder, found.project.pyproject):
        return
    why = "the version comes from a tag"
    if isinstance(source, VersionFiles) and not source.from_tag:
        why = _unserved(found, source)
        if not why:
            unless = "a release does without; with it, --part knows only major, minor and patch"
            yield Change(path, bump_file(source.prior, source.places), unless=unless)
    if why and "bump" in found.named:
        yield Change(path, "", f"a release with bump-my-version would not be the same: {why}")


def _unserved(found: Found, source: VersionFiles) -> str:
    """Return why a release with bump-my-version would not be the same; empty if it would."""
    is_usual = False
    with contextlib.suppress(ValueError, ReleaseError):  # not three numbers; it is not clear what follows
        major, minor, patch = map(int, source.prior.split("."))
        following = [source.read(found.folder, part).next for part in ("major", "minor", "patch")]
        is_usual = following == [f"{major + 1}.0.0", f"{major}.{minor + 1}.0", f"{major}.{minor}.{patch + 1}"]
    if not is_usual:
        return f"{source.prior} is not raised as major, minor and patch"
    for place in source.places:
        text = _read(found.folder / place.file)
        is_plain = [(spot.text, spot.form) for spot in place.spots] == [(source.prior, "text")]
        is_found = text.count(place.text) == 1 and place.text.count(source.prior) == 1
        if not (is_plain and is_found) or re.search(r"[{}]", place.text):
            return f"bump-my-version cannot change line {place.line} of {place.file}"
    return ""


def bump_file(prior: str, places: Sequence[Place]) -> str:
    """Return a configuration of bump-my-version for places that each are found by the text of their line."""
    import tomlkit

    entries = [
        {
            "filename": place.file,
            "search": place.text.replace(prior, "{current_version}"),
            "replace": place.text.replace(prior, "{new_version}"),
        }
        for place in places
    ]
    return tomlkit.dumps({"tool": {"bumpversion": {"current_version": prior, "files": entries}}})


def flows(found: Found) -> Iterator[Change]:
    """Have GitHub test the project, and publish it on a tag."""
    here, written, unless = found.workflows, found.written, ""
    theirs = [name for name in here if name not in written]
    if not (found.repository and gh.looks_like_github(found.repository)):
        unless = "the remote is not on GitHub"
    elif theirs and written.isdisjoint(found.facts.file_names.values()):
        listed = f"{', '.join(theirs[:_MOST])}{' and others' if theirs[_MOST:] else ''}"
        alone = typed("init", "--only", "release")
        unless = f"there {'are' if theirs[1:] else 'is'} already {listed}; for release.yml alone: {alone}"
    for name, text in workflows.render(found.facts).items():
        old = here.get(name, "")
        if workflows.body(old) != workflows.body(text):
            why = EDITED if old and not workflows.is_ours(old) else ""
            yield Change(found.checkout.git.path / ".github" / "workflows" / name, text, why, unless)


def release_flow(found: Found) -> Iterator[Change]:
    """Have GitHub publish the project on a tag, and test it in its own way; only if this part is named."""
    if "release" in found.named and "workflows" not in found.named:  # which has it
        yield from (change for change in flows(found) if change.path.name == found.facts.file_names["release"])


def _completed(text: str, lines: Sequence[str]) -> str:
    """Return a text with lines at its end, and with the line ends that it has."""
    end = "\r\n" if "\r\n" in text else "\n"
    return text + (end if text and not text.endswith("\n") else "") + "".join(f"{line}{end}" for line in lines)


def _read(path: Path) -> str:
    """Return the text of a file, which may be in any encoding; empty if there is none."""
    return path.read_bytes().decode("utf-8", "surrogateescape") if path.is_file() else ""


#: The parts by their names, in the order in which they are shown.
PARTS: Mapping[str, Callable[[Found], Iterator[Change]]] = {
    "tasks": tasks,
    "nox": nox,
    "bump": bump,
    "settings": settings,
    "env": env,
    "ignore": ignore,
    "hook": hook,
    "workflows": flows,
    "release": release_flow,
}
