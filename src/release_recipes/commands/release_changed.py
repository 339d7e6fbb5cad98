"""Several packages of a repository: what changed in each, and their releases in the order of their dependencies."""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from packaging.utils import canonicalize_name

from release_recipes import events
from release_recipes.commands.checkout import Checkout, nothing_waits
from release_recipes.commands.release import ask, look, make, see_agreement, settled
from release_recipes.errors import REPEATED, ReleaseError, WrongUsage, typed
from release_recipes.findings import Finding
from release_recipes.plan import Plan, Request
from release_recipes.processes.environment import shown
from release_recipes.processes.threads import in_parallel
from release_recipes.project.packages import Package, in_order, packages, since_last_release


@dataclass(frozen=True)
class Member:
    """A package of a repository, and its last release."""

    package: Package
    #: Empty if it cannot be read.
    version: str
    #: The tag of its last release; empty if there is none.
    tag: str
    #: The number of commits since then that change it.
    commits: int
    #: Why its version cannot be read.
    fault: ReleaseError | None

    @property
    def since(self) -> str:
        """What changed since its last release, for the user."""
        count = f"{self.commits or 'no'} commit{'s' * (self.commits != 1)}"
        since = f"{count} since {self.tag}" if self.tag else f"{count}, not released yet"
        return f"{since}; {self.fault.message.rstrip('.')}" if self.fault else since

    def facts(self, known: Iterable[Package]) -> dict[str, Any]:
        """Return its facts for the JSON document, with the packages of the repository that it requires."""
        own, requires = self.package, [other.name for other in self.package.depends_on(known)]
        names = {"project": own.name, "folder": own.below, "prior": self.version or None, "last_tag": self.tag or None}
        return {**names, "commits_since": self.commits, "since": self.since, "requires": requires}


def members(checkout: Checkout, known: Sequence[Package]) -> list[Member]:
    """Return the packages of a repository with their last releases."""
    found: dict[str, Member] = {}

    def ask(package: Package) -> None:
        since, version, fault = since_last_release(checkout.git, package.name, package.below, known), "", None
        try:
            one = checkout.of(package.below)
            version = one.project().source.read(one.folder).current
        except ReleaseError as error:
            fault = error
        found[package.below] = Member(package, version, *since, fault)

    for failure in in_parallel([functools.partial(ask, package) for package in known]):
        raise failure
    return [found[package.below] for package in known]


@dataclass(frozen=True)
class Turn:
    """The packages of a repository that are released in turn, each after those that it requires."""

    #: The top of the repository.
    checkout: Checkout
    #: What is released of each.
    request: Request
    #: In the order of their releases.
    changed: Sequence[Package]
    #: The versions of all packages, by their normalised names.
    versions: Mapping[str, str]

    def each(self, look: Callable[[Checkout, Request], Plan]) -> Iterator[Plan]:
        """Yield the plan of each package, which is made with the planned versions of those before it."""
        versions, together = {**self.versions}, frozenset(package.key for package in self.changed)
        for number, package in enumerate(self.changed, 1):
            REPEATED[:] = ["--project", package.below]
            several = self.request.several if self.changed[number:] else ()
            request = replace(self.request, versions={**versions}, together=together, several=several)
            plan = look(self.checkout.of(package.below), request)
            versions[package.key] = plan.version
            yield plan
        REPEATED.clear()

    def make(self, make: Callable[[Checkout, Request], tuple[Plan, str]]) -> tuple[list[str], str]:
        """Release each package, or rehearse it.

        The first failure ends it. What was released has not changed since, so the same task goes on with the others.

        Args:
            make: Makes one release; returns its plan and its outcome.

        Returns:
            The releases that were made, and the outcome of the last one: ``nothing-waits`` if nothing changed.

        Raises:
            ReleaseError: A release could not be made.
        """
        outcome, done, left = "nothing-waits", list[str](), [package.name for package in self.changed]
        again = typed("release", *self.request.several)

        def tell() -> None:
            events.emit(
                events.Facts({"packages": {"outcome": outcome, "done": [*done], "left": [*left], "next": again}})
            )

        def one(checkout: Checkout, request: Request) -> Plan:
            nonlocal outcome
            if self.changed[1:]:
                events.tell(f"{left[0]} ({len(done) + 1} of {len(self.changed)})")
            plan, outcome = make(checkout, request)
            return plan

        tell()
        for plan in self.each(one):
            done.append(f"{plan.project} {plan.version}")
            left.pop(0)
            tell()
        if not self.changed:
            events.tell("Nothing to release: no package changed since its last release.")
        return done, outcome


def choose(checkout: Checkout, request: Request, projects: str | None, *, all_changed: bool) -> Turn:
    """Choose the packages of a repository that changed.

    Args:
        checkout: The top of the repository.
        request: What is released of each.
        projects: The names or folders of those that may be released, separated by commas; ``None`` for all. One that
            excludes the version of another package here is released for that alone.
        all_changed: Whether ``--all-changed`` was given.

    Raises:
        WrongUsage: This is not the top of the repository, or a name is not that of a package.
        ReleaseWaits: A release of one is unfinished.
        ReleaseError: The version of one that changed cannot be read.
    """
    if all_changed and projects is not None:
        raise WrongUsage("--all-changed and --projects cannot be used together.", "Use one of them.")
    if checkout.below != ".":
        message = "Several packages are released from the top of the repository."
        leave_out = "Leave out --project: --projects names the packages."
        there = f"Run there: {shown(['cd', str(checkout.git.path)])}"
        raise WrongUsage(message, leave_out if checkout.cwd == checkout.git.path else there)
    known = members(checkout, packages(checkout.git))
    chosen = _chosen(known, [name.strip() for name in projects.split(",")] if projects is not None else None)
    versions, wanted = {member.package.key: member.version for member in known if member.version}, list[Package]()
    for member in chosen:
        nothing_waits(checkout.of(member.package.below).state)
        excludes = "it excludes a version of another package, so it is released, too"
        why = (
            "" if member.commits or projects is None else excludes if member.package.excludes(versions) else "left out"
        )
        events.tell(f"{member.package.name} {member.version}: {member.since}{f'; {why}' if why else ''}")
        wanted += [member.package] if member.commits or why == excludes else []
        if member.commits and member.fault:
            raise member.fault
    changed = in_order(wanted)
    names = [package.name for package in changed]
    if request.new_version and chosen[1:]:
        message = f"--new-version is the version of one package, and there are {len(chosen)}."
        raise WrongUsage(message, "Use --part, or name one: --projects NAME.")
    if names[1:]:
        events.tell(f"To be released, in this order: {', '.join(names)}")
    several = ["--all-changed"] if projects is None else ["--projects", projects]
    several += [*request.words, *["--test"] * request.test, *["--skip-tests"] * request.skip_tests]
    return Turn(checkout, replace(request, several=tuple(several)), changed, versions)


def release_changed(
    checkout: Checkout, request: Request, *, all_changed: bool, projects: str | None, dry_run: bool, yes: bool
) -> str:
    """Release the packages of a repository that changed, each after those that it requires.

    Args:
        checkout: The top of the repository.
        request: What is released of each.
        all_changed: Whether ``--all-changed`` was given.
        projects: The names or folders of those that may be released, separated by commas; ``None`` for all.
        dry_run: Whether it is only shown what each step would do.
        yes: Whether the user is not asked.

    Returns:
        The outcome: that of the last release, or ``nothing-waits`` if nothing changed.

    Raises:
        ReleaseError: A release could not be made (see :meth:`Turn.make`).
    """
    turn = choose(checkout, request, projects, all_changed=all_changed)
    if turn.changed[1:] and not dry_run:
        told = set[Finding]()
        agreed = _agreed(turn, told, yes=yes)
        done, outcome = turn.make(lambda one, _: make(one, agreed[one.below], dry_run=False, yes=True, told=told))
    else:
        done, outcome = turn.make(functools.partial(make, dry_run=dry_run, yes=yes))
    if done[1:]:
        events.tell(f"{', '.join(done)}: {outcome}")
    return outcome


def _agreed(turn: Turn, told: set[Finding], *, yes: bool) -> dict[str, Request]:
    """Run act 1 of each release before any is public, ask the user once for all, and return what is released of each.

    Raises:
        Refused: There are errors.
        Declined: The user answered no.
    """
    agreed, lines, releases, addresses = dict[str, Request](), list[str](), list[str](), dict[str, None]()

    def look_at(one: Checkout, request: Request) -> Plan:
        see_agreement(one, request, yes=yes)
        subject = settled(one.subject(request), one.user)
        plan, questions = look(subject, first=True, told=told)
        agreed[one.below] = subject.request
        addresses[plan.target.upload_address] = None
        releases.append(f"{plan.project} {plan.version}")
        lines.extend([*plan.lines(), *(f"  ! {question.message}" for question in questions)])
        return plan

    for _ in turn.each(look_at):
        pass
    user = turn.checkout.user
    if user.present and not yes:
        events.emit(events.Previewed(lines))
        ask(f"{', '.join(releases)} to {' and '.join(addresses)}", user)
    return agreed


def _chosen(known: Iterable[Member], named: list[str] | None) -> list[Member]:
    """Return the packages that are named, in their own order; without names, all."""
    folders = [str(PurePosixPath(name)) for name in named or ()]  # without ./ and a slash at its end
    keys = [canonicalize_name(name) for name in named or ()]
    for number, name in enumerate(named or ()):
        if not any(one.package.below == folders[number] or one.package.key == keys[number] for one in known):
            message = f"--projects names {name!r}, which is not a package of this repository."
            raise WrongUsage(message, f"The packages: {', '.join(member.package.name for member in known)}")
    return [one for one in known if named is None or one.package.below in folders or one.package.key in keys]
