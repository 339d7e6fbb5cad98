"""The tasks: flags, and what each of them calls. The only module that knows Invoke.

The imports of a task are made when it runs, to keep ``invoke --list`` fast.
"""

import contextlib
import difflib
import functools
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from invoke.collection import Collection
from invoke.context import Context
from invoke.exceptions import Exit, ParseError
from invoke.program import Program
from invoke.tasks import task

_RELEASE = {
    "part": "Part of the version to bump: patch (default), minor, major, …; auto: as the commits say; none: no bump.",
    "new-version": "Version to release (PEP 440).",
    "skip-tests": "Do not run the tests.",
    "dry-run": "Check, and show what each step would do, without building or publishing.",
    "yes": "Release without asking for confirmation; without a terminal, as in CI, nothing is asked anyway.",
    "test": "Release to TestPyPI, and leave the repository unchanged.",
}
#: Other ways to write ``--part`` and ``--new-version``, for each task that has them.
_WORDS = {
    "patch": "The same as --part patch.",
    "minor": "The same as --part minor.",
    "major": "The same as --part major.",
    "version": "A part or a version, taken as --part or --new-version.",
}
#: The flags of every task.
_COMMON = {
    "json": "Print only one JSON document on standard output.",
    "project": "Name or folder of the package, in a repository with several; by default the current folder's.",
    "log-file": "Append a log to this file; - is standard error. LOG_FORMAT and LOG_LEVEL say its form.",
}
_TAG = {"tag": "The tag; by default the one that the CI job runs for, otherwise that of HEAD."}
_PUBLISHED = {
    "dist": "Folder with the distributions that other jobs have built, also in folders below it; nothing is built.",
    "only": "Only a part: index (the upload), or github (the GitHub release of what the index has).",
}
_SEVERAL = {
    "all-changed": "Every package of the repository that changed, in the order of their dependencies.",
    "projects": "As --all-changed, but only these packages, by name or folder: a,b.",
}
_FILES = {"file": "A distribution (can be repeated); by default, all in dist/."}
_VALIDATED = {
    "install": "Install the wheels for this platform, each into a new environment, and import them.",
    "partial": "The distributions are some of a release, such as the wheels of one platform.",
}
_WRITTEN = {
    "only": "What to write, with commas between: tasks, nox, bump, settings, env, ignore, hook, workflows, release.",
    "dry-run": "Show what would be written.",
    "yes": "Write without asking for confirmation.",
}
_SHOWN = {
    "verify": "Compare each release with the tag, the index and GitHub as they are today.",
    "html": "Write a page with the table and charts into this file.",
    "limit": "The most releases in the table (20 by default).",
}
_SCANNED = {
    "staged": "Only the files that are staged for the next commit.",
    "file": "Only this file, folder or distribution (can be repeated).",
}

#: The tasks that work outside of a repository, too.
_ANYWHERE = frozenset({"scan", "explain"})

_TAKES_A_VALUE = frozenset({"project", "log-file", "version"})

#: The tasks that need bump-my-version, which starts while everything else is imported.
_BUMPS = frozenset({"release", "release_changed", "rehearse", "publish", "status", "check", "bump", "changelog"})


def _run(c: Context, name: str, *, request: dict[str, Any] | None = None, **words: Any) -> None:  # noqa: ANN401
    """Run the command of a task in a session.

    Args:
        c: Invoke's context.
        name: The task's name, which is also the name of its module and function in :mod:`release_recipes.commands`.
        request: Flags that choose what to release, for a command that takes them.
        words: The other arguments of the command.
    """
    # Invoke lets nothing be compiled but what is already imported, and uv compiles nothing that it installs: without
    # this, each run would compile the modules of ours and of the libraries again.
    sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)
    # Invoke puts the project's folder first; a requests.py of the project's must not be taken for the library.
    sys.path.sort(key=_is_of_project)
    from release_recipes.errors import ReleaseError, WrongUsage, typed

    if name in _BUMPS:
        from release_recipes.programs import bump_my_version

        with contextlib.suppress(OSError, RuntimeError, ReleaseError):  # its first use reports the error
            if bump_my_version.may_be_configured(Path.cwd()):
                bump_my_version.get_ready()
    from release_recipes.cli.session import Session

    acts, project, log_file = not words.get("dry_run", False), _given.get("project"), _given.get("log_file")
    with Session(name, json=_given["json"], project=project or "", acts=acts) as session:
        for flag, value in (("--project", project), ("--log-file", log_file)):
            if value == "":
                raise WrongUsage(f"{flag} is empty.", f"Give {flag} a value, or omit it.")
        if log_file:
            session.log_to(log_file)
        if c.config.run.dry:
            message = "Invoke's own --dry (-R, INVOKE_RUN_DRY) is not supported."
            instead = f"Use --dry-run instead: {typed(name, '--dry-run')}"
            raise WrongUsage(message, instead if name in {"release", "rehearse"} else "Leave it out.")
        if c.config.run.warn:
            message = "Invoke's own --warn-only (-w, INVOKE_RUN_WARN) is not supported."
            raise WrongUsage(message, "Leave it out.")
        command = getattr(import_module(f"release_recipes.commands.{name}"), name)
        if request is not None:
            words["request"] = import_module("release_recipes.plan").Request.of(**request | _other_words(request))
        session.report.outcome = command(Path.cwd() if name in _ANYWHERE else session.checkout, **words)


def _other_words(request: Mapping[str, Any]) -> dict[str, str]:
    """Return the part or the version that was given by ``--minor`` or ``--version minor``.

    Raises:
        WrongUsage: There are two of them, or there is ``--part`` or ``--new-version``, too.
    """
    from release_recipes.errors import WrongUsage

    parts = [name for name in _WORDS if name != "version" and _given.get(name)]
    flags = [f"--{name}" for name in parts]
    value = _given.get("version")
    if value is not None:
        flags.append(given := f"--version {value}".rstrip())
    if not flags:
        return {}
    is_version = bool(re.match(r"v?\d", value or ""))
    meant, value = ("new_version", str(value).removeprefix("v")) if is_version else ("part", value)
    flags += [f"--{name.replace('_', '-')}" for name in ("part", "new_version") if request.get(name) is not None]
    if len(flags) > 1:
        raise WrongUsage(f"{' and '.join(flags)} say the version twice.", "Give only one of them.")
    if value is not None:
        from release_recipes import events

        instead = f"--{meant.replace('_', '-')} {value}"
        events.warn(f"{given} is taken as {instead}.", f"Next time, use {instead}.")
    return {meant: parts[0] if parts else str(value)}


def _is_of_project(folder: str) -> bool:
    """Return whether a folder of ``sys.path`` is one that Invoke put there: with the tasks, or around where we are."""
    tasks = any(Path(folder, name).is_file() for name in ("tasks.py", "__init__.py"))
    return folder == "" or tasks or Path.cwd().is_relative_to(folder)


def _with(common: Mapping[str, str], *flags: str, **told: str) -> Callable[[Callable[..., None]], Any]:
    """Return Invoke's decorator for a task, with flags of every task, the named ones of a release, and others."""
    told = {**{flag: _RELEASE[flag] for flag in flags}, **told}
    common = {**(_WORDS if "part" in told else {}), **common}
    iterable = ["file"] if "file" in told else []

    def decorate(body: Callable[..., None]) -> Any:  # noqa: ANN401 - as Invoke's decorator
        @functools.wraps(body)
        def run(*words: Any, **values: Any) -> None:  # noqa: ANN401
            _given.clear()
            _given.update({name: values.pop(name, default) for name, default in _defaults(common).items()})
            body(*words, **values)

        signature = inspect.signature(body)
        more = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
            for name, default in _defaults(common).items()
        ]
        run.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *more])  # type: ignore[attr-defined]
        return task(help={**told, **common}, iterable=iterable, auto_shortflags=False)(run)

    return decorate


def _defaults(common: Mapping[str, str]) -> dict[str, bool | None]:
    return {name.replace("-", "_"): None if name in _TAKES_A_VALUE else False for name in common}


_task = functools.partial(_with, _COMMON)

#: The values of the flags that every task has, for the task that runs.
_given: dict[str, Any] = {}


@_task(*_RELEASE, **_SEVERAL)
def release(
    c: Context, part: str | None = None, new_version: str | None = None, test: bool = False, skip_tests: bool = False,
    dry_run: bool = False, yes: bool = False, all_changed: bool = False, projects: str | None = None,
) -> None:  # fmt: skip
    """Release the package: check, prepare, publish."""
    request = {"part": part, "new_version": new_version, "test": test, "skip_tests": skip_tests}
    if all_changed or projects is not None:
        several = {"all_changed": all_changed, "projects": projects}
        _run(c, "release_changed", request=request, **several, dry_run=dry_run, yes=yes)
    else:
        _run(c, "release", request=request, dry_run=dry_run, yes=yes)


@_task("part", "new-version", "skip-tests", "dry-run", **_SEVERAL)
def rehearse(
    c: Context, part: str | None = None, new_version: str | None = None, skip_tests: bool = False,
    dry_run: bool = False, all_changed: bool = False, projects: str | None = None,
) -> None:  # fmt: skip
    """Rehearse the release in a temporary folder, with a local index and a local remote."""
    request = {"part": part, "new_version": new_version, "skip_tests": skip_tests}
    _run(c, "rehearse", request=request, dry_run=dry_run, all_changed=all_changed, projects=projects)


@_task("skip-tests", "dry-run", "test", **_TAG, **_PUBLISHED)
def publish(
    c: Context, tag: str | None = None, dist: str | None = None, only: str | None = None, test: bool = False,
    skip_tests: bool = False, dry_run: bool = False,
) -> None:  # fmt: skip
    """Publish a tag that exists: what CI does."""
    request = {"test": test, "skip_tests": skip_tests}
    _run(c, "publish", request=request, tag=tag, dist=dist, only=only, dry_run=dry_run)


@_task()
def resume(c: Context) -> None:
    """Finish a release that was interrupted after its upload began."""
    _run(c, "resume")


@_task(yes="Abandon it although some of it stays public, or another machine began it.")
def abandon(c: Context, yes: bool = False) -> None:
    """Abandon an unfinished release."""
    _run(c, "abandon", yes=yes)


@_task()
def status(c: Context) -> None:
    """Show versions, what is published and pushed, and unfinished releases."""
    _run(c, "status")


@_task("part", "new-version", "test", **_TAG)
def check(
    c: Context, part: str | None = None, new_version: str | None = None, test: bool = False, tag: str | None = None
) -> None:
    """Run all checks of a release, or of a tag, and change nothing."""
    _run(c, "check", request={"part": part, "new_version": new_version, "test": test}, tag=tag)


@_task("part", "new-version")
def changelog(c: Context, part: str | None = None, new_version: str | None = None) -> None:
    """Show what changed since the last release, as the changelog will say it."""
    _run(c, "changelog", request={"part": part, "new_version": new_version})


@_task(**_SHOWN)
def history(c: Context, verify: bool = False, html: str | None = None, limit: str | None = None) -> None:
    """Show the releases of the past: when, by whom, how long, which files; and whether they are still the same."""
    _run(c, "history", html=html, verify=verify, limit=limit)


@_task("part", "new-version")
def bump(c: Context, part: str | None = None, new_version: str | None = None) -> None:
    """Edit the version files in the working tree, without a commit."""
    _run(c, "bump", request={"part": part, "new_version": new_version})


@_task()
def test(c: Context) -> None:
    """Run the project's tests in the working tree."""
    _run(c, "test")


@_task(sdist="Build only the sdist.")
def build(c: Context, sdist: bool = False) -> None:
    """Build the distributions from a clean clone of HEAD into dist/."""
    _run(c, "build", only_sdist=sdist)


@_task(**_VALIDATED, **_FILES)
def validate(c: Context, file: list[str], install: bool = False, partial: bool = False) -> None:
    """Inspect the distributions in dist/, or the given files."""
    _run(c, "validate", named=file, installs=install, partial=partial)


@_task(test="Upload to TestPyPI.", **_FILES)
def upload(c: Context, file: list[str], test: bool = False) -> None:
    """Upload the distributions in dist/, or the given files, unless the index has them."""
    _run(c, "upload", named=file, test=test)


@_with({name: text for name, text in _COMMON.items() if name != "project"}, subject="An error, a check, or a page.")
def explain(c: Context, subject: str) -> None:
    """Explain an error or a check by the name that a message gives it, or show a page of the documentation."""
    _run(c, "explain", subject=subject)


@_with({name: text for name, text in _COMMON.items() if name != "project"}, **_SCANNED)
def scan(c: Context, file: list[str], staged: bool = False) -> None:
    """Look for credentials in tracked files, in staged files, or in the given files."""
    _run(c, "scan", named=file, staged=staged)


@_task(**_WRITTEN)
def init(c: Context, only: str | None = None, dry_run: bool = False, yes: bool = False) -> None:
    """Set a project up: look at it, show the files that it lacks, and write them."""
    _run(c, "init", only=only, dry_run=dry_run, yes=yes)


@_task(test="Send a test message to each address in RELEASE_NOTIFY_URLS.")
def notify(c: Context, test: bool = False) -> None:
    """Send a test notification."""
    _run(c, "notify", test=test)


ns = Collection(
    release, rehearse, publish, status, check, changelog, history, bump, test, build, validate, upload, resume, abandon,
    scan, init, notify, explain,
)  # fmt: skip


class _Program(Program):
    """Invoke's program, which reports wrong usage as a message and a hint, with the exit code 2."""

    def run(self, argv: list[str] | None = None, exit: bool = True) -> None:  # noqa: A002 - Invoke's
        # The reader of a list, such as head, may have seen enough, also when the rest of it is written at the end.
        try:
            with contextlib.suppress(BrokenPipeError):
                super().run(argv, exit)
        except SystemExit as end:
            if isinstance(end.__context__, KeyboardInterrupt):  # before there was a session to tell it
                sys.exit(130)
            raise
        finally:
            try:
                sys.stdout.flush()
            except BrokenPipeError:
                from release_recipes.cli.console import closed

                closed(sys.stdout)

    def parse_core(self, argv: list[str] | None) -> None:
        with _told():
            super().parse_core(argv)

    def parse_tasks(self) -> None:
        with _told():
            super().parse_tasks()

    def print_help(self) -> None:
        # Without Invoke's own options, of which users need none.
        print(f"Usage: {self.binary} TASK [--flags]\n\nThe flags of a task: {self.binary} TASK --help\n")  # noqa: T201
        self.list_tasks()

    def task_list_opener(self, extra: str = "") -> str:  # noqa: ARG002 - Invoke's
        return "Tasks"

    def parse_cleanup(self) -> None:
        words = self.core.remainder.split() if self.args.complete.value else []
        # Invoke completes the names of tasks and flags, but no values.
        flag = next((word for word in words[:-3:-1] if word in _COMPLETED), "")
        if flag and not (flag == "explain" and words[-1].startswith("-")):
            task = next((word for word in reversed(words) if word in ns.task_names), "")
            before = "".join(words[-1].rpartition(",")[:2])  # of a list
            sys.stdout.writelines(f"{before}{value}\n" for value in _values(flag, task))
            raise Exit
        super().parse_cleanup()


#: The flags whose values are completed, and the task whose word is.
_COMPLETED = frozenset({"--part", "--only", "--tag", "--project", "--projects", "explain"})


def _values(flag: str, task: str) -> Iterable[str]:
    """Return the values that a flag of a task is completed with; none if they are not known here."""
    from release_recipes.errors import ReleaseError
    from release_recipes.plan import AUTO
    from release_recipes.programs.git import repository
    from release_recipes.project.packages import packages
    from release_recipes.project.raising import PARTS
    from release_recipes.project.source import NONE

    if flag == "--part":
        return (*PARTS, AUTO, NONE)
    if flag == "--only":
        from release_recipes.commands.init_parts import PARTS as WRITTEN

        return ("index", "github") if task == "publish" else WRITTEN
    if flag == "explain":
        from release_recipes.commands.explain import sections

        return sections()
    with contextlib.suppress(ReleaseError, OSError):
        git = repository(Path.cwd())[0]
        if flag == "--tag":
            return git.ask("tag", "--list", "--sort=-creatordate").splitlines()
        return [package.below if flag == "--project" else package.name for package in packages(git)]
    return ()


def _settings() -> set[str]:
    """Return the names of the settings."""
    from dataclasses import fields

    from release_recipes.settings import Settings

    return {each.name for each in fields(Settings)}


def _flags(task: str) -> set[str]:
    """Return the flags of a task."""
    return {f"--{argument.name.replace('_', '-')}" for argument in ns[task].get_arguments()}


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Turn an error of Invoke's parser into a message and a hint.

    Raises:
        Exit: The command line is wrong.
    """
    try:
        yield
    except ParseError as error:
        from release_recipes.errors import typed

        found = re.search(r"'([^']*)'|<Argument: ([\w-]+)", str(error))
        word = (found[1] or f"--{found[2]}") if found else ""
        says, hint = str(error), _instead(word, getattr(error.context, "name", None) or "")
        if "required positional" in says:
            says, hint = f"{word} needs a name.", f"Such as: {typed(word, 'token')}"
        elif found and found[1]:
            says = f"There is no {'flag' if word.startswith('-') else 'task'} {word!r}."
        elif found:
            says, hint = f"{word} needs a value.", f"Add a value: {word} VALUE"
        message = f"error: {says}\n   → {hint}"
        raise Exit(message, code=2) from None


def _instead(word: str, task: str) -> str:
    """Return what may be meant by a word that is no task, or no flag of a task; the task is empty if none was named."""
    from release_recipes.errors import typed

    if word.lstrip("-") in {"major", "minor", "patch", "none"}:
        return f"Did you mean: {typed('release', '--part', word.lstrip('-'))}"
    if re.fullmatch(r"v?\d+(\.\w+)+", word):
        flag = (task, "--tag", word) if task in {"publish", "check"} else ("release", "--new-version", word.lstrip("v"))
        return f"Did you mean: {typed(*flag)}"
    own = {flag: flag for flag in (*_flags(task), "--help")} if task in ns.task_names else {}
    if "--projects" in own and "--projects" in sys.argv and word[:1] not in {"-", ""}:
        return "Write a list with commas: --projects a,b"
    if word.endswith((".whl", ".tar.gz")):
        return f"Did you mean: {typed(task if '--file' in own else 'validate', '--file', word)}"
    owners = [name for name in ns.task_names if word in _flags(name)]
    setting = word[2:].replace("-", "_")
    if owners or setting in _settings():
        listed = f"It is a setting, for [tool.release] in pyproject.toml: {setting}"
        return f"It is a flag of {', '.join(owners)}." if owners else listed
    others = {flag: typed(name, flag) for name in reversed(ns.task_names) for flag in _flags(name)}
    others |= {name: typed(name) for name in (*ns.task_names, "--help", "--list", "--version")}
    begun = [flag for flag in own if word.startswith("--") and flag.startswith(word)]
    near = [*begun, *(known[each] for known in (own, others) for each in difflib.get_close_matches(word, known, 1))]
    return f"Did you mean: {near[0]}" if near else f"See: {typed(task, '--help') if task else typed('--list')}"


def program(version: str) -> Program:
    """Return the tasks as a program."""
    return _Program(name="release-recipes", binary="release-recipes", namespace=ns, version=version)
