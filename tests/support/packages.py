"""A repository with several packages in folders, none at its top, and a bare remote beside it."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from support.projects import project_files, quick_files
from support.repository import Repository

__all__ = ["change", "make_packages"]


def make_packages(
    path: Path,
    *names: str,
    requires: Mapping[str, str] = MappingProxyType({}),
    files: Mapping[str, str] = MappingProxyType({}),
    workspace: bool = False,
) -> Repository:
    """Make packages in `packages/<name>`, of version 1.2.3, each tagged `<name>-v1.2.3`, all pushed.

    `requires` has the requirement of a package, by its name. With `workspace` the top declares uv's workspace.
    """
    repository = Repository(path, remote=path.with_name(f"{path.name}.git"))
    path.mkdir(parents=True)
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.write("README.md", "# Packages\n")
    if workspace:
        repository.write("pyproject.toml", '[tool.uv.workspace]\nmembers = ["packages/*"]\n')
    for name in names:
        texts = project_files("bare", name=name, version="1.2.3", noxfile=True)
        texts["pyproject.toml"] = quick_files()["pyproject.toml"].replace("demo-package", name)
        if name in requires:
            needs = f'requires-python = ">=3.11"\ndependencies = ["{requires[name]}"]\n'
            texts["pyproject.toml"] = texts["pyproject.toml"].replace('requires-python = ">=3.11"\n', needs)
        for relative, text in texts.items():
            repository.write(f"packages/{name}/{relative}", text)
    for relative, text in files.items():
        repository.write(relative, text)
    repository.commit("feat: the packages")
    for name in names:
        repository.git("tag", "--annotate", f"{name}-v1.2.3", f"--message={name} 1.2.3")
    repository.git("init", "--quiet", "--bare", "--initial-branch=main", str(repository.remote))
    repository.git("remote", "add", "origin", str(repository.remote))
    repository.git("push", "--quiet", "--set-upstream", "origin", "main", "--tags")
    return repository


def change(repository: Repository, *names: str) -> None:
    """Commit a change of each package, and push it."""
    for name in names:
        repository.write(f"packages/{name}/NEWS.md", "# News\n\nGreetings are warmer now.\n")
        repository.commit(f"feat: something new in {name}")
    repository.git("push", "--quiet")
