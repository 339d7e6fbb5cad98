"""What changed in a release: where the project says it, and what it says.

Three ways, found from what the project has: a changelog that people write, news fragments that a tool collects, or
commits that git-cliff reads. The setting ``changelog`` names one of them.
"""

import datetime as dt
import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from release_recipes.errors import CommandFailed, WrongUsage
from release_recipes.programs import fragments, git_cliff
from release_recipes.programs.git import Git
from release_recipes.programs.git_cliff import Commit
from release_recipes.project import changelog_file

#: Programs that write changelogs, in hooks of the project.
_WRITERS = re.compile(
    r"\b(towncrier|scriv|git[- ]cliff|cz (changelog|bump)|gitchangelog|auto-changelog|reno|changie)\b"
)

#: The order of groups in a generated section.
_GROUPS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security", "Documentation", "")

_NOREPLY = re.compile(r"(?:\d+\+)?([\w-]+)@users\.noreply\.github\.com")


@dataclass(frozen=True)
class Changes:
    """How the changelog of a release is made, and what it says."""

    #: ``keep``, ``fragments``, ``generate`` or ``off``.
    way: str = "off"
    #: Why there is nothing to write, for the user.
    why: str = ""
    #: The changelog, relative to the project's folder, with slashes; empty if there is none.
    path: str = ""
    #: The program that collects fragments, or the configuration of git-cliff.
    tool: str = ""
    #: The project's name, and its folder relative to the repository.
    name: str = ""
    below: str = "."
    #: The tag of the last release, empty if there is none; and the commit up to which commits count.
    since: str = ""
    until: str = "HEAD"
    #: The address of the repository for a browser; empty if it is not known.
    web: str = ""
    #: Why that is not known.
    fault: str = ""
    #: The version that the changelog says comes next, if it is another one.
    coming: str = ""
    #: What changed: the section without its heading.
    text: str = ""

    @property
    def span(self) -> str:
        """The commits since the last release, for git."""
        return f"{self.since}..{self.until}" if self.since else ""

    @property
    def in_repository(self) -> str:
        """The path of the changelog, relative to the repository, with slashes."""
        return posixpath.normpath(f"{self.below}/{self.path}")

    @property
    def is_rst(self) -> bool:
        """Whether the changelog is reStructuredText."""
        return self.path.lower().endswith((".rst", ".txt"))


def find(folder: Path, pyproject: Mapping[str, Any], wanted: str, hooks: Iterable[str]) -> Changes:
    """Find how a project writes its changelog.

    Args:
        folder: The project's folder.
        pyproject: Its ``pyproject.toml``.
        wanted: The setting ``changelog``.
        hooks: The commands that its release runs, and the files that its bump changes.
    """
    tools, named = pyproject.get("tool", {}), changelog_file.find(folder)
    kept = next((path for path in named if changelog_file.sections(_read(path))), None)
    name = kept.relative_to(folder).as_posix() if kept else ""
    if wanted == "off":
        return Changes(why="by the setting changelog", path=name)
    if wanted == "auto" and (
        other := next((each for each in hooks if _WRITERS.search(each) or each == name != ""), "")
    ):
        return Changes(why=f"the project does it: {other}", path=name)
    # towncrier's own file is read before pyproject.toml.
    towncrier = (folder / "towncrier.toml").is_file() or "towncrier" in tools
    scriv = "scriv" in tools or (folder / "changelog.d" / "scriv.ini").is_file()
    own = next((each for each in ("cliff.toml", ".cliff.toml") if (folder / each).is_file()), "")
    own = own or ("pyproject.toml" if "git-cliff" in tools else "")
    if wanted == "fragments" or (wanted == "auto" and (towncrier or scriv)):
        if not (towncrier or scriv):
            message = "changelog is 'fragments', but neither towncrier nor scriv is configured."
            raise WrongUsage(message, "Configure one of them in pyproject.toml, or remove the setting changelog.")
        said = tools.get("towncrier" if towncrier else "scriv", {})
        form = said.get("format", "rst")
        path = said.get("filename" if towncrier else "output_file", "NEWS.rst" if towncrier else f"CHANGELOG.{form}")
        path = path.replace("${config:format}", form)
        return Changes("fragments", path=path, tool="towncrier" if towncrier else "scriv")
    if wanted == "generate" or (wanted == "auto" and own):
        return Changes("generate", path=name or "CHANGELOG.md", tool=own)
    why = f"{named[0].name} has no headings of versions" if named else "the project has no changelog"
    return Changes("keep", path=name) if kept else Changes(why=why)


def ask(git: Git, folder: Path, found: Changes, version: str, tag: str) -> Changes:
    """Return the changes with what the next section says; nothing is changed.

    Args:
        git: The repository.
        folder: The project's folder in it.
        found: How the changelog is made.
        version: The version that is released.
        tag: The tag of the release.

    Raises:
        CommandFailed: A tool failed, or uv cannot get it.
    """
    text, coming, today = "", "", dt.datetime.now(dt.UTC).date().isoformat()
    if found.way == "keep":
        said = _read(folder / found.path)
        section = changelog_file.unreleased(said, version) or changelog_file.section(said, version)
        text = "" if section is None or section.is_empty else section.body
        coming = section.version if section and not section.is_of(version) else ""
    elif found.way == "fragments":
        text = _body(fragments.draft(folder, found.tool, found.name, version, today), version)
    elif found.way == "generate":
        text = generated(git, folder, found, version, tag)
    return replace(found, text=text, coming=coming)


def generated(git: Git, folder: Path, found: Changes, version: str, tag: str) -> str:
    """Return what the commits since the last release say, by the project's configuration of git-cliff or by ours."""
    if found.tool:
        config = folder / found.tool
        return _body(git_cliff.section(git.path, config, found.span, below=found.below, tag=tag), version)
    return rendered(git_cliff.commits(git.path, found.span, found.below), found.web)


def write(git: Git, folder: Path, found: Changes, version: str, *, tag: str, date: dt.date) -> None:
    """Write the section of a release into the changelog, in a working tree; what is there already stays.

    Raises:
        CommandFailed: A tool failed.
    """
    path = folder / found.path
    if found.way == "fragments":
        fragments.collect(folder, found.tool, found.name, version, date.isoformat())
    else:
        before = _read(path)
        if found.way == "keep":
            after = changelog_file.released(before, version, date=date, tag=tag)
        else:
            words = found.text or "- No user-facing changes."
            after = changelog_file.inserted(before, words, version, date=date, tag=tag, rst=found.is_rst)
        path.write_bytes(after.encode("utf-8", "surrogateescape"))
    git.does("add", "--all", "--", *(str(each) for each in (path, folder / "changelog.d") if each.exists()))


def after_release(git: Git, folder: Path, found: Changes, version: str) -> None:
    """Begin the section of the next version in a working tree, if the changelog had one before the release."""
    if found.way == "keep":
        path = folder / found.path
        before = git.ask("show", f"{found.until}:{found.in_repository}")
        text = changelog_file.developing(_read(path), version, before=before)
        path.write_bytes(text.encode("utf-8", "surrogateescape"))


def of_commit(git: Git, commit: str, found: Changes, version: str) -> str:
    """Return what changed, in Markdown, as the changelog in a commit says it; otherwise what was asked before."""
    text = found.text
    if found.path:
        try:
            said = git.ask("show", f"{commit}:{found.in_repository}")
        except CommandFailed:
            said = ""
        section = changelog_file.section(said, version)
        text = section.body if section and not section.is_empty else text
    return changelog_file.as_markdown(text) if found.is_rst else text


def rendered(commits: Sequence[Commit], web: str) -> str:
    """Return commits as a section in Markdown: breaking changes first, then by group."""
    several = len({commit.author for commit in commits if not commit.is_by_a_bot}) > 1
    groups = {"Breaking changes": [each for each in commits if each.breaking]}
    groups |= {name: [each for each in commits if each.group == name and not each.breaking] for name in _GROUPS}
    named = any(groups[name] for name in groups if name)
    parts = []
    for name, listed in groups.items():
        title = name or ("Other" if named else "")
        lines = "\n".join(_line(each, web, several=several) for each in listed)
        parts += ["\n\n".join(filter(None, [f"### {title}" if title else "", lines]))] if listed else []
    return "\n\n".join(parts)


def _line(commit: Commit, web: str, *, several: bool) -> str:
    """Return a commit as a bullet: its words, its pull request or commit, and its author if there are several."""
    words = (f"{commit.scope}: " if commit.scope else "") + (commit.breaking or commit.message)
    words = words.rstrip(".") if commit.scope else f"{words[:1].upper()}{words[1:]}".rstrip(".")
    number = re.search(r"\s*\(#(\d+)\)$", words)
    if number:
        words, at = words[: number.start()], f"issues/{number[1]}"
        shown = f"#{number[1]}"
    else:
        at, shown = f"commit/{commit.id}", commit.id[:7]
    link = f"([{shown}]({web}/{at}))" if web else f"({shown})"
    user = _NOREPLY.fullmatch(commit.email)
    author = f"[@{user[1]}](https://github.com/{user[1]})" if user else commit.author
    return f"- {words.rstrip('.')} {link}{f', by {author}' if several and not commit.is_by_a_bot else ''}"


def part_of(commits: Sequence[Commit], current: str) -> tuple[str, str]:
    """Return the part to bump by conventional commits, and the commit that decides; the part is empty if none does.

    The rules are those of Conventional Commits and Semantic Versioning; before 1.0, a breaking change is a minor one.
    """
    breaking = "minor" if re.match(r"v?0\.", current) else "major"
    ranks = [
        (breaking, [each for each in commits if each.breaking]),
        ("minor", [each for each in commits if each.group == "Added" and each.is_conventional]),
        ("patch", [each for each in commits if each.is_conventional]),
    ]
    for part, listed in ranks:
        if listed:
            return part, f"{listed[0].subject!r} ({listed[0].id[:7]})"
    return "", ""


def _body(text: str, version: str) -> str:
    """Return a section without its heading."""
    section = next(iter(changelog_file.sections(text)), None) or changelog_file.section(text, version)
    return (section.body if section else text).strip()


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "surrogateescape") if path.is_file() else ""
