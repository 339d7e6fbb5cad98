"""Workflows for GitHub Actions, made from the files in ``templates``; and which workflows of a commit publish.

A template is the workflow itself, with three additions: ``<<name>>`` is a value, lines between ``#if name`` and
``#end`` are kept where that is so, and an action stands there without its version, which is in ``workflows.toml``.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from shlex import quote
from typing import Any

from packaging.utils import canonicalize_name

from release_recipes.errors import CommandFailed
from release_recipes.programs.git import Git
from release_recipes.project.pythons import allowed, supported

#: The project that these recipes are: its workflows install the checkout.
_OURS = "release-recipes"

_IF = re.compile(r"^ *#if (\w+)\n(.*?)^ *#end\n", re.MULTILINE | re.DOTALL)
_ACTION = re.compile(r"(?<=uses: )\S+")

#: Where the forges read them.
_PLACES = (".github/workflows/*.yml", ".github/workflows/*.yaml", ".gitlab-ci.yml")

#: A line, up to a comment, that runs our task (an extended regular expression).
_PUBLISHES = "^[^#]*(release[-_]recipes|invoke|inv) ([^#]* )?publish([] \"',;&]|$)"

#: The exit code of ``git grep`` that found nothing.
_NOTHING = 1

#: What workflows upload to an index with.
UPLOADS = re.compile(r"gh-action-pypi-publish|(twine|uv|flit|poetry|hatch|pdm|maturin) +(upload|publish)")

_HEADER = re.compile(r"# Written by release-recipes (?P<version>\S+): .*\n# (?P<sha256>[0-9a-f]{64}) .*\n\n")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the workflows of a project depend on."""

    name: str
    #: The project's folder, relative to the repository's; ``.`` if it is the same.
    below: str
    #: Whether the repository has other packages.
    is_one_of_several: bool
    #: A pattern for the names of its tags, as GitHub takes it.
    tags: str
    #: Patterns of the branches that it is released from.
    branches: Sequence[str]
    #: The Pythons to test on, the oldest first; the newest one runs the other jobs.
    pythons: Sequence[str]
    is_compiled: bool
    has_tests: bool
    #: The command that checks the style of its code; empty if it has none.
    lint: str
    #: The version of release-recipes that the workflows install.
    version: str

    @property
    def file_names(self) -> dict[str, str]:
        """The file name of each workflow, by the name of its template."""
        own = f"-{canonicalize_name(self.name)}" if self.below != "." and self.is_one_of_several else ""
        return {name: f"{name}{own}.yml" for name in ("ci", "release")}


def render(facts: Facts) -> dict[str, str]:
    """Return the text of each workflow by its file name."""
    return {file: _render(name, facts) for name, file in facts.file_names.items()}


def is_ours(text: str) -> bool:
    """Return whether a workflow was written by :func:`render`, and not changed since."""
    header = _HEADER.match(text)
    return header is not None and header["sha256"] == _sha256(text[header.end() :])


def uploads(text: str) -> bool:
    """Return whether a workflow seems to upload to an index: with our task, or with another tool."""
    return bool(UPLOADS.search(text) or re.search(_PUBLISHES, text, re.MULTILINE))


def body(text: str) -> str:
    """Return a workflow without the lines that say who wrote it."""
    return _HEADER.sub("", text, count=1)


def expected(folder: Path) -> list[str]:
    """Return the value of the setting ``expect`` for a project with compiled code: a pattern for each wheel."""
    data = _data()
    tags = [f"cp{python.replace('.', '')}" for python in allowed(folder, data["built"])]
    return ["sdist", *(f"{tag}-*-{platform}" for tag in tags for platform in data["platforms"])]


def publishing(git: Git, commit: str) -> Sequence[str]:
    """Return the paths of a commit's workflows that run the task ``publish``, relative to the repository."""
    words = ["grep", "--no-color", "--full-name", "-l", "-E", "-e", _PUBLISHES, commit, "--", *_PLACES]
    try:
        found = git.ask(*words)
    except CommandFailed as error:
        if error.code == _NOTHING:
            return []
        raise
    return [line.removeprefix(f"{commit}:") for line in found.splitlines()]


def _render(name: str, facts: Facts) -> str:
    data = _data()
    values = _values(facts, data)
    kinds = {"pure": not facts.is_compiled, "compiled": facts.is_compiled}
    kinds |= {"tests": facts.has_tests, "lint": bool(facts.lint)}
    text = _IF.sub(lambda found: found[2] if kinds[found[1]] else "", template(f"{name}.yml"))
    text = _ACTION.sub(lambda found: f"{found[0]}@{data['actions'][found[0]]}", text)
    for key, value in values.items():
        text = text.replace(f"<<{key}>>", value)
    header = f"# Written by release-recipes {facts.version}: {_OURS} init --only workflows{values['flag']}\n"
    return (
        f"{header}# {_sha256(text)} is the sha256 of the rest: a file that was changed is not written again.\n\n{text}"
    )


def _values(facts: Facts, data: Mapping[str, Any]) -> dict[str, str]:
    """Return what replaces the names in a template."""
    install = f"python -m pip install {_OURS}=={facts.version}"
    attesting = f"python -m pip install '{_OURS}[attest]=={facts.version}'"
    if canonicalize_name(facts.name) == _OURS:  # the checkout, since the wheel of the build is compared only later
        install, attesting = "python -m pip install .", "python -m pip install '.[attest]'"
    dist = "dist" if facts.below == "." else f"{facts.below}/dist"
    pre_commit = f"python -m pip install pre-commit=={data['pre_commit']}"
    return {
        "of": f" {facts.name}" if facts.below != "." else "",
        "tags": facts.tags.replace("\\", "\\\\"),
        "branches": json.dumps(list(facts.branches)),
        "pythons": json.dumps(list(facts.pythons)),
        "python": facts.pythons[-1],
        "ends": json.dumps(list(dict.fromkeys([facts.pythons[0], facts.pythons[-1]]))),
        "tested": "test, " if facts.has_tests else "",
        "built": "build, wheels" if facts.is_compiled else "build",
        "lint": facts.lint,
        "install_lint": pre_commit if facts.lint.startswith("pre-commit") else install,
        "install": install,
        "install_attesting": attesting,
        "cibuildwheel": data["cibuildwheel"],
        "dist_word": quote(dist),
        "dist": dist,
        "folder": f" {quote(facts.below)}" if facts.below != "." else "",
        "flag": f" --project {quote(facts.below)}" if facts.below != "." else "",
    }


def pythons(folder: Path) -> list[str]:
    """Return the Pythons to test a project on, the oldest first."""
    current: list[str] = _data()["pythons"]
    return supported(folder, current) or current


def _data() -> dict[str, Any]:
    return tomllib.loads(template("workflows.toml"))


def template(name: str) -> str:
    """Return the text of a file in ``templates``."""
    return files("release_recipes").joinpath("templates", name).read_text("utf-8")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
