"""What act 1 says of this machine, of signing, and of what is worth a warning."""

import os
import platform
import shutil
import subprocess
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from release_recipes.programs import gh
from release_recipes.programs.git import Git
from support.checking import Told, look, problems, questions, warnings
from support.repository import Repository

pytestmark = pytest.mark.usefixtures("known")

_Usage = namedtuple("_Usage", "total used free")  # noqa: PYI024 - as shutil.disk_usage returns


@pytest.mark.parametrize(("free", "stops"), [(90_000_000, True), (200_000_000, False)])
@pytest.mark.red("room")
@pytest.mark.green("room")
def test_room_for_the_workspace(
    free: int,
    stops: bool,
    repository: Repository,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A temporary folder that is too full for clones and environments stops the release."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: _Usage(free, 0, free))
    found = [told.check for told in problems(look(repository.path))]
    assert found == (["room"] if stops else [])


def _ssh_key(folder: Path, *, phrase: str = "") -> Path:
    key = folder / "key"
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", phrase, "-f", str(key)]
    subprocess.run(words, check=True, capture_output=True)
    return key


@pytest.mark.parametrize("key", ["commit.gpgSign", "tag.gpgSign"])
@pytest.mark.red("signing")
def test_signing_with_a_key_that_is_not_there(key: str, repository: Repository) -> None:
    """A release that is to be signed by a key that is not there stops before anything is built."""
    repository.git("config", "gpg.format", "ssh")
    repository.git("config", "user.signingKey", str(repository.path / "no-such-key"))
    repository.git("config", key, "true")
    (told,) = problems(look(repository.path))
    assert told.check == "signing"
    assert told.message.startswith(f"{key} is set, but signing fails: error: ")


@pytest.mark.red("signing")
def test_signing_with_a_pass_phrase_and_nobody_to_ask(repository: Repository, tmp_path: Path) -> None:
    """Without a terminal, a key that wants a pass phrase fails at once instead of waiting."""
    repository.git("config", "gpg.format", "ssh")
    repository.git("config", "user.signingKey", str(_ssh_key(tmp_path, phrase="secret")))
    repository.git("config", "commit.gpgSign", "true")
    assert [told.check for told in problems(look(repository.path))] == ["signing"]


@pytest.mark.parametrize("sign", ["true", "false"])
@pytest.mark.green("signing")
def test_signing_that_works(sign: str, repository: Repository, tmp_path: Path) -> None:
    """Signing is tried with an object that leaves no trace in the repository."""
    repository.git("config", "gpg.format", "ssh")
    repository.git("config", "user.signingKey", str(_ssh_key(tmp_path)))
    repository.git("config", "commit.gpgSign", sign)
    objects = repository.git("count-objects", "-v")
    assert problems(look(repository.path)) == []
    assert repository.git("count-objects", "-v") == objects


@pytest.mark.parametrize(
    ("value", "is_on"), [("on", True), ("1k", True), ("0x1", True), ("0", False), ("maybe", False)]
)
def test_a_switch_in_each_spelling_of_git(value: str, is_on: bool, repository: Repository) -> None:
    """A switch is read as git reads it."""
    repository.git("config", "commit.gpgSign", value)
    assert Git(repository.path).config_is_true("commit.gpgSign") is is_on


def test_a_remote_with_two_addresses(repository: Repository) -> None:
    """GitHub is found whichever of the addresses of a remote it is; what is shown is the one that git reads from."""
    repository.git("remote", "set-url", "origin", "https://me@github.com/ada/demo.git")
    repository.git("remote", "set-url", "--add", "origin", "https://git.example.org/ada/demo.git")
    git = Git(repository.path)
    assert str(gh.find(git.addresses("origin"))) == "github.com/ada/demo"
    assert git.address("origin") == "https://github.com/ada/demo.git"


@pytest.mark.red("something-new")
def test_nothing_was_committed_since_the_last_tag(repository: Repository) -> None:
    """A release of what was released already is warned of."""
    repository.git("tag", "v1.2.9")
    assert warnings(look(repository.path)) == [
        Told(
            "something-new",
            "There are no commits since v1.2.9.",
            "Release only if you want to release the same commit again.",
        )
    ]


@pytest.mark.green("something-new")
def test_the_final_release_of_a_pre_release(make_repository: Callable[..., Repository]) -> None:
    """A release candidate that was good becomes the final release without another commit."""
    repository = make_repository(noxfile=True, version="1.3.0rc1")
    repository.git("tag", "--force", "v1.3.0rc1")
    asked = {version: look(repository.path, part=None, new_version=version) for version in ("1.3.0", "1.3.0rc2")}
    found = {version: [told.check for told in warnings(outcome)] for version, outcome in asked.items()}
    assert ["something-new" in found[version] for version in asked] == [False, True]


@pytest.mark.green("something-new")
def test_something_was_committed_since_the_last_tag(repository: Repository) -> None:
    """One commit after the last tag is something to release."""
    outcome = look(repository.path)
    assert (problems(outcome), warnings(outcome)) == ([], [])


PUBLISHES_ON_TAGS = """\
on:
  push:
    tags: ["v*"]
jobs:
  publish:
    steps:
      - run: twine upload dist/*
"""


@pytest.mark.parametrize(
    ("text", "warns"),
    [
        (PUBLISHES_ON_TAGS, True),
        (PUBLISHES_ON_TAGS.replace("twine upload dist/*", "uv publish"), True),
        (
            "on:\n  release:\n    types: [published]\n# pypa/gh-action-pypi-publish@v1\n",
            True,
        ),
        (PUBLISHES_ON_TAGS.replace('tags: ["v*"]', "branches: [main]"), False),
        (PUBLISHES_ON_TAGS.replace("twine upload dist/*", "pytest"), False),
    ],
    ids=["tags", "uv", "release", "by branch", "tests"],
)
@pytest.mark.red("workflow")
@pytest.mark.green("workflow")
def test_a_workflow_that_publishes_by_itself(text: str, warns: bool, repository: Repository) -> None:
    """A workflow that uploads when a tag appears would race the release."""
    repository.write(".github/workflows/publish.yml", text)
    repository.commit("ci: publish")
    repository.git("push", "--quiet")
    found = [told for told in warnings(look(repository.path)) if told.check == "workflow"]
    file = ".github/workflows/publish.yml"
    message = f"{file} publishes when a tag or a release is created, at the same time as this release."
    assert [told.message for told in found] == [message] * warns


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (">=3.10", []),
        (">=3.99", [f"The project requires Python >=3.99, but release-recipes runs on {platform.python_version()}."]),
        ("about 3", ["requires-python is 'about 3', which is not a version specifier."]),
    ],
)
@pytest.mark.red("python")
@pytest.mark.green("python")
def test_the_python_that_the_project_requires(wanted: str, told: list[str], repository: Repository) -> None:
    """A project for another Python than ours stops before it is tested with ours, and the hint says how to run."""
    # E7
    path = repository.path / "pyproject.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(">=3.11", wanted), encoding="utf-8")
    repository.commit("build: another Python")
    repository.git("push", "--quiet")
    found = [each for each in problems(look(repository.path)) if each.check == "python"]
    assert [each.message for each in found] == told
    assert all(each.hint for each in found)


@pytest.mark.red("prerelease")
def test_a_prerelease_after_a_final_version(repository: Repository) -> None:
    """A pre-release on the way from a final version is asked about."""
    assert [told[:2] for told in questions(look(repository.path, part=None, new_version="1.3.0rc1"))] == [
        ("prerelease", "1.3.0rc1 is a pre-release, and 1.2.3 is a final release.")
    ]


@pytest.mark.green("prerelease")
def test_a_prerelease_after_a_prerelease(make_repository: Callable[..., Repository]) -> None:
    """Who is among pre-releases already is not asked about the next one."""
    repository = make_repository(noxfile=True, version="1.3.0rc1")
    asked = questions(look(repository.path, part=None, new_version="1.3.0rc2"))
    assert [told for told in asked if told.check == "prerelease"] == []


@pytest.mark.green("prerelease")
def test_a_final_version_after_a_final_version(repository: Repository) -> None:
    """A final version is not asked about."""
    outcome = look(repository.path)
    assert (problems(outcome), questions(outcome)) == ([], [])


@pytest.mark.parametrize(
    ("text", "hooks", "warns"),
    [
        ("# Changes\n\n## 1.2.3\n", "", True),
        ("# Changes\n\n## Unreleased\n\n### Added\n", "", True),
        ("# Changes\n\n## Unreleased\n\n- x\n", "", False),
        ("# Changes\n\n## 1.3.0\n\n- x\n", "", False),
        ("# Changes\n\n## 1.2.3\n", 'changelog = "off"', False),
        ("# Changes\n\nThere are none.\n", "", False),
        ("# Changes\n\n## 1.2.3\n", 'pre_release_hooks = ["true"]', False),
    ],
    ids=["silent", "an empty section", "unreleased", "the version", "off", "no versions", "written by a hook"],
)
@pytest.mark.red("changelog")
@pytest.mark.green("changelog")
def test_a_changelog(text: str, hooks: str, warns: bool, repository: Repository) -> None:
    """A changelog that says nothing of the release is warned of, unless a hook may still write it."""
    for existing in repository.path.glob("NEWS*"):
        existing.unlink()
    repository.write("CHANGELOG.md", text)
    pyproject = repository.path / "pyproject.toml"
    repository.write("pyproject.toml", f"{pyproject.read_text(encoding='utf-8')}\n[tool.release]\n{hooks}\n")
    repository.commit("docs: changes")
    repository.git("push", "--quiet")
    found = [told for told in warnings(look(repository.path)) if told.check == "changelog"]
    assert [told.message for told in found] == ["CHANGELOG.md says nothing of 1.3.0."] * warns


@pytest.mark.parametrize(("coming", "asks"), [("1.4", True), ("2.0.0", True), ("1.3", False), ("1.2.4", False)])
def test_a_changelog_that_awaits_another_version(coming: str, asks: bool, repository: Repository) -> None:
    """Where the changelog says that a higher version comes next, the user is asked, and told how to release that."""
    for existing in repository.path.glob("NEWS*"):
        existing.unlink()
    repository.write("CHANGES.md", f"# Changes\n\n## {coming} (unreleased)\n\n- x\n\n## 1.2.3 (2026-01-01)\n\n- y\n")
    repository.commit("docs: changes")
    repository.git("push", "--quiet")
    found = [told for told in questions(look(repository.path)) if told.check == "changelog"]
    command = f"release-recipes release --new-version {coming}"
    assert (
        found
        == [
            Told(
                "changelog",
                f"CHANGES.md says that {coming} comes next, but this is 1.3.0.",
                f"Its heading becomes that of 1.3.0. To release the other version: {command}",
            )
        ][: int(asks)]
    )


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
@pytest.mark.green("copies", "tag-form", "tests", "pins")
def test_the_environment_of_the_tests_is_the_one_that_is_meant(repository: Repository) -> None:
    """The fixture that these tests stand on leaves nothing to say."""
    outcome = look(repository.path)
    assert (problems(outcome), questions(outcome), warnings(outcome)) == ([], [], [])
