"""The parts of `init`: what is there is kept byte for byte, completed where that is safe, or shown a proposal."""

import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from release_recipes import events
from release_recipes.commands.checkout import find
from release_recipes.commands.init import init
from release_recipes.commands.init_parts import merged
from release_recipes.index.retry import PATIENCE
from support.checking import NOBODY
from support.repository import Repository

NAMES = {
    *("tasks.py", "noxfile.py", ".bumpversion.toml", ".env.example", ".gitignore", ".pre-commit-config.yaml"),
    *(".github/workflows/ci.yml", ".github/workflows/release.yml"),
}


def run(folder: Path, only: str | None = None) -> tuple[dict[str, Any], list[str]]:
    """Run `init --yes`, and return its document and the lines that it told."""
    told: list[events.Event] = []
    with events.listening(told.append):
        init(find(folder, NOBODY, PATIENCE), only=only, dry_run=False, yes=True)
    facts: dict[str, Any] = {}
    for event in told:
        facts |= event.values if isinstance(event, events.Facts) else {}
    return facts, [event.line for event in told if isinstance(event, events.Told)]


@pytest.fixture
def plain(make_repository: Callable[..., Repository]) -> Repository:
    """Return a project with a static version and a test for pytest, and nothing else."""
    pyproject = '[project]\nname = "demo-package"\nversion = "1.2.3"\n\n[dependency-groups]\ntest = ["pytest"]\n\n'
    pyproject += '[build-system]\nrequires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n'
    texts = {"README.md": "Demo.\n", "demo/__init__.py": "", "test_demo.py": "def test_it(): pass\n"}
    repository = make_repository(files={"pyproject.toml": pyproject} | texts)
    for name in ("tests", "setup.py", ".bumpversion.toml", "noxfile.py", ".gitignore"):
        repository.git("rm", "--quiet", "-r", "--ignore-unmatch", name)
    repository.commit("plain")
    return repository


# -- what is missing ---------------------------------------------------------------------------------------------------


def test_an_index_that_is_named_later(plain: Repository) -> None:
    """The names of the tokens are written again for an index of one's own, unless somebody has edited them."""
    example, pyproject = plain.path / ".env.example", plain.path / "pyproject.toml"
    run(plain.path, "env")
    before = example.read_text()
    with pyproject.open("a", encoding="utf-8") as file:
        file.write('\n[tool.release]\nrepository_url = "https://packages.example.org/"\n')
    example.write_text(f"{before}# ours\n")
    assert run(plain.path, "env")[0]["written"] == []
    example.write_text(before)
    assert run(plain.path, "env")[0]["written"] == [".env.example"]
    assert "# The token or password for packages.example.org\n" in example.read_text()
    assert "pypi.org" not in example.read_text()
    assert run(plain.path, "env")[0]["written"] == []


def test_all_parts(plain: Repository) -> None:
    """Each part writes its file, and only the parts that are named are written."""
    for only in ("tasks", "nox,bump", "env,ignore", "hook", "workflows"):
        run(plain.path, only)
    assert {line[3:] for line in plain.git("status", "--porcelain", "-uall").splitlines()} == NAMES
    assert (plain.path / "tasks.py").read_text().endswith('from release_recipes import ns\n\n__all__ = ["ns"]\n')
    assert (plain.path / ".gitignore").read_text() == ".env\ndist/\n"
    assert "PYPI_API_TOKEN=\n" in (plain.path / ".env.example").read_text()
    everything: list[str | None] = [None, "tasks,nox,bump,settings,env,ignore,hook,workflows"]
    assert [run(plain.path, only)[0]["written"] for only in everything] == [[], []]


def test_what_is_left_out_unless_it_is_named(plain: Repository) -> None:
    """Workflows for another forge, and a configuration of bump-my-version, are written only if they are named."""
    facts, lines = run(plain.path)
    assert {*facts["written"]} == NAMES - {name for name in NAMES if name.startswith((".bump", ".github"))}
    left_out = dict(line.removeprefix("Not written: ").split(", since ") for line in lines if line.startswith("Not "))
    assert left_out == {
        ".bumpversion.toml": "a release does without; with it, --part knows only major, minor and patch. "
        "To write: release-recipes init --only bump",
        ".github/workflows/ci.yml and .github/workflows/release.yml": "the remote is not on GitHub. "
        "To write: release-recipes init --only workflows",
    }


def test_the_sessions_run(plain: Repository) -> None:
    """The noxfile that is written has the sessions, and its test session installs the project and its group."""
    run(plain.path, "nox")
    assert '    session.install(".", "--group", "test")\n' in (plain.path / "noxfile.py").read_text().replace(
        '"pytest", ', ""
    )
    nox = [sys.executable, "-m", "nox", "--list"]
    listed = subprocess.run(nox, cwd=plain.path, check=True, capture_output=True, text=True).stdout
    assert "* test -> Run the tests." in listed
    assert "* build -> Build an sdist, and from it a wheel, into an empty dist/." in listed


def test_bump_my_version_bumps_all(plain: Repository) -> None:
    """The true bump-my-version says the next version, and changes each place."""
    plain.write("demo_package/__init__.py", '"""Demo."""\n\n__version__ = "1.2.3"\n')
    plain.commit("a copy")
    run(plain.path, "bump")
    plain.commit("configure")
    bump = [sys.executable, "-m", "bumpversion"]
    words = [*bump, "show", "--increment", "minor", "new_version"]
    shown = subprocess.run(words, cwd=plain.path, check=True, capture_output=True, text=True)
    assert shown.stdout == "1.3.0\n"
    subprocess.run([*bump, "bump", "minor"], cwd=plain.path, check=True, capture_output=True)
    added = [line for line in plain.git("diff", "--unified=0").splitlines() if line.startswith("+")]
    assert [line for line in added if line[1] != "+"] == [
        '+current_version = "1.3.0"',
        '+__version__ = "1.3.0"',
        '+version = "1.3.0"',
    ]


@pytest.mark.parametrize("version", ["2026.11.1", "1.2", "1.2.3rc1"])
def test_bump_my_version_is_left_out_where_it_would_differ(plain: Repository, version: str) -> None:
    """A version that a release raises in another way gets no configuration of bump-my-version."""
    text = (plain.path / "pyproject.toml").read_text().replace("1.2.3", version)
    plain.write("pyproject.toml", text)
    plain.commit("another version")
    facts, lines = run(plain.path, "bump")
    assert (facts["written"], facts["proposed"]) == ([], [".bumpversion.toml"])
    assert f"is not written: a release with bump-my-version would not be the same: {version} is not" in lines[0]


# -- what is there -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "name", "own", "proposed"),
    [
        ("tasks", "tasks.py", "from invoke import task\n", "from release_recipes.tasks import abandon, check,"),
        ("tasks", "tasks.py", "ns = None\n", "    ns.add_task(task)"),
        ("tasks", "tasks.py", "namespace = None\n", "    namespace.add_task(task)"),
        ("nox", "noxfile.py", "import nox\n\n@nox.session\ndef lint(session): ...\n", "def test("),
        ("nox", "noxfile.py", "import nox\n\n@nox.session\ndef tests(session): ...\n", "def build("),
        ("hook", ".pre-commit-config.yaml", "repos: # ours\r\n  - repo: local\r\n    hooks: []\r\n", "  - repo: local"),
    ],
)
def test_it_is_shown_as_a_proposal(plain: Repository, part: str, name: str, own: str, proposed: str) -> None:
    """A file of the user's is kept, and what it could get is shown."""
    path = plain.path / name
    path.write_bytes(own.encode())
    facts, lines = run(plain.path, part)
    assert (facts["written"], facts["proposed"]) == ([], [name])
    assert path.read_bytes() == own.encode()
    assert any(line.startswith(f"    {proposed}") for line in lines), lines


def test_proposed_tasks_can_be_listed(plain: Repository) -> None:
    """Both forms of the lines that are proposed for a tasks.py work in it."""
    for own in ("from invoke import task\n", "from invoke import Collection\n\nns = Collection()\n"):
        plain.write("tasks.py", own)
        lines = run(plain.path, "tasks")[1]
        at = lines.index("It could get:") + 1
        added = [line.removeprefix("    ") for line in lines[at:] if not line or line.startswith("    ")]
        plain.write("tasks.py", f"{own}{chr(10).join(added)}\n")
        listed = subprocess.run(
            [sys.executable, "-m", "invoke", "--list"], cwd=plain.path, check=True, capture_output=True
        )
        assert b"\n  rehearse " in listed.stdout
        assert run(plain.path, "tasks")[0]["proposed"] == []


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lists_are_completed(plain: Repository, end: str) -> None:
    """What a .gitignore and a .env.example lack is added at their end, in their line ends, and their mode is kept."""
    ignore, example = plain.path / ".gitignore", plain.path / ".env.example"
    ignore.write_bytes(f"# \xe9{end}dist/".encode("latin-1"))
    example.write_bytes(f"DATABASE_URL={end}#PYPI_API_TOKEN={end}".encode())
    example.chmod(0o600)
    assert run(plain.path, "env,ignore")[0]["written"] == [".env.example", ".gitignore"]
    assert ignore.read_bytes() == f"# \xe9{end}dist/{end}.env{end}".encode("latin-1")
    assert example.read_bytes() == f"DATABASE_URL={end}#PYPI_API_TOKEN={end}PYPI_TEST_TOKEN={end}".encode()
    assert example.stat().st_mode & 0o777 == (0o666 if sys.platform == "win32" else 0o600)


def test_what_is_not_ours_is_not_masked(plain: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is completed keeps a value that is masked wherever it is shown."""
    monkeypatch.setenv("PYPI_API_TOKEN", "pypi-a-value-to-be-masked")
    plain.write(".gitignore", "# pypi-a-value-to-be-masked\n")
    run(plain.path, "ignore")
    assert (plain.path / ".gitignore").read_text() == "# pypi-a-value-to-be-masked\n.env\ndist/\n"


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_stays_a_link(plain: Repository) -> None:
    """A file behind a link is completed, and the link stays."""
    plain.write("shared/ignore", "")
    (plain.path / ".gitignore").symlink_to("shared/ignore")
    run(plain.path, "ignore")
    assert (plain.path / ".gitignore").is_symlink()
    assert (plain.path / "shared" / "ignore").read_text() == ".env\ndist/\n"


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_folder_for_distributions_behind_a_link(plain: Repository) -> None:
    """What is behind a link is not git's to ignore; the rest is written."""
    (plain.path / "dist").symlink_to(plain.path.parent)
    run(plain.path, "ignore")
    assert (plain.path / ".gitignore").read_text() == ".env\n"


# -- settings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '[tool.release]\nbranches = ["trunk"]\n'),
        (
            "[tool.a]\nx=1\n\n[project]\nname='x'\n\n# 2\n[tool.b]\ny = 2\n",
            "[tool.a]\nx=1\n\n[project]\nname='x'\n\n# 2\n[tool.b]\ny = 2\n\n[tool.release]\nbranches = [\"trunk\"]\n",
        ),
        (
            "[tool.release] # ours\n# why\nversion = '1'\n\n[tool.z]\n",
            "[tool.release] # ours\n# why\nversion = '1'\nbranches = [\"trunk\"]\n\n[tool.z]\n",
        ),
        ("[project]\r\nname='x'\r\n", "[project]\r\nname='x'\r\n\r\n[tool.release]\r\nbranches = [\"trunk\"]\r\n"),
        ("tool.release.version='1'\n", "tool.release.version='1'\ntool.release.branches = [\"trunk\"]\n"),
    ],
)
def test_settings_are_merged(tmp_path: Path, before: str, after: str) -> None:
    """Order, comments, quotes and line ends of a pyproject.toml stay."""
    path = tmp_path / "pyproject.toml"
    path.write_bytes(before.encode())
    change = merged(path, {"branches": ["trunk"]})
    assert (change.text, change.why) == (after, "")
    assert tomllib.loads(change.text)["tool"]["release"]["branches"] == ["trunk"]


def test_settings_that_cannot_be_merged(tmp_path: Path) -> None:
    """A table in one line is not rewritten: what it could get is shown."""
    path = tmp_path / "pyproject.toml"
    path.write_text("tool = {x = {y = 1}}\n")
    change = merged(path, {"branches": ["trunk"]})
    assert (change.text, change.why) == ('[tool.release]\nbranches = ["trunk"]\n', "its table tool cannot be completed")


def test_a_branch_that_no_default_names(plain: Repository) -> None:
    """The branch is set only if the remote answers, and names no default."""
    plain.git("branch", "--quiet", "--move", "main", "trunk")
    assert run(plain.path, "settings")[0]["written"] == []  # the remote says main
    plain.git("--git-dir", str(plain.remote), "symbolic-ref", "HEAD", "refs/heads/none")
    plain.git("push", "--quiet", "--delete", "origin", "main")
    assert run(plain.path, "settings")[0]["written"] == ["pyproject.toml"]
    assert (plain.path / "pyproject.toml").read_text().endswith('\n\n[tool.release]\nbranches = ["trunk"]\n')
    assert run(plain.path, "settings")[0]["written"] == []
    plain.git("checkout", "--quiet", "--", "pyproject.toml")
    plain.git("remote", "set-url", "origin", str(plain.path / "none"))
    assert run(plain.path, "settings")[0]["written"] == []


# -- the table ---------------------------------------------------------------------------------------------------------


def test_what_is_found(plain: Repository) -> None:
    """Each fact is in the document with its value and its reason."""
    plain.write("CHANGES.md", "# Changes\n\n## 1.2.3\n\nThe first.\n")
    plain.write("demo_package/__init__.py", '__version__ = "1.2.3"\n')
    plain.write("other.py", 'VERSION = "1.2.3"\n')
    plain.commit("copies")
    found = run(plain.path, "env")[0]["found"]
    assert {name: (row["value"], row["why"]) for name, row in found.items()} == {
        "name": ("demo-package", "as its files say"),
        "backend": ("flit_core.buildapi", "pyproject.toml, build-backend"),
        "version": ("1.2.3", "pyproject.toml, line 3"),
        "copies": ("demo_package/__init__.py:1", "a release changes them, too"),
        "unsure": ("other.py:1", "perhaps copies, not changed; see the setting version_files"),
        "tag": ("v{version}", "as the last tag, v1.2.3"),
        "branch": ("main", "the default branch of origin"),
        "tests": ("pytest", "files such as test_*.py exist"),
        "index": ("https://pypi.org/simple/", "default; for another one: release-recipes explain private-index"),
        "CI": ("none", "no file in .github/workflows"),
        "changelog": ("CHANGES.md", "written by hand"),
    }


def test_a_project_that_was_never_pushed_or_released(plain: Repository) -> None:
    """Without a tag and a remote, the reasons say that these are defaults."""
    plain.git("tag", "--delete", "v1.2.3")
    plain.git("remote", "remove", "origin")
    facts, lines = run(plain.path)
    assert {name: facts["found"][name] for name in ("tag", "branch")} == {
        "tag": {"value": "v{version}", "why": "default, since there are no tags"},
        "branch": {"value": "main", "why": "default, since origin does not answer"},
    }
    assert "tasks.py" in facts["written"]
    assert run(plain.path)[0]["written"] == []
    assert lines[-1].endswith(". Rehearse a release: release-recipes rehearse")


def test_workflows_of_the_user_are_left_alone(plain: Repository) -> None:
    """Workflows beside which ours would be doubled are the reason to write none, whatever they are named."""
    plain.git("remote", "set-url", "origin", "https://github.invalid/octo/demo.git")
    for name in ("a", "b", "c", "release"):
        plain.write(f".github/workflows/{name}.yml", "on: push\n")
    facts, lines = run(plain.path)
    assert not any(name.startswith(".github") for name in (*facts["written"], *facts["proposed"]))
    assert any(
        "since there are already a.yml, b.yml, c.yml and others; for release.yml alone: " in line for line in lines
    )
    assert not any("trusted publisher" in line for line in lines)


def test_only_the_workflow_that_publishes(plain: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside a ci.yml of the user, release.yml can be written alone; a private index takes a token as a secret."""
    plain.git("remote", "set-url", "origin", "https://github.invalid/octo/demo.git")
    plain.write(".github/workflows/ci.yml", "on: push\n")
    assert any("since there is already ci.yml; for release.yml alone: " in line for line in run(plain.path)[1])
    facts, lines = run(plain.path, "release")
    assert facts["written"] == [".github/workflows/release.yml"]
    assert any("register this job as a trusted publisher" in line for line in lines)
    monkeypatch.setenv("PYPI_REPOSITORY_URL", "https://packages.invalid/")
    (example := plain.path / ".env.example").unlink()
    assert run(plain.path, "env")[0]["written"] == [".env.example"]
    assert "# The token or password for packages.invalid\nPYPI_API_TOKEN=\n" in example.read_text()
    (told,) = (line for line in run(plain.path, "release")[1] if "publish from CI: " in line)
    assert told.endswith("add a secret PYPI_API_TOKEN to the environment pypi in the settings of the repository")


def test_a_workflow_that_two_parts_name(plain: Repository) -> None:
    """It is shown and written once."""
    names = [".github/workflows/ci.yml", ".github/workflows/release.yml"]
    assert run(plain.path, "workflows,release")[0]["written"] == names
