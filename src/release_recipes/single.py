"""Single steps, for people and CI who compose their own release."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name, canonicalize_version

from release_recipes import events, publish
from release_recipes.errors import BumpFailed, WrongUsage
from release_recipes.plan import make_plan, wanted_part
from release_recipes.prepare import build as building
from release_recipes.prepare import inspection, workspace
from release_recipes.prepare import test as testing
from release_recipes.release import alone, hold, subject_of
from release_recipes.settings import token
from release_recipes.state import Artifact, Record, now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from release_recipes.plan import Plan, Request
    from release_recipes.release import Place


def bump(here: Place, request: Request) -> Plan:
    """Edit the version files in the working tree; commit nothing.

    Raises:
        BumpFailed: A file does not hold the version that it should; nothing was changed.
    """
    with events.step("bump") as running:
        subject = subject_of(here, request)
        part, _, _ = wanted_part(request, here.settings)
        shown = subject.project.bumper.show(subject.root, part)
        branch, base = here.git.branch(), here.git.ask("rev-parse", "HEAD")
        plan = make_plan(subject.project, here.settings, request, shown, branch=branch, base=base)
        events.emit(events.Planned(plan))
        if not plan.bumps:
            message = f"The version is {plan.version} already."
            raise BumpFailed(message, "Name a part to raise: --part patch, minor or major.")
        subject.project.bumper.bump(subject.root, plan.part, plan.version)
        running.note = f"{plan.prior} → {plan.version}, not committed"
    return plan


def test(here: Place) -> None:
    """Run the project's tests in the working tree.

    Raises:
        TestsFailed: They failed.
    """
    with events.step("test") as running:
        running.note = testing.run_tests(here.git.path, here.settings.test_sessions)


def build(here: Place) -> list[Path]:
    """Build the distributions of HEAD in a clean clone, and put them into a fresh ``dist/``.

    Raises:
        Failed: The build failed; ``dist/`` is as it was.
    """
    with (
        events.step("build") as running,
        alone(here, "build"),
        workspace.temporary(here.git.path, lambda folder: hold(here.state, "build", folder)) as folder,
    ):
        prepared = workspace.Workspace(folder)
        branch = here.git.branch() or "main"
        workspace.clone(here.git.path, prepared.source.path, branch, here.git.ask("rev-parse", "HEAD"))
        workspace.make_ours(here.git, prepared.source, here.settings.remote)
        with workspace.usual_modes():
            building.build(prepared, here.settings.build_session, normalises=here.settings.normalise_sdist)
        dist = here.git.path / "dist"
        shutil.rmtree(dist, ignore_errors=True)
        shutil.copytree(prepared.dist, dist)
        built = sorted(dist.iterdir())
        running.note = ", ".join(path.name for path in built)
    return built


def validate(here: Place, named: Sequence[str]) -> list[Path]:
    """Inspect the distributions named, or those in ``dist/``.

    Raises:
        WrongUsage: There is none.
        BadDistribution: An index would refuse one, or they do not belong together.
    """
    with events.step("inspect") as running:
        files = _distributions(here, named)
        inspection.inspect(inspection.subject_of(files, here.settings))
        running.note = f"{len(files)} distributions"
    return files


def upload(here: Place, named: Sequence[str], *, test: bool) -> Record:
    """Upload distributions where the index does not have them, and see that it serves them. There is no record.

    Raises:
        WrongUsage: There is nothing to upload, or no token.
        BadDistribution: A file is no distribution.
        FileConflict: The index has another file of that name.
        UploadRefused: The index said no.
    """
    files = _distributions(here, named)
    name, version = _one_release(files)
    address, index = here.settings.upload_address(test=test), here.settings.index_address(test=test)
    artifacts = sorted(map(Artifact.of, files), key=lambda artifact: (artifact.is_sdist, artifact.filename))
    record = Record(
        project=name, prior=version, version=version, commit="", base="", tag="", tag_object="", pushes_tag=False,
        branch="", remote=here.settings.remote, remote_address="", test=test, upload_address=address,
        index_address=index, username=here.settings.username, github_release=False,
        upload_workers=here.settings.upload_workers,
        keeps_artifacts=True, started=now(), artifacts=tuple(artifacts),
    )  # fmt: skip
    events.emit(events.Recorded(record))
    with tempfile.TemporaryDirectory(prefix=workspace.PREFIX) as folder:
        for file in files:
            shutil.copyfile(file, Path(folder, file.name))
        world = publish.World(record, here.git, None, token(here.sources, test=test), Path(folder))
        publish.publish(world, (publish.upload.STEP, publish.verify.STEP))
    return record


def _one_release(files: Sequence[Path]) -> tuple[str, str]:
    """Return name and version of the distributions.

    Raises:
        BadDistribution: One of them carries none.
        WrongUsage: They are of several projects or versions.
    """
    told = {file: inspection.read_name_and_version(file) for file in files}
    same = {(canonicalize_name(name), canonicalize_version(version)) for name, version in told.values()}
    if len(same) > 1:
        message = f"{', '.join(file.name for file in files)} are not of one release."
        raise WrongUsage(message, "Empty dist/ and run: invoke build; or name the files: --file")
    return told[files[0]]


def _distributions(here: Place, named: Sequence[str]) -> list[Path]:
    """Return the files named, or all in ``dist/``.

    Raises:
        WrongUsage: A file is not there, or there is none at all.
    """
    # `uv build` leaves a .gitignore in dist/.
    files = [Path(name).resolve() for name in named] or sorted((here.git.path / "dist").glob("[!.]*"))
    if missing := [file for file in files if not file.is_file()]:
        message = f"There is no file {missing[0]}."
        raise WrongUsage(message, "Name a distribution that exists, or run: invoke build")
    if not files:
        message = "There are no distributions in dist/."
        raise WrongUsage(message, "Run: invoke build")
    return files
