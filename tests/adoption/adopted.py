"""A repository from an sdist, as it is at the project's forge; and the comparison of a release with its expectation."""

import email
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from packaging.utils import canonicalize_name
from packaging.version import Version
from uv import find_uv_bin

from adoption.download import CACHE
from release_recipes.project.changelog_file import section
from support.index import PypiServer
from support.repository import Repository

__all__ = ["dated", "differences", "make_repository", "wrong"]


_NEVER: Final = ("PKG-INFO", "*.egg-info/*")
"""What an sdist has and a repository has not."""

_EGG_INFO: Final = re.compile(r"\s*\[egg_info\]\ntag_build ?= ?\ntag_date = 0\n(tag_svn_revision = 0\n)?\s*\Z")
"""What setuptools writes at the end of the setup.cfg of an sdist."""

# With versioneer from where the project's build has it: beside its setup.py, or in an environment.
_VERSIONEER: Final = """
import sys; sys.path.insert(0, ".")
import versioneer
config = versioneer.get_config_from_root(".")
open(config.versionfile_source, "w").write(versioneer.LONG_VERSION_PY[config.VCS] % {
    "DOLLAR": "$", "STYLE": config.style, "TAG_PREFIX": config.tag_prefix,
    "PARENTDIR_PREFIX": config.parentdir_prefix, "VERSIONFILE_SOURCE": config.versionfile_source,
})
"""


def dated(text: str) -> str:
    """Return a text with today's date where it says so, such as ``{today:%Y.%m.%d}``."""
    return re.sub(r"\{today:([^}]+)\}", lambda found: date.today().strftime(found[1]), text)  # noqa: DTZ011


def make_repository(project: dict[str, Any], path: Path) -> Repository:
    """Make the project's repository: its version before, tagged; one commit since; and a bare remote beside it."""
    repository = Repository(path, remote=path.with_name(f"{path.name}.git"))
    _unpack(project, path)
    branch = project.get("branch", "main")
    repository.git("init", "--quiet", f"--initial-branch={branch}")
    repository.git("add", "--all", "--force")
    repository.git("commit", "--quiet", f"--message=Release {project['version']}")
    for tag in (*project.get("other_tags", ()), project["prior_tag"]):
        repository.git("tag", "--annotate", tag, f"--message={tag}")
    repository.write(".github/CODEOWNERS", "* @ada\n")
    repository.git("add", "--all", "--force")
    repository.git("commit", "--quiet", "--message=Name an owner")
    repository.git("init", "--quiet", "--bare", f"--initial-branch={branch}", str(repository.remote))
    repository.git("remote", "add", "origin", str(repository.remote))
    repository.git("push", "--quiet", "--set-upstream", "--tags", "origin", branch)
    return repository


def _unpack(project: dict[str, Any], path: Path) -> None:
    """Unpack the sdist, and take back what was done to the project's files on the way into it."""
    with tarfile.open(CACHE / project["sdist"]) as sdist:
        sdist.extractall(path.with_name("unpacked"), filter="data")
    next(path.with_name("unpacked").iterdir()).rename(path)
    patterns = (*_NEVER, *project.get("left_out", ()))
    names = [file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()]
    for name in names:
        if any(fnmatchcase(name, pattern) or fnmatchcase(name, f"*/{pattern}") for pattern in patterns):
            (path / name).unlink()
    useless = [each for each in patterns[2:] if not any(fnmatchcase(name, each) for name in names)]
    assert useless == []
    original, configuration = path / "pyproject.toml.orig", path / "setup.cfg"
    if original.exists():  # uv_build keeps the file that people wrote
        original.replace(path / "pyproject.toml")
    if configuration.exists():
        kept = _EGG_INFO.sub("\n", configuration.read_text(encoding="utf-8"))
        configuration.write_text(kept, encoding="utf-8") if kept.strip() else configuration.unlink()
    for name, old, new in project.get("restore", ()):
        (path / name).write_bytes(_replaced((path / name).read_bytes(), old, new))
    if "versioneer" in project:
        vendored = (path / "versioneer.py").exists()
        python = (
            [sys.executable]
            if vendored
            else [find_uv_bin(), "run", "--no-project", "--with=versioneer==0.29", "python"]
        )
        subprocess.run([*python, "-B", "-c", _VERSIONEER], cwd=path, check=True)
        assert "get_versions" in (path / project["versioneer"]).read_text(encoding="utf-8")


def _replaced(content: bytes, old: str, new: str) -> bytes:
    assert content.count(old.encode()) == 1, f"{old!r} is not once in the file"
    return content.replace(old.encode(), new.encode())


def differences(before: dict[str, bytes], after: dict[str, bytes], project: dict[str, Any]) -> Iterator[str]:
    """Yield a sentence for each line that was to change and did not, and for each that changed and was not to.

    Args:
        before: The content of each file by its path, as it was.
        after: The same, as it is now.
        project: With ``edits`` and ``copies_allowed``.

    """
    expected, allowed = (_changes(before, project.get(key, ())) for key in ("edits", "copies_allowed"))
    for name in sorted(before.keys() | after.keys()):
        old, new = (files.get(name, b"").splitlines(keepends=True) for files in (before, after))
        if (name in before) != (name in after):
            yield f"{name} is {'new' if name in after else 'gone'}"
        elif name == project.get("changelog"):
            links = b"]: https://" in before[name]
            if section(after[name].decode(), project["planned"]) is None:
                yield f"{name} has no section of {project['planned']}"
            if links and f"[{project['planned']}]: https://" not in after[name].decode():
                yield f"{name} has no link of {project['planned']}"
        elif len(old) != len(new):
            yield f"{name}: {len(old)} lines have become {len(new)}"
        else:
            for n, line in enumerate(new):
                right = {expected[name, n]} if (name, n) in expected else {old[n], allowed.get((name, n))}
                if line not in right:
                    yield f"{name}:{n + 1}: {line.decode(errors='replace').strip()!r}"


def _changes(before: dict[str, bytes], edits: Iterable[Sequence[str]]) -> dict[tuple[str, int], bytes]:
    """Return the new lines that edits make, by file and number of the line."""
    changed: dict[tuple[str, int], bytes] = {}
    for name, old, new in edits:
        replaced = _replaced(before[name], old, dated(new)).splitlines(keepends=True)
        lines = before[name].splitlines(keepends=True)
        changed |= {(name, n): line for n, line in enumerate(replaced) if line != lines[n]}
    return changed


def _contents(repository: Repository, commit: str, names: Iterable[str]) -> dict[str, bytes]:
    """Return the content of those files that a commit has, by their paths."""
    listed = repository.git("ls-tree", "-r", "--name-only", commit).splitlines()
    git = ["git", "cat-file", "blob"]
    return {
        name: subprocess.run([*git, f"{commit}:{name}"], cwd=repository.path, check=True, capture_output=True).stdout
        for name in names
        if name in listed
    }


def wrong(project: dict[str, Any], repository: Repository, base: str, index: PypiServer) -> list[str]:
    """Return what is not as it should be after a release: a sentence each.

    Args:
        project: What is expected.
        repository: Where the release was made.
        base: The commit that was checked out before.
        index: Where the distributions are.

    """
    branch, tag = project.get("branch", "main"), dated(project["tag"])
    refs = repository.remote_refs()
    new = sorted(
        name.removeprefix("refs/tags/")
        for name in refs
        if name.startswith("refs/tags/") and not name.endswith("^{}")
        and name.removeprefix("refs/tags/") not in {project["prior_tag"], *project.get("other_tags", ())}
    )  # fmt: skip
    tip, tagged = refs[f"refs/heads/{branch}"], refs.get(f"refs/tags/{tag}^{{}}")
    found = []
    if new != [tag]:
        found.append(f"tags {new}, not {tag}")
    elif tagged is None:
        found.append(f"{tag} is not annotated")
    elif tagged != tip:
        found.append(f"{tag} is not on the tip of {branch}")
    if repository.head != tip:
        found.append(f"the local {branch} is not the remote's")
    if repository.git("status", "--porcelain"):
        found.append("the working tree is not clean")
    parents = repository.git("rev-list", "--parents", "--max-count=1", tip).split()[1:]
    if not project["edits"] and tip == base:
        pass
    elif parents != [base]:
        found.append("the release is not one commit")
    else:
        names = {edit[0] for key in ("edits", "copies_allowed") for edit in project.get(key, ())}
        names |= {*repository.git("diff", "--name-only", "--no-renames", base, tip).splitlines()}
        before, after = (_contents(repository, commit, names) for commit in (base, tip))
        found += differences(before, after, project)
    return found + list(_wrong_distributions(project, index))


def _wrong_distributions(project: dict[str, Any], index: PypiServer) -> Iterator[str]:
    """Yield what is wrong with the distributions on the index, beside the sdist of the version before."""
    planned = Version(dated(project["planned"]))
    released = [path for path in sorted(index.folder.iterdir()) if path.name != project["sdist"]]
    kinds = sorted("wheel" if path.suffix == ".whl" else "sdist" for path in released)
    if kinds != ["sdist", "wheel"] and not (project.get("compiled") and kinds == ["sdist"]):
        yield f"on the index: {[path.name for path in released]}"
    for path in released:
        metadata = _metadata(path)
        if Version(metadata["Version"]) != planned:
            yield f"{path.name} says version {metadata['Version']}"
        if canonicalize_name(metadata["Name"]) != project["name"]:
            yield f"{path.name} says name {metadata['Name']}"
        if "-linux_" in path.name:
            yield f"{path.name} is not for the index"


def _metadata(path: Path) -> dict[str, str]:
    """Return the core metadata of a distribution."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            name = next(each for each in wheel.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", each))
            content = wheel.read(name)
    else:
        with tarfile.open(path) as sdist:
            member = next(each for each in sdist if re.fullmatch(r"[^/]+/PKG-INFO", each.name))
            opened = sdist.extractfile(member)
            assert opened is not None
            content = opened.read()
    return dict(email.message_from_bytes(content).items())
