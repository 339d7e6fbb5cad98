"""What the first trials of 0.1.0 found about its settings: each test fails on what it did then."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from release_recipes import events
from release_recipes.errors import CommandFailed, InvalidSetting
from release_recipes.programs import uv
from release_recipes.publish import install_from_index
from release_recipes.settings import Settings, Sources, Target, is_placeholder, load
from support.checking import look, problems
from support.cli import Cli
from support.index import PypiServer
from support.repository import Repository
from support.world import make_world

MakeRepository = Callable[..., Repository]

DRY_RUN = ("release", "--part", "minor", "--dry-run")


def configure(repository: Repository, text: str) -> None:
    """Put lines under `[tool.release]`, the last table of a quick project, and commit and push them."""
    path = repository.path / "pyproject.toml"
    path.write_text(f"{path.read_text(encoding='utf-8')}{text}\n", encoding="utf-8")
    repository.commit("build: settings of the release")
    repository.git("push", "--quiet")


def described(out: str) -> dict[str, list[str]]:
    """Return what a dry run says of each step."""
    steps: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in out.splitlines():
        if line.startswith("• "):
            lines = steps.setdefault(line[2:20].strip(), [])
        lines.append(line[20:].strip())
    return steps


# -- hooks -------------------------------------------------------------------------------------------------------------

HOOKS = [
    "python -m pytest",
    "pytest -q tests",
    "python3 -m unittest discover",
    "nox -s test",
    "python -m nox -s tests",
    "tox -e py311",
    ".venv/bin/pytest",
]


@pytest.mark.parametrize(
    ("flags", "variables", "why"),
    [
        ((), {}, "the step test does"),
        (("--skip-tests",), {}, "are skipped"),
        ((), {"RUN_TESTS_BEFORE_UPLOAD": "false"}, "are skipped"),
    ],
)
@pytest.mark.usefixtures("known")
def test_hooks_that_run_the_tests(
    flags: tuple[str, ...], variables: dict[str, str], why: str, quick: Repository, cli: Cli
) -> None:
    """A hook that runs the tests is left out, and told: the step `test` does that, or they are not to run."""
    # B2
    others = ["true", "echo pytest", "nox -s lint"]
    configure(quick, f"pre_release_hooks = {json.dumps([*HOOKS, *others])}")
    result = cli(*DRY_RUN, *flags, cwd=quick.path, env=variables)
    assert result.code == 0, result.err
    assert described(result.out)["hooks"] == [
        *("$ true", "$ echo pytest", "$ nox -s lint"),
        *(f"left out: {hook} runs the tests, which {why}" for hook in HOOKS),
    ]


@pytest.mark.usefixtures("known")
def test_hooks_that_only_run_the_tests(quick: Repository, cli: Cli) -> None:
    """Where every hook runs the tests, the step is left out, and a suite that fails does not stop `--skip-tests`."""
    # B2
    quick.write("tests/test_demo.py", "raise SystemExit(1)\n")
    configure(quick, 'pre_release_hooks = ["python -m pytest"]')
    result = cli("release", "--part", "minor", "--skip-tests", cwd=quick.path)
    assert result.code == 0, result.err
    assert "left out · they run the tests, which are skipped" in result.out


STANDING = ("release", "--part", "none", "--skip-tests")


@pytest.fixture
def untagged(quick: Repository) -> Repository:
    """Return a project whose version was never released."""
    quick.git("tag", "--delete", "v1.2.3")
    quick.git("push", "--quiet", "origin", ":refs/tags/v1.2.3")
    return quick


def test_hooks_run_without_a_bump(untagged: Repository, index: PypiServer, cli: Cli) -> None:
    """The hooks run before each release, also before one that makes no commit."""
    # B7
    mark = untagged.path.with_name("mark")
    configure(untagged, f"pre_release_hooks = [{json.dumps(['touch', str(mark)])}]")
    result = cli(*STANDING, cwd=untagged.path)
    assert result.code == 0, result.err
    assert mark.exists()
    assert len(index.files()) == 2


def test_hooks_that_change_what_is_not_committed(untagged: Repository, index: PypiServer, cli: Cli) -> None:
    """Where there is no commit for it, what hooks change in tracked files stops the release with words."""
    # B7
    configure(untagged, 'pre_release_hooks = [["sh", "-c", "echo more >> README.md"]]')
    result = cli(*STANDING, cwd=untagged.path)
    assert (result.code, index.files()) == (1, {})
    assert "The pre-release hooks changed README.md, but 1.2.3 is released without a new commit." in result.err
    assert "Commit these changes first, or release a new version." in result.err


@pytest.mark.usefixtures("known")
def test_hooks_get_a_python_that_has_the_project(quick: Repository, cli: Cli) -> None:
    """A hook that asks for python gets one in which the project is installed, and the plan says so."""
    # B8
    hook = quick.path.with_name("hook.py")
    hook.write_text(
        "import importlib.metadata, pathlib, sys\n"
        "version = importlib.metadata.version('demo-package')\n"
        "pathlib.Path(__file__).with_suffix('.txt').write_text(f'{version} {sys.prefix}')\n",
        encoding="utf-8",
    )
    configure(quick, f"pre_release_hooks = [{json.dumps(['python', str(hook)])}]")
    planned = cli(*DRY_RUN, cwd=quick.path)
    assert described(planned.out)["hooks"][0] == (
        "create an environment for the hooks, with the project and the requirements of its tests"
    )
    result = cli("release", "--part", "minor", "--skip-tests", cwd=quick.path)
    assert result.code == 0, result.err
    version, prefix = hook.with_suffix(".txt").read_text(encoding="utf-8").split(" ", 1)
    assert version == "1.3.0"
    assert not Path(prefix).exists()  # it was the release's own


# -- the version -------------------------------------------------------------------------------------------------------


def test_two_variables_that_contradict_each_other() -> None:
    """Two variables that name different versions are wrong usage; two that name the same are one."""
    # B3
    with pytest.raises(InvalidSetting) as caught:
        load(Sources({"MCP_VERSION": "2.0.0"}, {"RELEASE_VERSION": "3.0.0"}, {}))
    assert caught.value.message == "RELEASE_VERSION (3.0.0) and MCP_VERSION (2.0.0) contradict each other."
    assert load(Sources({"MCP_VERSION": "2.0.0"}, {"RELEASE_VERSION": "2.0.0"}, {})).version == "2.0.0"


@pytest.mark.usefixtures("index")
def test_a_variable_that_names_the_standing_version(untagged: Repository, cli: Cli) -> None:
    """A version that stands already is released as it stands, by a variable or a flag."""
    # B3
    for flags, variables in (((), {"MCP_VERSION": "1.2.3"}), (("--new-version", "1.2.3"), {})):
        result = cli("release", "--dry-run", *flags, cwd=untagged.path, env=variables)
        assert result.code == 0, result.err
        origin = "--new-version" if flags else "environment MCP_VERSION"
        assert f"demo-package 1.2.3 → 1.2.3 ({origin})" in result.out.splitlines()
        assert described(result.out)["commit"] == ["left out: 1.2.3 is the current version"]


# -- tokens ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        *(
            "pypi-your-token-here",
            "your-token",
            "YOUR_TOKEN_HERE",
            "pypi-...",
            "...",
            "…",
            "pypi-…",
            "xxx",
            "pypi-xxxx",
        ),
        *("<token>", "changeme", "change-me", "pypi-AgEI...", "replace-me", "insert token here", "***", "-"),
    ],
)
def test_what_is_no_token(value: str) -> None:
    """A value of a template is no token."""
    # B5
    assert is_placeholder(value)


@pytest.mark.parametrize(
    "value",
    ["pypi-AgEIcHlwaS5vcmcCJGYx", "correct-horse", "s3cret", "pypi-of-the-shell", "devpi-password", "yourself7"],
)
def test_what_is_a_token(value: str) -> None:
    """A value that may be a token or a password is one."""
    # B5
    assert not is_placeholder(value)


@pytest.mark.red("token")
def test_a_placeholder_is_a_missing_token(
    quick: Repository, known: PypiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `.env` as it was copied from a template stops act 1, whatever the index, and nothing is sent with it."""
    # B5
    monkeypatch.delenv("PYPI_API_TOKEN")
    quick.write(".env", "PYPI_API_TOKEN=pypi-your-token-here\n").chmod(0o600)
    (told,) = problems(look(quick.path))
    assert told.message == f"There is no token for {known.upload_url} (PYPI_API_TOKEN holds a placeholder)."
    assert told.hint.endswith("Put PYPI_API_TOKEN=… into .env")


# -- the same bytes for everybody --------------------------------------------------------------------------------------


def test_sdists_are_repacked_unless_it_is_switched_off() -> None:
    """An sdist is the same for whoever builds the tag again, and the setting is there to switch that off."""
    # B11
    assert Settings().normalise_sdist is True
    table = {"tool": {"release": {"normalise_sdist": False}}}
    assert load(Sources({}, {}, table)).normalise_sdist is False


def test_a_setuptools_sdist_is_the_same_when_it_is_built_again(
    make_repository: MakeRepository, known: PypiServer, cli: Cli
) -> None:
    """The sdists of setuptools, which differ from build to build, are the same with the settings as they come."""
    # B11
    files = {"pyproject.toml": '[tool.release]\ntry_install = "off"\nreproducible = "stop"\n'}
    repository = make_repository(kind="setuptools", noxfile=True, files=files)
    result = cli("release", "--part", "minor", "--skip-tests", cwd=repository.path)
    assert result.code == 0, result.out + result.err
    assert "identical" in result.out
    assert "demo_package-1.3.0.tar.gz" in known.files()


# -- installed from the index ------------------------------------------------------------------------------------------


def test_a_release_can_end_with_its_installation(quick: Repository, known: PypiServer, cli: Cli) -> None:
    """With install_after_release what is released is installed from the index, and imported."""
    # B13
    configure(quick, "install_after_release = true")
    assert "install demo-package==1.3.0 with pip from " in cli(*DRY_RUN, cwd=quick.path).out
    result = cli("release", "--part", "minor", "--skip-tests", cwd=quick.path)
    assert result.code == 0, result.err
    assert "installed, import demo" in result.out
    assert [name for name in known.files() if "1.3.0" in name]


def test_an_installation_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A released version that cannot be installed is a warning, and no step that failed: the release is out."""
    # B13

    def refuses(*_: object) -> None:
        raise CommandFailed(["uv", "pip"], 1, "no solution found")

    monkeypatch.setattr(uv, "install_from", refuses)
    target = Target("", "https://index.example.org/simple/")
    world = make_world(tmp_path / "release", wheels=1, token="pypi-a-long-token", target=target)  # noqa: S106
    told: list[events.Event] = []
    with events.listening(told.append):
        done = install_from_index.AFTER_RELEASE.converge(world)
    assert (done.state, done.note) == ("left out", "it cannot be installed")
    warned = [event.finding for event in told if isinstance(event, events.Warned)]
    assert [(each.check, each.message) for each in warned] == [
        ("install", "pip cannot install box 1.0 from https://index.example.org/simple/.")
    ]
