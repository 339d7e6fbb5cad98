"""The rehearsal: the same release of HEAD, for real, in a temporary place that nobody else sees.

A clone stands in for the user's repository, a bare clone for the remote, pypiserver on loopback for the index, with a
token made for the occasion. Act 1 is made on the true repository; what would stop the true release is told, and does
not stop the rehearsal. Acts 2 and 3 are those of :mod:`~release_recipes.commands.release`, and the released version is installed
from the embedded index at the end.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from release_recipes import events, prepare, publish
from release_recipes.check import check
from release_recipes.commands.checkout import alone, work_folder
from release_recipes.commands.release import keep, subject_of
from release_recipes.ending import finish
from release_recipes.errors import Problem, Refused
from release_recipes.index import embedded as pypi_server
from release_recipes.index import twine
from release_recipes.prepare import workspace
from release_recipes.programs.git import Git
from release_recipes.project.files import read_project
from release_recipes.secrets.token import Token
from release_recipes.state.folder import State
from release_recipes.state.temporary import PREFIX

if TYPE_CHECKING:
    from pathlib import Path

    from release_recipes.check import Subject
    from release_recipes.commands.checkout import Place
    from release_recipes.plan import Plan, Request

#: The steps of a rehearsed release: those of a release, and at the end what a user of the package does.
STEPS = (*publish.RELEASE, publish.install.STEP)

#: Who commits and tags where git knows nobody.
NOBODY = {"user.name": "Rehearsal", "user.email": "rehearsal@localhost"}


def rehearse(here: Place, request: Request) -> str:
    """Rehearse a release. Returns the outcome, ``rehearsed``.

    Raises:
        Refused: The release cannot even be planned.
        Failed: A step failed, as it would in the release.
    """
    with alone(here, "rehearse"):
        subject = subject_of(here, request)
        plan = _checked(subject)
        with work_folder(here, "rehearse") as folder:
            (folder / "index").mkdir()
            with pypi_server.serving(folder / "index") as index:
                stage = _stage(here.git, folder, plan)
                _on_stage(stage, _planned_there(plan, subject, index, stage), folder, Token(index.token))
    return "rehearsed"


def dry_run(here: Place, request: Request) -> list[tuple[str, list[str]]]:
    """Check, plan, and say what each step of the rehearsal would do."""
    plan = _checked(subject_of(here, request))
    return [*prepare.describe(plan), *((step.name, step.describe(plan)) for step in STEPS)]


def _checked(subject: Subject) -> Plan:
    """Make act 1 on the true repository; its problems become warnings."""
    with events.step("check") as running:
        outcome = check(subject, prepare.INSPECTION_NAMES)
        if outcome.plan is None:
            raise Refused(outcome.problems)
        events.emit(events.Planned(outcome.plan))
        for problem in outcome.problems:
            told = Problem(problem.check, f"This would stop the release: {problem.message}", problem.hint)
            events.emit(events.Warned(told))
        for problem in (*outcome.warnings, *outcome.questions):
            events.emit(events.Warned(problem))
        running.note = (
            f"{len(outcome.problems)} would stop the release" if outcome.problems else "nothing would stop the release"
        )
    return outcome.plan


def _stage(user: Git, folder: Path, plan: Plan) -> Git:
    """Make the remote, and the repository that stands in for the user's."""
    branch = plan.branch or "main"
    remote, stage = Git(folder / "remote.git"), Git(folder / "repository")
    Git(folder).does("clone", "--bare", "--shared", "--quiet", "--template=", str(user.path), str(remote.path))
    remote.does("update-ref", f"refs/heads/{branch}", plan.base)
    remote.does("symbolic-ref", "HEAD", f"refs/heads/{branch}")
    if remote.resolve(f"refs/tags/{plan.tag}"):
        remote.does("tag", "--delete", plan.tag)
    workspace.clone(remote.path, stage.path, branch, plan.base)
    for key, value in (NOBODY | user.identity() | _UNSIGNED).items():
        stage.does("config", key, value)
    stage.does("config", "protocol.file.allow", "always")
    if "true" in {user.config("commit.gpgSign"), user.config("tag.gpgSign")}:
        events.emit(events.Told("Commit and tag are not signed in a rehearsal: your key is not touched."))
    return stage


#: Signing takes a person's key, and a rehearsal takes nothing of theirs.
_UNSIGNED = {"commit.gpgSign": "false", "tag.gpgSign": "false"}


def _planned_there(plan: Plan, subject: Subject, index: pypi_server.Served, stage: Git) -> Plan:
    """Return the same plan for the stage: other addresses, the same everything else."""
    settings = dataclasses.replace(
        subject.settings,
        repository_url=index.upload_address,
        index_url=index.index_address,
        username="__token__",
        remote="origin",
        github_release=False,
        clean_build_artifacts=True,
        try_install="all" if subject.settings.origin("try_install") == "default" else subject.settings.try_install,
        reproducible="warn" if subject.settings.reproducible == "rehearse" else subject.settings.reproducible,
    )
    project = read_project(stage.path, subject.project.pyproject, settings.version_files)
    return dataclasses.replace(
        plan,
        branch=plan.branch or "main",
        remote="origin",
        test=False,
        upload_address=index.upload_address,
        index_address=index.index_address,
        username="__token__",
        bumper=project.bumper,
        settings=settings,
    )


def _on_stage(stage: Git, plan: Plan, folder: Path, token: Token) -> None:
    """Make acts 2 and 3."""
    state = State(stage.path / ".git" / "release-recipes")
    inner = folder / f"{PREFIX}workspace"
    inner.mkdir()
    prepared = workspace.fill(inner, stage, plan)
    twine.get_ready()
    prepare.prepare(plan, prepared, lambda _: False)
    record = keep(state, stage, prepared, plan)
    finish(publish.World(record, stage, state, token, prepared.dist), state, STEPS)
