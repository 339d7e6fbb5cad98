"""What went wrong in whole tasks of the first version, in situations that users of other release tools reported."""

from pathlib import Path

import pytest

from support.cli import Cli
from support.index import PypiServer
from support.projects import TASKS, project_files
from support.repository import Repository

SHADOW = "raise SystemExit('a file of the project was imported')\n"


@pytest.mark.parametrize(
    ("tasks", "folder", "words"),
    [
        ("tasks.py", "", ()),
        ("tasks/__init__.py", "", ()),
        ("tasks/__init__.py", "tasks/", ()),
        ("ours.py", "", ("--collection=ours",)),
    ],
    ids=["tasks.py", "a package of tasks", "beside the tasks", "another name"],
)
def test_under_invoke_no_file_of_the_project_is_imported(
    tasks: str, folder: str, words: tuple[str, ...], quick: Repository, invoke: Cli, known: PypiServer
) -> None:
    """Invoke puts the project's folder first; a module there used to be taken for the library of its name."""
    for name in ("requests.py", "packaging.py", "keyring.py", "rich.py", "twine.py", "stamina.py", "secrets.py"):
        quick.write(f"{folder}{name}", SHADOW)
    quick.write(tasks, TASKS)
    quick.commit("chore: more files")
    quick.git("push", "--quiet")
    done = invoke(*words, "check", "--part", "minor", cwd=quick.path)
    assert (done.code, "a file of the project" in done.out + done.err) == (0, False), done.err
    assert "GET /simple/demo-package/ 200" in known.requests


#: A locale whose encoding is ASCII, which Python would otherwise not believe.
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("words", [("status",), ("release", "--part", "minor", "--dry-run")], ids=" ".join)
@pytest.mark.parametrize("locale", [{"LANG": "C", "LC_ALL": ""}, ASCII], ids=["C", "ASCII"])
def test_a_locale_without_letters(
    words: tuple[str, ...], locale: dict[str, str], repository: Repository, cli: Cli, tmp_path: Path
) -> None:
    """Letters of any language in names, descriptions and paths used to be a bug where the locale has none."""
    pyproject = project_files("bare", name="demo-package", version="1.2.3", noxfile=True)["pyproject.toml"]
    repository.git("config", "user.name", "Zoë Ünal")
    repository.write("pyproject.toml", pyproject.replace("Greet people", "Grüßt Leute, 漢字"))
    repository.write("docs/übersicht.txt", "漢字\n")
    repository.commit("feat: Grüße")
    done = cli(*words, cwd=repository.path, env=locale)
    assert (done.code, "bug" in done.err) == (0, False), done.err
    assert "demo-package 1.2.3" in done.out
    assert list(tmp_path.glob("**/bug.txt")) == []
