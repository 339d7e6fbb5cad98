"""Act 1: check. It only reads; all checks run in parallel, and all findings are reported together."""

from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

from release_recipes.check import github, index, programs, repository, tag, tests, version
from release_recipes.check.facts import Facts, Subject, if_known
from release_recipes.errors import InvalidSetting, ReleaseError, WrongUsage
from release_recipes.findings import Check, Finding, Severity
from release_recipes.plan import Plan

__all__ = ["CHECKS", "CREDENTIALS", "Outcome", "Subject", "check"]

#: Every check, in the order in which findings are reported.
CHECKS: tuple[Check[Facts], ...] = (
    *repository.CHECKS,
    *tag.CHECKS,
    *version.CHECKS,
    *tests.CHECKS,
    *index.CHECKS,
    *github.CHECKS,
    *programs.CHECKS,
)

#: Seconds for which interrupted checks are waited for.
_ENDING = 1.0

#: The number of threads; they mostly wait for processes and sockets.
_THREADS = 32


@dataclass(frozen=True)
class Outcome:
    """The result of act 1."""

    #: ``None`` if the release cannot be planned; then there is an error.
    plan: Plan | None
    #: In the order of the checks.
    findings: list[Finding]

    def of(self, severity: Severity) -> list[Finding]:
        """Return the findings of one severity."""
        return [finding for finding in self.findings if finding.severity is severity]


#: The checks whose findings may be gone as soon as the branch is as on the remote.
_FOLLOWING = frozenset({"tag", "on-index", "something-new", "missing-tags"})

#: The checks that are left out where nothing is uploaded.
CREDENTIALS = frozenset({"token", "token-fits"})


def check(subject: Subject, without: Collection[str] = ()) -> Outcome:
    """Run every check that is made for a release, or for a tag that is published.

    Args:
        subject: The release.
        without: The names of checks that are left out.

    Raises:
        WrongUsage: A flag or a setting is wrong.
    """
    from release_recipes.distributions.inspection import INSPECTIONS

    skipped = subject.settings.skip_checks
    names = [*(each.name for each in CHECKS), *(each.name for each in INSPECTIONS)]
    if unknown := sorted(set(skipped).difference(names)):
        message = f"skip_checks names {unknown[0]!r}, but there is no such check."
        raise InvalidSetting(message, f"The checks: {', '.join(names)}.")
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="check")
    asked: list[Future[list[Finding]]] = []
    try:
        facts = Facts(subject, pool)
        wanted = [each for each in CHECKS if each.name not in {*skipped, *without}]
        asked += [pool.submit(_findings, each, facts) for each in wanted if subject.occasion in each.occasions]
        found = [finding for answer in asked for finding in answer.result()]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        wait(asked, _ENDING)  # Ctrl-C must not wait for an index that does not answer
    if any(each.check == "up-to-date" and each.severity is Severity.ERROR for each in found):
        found = [each for each in found if each.check not in _FOLLOWING]
    # A fault that several checks find, such as a remote that does not answer, is reported once.
    told: dict[tuple[Severity, str], Finding] = {}
    for finding in found:
        told.setdefault((finding.severity, finding.message), finding)
    return Outcome(if_known(facts.plan), list(told.values()))


def _findings(check: Check[Facts], facts: Facts) -> list[Finding]:
    """Run a check; if it cannot be made, that is its finding."""
    try:
        found = check.findings(facts)
    except WrongUsage:
        raise
    except ReleaseError as error:
        found = [Finding(error.message, error.hint, check=check.name)]
    if check.of_repository and facts.request.test:
        return [replace(finding, severity=Severity.WARNING) for finding in found]
    return found
