"""Checks of the version and of the version files."""

import json
import platform
from collections.abc import Iterator

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from release_recipes.check.facts import Facts
from release_recipes.errors import typed
from release_recipes.findings import ALWAYS, BUILD, Check, Finding, question, warning
from release_recipes.plan import Plan
from release_recipes.project import declared
from release_recipes.project.packages import since_last_release
from release_recipes.project.source import NONE, is_version
from release_recipes.settings import read_pyproject


def _valid(facts: Facts) -> Iterator[Finding]:
    plan = facts.plan()
    for name, version in (("prior", plan.prior), ("planned", plan.version)):
        try:
            parsed = Version(version)
        except InvalidVersion:
            yield Finding(
                f"The {name} version {version!r} is not valid (PEP 440).",
                "Use a version such as 1.7.0, 1.7.0rc1 or 2026.11, or set it with --new-version.",
            )
            return
        if name == "planned" and parsed.local:
            yield Finding(
                f"The planned version {version} has a local part (+{parsed.local}), which public indexes refuse.",
                "Release a version without the local part.",
            )


def _greater(facts: Facts) -> Iterator[Finding]:
    plan = facts.plan()
    if plan.part == NONE or not _are_valid(plan) or Version(plan.version) > Version(plan.prior):
        return
    word = "the current version" if plan.prior == plan.version else f"not greater than {plan.prior}"
    yield Finding(
        f"The planned version {plan.version} ({plan.version_origin}) is {word}.",
        "Use a greater version; or, to release the current version: --part none",
    )


def _are_valid(plan: Plan) -> bool:
    """Return whether both versions can be compared; the check ``version`` reports one that cannot."""
    return is_version(plan.prior) and is_version(plan.version)


def _source_tags(facts: Facts) -> Iterator[Finding]:
    """Check that the tags from which a project takes its version are here, and that the new version gets one."""
    plan = facts.plan()
    if not (plan.source.from_tag and is_version(plan.prior)):
        return
    tags = facts.tags()
    for tag, version in facts.versions_of([*tags]).items():
        if not tags[tag] and Version(version) > Version(plan.prior):
            yield Finding(
                f"The version comes from tags, and {facts.remote} has {tag}, which is not here.",
                f"Fetch the tags: git fetch --tags {facts.remote}",
            )
    makes_tag = plan.settings.auto_git_tag or plan.test
    if not makes_tag and facts.git.resolve(f"refs/tags/{plan.tag}^{{commit}}") != plan.base:
        yield Finding(
            f"The version comes from the tag, and none would be made: {plan.settings.origin('auto_git_tag')} says so.",
            f"Remove that setting; or make the tag, then release it: git tag -a {plan.tag} -m {plan.tag} && "
            f"{typed('release', '--part', NONE)}",
        )


def _version_files(facts: Facts) -> Iterator[Finding]:
    """Check that each version file contains the prior version; otherwise the bump would miss it."""
    plan, git, folder = facts.plan(), facts.git, facts.project.folder
    configured = plan.source.configured_in
    if stale := facts.project.stale:
        yield warning(
            f"The configuration of bump-my-version is not used: its current_version is {stale}, but the project has "
            f"{plan.prior}.",
            "Fix current_version, or remove the configuration.",
        )
    fix = f", or fix its search pattern in {configured}" if configured else ""
    for file in plan.versions.files:
        path, place = folder / file.name, facts.subject.in_repository(file.name)
        if not path.is_file():
            if not file.may_be_missing:
                yield Finding(
                    f"The version file {file.name} does not exist.",
                    f"Fix the list of files in {configured}.",
                    file=place,
                )
        elif not git.tracked(path.relative_to(git.path).as_posix()):
            yield Finding(
                f"The version file {file.name} is not tracked by git, so the clone for the build does not have it.",
                f"Run: git add --force {file.name}; or remove it from the files in {configured or 'version_files'}.",
                file=place,
            )
        elif file.pattern and not file.pattern.search(path.read_text("utf-8", "replace")):
            yield Finding(
                f"The version files disagree: {file.name} does not contain {file.sought}.",
                f"Change {file.name} to {plan.prior}{fix}.",
                file=place,
            )


def _copies(facts: Facts) -> Iterator[Finding]:
    """Tell where the prior version stands, too, and stays: it may be a copy, or something else."""
    plan = facts.plan()
    configured, changed = plan.source.configured_in, [file.name for file in plan.versions.files]
    doubtful = [place for place in facts.project.doubtful if place.file not in changed]
    for place in doubtful if plan.bumps else ():
        files = json.dumps([*plan.settings.version_files, place.file], ensure_ascii=False)
        left = json.dumps([*plan.settings.left_alone, place.file], ensure_ascii=False)
        include = f"add it to {configured}" if configured else f"set [tool.release] version_files = {files}"
        yield warning(
            f"{place.file}, line {place.line} contains the version, and is not changed: {place.text}",
            f"If it is the version of this project, {include}; if not, left_alone = {left}.",
            file=facts.subject.in_repository(place.file),
            line=place.line,
        )


def _tag_form(facts: Facts) -> Iterator[Finding]:
    """Compare a template of the project with the tags that exist."""
    plan = facts.plan()
    if plan.habit and plan.habit != plan.tag:
        yield question(
            f"The tag would be {plan.tag}, but the tags that exist have another form, as in {plan.habit}.",
            "Fix the template of the tag, or remove it: [tool.release] tag, or tag_name of bump-my-version.",
        )


def _prerelease(facts: Facts) -> Iterator[Finding]:
    plan = facts.plan()
    if _are_valid(plan) and Version(plan.version).is_prerelease and not Version(plan.prior).is_prerelease:
        yield question(
            f"{plan.version} is a pre-release, and {plan.prior} is a final release.",
            "Installers ignore pre-releases by default (PEP 440).",
        )


def _python(facts: Facts) -> Iterator[Finding]:
    """Check that the project supports this Python, with which it is tested, built and installed."""
    wanted = facts.project.pyproject.get("project", {}).get("requires-python", "")
    try:
        fits = SpecifierSet(str(wanted)).contains(platform.python_version(), prereleases=True)
    except InvalidSpecifier:
        yield Finding(f"requires-python is {wanted!r}, which is not a version specifier.", "Write it like >=3.11.")
        return
    if not fits:
        yield Finding(
            f"The project requires Python {wanted}, but release-recipes runs on {platform.python_version()}.",
            f"Run it with a matching Python: uvx --python '{wanted}' release-recipes release",
        )


def _pins(facts: Facts) -> Iterator[Finding]:
    """Look for packages of the repository that exclude each other's versions; a release of both raises the bound."""
    plan, together = facts.plan(), facts.request.together
    for pin, raised in plan.pins.items():
        if not (raised and plan.bumps):
            message = f"{plan.project} requires {pin}, which excludes the version here."
            yield warning(message, "Release that one first, or change the requirement by hand.")
    if not together:
        yield from _pins_of_its_own(facts)
    key, known = canonicalize_name(plan.project), facts.packages()
    pins = {each: each.excludes({key: plan.version}) for each in facts.others()}
    excluding = {each: found for each, found in pins.items() if found and each.key not in together}
    names = [plan.project, *sorted(together - {key}), *(each.name for each in excluding)]
    command = typed("release", "--projects", ",".join(names), *_words(facts))
    for each, found in excluding.items():
        _, has_changed = since_last_release(facts.git, each.name, each.below, known)
        hint = f"{'To raise it,' if has_changed else 'Change it, commit that, and'} release them together"
        for pin in found:
            message = f"{each.name} requires {pin}, which excludes {plan.project} {plan.version}."
            yield question(message, f"{hint}: {command}")


def _pins_of_its_own(facts: Facts) -> Iterator[Finding]:
    """Look for what a package that is released alone requires of others, and that excludes their versions here."""
    for own in facts.own():
        for other in own.depends_on(facts.others()):
            folder = facts.git.path / other.below
            version = declared.read(folder, read_pyproject(folder)).version
            command = typed("release", "--projects", own.name, *_words(facts))
            for pin, raised in own.excludes({other.key: version} if version else {}).items():
                message = f"{own.name} requires {pin}, which excludes {other.name} {version} of this repository."
                first = f"Release {other.name} first, or change the requirement by hand."
                yield question(message, f"To raise it in the release: {command}" if raised else first)


def _words(facts: Facts) -> list[str]:
    """Return the flags that say which version to release, also where the part is the default."""
    part = facts.plan().part  # empty for the setting version
    return facts.request.words or (["--part", part] if part else [])


def _changelog(facts: Facts) -> Iterator[Finding]:
    """Look for what the release says of its changes; hooks may still write that."""
    plan = facts.plan()
    changes, off = plan.changes, '[tool.release] changelog = "off"'
    if changes.fault:
        yield Finding(f"What changed cannot be found: {changes.fault}", f"Fix that, or set: {off}")
    elif is_version(changes.coming) and is_version(plan.version) and Version(changes.coming) > Version(plan.version):
        message = f"{changes.path} says that {changes.coming} comes next, but this is {plan.version}."
        hint = f"Its heading becomes that of {plan.version}. To release the other version"
        yield question(message, f"{hint}: {typed('release', '--new-version', changes.coming)}")
    elif plan.settings.pre_release_hooks or changes.text or changes.way == "off":
        return
    elif changes.way == "keep":
        hint = f"Write it below a heading Unreleased, or one of the version, and commit it; to write nothing: {off}"
        finals = [is_version(each) and not Version(each).is_prerelease for each in (plan.prior, plan.version)]
        if finals == [False, True]:
            hint = f"To have in it what its pre-releases had: {typed('explain', 'pre-releases')}"
        yield warning(f"{changes.path} says nothing of {plan.version}.", hint)
    elif changes.way == "fragments":
        yield warning(f"There are no news fragments for {plan.version}.", f"Add one, and commit it, or set: {off}")


CHECKS = (
    Check("version", "a version that indexes refuse, or that installers cannot compare", _valid, occasions=ALWAYS),
    Check("greater", "a version that installers would never choose", _greater),
    Check("source-tags", "a version that does not follow the last one, or that no tag will say", _source_tags),
    Check("python", "a release that is tested and built with a Python that the project does not support",
          _python, occasions=BUILD),
    Check("prerelease", "a pre-release by mistake", _prerelease),
    Check("pins", "a release that another package of the repository excludes", _pins),
    Check("changelog", "a release that is missing from the changelog", _changelog),
    Check("copies", "a copy of the version that a release leaves behind", _copies),
    Check("tag-form", "a tag that other tools do not recognise as a version of this project", _tag_form),
    Check("version-files", "a package whose version differs from its file name", _version_files),
)  # fmt: skip
