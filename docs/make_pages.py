"""Generate the tables in ``docs/``, or check that they are up to date: ``nox -s docs``; ``-- --write`` updates them.

It is an error if a check has no test in which it fires, or no test in which it is silent.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from release_recipes import events
from release_recipes.check import CHECKS
from release_recipes.distributions.inspection import INSPECTIONS
from release_recipes.settings import Settings
from release_recipes.tasks import _COMMON, ns

DOCS = Path(__file__).parent

_TYPES = {
    "str": "string",
    "bool": "`true` or `false`",
    "int": "number",
    "tuple[str, ...]": "list of strings",
    "Command": "command",
}


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
    """A plug-in for pytest that collects the tests that are marked as red or green for a check."""

    def __init__(self) -> None:
        """Start without tests."""
        self.tests: dict[tuple[str, str], str] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Keep the first test of each colour for each check."""
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
        files, names = [test.partition("::")[0] for test in colours], [test.partition("::")[2] for test in colours]
        tests = [
            f'[{word}](../{file} "{name}")' for word, file, name in zip(("fires", "silent"), files, names, strict=True)
        ]
        rows.append(f"| `{check.name}` | {check.protects_from} | {', '.join(tests)} |")
    return _CHECKS.format(rows="\n".join(rows))


def tasks_page() -> str:
    """Return ``docs/reference/tasks.md``: each task with its flags, in the words of ``--help``."""
    parts = []
    for name in ns.task_names:
        task = ns[name]
        flags = []
        for argument in task.get_arguments():
            flag = argument.name.replace("_", "-")
            if flag in _COMMON:
                continue
            is_bare = argument.positional and argument.kind is not list
            shown = f"`{flag.upper()}`" if is_bare else f"`--{flag}{' …' if argument.takes_value else ''}`"
            flags.append(f"| {shown} | {argument.help} |")
        table = "\n".join(["", "| flag | meaning |", "|---|---|", *flags, ""]) if flags else ""
        parts.append(f"## {name}\n\n{(task.__doc__ or '').strip()}\n{table}")
    common = "\n".join(f"| `--{flag}{'' if flag == 'json' else ' …'}` | {text} |" for flag, text in _COMMON.items())
    return _TASKS.format(common=common, tasks="\n".join(parts))


def events_page() -> str:
    """Return ``docs/reference/events.md``: each event with its fields, from the docstrings and comments of the code."""
    source = Path(events.__file__).read_text("utf-8")
    rows = []
    for match in re.finditer(r'class (\w+)\((\w+)\):\n    """(.*?)"""(.*?)(?=\n\n\n)', source, re.DOTALL):
        names = ", ".join(f"`{name}`" for name in re.findall(r"(?m)^    (\w+): ", match[4]))
        about = re.sub(r":class:`~?[\w.]*?(\w+)`", r"`\1`", " ".join(match[3].split())).replace("``", "`")
        rows.append(f"| `{match[1]}` | {names or f'as `{match[2]}`'} | {about} |")
    return _EVENTS.format(rows="\n".join(rows))


_SETTINGS = """\
# Settings

Settings come from flags, environment variables, `.env`, `[tool.release]` in `pyproject.toml`, and defaults; the first
of these that has a value wins. The plan shows the origin of addresses and of the remote. `.env` is read without
interpolation, and its values are not added to the environment of the process. The tokens `PYPI_API_TOKEN` and
`PYPI_TEST_TOKEN` come from the environment, `.env` or the [keyring](secrets.md#where-the-token-comes-from), never from
`pyproject.toml`. The packages of one repository share the `[tool.release]` of a `pyproject.toml` at its top that is no
package itself; their own settings win. An unknown key in `[tool.release]` is an error; if it is similar to a known key,
the error names that.

| key in `[tool.release]` | variable | type | default | description |
|---|---|---|---|---|
{rows}

The templates `tag`, `commit_message` and `commit_body` can contain `{{version}}` and `{{prior_version}}`, and those for
the commit also `{{tag}}`. If `tag` or `commit_message` is not set, `tag_name` or `message` of bump-my-version's
configuration is used.

Commands (`pre_release_hooks`, `test_command`) are strings, which are split like a command line, or lists of words.

The index address is known for PyPI and TestPyPI, and `/simple/` is appended to any other upload address. If an index is
elsewhere, such as devpi's `…/+simple/`, set `index_url`.

This page is generated from `src/release_recipes/settings.py` by `nox -s docs -- --write`.
"""

_TASKS = """\
# Tasks

Each task is a command of `release-recipes`, and of `invoke` in a project with a `tasks.py` that has them. `--help` says
the same as this page.

These flags belong to every task (`scan` and `explain` have no `--project`):

| flag | meaning |
|---|---|
{common}

`release-recipes --list` lists the tasks, `--version` prints the version, and `--print-completion-script bash` (or
`zsh`, `fish`) prints a script that completes tasks, flags and parts.

| exit code | meaning |
|---|---|
| 0 | success |
| 1 | refused or failed; nothing is public |
| 2 | wrong usage or wrong settings |
| 3 | not finished: something is public, or a release waits: `resume`; or the same command, for other packages |
| 130 | interrupted; nothing is public |

`status` ends with 0 even if a release is unfinished; the document of `status --json` has the `outcome` `unfinished`
then.

{tasks}
This page is generated from `src/release_recipes/tasks.py` by `nox -s docs -- --write`.
"""

_EVENTS = """\
# Events

Everything that a task does is an event. The console, the log, the history, the report for `--json` and the
notifications listen to them. A [log](../logs.md) in JSON has a line for each; the [history](../history.md) keeps fewer.

| event | fields | when |
|---|---|---|
{rows}

This page is generated from `src/release_recipes/events.py` by `nox -s docs -- --write`.
"""

_CHECKS = """\
# Checks

Act 1 runs all checks in parallel, and reports all findings together. Act 2 does the same with the inspections of the
distributions (from `dist-set` on). To skip a check, add its name to `skip_checks` in `[tool.release]`.

| check | protects from | tests in which it fires, and is silent |
|---|---|---|
{rows}

`nox -s mutants` removes the condition of each check, and then inverts it; a test must fail each time.

## Other names

Steps report what they find under these names. `skip_checks` does not take them.

| name | what it is about |
|---|---|
| `reproducible` | a second build that differs, often by dates, order, or the build's folder ([setting](settings.md)) |
| `install` | a distribution, or what it requires, that cannot be installed ([private index](how-to/private-index.md)) |
| `import` | a package that cannot be imported, which is fine if it needs an extra, or an application around it |
| `given` | a distribution that is not what the job that built it has handed over ([`RELEASE_HASHES`](ci.md)) |
| `secret` | what looks like a credential ([secrets](secrets.md)) |
| `attestations` | a file without an attestation on PyPI, or with one that cannot be verified ([secrets](secrets.md)) |
| `signatures` | a tag that is not signed, or whose signature cannot be verified ([signing](how-to/signing.md)) |
| `watch` | a run of CI that has published, but did not end well |
| `notify` | a notification that could not be sent |
| `history` | a [history](history.md) that could not be written |
| `log` | a [log](logs.md) that could not be written |

This page is generated from the code and the marks of the tests by `nox -s docs -- --write`.
"""


def main(*arguments: str) -> str | None:
    """Write the pages, or return the names of those that differ."""
    stale = []
    pages = {
        "settings.md": settings_page(),
        "checks.md": checks_page(),
        "reference/tasks.md": tasks_page(),
        "reference/events.md": events_page(),
    }
    for name, text in pages.items():
        path = DOCS / name
        if "--write" in arguments:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
    return (
        f"These pages in docs/ are out of date: {', '.join(stale)}. To update them: nox -s docs -- --write"
        if stale
        else None
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
