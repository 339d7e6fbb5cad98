"""Several packages of one repository: what changed in each, and their releases in the order of their dependencies."""

import signal
import time
from pathlib import Path

import pytest

from release_recipes.errors import WrongUsage
from release_recipes.programs.git import Git
from release_recipes.project.packages import Package, excluded, in_order, packages
from support.checking import Told, look, questions
from support.cli import HURRIED, Cli
from support.index import PypiServer
from support.packages import change, make_packages
from support.repository import Repository

NAMES = ("app", "core", "extra", "plugin", "tool")
"""Five packages: the app requires the plugin, which requires core; the tool requires core, too."""
REQUIRES = {"app": "plugin>=1.2", "plugin": "core==1.2.*", "tool": "core<1.3"}
RELEASE = ("release", "--all-changed", "--part", "minor", "--skip-tests")


@pytest.fixture
def five(tmp_path: Path) -> Repository:
    """Return a workspace of five packages, of which app, core and plugin changed since their last release."""
    repository = make_packages(tmp_path / "workspace", *NAMES, requires=REQUIRES, workspace=True)
    change(repository, "app", "plugin", "core")
    return repository


def released(repository: Repository) -> list[str]:
    """Return the releases on the remote's branch, oldest first."""
    subjects = repository.git("log", "--reverse", "--format=%s", "origin/main").splitlines()
    return [subject.removeprefix("release: ") for subject in subjects if subject.startswith("release: ")]


def see_all_released(repository: Repository, index: PypiServer) -> None:
    """See that core, plugin and app are released in this order, with nothing left over."""
    assert released(repository) == ["core-v1.3.0", "plugin-v1.3.0", "app-v1.3.0"]
    assert set(index.files()) == {
        f"{name}-1.3.0{end}" for name in ("core", "plugin", "app") for end in ("-py3-none-any.whl", ".tar.gz")
    }
    assert {ref for ref in repository.remote_refs() if "v1.2.3" not in ref} == {
        "refs/heads/main",
        *(f"refs/tags/{name}-v1.3.0{end}" for name in ("core", "plugin", "app") for end in ("", "^{}")),
    }
    assert repository.head == repository.remote_refs()["refs/heads/main"]
    assert repository.git("status", "--porcelain") == ""
    assert repository.git("for-each-ref", "refs/release-recipes") == ""
    assert not list((repository.path / ".git/release-recipes").rglob("record.json"))


def pyproject(repository: Repository, name: str) -> str:
    """Return the pyproject.toml of a package."""
    return (repository.path / "packages" / name / "pyproject.toml").read_text(encoding="utf-8")


def test_settings_that_packages_share(tmp_path: Path, index: PypiServer, cli: Cli) -> None:
    """At the top of the repository they are for every package, whose own settings win; a package there has its own."""
    repository = make_packages(tmp_path / "workspace", "core", "tool")
    top = '[tool.release]\ncommit_message = "Release {name} {version}"\nlicence = "odd"\n'
    repository.write("pyproject.toml", top.replace('licence = "odd"\n', ""))
    path = "packages/tool/pyproject.toml"
    own = (repository.path / path).read_text(encoding="utf-8")
    repository.write(path, own.replace("[tool.release]\n", '[tool.release]\ncommit_message = "tool {version}"\n'))
    change(repository, "core", "tool")
    done = cli(*RELEASE, "--yes", cwd=repository.path)
    assert done.code == 0, done.err
    assert "To be released, in this order: core, tool\n" in done.out
    subjects = repository.git("log", "-2", "--reverse", "--format=%s", "origin/main").splitlines()
    assert (subjects, len(index.files())) == (["Release core 1.3.0", "tool 1.3.0"], 4)
    repository.write("pyproject.toml", top)
    wrong = cli("status", cwd=repository.path / "packages" / "core")
    assert (wrong.code, "unknown setting 'licence'" in wrong.err) == (2, True)
    repository.write("pyproject.toml", f'{top}\n[project]\nname = "top"\nversion = "1.0"\n')
    assert cli("status", cwd=repository.path / "packages" / "core").code == 0


# -- what there is -----------------------------------------------------------------------------------------------------


def test_the_status_of_a_workspace(five: Repository, index: PypiServer, cli: Cli) -> None:
    """At the top each package is shown with its versions, what changed since its last release, and what it requires."""
    (index.folder / "core-1.2.3.tar.gz").write_bytes(b"")
    result = cli("status", cwd=five.path)
    assert result.code == 0, result.err
    assert result.out.splitlines() == [
        str(five.path),
        "  remote    origin/main is at HEAD",
        "packages/app: app 1.2.3 (index: none), 1 commit since app-v1.2.3; requires plugin",
        "packages/core: core 1.2.3 (index: 1.2.3), 1 commit since core-v1.2.3",
        "packages/extra: extra 1.2.3 (index: none), no commits since extra-v1.2.3",
        "packages/plugin: plugin 1.2.3 (index: none), 1 commit since plugin-v1.2.3; requires core",
        "packages/tool: tool 1.2.3 (index: none), no commits since tool-v1.2.3; requires core",
    ]
    assert cli("status", "--json", cwd=five.path).json["status"]["packages"][0] == {
        "project": "app",
        "folder": "packages/app",
        "prior": "1.2.3",
        "last_tag": "app-v1.2.3",
        "commits_since": 1,
        "since": "1 commit since app-v1.2.3",
        "requires": ["plugin"],
        "index": None,
    }
    nowhere = {"PYPI_INDEX_URL": "http://127.0.0.1:9/simple/"}
    assert Cli(HURRIED)("status", cwd=five.path, env=nowhere).out.count("(index: not known)") == 5


@pytest.mark.parametrize(
    "task", ["build", "check", "history", "changelog", "rehearse", "test", "validate", "upload", "init"]
)
def test_a_task_that_needs_one_package(task: str, five: Repository, cli: Cli) -> None:
    """At the top, a task that is about one package names those that there are."""
    result = cli(task, cwd=five.path)
    assert result.code == 1
    assert "is not a package; the packages of this repository are in its folders.\n" in result.err
    every = "To release or rehearse all that changed: --all-changed."
    assert f"{every} Or name one of app, core, extra, plugin, tool: --project app\n" in result.err


@pytest.mark.parametrize(
    ("files", "known"),
    [
        ({"pyproject.toml": "[tool.uv.workspace]\nmembers = ['*']\nexclude = ['b']\n"}, ["a"]),
        ({"pyproject.toml": "[tool.uv.workspace]\nmembers = ['lib/*']\n"}, ["lib/e"]),
        ({"pyproject.toml": "[project]\nname = 'top'\n[build-system]\n[tool.uv.workspace]\n"}, ["."]),
        ({"pyproject.toml": "[project]\nname = 'top'\n[tool.uv.workspace]\nmembers = ['a']\n"}, ["a"]),
        ({}, ["a", "b", "lib/e"]),
        ({"pyproject.toml": "[project]\nname = 'top'\n"}, [".", "a", "b", "lib/e"]),
        ({"a/pyproject.toml": "[tool.poetry]\nname = 'a'\npackage-mode = false\n"}, ["b", "lib/e"]),
        ({"a/pyproject.toml": "no TOML"}, ["b", "lib/e"]),
        ({"a/pyproject.toml": "[project]\nname = '{{ name }}'\n"}, ["b", "lib/e"]),
    ],
    ids=["excluded", "members", "top", "virtual top", "folders", "top and folders", "no package", "broken", "template"],
)
def test_the_packages_of_a_repository(files: dict[str, str], known: list[str], repository: Repository) -> None:
    """They are the members of uv's workspace; without one, the folders with a project, except data of tests."""
    repository.git("rm", "--quiet", "-r", ".")
    for name in ("a", "b", "lib/e", "tests/data/c", "lib/e/.hidden/d"):
        repository.write(f"{name}/pyproject.toml", f"[project]\nname = '{Path(name).name}'\n")
    for name, text in files.items():
        repository.write(name, text)
    repository.git("add", "--all")
    assert [package.below for package in packages(Git(repository.path))] == known


def test_a_circle_of_packages() -> None:
    """Packages that require each other have no order, and are named."""
    needs = {"A.1": "b_2", "b-2": "c[x]>1", "c": "a-1; python_version>'3'"}
    circle = [Package(name, name, (needed,)) for name, needed in needs.items()]
    with pytest.raises(WrongUsage) as refused:
        in_order(circle)
    assert refused.value.message.startswith("These packages depend on one another in a circle: ")
    assert [package.name for package in in_order(circle[:2])] == ["b-2", "A.1"]


def test_extras_are_no_circle(repository: Repository) -> None:
    """What extras and groups require does not decide about the order, but an excluded version is found there, too."""
    repository.git("rm", "--quiet", "-r", ".")
    core = "[project]\nname = 'core'\n[project.optional-dependencies]\nall = ['app<2']\n"
    groups = "[dependency-groups]\ndev = ['app<3', {include-group = 'test'}]\n"
    repository.write("core/pyproject.toml", core + groups)
    repository.write("app/pyproject.toml", "[project]\nname = 'app'\ndependencies = ['core']\n")
    repository.git("add", "--all")
    known = packages(Git(repository.path))
    assert [package.name for package in in_order(known)] == ["core", "app"]
    assert known[1].optional == ("app<2", "app<3")


@pytest.mark.parametrize(
    ("pin", "version", "raised"),
    [
        ("core", "2.0", None),
        ("core>=1.2,<2", "1.3.0", None),
        ("core==1.2.*", "1.3.0", "core==1.3.*"),
        ("core == 1.2.*", "1.3.0", "core ==1.3.*"),
        ("core==1.2.3", "1.3.0", "core==1.3.0"),
        ("core<1.3", "1.3.0", "core<1.4"),
        ("core>=1.2,<2", "2.0.0", "core>=1.2,<3"),
        ("core<2.0,>=1.2", "2.0.0rc1", "core<3.0,>=1.2"),
        ("core<=1.2.9", "1.3.0", "core<=1.3.0"),
        ("core~=1.2.0", "1.3.1", "core~=1.3.1"),
        ("core~=1.2", "2.0.0", "core~=2.0"),
        ("Core[fast] <1.3 ; python_version < '1.3'", "1.3.0", "Core[fast] <1.4 ; python_version < '1.3'"),
        ("core<1.3,!=1.3.1", "1.3.0", "core<1.4,!=1.3.1"),
        ("core!=1.3.0", "1.3.0", ""),
        ("core>2", "1.3.0", ""),
        ("core~=1.4.0", "1.3.0", ""),
        ("core==1.4.*", "1.3.0", ""),
        ("core>=1.4,<1.5", "1.3.0", ""),
        ("other<1.3", "1.3.0", None),
    ],
)
def test_a_requirement_that_excludes_a_version(pin: str, version: str, raised: str | None) -> None:
    """A bound is raised as exactly as it was, the rest of the requirement stays, and only what excludes is changed."""
    assert excluded([pin], {"core": version}) == ({} if raised is None else {pin: raised})


@pytest.mark.usefixtures("index")
@pytest.mark.red("pins")
def test_a_package_that_excludes_the_planned_version(five: Repository) -> None:
    """Who releases a package alone is told which others would not take its new version."""
    told = [finding for finding in questions(look(five.path / "packages/core")) if finding.check == "pins"]
    command = "release-recipes release --projects core,plugin,tool --part minor"
    assert told == [
        Told("pins", f"{name} requires {pin}, which excludes core 1.3.0.", f"{hint}: {command}")
        for name, pin, hint in (
            ("plugin", "core==1.2.*", "To raise it, release them together"),
            ("tool", "core<1.3", "Change it, commit that, and release them together"),
        )
    ]


@pytest.mark.usefixtures("index")
def test_a_package_that_excludes_another_as_it_is(five: Repository, cli: Cli) -> None:
    """Who releases a package alone is told what it excludes of the repository, and the command given raises it."""
    assert cli("release", "--project", "core", *RELEASE[2:], cwd=five.path).code == 0
    five.git("pull", "--quiet")
    (told,) = [finding for finding in questions(look(five.path / "packages/plugin")) if finding.check == "pins"]
    command = "release-recipes release --projects plugin --part minor"
    message = "plugin requires core==1.2.*, which excludes core 1.3.0 of this repository."
    assert told == Told("pins", message, f"To raise it in the release: {command}")
    (tool,) = [told for told in questions(look(five.path / "packages/tool")) if told.check == "pins"]
    assert tool.hint == f"To raise it in the release: {command.replace('plugin', 'tool')}"
    (by_default,) = [told for told in questions(look(five.path / "packages/tool", part="")) if told.check == "pins"]
    assert by_default.hint.endswith("--projects tool --part patch")
    unchanged = cli("release", "--projects", "tool,extra", *RELEASE[2:], "--dry-run", cwd=five.path)
    assert "tool-v1.2.3; it excludes a version of another package, so it is released, too\n" in unchanged.out
    assert "raises  core<1.3 → core<1.4" in unchanged.out
    assert "[something-new]" not in unchanged.out
    done = cli(*command.split()[1:], "--skip-tests", cwd=five.path)
    assert (done.code, "of this repository" in done.out) == (0, False), done.err
    assert 'dependencies = ["core==1.3.*"]' in pyproject(five, "plugin")


@pytest.mark.usefixtures("index")
@pytest.mark.green("pins")
def test_packages_that_take_the_planned_version(five: Repository) -> None:
    """A new version that no other package excludes is no warning."""
    for name in ("core", "plugin"):
        outcome = look(five.path / "packages" / name, part="patch")
        assert "pins" not in {finding.check for finding in outcome.findings}


def test_a_package_that_cannot_be_read(five: Repository, index: PypiServer, cli: Cli) -> None:
    """A package whose version cannot be read is shown with the reason, and stops only its own release."""
    five.write("packages/tool/pyproject.toml", pyproject(five, "tool") + 'user_name = "x"\n')
    five.commit("fix: break it")
    five.git("push", "--quiet")
    line = next(line for line in cli("status", cwd=five.path).out.splitlines() if line.startswith("packages/tool: "))
    assert line == (
        "packages/tool: tool ? (index: not known), 1 commit since tool-v1.2.3; "
        "[tool.release] has an unknown setting 'user_name'; requires core"
    )
    refused = cli(*RELEASE, cwd=five.path)
    assert refused.code == 2
    assert refused.err.startswith("error: [tool.release] has an unknown setting 'user_name'.\n")
    assert index.files() == {}
    result = cli("release", "--projects", "core", *RELEASE[2:], cwd=five.path)
    assert result.code == 0, result.err
    assert released(five) == ["core-v1.3.0"]


# -- their releases ----------------------------------------------------------------------------------------------------


def test_what_changed_is_released_in_order(five: Repository, index: PypiServer, cli: Cli) -> None:
    """Those that changed are released, each after what it requires, and pins among them are raised."""
    result = cli(*RELEASE, cwd=five.path)
    assert result.code == 0, result.err
    see_all_released(five, index)
    assert result.out.endswith("core 1.3.0, plugin 1.3.0, app 1.3.0: released\n")
    assert "\nplugin (2 of 3)\n" in result.out
    assert "packages/plugin/pyproject.toml; core==1.2.* → core==1.3.*\n" in result.out
    assert 'dependencies = ["core==1.3.*"]' in pyproject(five, "plugin")
    assert 'dependencies = ["plugin>=1.2"]' in pyproject(five, "app")
    assert 'dependencies = ["core<1.3"]' in pyproject(five, "tool")
    assert "tool requires core<1.3, which excludes core 1.3.0." in result.out
    assert "plugin requires" not in result.out
    assert five.git("log", "--format=%s", "--", "packages/tool").splitlines() == ["feat: the packages"]
    again = cli(*RELEASE, cwd=five.path)
    assert again.code == 0, again.err
    assert again.out.endswith("Nothing to release: no package changed since its last release.\n")
    see_all_released(five, index)


def test_a_list_of_packages(five: Repository, index: PypiServer, cli: Cli) -> None:
    """Of the packages that are named, by name or folder, those that changed are released."""
    result = cli("release", "--projects", "extra, Plugin,./packages/core/", *RELEASE[2:], cwd=five.path)
    assert result.code == 0, result.err
    assert released(five) == ["core-v1.3.0", "plugin-v1.3.0"]
    assert "extra 1.2.3: no commits since extra-v1.2.3; left out\n" in result.out
    assert len(index.files()) == 4


@pytest.mark.parametrize(
    ("where", "words", "message"),
    [
        (".", ("--projects", "core", "--all-changed"), "--all-changed and --projects cannot be used together."),
        (".", ("--projects", ""), "--projects names '', which is not a package of this repository."),
        (".", ("--projects", "core,cor"), "--projects names 'cor', which is not a package of this repository."),
        ("packages/core", ("--all-changed",), "Several packages are released from the top of the repository."),
        (
            ".",
            ("--projects", "core", "--project", "packages/app"),
            "Several packages are released from the top of the repository.",
        ),
    ],
)
def test_a_list_that_cannot_be_released(
    where: str, words: tuple[str, ...], message: str, five: Repository, cli: Cli
) -> None:
    """An unknown name is wrong usage, and so are a folder that is not the top, and one version for several."""
    result = cli("release", *words, "--part", "minor", cwd=five.path / where)
    assert result.code == 2
    assert result.err.startswith(f"error: {message}\n")
    assert ("Leave out --project" in result.err) is ("--project" in words)
    one = cli("release", "--all-changed", "--new-version", "2.0", cwd=five.path)
    assert (one.code, one.err.splitlines()[0]) == (
        2,
        "error: --new-version is the version of one package, and there are 5.",
    )


def test_a_dry_run_of_several(five: Repository, index: PypiServer, cli: Cli) -> None:
    """A dry run shows each release with the pins that it raises, and changes nothing."""
    before = five.snapshot()
    result = cli(*RELEASE, "--dry-run", cwd=five.path)
    assert result.code == 0, result.err
    assert [line.strip() for line in result.out.splitlines() if "(--part" in line or "  raises" in line] == [
        "core 1.2.3 → 1.3.0 (--part minor)",
        "plugin 1.2.3 → 1.3.0 (--part minor)",
        "raises  core==1.2.* → core==1.3.*",
        "app 1.2.3 → 1.3.0 (--part minor)",
    ]
    assert '+dependencies = ["core==1.3.*"]' in result.out
    assert five.snapshot() == before
    assert index.files() == {}


def test_a_rehearsal_of_several(five: Repository, index: PypiServer, cli: Cli) -> None:
    """Each is rehearsed after what it requires, which it can install from the index of the rehearsal."""
    for name in ("core", "plugin"):
        text = pyproject(five, name).replace('try_install = "off"\n', "")
        five.write(f"packages/{name}/pyproject.toml", text)
    five.commit("build: install them before the release")
    before = five.snapshot()
    result = cli("rehearse", *RELEASE[1:], cwd=five.path)
    assert result.code == 0, result.err
    lines = result.plain.splitlines()
    assert [line for line in lines if line.startswith("Rehearsed ")] == [
        *(f"Rehearsed {name} 1.3.0, without tests." for name in ("core", "plugin", "app")),
        f"Rehearsed core 1.3.0, plugin 1.3.0, app 1.3.0. To release them: release-recipes {' '.join(RELEASE[:-1])}",
    ]
    assert sum("installed plugin-1.3.0-py3-none-any.whl" in line for line in lines) == 1
    assert five.snapshot() == before
    assert index.files() == {}
    other = cli("rehearse", "--projects", "core", "--part", "minor", "--dry-run", cwd=five.path)
    assert other.code == 0, other.err
    assert "core 1.2.3 → 1.3.0 (--part minor)" in other.out


def test_a_rehearsal_begins_where_the_one_before_it_ended(five: Repository, cli: Cli) -> None:
    """The tests of a package see what was raised in one that was rehearsed before it, as in its release."""
    sees = "assert 'core==1.3.*' in open('../plugin/pyproject.toml').read()"
    session = f"import nox\n\n@nox.session(venv_backend='none')\ndef test(session):\n    {sees}\n"
    five.write("packages/app/noxfile.py", session)
    five.commit("test: see what plugin requires")
    result = cli("rehearse", "--all-changed", "--part", "minor", cwd=five.path)
    assert result.code == 0, result.err
    changed = [line for line in result.out.splitlines() if "pyproject.toml" in line and "|" in line]
    assert len(changed) == 3  # each shows its own change alone


# pypiserver leaves the file open that uv asks only the header of.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("closed", [False, True], ids=["open", "closed"])
def test_a_requirement_on_the_private_index(tmp_path: Path, cli: Cli, *, closed: bool) -> None:
    """A package is installed with what only the index of its settings has; if that cannot be read, it is refused."""
    five = make_packages(tmp_path / "two", "app", "core", requires={"app": "core>=1.3"})
    for name in ("app", "core"):
        text = pyproject(five, name).replace('try_install = "off"\n', "install_after_release = true\n")
        five.write(f"packages/{name}/pyproject.toml", text)
    five.commit("build: install them")
    five.git("push", "--quiet")
    (tmp_path / "index").mkdir()
    elsewhere = {"UV_DEFAULT_INDEX": (tmp_path / "nothing").as_uri(), "PIP_NO_INDEX": "1"}
    with PypiServer(tmp_path / "index", authenticate=("update", "download", "list")[: 3 if closed else 1]) as index:
        rehearsed = cli("rehearse", *RELEASE[1:], cwd=five.path, env={**index.settings, **elsewhere})
        assert rehearsed.code == 0, rehearsed.err  # it has an index of its own
        result = cli(*RELEASE, cwd=five.path, env={**index.settings, **elsewhere})
        if closed:
            assert result.code == 3
            assert "core was not found in the package registry" in result.err
            assert "put it into ~/.netrc" in result.err
        else:
            assert result.code == 0, result.err
            assert "cannot be installed" not in result.out
            assert len(index.files()) == 4


@pytest.mark.usefixtures("index")
def test_a_requirement_that_is_written_in_another_way(five: Repository, cli: Cli) -> None:
    """What cannot be replaced in pyproject.toml stops the release of that package, and is told."""
    text = pyproject(five, "plugin").replace('"core==1.2.*"', r'"core\u003d=1.2.*"')
    five.write("packages/plugin/pyproject.toml", text)
    five.commit("style: write it in another way")
    assert cli("rehearse", *RELEASE[1:], cwd=five.path).err.endswith("\n   left: plugin, app\n")
    result = cli(*RELEASE, cwd=five.path)
    assert result.code == 3
    assert result.err == (
        "error: The requirement core==1.2.* was not found in pyproject.toml.\n   → Change it by hand to core==1.3.*.\n"
        "   left: plugin, app; to go on, once that is repaired and committed: "
        f"release-recipes {' '.join(RELEASE)}\n"
    )
    assert result.public == "core 1.3.0"


def test_the_first_failure_ends_it(five: Repository, index: PypiServer, cli: Cli) -> None:
    """What cannot be released stops those after it, what was released before stays, and the same command goes on."""
    broken = five.path / "packages/plugin/_backend/bare_backend.py"
    whole = broken.read_text(encoding="utf-8")
    broken.write_text("raise RuntimeError('why')\n", encoding="utf-8")
    five.commit("fix: break it")
    result = cli(*RELEASE, "--json", cwd=five.path)
    assert result.code == 3
    assert result.public == "core 1.3.0"
    assert result.json["outcome"] == "unfinished"
    assert result.json["packages"] == {
        "outcome": "released",
        "done": ["core 1.3.0"],
        "left": ["plugin", "app"],
        "next": f"release-recipes {' '.join(RELEASE)}",
    }
    five.git("fetch", "--quiet")
    assert released(five) == ["core-v1.3.0"]
    broken.write_text(whole, encoding="utf-8")
    five.commit("fix: repair it")
    result = cli(*RELEASE, cwd=five.path)
    assert result.code == 0, result.err
    see_all_released(five, index)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_it_is_stopped_in_the_middle(number: int, five: Repository, index: PypiServer, cli: Cli) -> None:
    """Stopped at the second of three, `resume` finishes that one, and the same command goes on with the third."""
    hook = five.remote / "hooks" / "post-receive"
    arms = "refs/release-recipes/plugin-*) touch reached; sleep 0.5;; esac"
    hook.write_text(f'#!/bin/sh\nwhile read old new ref; do case "$ref" in {arms}; done\n', encoding="utf-8")
    hook.chmod(0o755)
    process = cli.start(*RELEASE, cwd=five.path)
    while not (five.remote / "reached").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(number)
    process.communicate()
    assert process.returncode == (-9 if number == signal.SIGKILL else 3)
    time.sleep(0.7)  # the push of the killed one
    hook.unlink()
    refused = cli(*RELEASE, cwd=five.path)
    assert refused.code == 3
    assert refused.err.startswith("error: The release of plugin 1.3.0 is not finished (started ")
    resumed = cli("resume", cwd=five.path)
    assert resumed.code == 0, resumed.err
    to_go_on = f"To release the other packages: release-recipes {' '.join(RELEASE)}\n"
    assert resumed.out.endswith(f"plugin 1.3.0: released\n{to_go_on}")
    result = cli(*RELEASE, cwd=five.path)
    assert result.code == 0, result.err
    see_all_released(five, index)
    assert 'dependencies = ["core==1.3.*"]' in pyproject(five, "plugin")


@pytest.mark.parametrize("answer", ["y", "n"])
def test_one_question_for_all(answer: str, five: Repository, index: PypiServer, cli: Cli) -> None:
    """At a terminal the plans of all are shown, with the requirements that are raised, and there is one question."""
    result = cli.terminal(*RELEASE, cwd=five.path, answers={"[y/n]": answer}, columns=120)
    assert result.plain.count("[y/n]") == 1, result.plain
    shown, _, done = result.plain.partition(f"core 1.3.0, plugin 1.3.0, app 1.3.0 to {index.upload_url}? [y/n]")
    assert [line.strip() for line in shown.splitlines() if "(--part" in line or "  raises" in line] == [
        "core 1.2.3 → 1.3.0 (--part minor)",
        "plugin 1.2.3 → 1.3.0 (--part minor)",
        "raises  core==1.2.* → core==1.3.*",
        "app 1.2.3 → 1.3.0 (--part minor)",
    ]
    assert result.plain.count("tool requires core<1.3") == 2  # by the check, and before the question
    if answer == "y":
        assert result.code == 0, result.plain
        see_all_released(five, index)
    else:
        assert (result.code, index.files()) == (1, {})
        assert "error: Not released: the answer was no." in done


def test_all_are_checked_before_one_is_public(five: Repository, index: PypiServer, cli: Cli) -> None:
    """What the checks find in the last of several stops the first one, too."""
    other = five.git("commit-tree", "HEAD^{tree}", "-m", "something else").strip()
    five.git("tag", "--annotate", "app-v1.3.0", "--message=app 1.3.0", other)
    five.git("push", "--quiet", "--tags")
    result = cli(*RELEASE, cwd=five.path)
    assert (result.code, result.public) == (1, "")
    assert "error [tag]: " in result.err
    assert [line[:7] for line in result.out.splitlines() if line[2:7] == "check"] == ["✓ check", "✓ check", "✗ check"]
    assert (released(five), index.files()) == ([], {})


def test_interrupted_between_two_releases(five: Repository, index: PypiServer, cli: Cli) -> None:
    """Interrupted while the second is prepared, it is no success, though the first is public and nothing waits."""
    file = five.path.with_name("hook runs")
    text = pyproject(five, "plugin")
    five.write("packages/plugin/hook.sh", f"touch '{file}'\nsleep 30\n")
    five.write("packages/plugin/pyproject.toml", f'{text}pre_release_hooks = [["sh", "hook.sh"]]\n')
    five.commit("feat: a hook")
    process = cli.start(*RELEASE, cwd=five.path)
    while not file.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    said = process.communicate()
    assert process.returncode == 3, said
    assert "error: Interrupted by SIGINT; core 1.3.0 is public.\n   → Run the same command to go on.\n" in said[1]
    five.git("fetch", "--quiet")
    assert released(five) == ["core-v1.3.0"]
    assert len(index.files()) == 2
