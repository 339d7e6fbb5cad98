"""The form of the next tag, as the tags of a project have it."""

import pytest

from release_recipes.project.tag_form import tag_for, versions_of


def tag(tags: str, prior: str, version: str, *, name: str = "demo-pkg", below: str = ".") -> str | None:
    """Return the tag of a version after tags, the newest first."""
    return tag_for(version, prior=prior, name=name, below=below, tags=tags.split())


@pytest.mark.parametrize(
    ("newest", "expected"),
    [
        ("v1.2.3", "v1.3.0"),
        ("1.2.3", "1.3.0"),
        ("V1.2.3", "V1.3.0"),
        ("demo-pkg-1.2.3", "demo-pkg-1.3.0"),
        ("demo_pkg-v1.2.3", "demo_pkg-v1.3.0"),
        ("Demo.Pkg==1.2.3", "Demo.Pkg==1.3.0"),
        ("demo-pkg/v1.2.3", "demo-pkg/v1.3.0"),
        ("demo-pkg@1.2.3", "demo-pkg@1.3.0"),
        ("@scope/demo-pkg@1.2.3", "@scope/demo-pkg@1.3.0"),
        ("python-demo-pkg-1.2.3", "python-demo-pkg-1.3.0"),
        ("rel_1_2_3", "rel_1_3_0"),
        ("release/1.2.3", "release/1.3.0"),
        ("release-1.2.3", "release-1.3.0"),
        ("releases/v1.2.3", "releases/v1.3.0"),
        ("version_1.2.3", "version_1.3.0"),
    ],
)
def test_the_form_of_the_prior_tag(newest: str, expected: str) -> None:
    """Prefix and separator are those of the tag of the prior version."""
    assert tag(f"{newest} 1.2.2 v1.2.1", "1.2.3", "1.3.0") == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("v1.2.2 v1.2.1", "v1.3.0"),
        ("1.2.2 v1.2.1", "1.3.0"),
        ("v1.2.2 demo-pkg-1.2.1", "demo-pkg-1.3.0"),
        ("", None),
        ("latest stable nightly", None),
        ("pool-3.1 backend-v1.0.0 nightly-2026.11.26 pre-1.2", None),
        ("v1.2.x v1.2.3-4-gabcdef0 v1.2.3-dirty log4j2-2.17 r1.2 release1.2", None),
    ],
)
def test_without_a_tag_of_the_prior_version(tags: str, expected: str | None) -> None:
    """The newest tag that names the package decides, then the newest that names none; others say nothing."""
    assert tag(tags, "1.2.3", "1.3.0") == expected


@pytest.mark.parametrize(
    ("tags", "prior", "version", "expected"),
    [
        # The habit changed: the tag of the prior version decides, not the newest.
        ("2.0.0 v1.2.3 v1.2.2", "1.2.3", "1.2.4", "v1.2.4"),
        ("v1.2.3 demo-pkg-1.2.2 demo-pkg-1.2.1", "1.2.3", "1.3.0", "v1.3.0"),
        ("demo-pkg-v1.16.5 v1.2.2", "1.16.5", "1.17.0", "demo-pkg-v1.17.0"),
        ("release-21.1.0 v0.2.1 99.99.99", "21.1.0", "22.1.0", "release-22.1.0"),
        ("2015.04.28 v1.0.1", "2015.4.28", "2015.9.6", "2015.09.06"),
        # Two tags of one version: the one that names the package, then the newest.
        ("v1.2.3 demo-pkg-1.2.3", "1.2.3", "1.3.0", "demo-pkg-1.3.0"),
        ("1.2.3 v1.2.3", "1.2.3", "1.3.0", "1.3.0"),
        # Tags of other packages are no example.
        ("pool-3.1 3.0.3", "3.0.3", "3.0.4", "3.0.4"),
        ("backend-v1.0.0 v1.0.0", "1.0.0", "1.1.0", "v1.1.0"),
        ("nightly-1.2.3 v1.2.3", "1.2.3", "1.3.0", "v1.3.0"),
        # A moving tag of a major version.
        ("v1 v1.0.0", "1.0.0", "2.0.0", "v2.0.0"),
        # Fewer or more numbers in tags than in versions.
        ("v1.2 v1.1.1 v1.1", "1.2.0", "1.3.0", "v1.3"),
        ("v1.2 v1.1.1 v1.1", "1.2.0", "1.2.1", "v1.2.1"),
        ("v1.2.0 v1.1.0", "1.2", "1.3", "v1.3.0"),
        ("v1", "1", "2", "v2"),
        ("rel_1_0", "1.0", "1.0.1", "rel_1_0_1"),
    ],
)
def test_habits_that_change(tags: str, prior: str, version: str, expected: str) -> None:
    """Among tags of several forms, the tag of the prior version is the example."""
    assert tag(tags, prior, version) == expected


@pytest.mark.parametrize(
    ("tags", "prior", "version", "expected"),
    [
        ("2025.08.03", "2025.8.3", "2026.2.1", "2026.02.01"),
        ("2025.08.03", "2025.08.03", "2026.11.26", "2026.11.26"),
        ("v2025.11.12 v2025.10.05 v2025.08.03", "2025.11.12", "2026.2.1", "v2026.02.01"),
        ("2025.8.3", "2025.08.03", "2026.02.01", "2026.2.1"),
        ("v2025.11.12 v2025.8.3", "2025.11.12", "2026.2.1", "v2026.2.1"),
        ("2025.11.12", "2025.11.12", "2026.02.01", "2026.02.01"),
        ("2025.08.1 2025.07.2", "2025.8.1", "2026.2.0", "2026.02.0"),
        ("2025.09.06 2025.08.31", "2025.9.6", "2025.9.6.1", "2025.09.06.1"),
        ("v1.9 v1.8", "1.9", "1.10", "v1.10"),
    ],
)
def test_leading_zeros(tags: str, prior: str, version: str, expected: str) -> None:
    """A number has leading zeros where it has them in the newest tag that shows it."""
    assert tag(tags, prior, version) == expected


@pytest.mark.parametrize(
    ("tags", "prior", "version", "expected"),
    [
        ("v1.2.3", "1.2.3", "1.3.0rc1", "v1.3.0rc1"),
        ("v1.2.3", "1.2.3", "1.3.0-rc.1", "v1.3.0-rc.1"),
        ("v1.2.3 v1.2.3-rc.2 v1.2.2rc1", "1.2.3", "1.3.0rc1", "v1.3.0-rc.1"),
        ("v1.2.3 v1.2.3-rc.2", "1.2.3", "1.3.0b2", "v1.3.0-b.2"),
        ("v1.2.3 v1.2.3.beta1", "1.2.3", "1.3.0b2", "v1.3.0.beta2"),
        ("v1.2.3 v1.2.3.beta1", "1.2.3", "1.3.0a1", "v1.3.0.alpha1"),
        ("v1.2.3 v1.2.3.beta1", "1.2.3", "1.3.0rc1", "v1.3.0.rc1"),
        ("v1.2.3 v1.2.3c1", "1.2.3", "1.3.0rc1", "v1.3.0c1"),
        ("v1.2.3 1.2.3-rc.2", "1.2.3", "1.3.0rc1", "v1.3.0rc1"),  # of another prefix
        ("v1.3.0-dev1 v1.2.3", "1.3.0.dev1", "1.3.0.dev2", "v1.3.0-dev2"),
        ("v1.2.3 v1.2.2-1", "1.2.3", "1.2.3.post2", "v1.2.3-2"),
        ("v1.2.3 v1.2.2-post.1", "1.2.3", "1.2.3.post1", "v1.2.3-post.1"),
        ("rel_1_2_3", "1.2.3", "1.3.0rc1", "rel_1_3_0rc1"),
        ("rel_1_2_3 rel_1_2_3_rc_1", "1.2.3", "1.3.0rc1", "rel_1_3_0_rc_1"),
        ("rel_1_2_3", "1.2.3", "1.2.3.post1", "rel_1_2_3_post1"),
        ("v1.3.0-rc.1 v1.2.3", "1.3.0rc1", "1.3.0", "v1.3.0"),
        ("v1.2.3", "1.2.3", "1.3.0rc1.dev2", "v1.3.0rc1.dev2"),
    ],
)
def test_how_a_pre_release_is_joined(tags: str, prior: str, version: str, expected: str) -> None:
    """A suffix is joined as in the newest tag of that prefix that has one, else as the version is written."""
    assert tag(tags, prior, version) == expected


@pytest.mark.parametrize(
    ("tags", "prior", "version", "expected"),
    [
        ("1!2.0", "1!2.0", "1!2.1", "1!2.1"),
        ("v1!2.0", "1!2.0", "1!2.1", "v1!2.1"),
        ("demo-pkg-1!2.0", "1!2.0", "1!2.1", "demo-pkg-1!2.1"),
        ("v2.0", "1!2.0", "1!2.1", "v2.1"),
        ("v2.0", "2.0", "1!1.0", "v1!1.0"),
    ],
)
def test_an_epoch(tags: str, prior: str, version: str, expected: str) -> None:
    """An epoch is part of the version, never of the prefix, and is left out if the prior tag leaves it out."""
    assert tag(tags, prior, version) == expected


SISTERS = "pool-3.2.6 3.2.6 pool-3.2.5 c-3.2.5 3.2.5"


@pytest.mark.parametrize(
    ("tags", "name", "below", "expected"),
    [
        (SISTERS, "psycopg", ".", "3.2.7"),
        (SISTERS, "psycopg-pool", "psycopg_pool", "pool-3.2.7"),
        (SISTERS, "psycopg-c", "psycopg_c", "c-3.2.7"),
        (SISTERS, "psycopg", "psycopg", "3.2.7"),
        ("backend-v3.2.6 v3.2.5", "demo-backend", ".", "backend-v3.2.7"),
        ("x-v3.2.6 packages/y/v3.2.6", "Some-Name", "packages/x", "x-v3.2.7"),
        ("x-v3.2.6 packages/y/v3.2.6", "Some-Name", "packages/y", "packages/y/v3.2.7"),
        ("my-x-3.2.6 x/3.2.6", "x", "packages/x", "x/3.2.7"),
        ("my-x-3.2.6 x/3.2.6", "my-x", "packages/my-x", "my-x-3.2.7"),
    ],
)
def test_packages_of_one_repository(tags: str, name: str, below: str, expected: str) -> None:
    """Each package of a repository has tags of its own, told by its name or its folder."""
    assert tag(tags, "3.2.6", "3.2.7", name=name, below=below) == expected


@pytest.mark.parametrize(
    ("tags", "name", "below", "versions"),
    [
        (
            "v1.3.0 latest v1.3.0-rc.1 backend-v9.0 1.2.0 v1.2.x",
            "demo",
            ".",
            {"v1.3.0": "1.3.0", "v1.3.0-rc.1": "1.3.0-rc.1", "1.2.0": "1.2.0"},
        ),
        ("rel_1_2_0rc1 rel_1_1", "demo", ".", {"rel_1_2_0rc1": "1.2.0rc1", "rel_1_1": "1.1"}),
        ("2025.08.03 v1!2.0", "demo", ".", {"2025.08.03": "2025.08.03", "v1!2.0": "1!2.0"}),
        (
            "v1.3.0 demo-1.2.0 v1.2.0 v1.1.0",
            "demo",
            ".",
            {"v1.3.0": "1.3.0", "demo-1.2.0": "1.2.0", "v1.1.0": "1.1.0"},
        ),
        ("v1.3.0 demo-1.2.0 v1.2.0", "demo", "packages/demo", {"demo-1.2.0": "1.2.0"}),
        ("v1.3.0 other-1.2.0", "demo", "packages/demo", {"v1.3.0": "1.3.0"}),
        ("pool-3.1 backend-v1.0.0 nightly-2026.1.1", "demo", ".", {}),
        ("demo12 v1.2", "demo1", ".", {"v1.2": "1.2"}),
        ("", "demo", ".", {}),
    ],
)
def test_the_versions_of_the_tags(tags: str, name: str, below: str, versions: dict[str, str]) -> None:
    """Each tag of the project has its version as it is spelled there, in the order of the tags."""
    assert list(versions_of(tags.split(), name=name, below=below).items()) == list(versions.items())


@pytest.mark.parametrize(("name", "below"), [("utils", "packages/utils"), ("my-app-utils", ".")])
def test_tags_of_a_package_with_a_longer_name(name: str, below: str) -> None:
    """A tag that names another package of the repository is that one's, even if the names are similar."""
    tags, others = ["my-utils-v2.0.0", "app-utils-v1.0.0"], ["my-utils", "App_Utils"]
    assert versions_of(tags, name=name, below=below, others=others) == {}
    assert tag_for("1.3.0", prior="1.2.3", name=name, below=below, tags=tags, others=others) is None


def test_a_local_version_has_no_tag() -> None:
    """No tag is proposed for a local version, which is never released."""
    assert tag("v1.2.3", "1.2.3", "1.3.0+local") is None


def test_a_prior_version_that_is_none() -> None:
    """Where the prior version is not valid, the newest tag is the example."""
    assert tag("v1.2.3 1.2.2", "unknown", "1.3.0") == "v1.3.0"
