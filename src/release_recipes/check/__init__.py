"""Act 1: check. It reads only; every reason not to start is looked for at once, and all are told together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_recipes.check import github, index, programs, repository, version
from release_recipes.check.facts import Facts, Subject
from release_recipes.errors import InvalidSetting, Problem, ReleaseError, WrongUsage
from release_recipes.findings import Check, Finding, Weight
from release_recipes.secrets.mask import MASK

if TYPE_CHECKING:
    from collections.abc import Collection
    from concurrent.futures import Future

    from release_recipes.index.page import Page
    from release_recipes.plan import Plan

__all__ = ["CHECKS", "Outcome", "Subject", "check"]

#: Every check, in the order in which findings are told.
CHECKS: tuple[Check[Facts], ...] = (
    *repository.CHECKS,
    *version.CHECKS,
    *index.CHECKS,
    *github.CHECKS,
    *programs.CHECKS,
)

#: Seconds that checks have to clear up when they are interrupted.
_CLEARING_UP = 1.0

#: Questions and checks that wait at the same time; they sleep on processes and sockets.
_THREADS = 32


@dataclass(frozen=True)
class Outcome:
    """What act 1 came to."""

    #: ``None`` where the release cannot even be planned; there is a problem then.
    plan: Plan | None
    #: What the index has of the project; ``None`` where it gave no answer.
    page: Page | None
    problems: list[Problem]
    #: What a person at a terminal decides about; elsewhere they are warnings.
    questions: list[Problem]
    warnings: list[Problem]


def check(subject: Subject, others: Collection[str] = ()) -> Outcome:
    """Look for every reason not to release.

    Args:
        subject: The release.
        others: Names that ``skip_checks`` may have besides: those of the inspections of act 2.

    Raises:
        WrongUsage: What was asked for or configured cannot be meant.
    """
    skipped = set(subject.settings.skip_checks)
    names = [*(check.name for check in CHECKS), *others]
    if unknown := sorted(skipped.difference(names)):
        message = f"skip_checks names {unknown[0]!r}, which is no check."
        raise InvalidSetting(message, f"The checks: {', '.join(names)}.")
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="check")
    asked: list[Future[list[Finding]]] = []
    try:
        facts = Facts(subject, pool)
        wanted = [check for check in CHECKS if check.name not in skipped]
        asked += [pool.submit(_findings, check, facts) for check in wanted]
        found = [answer.result() for answer in asked]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        wait(asked, _CLEARING_UP)  # Ctrl-C must not wait for an index that is silent
    told: dict[Weight, dict[str, Problem]] = {weight: {} for weight in Weight}
    for each, findings in zip(wanted, found, strict=True):
        for finding in findings:
            only_warns = each.of_repository and subject.request.test
            # One fault that several checks meet, such as a silent remote, is told once.
            told[Weight.WARNS if only_warns else finding.weight].setdefault(
                finding.message, Problem(each.name, MASK(finding.message), MASK(finding.hint))
            )
    plan = facts.plan.result() if facts.plan.exception() is None else None
    page = facts.page.result() if facts.page.exception() is None else None
    stops, asks, warns = (list(told[weight].values()) for weight in (Weight.STOPS, Weight.ASKS, Weight.WARNS))
    return Outcome(plan, page, stops, asks, warns)


def _findings(check: Check[Facts], facts: Facts) -> list[Finding]:
    """Run one check; a question that failed is what it found."""
    try:
        return list(check.find(facts))
    except WrongUsage:
        raise
    except ReleaseError as error:
        return [Finding(error.message, error.hint)]
