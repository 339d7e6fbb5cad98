"""The files that a release is expected to have."""

from pathlib import Path

import pytest

from distributions.made import SDIST, sdist, wheel, write
from release_recipes.distributions import inspection
from release_recipes.distributions.expectation import is_needed, patterns
from release_recipes.distributions.inspection import Subject
from release_recipes.settings import Settings

LINUX = "demo_package-1.3.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
WINDOWS = "demo_package-1.3.0-cp311-cp311-win_amd64.whl"


def found(folder: Path, *names: str, expect: tuple[str, ...]) -> list[str]:
    """Return what the inspection says of files of these names."""
    files = {name: sdist() if name == SDIST else wheel() for name in names}
    subject = Subject(write(folder, files), Settings(), expect=expect)
    inspect = next(each for each in inspection.INSPECTIONS if each.name == "expected")
    return [finding.message for finding in inspect.findings(subject)]


@pytest.mark.red("expected")
def test_a_file_that_is_missing_or_not_expected(tmp_path: Path) -> None:
    """Each pattern needs a file, and each file a pattern."""
    expect = ("sdist", "cp311-*-manylinux*_x86_64*", "cp311-*-macosx_*_arm64")
    assert found(tmp_path, SDIST, LINUX, WINDOWS, expect=expect) == [
        "There is no file for 'cp311-*-macosx_*_arm64', which expect in [tool.release] names.",
        f"{WINDOWS} is not expected.",
    ]


@pytest.mark.green("expected")
def test_the_files_that_are_expected(tmp_path: Path) -> None:
    """Without patterns, any files are fine."""
    assert found(tmp_path, SDIST, LINUX, expect=("sdist", "cp311-*")) == []
    assert found(tmp_path, SDIST, LINUX, WINDOWS, expect=()) == []


def test_what_is_learnt_from_a_release() -> None:
    """The patterns for the next release have no versions of platforms."""
    names = (
        SDIST,
        LINUX,
        WINDOWS,
        "demo_package-1.3.0-cp311-cp311-macosx_11_0_arm64.whl",
        "demo_package-1.3.0-cp39-abi3-musllinux_1_2_aarch64.whl",
        "demo_package-1.3.0-1-cp39-abi3-manylinux_2_5_i686.manylinux1_i686.whl",
    )
    assert patterns(names) == [
        "cp311-cp311-macosx_*_arm64",
        "cp311-cp311-manylinux*_x86_64*",
        "cp311-cp311-win_amd64",
        "cp39-abi3-manylinux*_i686*",
        "cp39-abi3-musllinux*_aarch64*",
        "sdist",
    ]


def test_wheels_for_single_platforms() -> None:
    """Where all wheels are for any platform, none can be missing by a job that failed."""
    assert is_needed([SDIST, LINUX])
    assert not is_needed([SDIST, "demo_package-1.3.0-py3-none-any.whl"])
