"""A changelog that people write: its sections, and what a release makes of it, in the forms of known projects."""

import datetime as dt
import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_recipes.project.changelog_file import (
    as_markdown,
    developing,
    inserted,
    released,
    section,
    sections,
    unreleased,
)

DAY = dt.date(2026, 11, 2)

KEEP = """# Changelog

The format is that of [Keep a Changelog](https://keepachangelog.com/en/1.1.0/).

## [Unreleased]

### Added

- Greetings.

## [1.2.3] - 2024-05-03

### Fixed

- A fault.

[unreleased]: https://example.com/o/r/compare/v1.2.3...HEAD
[1.2.3]: https://example.com/o/r/compare/v1.2.2...v1.2.3
"""

ZEST = """Changelog
=========

1.3.0 (unreleased)
------------------

- Greetings.


1.2.3 (2024-05-03)
------------------

- A fault.
"""

FLASK = """Version 1.3.0
-------------

Unreleased

-   Greetings. :pr:`5730`

Version 1.2.3
-------------

Released 2024-11-13

-   A fault.
"""


def difference(before: str, after: str) -> list[str]:
    """Return the lines that differ."""
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in found if not line.startswith(("---", "+++", "@@"))]


def release(text: str) -> str:
    """Release 1.3.0."""
    return released(text, "1.3.0", date=DAY, tag="v1.3.0")


def test_keep_a_changelog() -> None:
    """The heading for what comes next stays, empty, and the links between versions are right."""
    assert difference(KEEP, release(KEEP)) == [
        "+",
        "+## [1.3.0] - 2026-11-02",
        "-[unreleased]: https://example.com/o/r/compare/v1.2.3...HEAD",
        "+[unreleased]: https://example.com/o/r/compare/v1.3.0...HEAD",
        "+[1.3.0]: https://example.com/o/r/compare/v1.2.3...v1.3.0",
    ]
    found = section(release(KEEP), "1.3")
    assert found
    assert found.body == "### Added\n\n- Greetings."


def test_zest_releaser() -> None:
    """The mark becomes a date, and afterwards the next version begins."""
    after = release(ZEST)
    assert difference(ZEST, after) == ["-1.3.0 (unreleased)", "+1.3.0 (2026-11-02)"]
    following = "1.3.1 (unreleased)\n------------------\n\n- Nothing changed yet.\n\n\n"
    assert developing(after, "1.3.1", before=ZEST) == after.replace("1.3.0 (", f"{following}1.3.0 (")
    assert developing(release(KEEP), "1.3.1", before=KEEP) == release(KEEP)


def test_a_line_below_the_heading() -> None:
    """A heading without a date may have the word below it."""
    assert difference(FLASK, release(FLASK)) == ["-Unreleased", "+Released 2026-11-02"]


@pytest.mark.parametrize(
    ("before", "prior", "after"),
    [
        ("## Unreleased", "## 0.27.0 (21st February, 2024)", "## 1.3.0 (2nd November, 2026)"),
        ("## Unreleased", "## 24.1.0", "## 1.3.0"),
        ("## [Unreleased]", "## [v1.2.3] - 2024/05/03", "## [v1.3.0] - 2026/11/02"),
        ("## 1.3.0 (unreleased)", "## demo 1.2.3 — 3 May 2024", "## demo 1.3.0 — 2 November 2026"),
        ("# dev", "# 2.32.3 (May 29, 2024)", "# 1.3.0 (November 2, 2026)"),
        ("## 1.3.0 - YYYY-MM-DD", "## 1.2.3 - 03.05.2024", "## 1.3.0 - 02.11.2026"),
        ("## Unreleased", "## 1.2.3 - 2024-05-03 [YANKED]", "## 1.3.0 - 2026-11-02"),
        ("## Unreleased", "## v1.2.3 (security fix)", "## v1.3.0"),
        ("## 1.3.0", "## 1.2.3 (Apr. 3, 2024)", "## 1.3.0 (Nov. 2, 2026)"),
        (
            "## [Unreleased](https://example.com/o/r/compare/1.2.3...main)",
            "## [1.2.3](https://example.com/o/r/compare/1.2.2...1.2.3) (2024-05-03)",
            "## [1.3.0](https://example.com/o/r/compare/1.2.3...v1.3.0) (2026-11-02)",
        ),
    ],
)
def test_the_form_of_the_release_before(before: str, prior: str, after: str) -> None:
    """The heading is written as the one below it."""
    text = f"{before}\n\n- a\n\n{prior}\n\n- b\n"
    assert after in release(text).splitlines()
    assert release(release(text)) == release(text)


def test_underlines() -> None:
    """An underline gets the length of its title, and the date the form of the one below it."""
    prior = "Release 1.2.3 (released Apr 16, 2024)\n=====================================\n\n* y\n"
    before = "Release 1.3.0 (in development)\n==============================\n"
    after = "Release 1.3.0 (released Nov 2, 2026)\n====================================\n"
    assert release(f"{before}\n* x\n\n{prior}") == f"{after}\n* x\n\n{prior}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# Changes\n\nThere are none.\n",
        "# Changes\n\n## 1.2.3\n\n- a\n",
        "```\n## Unreleased\n```\n\n## 1.2.3 - 2024-05-03\n",
        "<!--\n## Unreleased\n-->\n\n## 1.2.3 - 2024-05-03\n",
        "## 1.3.0 - 2024-05-03\n\n- done\n\n## 1.2.3 - 2024-05-03\n",
        "## 1.2.3 - 2024-05-03\n\n### Python 3.9 is dropped\n\n## 1.2.2 - 2024-05-02\n\n## Unreleased\n",
    ],
    ids=["nothing", "no versions", "no section", "code", "a comment", "released already", "below a release"],
)
def test_nothing_to_release(text: str) -> None:
    """A text without a section for what comes next stays as it is."""
    assert unreleased(text, "1.3.0") is None
    assert release(text) == text


@pytest.mark.parametrize("body", ["", "### Added\n\n### Fixed", "- Nothing changed yet.", "<!-- say\nit -->"])
def test_an_empty_section(body: str) -> None:
    """Headings of groups, comments, and the words of zest.releaser say nothing."""
    found = unreleased(f"## Unreleased\n\n{body}\n\n## 1.2.3\n\n- a\n", "1.3.0")
    assert found
    assert found.is_empty


@given(st.lists(st.text(st.characters(exclude_characters="#\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"), max_size=20)))
def test_the_rest_stays(lines: list[str]) -> None:
    """Every other byte stays, with the line ends of Windows, too, and a second time nothing changes."""
    rest = "\r\n".join(f"- {line.replace(chr(10), ' ')}" for line in lines)
    rest = rest.replace("```", "").replace("~~~", "").replace("<!--", "").replace("]:", "")
    text = f"\ufeff# Log\r\n\r\n## Unreleased\r\n\r\n{rest}\r\n\r\n## 1.2.3 - 2024-05-03\r\n\r\n- a"
    assert release(text) == text.replace("## Unreleased", "## 1.3.0 - 2026-11-02")
    assert release(release(text)) == release(text)


GENERATED = "### Added\n\n- Greetings (#5)\n- More\n\n### Fixed\n\n- A `fault`"


def test_a_new_changelog() -> None:
    """A generated section without a file makes one."""
    assert inserted("", GENERATED, "1.3.0", date=DAY, tag="v1.3.0") == (
        f"# Changelog\n\n## 1.3.0 - 2026-11-02\n\n{GENERATED}\n"
    )


def test_a_generated_section_above_the_last_one() -> None:
    """It takes the form of the one below it, and links."""
    text = KEEP.replace("## [Unreleased]\n\n### Added\n\n- Greetings.\n\n", "").replace("[unreleased]", "[other]")
    made = inserted(text, "- New", "1.3.0", date=DAY, tag="v1.3.0")
    link = "[1.3.0]: https://example.com/o/r/compare/v1.2.3...v1.3.0\n"
    expected = text.replace("## [1.2.3]", "## [1.3.0] - 2026-11-02\n\n- New\n\n## [1.2.3]")
    assert made == expected.replace("[1.2.3]: ", f"{link}[1.2.3]: ")


def test_a_section_that_a_person_began() -> None:
    """It is completed: its words stay first, and what it has already is not repeated."""
    began = KEEP.replace("- Greetings.\n", "- Warm greetings, see #5.\n")
    made = inserted(began, GENERATED, "1.3.0", date=DAY, tag="v1.3.0")
    found = section(made, "1.3.0")
    assert found
    assert found.body == "### Added\n\n- Warm greetings, see #5.\n- More\n\n### Fixed\n\n- A `fault`"
    assert inserted(made, GENERATED, "1.3.0", date=DAY, tag="v1.3.0") == made


def test_a_generated_section_in_restructuredtext() -> None:
    """Groups, literals and links are written as the file's markup has them, and read back."""
    made = inserted(ZEST, "### Fixed\n\n- A `fault` ([#7](https://example.com/7))", "1.3.0", date=DAY, tag="", rst=True)
    found = section(made, "1.3.0")
    assert found
    assert found.body == "- Greetings.\n\n**Fixed**\n\n- A ``fault`` (`#7 <https://example.com/7>`__)"
    assert as_markdown(found.body) == "- Greetings.\n\n**Fixed**\n\n- A `fault` ([#7](https://example.com/7))"


def test_roles_and_titles_as_markdown() -> None:
    """What Sphinx knows and GitHub does not is read as words."""
    text = "Bugs fixed\n----------\n\n* :issue:`7`: :class:`~demo.Greeting`, :pr:`8`"
    assert as_markdown(text) == "### Bugs fixed\n\n* #7: `demo.Greeting`, #8"


def test_the_level_of_versions() -> None:
    """The level with most versions is theirs; a version in another title is not one."""
    text = "# Changes of 2.0\n\n## 1.3.0\n\n### 1.2-like\n\n- a\n\n## 1.2.3\n\n- b\n"
    assert [(each.version, each.body) for each in sections(text)] == [
        ("1.3.0", "### 1.2-like\n\n- a"),
        ("1.2.3", "- b"),
    ]
