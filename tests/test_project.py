"""What is found out about a project, in its files or from its build backend, and how its version files are edited."""

import gzip
import io
import os
import sys
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from release_recipes.distributions.normalise import normalise
from release_recipes.errors import BumpFailed, CommandTimedOut, InvalidSetting, NoProject
from release_recipes.processes.threads import in_parallel
from release_recipes.programs import bump_my_version
from release_recipes.programs.backend import Backend
from release_recipes.programs.git import Git
from release_recipes.programs.helper import Helper
from release_recipes.project.project import Project, read_project
from release_recipes.settings import read_pyproject
from support.cli import Cli
from support.projects import computed
from support.repository import Repository


def make(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return folder


def read(folder: Path, *version_files: str, left_alone: Sequence[str] = ()) -> Project:
    """Read the project in a folder, which is made a repository if it is none."""
    repository = Repository(folder, remote=folder)
    if not (folder / ".git").exists():
        repository.git("init", "--quiet", "--initial-branch=main")
        repository.commit("feat: all")
    given = {"version_files": version_files, "left_alone": left_alone}
    return read_project(Git(folder), folder, read_pyproject(folder), **given, cache=folder / ".git/release-recipes")


DECLARED = '[project]\nname = "demo"\nversion = "1.2.3"\n'

# -- the name and the version ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "name", "version"),
    [
        ({"pyproject.toml": '[project]\nname = "Demo.Package"\nversion = "1.2.3"\n'}, "Demo.Package", "1.2.3"),
        ({"pyproject.toml": '[tool.poetry]\nname = "demo"\nversion = "1.2"\n'}, "demo", "1.2"),
        ({"setup.cfg": "[metadata]\nname = demo\nversion = 1.2.3\n"}, "demo", "1.2.3"),
        ({"setup.py": 'from setuptools import setup\nsetup(name="demo", version="1.2.3")\n'}, "demo", "1.2.3"),
        ({"setup.py": 'import setuptools as s\ns.setup(\n  name="demo",\n  version="0.1",\n)\n'}, "demo", "0.1"),
    ],
    ids=["PEP 621", "poetry", "setup.cfg", "setup.py", "setuptools.setup"],
)
def test_name_and_version(
    files: dict[str, str], name: str, version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where they stand in a file that is read, no code of the project runs."""
    monkeypatch.setattr(Backend, "ask", lambda *_: pytest.fail("The build backend was asked."))
    project = read(make(tmp_path, files))
    assert (project.name, project.is_static, project.source.read(tmp_path).current) == (name, True, version)


#: A project whose backend reads one of three modules that say the same.
ONE_OF_THREE = {
    **computed("__import__('runpy').run_path('demo_package/data.py')['__version__']"),
    "demo_package/_version.py": '__version__ = "1.2.3"\n',
    "demo_package/data.py": '__version__ = "1.2.3"\n',
    "demo_package/tables.py": '__version__ = "1.2.3"\n',
}
IN_NO_KNOWN_FORM = {**computed("Path('demo/data.txt').read_text().split()[1]"), "demo/data.txt": "stamp 1.2.3\n"}


@pytest.mark.parametrize(
    ("files", "changed"),
    [
        # The module that is named for versions is a copy; of the third one the check `copies` tells.
        (ONE_OF_THREE, {f"demo_package/{name}.py": '__version__ = "1.3.0"\n' for name in ("_version", "data")}),
        (IN_NO_KNOWN_FORM, {"demo/data.txt": "stamp 1.3.0\n"}),
    ],
    ids=["one of three", "in no known form"],
)
def test_the_place_that_the_build_backend_reads(files: dict[str, str], changed: dict[str, str], tmp_path: Path) -> None:
    """The place that moves what the build backend says is the source, whatever is around it."""
    project = read(make(tmp_path, files))
    assert (project.is_static, project.source.from_tag) == (False, False)
    project.source.apply(tmp_path, "minor", "1.3.0", hooks=False)
    assert texts(tmp_path) == files | changed


def test_the_build_backend_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked in a clone and without credentials, and its answer is kept for the content that is committed."""
    monkeypatch.setenv("PYPI_API_TOKEN", "9.9.9")
    said = "__import__('os').environ.get('PYPI_API_TOKEN') or Path('VERSION').read_text().strip()"
    folder = make(tmp_path, {**computed(f"(Path('left').touch(), {said})[1]"), "VERSION": "1.2.3\n"})
    first, files = read(folder), texts(folder)
    assert first.source.read(folder).current == "1.2.3"
    assert "left" not in files
    with monkeypatch.context() as patched:
        patched.setattr(Backend, "ask", lambda *_: pytest.fail("The build backend was asked again."))
        assert read(folder) == first
    make(folder, {"VERSION": "1.2.4\n"})
    Repository(folder, remote=folder).commit("release: 1.2.4")
    assert read(folder).source.read(folder).current == "1.2.4"


def test_an_answer_that_leads_nowhere_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What made the build backend say something that stands nowhere may have passed when it is asked again."""
    said = "__import__('os').environ.get('STATE') or Path('VERSION').read_text().strip()"
    folder = make(tmp_path, {**computed(said), "VERSION": "1.2.3\n"})
    monkeypatch.setenv("STATE", "7.8.9")
    with pytest.raises(NoProject, match=r"The build backend says 7\.8\.9, but"):
        read(folder)
    monkeypatch.delenv("STATE")
    assert read(folder).source.read(folder).current == "1.2.3"


def test_a_file_that_is_not_as_it_was_committed(tmp_path: Path) -> None:
    """Where the line that the build backend reads has moved since the commit, the file is named."""
    read(make(tmp_path, IN_NO_KNOWN_FORM))
    (tmp_path / "demo" / "data.txt").write_text("a line\nstamp 1.2.3\n")
    with pytest.raises(NoProject) as caught:
        read(tmp_path)
    message = "The build backend reads 1.2.3 from demo/data.txt, which is not as it was committed."
    assert (caught.value.message, caught.value.hint) == (
        message,
        "Commit or undo the changes: git diff HEAD demo/data.txt",
    )


def test_a_version_above_the_project(tmp_path: Path, cli: Cli) -> None:
    """A file of the repository that is not in the project's folder is changed if the settings name it, each time."""
    files = computed("Path('../VERSION').read_text().strip()")
    files["pyproject.toml"] += 'version_files = ["../VERSION"]\n'
    make(tmp_path, {"VERSION": "1.2.3\n", **{f"python/{name}": text for name, text in files.items()}})
    repository = Repository(tmp_path, remote=tmp_path)
    repository.git("init", "--quiet", "--initial-branch=main")
    for version in ("1.3.0", "1.4.0"):
        repository.commit("feat: all")
        done = cli("bump", "--part", "minor", cwd=tmp_path / "python")
        assert done.code == 0, done.err
        assert (tmp_path / "VERSION").read_text() == f"{version}\n"


#: What most tools that take the version from a tag do.
DESCRIBED = (
    "__import__('subprocess').run(['git', 'describe', '--tags', '--abbrev=0'], capture_output=True, text=True)"
    ".stdout.strip(' v\\n') or '0.1.dev1'"
)


@pytest.mark.parametrize(
    ("tags", "prior", "minor"), [(["v1.2.3", "v1.10.0", "v1.9.0"], "1.10.0", "1.11.0"), ([], "0.0.0", "0.1.0")]
)
def test_a_version_that_comes_from_tags(tags: list[str], prior: str, minor: str, tmp_path: Path) -> None:
    """The prior version is the highest one among the tags of HEAD's history; before the first release there is none."""
    placeholder = {"demo_package/_version.py": '__version__ = "0.0.0"\n'}
    repository = Repository(make(tmp_path, computed(DESCRIBED) | placeholder), remote=tmp_path)
    repository.git("init", "--quiet", "--initial-branch=side")
    repository.commit("feat: all")
    repository.git("switch", "--quiet", "--create", "main")
    for tag in tags:
        repository.git("commit", "--quiet", "--allow-empty", f"--message={tag}")
        repository.git("tag", tag)
    repository.git("switch", "--quiet", "side")
    repository.git("commit", "--quiet", "--allow-empty", "--message=feat: aside")
    repository.git("tag", "v2.0.0")
    repository.git("switch", "--quiet", "main")
    source = read(tmp_path).source
    assert source.from_tag
    assert (source.read(tmp_path, "minor").current, source.read(tmp_path, "minor").next) == (prior, minor)
    assert source.read(tmp_path).files == ()


@pytest.mark.parametrize(
    ("files", "message", "hint"),
    [
        (
            {"README.md": "Nothing.\n"},
            "{folder} contains no Python project (no pyproject.toml, setup.py or setup.cfg).",
            "Run this in the repository of the package that you want to release.",
        ),
        (
            {"setup.py": "def broken(:\n"},
            "The build backend (setuptools) could not say the project's name and version: SyntaxError: invalid syntax.",
            "See why it fails in a new clone of the repository: python -m build --wheel",
        ),
        (
            {"pyproject.toml": 'project.name = "demo"\nproject.version = "1.2.3"\n'},
            "pyproject.toml declares 1.2.3, but not in a form that is known.",
            'Name the file in pyproject.toml: [tool.release] version_files = ["pyproject.toml"]',
        ),
        (
            {".gitignore": "*.toml\n", "pyproject.toml": DECLARED},
            "pyproject.toml is not tracked by git, so a clone for the build does not have it.",
            "Run: git add --force pyproject.toml && git commit",
        ),
        (
            {**computed("'.'.join(Path('numbers').read_text().split())"), "numbers": "1\n2\n3\n"},
            "The build backend says 1.2.3, but no tracked file was found that it reads it from.",
            'Name the file in pyproject.toml: [tool.release] version_files = ["…"]',
        ),
    ],
    ids=["nothing", "no Python", "odd TOML", "not tracked", "in pieces"],
)
def test_no_project(files: dict[str, str], message: str, hint: str, tmp_path: Path) -> None:
    """What cannot be released is told with what is missing."""
    with pytest.raises(NoProject) as caught:
        read(make(tmp_path, files))
    assert (caught.value.message, caught.value.hint) == (message.format(folder=tmp_path), hint)


def test_a_version_file_that_is_not_there(tmp_path: Path) -> None:
    """A file that the settings name and that is not there, or has not the version, is wrong usage."""
    folder = make(tmp_path, {"pyproject.toml": DECLARED, "README.md": "Nothing here.\n"})
    with pytest.raises(InvalidSetting, match=r"version_files lists 'demo\.py', which does not exist\."):
        read(folder, "pyproject.toml", "demo.py")
    with pytest.raises(InvalidSetting, match=r"version_files lists 'README\.md', which does not contain 1\.2\.3\."):
        read(folder, "pyproject.toml", "README.md")


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


def test_the_line_that_a_refusal_names_is_enough(tmp_path: Path) -> None:
    """With the file named, a version in a form that is not known is changed there."""
    pyproject = 'project.name = "demo"\nproject.version = "1.2.3"\ntool.release.version_files = ["pyproject.toml"]\n'
    folder = make(tmp_path, {"pyproject.toml": pyproject})
    read(folder, "pyproject.toml").source.apply(folder, "minor", "1.3.0", hooks=False)
    assert texts(folder) == {"pyproject.toml": pyproject.replace("1.2.3", "1.3.0")}


# -- the edit ----------------------------------------------------------------------------------------------------------

BEFORE: dict[str, str] = {
    "pyproject.toml": (
        '[project]\nname = "demo-package"  # the name\nversion="1.2.3" # mind\nrequires-python = ">=3.11"\n'
        'dependencies = ["other==1.2.3", "demo-package-extra==1.2.3"]\n\n'
        '[tool.other]\nversion = "1.2.3"\ntarget-version = "1.2.3"\n'
    ),
    "setup.cfg": "[metadata]\nname = demo-package\nversion = 1.2.3\n[options]\npython_version = 1.2.3\n",
    "demo_package/__init__.py": '__version__ = "1.2.3"\n\nMINIMUM = "1.2.3"  # since 1.2.3\n',
    "demo_package/_version.py": "version = '1.2.3'\nother_version = '1.2.3'\n",
    "demo_package/other.py": 'API = "1.2.3"\n',
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
    "demo_package/__init__.py": '__version__ = "1.3.0"\n\nMINIMUM = "1.2.3"  # since 1.2.3\n',
    "demo_package/_version.py": "version = '1.3.0'\nother_version = '1.2.3'\n",
    "README.md": (
        "pip install demo-package==1.3.0 or Demo_Package[all]==1.3.0, with other==1.2.3, not-demo-package==1.2.3.\r\n"
        "Since 1.2.3. demo-package==1.2.30 demo-package==1.2.3.post1 demo-package==1.2.3rc1 (new in 1.2.3)"
    ),
    "docs/installation.md": "`demo.package==1.3.0`\n",
}


def texts(folder: Path) -> dict[str, str]:
    """Return the text of each file of a working tree, with its line ends."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: path.read_bytes().decode() for name, path in names.items() if not name.startswith(".git/")}


@pytest.mark.parametrize("version_files", [(), ("pyproject.toml", "README.md")])
def test_only_versions_in_context_are_edited(version_files: tuple[str, ...], tmp_path: Path) -> None:
    """The assignment of the version and `name==X` in prose are edited; other numbers, pins and bytes stay."""
    folder = make(tmp_path / "my {project}", BEFORE)
    project = read(folder, *version_files)
    project.source.apply(folder, "minor", "1.3.0", hooks=False)
    assert texts(folder) == AFTER


@pytest.mark.parametrize(
    ("prior", "version"),
    [("1.2.3", "2.0.0rc1"), ("2.0.0rc1", "2.0.0"), ("1.2.3", "2.0"), ("2025.8.3", "2025.08.04"), ("1.2", "1.3.dev1")],
)
def test_an_explicit_version_of_any_shape(prior: str, version: str, tmp_path: Path) -> None:
    """An explicit version is written as it was given, whatever the parts of the prior one."""
    folder = make(tmp_path, {"pyproject.toml": f'[project]\nname = "demo"\nversion = "{prior}"\n'})
    read(folder).source.apply(folder, "", version, hooks=False)
    assert texts(folder) == {"pyproject.toml": f'[project]\nname = "demo"\nversion = "{version}"\n'}


def test_a_file_that_is_left_alone(tmp_path: Path) -> None:
    """A file that the settings leave alone is no copy."""
    folder = make(tmp_path, {"pyproject.toml": DECLARED, "README.md": "pip install demo==1.2.3\n"})
    read(folder, left_alone=["README.md"]).source.apply(folder, "minor", "1.3.0", hooks=False)
    assert texts(folder) == {
        "pyproject.toml": DECLARED.replace("1.2.3", "1.3.0"),
        "README.md": "pip install demo==1.2.3\n",
    }


def test_a_file_that_changed_meanwhile(tmp_path: Path) -> None:
    """A file that no longer has the version stops the bump before anything is edited."""
    folder = make(tmp_path, {"pyproject.toml": DECLARED, "README.md": "pip install demo==1.2.3\n"})
    project = read(folder)
    make(folder, {"README.md": "pip install demo\n"})
    with pytest.raises(BumpFailed) as caught:
        project.source.apply(folder, "minor", "1.3.0", hooks=False)
    assert caught.value.message == "README.md no longer contains 1.2.3 in line 1."
    assert texts(folder) == {"pyproject.toml": DECLARED, "README.md": "pip install demo\n"}


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
    folder = make(tmp_path, {"pyproject.toml": f"{DECLARED}[tool.bumpversion]\n"})
    project = read(folder)
    with monkeypatch.context() as patched:
        patched.setattr(bump_my_version, "TIMEOUT", 0.0)
        with pytest.raises(CommandTimedOut) as told:
            project.source.read(folder, "minor")
    assert told.value.message == "bump-my-version show did not end within 0 seconds."
    assert project.source.read(folder, "major").next == "2.0.0"


def test_a_process_that_was_killed(tmp_path: Path) -> None:
    """When the process of bump-my-version is gone, the next question is answered by another."""
    folder = make(tmp_path, {"pyproject.toml": f"{DECLARED}[tool.bumpversion]\n"})
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
