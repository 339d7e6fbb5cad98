"""What ``init`` found of a project with the reason for each, and what is left to do by hand."""

import json
from collections.abc import Iterable, Iterator, Sequence

from release_recipes import workflows
from release_recipes.check.facts import changelog_of
from release_recipes.commands.init_parts import Found
from release_recipes.errors import typed
from release_recipes.index.publisher import Publisher, how_to_register
from release_recipes.processes.environment import shown
from release_recipes.programs import gh
from release_recipes.project import declared
from release_recipes.project.packages import last_tag
from release_recipes.project.places import Place
from release_recipes.project.testing import SOUGHT
from release_recipes.project.version_files import VersionFiles
from release_recipes.settings import PUBLISHER_PAGES, TOKEN_PAGES, is_placeholder, token_name, where_to_put

COLUMNS = ("what", "found", "why")

#: The environment of the job that publishes, as the template names it.
_ENVIRONMENT = "pypi"

#: The most places that a row lists.
_MOST = 5


def rows(found: Found) -> Iterator[tuple[str, str, str]]:
    """Yield what was found: its name, its value, and where it stands or why it is so."""
    checkout, project, plan = found.checkout, found.project, found.plan
    settings, said = checkout.settings, declared.read(found.folder, project.pyproject)
    yield "name", project.name, "as its files say" if said.name else "as the build backend says"
    backend = project.pyproject.get("build-system", {}).get("build-backend", "")
    compiled = ", with compiled code" if found.facts.is_compiled else ""
    why = "pyproject.toml, build-backend" if backend else "the default if pyproject.toml names none"
    yield "backend", f"{backend or 'setuptools'}{compiled}", why
    last = last_tag(checkout.git, project.name, project.below, found.packages)
    yield from _version(found, said.file, last)
    why = f"as the last tag, {last}" if last else "as other tags" if plan.habit else "default, since there are no tags"
    if settings.tag:
        why = settings.origin("tag")
    elif "tag_name" in project.source.templates(project.folder):
        why = project.source.configured_in or f"the build backend reads it{f'; the last is {last}' if last else ''}"
    yield "tag", plan.tag.replace(plan.version, "{version}"), why
    why = f"default, since {settings.remote} {'does not answer' if found.default_branch is None else 'names none'}"
    if settings.branches:
        why = settings.origin("branches")
    elif found.default_branch:
        why = f"the default branch of {settings.remote}"
    yield "branch", ", ".join(settings.branches) or found.default_branch or "main", why
    yield ("tests", *_tests(found))
    why = settings.origin("repository_url")
    another = f"{why}; for another one: {typed('explain', 'private-index')}" if why == "default" else why
    yield "index", settings.target(test=False).index_address, another
    here = found.workflows
    publish = ", ".join(name for name, text in here.items() if workflows.uploads(text)) or "none"
    yield "CI", ", ".join(here) or "none", f"{publish} publishes" if here else "no file in .github/workflows"
    kept = changelog_of(project, plan)
    ways = {"keep": "written by hand", "fragments": f"from fragments, by {kept.tool}", "generate": "from the commits"}
    yield "changelog", kept.path or "none", ways.get(kept.way, f"not written: {kept.why}")


def _version(found: Found, file: str, last: str) -> Iterator[tuple[str, str, str]]:
    """Yield where the version stands, which copies of it a release changes, and which it only reports."""
    source, plan = found.project.source, found.plan
    places = source.places if isinstance(source, VersionFiles) else ()
    at = next((place for place in places if place.file == file), places[0] if places else None)
    why = f"{at.file}, line {at.line}" if at else ""
    if source.from_tag:
        at, why = None, f"from the tag {last}" if last else "from tags, of which there is none"
    if source.configured_in:
        why = f"bump-my-version, {source.configured_in}"
    yield "version", plan.prior, why
    names = [file.name for file in plan.versions.files if not places and file.name != source.configured_in]
    if copies := [*_listed(place for place in places if place != at), *names]:
        yield "copies", ", ".join(copies), "a release changes them, too"
    if told := _listed(found.project.doubtful):
        see = f"what is missing in {source.configured_in}" if source.configured_in else "the setting version_files"
        yield "unsure", ", ".join(told), f"perhaps copies, not changed; see {see}"


def _listed(places: Iterable[Place]) -> list[str]:
    """Return the first of some places."""
    return _first([f"{file}:{line}" for file, line in sorted({(place.file, place.line) for place in places})])


def _first(names: Sequence[str]) -> list[str]:
    return [*names[:_MOST], *["…"] * (len(names) > _MOST)]


def _tests(found: Found) -> tuple[str, str]:
    """Return what runs the tests, and why it is that."""
    settings, tests = found.checkout.settings, found.tests
    if found.sessions:
        why = settings.origin("test_sessions") if settings.test_sessions else "noxfile.py"
        return shown(["nox", "-s", *found.sessions]), why
    if tests is None:
        return "none", f"there is {SOUGHT}"
    if settings.test_command:
        return shown(tests.command), settings.origin("test_command")
    is_declared = tests.command[0] not in {"pytest", "python"}
    return shown(tests.command), f"{tests.command[0]} is configured" if is_declared else "files such as test_*.py exist"


def next_steps(found: Found, written: Iterable[str]) -> Iterator[str]:
    """Yield what the user does by hand, now or once, after files were written."""
    checkout, name, steps = found.checkout, token_name(test=False), list[str]()
    in_ci = found.facts.file_names["release"] in found.written
    if files := [each for each in written if not checkout.git.ignores(each)]:
        steps.append(f"Commit what was written: {shown(['git', 'add', '--', *files])} && git commit")
    if any(each.endswith(".pre-commit-config.yaml") for each in files):
        steps.append("Have git run the hook: python -m pip install pre-commit && pre-commit install")
    if not (found.sessions or found.tests):
        said = 'No tests were found. To say how they are run: [tool.release] test_command = "…"'
        steps.append(f"{said}; then {typed('init')} adds the job that runs them" if in_ci else said)
    if in_ci:
        steps += _steps_for_ci(found)
    held = checkout.sources.named(name)
    if checkout.settings.publish != "ci" and not (held and not is_placeholder(held[0])):
        page = TOKEN_PAGES.get(checkout.settings.repository_url)
        made = f"create a token for {found.project.name} at {page}, then: " if page else ""
        put = where_to_put(name, found.folder, checkout.git.path)
        steps.append(f"To publish from this machine: {made}{put}")
    folders = [each.below for each in found.packages if each.below != found.project.below]
    others = [below for below in folders if not (checkout.git.path / below / "noxfile.py").is_file()]
    if others and files:
        steps.append(f"Do the same for the other packages, each with --project: {', '.join(_first(others))}")
    steps.append(f"Rehearse a release: {typed('rehearse')}")
    yield "Next:"
    yield from (f"  {number}. {step}" for number, step in enumerate(steps, 1))


def _steps_for_ci(found: Found) -> Iterator[str]:
    """Yield what it takes that CI publishes."""
    checkout, facts = found.checkout, found.facts
    repository = found.repository
    if repository and not gh.looks_like_github(repository):
        yield f"The workflows are for GitHub, and the remote is on {repository.host}: {typed('explain', 'gitlab')}"
    ours = {*found.written, *facts.file_names.values()}  # what was written before is for another package, and its tags
    if others := [name for name, text in found.workflows.items() if name not in ours and workflows.uploads(text)]:
        yield f"{', '.join(others)} seems to publish, too. Remove it: two workflows must not publish one tag."
    path = repository.path if repository else "OWNER/REPOSITORY"
    job = Publisher("GitHub", path, facts.file_names["release"], _ENVIRONMENT)
    target, secret = checkout.settings.target(test=False), token_name(test=False)
    register = f"Add a secret {secret} to the environment {_ENVIRONMENT} in the settings of the repository"
    if target.upload_address in PUBLISHER_PAGES:
        register = how_to_register(target, facts.name, job)
    yield f"To publish from CI: {register[0].lower()}{register[1:]}"
    if facts.is_compiled and checkout.settings.origin("expect") == "default":
        listed = json.dumps(workflows.expected(found.folder), indent=4).replace("\n", "\n     ")
        if {"workflows", "release"} & {*found.named}:
            yield f"Name the distributions of a release in pyproject.toml:\n     [tool.release]\n     expect = {listed}"
        else:  # dozens of lines
            again = typed("init", "--only", "workflows")
            yield f"Name the distributions of a release, [tool.release] expect; the list is at the end of: {again}"
    if checkout.settings.origin("publish") == "default":
        yield 'To have CI publish each release that is made here: [tool.release] publish = "ci"'
