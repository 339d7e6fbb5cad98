"""What CI shows of a task: groups of output, annotations, a summary, and outputs for later steps.

The commands are GitHub's ("Workflow commands for GitHub Actions") and the collapsible sections of GitLab. All of them
go to one stream: the runner reads two streams independently, and between ``stop-commands`` of one and its end it would
ignore, and show, an ``add-mask`` of the other.
"""

import contextlib
import os
import re
import secrets
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from release_recipes import events, forge
from release_recipes.cli.console import closed, without_controls
from release_recipes.cli.report import Report
from release_recipes.errors import ReleaseError
from release_recipes.findings import Finding
from release_recipes.secrets.mask import MASK, SHORTEST_SECRET

#: The tasks with outputs.
_WITH_OUTPUTS = frozenset({"release", "publish", "resume"})

#: The tasks whose distributions a later job compares with their hashes: ``RELEASE_HASHES`` of ``publish``.
_WITH_HASHES = frozenset({"build", "validate"})

#: The outcomes with which a release is public.
_PUBLIC = frozenset({"released", "published"})


class Job:
    """The job in CI that runs a task; outside of CI it is silent."""

    def __init__(self, task: str, *, json: bool) -> None:
        """Choose the stream for commands; with ``json``, standard output is for the document only."""
        self._task, self._forge = task, forge.current()
        self._github = self._forge is not None and self._forge.name == "GitHub"
        streams = [sys.stderr] if json else [sys.stdout, sys.stderr]
        read = [stream for stream in streams if _is_read(stream)]
        self._stream, self._is_read = (read or streams)[0], bool(read)
        #: The time at which each running program first wrote something, its name, and its lines.
        self._running: dict[int, tuple[float, str, list[str]]] = {}

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Listen to the events inside the block, and announce each value that is masked to the runner."""
        if self._forge is None:
            yield
            return
        with events.listening(self._hear), contextlib.ExitStack() as announcing:
            if self._github and self._is_read:
                announcing.enter_context(MASK.announced_to(self._mask))
            try:
                yield
            finally:
                for run in list(self._running):
                    self._group(run)

    def _hear(self, event: events.Event) -> None:
        match event:
            case events.Output(source, line, run) if run:
                self._running.setdefault(run, (time.time(), source, []))[2].append(line)
            case events.Exited(run, command) if run in self._running:
                self._group(run, command)
            case events.Warned(finding):
                self._annotate("warning", finding)

    def _mask(self, value: str) -> None:
        """Announce a value; the runner masks lines. A library may have begun a line, so a new one is begun."""
        lines = [line for line in value.splitlines() if len(line) >= SHORTEST_SECRET]
        self._write("".join(f"\n::add-mask::{_escaped(line)}\n" for line in lines))

    def _group(self, run: int, command: str = "") -> None:
        """Show what a program wrote; it contains no commands for the runner, whatever it looks like."""
        began, source, lines = self._running.pop(run)
        name = " ".join(without_controls(MASK(command or source)).split())
        text = without_controls(MASK("\n".join(lines)))
        if self._github:
            end = secrets.token_hex(16)
            text = f"::stop-commands::{end}\n{text}\n::{end}::"
            self._write(f"::group::{_escaped(name)}\n{text}\n::endgroup::\n")
        else:
            section, start, end = "\x1b[0Ksection_", f"{int(began)}:release_recipes_{run}", f"{int(time.time())}"
            start, end = f"{section}start:{start}[collapsed=true]", f"{section}end:{end}:release_recipes_{run}"
            self._write(f"{start}\r\x1b[0K{name}\n{text}\n{end}\r\x1b[0K\n")

    def _annotate(self, kind: str, finding: Finding, hint: str = "") -> None:
        if self._github:
            place = {"title": finding.check or "release-recipes", "file": finding.file, "line": str(finding.line or "")}
            listed = ",".join(f"{name}={_escaped(MASK(said), ':,')}" for name, said in place.items() if said)
            text = "\n→ ".join(filter(None, [finding.message, finding.hint or hint]))
            self._write(f"::{kind} {listed}::{_escaped(MASK(text))}\n")

    def finish(self, report: Report, error: ReleaseError | None = None) -> None:
        """Show the errors, and write the summary and the outputs."""
        for finding in error.findings if error and self._forge else ():
            self._annotate("error", finding, error.hint if error else "")
        if self._github and (error or report.facts["steps"]):
            self._append("GITHUB_STEP_SUMMARY", self._summary(report, error))
        if self._task in _WITH_OUTPUTS:
            told = {name: report.facts[name] or "" for name in ("project", "version", "tag")}
            told["released"] = "true" if report.outcome in _PUBLIC else "false"
            text = "".join(f"{name}={' '.join(str(value).split())}\n" for name, value in told.items())
            for variable in (*["GITHUB_OUTPUT"] * self._github, "RELEASE_OUTPUT"):
                self._append(variable, text)
        if self._github and self._task in _WITH_HASHES and not error:
            end = secrets.token_hex(16)
            hashes = "".join(f"{each['sha256']}  {each['filename']}\n" for each in report.facts["artifacts"])
            self._append("GITHUB_OUTPUT", f"hashes<<{end}\n{hashes}{end}\n")

    def _summary(self, report: Report, error: ReleaseError | None) -> str:
        """Return the summary in Markdown."""
        facts = report.facts
        title = " ".join(filter(None, [self._task, facts["project"], facts["version"]]))
        parts = [f"### {title}: {report.outcome}"]
        steps = [f"| {step['name']} | {step['state']} | {step['seconds']:.1f} s |" for step in facts["steps"]]
        files = [f"| {_cell(a['filename'])} | {a['size']} | `{a['sha256']}` |" for a in facts["artifacts"]]
        parts += ["\n".join(["| step | state | duration |", "|---|---|---:|", *steps])] if steps else []
        parts += ["\n".join(["| file | bytes | sha256 |", "|---|---:|---|", *files])] if files else []
        parts += [" · ".join(links)] if (links := list(self._links(report))) else []
        for finding in [*error.findings, Finding(error.message, error.hint)] if error else ():
            lines = "\n→ ".join(filter(None, [finding.message, finding.hint])).splitlines()
            text = "\n".join(f"    {line}" for line in lines)
            parts += [text] if text not in parts else []
        return "\n\n".join([*parts, ""])

    def _links(self, report: Report) -> Iterator[str]:
        """Yield links to what is public: the project on the index, the tag, and the release on the forge."""
        from urllib.parse import quote

        from packaging.utils import canonicalize_name

        from release_recipes.index.page import browser_address

        facts = report.facts
        if "verify" not in report.done or self._task == "rehearse":
            return
        page = browser_address(facts["index"], facts["project"], facts["version"])
        yield f"[{canonicalize_name(facts['project'])} on the index]({page})"
        repository, tag = (self._forge.page if self._forge else "").partition("/actions/runs/")[0], facts["tag"] or ""
        if report.outcome in _PUBLIC and tag:
            yield f"[tag {tag}]({repository}/tree/{quote(tag)})"
        if "github" in report.done:
            yield f"[release]({repository}/releases/tag/{quote(tag)})"

    def _append(self, variable: str, text: str) -> None:
        """Append to the file that a variable names; a file that cannot be written is a warning."""
        path = os.environ.get(variable)
        try:
            if path:
                with Path(path).open("a", encoding="utf-8", errors="replace") as file:
                    file.write(MASK(text))
        except OSError as error:
            message = f"{path}, which {variable} names, cannot be written: {error.strerror}."
            events.warn(message, f"Set {variable} to a file that can be written.", "ci")

    def _write(self, text: str) -> None:
        """Write complete lines at once, so that those of other threads are not among them."""
        try:
            self._stream.write(text)
            self._stream.flush()
        except BrokenPipeError:
            closed(self._stream)
        except (OSError, ValueError, AttributeError):  # there is no stream, or it is closed
            pass


def _is_read(stream: IO[str]) -> bool:
    """Return whether a runner may read a stream: a file is not read, and must not contain a secret."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return not stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    return False


def _escaped(text: str, more: str = "") -> str:
    """Return a text as the toolkit escapes it (``toCommandValue``, ``escapeProperty``)."""
    return re.sub(f"[%\r\n{more}]", lambda found: f"%{ord(found[0]):02X}", text)


def _cell(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")
