"""The inspection compares with the last release, where the index has one."""

from pathlib import Path

from release_recipes.distributions.last_release import last_release
from release_recipes.index.page import Listed, Page
from support.cli import Cli
from support.index import PypiServer
from support.repository import Repository


def page(*names: str) -> Page:
    """Return an index page."""
    return Page(exists=True, files={name: Listed(name, f"https://example.org/{name}", None) for name in names})


def names(listed: list[Listed]) -> list[str]:
    """Return the names of files."""
    return [file.filename for file in listed]


def test_the_last_release_is_the_greatest_version_below() -> None:
    """Versions are compared as such, and later ones are none of the past."""
    told = page("demo-1.9.tar.gz", "demo-1.10.tar.gz", "demo-2.0.tar.gz", "demo-1.10-py3-none-any.whl")
    assert names(last_release(told, "1.11")) == ["demo-1.10.tar.gz", "demo-1.10-py3-none-any.whl"]


def test_of_many_wheels_the_one_for_this_machine_is_compared() -> None:
    """A wheel for another machine has other files."""
    told = page("demo-1.0-cp311-cp311-win_amd64.whl", "demo-1.0-py2-none-any.whl", "demo-1.0-py3-none-any.whl")
    assert names(last_release(told, "1.1")) == ["demo-1.0-py3-none-any.whl"]


def test_a_first_release_has_none_before_it() -> None:
    """Nothing is compared."""
    assert last_release(Page(exists=False), "1.0") == []


def test_an_index_that_wants_credentials(quick: Repository, cli: Cli, tmp_path: Path) -> None:
    """Act 2 has none: the step says that nothing is compared, and why."""
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "demo_package-1.2.3.tar.gz").write_bytes(b"")
    with PypiServer(tmp_path / "closed", authenticate=("update", "list", "download")) as server:
        words = ("release", "--part", "minor", "--skip-tests", "--yes")
        done = cli(*words, cwd=quick.path, env=server.settings)
    assert done.code == 0, done.err
    assert "not compared with the last release: The index gave no usable answer at " in " ".join(done.out.split())
