"""The workflows that `init` writes: their text, how they are written, and what the linters say about each variant."""

import json
import re
import subprocess
import sys
import tomllib
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import release_recipes
from release_recipes.project.pythons import allowed, supported
from release_recipes.project.tag_form import pattern_of
from release_recipes.workflows import Facts, body, expected, is_ours, render

OURS = Path(__file__).parent.parent.parent
TEMPLATES = Path(release_recipes.__file__).parent / "templates"

FACTS = Facts(
    name="demo-package",
    below=".",
    is_one_of_several=False,
    tags="v[0-9]*",
    branches=["main"],
    pythons=["3.11", "3.14"],
    is_compiled=False,
    has_tests=True,
    lint="",
    version="0.1.0",
)

WORDS: dict[str, dict[str, Any]] = {
    "pure": {},
    "compiled": {"is_compiled": True},
    "top": {},
    "folder": {"below": "packages/x", "is_one_of_several": True, "tags": "x-v[0-9]*"},
    "odd-folder": {"below": "packages/the x", "branches": ["main", "release/*"], "tags": "x\\+1-[0-9]*"},
    "no-lint": {},
    "session": {"lint": "python -m nox -s lint"},
    "hooks": {"lint": "pre-commit run --all-files"},
    "any": {},
    "bare-tags": {"tags": "[0-9]*", "pythons": ["3.13"]},
    "ours": {"name": "release-recipes"},
    "untested": {"has_tests": False},
}
VARIANTS = [
    "-".join(words)
    for words in product(
        ("pure", "compiled"),
        ("top", "folder", "odd_folder"),
        ("no_lint", "session", "hooks"),
        ("any", "bare_tags", "ours", "untested"),
    )
]


def variant(words: str) -> Facts:
    """Return the facts that some words stand for."""
    facts = FACTS
    for word in words.split("-"):
        facts = replace(facts, **WORDS[word.replace("_", "-")])
    return facts


def write(folder: Path, texts: dict[str, str]) -> Path:
    """Write workflows into a repository's folder, and return where they are."""
    workflows = folder / ".github" / "workflows"
    workflows.mkdir(parents=True)
    for name, text in texts.items():
        (workflows / name).write_text(text, encoding="utf-8")
    return workflows


def run(*argv: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a linter of the tests' environment."""
    program = Path(sys.executable).parent / argv[0]
    return subprocess.run([program, *argv[1:]], cwd=cwd, check=False, capture_output=True, encoding="utf-8")


def findings(folder: Path, *names: str) -> list[str]:
    """Return what zizmor's strictest persona and actionlint find in workflows: the rule and the file."""
    zizmor = run(
        "zizmor",
        "--offline",
        "--persona=auditor",
        "--no-ignores",
        "--strict-collection",
        "--format=json",
        *names,
        cwd=folder,
    )
    lint = run("actionlint", "-shellcheck=", "-pyflakes=", "-format", "{{json .}}", *names, cwd=folder)
    found = [each["ident"] for each in json.loads(zizmor.stdout)] + [each["kind"] for each in json.loads(lint.stdout)]
    # Not to be taken for silence: a linter that could not read them.
    assert (zizmor.returncode == 0, lint.returncode == 0) == (
        not json.loads(zizmor.stdout),
        not json.loads(lint.stdout),
    )
    return found


def test_every_variant_passes_the_linters(tmp_path: Path) -> None:
    """The strictest persona of zizmor and actionlint find nothing in any workflow that the generator can write."""
    texts = {f"{words}-{name}": text for words in VARIANTS for name, text in render(variant(words)).items()}
    assert len(texts) == 2 * 72
    folder = write(tmp_path, texts)
    assert findings(folder, *texts) == []
    assert [name for name, text in texts.items() if "release-recipes test" not in text] == [
        name for name in texts if "untested" in name
    ]


def test_our_workflows_pass_the_linters() -> None:
    """The strictest persona of zizmor and actionlint find nothing in this project's workflows."""
    folder = OURS / ".github" / "workflows"
    assert findings(folder, *(path.name for path in folder.iterdir())) == []


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ('"$TAG"', "${{ env.TAG }}", "template-injection"),
        ("permissions: {}", "permissions: write-all", "excessive-permissions"),
        ("persist-credentials: false", "persist-credentials: true", "artipacked"),
        (r"@[0-9a-f]{40} # v[\d.]+", "@v1", "unpinned-uses"),
        ("environment: pypi.*\n", "\n", "secrets-outside-env"),
        ("needs: validate", "needs: validation", "job-needs"),
        (r"steps\.build\.", "steps.built.", "expression"),
    ],
)
def test_a_planted_finding_is_found(tmp_path: Path, old: str, new: str, rule: str) -> None:
    """What the linters are there for, they find in a workflow that has it."""
    text, count = re.subn(re.escape(old) if old.startswith('"') else old, new, render(FACTS)["release.yml"])
    assert count
    assert rule in findings(write(tmp_path, {"release.yml": text}), "release.yml")


def test_our_workflows_are_what_the_generator_writes() -> None:
    """This project's workflows are those that `init` writes for it, whatever version wrote them."""
    own = {path.name: path.read_text("utf-8") for path in (OURS / ".github" / "workflows").iterdir()}
    facts = replace(
        FACTS, name="release-recipes", pythons=["3.11", "3.12", "3.13"], lint="python -m nox -s lint", version="0.1.0"
    )
    assert {name: body(text) for name, text in own.items()} == {n: body(text) for n, text in render(facts).items()}
    assert all(is_ours(text) for text in own.values())


def test_the_pins_stand_in_one_place() -> None:
    """Each action has a full commit hash and a version, which stand in one file; no template has one."""
    pins = tomllib.loads((TEMPLATES / "workflows.toml").read_text("utf-8"))["actions"]
    assert all(re.fullmatch(r"[0-9a-f]{40} # v\d+\.\d+\.\d+", pin) for pin in pins.values())
    used = {name for path in TEMPLATES.glob("*.yml") for name in re.findall(r"uses: (.*)", path.read_text("utf-8"))}
    assert used == pins.keys()
    for text in render(FACTS).values():
        assert set(re.findall(r"uses: (.*)", text)) <= {f"{name}@{pin}" for name, pin in pins.items()}


@pytest.mark.parametrize("words", VARIANTS)
def test_nothing_is_left_of_the_template(words: str) -> None:
    """No workflow has a placeholder or a condition left, and each says that it is ours."""
    for text in render(variant(words)).values():
        assert not re.search(r"<<|>>|#if|#end", text)
        assert is_ours(text)


def test_the_jobs_of_a_release_have_the_least_permissions() -> None:
    """Only the job that publishes may ask for an identity token, and only the one for GitHub may write."""
    text = body(render(FACTS)["release.yml"])
    jobs = dict(
        zip(*[iter(re.split(r"^  ([\w-]+):\n", text.partition("jobs:\n")[2], flags=re.MULTILINE)[1:])] * 2, strict=True)
    )
    said = {name: re.findall(r"^      ([\w-]+: (?:read|write))", job, re.MULTILINE) for name, job in jobs.items()}
    assert said == {
        "validate": ["contents: read"],
        "test": ["contents: read"],
        "build": ["contents: read"],
        "publish": ["contents: read", "id-token: write"],
        "github-release": ["contents: write"],
    }
    assert "\npermissions: {}\n" in text
    assert "workflow_call" not in text
    assert [name for name, job in jobs.items() if "secrets." in job] == ["publish"]


def test_a_package_in_a_folder() -> None:
    """The workflows of one of several packages have its name, its folder and its tags."""
    texts = render(variant("folder"))
    assert list(texts) == ["ci-demo-package.yml", "release-demo-package.yml"]
    release = texts["release-demo-package.yml"]
    assert 'tags: ["x-v[0-9]*"]' in release
    assert "release-recipes test --project packages/x\n" in release
    assert "path: packages/x/dist\n" in release
    assert '--tag "$TAG" --dist dist --only index --project packages/x\n' in release
    assert list(render(replace(variant("folder"), is_one_of_several=False))) == ["ci.yml", "release.yml"]


def test_each_job_of_the_matrix_hands_over_its_hashes() -> None:
    """An output for each runner has the hashes of its job alone, and both publishing jobs get all of them."""
    text = render(variant("compiled"))["release.yml"]
    runners = re.search(r"  runner: \[(ubuntu.*)\]\n    runs-on", text)
    assert runners
    assert len(runners[1].split(", ")) == 6
    for runner in runners[1].split(", "):
        name = f"hashes-{runner.replace('.', '-')}"
        assert f"{name}: ${{{{ matrix.runner == '{runner}' && steps.validate.outputs.hashes || '' }}}}\n" in text
        assert text.count(f"${{{{ needs.wheels.outputs.{name} }}}}\n") == 2
    assert text.count("${{ needs.build.outputs.hashes }}\n") == 2


@pytest.mark.parametrize(
    ("tag", "version", "pattern"),
    [
        ("v1.2.3", "1.2.3", "v[0-9]*"),
        ("1.2.3", "1.2.3", "[0-9]*"),
        ("x-v1.2.3", "1.2.3", "x-v[0-9]*"),
        ("packages/x/v1.2.3", "1.2.3", "packages/x/v[0-9]*"),
        ("v1.2", "1.2.0", "v[0-9]*"),
        ("release_1_2_3", "1.2.3", "release_[0-9]*"),
        ("log4j2-1.0", "1.0", "log4j2-[0-9]*"),
        ("of-1.2.3-final", "1.2.3", "of-[0-9]*-final"),
        ("c++-v1.2.3", "1.2.3", "c\\+\\+-v[0-9]*"),
    ],
)
def test_the_pattern_of_tags(tag: str, version: str, pattern: str) -> None:
    """A workflow starts for the tags of the project's form, and for no others."""
    assert pattern_of(tag, version) == pattern


@pytest.mark.parametrize(
    ("files", "pythons"),
    [
        ({}, ["3.11", "3.12", "3.13", "3.14"]),
        ({"pyproject.toml": 'requires-python = ">=3.12.1"'}, ["3.12", "3.13", "3.14"]),
        ({"pyproject.toml": 'requires-python = ">=3.9,<3.13"'}, ["3.11", "3.12"]),
        (
            {"pyproject.toml": '"Programming Language :: Python :: 3.9", "Programming Language :: Python :: 3.15"'},
            ["3.15"],
        ),
        ({"setup.cfg": "python_requires = >=3.13\n"}, ["3.13", "3.14"]),
        (
            {"setup.py": 'setup(python_requires=">=3.14", classifiers=["Programming Language :: Python :: 3"])'},
            ["3.14"],
        ),
        ({"pyproject.toml": 'python = "^3.11"'}, ["3.11", "3.12", "3.13", "3.14"]),
        ({"pyproject.toml": 'requires-python = "three"'}, ["3.11", "3.12", "3.13", "3.14"]),
    ],
)
def test_the_pythons_of_a_project(tmp_path: Path, files: dict[str, str], pythons: list[str]) -> None:
    """Classifiers and the required Python say which Pythons a project is tested on."""
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert supported(tmp_path, ["3.11", "3.12", "3.13", "3.14"]) == pythons


def test_the_expected_wheels(tmp_path: Path) -> None:
    """For compiled code there is a pattern for each Python and platform that the matrix builds."""
    (tmp_path / "pyproject.toml").write_text('requires-python = ">=3.15"', encoding="utf-8")
    assert allowed(tmp_path, ["3.9", "3.15"]) == ["3.15"]
    assert expected(tmp_path) == [
        "sdist",
        "cp315-*-manylinux*_x86_64",
        "cp315-*-musllinux*_x86_64",
        "cp315-*-manylinux*_aarch64",
        "cp315-*-musllinux*_aarch64",
        "cp315-*-win_amd64",
        "cp315-*-win32",
        "cp315-*-win_arm64",
        "cp315-*-macosx_*_arm64",
        "cp315-*-macosx_*_x86_64",
    ]
