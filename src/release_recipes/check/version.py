"""Checks of the version and of the version files."""

import platform
from collections.abc import Iterator

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from release_recipes.check.facts import Facts
from release_recipes.findings import Check, Finding, question, warning
from release_recipes.project.source import NONE


def _valid(facts: Facts) -> Iterator[Finding]:
    plan = facts.plan.result()
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
    plan = facts.plan.result()
    if plan.part == NONE:
        return
    try:
        if Version(plan.version) > Version(plan.prior):
            return
    except InvalidVersion:
        return  # the check `version` reports it
    word = "the current version" if plan.prior == plan.version else f"not greater than {plan.prior}"
    yield Finding(
        f"The planned version {plan.version} ({plan.version_origin}) is {word}.",
        "Use a greater version; or, to release the current version: --part none",
    )


def _version_files(facts: Facts) -> Iterator[Finding]:
    """Check that each version file contains the prior version; otherwise the bump would miss it."""
    subject, plan = facts.subject, facts.plan.result()
    declared, configured = subject.project.declared_version, plan.source.configured_in
    if declared and declared != plan.prior:
        yield Finding(
            f"The version files disagree: the project declares {declared}, but bump-my-version's current_version is "
            f"{plan.prior}.",
            f"Fix current_version in {configured}, so that they are the same.",
        )
    for module, version in subject.project.disagreeing.items():
        yield Finding(
            f"The version files disagree: {module} has {version}, but the project has {plan.prior}.",
            f"Change {module} to {plan.prior}, or list the right files: [tool.release] version_files = […]",
        )
    fix = f", or fix its search pattern in {configured}" if configured else ""
    for file in plan.versions.files:
        path = subject.folder / file.name
        if not path.is_file():
            if not file.may_be_missing:
                yield Finding(
                    f"The version file {file.name} does not exist.", f"Fix the list of files in {configured}."
                )
        elif not subject.git.tracked(path.relative_to(subject.git.path).as_posix()):
            yield Finding(
                f"The version file {file.name} is not tracked by git, so the clone for the build does not have it.",
                f"Run: git add --force {file.name}; or remove it from the files in {configured or 'version_files'}.",
            )
        elif file.pattern and not file.pattern.search(path.read_text("utf-8", "replace")):
            yield Finding(
                f"The version files disagree: {file.name} does not contain {file.sought}.",
                f"Change {file.name} to {plan.prior}{fix}.",
            )


def _prerelease(facts: Facts) -> Iterator[Finding]:
    plan = facts.plan.result()
    try:
        begins = Version(plan.version).is_prerelease and not Version(plan.prior).is_prerelease
    except InvalidVersion:
        return  # the check `version` reports it
    if begins:
        yield question(
            f"{plan.version} is a pre-release, and {plan.prior} is a final release.",
            "Installers ignore pre-releases by default (PEP 440).",
        )


def _python(facts: Facts) -> Iterator[Finding]:
    """Check that the project supports this Python, with which it is tested, built and installed."""
    wanted = facts.subject.project.pyproject.get("project", {}).get("requires-python", "")
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


def _changelog(facts: Facts) -> Iterator[Finding]:
    """Look for the planned version, or an Unreleased section, in the changelog; hooks may still write it."""
    plan, root = facts.plan.result(), facts.subject.folder
    if plan.settings.pre_release_hooks:
        return
    names = [path for path in sorted(root.iterdir()) if path.is_file() and path.stem.upper() in _CHANGELOGS]
    texts = [path.read_text("utf-8", "replace") for path in names]
    if texts and not any(plan.version in text or "unreleased" in text.lower() for text in texts):
        yield warning(
            f"{names[0].name} does not mention {plan.version}.",
            "Add a section for the version, or one named Unreleased, and commit it.",
        )


#: Names of changelogs, without their suffixes.
_CHANGELOGS = frozenset({"CHANGELOG", "CHANGES", "HISTORY", "NEWS", "RELEASE_NOTES"})


CHECKS = (
    Check("version", "a version that indexes refuse, or that installers cannot compare", _valid),
    Check("greater", "a version that installers would never choose", _greater),
    Check("python", "a release that is tested and built with a Python that the project does not support", _python),
    Check("prerelease", "a pre-release by mistake", _prerelease),
    Check("changelog", "a release that is missing from the changelog", _changelog),
    Check("version-files", "a package whose version differs from its file name", _version_files),
)
