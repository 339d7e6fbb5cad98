"""A package in a folder of a larger repository: found, released, resumed and abandoned by itself."""

import json
import shutil
import time
from pathlib import Path

import pytest

from release_recipes.commands.checkout import find
from release_recipes.errors import NoProject, WrongUsage
from release_recipes.index.retry import PATIENCE
from support.checking import NOBODY, Told, look, problems, warnings
from support.cli import Cli, Result
from support.index import PypiServer
from support.packages import change, make_packages
from support.repository import Repository

RELEASE = ("release", "--part", "minor", "--skip-tests")
BEFORE = {f"refs/tags/{name}-v1.2.3{end}" for name in ("alpha", "beta") for end in ("", "^{}")} | {"refs/heads/main"}


@pytest.fixture
def both(tmp_path: Path) -> Repository:
    """Return a repository with the packages alpha and beta, which changed since their release."""
    repository = make_packages(tmp_path / "my packages", "alpha", "beta")
    change(repository, "alpha", "beta")
    return repository


def files(name: str) -> set[str]:
    """Return the names of the distributions of 1.3.0."""
    return {f"{name}-1.3.0-py3-none-any.whl", f"{name}-1.3.0.tar.gz"}


def tags(*names: str) -> set[str]:
    """Return the refs of the tags of 1.3.0."""
    return {f"refs/tags/{name}-v1.3.0{end}" for name in names for end in ("", "^{}")}


def see_released(repository: Repository, *names: str) -> None:
    """See that packages are released as 1.3.0, the others are not, and nothing waits."""
    assert set(repository.remote_refs()) == BEFORE | tags(*names)
    assert repository.branch_commit("main") == repository.remote_refs()["refs/heads/main"]
    for name in ("alpha", "beta"):
        version = "1.3.0" if name in names else "1.2.3"
        assert f'version = "{version}"' in (repository.path / "packages" / name / "pyproject.toml").read_text("utf-8")
    assert repository.git("status", "--porcelain") == ""
    assert repository.git("for-each-ref", "refs/release-recipes") == ""
    assert not list((repository.path / ".git/release-recipes").rglob("record.json"))


def reached(repository: Repository, *arms: str) -> Path:
    """Have the remote hold up each push of some refs for a while, and return the file that it makes then."""
    hook = repository.remote / "hooks" / "post-receive"
    hook.write_text(
        "#!/bin/sh\nwhile read old new ref; do\n"
        f'case "$ref" in {"|".join(arms)}) touch reached; sleep 0.5;; esac\ndone\n',
        encoding="utf-8",
    )
    hook.chmod(0o755)
    return repository.remote / "reached"


def killed_after_the_claim(cli: Cli, repository: Repository, tag: str, name: str = "") -> None:
    """Kill the release of a package when its claim is on the remote."""
    file = reached(repository, f"refs/release-recipes/{tag}*")
    process = cli.start(*RELEASE, cwd=repository.path / "packages" / (name or tag))
    while not file.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.kill()
    process.communicate()
    time.sleep(0.7)  # the push of the killed one
    (repository.remote / "hooks" / "post-receive").unlink()
    file.unlink()


# -- which project -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["packages/alpha", "packages/alpha/demo", "packages/alpha/tests"])
def test_the_nearest_project_upwards_is_meant(where: str, both: Repository) -> None:
    """From a package's folder, or one below it, that package is meant, whatever the top of the repository is."""
    both.write("pyproject.toml", '[build-system]\nrequires = []\n\n[project]\nname = "top"\nversion = "9.0"\n')
    both.commit("feat: a package at the top")
    found = find(both.path / where, NOBODY, PATIENCE)
    assert (found.folder, found.project().name, found.below) == (
        both.path / "packages/alpha",
        "alpha",
        "packages/alpha",
    )
    assert find(both.path / "packages", NOBODY, PATIENCE).project().name == "top"


@pytest.mark.parametrize(
    ("name", "text"),
    [("pyproject.toml", "[tool.ruff]\nline-length = 100\n"), ("setup.cfg", "[flake8]\nmax-line-length = 100\n")],
)
def test_the_configuration_of_tools_is_no_project(name: str, text: str, both: Repository) -> None:
    """A folder with files that only configure tools is a part of the project around it."""
    both.write(f"packages/alpha/docs/{name}", text)
    assert find(both.path / "packages/alpha/docs", NOBODY, PATIENCE).below == "packages/alpha"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '[tool.poetry]\nname = "inner"\nversion = "1.0"\n'),
        ("pyproject.toml", '[build-system]\nrequires = ["setuptools"]\n'),
        ("setup.py", "from setuptools import setup\nsetup()\n"),
        ("setup.cfg", "[metadata]\nname = inner\n"),
    ],
)
def test_what_declares_a_project(name: str, text: str, both: Repository) -> None:
    """A folder that declares a project in any of the usual ways is one."""
    both.write(f"packages/alpha/inner/{name}", text)
    assert find(both.path / "packages/alpha/inner", NOBODY, PATIENCE).below == "packages/alpha/inner"


@pytest.mark.parametrize(
    ("where", "named"),
    [
        (".", "packages/beta"),
        ("packages/alpha", "../beta"),
        ("packages/alpha", "packages/beta"),
        ("..", "my packages/packages/beta"),
        (".", "Beta"),
        ("packages/alpha", "beta"),
    ],
)
def test_a_project_that_is_named(where: str, named: str, both: Repository) -> None:
    """`--project` is a folder, as seen from the current one or from the top of the repository, or a package's name."""
    assert find((both.path / where).resolve(), NOBODY, PATIENCE, named).below == "packages/beta"


@pytest.mark.parametrize(
    "named", ["packages/gamma", "packages", "packages/beta/demo", "packages/beta/pyproject.toml", "packages/beta/.."]
)
def test_a_folder_that_is_named_and_is_no_project(named: str, both: Repository) -> None:
    """A folder without a project of its own is refused, so that no other project is released by mistake."""
    with pytest.raises(WrongUsage) as refused:
        find(both.path, NOBODY, PATIENCE, named)
    assert (refused.value.message, refused.value.hint) == (
        f"{named} is not a package of this repository, and not the folder of one.",
        "The packages: alpha, beta",
    )


@pytest.mark.parametrize("named", ["packages/alpha/../beta", "link", "packages/beta/", "{top}/packages/beta"])
def test_ways_to_name_a_folder(named: str, both: Repository) -> None:
    """A folder may be named by an absolute path, with `..`, with a slash at its end, or by a link to it."""
    (both.path / "link").symlink_to("packages/beta")
    assert find(both.path, NOBODY, PATIENCE, named.format(top=both.path)).below == "packages/beta"


@pytest.mark.parametrize(
    "top",
    [
        "",
        "[tool.uv.workspace]\nmembers = ['packages/*']\n",
        "[project]\nname = 'top'\nversion = '1'\n[tool.uv]\npackage = false\n",
    ],
    ids=["without a project", "of a workspace", "not a package"],
)
def test_a_top_that_is_no_package(top: str, both: Repository) -> None:
    """At the top of a repository that is no package the packages are named, and none is released."""
    both.write("pyproject.toml", top)
    with pytest.raises(NoProject) as refused:
        find(both.path, NOBODY, PATIENCE).project()
    assert (refused.value.message, refused.value.hint) == (
        f"{both.path} is not a package; the packages of this repository are in its folders.",
        "To release or rehearse all that changed: --all-changed. Or name one of alpha, beta: --project alpha",
    )


def test_the_settings_of_a_package(both: Repository) -> None:
    """Settings are the package's, else those at the top; and `.env` is the nearest: its own, else the repository's."""
    both.write("pyproject.toml", '[tool.release]\nusername = "top"\n')
    both.write(".env", "PYPI_INDEX_URL=https://top.example/simple/\nVERBOSE_OUTPUT=true\n")
    both.write("packages/beta/.env", "PYPI_INDEX_URL=https://beta.example/simple/\n")
    alpha, beta = (find(both.path / f"packages/{name}", NOBODY, PATIENCE).settings for name in ("alpha", "beta"))
    assert (alpha.username, alpha.index_url, alpha.verbose_output) == ("top", "https://top.example/simple/", True)
    assert (beta.username, beta.index_url, beta.verbose_output) == ("top", "https://beta.example/simple/", False)


# -- what is checked ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("index")
def test_a_package_in_order(both: Repository) -> None:
    """Changes outside of the package's folder are no reason to stop, and its tag has its name."""
    both.write("packages/beta/demo/__init__.py", "half a change\n")
    both.write("notes.txt", "half a note\n")
    outcome = look(both.path / "packages/alpha")
    assert problems(outcome) == []
    assert outcome.plan is not None
    assert (outcome.plan.tag, outcome.plan.folder) == ("alpha-v1.3.0", "packages/alpha")


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(("setting", "tag"), [("", "v1.3.0"), ('tag = "{name}/{version}"', "only/1.3.0")])
def test_the_tag_of_the_only_package(setting: str, tag: str, tmp_path: Path) -> None:
    """The only package of a repository has a plain tag in whatever folder it is, unless the settings have another."""
    data = {"tests/data/sample/pyproject.toml": '[project]\nname = "sample"\nversion = "1"\n'}
    repository = make_packages(tmp_path / "repository", "only", files=data)
    repository.git("tag", "--delete", "only-v1.2.3")
    repository.git("push", "--quiet", "origin", ":only-v1.2.3")
    pyproject = repository.path / "packages/only/pyproject.toml"
    pyproject.write_text(f"{pyproject.read_text('utf-8')}{setting}\n", encoding="utf-8")
    plan = look(pyproject.parent).plan
    assert plan is not None
    assert plan.tag == tag


@pytest.mark.usefixtures("index")
def test_a_package_that_is_not_in_order(both: Repository) -> None:
    """What is changed in the package's folder is told, and a token that git tracks there, or at the top."""
    both.write("packages/alpha/half.py", "half\n")
    both.write("packages/alpha/.env", "A=b\n")
    both.git("add", "--force", "packages/alpha/.env")
    both.git("commit", "--quiet", "--message=chore: a token")
    both.git("push", "--quiet")
    assert [(told.check, told.message) for told in problems(look(both.path / "packages/alpha"))] == [
        ("clean-tree", "The working tree is not clean: packages/alpha/half.py."),
        ("dotenv", ".env is tracked by git, so its content is in the history."),
    ]


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_commits_that_others_pushed(name: str, both: Repository) -> None:
    """Pushed commits that do not change the package are merged, and told; those that do stop its release."""
    colleague = both.other_clone()
    change_of = colleague.write("packages/alpha/theirs.txt", "news\n")
    assert change_of.exists()
    colleague.commit("feat: theirs")
    colleague.git("push", "--quiet")
    before = both.snapshot()
    outcome = look(both.path / "packages" / name)
    stops = Told(
        "up-to-date",
        "main is behind origin: origin/main has commits that the local branch does not have.",
        "Run: git pull --rebase --tags origin main",
    )
    told = Told(
        "up-to-date",
        "origin/main has commits that the local branch does not have, and none of them changes packages/beta.",
        "The release is merged with them. To have them before: git pull --rebase --tags origin main",
    )
    assert problems(outcome) == ([stops] if name == "alpha" else [])
    assert (told in warnings(outcome)) == (name == "beta")
    assert both.snapshot() == before


@pytest.mark.usefixtures("index")
def test_nothing_new_in_a_package(tmp_path: Path) -> None:
    """What changed since the last release is counted by the package's folder and its own tags."""
    repository = make_packages(tmp_path / "repository", "alpha", "beta")
    change(repository, "beta")
    told = Told(
        "something-new",
        "There are no commits that change packages/alpha since alpha-v1.2.3.",
        "Release only if you want to release the same commit again.",
    )
    assert told in warnings(look(repository.path / "packages/alpha"))
    assert "something-new" not in {told.check for told in warnings(look(repository.path / "packages/beta"))}


# -- its release -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "words"), [("packages/alpha/demo", ()), (".", ("--project", "packages/alpha"))], ids=["there", "named"]
)
def test_a_package_is_released(
    where: str, words: tuple[str, ...], both: Repository, index: PypiServer, cli: Cli
) -> None:
    """One package is released, from below its folder or by its name, and nothing of the other changes."""
    result = cli(*RELEASE, *words, "--json", cwd=both.path / where)
    assert result.code == 0, result.err
    assert (result.json["project"], result.json["version"], result.json["tag"]) == ("alpha", "1.3.0", "alpha-v1.3.0")
    see_released(both, "alpha")
    assert set(index.files()) == files("alpha")
    assert both.git("log", "-1", "--format=%s") == "release: alpha-v1.3.0"
    assert both.git("show", "--format=", "--name-only").splitlines() == [
        f"packages/alpha/{name}" for name in (".bumpversion.toml", "README.md", "demo/__init__.py", "pyproject.toml")
    ]


@pytest.mark.usefixtures("index")
def test_the_tests_and_the_distributions_are_those_of_the_package(both: Repository, cli: Cli) -> None:
    """The tests run in the package's folder, and what is kept of the build lies in its `dist/`."""
    result = cli("release", "--part", "minor", cwd=both.path / "packages/alpha", env={"CLEAN_BUILD_ARTIFACTS": "false"})
    assert result.code == 0, result.err
    assert {path.name for path in (both.path / "packages/alpha/dist").iterdir()} == {*files("alpha"), ".gitignore"}
    assert not (both.path / "dist").exists()


def test_a_release_that_was_killed_is_resumed(both: Repository, index: PypiServer, cli: Cli) -> None:
    """A package's unfinished release is seen there and at the top, does not block the other, and is finished."""
    killed_after_the_claim(cli, both, "alpha")
    alpha, beta = both.path / "packages/alpha", both.path / "packages/beta"
    again = cli(*RELEASE, "--project", "packages/alpha", cwd=both.path)
    assert again.code == 3
    assert again.err == (
        f"error: The release of alpha 1.3.0 is not finished (started {started(both, 'alpha')}).\n"
        "   → To finish it: release-recipes resume --project packages/alpha. To abandon it: release-recipes abandon "
        "--project packages/alpha\n"
    )
    assert [waiting(cli("status", "--json", cwd=folder)) for folder in (alpha, beta, both.path)] == [
        ["alpha 1.3.0"],
        [],
        ["alpha 1.3.0"],
    ]
    assert cli("resume", cwd=beta).out == "No release is unfinished.\n"
    assert cli(*RELEASE, cwd=beta).code == 0
    result = cli("resume", cwd=alpha)
    assert result.code == 0, result.err
    see_released(both, "alpha", "beta")
    assert set(index.files()) == files("alpha") | files("beta")


def started(repository: Repository, name: str) -> str:
    """Return when a package's unfinished release was started."""
    (record,) = (repository.path / ".git/release-recipes").rglob(f"{name}-1.3.0/record.json")
    return f"{json.loads(record.read_text('utf-8'))['started'][:16].replace('T', ' ')} UTC"


def waiting(result: Result) -> list[str]:
    """Return the unfinished releases of a status."""
    return list(result.json["status"]["waiting"])


def test_a_release_that_was_killed_is_abandoned(both: Repository, index: PypiServer, cli: Cli) -> None:
    """Abandoned from the top, all traces of it are gone, here and on the remote."""
    killed_after_the_claim(cli, both, "alpha")
    assert "refs/release-recipes/alpha-v1.3.0" in both.remote_refs()
    assert cli("abandon", cwd=both.path / "packages/beta").out == "No release is unfinished.\n"
    result = cli("abandon", cwd=both.path)
    assert result.code == 0, result.err
    see_released(both)
    assert index.files() == {}


def test_several_releases_that_were_killed(both: Repository, index: PypiServer, cli: Cli) -> None:
    """At the top several unfinished releases are finished by one command, and abandoned only one by one."""
    killed_after_the_claim(cli, both, "alpha")
    killed_after_the_claim(cli, both, "beta")
    refused = cli("abandon", "--yes", cwd=both.path)
    assert refused.code == 2
    assert refused.err == (
        "error: 2 projects of this repository have an unfinished release: packages/alpha, packages/beta.\n"
        "   → Abandon each by itself, such as: release-recipes abandon --yes --project packages/alpha\n"
    )
    result = cli("resume", cwd=both.path)
    assert result.code == 0, result.err
    see_released(both, "alpha", "beta")
    assert set(index.files()) == files("alpha") | files("beta")


def test_the_package_at_the_top_is_named(both: Repository, index: PypiServer, cli: Cli) -> None:
    """Named, the package at the top is meant alone; so the hint for several unfinished releases can be followed."""
    both.write(
        "pyproject.toml", (both.path / "packages/alpha/pyproject.toml").read_text("utf-8").replace("alpha", "top")
    )
    shutil.copytree(both.path / "packages/alpha/_backend", both.path / "_backend")
    shutil.copytree(both.path / "packages/alpha/demo", both.path / "demo")
    both.write("README.md", "# top\n")
    both.commit("feat: a package at the top")
    both.git("push", "--quiet")
    killed_after_the_claim(cli, both, "alpha")
    assert cli("abandon", "--project", ".", cwd=both.path).out == "No release is unfinished.\n"
    assert cli("resume", "--project", ".", cwd=both.path).out == "No release is unfinished.\n"
    assert waiting(cli("status", "--json", "--project", ".", cwd=both.path)) == []
    assert waiting(cli("status", "--json", cwd=both.path)) == ["alpha 1.3.0"]
    assert index.files() == {}


@pytest.mark.usefixtures("index")
def test_another_package_with_the_same_tag(both: Repository, cli: Cli) -> None:
    """A tag that the unfinished release of another package has claimed is refused before anything is prepared."""
    for name in ("alpha", "beta"):
        text = (both.path / f"packages/{name}/pyproject.toml").read_text("utf-8")
        both.write(f"packages/{name}/pyproject.toml", f'{text}tag = "v{{version}}"\n')
    both.commit("build: tags")
    both.git("push", "--quiet")
    killed_after_the_claim(cli, both, "v1.3.0", "alpha")
    found = {told.check: told.message for told in problems(look(both.path / "packages/beta"))}
    assert found["claim"].startswith("A release of v1.3.0 is in progress: refs/release-recipes/v1.3.0 on origin, ")


def test_a_claim_of_the_other_package_is_not_abandoned(both: Repository, index: PypiServer, cli: Cli) -> None:
    """From a package's folder only the claims of that package are seen, also those of other machines."""
    killed_after_the_claim(cli, both, "alpha")
    other = both.other_clone()
    claim = "refs/release-recipes/alpha-v1.3.0"
    assert cli("abandon", "--yes", cwd=other.path / "packages/beta").out == "No release is unfinished.\n"
    assert claim in both.remote_refs()
    refused = cli("abandon", cwd=other.path / "packages/alpha")
    assert refused.code == 3
    assert "error: alpha-v1.3.0 was claimed by Ada Lovelace <ada@example.org> on " in refused.err
    assert cli("abandon", "--yes", cwd=other.path / "packages/alpha").code == 0
    assert claim not in both.remote_refs()
    assert index.files() == {}


def test_claims_of_several_packages(both: Repository, index: PypiServer, cli: Cli) -> None:
    """At the top, claims that other machines have for several packages are abandoned only one by one."""
    for name in ("alpha", "beta"):
        killed_after_the_claim(cli, both, name)
    other = both.other_clone()
    refused = cli("abandon", "--yes", cwd=other.path)
    assert refused.code == 2
    assert refused.err == (
        "error: 2 projects of this repository have an unfinished release: packages/alpha, packages/beta.\n"
        "   → Abandon each by itself, such as: release-recipes abandon --yes --project packages/alpha\n"
    )
    assert cli("abandon", "--yes", "--project", "packages/beta", cwd=other.path).code == 0
    assert [ref for ref in both.remote_refs() if "release-recipes" in ref and "^" not in ref] == [
        "refs/release-recipes/alpha-v1.3.0"
    ]
    assert index.files() == {}


def test_a_package_beside_that_of_the_top(quick: Repository, index: PypiServer, cli: Cli) -> None:
    """The package at the top is released while one in a folder is unfinished; each has its own tag and its own end."""
    inner = make_packages(quick.path.with_name("other"), "alpha").path / "packages/alpha"
    shutil.copytree(inner, quick.path / "packages/alpha")
    quick.commit("feat: alpha")
    quick.git("push", "--quiet")
    killed_after_the_claim(cli, quick, "alpha")
    result = cli(*RELEASE, cwd=quick.path)
    assert result.code == 0, result.err
    assert quick.git("for-each-ref", "--format=%(refname)", "refs/release-recipes") == (
        "refs/release-recipes/alpha-v1.3.0"
    )
    resumed = cli("resume", cwd=quick.path)
    assert resumed.code == 0, resumed.err
    assert {ref for ref in quick.remote_refs() if "{" not in ref} == {
        *("refs/heads/main", "refs/tags/v1.2.3", "refs/tags/v1.3.0", "refs/tags/alpha-v1.3.0"),
    }
    assert set(index.files()) == files("alpha") | files("demo_package")
    assert quick.git("for-each-ref", "refs/release-recipes") == ""


@pytest.mark.usefixtures("known")
def test_a_package_is_rehearsed(both: Repository, cli: Cli) -> None:
    """A rehearsal is that of the package in the folder."""
    before = both.snapshot()
    result = cli("rehearse", "--part", "minor", "--skip-tests", "--project", "packages/beta", "--json", cwd=both.path)
    assert result.code == 0, result.err
    assert (result.json["outcome"], result.json["project"], result.json["tag"]) == ("rehearsed", "beta", "beta-v1.3.0")
    assert both.snapshot() == before


@pytest.mark.usefixtures("index")
def test_single_tasks_of_a_package(both: Repository, cli: Cli) -> None:
    """Each task that acts on a project takes its folder, and `dist/` is the project's."""
    named = ("--project", "packages/beta")
    for words in ("check --part minor", "test", "build", "validate", "upload", "bump --part minor"):
        result = cli(*words.split(), *named, cwd=both.path)
        assert result.code == 0, (words, result.err)
    assert len(list((both.path / "packages/beta/dist").iterdir())) == 2
    assert 'version = "1.3.0"' in (both.path / "packages/beta/pyproject.toml").read_text("utf-8")
    assert 'version = "1.2.3"' in (both.path / "packages/alpha/pyproject.toml").read_text("utf-8")
    empty = cli("check", "--project", "", cwd=both.path)
    assert (empty.code, empty.err) == (2, "error: --project is empty.\n   → Give --project a value, or omit it.\n")


# -- two at once -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [("alpha", "beta"), ("beta", "alpha")])
def test_two_packages_at_once(order: tuple[str, str], both: Repository, index: PypiServer, cli: Cli) -> None:
    """Two packages of one repository are released at the same time, and the branch has both release commits."""
    processes = [cli.start(*RELEASE, cwd=both.path / "packages" / name) for name in order]
    said = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    see_released(both, "alpha", "beta")
    assert set(index.files()) == files("alpha") | files("beta")
    refs = both.remote_refs()
    for name in ("alpha", "beta"):
        assert (
            both.git("merge-base", refs[f"refs/tags/{name}-v1.3.0^{{}}"], "main")
            == refs[f"refs/tags/{name}-v1.3.0^{{}}"]
        )


def test_the_branch_moves_between_check_and_claim(both: Repository, index: PypiServer, cli: Cli) -> None:
    """A package's release that is pushed while another one is prepared does not stop that one."""
    alpha, beta = both.path / "packages/alpha", both.path / "packages/beta"
    pyproject = alpha / "pyproject.toml"
    file = both.path.with_name("hook runs")
    wait = f"touch '{file}'\nwhile [ -e '{file}' ]; do sleep 0.05; done\n"
    (alpha / "hook.sh").write_text(wait, encoding="utf-8")
    text = pyproject.read_text("utf-8")
    pyproject.write_text(f'{text}pre_release_hooks = [["sh", "hook.sh"]]\n', encoding="utf-8")
    both.commit("feat: a hook")
    both.git("push", "--quiet")
    first = cli.start(*RELEASE, cwd=alpha)
    while not file.exists():
        assert first.poll() is None, first.communicate()
        time.sleep(0.01)
    second = cli(*RELEASE, cwd=beta)
    file.unlink()
    said = first.communicate()
    assert (first.returncode, second.code) == (0, 0), (said, second.err)
    see_released(both, "alpha", "beta")
    assert both.git("log", "-1", "--format=%s") == "Merge alpha-v1.3.0 into main"
    assert set(index.files()) == files("alpha") | files("beta")


def test_the_package_at_the_top_beside_another(quick: Repository, index: PypiServer, cli: Cli) -> None:
    """A package's release that is pushed while that of the top is prepared does not stop it, and is merged."""
    inner = make_packages(quick.path.with_name("other"), "alpha").path / "packages/alpha"
    shutil.copytree(inner, quick.path / "packages/alpha")
    file = quick.path.with_name("hook runs")
    quick.write("hook.sh", f"touch '{file}'\nwhile [ -e '{file}' ]; do sleep 0.05; done\n")
    text = (quick.path / "pyproject.toml").read_text("utf-8")
    quick.write("pyproject.toml", f'{text}pre_release_hooks = [["sh", "hook.sh"]]\n')
    quick.commit("feat: alpha")
    quick.git("push", "--quiet")
    first = cli.start(*RELEASE, cwd=quick.path)
    while not file.exists():
        assert first.poll() is None, first.communicate()
        time.sleep(0.01)
    second = cli(*RELEASE, cwd=quick.path / "packages/alpha")
    file.unlink()
    said = first.communicate()
    assert (first.returncode, second.code) == (0, 0), (said, second.err)
    assert set(index.files()) == files("alpha") | files("demo_package")
    assert quick.branch_commit("main") == quick.remote_refs()["refs/heads/main"]
    assert quick.git("log", "-1", "--format=%s") == "Merge v1.3.0 into main"


def test_a_package_is_alone_in_its_own_release(both: Repository, index: PypiServer, cli: Cli) -> None:
    """A second release of the same package is refused while the first one runs."""
    file = reached(both, "refs/release-recipes/alpha-*")
    first = cli.start(*RELEASE, cwd=both.path / "packages/alpha")
    while not file.exists():
        assert first.poll() is None, first.communicate()
        time.sleep(0.01)
    second = cli(*RELEASE, cwd=both.path / "packages/alpha")
    assert second.code == 3  # the first one's record waits
    assert second.err.startswith("error: Another release of this project is running: process ")
    said = first.communicate()
    assert first.returncode == 0, said
    see_released(both, "alpha")
    assert set(index.files()) == files("alpha")


def test_the_lock_file_of_a_workspace(tmp_path: Path, index: PypiServer, cli: Cli) -> None:
    """The entry of a package in the lock file at the top moves with it; the entries of the others stay."""
    entry = '[[package]]\nname = "{}"\nversion = "1.2.3"\nsource = {{ editable = "packages/{}" }}\n'
    lock = f"version = 1\n\n{entry.format('app', 'app')}\n{entry.format('core', 'core')}"
    files = {"uv.lock": lock, "packages/core/.bumpversion.toml": "", "packages/core/demo/__init__.py": ""}
    repository = make_packages(tmp_path / "packages", "app", "core", files=files, workspace=True)
    change(repository, "core")

    done = cli("release", "--part", "minor", "--skip-tests", "--project", "packages/core", cwd=repository.path)

    assert done.code == 0, done.out + done.err
    before, own = lock.split('name = "core"')
    expected = before + 'name = "core"' + own.replace("1.2.3", "1.3.0")
    assert (repository.path / "uv.lock").read_text(encoding="utf-8") == expected
    assert "core-1.3.0.tar.gz" in index.files()
