"""The hooks that other projects can use, installed by pre-commit itself from this repository."""

import subprocess
import sys
from pathlib import Path

import pytest

from support.leaks import make_token
from support.repository import Repository

pytest.importorskip("pre_commit")

ROOT = Path(__file__).parent.parent.parent


def test_another_project_uses_the_hooks(repository: Repository) -> None:
    """A project that names this repository in its configuration cannot commit a token, and finds one that is there."""
    rev = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    repository.write(
        ".pre-commit-config.yaml",
        f"repos:\n- repo: {ROOT}\n  rev: {rev.strip()}\n  hooks:\n  - id: scan\n  - id: scan-tree\n",
    )
    repository.commit("build: look at commits")
    pre_commit = [sys.executable, "-m", "pre_commit"]
    subprocess.run([*pre_commit, "install"], cwd=repository.path, check=True, capture_output=True)
    before = repository.head
    repository.write("settings.py", f'TOKEN = "{make_token("PyPI", 9)}"\n')
    with pytest.raises(subprocess.CalledProcessError) as refused:
        repository.commit("feat: leak")
    assert "settings.py:1: a PyPI token" in "".join(refused.value.__notes__)
    assert repository.head == before
    repository.git("commit", "--quiet", "--no-verify", "--message=feat: leak all the same")
    tree = [*pre_commit, "run", "scan-tree", "--hook-stage", "manual", "--all-files"]
    found = subprocess.run(tree, cwd=repository.path, check=False, capture_output=True, encoding="utf-8")
    assert found.returncode == 1
    assert "settings.py:1: a PyPI token" in found.stdout
