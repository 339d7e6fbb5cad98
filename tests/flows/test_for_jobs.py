"""What the jobs of a workflow need of `build` and `validate`: parts of a release, a wheel that is installed, hashes."""

import hashlib
from pathlib import Path

from distributions.made import WHEEL, WHEEL_FILES, wheel, write
from support.cli import Cli
from support.repository import Repository


def output(path: Path) -> list[str]:
    """Return the lines of the only output of a step, as GitHub's runner reads them."""
    first, *lines, last = path.read_text("utf-8").splitlines()
    name, _, end = first.partition("<<")
    assert (name, last) == ("hashes", end)
    return lines


def job(tmp_path: Path) -> dict[str, str]:
    """Return the variables of a job in GitHub Actions."""
    return {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(tmp_path / "output")}


def hashes(folder: Path) -> list[str]:
    """Return what sha256sum says of the files in a folder, the visible ones."""
    files = sorted(folder.glob("[!.]*"))
    return [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}" for file in files]


def test_only_the_sdist(cli: Cli, quick: Repository, tmp_path: Path) -> None:
    """With --sdist only the sdist is built, and its hash is an output of the step."""
    done = cli("build", "--sdist", cwd=quick.path, env=job(tmp_path))
    assert done.code == 0, done.err
    assert [file.name for file in (quick.path / "dist").iterdir()] == ["demo_package-1.2.3.tar.gz"]
    assert output(tmp_path / "output") == hashes(quick.path / "dist")


def test_the_hashes_of_a_build(cli: Cli, quick: Repository, tmp_path: Path) -> None:
    """The hashes of all distributions are an output of the step; outside of a job there is none."""
    assert cli("build", cwd=quick.path).code == 0
    assert cli("build", cwd=quick.path, env=job(tmp_path)).code == 0
    assert sorted(output(tmp_path / "output")) == sorted(hashes(quick.path / "dist"))
    assert len(output(tmp_path / "output")) == 2


def test_some_of_the_distributions(cli: Cli, quick: Repository, tmp_path: Path) -> None:
    """With --partial a wheel without an sdist is valid, but nothing else is overlooked."""
    write(quick.path / "dist", {WHEEL: wheel()})
    whole = cli("validate", "--json", cwd=quick.path)
    assert whole.code == 1
    assert [problem["check"] for problem in whole.json["problems"]] == ["dist-set"]
    done = cli("validate", "--partial", cwd=quick.path, env=job(tmp_path))
    assert (done.code, output(tmp_path / "output")) == (0, hashes(quick.path / "dist")), done.err
    write(quick.path / "dist", {WHEEL: wheel(recorded="")})
    broken = cli("validate", "--partial", "--json", cwd=quick.path)
    assert (broken.code, {problem["check"] for problem in broken.json["problems"]}) == (1, {"record"})


def test_the_files_that_are_expected(cli: Cli, quick: Repository) -> None:
    """All distributions of a release are compared with what it is expected to have; some of them are not."""
    assert cli("build", cwd=quick.path).code == 0
    pyproject = quick.path / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8")
    pyproject.write_text(
        text.replace("[tool.release]", '[tool.release]\nexpect = ["sdist", "cp311-*"]'), encoding="utf-8"
    )
    whole = cli("validate", "--json", cwd=quick.path)
    assert (whole.code, {problem["check"] for problem in whole.json["problems"]}) == (1, {"expected"})
    assert cli("validate", "--partial", cwd=quick.path).code == 0


def test_the_wheel_is_installed(cli: Cli, quick: Repository) -> None:
    """With --install the wheel is installed and imported; one that cannot be is refused, and so is none."""
    files = {name: text for name, text in WHEEL_FILES.items() if "entry_points" not in name}
    write(quick.path / "dist", {WHEEL: wheel(files)})
    good = cli("validate", "--partial", "--install", cwd=quick.path)
    assert good.code == 0, good.err
    assert f"installed {WHEEL}" in good.out
    write(quick.path / "dist", {WHEEL: wheel({**files, "demo/__init__.py": "import demo.missing\n"})})
    bad = cli("validate", "--partial", "--install", cwd=quick.path)
    assert bad.code == 1
    assert f"{WHEEL} can be installed, but this fails:" in bad.err
    name = "demo_package-1.3.0-cp311-cp311-win_amd64.whl"
    about = "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: false\nTag: cp311-cp311-win_amd64\n"
    (quick.path / "dist" / WHEEL).unlink()
    write(quick.path / "dist", {name: wheel({**files, "demo_package-1.3.0.dist-info/WHEEL": about})})
    other = cli("validate", "--partial", "--install", cwd=quick.path)
    assert other.code == 2
    assert f"No wheel is for this platform and this Python: {name}." in other.err
