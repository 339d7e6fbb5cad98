"""The next version for a part: plain numbers, pre-releases and dates."""

import sys
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from release_recipes.errors import AmbiguousVersion, InvalidVersion, UnknownPart
from release_recipes.project.raising import PARTS, next_version

TODAY = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("current", "major", "minor", "patch"),
    [
        ("1.2.3", "2.0.0", "1.3.0", "1.2.4"),
        ("1.2", "2.0", "1.3", "1.2.1"),
        ("1", "2", "1.1", "1.0.1"),
        ("0.0.9", "1.0.0", "0.1.0", "0.0.10"),
        ("1.2.3.4", "2.0.0.0", "1.3.0.0", "1.2.4.0"),
        ("1!1.2.3", "1!2.0.0", "1!1.3.0", "1!1.2.4"),
        ("1!2.0", "1!3.0", "1!2.1", "1!2.0.1"),
        ("1.02.09", "2.00.00", "1.03.00", "1.02.10"),
        ("1.2.3.post1", "2.0.0", "1.3.0", "1.2.4"),
        ("1.2.3.post1.dev2", "2.0.0", "1.3.0", "1.2.4"),
        # A pre-release of the version that is asked for becomes that version.
        ("1.2.3rc1", "2.0.0", "1.3.0", "1.2.3"),
        ("1.2.3.dev4", "2.0.0", "1.3.0", "1.2.3"),
        ("1.0.dev6", "1.0", "1.0", "1.0"),
        ("1.2.3-beta2", "2.0.0", "1.3.0", "1.2.3"),
        ("1.7.0rc1", "2.0.0", "1.7.0", "1.7.0"),
        ("1.7.0.dev0", "2.0.0", "1.7.0", "1.7.0"),
        ("2.0.0rc1", "2.0.0", "2.0.0", "2.0.0"),
        ("1.2.3rc1.post1", "2.0.0", "1.3.0", "1.2.3"),
        ("1.2.3.4rc1", "2.0.0.0", "1.3.0.0", "1.2.3.4"),
        # No dates: no year, no month, or a year that is too far away.
        ("23.0.0", "24.0.0", "23.1.0", "23.0.1"),
        ("25.0", "26.0", "25.1", "25.0.1"),
        ("25.13.0", "26.0.0", "25.14.0", "25.13.1"),
        ("22.9.0", "23.0.0", "22.10.0", "22.9.1"),
        ("27.9.0", "28.0.0", "27.10.0", "27.9.1"),
        ("1989.8.3", "1990.0.0", "1989.9.0", "1989.8.4"),
        ("2028.8.3", "2029.0.0", "2028.9.0", "2028.8.4"),
        ("2025", "2026", "2025.1", "2025.0.1"),
    ],
)
def test_the_numbers_of_a_version(current: str, major: str, minor: str, patch: str) -> None:
    """A number rises by one, those after it are zero, and epoch, count and leading zeros stay."""
    found = [next_version(current, part, today=TODAY) for part in ("major", "minor", "patch")]
    assert found == [major, minor, patch]


@pytest.mark.parametrize(
    ("current", "part", "planned"),
    [
        ("1.2.3rc1", "release", "1.2.3"),
        ("1.2.3.dev4", "release", "1.2.3"),
        ("1.0.dev6", "release", "1.0"),
        ("1!1.7.0-rc.1", "release", "1!1.7.0"),
        ("1.2.3.post1.dev2", "release", "1.2.3.post1"),
        ("1.2.3rc1", "rc", "1.2.3rc2"),
        ("1.7.0-rc.1", "rc", "1.7.0-rc.2"),
        ("1.2.3-beta2", "b", "1.2.3-beta3"),
        ("1.2.3-beta2", "rc", "1.2.3-rc1"),
        ("1.2.3-alpha.2", "b", "1.2.3-beta.1"),
        ("1.2.3c1", "rc", "1.2.3c2"),
        ("1.2.3rc", "rc", "1.2.3rc1"),
        ("1.2.3b2", "rc", "1.2.3rc1"),
        ("1.2.3a0", "a", "1.2.3a1"),
        ("1.2.3a0", "b", "1.2.3b0"),
        ("1.2.3a9", "rc", "1.2.3rc1"),
        ("1.2.3.dev4", "rc", "1.2.3rc1"),
        ("1.2.3.dev4", "a", "1.2.3a1"),
        ("1.2.3-dev.4", "rc", "1.2.3-rc.1"),
        ("1.2.3rc1.dev4", "rc", "1.2.3rc1"),
        ("1.2.3rc1.post1", "rc", "1.2.3rc2"),
        ("1.2.3rc1.post1.dev2", "rc", "1.2.3rc2"),
        ("1.2.3.dev4", "dev", "1.2.3.dev5"),
        ("1.0.dev9", "dev", "1.0.dev10"),
        ("1.2.3rc1.dev4", "dev", "1.2.3rc1.dev5"),
        ("1.2.3", "post", "1.2.3.post1"),
        ("1!1.2.3", "post", "1!1.2.3.post1"),
        ("1.2.3.post1", "post", "1.2.3.post2"),
        ("1.2.3-1", "post", "1.2.3-2"),
        ("1.2.3.post1.dev2", "post", "1.2.3.post1"),
        ("2025.08.03", "post", "2025.08.03.post1"),
        ("26.11.0rc1", "release", "26.11.0"),
    ],
)
def test_the_other_parts(current: str, part: str, planned: str) -> None:
    """A pre-release, dev or post-release gets the next number, in the project's spelling."""
    assert next_version(current, part, today=TODAY) == planned


@pytest.mark.parametrize(
    ("current", "part", "candidates"),
    [
        ("1.2.3", "rc", ("1.2.4rc1", "1.3.0rc1", "2.0.0rc1")),
        ("1.2.3", "dev", ("1.2.4.dev0", "1.3.0.dev0", "2.0.0.dev0")),
        ("1.2", "b", ("1.2.1b1", "1.3b1", "2.0b1")),
        ("1.2.3.post1", "rc", ("1.2.4rc1", "1.3.0rc1", "2.0.0rc1")),
        ("1.2.3rc1", "dev", ("1.2.3rc2.dev0",)),
        ("1.2.3rc1", "b", ("1.2.3", "1.3.0", "2.0.0")),
        ("1.2.3rc1.dev2", "b", ("1.2.3", "1.3.0", "2.0.0")),
        ("1.2.3", "release", ("1.2.4", "1.3.0", "2.0.0")),
        ("1.2.3.post1", "release", ("1.2.4", "1.3.0", "2.0.0")),
        ("1.2.3rc1", "post", ("1.2.3",)),
        ("1.2.3.dev4", "post", ("1.2.3",)),
        ("1.2.3+local", "patch", ("1.2.4",)),
        # Dates or numbers?
        ("2025.2", "minor", ("2026.11", "2025.3")),
        ("2025.2", "major", ("2026.11", "2026.0")),
        ("2025.2", "patch", ("2026.11", "2025.3", "2025.2.1")),
        ("2026.9", "minor", ("2026.11", "2026.10")),
        ("2025.8.0", "minor", ("2026.11.0", "2025.9.0")),
        ("25.9.0", "minor", ("26.11.0", "25.10.0")),
        ("25.9.0", "major", ("26.11.0", "26.0.0")),
        ("25.3.0", "minor", ("26.11.0", "25.4.0")),
        ("25.3", "minor", ("26.11", "25.4")),
        ("23.12.1", "minor", ("26.11.0", "23.13.0")),
        ("26.11.0", "minor", ("26.11.1", "26.12.0")),
        ("1!25.9.0", "minor", ("1!26.11.0", "1!25.10.0")),
        ("25.9.0", "rc", ("25.9.1rc1", "26.11.0rc1", "25.10.0rc1", "26.0.0rc1")),
        # The second release of a day, and a date after today.
        ("2026.11.26", "minor", ("2026.11.26.1", "2026.11.26.post1")),
        ("2026.11.26", "patch", ("2026.11.26.1", "2026.11.26.post1")),
        ("2026.11.26.post1", "patch", ("2026.11.26.1", "2026.11.26.post2")),
        ("2026.11.27", "patch", ("2026.11.27.1", "2026.11.27.post1")),
        ("2026.12.01rc1", "patch", ("2026.12.01", "2026.12.01.1", "2026.12.01.post1")),
        ("2026.11.26", "rc", ("2026.11.26.1rc1",)),
    ],
)
def test_an_ambiguous_version_is_refused(current: str, part: str, candidates: tuple[str, ...]) -> None:
    """Where several versions may be meant, or none would be higher, each candidate is offered."""
    with pytest.raises(AmbiguousVersion) as told:
        next_version(current, part, today=TODAY)
    assert (told.value.current, told.value.part, told.value.candidates) == (current, part, candidates)


@pytest.mark.parametrize(
    ("current", "part", "why"),
    [
        ("25.9.0", "minor", "its numbers may be a date, or not"),
        ("1.2.3", "dev", "the part does not say which release it precedes"),
        ("1.2.3rc1", "post", "a post-release comes after a final version"),
        ("1.2.3rc1", "b", "1.2.3b1 is not higher"),
        ("1.2.3.post1", "release", "1.2.3.post1 is not higher"),
        ("2026.11.26", "minor", "the date of today, 2026.11.26, is not higher"),
        ("1.2.3+local", "minor", "it is a local version, and an index does not accept those"),
    ],
)
def test_the_reason_why_it_is_ambiguous(current: str, part: str, why: str) -> None:
    """The error says in words why the version is not clear."""
    with pytest.raises(AmbiguousVersion) as told:
        next_version(current, part, today=TODAY)
    assert told.value.message == f"The next version for part {part!r} after {current} is not clear: {why}."


def test_the_hint_has_a_command_for_each_candidate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hint of an ambiguous version has the one flag that settles it."""
    monkeypatch.setattr(sys, "argv", ["release-recipes"])
    with pytest.raises(AmbiguousVersion) as told:
        next_version("25.9.0", "minor", today=TODAY)
    assert told.value.hint == (
        "Choose the version, 26.11.0 or 25.10.0, such as: release-recipes release --new-version 26.11.0"
    )
    assert told.value.exit_code == 2


def test_an_unknown_part_is_refused() -> None:
    """A part that does not exist is refused with those that do."""
    with pytest.raises(UnknownPart) as told:
        next_version("1.2.3", "micro", today=TODAY)
    assert told.value.known == ("major", "minor", "patch", "a", "b", "rc", "release", "dev", "post", "none")


@pytest.mark.parametrize("current", ["unknown", "1.2.x", "", "1.2.3 beta+1"])
def test_an_invalid_version_is_refused(current: str) -> None:
    """A current version that is not valid has no next version."""
    with pytest.raises(InvalidVersion):
        next_version(current, "patch", today=TODAY)


@pytest.mark.parametrize(
    ("current", "part", "planned"),
    [
        ("2025.8.3", "major", "2026.11.26"),
        ("2025.8.3", "minor", "2026.11.26"),
        ("2025.8.3", "patch", "2026.11.26"),
        ("2025.08.03", "patch", "2026.11.26"),
        ("1!2025.8.3", "minor", "1!2026.11.26"),
        ("2026.11.26.1", "patch", "2026.11.26.2"),
        ("2026.11.26rc1", "patch", "2026.11.26"),
        ("25.08.03", "minor", "26.11.26"),
        # 0 and 32 are no days; leading zeros prove a month.
        ("2025.08.0", "minor", "2026.11.0"),
        ("2025.08.32", "minor", "2026.11.0"),
        ("25.04", "minor", "26.11"),
        ("25.04.3", "major", "26.11.0"),
        ("25.04.3", "patch", "25.04.4"),
        ("26.11.0", "patch", "26.11.1"),
        ("25.9.0", "patch", "25.9.1"),
        ("25.3", "patch", "25.3.1"),
        ("2025.8.0", "patch", "2025.8.1"),
    ],
)
def test_a_calendar_version_without_tags(current: str, part: str, planned: str) -> None:
    """Without earlier versions, the form shows a date where it can be nothing else."""
    assert next_version(current, part, today=TODAY) == planned


@pytest.mark.parametrize(
    ("current", "planned"),
    [
        ("2025.8.3", "2026.2.1"),
        ("2025.08.03", "2026.02.01"),
        ("2025.10.03", "2026.02.01"),
        ("2025.10.12", "2026.2.1"),
        ("25.08", "26.02"),
        ("2025.08.0", "2026.02.0"),
    ],
)
def test_leading_zeros_of_a_date(current: str, planned: str) -> None:
    """Today's date has leading zeros if that of the current version has."""
    assert next_version(current, "minor", today=date(2026, 2, 1)) == planned


DAYS = {"2025.08.03": date(2025, 8, 3), "2025.10.05": date(2025, 10, 5), "2025.11.12": date(2025, 11, 12)}
MONTHS = {"25.1.0": date(2025, 1, 29), "25.9.0": date(2025, 9, 19), "25.9.1": date(2025, 9, 25)}
FROM_ONE = {"2026.8.1": date(2026, 8, 2), "2026.8.2": date(2026, 8, 20), "2026.10.1": date(2026, 10, 9)}
TWO_NUMBERS = {"2026.8": date(2026, 8, 2), "2026.8.1": date(2026, 8, 20), "2026.11": date(2026, 11, 2)}
YEARS = {"24.3": date(2024, 10, 27), "25.0": date(2025, 1, 26), "25.0.1": date(2025, 2, 9), "25.3": date(2025, 10, 25)}
TZDATA = {
    "2024.1": date(2024, 2, 1),
    "2024.2": date(2024, 9, 5),
    "2025.1": date(2025, 1, 18),
    "2025.2": date(2025, 3, 23),
}
ONE_YEAR = {"26.1.0": date(2026, 2, 3), "26.2.0": date(2026, 5, 3), "26.3.0": date(2026, 9, 3)}
NUMBERS = {"25.8.0": date(2022, 3, 1), "25.9.0": date(2023, 6, 2)}
TZDATA_YOUNG = {"2025.1": date(2025, 1, 18), "2025.2": date(2025, 3, 23)}
BEFORE = {"1.0.0": date(2025, 1, 2), "1.0.1": date(2025, 2, 2), "2025.8.3": date(2025, 8, 3)}
IMPORTED = {f"2025.0{month}.03": date(2024, 6, 1) for month in range(1, 9)}
IMPORTED_LATE = {f"2025.0{month}.03": date(2025, 6, 20) for month in range(1, 6)}
DAY_LATE = {"2025.9.1": date(2025, 8, 31), "2025.9.30": date(2025, 10, 1), "2025.10.5": date(2025, 10, 4)}
ONLY_BETAS = {"25.8b0": date(2025, 8, 3), "25.10b0": date(2025, 10, 4)}
CHANGED = {f"{n}.0.0": date(1995 + n, 1, 7) for n in range(10, 20)} | {
    f"25.{month}.0": date(2025, month, 13) for month in range(1, 11)
}


@pytest.mark.parametrize(
    ("earlier", "current", "part", "planned"),
    [
        (DAYS, "2025.11.12", "patch", "2026.02.01"),
        (DAYS, "2025.11.12.1", "minor", "2026.02.01"),
        (MONTHS, "25.9.1", "minor", "26.2.0"),
        (MONTHS, "25.9.1", "major", "26.2.0"),
        (MONTHS, "25.9.1", "patch", "25.9.2"),
        (MONTHS, "26.2.0", "minor", "26.2.1"),
        (MONTHS, "26.2.0rc1", "minor", "26.2.0"),
        (MONTHS, "26.1.0rc1", "patch", "26.1.0"),
        (FROM_ONE, "2025.10.1", "minor", "2026.2.1"),
        (TWO_NUMBERS, "2025.11", "minor", "2026.2"),
        (TWO_NUMBERS, "2025.8.1", "minor", "2026.2"),
        (TWO_NUMBERS, "2025.11", "patch", "2025.11.1"),
        (YEARS, "25.3", "minor", "26.0"),
        (YEARS, "25.3", "patch", "25.3.1"),
        (YEARS, "26.0", "minor", "26.1"),
        (TZDATA, "2025.2", "minor", "2026.1"),
        (TZDATA, "2025.2", "major", "2026.1"),
        (TZDATA, "2026.1", "minor", "2026.2"),
        (ONE_YEAR, "26.3.0", "minor", "26.4.0"),
        (NUMBERS, "25.9.0", "minor", "25.10.0"),
        (NUMBERS, "25.9.0", "major", "26.0.0"),
        (CHANGED, "25.10.0", "minor", "26.2.0"),
        (YEARS, "26.0.1", "minor", "26.1"),
        (TZDATA, "2025.2.1", "minor", "2026.1"),
        (TZDATA_YOUNG, "2025.2", "minor", "2026.1"),
        (BEFORE, "2025.8.3", "minor", "2026.2.1"),
        (IMPORTED, "2025.08.03", "minor", "2026.02.01"),
        (IMPORTED, "2025.8.3", "minor", "2025.9.0"),
        (IMPORTED_LATE, "2025.08.03", "minor", "2026.02.01"),
        (DAY_LATE, "2025.10.5", "minor", "2026.2.1"),
        (ONLY_BETAS, "25.10b0", "release", "25.10"),
        (ONLY_BETAS, "25.10b0", "minor", "26.2"),
    ],
)
def test_a_calendar_version_with_tags(earlier: dict[str, date], current: str, part: str, planned: str) -> None:
    """The dates of earlier versions show which numbers are a date; the counter begins as it did before."""
    assert next_version(current, part, today=date(2026, 2, 1), earlier=earlier) == planned


@pytest.mark.parametrize(
    ("earlier", "current", "candidates"),
    [
        ({"25.8.0": date(2025, 8, 1)}, "25.8.0", ("26.11.0", "25.9.0")),
        ({"25.1.0": date(2025, 3, 1), "25.2.0": date(2025, 7, 1)}, "25.2.0", ("26.1.0", "25.3.0")),
        (TWO_NUMBERS, "2026.11", ("2026.11.1", "2026.11.post1")),
        (MONTHS, "26.12.0", ("26.12.1", "26.12.0.post1")),
    ],
)
def test_tags_that_do_not_settle_it(earlier: dict[str, date], current: str, candidates: tuple[str, ...]) -> None:
    """One tag, or the tags of one year, are no proof of a scheme; and a date must be higher."""
    with pytest.raises(AmbiguousVersion) as told:
        next_version(current, "minor", today=TODAY, earlier=earlier)
    assert told.value.candidates == candidates


def test_a_pre_release_is_no_evidence() -> None:
    """The date of a pre-release does not show the scheme: it is often made in the month before."""
    early = {f"25.9.0rc{number}": date(2025, 7, number) for number in range(1, 9)}
    assert next_version("25.9.1", "minor", today=TODAY, earlier=MONTHS | early) == "26.11.0"


SUFFIXES = st.sampled_from(
    ["", "a0", "-beta.2", "rc1", ".post1", "-1", ".dev3", "rc1.dev2", "_rc_4", ".post2.dev0", "c"]
)
NUMBER = st.one_of(st.integers(0, 40), st.integers(1989, 2029)).map(str) | st.sampled_from(["01", "08", "00"])
VERSIONS = st.builds(
    lambda epoch, numbers, suffix: epoch + ".".join(numbers) + suffix,
    st.sampled_from(["", "1!"]),
    st.lists(NUMBER, min_size=1, max_size=4),
    SUFFIXES,
)


@settings(deadline=None)
@given(VERSIONS, st.sampled_from(PARTS), st.lists(st.tuples(VERSIONS, st.dates(date(2022, 1, 1), TODAY)), max_size=4))
def test_a_version_rises(current: str, part: str, tags: list[tuple[str, date]]) -> None:
    """Whatever is asked for, the answer is higher, of the same epoch, and never empty-handed."""
    try:
        found = [next_version(current, part, today=TODAY, earlier=dict(tags))]
    except AmbiguousVersion as told:
        found = list(told.candidates)
    assert found
    assert all(Version(each) > Version(current) and Version(each).epoch == Version(current).epoch for each in found)
