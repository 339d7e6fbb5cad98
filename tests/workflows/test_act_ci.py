"""`ci.yml` of a small project, run by act."""

from pathlib import Path

from support.act import run
from support.cli import Cli
from support.repository import Repository


def test_ci(cli: Cli, quick: Repository, tmp_path: Path) -> None:
    """Tests, package and wheel are green, and the wheel job installs what the package job built."""
    quick.write("noxfile.py", (quick.path / "noxfile.py").read_text("utf-8") + LINT)
    pyproject = quick.path / "pyproject.toml"
    classifiers = 'readme = "README.md"\nclassifiers = ["Programming Language :: Python :: 3.11"]'
    pyproject.write_text(pyproject.read_text("utf-8").replace('readme = "README.md"', classifiers), encoding="utf-8")
    assert cli("init", "--only", "workflows", "--yes", cwd=quick.path).code == 0
    quick.commit("ci: add workflows")
    quick.git("push", "--quiet", "origin", "main")
    done = run(quick, "ci.yml", "push", tmp_path / "run")
    assert (done.code, done.jobs) == (0, dict.fromkeys(("test", "lint", "package", "wheel"), "success")), done.log
    assert "installed demo_package-1.2.3-py3-none-any.whl" in done.log
    assert sorted(path.name for path in (tmp_path / "run" / "artifacts" / "dist").iterdir()) == [
        "demo_package-1.2.3-py3-none-any.whl",
        "demo_package-1.2.3.tar.gz",
    ]


LINT = '''

@nox.session(venv_backend="none")
def lint(session: nox.Session) -> None:
    """Find nothing."""
    session.log("nothing was found")
'''
