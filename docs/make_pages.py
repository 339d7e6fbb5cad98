"""Make the tables in ``docs/`` from the code, or see that they are up to date: ``nox -s docs``, ``-- --write`` to mend.

A check that no test has seen fire, or seen silent, is an error here: it does not exist.
"""

from __future__ import annotations

import contextlib
import io
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from release_recipes.check import CHECKS
from release_recipes.distributions.inspection import INSPECTIONS
from release_recipes.settings import Settings

DOCS = Path(__file__).parent

_TYPES = {"str": "string", "bool": "`true` or `false`", "int": "number", "tuple[str, ...]": "list of strings"}


def settings_page() -> str:
    """Return ``docs/settings.md``."""
    rows = []
    default = Settings()
    for setting in fields(Settings):
        if setting.name == "origins":
            continue
        value = getattr(default, setting.name)
        shown = f"`{str(value).lower() if isinstance(value, bool) else value}`" if value not in {"", ()} else ""
        variables = ", ".join(f"`{name}`" for name in setting.metadata["env"])
        kind = _TYPES.get(str(setting.type), "list of commands")
        rows.append(f"| `{setting.name}` | {variables} | {kind} | {shown} | {setting.metadata['about']} |")
    return _SETTINGS.format(rows="\n".join(rows))


class Marked:
    """A plug-in for pytest that notes which test is marked as red or green for which check."""

    def __init__(self) -> None:
        """Know no test yet."""
        self.tests: dict[tuple[str, str], str] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Take the first test of each colour."""
        for item in session.items:
            for colour in ("red", "green"):
                for mark in item.iter_markers(colour):
                    for name in mark.args:
                        self.tests.setdefault((name, colour), item.nodeid.partition("[")[0])


def checks_page() -> str:
    """Return ``docs/checks.md``.

    Raises:
        SystemExit: A check has no red test, or no green one.
    """
    marked = Marked()
    words = ["--collect-only", "-qq", "-p", "no:randomly", "-p", "no:cacheprovider", "--rootdir", str(DOCS.parent)]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        if pytest.main([*words, str(DOCS.parent / "tests")], plugins=[marked]):
            sys.exit(said.getvalue())
    rows = []
    for check in (*CHECKS, *INSPECTIONS):
        colours = [marked.tests.get((check.name, colour), "") for colour in ("red", "green")]
        if not all(colours):
            sys.exit(f"The check {check.name!r} has no {'green' if colours[0] else 'red'} test.")
        tests = " | ".join(
            f"`{test.partition('::')[2]}` in [{Path(test.partition('::')[0]).name}](../{test.partition('::')[0]})"
            for test in colours
        )
        rows.append(f"| `{check.name}` | {check.protects_from} | {tests} |")
    return _CHECKS.format(rows="\n".join(rows))


def _linked(test: str) -> str:
    """Return a test's name, with a link to its file."""
    path, _, name = test.partition("::")
    return f"[`{name}`](../{path})"


_SETTINGS = """\
# Settings

A flag wins over an environment variable, which wins over `.env`, which wins over `[tool.release]` in `pyproject.toml`,
which wins over the default. The plan shows where a value came from. `.env` is read without interpolation, and its
values do not enter the process environment. A token is never a setting of `pyproject.toml`: `PYPI_API_TOKEN` and
`PYPI_TEST_TOKEN` come from the environment or `.env`. An unknown key in `[tool.release]` is an error that names the
nearest known one.

| key in `[tool.release]` | variable | type | default | what it is for |
|---|---|---|---|---|
{rows}

Templates (`tag`, `commit_message`, `commit_body`) take `{{version}}`, `{{prior_version}}` and, for the commit,
`{{tag}}`; where they are not set, `tag_name` and `message` of bump-my-version's configuration count.

The index address is derived for PyPI and TestPyPI, and for servers that serve `/simple/` beside the upload; for
others, such as devpi (`…/+simple/`), set `index_url`.

This page is made from `src/release_recipes/settings.py` by `nox -s docs -- --write`.
"""

_CHECKS = """\
# Checks

Act 1 looks for every reason not to release at once, and tells all of them together; act 2 looks into the distributions
likewise (from `dist-set` on). Each check has a name, with which `skip_checks` in `[tool.release]` turns it off.

| check | protects from | seen red by | seen silent by |
|---|---|---|---|
{rows}

`nox -s mutants` takes the guard of each check away, and then inverts it; each time a test has to go red.

This page is made from the code and the marks of the tests by `nox -s docs -- --write`.
"""


def main(*arguments: str) -> str | None:
    """Write the pages, or name those that differ."""
    stale = []
    for name, text in (("settings.md", settings_page()), ("checks.md", checks_page())):
        path = DOCS / name
        if "--write" in arguments:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
    return f"docs/ is behind the code ({', '.join(stale)}): nox -s docs -- --write" if stale else None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
