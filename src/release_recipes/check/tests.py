"""The check whether the project has tests."""

from collections.abc import Iterator

from release_recipes.check.facts import Facts
from release_recipes.findings import BUILD, Check, Finding, question
from release_recipes.project.testing import SOUGHT


def _tests(facts: Facts) -> Iterator[Finding]:
    if facts.plan().run_tests and not facts.plan().has_tests:
        yield question(
            f"The project has no tests that could be found ({SOUGHT}).",
            'Say how they are run: [tool.release] test_command = "…"; or that there are none: '
            "run_tests_before_upload = false",
        )


CHECKS = (Check("tests", "a release of a project whose tests were not found", _tests, occasions=BUILD),)
