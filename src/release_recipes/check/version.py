"""Checks of the version and of the files that hold it."""

from collections.abc import Iterator

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
                "Write it as in 1.7.0, 1.7.0rc1 or 2026.11, or give one with --new-version.",
            )
            return
        if name == "planned" and parsed.local:
            yield Finding(
                f"The planned version {version} has a local part (+{parsed.local}), which no public index takes.",
                "Release it without that part.",
            )


def _greater(facts: Facts) -> Iterator[Finding]:
    plan = facts.plan.result()
    if plan.part == NONE:
        return
    try:
        if Version(plan.version) > Version(plan.prior):
            return
    except InvalidVersion:
        return  # the check `version` tells
    word = "the version that stands already" if plan.prior == plan.version else f"not greater than {plan.prior}"
    yield Finding(
        f"The planned version {plan.version} ({plan.version_origin}) is {word}.",
        "To release the version as it stands: --part none; otherwise give a greater one.",
    )


def _version_files(facts: Facts) -> Iterator[Finding]:
    """Compare what declares a version: each must hold the prior one, or the bump would miss it."""
    subject, plan = facts.subject, facts.plan.result()
    declared, configured = subject.project.declared_version, plan.source.configured_in
    if declared and declared != plan.prior:
        yield Finding(
            f"The version files disagree: the project declares {declared}, bump-my-version's current_version is "
            f"{plan.prior}.",
            f"Make them the same: fix current_version in {configured}.",
        )
    for module, version in subject.project.disagreeing.items():
        yield Finding(
            f"The version files disagree: {module} says {version}, the project is at {plan.prior}.",
            f"Bring {module} to {plan.prior}; or name the right files: [tool.release] version_files = […]",
        )
    fix = f", or fix its search pattern in {configured}" if configured else ""
    for file in plan.versions.files:
        path = subject.folder / file.name
        if not path.is_file():
            if not file.may_be_missing:
                yield Finding(f"The version file {file.name} is not there.", f"Fix the list of files in {configured}.")
        elif file.pattern and not file.pattern.search(path.read_text("utf-8", "replace")):
            yield Finding(
                f"The version files disagree: {file.name} does not hold {file.sought}.",
                f"Bring {file.name} to {plan.prior}{fix}.",
            )


def _prerelease(facts: Facts) -> Iterator[Finding]:
    plan = facts.plan.result()
    try:
        begins = Version(plan.version).is_prerelease and not Version(plan.prior).is_prerelease
    except InvalidVersion:
        return  # the check `version` tells
    if begins:
        yield question(
            f"{plan.version} is a pre-release, on the way from the final {plan.prior}.",
            "Installers pass over it unless they are asked for it (PEP 440).",
        )


def _changelog(facts: Facts) -> Iterator[Finding]:
    """Look for the planned version, or a section for what is not released yet; hooks may still write it."""
    plan, root = facts.plan.result(), facts.subject.folder
    if plan.settings.pre_release_hooks:
        return
    names = [path for path in sorted(root.iterdir()) if path.is_file() and path.stem.upper() in _CHANGELOGS]
    texts = [path.read_text("utf-8", "replace") for path in names]
    if texts and not any(plan.version in text or "unreleased" in text.lower() for text in texts):
        yield warning(
            f"{names[0].name} says nothing of {plan.version}.",
            "Write what is new, under the version or under Unreleased, and commit it.",
        )


#: Names of changelogs, without their endings.
_CHANGELOGS = frozenset({"CHANGELOG", "CHANGES", "HISTORY", "NEWS", "RELEASE_NOTES"})


CHECKS = (
    Check("version", "a version that no index takes, or that no installer can compare", _valid),
    Check("greater", "a version that installers would never choose", _greater),
    Check("prerelease", "a pre-release by mistake", _prerelease),
    Check("changelog", "a release that nobody can read about", _changelog),
    Check("version-files", "a package that says another version than its file name", _version_files),
)
