"""Make the tables in ``docs/`` from the code, or see that they are up to date: ``nox -s docs``, ``-- --write`` to mend."""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path

from release_recipes.check import CHECKS
from release_recipes.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"

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


def checks_page() -> str:
    """Return ``docs/checks.md``."""
    rows = [f"| `{check.name}` | {check.protects_from} |" for check in CHECKS]
    return _CHECKS.format(rows="\n".join(rows))


_SETTINGS = """\
# Settings

A flag wins over an environment variable, which wins over `.env`, which wins over `[tool.release]` in `pyproject.toml`, which
wins over the default. The plan shows where a value came from. `.env` is read without interpolation, and its values do not enter
the process environment. A token is never a setting of `pyproject.toml`: `PYPI_API_TOKEN` and `PYPI_TEST_TOKEN` come from the
environment or `.env`. An unknown key in `[tool.release]` is an error that names the nearest known one.

| key in `[tool.release]` | variable | type | default | what it is for |
|---|---|---|---|---|
{rows}

Templates (`tag`, `commit_message`, `commit_body`) take `{{version}}`, `{{prior_version}}` and, for the commit, `{{tag}}`; where they are
not set, `tag_name` and `message` of bump-my-version's configuration count.

The index address is derived for PyPI and TestPyPI, and for servers that serve `/simple/` beside the upload; for others, such as
devpi (`…/+simple/`), set `index_url`.

This page is made from `src/release_recipes/settings.py` by `nox -s docs -- --write`.
"""

_CHECKS = """\
# Checks

Act 1 looks for every reason not to release at once, and tells all of them together. Each check has a name, with which
`skip_checks` in `[tool.release]` turns it off.

| check | protects from |
|---|---|
{rows}

This page is made from `src/release_recipes/check` by `nox -s docs -- --write`.
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
