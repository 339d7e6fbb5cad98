"""What was built is installed into a fresh environment before it is uploaded."""

import os
from pathlib import Path

import pytest

from distributions.made import INFO, METADATA, SDIST, WHEEL, WHEEL_FILES, sdist, wheel, write
from release_recipes import events
from release_recipes.errors import BadDistribution
from release_recipes.findings import Finding
from release_recipes.prepare.install import fits_here, install
from support.cli import Cli
from support.index import PypiServer
from support.repository import Repository

FAILS = f"{WHEEL} can be installed, but this fails: console_scripts: demo = demo:main"


def test_an_index_that_cannot_be_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is required is not looked for elsewhere then: another index may have a project of that name."""
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    requires = METADATA.replace("Version: 1.3.0\n", "Version: 1.3.0\nRequires-Dist: colorama\n")
    (path,) = write(tmp_path, {WHEEL: wheel({**WHEEL_FILES, f"{INFO}/METADATA": requires})})
    with pytest.raises(BadDistribution) as refused:
        install(path, tmp_path, "demo-package", ["http://127.0.0.1:9/simple/"])
    assert refused.value.hint.endswith("The index did not answer. Run the same command again when it does.")


@pytest.fixture(autouse=True)
def no_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take away where packages come from: nothing here needs more than what it makes."""
    for name in (
        "UV_INDEX",
        "UV_DEFAULT_INDEX",
        "UV_INDEX_URL",
        "UV_EXTRA_INDEX_URL",
        "UV_FIND_LINKS",
        "PIP_FIND_LINKS",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("UV_DEFAULT_INDEX", (tmp_path / "nothing").as_uri())
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


def warned(folder: Path, content: bytes) -> list[str]:
    """Install a wheel, and return what was told as a warning."""
    found: list[Finding] = []
    (path,) = write(folder / "dist", {WHEEL: content})
    with events.listening(lambda event: found.append(event.finding) if isinstance(event, events.Warned) else None):
        install(path, folder, "demo-package")
    return [problem.message for problem in found]


def demo(text: str) -> dict[str, str]:
    """Return the files of the wheel with another module, and with entry points that are in it."""
    points = "[console_scripts]\ndemo = demo:main\n"
    return {**WHEEL_FILES, "demo/__init__.py": text, f"{INFO}/entry_points.txt": points}


def test_a_good_wheel_installs(tmp_path: Path) -> None:
    """It installs, its module is imported and its entry point is found: nothing is told."""
    assert warned(tmp_path, wheel(demo("def main(): ..."))) == []


def test_a_module_that_cannot_be_imported_warns(tmp_path: Path) -> None:
    """The import and the entry point are told apart, each with its reason."""
    assert warned(tmp_path, wheel(demo("import no_such_module"))) == [
        f"{FAILS.partition('console_scripts')[0]}import demo: ModuleNotFoundError: No module named 'no_such_module'.",
        f"{FAILS}: ModuleNotFoundError: No module named 'no_such_module'.",
    ]


def test_an_entry_point_that_is_not_there_warns(tmp_path: Path) -> None:
    """What a module prints is not taken for a fault."""
    assert warned(tmp_path, wheel(demo("print('noise')"))) == [
        f"{FAILS}: AttributeError: module 'demo' has no attribute 'main'.",
    ]


def test_a_dependency_that_nobody_has_stops(tmp_path: Path) -> None:
    """A wheel that cannot be installed is not released."""
    metadata = METADATA.replace("Requires-P", "Requires-Dist: no-such-package\nRequires-P")
    with pytest.raises(BadDistribution) as caught:
        warned(tmp_path, wheel({**WHEEL_FILES, f"{INFO}/METADATA": metadata}))
    assert caught.value.message == f"{WHEEL} cannot be installed."
    assert caught.value.findings[0].check == "install"


def put(folder: Path, name: str) -> None:
    """Put version 1.0 of a package into a folder."""
    info, metadata = f"{name}-1.0.dist-info", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    files = {f"{info}/METADATA": metadata, f"{info}/WHEEL": WHEEL_FILES[f"{INFO}/WHEEL"], f"{name}.py": ""}
    write(folder, {f"{name}-1.0-py3-none-any.whl": wheel(files, info=info)})


def helper_needed(folder: Path) -> bytes:
    """Put a package into a folder of links, and return a wheel that requires it."""
    put(folder, "helper")
    metadata = METADATA.replace("Requires-P", "Requires-Dist: helper\nRequires-P")
    return wheel({**demo("import helper\ndef main(): ..."), f"{INFO}/METADATA": metadata})


def test_what_pip_can_install_and_uv_cannot_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dependency that only pip finds, by its own configuration, is no reason to stop."""
    content = helper_needed(tmp_path / "links")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "links"))
    (message,) = warned(tmp_path, content)
    assert message.startswith(f"{WHEEL} can be installed with pip, but not with uv: uv pip failed (exit code 1): ")


def test_an_environment_that_does_not_fit_together_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What pip check says is not released."""
    put(tmp_path / "links", "helper")
    override = tmp_path / "override.txt"
    override.write_text("helper==1.0\n", encoding="utf-8")
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path / "links"))
    monkeypatch.setenv("UV_OVERRIDE", str(override))
    metadata = METADATA.replace("Requires-P", "Requires-Dist: helper>=2\nRequires-P")
    with pytest.raises(BadDistribution) as caught:
        warned(tmp_path, wheel({**WHEEL_FILES, f"{INFO}/METADATA": metadata}))
    assert caught.value.message == (
        f"{WHEEL} can be installed, but pip check fails: "
        "The package `demo-package` requires `helper>=2`, but `1.0` is installed"
    )


# pypiserver leaves the file open that uv asks only the header of.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_index_beside_one_that_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a rehearsal, its index is asked, too, if the private one needs a password for a package of elsewhere."""
    put(tmp_path / "public", "other")
    put(tmp_path / "rehearsed", "helper")
    (tmp_path / "private").mkdir()
    metadata = METADATA.replace("Requires-P", "Requires-Dist: helper\nRequires-Dist: other\nRequires-P")
    (path,) = write(tmp_path / "dist", {WHEEL: wheel({**demo("def main(): ..."), f"{INFO}/METADATA": metadata})})
    with (
        PypiServer(tmp_path / "public") as public,
        PypiServer(tmp_path / "rehearsed") as rehearsed,
        PypiServer(tmp_path / "private", authenticate=("update", "download", "list")) as private,
    ):
        monkeypatch.setenv("UV_DEFAULT_INDEX", public.index_url)
        install(path, tmp_path, "demo-package", [rehearsed.index_url, private.index_url])


def test_an_sdist_that_cannot_be_built_stops(tmp_path: Path) -> None:
    """An sdist is built as whoever installs from source builds it."""
    (path,) = write(tmp_path / "dist", {SDIST: sdist()})
    with pytest.raises(BadDistribution) as caught:
        install(path, tmp_path, "demo-package")
    assert caught.value.message == f"{SDIST} cannot be installed."


def test_what_is_for_another_machine_is_left_out() -> None:
    """A wheel for another platform cannot be tried here; an sdist can."""
    names = [WHEEL, SDIST, "demo_package-1.3.0-cp311-cp311-win_amd64.whl", "demo_package-1.3.0-py2-none-any.whl"]
    assert [name for name in names if fits_here(Path(name))] == [WHEEL, SDIST]


def test_nothing_is_installed_where_that_is_turned_off(repository: Repository, index: PypiServer, cli: Cli) -> None:
    """The setting says what is tried, and the plan shows it."""
    assert index.files() == {}
    text = (repository.path / "pyproject.toml").read_text(encoding="utf-8")
    repository.write("pyproject.toml", f'{text}\n[tool.release]\ntry_install = "off"\n')
    repository.commit("chore: settings")
    repository.git("push", "--quiet")
    result = cli("release", "--part", "minor", "--dry-run", cwd=repository.path)
    assert result.code == 0, result.err
    assert "• install            left out: by the setting try_install" in result.plain.splitlines()
