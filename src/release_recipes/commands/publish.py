"""Publish a tag that exists: acts 2 and 3 of its release, without bump, commit, claim and push.

With distributions that other jobs have built, it is act 3 after the inspection, and runs no code of the project. It
needs no record: what is already public is found on the index and on the forge, by hash.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

from packaging.version import Version

from release_recipes import events, prepare
from release_recipes import publish as act
from release_recipes.check import CREDENTIALS
from release_recipes.commands.checkout import Checkout, alone, nothing_waits, work_folder
from release_recipes.commands.of_tag import OfTag, find
from release_recipes.commands.release import FIRST, checked
from release_recipes.distributions import expectation, last_release
from release_recipes.distributions.inspection.agreement import kind_of
from release_recipes.errors import BadDistribution, NoToken, Unfinished, WrongUsage, typed
from release_recipes.findings import Finding
from release_recipes.plan import Plan, Request
from release_recipes.prepare.inspect import inspect
from release_recipes.project.changes import of_commit
from release_recipes.publish import listing, of_tag
from release_recipes.publish.listing import Listing
from release_recipes.secrets.token import Token
from release_recipes.state.record import Artifact, Record, in_upload_order
from release_recipes.state.temporary import temporary_folder


def publish(
    checkout: Checkout, request: Request, *, tag: str | None, dist: str | None, only: str | None, dry_run: bool
) -> str:
    """Publish a tag. Returns ``released``, ``tested`` or ``planned``.

    Args:
        checkout: The checkout; its ``HEAD`` may be detached, and its history shallow.
        request: Whether it goes to TestPyPI, and whether tests run.
        tag: The tag; by default the one that the forge's job runs for, otherwise that of ``HEAD``.
        dist: The folder with the distributions; without it, they are built.
        only: ``index`` for the upload alone, ``github`` for the GitHub release of what the index has.
        dry_run: Only say what would be done.

    Raises:
        ReleaseWaits: A release waits to be finished by ``resume``.
        Refused: There are reasons not to publish the tag.
        Failed: Nothing was published.
        ReleaseError: A step could not continue; another run finishes it.
    """
    for flag, value in (("--tag", tag), ("--dist", dist)):
        if value is not None and not value.strip():
            raise WrongUsage(f"{flag} is empty.", f"Give {flag} a value, or omit it.")
    only = only or ("index" if request.test else "")
    if only not in act.OF_TAG or (only == "github" and request.test):
        message = f"--only {only} is not possible{' with --test' * request.test}."
        raise WrongUsage(message, "Use --only index or --only github, or omit it.")
    nothing_waits(checkout.state)
    if dry_run:
        with temporary_folder(checkout.git.path, lambda _: None) as folder:
            return _Publication(find(checkout, tag, folder, dist=dist), request, only).describe()
    with alone(checkout, "publish"), work_folder(checkout, "publish") as folder:
        return _Publication(find(checkout, tag, folder, dist=dist), request, only).run()


class _Publication:
    """The publication of a tag, or a part of it."""

    def __init__(self, of: OfTag, request: Request, only: str) -> None:
        self._of, self._request, self._only = of, request, only
        self._name, self._target = of.project.name, of.checkout.settings.target(test=request.test)
        #: Without credentials, which may not be needed.
        self._index = of.checkout.index(self._target, test=request.test)
        #: sha256 by name, as a tag of ours lists them; on TestPyPI they may differ.
        said = of.tagged.said
        self._listed: Mapping[str, str] = said.files if said.index_address and not request.test else {}
        self._found = self._ask(of.given)
        #: Whether the index has something of the release.
        self._public = bool(self._found.same)

    def describe(self) -> str:
        """Show what each step would do."""
        plan = self._checked()[0]
        steps = prepare.describe(plan, self._of.workspace) if self._builds else []
        record = self._record(plan, in_upload_order(self._of.given))
        events.emit(events.Described([*steps, *act.describe(record, act.OF_TAG[self._only])]))
        return "planned"

    def run(self) -> str:
        """Check, build or inspect, and publish; if something is public, an error says so by its exit code."""
        try:
            return self._run()
        except BaseException as error:
            error.may_be_public = getattr(error, "may_be_public", False) or self._public  # type: ignore[attr-defined]
            raise

    def _run(self) -> str:
        events.emit(FIRST)
        plan, token = self._checked()
        have, dist = self._of.given, self._of.dist
        preparing = prepare.following(plan) if self._builds else ["inspect"] if have else []
        follow = [step.name for step in act.OF_TAG[self._only]]
        events.emit(events.Coming({"check": [], "prepare": preparing, "publish": follow}))
        if have:
            with events.step("inspect") as running:
                files = [dist / each.filename for each in have]
                running.note = inspect(files, self._expecting(plan), self._of.workspace)
        elif self._builds:
            prepare.prepare(plan, self._of.workspace, lambda _: False)
            have, dist = list(self._of.workspace.artifacts()), self._of.workspace.dist
            self._found = self._ask(have)
        artifacts = of_tag.artifacts(self._listed, have, self._found, self._index, self._name, dist)
        record = self._record(plan, artifacts or self._served(plan))
        of_tag.one_spelling(record, self._index)
        events.emit(events.Recorded(record.facts))
        self._publish(act.World(record, self._of.checkout.git, None, token, dist, self._of.checkout.patience))
        outcome = "tested" if plan.test else "released"
        events.tell(f"{plan.project} {plan.version}: {outcome}")
        return outcome

    def _publish(self, world: act.World) -> None:
        """Run the steps of act 3.

        Raises:
            Unfinished: Only the GitHub release was wanted, and it was left out.
        """
        for step in act.OF_TAG[self._only]:
            if step.name == "github" and not step.left_out(world.record):
                of_tag.complete(world.record, self._index, world.dist)
            done = act.publish(world, (step,))
            self._public = True  # after the first step, the index has all files
            if self._only == step.name and done.state == "left out" and not step.left_out(world.record):
                message = f"The GitHub release was left out: {done.note}."
                raise Unfinished(message, f"Fix that, then {world.how_to_finish()}")
        events.emit(events.Released(world.record.facts))

    # -- questions ---------------------------------------------------------------------------------------------------

    def _ask(self, have: Iterable[Artifact]) -> Listing:
        """Ask the index for the files that the tag lists, otherwise for those that are here."""
        return listing.ask(self._index, self._name, self._listed or {each.filename: each.sha256 for each in have})

    @property
    def _uploads(self) -> bool:
        """Whether there is something to upload, as far as it is known before the build."""
        return self._only != "github" and bool(self._found.absent or not self._found.ours)

    @property
    def _builds(self) -> bool:
        return self._uploads and not self._of.given

    def _checked(self) -> tuple[Plan, Token | None]:
        """Run the checks; without those of credentials if nothing is to be uploaded."""
        subject = self._of.subject(self._request)
        plan = checked(subject, self._of.checkout.user, without=() if self._uploads else CREDENTIALS)
        if self._uploads and subject.token is None:  # the check was skipped
            raise NoToken(self._target.upload_address, f"See where to store it: {typed('explain', 'tokens')}")
        return plan, subject.token

    def _served(self, plan: Plan) -> tuple[Artifact, ...]:
        """Return the files that the index has of the version.

        Raises:
            BadDistribution: There are none.
        """
        files = self._index.page(self._name).of_version(str(Version(plan.version)))
        if not files:
            message = f"The index ({self._target.index_address}) has no files of {self._name} {plan.version}."
            raise BadDistribution([Finding(message, "Publish them first, without --only github.")])
        return in_upload_order(Artifact(file.filename, self._index.sha256(file), 0) for file in files)

    def _record(self, plan: Plan, files: tuple[Artifact, ...]) -> Record:
        tagged, address = self._of.tagged, self._of.checkout.git.address(plan.remote)
        changes = of_commit(self._of.checkout.git, tagged.commit, plan.changes, plan.version)
        return plan.record(
            commit=tagged.commit, tag_object=tagged.object, remote_address=address, artifacts=files, changes=changes
        )

    def _expecting(self, plan: Plan) -> Plan:
        """Return the plan with the files that are expected, which the user may learn from the last release.

        Raises:
            BadDistribution: There are wheels for several platforms, and it is not known which ones there must be.
        """
        names = [each.filename for each in self._of.given if kind_of(each.filename)]
        if plan.settings.expect or not expectation.is_needed(names):
            return plan
        last = [file.filename for file in last_release.all_files(self._index.page(self._name), plan.version)]
        expect, whose = expectation.patterns(last or names), "the last release" if last else "these files"
        line = f"expect = {json.dumps(expect)}"
        asked, user = f"Expect the files of the last release, this time: {line}?", self._of.checkout.user
        if not (last and user.present and user.confirm(asked)):
            message = "There are wheels for single platforms, and it is not known which ones the release must have."
            hint = f"Add to [tool.release], as in {whose}: {line}"
            raise BadDistribution([Finding(message, hint, check="expected")])
        return replace(plan, settings=replace(plan.settings, expect=tuple(expect)))
