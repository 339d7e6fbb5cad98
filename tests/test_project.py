"""What is found out about a project without running any of its code, and how its version files are edited."""

import gzip
import io
import os
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from release_recipes.distributions.normalise import normalise
from release_recipes.errors import BumpFailed, CommandTimedOut, InvalidSetting, NoProject
from release_recipes.processes.threads import in_parallel
from release_recipes.programs import bump_my_version
from release_recipes.programs.helper import Helper
from release_recipes.project.project import Project, read_project
from release_recipes.settings import read_pyproject
from support.repository import Repository


def make(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return folder


def read(folder: Path, *version_files: str) -> Project:
    """Read the project at a folder."""
    return read_project(folder, read_pyproject(folder), version_files)


# -- the name and the version ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "name", "declared", "prior"),
    [
        ({"pyproject.toml": '[project]\nname = "Demo.Package"\nversion = "1.2.3"\n'}, "Demo.Package", "1.2.3", "1.2.3"),
        ({"pyproject.toml": '[tool.poetry]\nname = "demo"\nversion = "1.2"\n'}, "demo", "1.2", "1.2"),
        ({"setup.cfg": "[metadata]\nname = demo\nversion = 1.2.3\n"}, "demo", "1.2.3", "1.2.3"),
        ({"setup.py": 'from setuptools import setup\nsetup(name="demo", version="1.2.3")\n'}, "demo", "1.2.3", "1.2.3"),
        ({"setup.py": 'import setuptools as s\ns.setup(\n  name="demo",\n  version="0.1",\n)\n'}, "demo", "0.1", "0.1"),
        (
            {
                "setup.cfg": "[metadata]\nname = demo\nversion = attr: demo.__version__\n",
                "demo/__init__.py": "__version__ = '1.2.3'\n",
            },
            "demo",
            None,
            "1.2.3",
        ),
        (
            {
                "pyproject.toml": '[project]\nname = "demo"\ndynamic = ["version"]\n',
                "src/demo/__about__.py": '__version__: str = "2025.08.03"\n',
            },
            "demo",
            None,
            "2025.08.03",
        ),
        (
            {
                "pyproject.toml": '[project]\nname = "demo"\ndynamic = ["version"]\n',
                "demo.py": '"""Demo."""\n\n__version__ = "3.0"\n',
                "tests/__init__.py": '__version__ = "9.9"\n',
            },
            "demo",
            None,
            "3.0",
        ),
        (
            {
                "setup.py": 'from setuptools import setup\nsetup(name="demo", version=VERSION)\n',
                "demo/version.py": 'VERSION = "4.5.6"\n',
            },
            "demo",
            None,
            "4.5.6",
        ),
        (
            {
                "pyproject.toml": '[project]\nname = "demo"\ndynamic = ["version"]\n',
                "demo/__init__.py": "from .data import __version__ as unicode\nfrom .package_data import __version__\n",
                "demo/data.py": '__version__ = "18.0.0"\n',
                "demo/package_data.py": '__version__ = "3.20"\n',
            },
            "demo",
            None,
            "3.20",
        ),
    ],
    ids=[
        *("PEP 621", "poetry", "setup.cfg", "setup.py", "setuptools.setup", "attr", "about", "one module"),
        *("a constant", "imported by the package"),
    ],
)
def test_name_and_version(files: dict[str, str], name: str, declared: str | None, prior: str, tmp_path: Path) -> None:
    """Name and version are read where each kind of project writes them."""
    project = read(make(tmp_path, files))
    assert (project.name, project.declared_version) == (name, declared)
    assert project.source.read(tmp_path).current == prior


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "{folder} contains no Python project (no pyproject.toml, setup.py or setup.cfg)."),
        (
            {"pyproject.toml": "[tool.black]\n"},
            "The project's name cannot be read from pyproject.toml, setup.cfg or setup.py.",
        ),
        (
            {"setup.py": "def broken(:\n"},
            "The project's name cannot be read from pyproject.toml, setup.cfg or setup.py.",
        ),
        (
            {"pyproject.toml": '[project]\nname = "demo"\ndynamic = ["version"]\n'},
            "The project's version was not found in pyproject.toml, setup.cfg, setup.py or the package.",
        ),
        (
            {
                "pyproject.toml": '[project]\nname = "demo"\ndynamic = ["version"]\n'
                '[build-system]\nrequires = ["setuptools>=80", "setuptools-scm[toml]>=8"]\n'
            },
            "The version comes from git tags (setuptools-scm), and no file contains it.",
        ),
    ],
    ids=["nothing", "no name", "no Python", "no version", "tags"],
)
def test_no_project(files: dict[str, str], message: str, tmp_path: Path) -> None:
    """What cannot be released is told with what is missing."""
    with pytest.raises(NoProject) as caught:
        read(make(tmp_path, files))
    assert caught.value.message == message.format(folder=tmp_path)


def test_a_version_file_that_is_not_there(tmp_path: Path) -> None:
    """A file that the settings name and that is not there is wrong usage."""
    folder = make(tmp_path, {"pyproject.toml": '[project]\nname = "demo"\nversion = "1.2.3"\n'})
    with pytest.raises(InvalidSetting, match=r"version_files lists 'demo\.py', which does not exist\."):
        read(folder, "pyproject.toml", "demo.py")


DECLARED = '[project]\nname = "demo"\nversion = "1.2.3"\n'


@pytest.mark.parametrize(
    ("files", "config"),
    [
        ({".bumpversion.cfg": "[bumpversion]\ncurrent_version = 1.2.3\n"}, ".bumpversion.cfg"),
        ({".bumpversion.toml": '[tool.bumpversion]\ncurrent_version = "1.2.3"\n'}, ".bumpversion.toml"),
        ({"setup.cfg": "[bumpversion]\ncurrent_version = 1.2.3\n"}, "setup.cfg"),
        ({"setup.cfg": "[metadata]\nname = demo\n"}, None),
        ({"pyproject.toml": '[project]\nname = "demo"\nversion = "1.2.3"\n[tool.bumpversion]\n'}, "pyproject.toml"),
        ({".bumpversion.toml": "", "pyproject.toml": '[project]\nname="demo"\nversion="1.2.3"\n'}, None),
        (
            {
                ".bumpversion.cfg": "[bumpversion]\ncurrent_version = 1.2.3\n",
                "pyproject.toml": f"{DECLARED}[tool.bumpversion]\n",
            },
            ".bumpversion.cfg",
        ),
        (
            {
                "setup.cfg": "[bumpversion]\ncurrent_version = 1.2.3\n",
                "pyproject.toml": f"{DECLARED}[tool.bumpversion]\n",
            },
            "setup.cfg",
        ),
    ],
)
def test_the_bump_configuration(files: dict[str, str], config: str | None, tmp_path: Path) -> None:
    """The configuration that bump-my-version would find is the one that is used."""
    base = {"pyproject.toml": '[project]\nname = "demo"\nversion = "1.2.3"\n'}
    project = read(make(tmp_path, {**base, **files}))
    assert project.source.configured_in == (config or "")
    assert project.source.read(tmp_path).current == "1.2.3"


# -- the edit ----------------------------------------------------------------------------------------------------------

BEFORE: dict[str, str] = {
    "pyproject.toml": (
        '[project]\nname = "demo-package"  # the name\nversion="1.2.3" # mind\nrequires-python = ">=3.11"\n'
        'dependencies = ["other==1.2.3", "demo-package-extra==1.2.3"]\n\n'
        '[tool.other]\nversion = "1.2.3"\ntarget-version = "1.2.3"\n'
    ),
    "setup.cfg": "[metadata]\nname = demo-package\nversion = 1.2.3\n[options]\npython_version = 1.2.3\n",
    "demo/__init__.py": '__version__ = "1.2.3"\n\nMINIMUM = "1.2.3"  # since 1.2.3\n',
    "demo/_version.py": "version = '1.2.3'\nother_version = '1.2.3'\n",
    "demo/other.py": 'API = "1.2.3"\n',
    "README.md": (
        "pip install demo-package==1.2.3 or Demo_Package[all]==1.2.3, with other==1.2.3, not-demo-package==1.2.3.\r\n"
        "Since 1.2.3. demo-package==1.2.30 demo-package==1.2.3.post1 demo-package==1.2.3rc1 (new in 1.2.3)"
    ),
    "docs/installation.md": "`demo.package==1.2.3`\n",
    "CHANGELOG.md": "## 1.2.3\n\ndemo-package==1.2.3\n",
}

AFTER: dict[str, str] = {
    **BEFORE,
    "pyproject.toml": (
        '[project]\nname = "demo-package"  # the name\nversion="1.3.0" # mind\nrequires-python = ">=3.11"\n'
        'dependencies = ["other==1.2.3", "demo-package-extra==1.2.3"]\n\n'
        '[tool.other]\nversion = "1.2.3"\ntarget-version = "1.2.3"\n'
    ),
    "setup.cfg": "[metadata]\nname = demo-package\nversion = 1.3.0\n[options]\npython_version = 1.2.3\n",
    "demo/__init__.py": '__version__ = "1.3.0"\n\nMINIMUM = "1.2.3"  # since 1.2.3\n',
    "demo/_version.py": "version = '1.3.0'\nother_version = '1.2.3'\n",
    "README.md": (
        "pip install demo-package==1.3.0 or Demo_Package[all]==1.3.0, with other==1.2.3, not-demo-package==1.2.3.\r\n"
        "Since 1.2.3. demo-package==1.2.30 demo-package==1.2.3.post1 demo-package==1.2.3rc1 (new in 1.2.3)"
    ),
    "docs/installation.md": "`demo.package==1.3.0`\n",
}


def texts(folder: Path) -> dict[str, str]:
    """Return the text of each file below a folder, with its line ends."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes().decode() for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("version_files", [(), ("pyproject.toml", "demo/__init__.py", "README.md")])
def test_only_versions_in_context_are_edited(version_files: tuple[str, ...], tmp_path: Path) -> None:
    """The assignment of the version and `name==X` in prose are edited; other numbers, pins and bytes stay."""
    folder = make(tmp_path / "my {project}", BEFORE)
    project = read(folder, *version_files)
    project.source.apply(folder, "minor", "1.3.0", hooks=False)
    assert texts(folder) == (AFTER if not version_files else BEFORE | {name: AFTER[name] for name in version_files})


def test_a_version_of_a_tool_is_not_the_projects(tmp_path: Path) -> None:
    """Where the version stands in the package, a tool's own in pyproject.toml stays, though it has the same number."""
    pyproject = '[project]\nname = "demo"\ndynamic = ["version"]\n\n[tool.other]\nversion = "1.2.3"\n'
    folder = make(tmp_path, {"pyproject.toml": pyproject, "demo/__init__.py": '__version__ = "1.2.3"\n'})
    read(folder).source.apply(folder, "patch", "1.2.4", hooks=False)
    assert texts(folder) == {"pyproject.toml": pyproject, "demo/__init__.py": '__version__ = "1.2.4"\n'}


@pytest.mark.parametrize(
    ("prior", "part", "version"),
    [
        ("1.2.3", "patch", "1.2.4"),
        ("1.2", "patch", "1.2.1"),
        ("1.2", "minor", "1.3"),
        ("1.9.9", "major", "2.0.0"),
    ],
)
def test_the_parts_of_a_project_without_a_bump_configuration(
    prior: str, part: str, version: str, tmp_path: Path
) -> None:
    """Two or three numbers have major, minor and patch."""
    folder = make(tmp_path, {"pyproject.toml": f'[project]\nname = "demo"\nversion = "{prior}"\n'})
    shown = read(folder).source.read(folder, part)
    assert (shown.parts, shown.next) == (("major", "minor", "patch"), version)


@pytest.mark.parametrize(
    ("prior", "version"),
    [("1.2.3", "2.0.0rc1"), ("2.0.0rc1", "2.0.0"), ("1.2.3", "2.0"), ("2025.8.3", "2025.08.04"), ("1.2", "1.3.dev1")],
)
def test_an_explicit_version_of_any_shape(prior: str, version: str, tmp_path: Path) -> None:
    """An explicit version is written as it was given, whatever the parts of the prior one."""
    folder = make(tmp_path, {"pyproject.toml": f'[project]\nname = "demo"\nversion = "{prior}"\n'})
    read(folder).source.apply(folder, "", version, hooks=False)
    assert texts(folder) == {"pyproject.toml": f'[project]\nname = "demo"\nversion = "{version}"\n'}


def test_a_file_without_the_version(tmp_path: Path) -> None:
    """A file that does not hold the version stops the bump before anything is edited."""
    files = {"pyproject.toml": '[project]\nname = "demo"\nversion = "1.2.3"\n', "README.md": "Nothing here.\n"}
    folder = make(tmp_path, files)
    with pytest.raises(BumpFailed, match="bump-my-version: "):
        read(folder, "pyproject.toml", "README.md").source.apply(folder, "minor", "1.3.0", hooks=False)
    assert texts(folder) == files


# -- the same bytes again ----------------------------------------------------------------------------------------------


def sdist(path: Path, *, mtime: int, mode: int, reverse: bool) -> Path:
    """Write an archive of the same content with another time, mode and order."""
    members = {"demo-1.0/PKG-INFO": b"Name: demo\n", f"demo-1.0/{'long/' * 30}module.py": b"", "demo-1.0/run.sh": b"#!"}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in sorted(members, reverse=reverse):
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.uname, member.uid = len(members[name]), mtime, f"user{mtime}", mtime
            member.mode = mode | (0o111 if name.endswith(".sh") else 0)
            archive.addfile(member, io.BytesIO(members[name]))
        link = tarfile.TarInfo("demo-1.0/link")
        link.type, link.linkname, link.mtime = tarfile.SYMTYPE, "run.sh", mtime
        archive.addfile(link)
    path.write_bytes(gzip.compress(packed.getvalue(), mtime=mtime))
    return path


def test_an_sdist_is_the_same_bytes_again(tmp_path: Path) -> None:
    """Time, umask, owner and order of a build leave no trace; content, links and executable bits stay."""
    first = sdist(tmp_path / "a.tar.gz", mtime=1_700_000_000, mode=0o600, reverse=False)
    second = sdist(tmp_path / "b.tar.gz", mtime=1_750_000_000, mode=0o664, reverse=True)
    for archive in (first, second):
        normalise(archive, 1_720_000_000)
    assert first.read_bytes() == second.read_bytes()
    with tarfile.open(first) as opened:
        members = {member.name: member for member in opened}
        run = opened.extractfile("demo-1.0/run.sh")
        assert run is not None
        assert run.read() == b"#!"
    assert {name.rpartition("/")[2]: (oct(member.mode), member.mtime) for name, member in members.items()} == {
        "PKG-INFO": ("0o644", 1_720_000_000),
        "module.py": ("0o644", 1_720_000_000),
        "run.sh": ("0o755", 1_720_000_000),
        "link": (oct(members["demo-1.0/link"].mode), 1_720_000_000),
    }
    assert members["demo-1.0/link"].linkname == "run.sh"


def test_a_question_leaves_the_index_as_it_is(repository: Repository) -> None:
    """bump-my-version has git refresh the index; here it cannot: act 1 changes not even that."""
    os.utime(repository.path / "README.md", (1, 1))
    before = repository.snapshot()
    assert read(repository.path).source.read(repository.path, "minor").next == "1.3.0"
    assert repository.snapshot() == before


def test_an_answer_that_does_not_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not answer in time is ended, so that its answer is not taken for the next one's."""
    folder = make(tmp_path, {"pyproject.toml": '[project]\nname = "demo"\nversion = "1.2.3"\n'})
    project = read(folder)
    with monkeypatch.context() as patched:
        patched.setattr(bump_my_version, "TIMEOUT", 0.0)
        with pytest.raises(CommandTimedOut) as told:
            project.source.read(folder, "minor")
    assert told.value.message == "bump-my-version show did not end within 0 seconds."
    assert project.source.read(folder, "major").next == "2.0.0"


def test_a_process_that_was_killed(tmp_path: Path) -> None:
    """When the process of bump-my-version is gone, the next question is answered by another."""
    folder = make(tmp_path, {"pyproject.toml": '[project]\nname = "demo"\nversion = "1.2.3"\n'})
    helper = bump_my_version.get_ready()
    helper._process.kill()  # noqa: SLF001 - as the kernel may
    helper._process.wait()  # noqa: SLF001
    assert read(folder).source.read(folder, "minor").next == "1.3.0"


HOOK = """\
import os, pathlib, sys
pathlib.Path("OUT").write_text(f"{os.environ['BVHOOK_IS_DIRTY']} {sys.stdin.read()!r}")
print("a hook was here")
"""


def test_a_hook_of_bump_my_version(repository: Repository, tmp_path: Path) -> None:
    """A hook has nothing to read, prints what it likes, and is told of a clean tree that it is clean."""
    out, hook = tmp_path / "out", tmp_path / "hook.py"
    hook.write_text(HOOK.replace("OUT", out.as_posix()))
    path = repository.path / ".bumpversion.toml"
    words = f"{Path(sys.executable).as_posix()} {hook.as_posix()}"
    path.write_text(path.read_text().replace("]", f"]\nsetup_hooks = [{words!r}]", 1))
    repository.commit("build: a hook")
    read(repository.path).source.apply(repository.path, "minor", "1.3.0", hooks=True)
    assert out.read_text() == "False ''"
    assert "1.3.0" in path.read_text()


def test_a_helper_that_dies_while_it_is_asked() -> None:
    """Everybody who waits for an answer is told at once that there is none; half a line is no answer."""
    code = "import sys, time; sys.stdin.readline(); sys.stdout.write('half'); sys.stdout.flush(); sys.exit('it broke')"
    helper = Helper([sys.executable, "-c", code], env=dict(os.environ))
    told = in_parallel([lambda: helper.ask("a question", ["demo", "show"], 60.0)] * 3)
    assert [str(error) for error in told] == ["demo show failed (exit code 1): it broke"] * 3
