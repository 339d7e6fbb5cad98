"""`init` shows what it found and what it would write, asks once, and leaves alone what somebody has changed."""

import stat
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from release_recipes.workflows import is_ours
from support.cli import Cli
from support.packages import make_packages
from support.repository import Repository


def workflows(repository: Repository) -> dict[str, str]:
    """Return the text of each workflow by its name."""
    folder = repository.path / ".github" / "workflows"
    return {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*"))}


def test_init_writes_the_workflows_once(cli: Cli, repository: Repository) -> None:
    """With --yes it shows and writes them, and says what to do by hand; a second run has nothing to do."""
    origin = "https://github.com/octo/demo.git"
    repository.git("config", f"url.{repository.remote}.insteadOf", origin)
    repository.git("remote", "set-url", "origin", origin)
    first = cli("init", "--only", "workflows", "--yes", cwd=repository.path)
    assert first.code == 0, first.err
    assert "+++ .github/workflows/release.yml\n" in first.out
    assert "+      - run: release-recipes build\n" in first.out
    assert "https://pypi.org/manage/project/demo-package/settings/publishing/" in first.out
    values = ("Owner: octo", "Repository name: demo", "Workflow name: release.yml", "Environment name: pypi")
    assert all(f"     {value}\n" in first.out for value in values)
    assert '[tool.release] publish = "ci"' in first.out
    written = workflows(repository)
    assert list(written) == ["ci.yml", "release.yml"]
    assert all(is_ours(text) for text in written.values())
    assert 'branches: ["main"]' in written["ci.yml"]
    assert 'tags: ["v[0-9]*"]' in written["release.yml"]
    mode = (repository.path / ".github" / "workflows" / "ci.yml").stat().st_mode
    assert stat.S_IMODE(mode) == 0o644
    again = cli("init", "--only", "workflows", cwd=repository.path)
    assert (again.code, workflows(repository)) == (0, written)
    assert "There is nothing to write.\n" in again.out
    assert "+++" not in again.out


def test_a_dry_run_writes_nothing(cli: Cli, repository: Repository) -> None:
    """--dry-run shows the difference, needs no terminal, and writes nothing."""
    before = repository.snapshot()
    shown = cli("init", "--only", "tasks,workflows", "--dry-run", "--json", cwd=repository.path)
    assert (shown.code, shown.json["outcome"], shown.json["written"]) == (0, "planned", [])
    assert shown.json["proposed"] == ["tasks.py", ".github/workflows/ci.yml", ".github/workflows/release.yml"]
    assert shown.json["found"]["version"] == {"value": "1.2.3", "why": "bump-my-version, .bumpversion.toml"}
    assert "+++ .github/workflows/ci.yml\n" in shown.err
    assert "trusted publisher" not in shown.err
    assert repository.snapshot() == before


def test_without_a_terminal_it_needs_yes(cli: Cli, repository: Repository) -> None:
    """Without a terminal and without --yes nothing is written, and the exit code is 2."""
    before = repository.snapshot()
    ended = cli("init", "--only", "workflows", "--json", cwd=repository.path)
    assert (ended.code, ended.json["written"]) == (2, [])
    assert "2 files would be written, and there is no terminal to ask whether to." in ended.err
    assert "release-recipes init --only workflows --yes" in ended.err
    assert cli("init", cwd=repository.path).code == 2
    assert repository.snapshot() == before


def test_a_terminal_of_a_job_is_not_asked(cli: Cli, repository: Repository) -> None:
    """In a job of the forge nobody sits at the terminal that a runner may give it."""
    ended = cli.terminal("init", cwd=repository.path, env={"GITHUB_ACTIONS": "true"})
    assert (ended.code, workflows(repository)) == (2, {})
    assert "there is no terminal to ask whether to" in ended.plain


def test_it_asks_once(cli: Cli, repository: Repository) -> None:
    """On a terminal it asks once: no writes nothing, yes writes."""
    question = "Write 2 files? [y/n]"
    no = cli.terminal("init", "--only", "workflows", cwd=repository.path, answers={question: "n"})
    assert (no.code, workflows(repository)) == (1, {})
    assert "Nothing was written." in no.plain
    assert "To be written: .github/workflows/ci.yml, .github/workflows/release.yml" in no.plain
    yes = cli.terminal("init", "--only", "workflows", cwd=repository.path, answers={question: "y"})
    assert (yes.code, list(workflows(repository))) == (0, ["ci.yml", "release.yml"])


def test_a_file_of_another_version_is_replaced(cli: Cli, repository: Repository) -> None:
    """A workflow that this command has written and nobody has changed is brought up to date after the question."""
    assert cli("init", "--only", "workflows", "--yes", cwd=repository.path).code == 0
    repository.git("branch", "--quiet", "--move", "main", "trunk")
    repository.git("push", "--quiet", "--set-upstream", "origin", "trunk")
    repository.git("--git-dir", str(repository.remote), "symbolic-ref", "HEAD", "refs/heads/trunk")
    ended = cli("init", "--only", "workflows", "--yes", "--json", cwd=repository.path)
    assert (ended.code, ended.json["written"]) == (0, [".github/workflows/ci.yml"])
    assert '-    branches: ["main"]\n+    branches: ["trunk"]\n' in ended.err
    assert 'branches: ["trunk"]' in workflows(repository)["ci.yml"]


@pytest.mark.parametrize("own", ["name: CI\non: push\n", "changed"])
def test_a_file_that_differs_is_never_overwritten(cli: Cli, repository: Repository, own: str) -> None:
    """A workflow of the user's, or one that was changed, stays; the difference is shown, and the exit code is 1."""
    path = repository.path / ".github" / "workflows" / "ci.yml"
    if own == "changed":
        assert cli("init", "--only", "workflows", "--yes", cwd=repository.path).code == 0
        own = path.read_text("utf-8").replace("fail-fast: false", "fail-fast: true")
        path.with_name("release.yml").unlink()
    repository.write(".github/workflows/ci.yml", own)
    ended = cli("init", "--only", "workflows", "--yes", "--json", cwd=repository.path)
    assert (ended.code, ended.json["outcome"]) == (1, "refused")
    assert ended.json["written"] == [".github/workflows/release.yml"]
    assert ended.json["problems"] == [
        {
            "check": "edited-files",
            "message": ".github/workflows/ci.yml: changed by hand, or not written by this command, and therefore not "
            "overwritten.",
            "hint": "Take over what you need of the difference above; or to replace the file, delete it and run: "
            "release-recipes init --only workflows",
        }
    ]
    assert "+      fail-fast: false\n" in ended.err
    assert workflows(repository)["ci.yml"] == own
    path.unlink()
    assert cli("init", "--only", "workflows", "--yes", cwd=repository.path).code == 0
    assert all(is_ours(text) for text in workflows(repository).values())


@pytest.mark.parametrize(("only", "named"), [("workflow", "workflow"), ("env,workflow", "workflow"), ("", "")])
def test_nothing_else_can_be_written(cli: Cli, repository: Repository, only: str, named: str) -> None:
    """--only takes what there is to write; anything else is wrong usage."""
    ended = cli("init", f"--only={only}", "--yes", cwd=repository.path)
    assert ended.code == 2
    assert f"There is nothing to write that is named {named!r}." in ended.err
    assert repository.git("status", "--porcelain") == ""


def test_a_package_in_a_folder(cli: Cli, make_repository: Callable[..., Repository]) -> None:
    """For one of several packages, --project chooses the package, and hints repeat it."""
    pyproject = '[project]\nname = "{0}"\nversion = "1.0"\nrequires-python = ">=3.12"\n'
    files = {f"packages/{name}/pyproject.toml": pyproject.format(name) for name in ("app", "core")}
    files["packages/app/tests/test_app.py"] = "def test_app(): pass\n"
    top = make_repository(files=files | {"noxfile.py": "import nox\n\n@nox.session\ndef lint(session): pass\n"})
    ended = cli("init", "--only", "workflows", "--project", "packages/app", "--yes", cwd=top.path)
    assert ended.code == 0, ended.err
    written = workflows(top)
    assert list(written) == ["ci-app.yml", "release-app.yml"]
    assert 'tags: ["app-v[0-9]*"]' in written["release-app.yml"]
    assert "release-recipes init --only workflows --project packages/app\n" in written["ci-app.yml"]
    assert "      - run: python -m nox -s lint\n" in written["ci-app.yml"]
    assert 'python: ["3.12", "3.13", "3.14"]' in written["ci-app.yml"]


@pytest.mark.parametrize(("table", "written"), [("tool.poetry", True), ("tool.poetry.group.dev.dependencies", False)])
def test_a_noxfile_beside_poetry(
    table: str, written: bool, cli: Cli, make_repository: Callable[..., Repository]
) -> None:
    """Only groups of Poetry itself are a reason against a noxfile: nox cannot install them."""
    pyproject = f'[project]\nname = "demo-package"\nversion = "1.2.3"\n[{table}]\n'
    files = {"pyproject.toml": pyproject, "tests/test_demo.py": "def test_demo(): pass\n"}
    shown = cli("init", "--dry-run", "--json", cwd=make_repository(files=files).path)
    assert ("noxfile.py" in shown.json["proposed"]) is written, shown.err


def test_compiled_code(cli: Cli, make_repository: Callable[..., Repository]) -> None:
    """A project with compiled code gets a matrix for its wheels, and the lines that name them."""
    setup = "from setuptools import Extension, setup\n\nsetup(name='demo-package', version='1.2.3', "
    setup += "ext_modules=[Extension('demo', ['demo.c'])])\n"
    repository = make_repository(kind="setuptools", files={"setup.py": setup, ".pre-commit-config.yaml": "repos: []\n"})
    ended = cli("init", "--only", "workflows", "--yes", cwd=repository.path)
    assert ended.code == 0, ended.err
    assert "     [tool.release]\n     expect = [\n" in ended.out
    assert '         "cp311-*-manylinux*_x86_64",\n' in ended.out
    assert "python -m cibuildwheel --output-dir dist\n" in workflows(repository)["release.yml"]
    assert "      - run: pre-commit run --all-files\n" in workflows(repository)["ci.yml"]


def test_the_wheel_and_the_sdist_hold_the_templates(tmp_path: Path) -> None:
    """What is installed has the templates."""
    top = Path(__file__).parents[2]
    subprocess.run(["uv", "build", "--quiet", "--out-dir", str(tmp_path)], cwd=top, check=True)
    (wheel,), (sdist,) = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive, tarfile.open(sdist) as other:
        names = [*archive.namelist(), *other.getnames()]
    held = sorted(name.partition("release_recipes/")[2] for name in names if "/templates/" in name)
    templates = top / "src" / "release_recipes" / "templates"
    assert held == sorted(2 * [f"templates/{file.name}" for file in templates.iterdir()])


def test_the_workflows_of_two_packages(cli: Cli, tmp_path: Path) -> None:
    """A workflow that publishes another package of the repository is not one to be removed."""
    repository = make_packages(tmp_path / "packages", "core", "app")
    for folder in ("packages/core", "packages/app", "packages/core"):
        done = cli("init", "--project", folder, "--only", "workflows", "--yes", cwd=repository.path)
        assert done.code == 0, done.err
        assert "Remove it" not in done.out
    assert len(workflows(repository)) == 4


def test_another_workflow_that_publishes(cli: Cli, repository: Repository) -> None:
    """A workflow of the user that uploads is named: two must not publish one tag; an own ci.yml is left alone."""
    folder = repository.path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "publish.yml").write_text(
        "on: push\njobs: {a: {steps: [{uses: pypa/gh-action-pypi-publish@release/v1}]}}\n"
    )
    (folder / "ci.yml").write_text("on: push\n")
    done = cli("init", "--only", "workflows", "--yes", cwd=repository.path)
    assert done.code == 1
    assert "publish.yml seems to publish, too. Remove it: two workflows must not publish one tag.\n" in done.out
    assert "     Environment name: pypi\n" in done.out
    assert (folder / "ci.yml").read_text() == "on: push\n"
    assert (folder / "release.yml").is_file()


def test_a_folder_with_a_space(cli: Cli, tmp_path: Path) -> None:
    """The folder of a package is one word in each command."""
    repository = make_packages(tmp_path / "packages", "alpha", "beta")
    repository.git("mv", "packages/beta", "packages/my beta")
    noxfile = repository.path / "packages" / "my beta" / "noxfile.py"
    noxfile.write_text(f"{noxfile.read_text('utf-8')}\n\n@nox.session\ndef lint(session):\n    pass\n", "utf-8")
    repository.commit("a space")
    done = cli("init", "--only", "workflows", "--yes", "--project", "packages/my beta", cwd=repository.path)
    assert done.code == 0, done.err
    text = (repository.path / ".github" / "workflows" / "ci-beta.yml").read_text("utf-8")
    assert "- run: python -m nox -f 'packages/my beta/noxfile.py' -s lint\n" in text


def test_a_project_is_set_up(cli: Cli, repository: Repository) -> None:
    """With --yes all is looked at, shown and written; the end says what to do next."""
    done = cli("init", "--yes", cwd=repository.path, env={"COLUMNS": "80"})
    assert done.code == 0, done.err
    assert "demo-package, as it is released\n" in done.out
    assert " tag v{version} as the last tag, v1.2.3 " in " ".join(done.out.split())
    added = repository.git("status", "--porcelain").splitlines()
    assert added == ["?? .env.example", "?? .pre-commit-config.yaml", "?? tasks.py"]
    assert done.out.endswith(
        "Next:\n"
        "  1. Commit what was written: git add -- tasks.py .env.example .pre-commit-config.yaml && git commit\n"
        "  2. Have git run the hook: python -m pip install pre-commit && pre-commit install\n"
        "  3. To publish from this machine: create a token for demo-package at https://pypi.org/manage/account/token/, "
        "then: cp .env.example .env && chmod 600 .env, then put PYPI_API_TOKEN=… there\n"
        "  4. Rehearse a release: release-recipes rehearse\n"
    )
    repository.commit("adopt")
    again = cli("init", "--json", cwd=repository.path)
    assert (again.code, again.json["written"], repository.git("status", "--porcelain")) == (0, [], "")


@pytest.mark.usefixtures("known")
def test_the_plan_of_a_release_stays(cli: Cli, repository: Repository) -> None:
    """After `init`, a dry run shows the same plan as before."""
    words = ("release", "--part", "minor", "--dry-run", "--skip-tests")
    before = cli(*words, cwd=repository.path)
    assert before.code == 0, before.err
    assert cli("init", "--yes", cwd=repository.path).code == 0
    base = repository.commit("adopt")
    repository.git("push", "--quiet")
    after = cli(*words, cwd=repository.path)
    assert after.code == 0, after.err
    steps = [text[text.index("• bump") : text.index("• tag")] for text in (before.out, after.out)]
    assert steps[0] == steps[1]
    assert base[:12] in after.out


def test_a_package_of_several_is_set_up(cli: Cli, tmp_path: Path) -> None:
    """Packages share tasks.py, .env.example, .gitignore and the hook at the top."""
    repository = make_packages(tmp_path / "packages", "alpha", "beta")
    done = cli("init", "--yes", "--project", "packages/alpha", cwd=repository.path)
    assert done.code == 0, done.err
    files = [line[3:] for line in repository.git("status", "--porcelain", "-uall").splitlines()]
    assert {".env.example", "tasks.py"} <= {*files}
    assert [file for file in files if "/" in file] == []
    assert "then: cp .env.example .env && chmod 600 .env, then put PYPI_API_TOKEN=… there\n" in done.out
    assert "release-recipes rehearse --project packages/alpha\n" in done.out
    repository.commit("adopt")
    other = cli("init", "--yes", "--json", "--project", "packages/beta", cwd=repository.path)
    assert (other.code, other.json["written"]) == (0, [])
    own = cli("init", "--project", ".", cwd=repository.path / "packages/alpha")
    assert "cp ../../.env.example ../../.env && chmod 600 ../../.env, then put" in own.out


def test_a_file_that_cannot_be_written(cli: Cli, repository: Repository) -> None:
    """It is one sentence, and what was written before stays."""
    (repository.path / ".env.example").mkdir()
    ended = cli("init", "--only", "tasks,env", "--yes", cwd=repository.path)
    assert ended.code == 1
    assert "error: .env.example cannot be written: Is a directory.\n" in ended.err
    assert (repository.path / "tasks.py").is_file()
