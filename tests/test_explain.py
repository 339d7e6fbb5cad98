"""`explain`: every error and every check has words of its own, and a message says how to see them."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import release_recipes
from release_recipes.check import CHECKS
from release_recipes.commands.explain import pages, sections
from release_recipes.distributions.inspection import INSPECTIONS
from release_recipes.errors import ReleaseError
from release_recipes.index.client import NoAnswer
from release_recipes.programs.github_answer import GitHubFailed
from support.cli import INVOKE, Cli, posix
from support.repository import Repository


def names(kind: type[ReleaseError]) -> Iterator[str]:
    """Yield the names of the errors below one, as messages give them."""
    for each in kind.__subclasses__():
        if each.__module__.startswith("release_recipes."):
            yield re.sub("(?<!^)(?=[A-Z])", "-", each.__name__).lower()
            yield from names(each)


def test_each_error_is_explained() -> None:
    """The page has one section for each error, and none for anything else."""
    written = re.findall(r"(?m)^## (.*)$", (pages() / "troubleshooting.md").read_text("utf-8"))
    assert sorted(written) == sorted({*names(ReleaseError)})
    assert {"no-answer", "git-hub-failed"} <= {*written}, (NoAnswer, GitHubFailed)  # defined elsewhere


def test_each_check_is_explained() -> None:
    """Each check and each inspection can be explained, and says how to do without it if that is safe."""
    known = sections()
    for name in (*(check.name for check in CHECKS), *(each.name for each in INSPECTIONS)):
        assert (f'skip_checks = ["{name}"]' in known[name]) is (name not in {"token", "claim"})
    assert "Create one that is limited to the project" in known["token"]
    assert "Ask your team." in known["claim"]


def test_other_names_are_explained(tmp_path: Path, cli: Cli) -> None:
    """What a step reports under a name that is no check can be explained, and --help says which names there are."""
    found = set[str]()
    for path in Path(release_recipes.__file__).parent.rglob("*.py"):
        text = path.read_text("utf-8")
        found |= {*re.findall(r"""(?:\bcheck=|\bwarn(?:ing)?\((?:[^()]|\([^()]*\))*, )"([a-z-]+)"[,)]""", text)}
    assert {"reproducible", "install", "notify", "given", "secret"} <= found
    assert sorted(found - sections().keys()) == []
    for help_ in ("--help", "-h"):
        done = cli("explain", help_, cwd=tmp_path)
        assert (done.code, "a name that a message has in brackets, such as `token`" in done.out) == (0, True)


@pytest.mark.parametrize(
    "command",
    [
        ("busy", "## busy"),
        ("clean-tree", "## clean-tree"),
        ("settings", "# Settings"),
        ("how-to/monorepo.md", "# Release packages of one repository"),
    ],
)
def test_a_name(command: tuple[str, str], tmp_path: Path, cli: Cli) -> None:
    """An error, a check and a page are shown, also outside of a repository."""
    name, heading = command
    done = cli("explain", name, cwd=tmp_path)
    assert done.code == 0, done.err
    assert done.out.startswith(f"{heading}\n")


def test_a_name_of_nothing(tmp_path: Path, cli: Cli) -> None:
    """The nearest names are offered."""
    done = cli("explain", "bussy", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: Nothing is named 'bussy'.\n   → Did you mean: release-recipes explain busy\n"
    done = cli("explain", cwd=tmp_path)
    assert done.code == 2
    assert done.err.startswith("error: explain needs a name.\n   → Such as: release-recipes explain ")


@posix
def test_a_program_that_is_not_on_the_path(tmp_path: Path) -> None:
    """Started as .venv/bin/release-recipes, it is named so in the commands to type."""
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    done = Cli((".venv/bin/release-recipes",))("explain", "bussy", cwd=tmp_path, env={"PATH": os.defpath})
    assert done.err.endswith("   → Did you mean: .venv/bin/release-recipes explain busy\n")


def test_no_command_that_fails(tmp_path: Path, cli: Cli) -> None:
    """Where a name has no words of its own, none are promised."""
    token = "".join(["pypi-AgEIcHlwaS5vcmc", "CJ" * 60])
    (tmp_path / "notes.txt").write_text(f"{token}\n")
    with cli.start("scan", "--file", "notes.txt", cwd=tmp_path) as process:
        _, err = process.communicate()
    assert process.returncode == 1
    assert cli(*err.splitlines()[-1].split()[2:], cwd=tmp_path).code == 0, err


@pytest.mark.parametrize("command", [None, INVOKE], ids=["release-recipes", "invoke"])
def test_a_message_says_how(command: tuple[str, ...] | None, repository: Repository) -> None:
    """The last line of an error is the command that explains it, with the program that was started."""
    if command:
        repository.write("tasks.py", "from release_recipes import ns\n")
    (repository.path / ".git" / "release-recipes").mkdir(exist_ok=True)
    program = Cli(command) if command else Cli()
    with program.start("status", "--project", "nowhere", cwd=repository.path) as process:
        _, err = process.communicate()
    assert "explain" not in err  # wrong usage says all there is to say
    with program.start("build", "--project", ".", cwd=repository.path, env={"PATH": ""}) as process:
        _, err = process.communicate()
    program_name = "invoke" if command else "release-recipes"
    assert err.splitlines()[-1] == f"   more: {program_name} explain program-missing"
