"""The changelog of a release, in each way: in its commit, in the plan, on GitHub; and the part that commits say."""

import json
from collections.abc import Callable

import pytest

from release_recipes.project.source import today
from support.cli import Cli
from support.index import PypiServer
from support.projects import quick_files
from support.repository import Repository

MakeRepository = Callable[..., Repository]

KEEP = "# Changelog\n\n## [Unreleased]\n\n- Greetings are warmer.\n\n## [1.2.3] - 2024-05-03\n\n- A fault.\n"
COMMITS = ("feat(greet)!: drop `hello` (#12)", "fix: a fault.", "Merge branch 'x'", "chore: tidy", "Say more")
MINOR = ("release", "--part", "minor", "--skip-tests", "--yes")


def with_files(make_repository: MakeRepository, files: dict[str, str], settings: str = "") -> Repository:
    """Return a quick project with more files, with everything pushed."""
    repository = make_repository(noxfile=True, files=quick_files() | files)
    if settings:
        text = (repository.path / "pyproject.toml").read_text(encoding="utf-8")
        table = settings.startswith("[tool.release]\n")  # the quick project has one
        more = settings.replace("[tool.release]\n", "") if table else f"\n{settings}"
        repository.write("pyproject.toml", f"{text.rstrip()}\n{more}\n")
        repository.commit("chore: settings")
        repository.git("push", "--quiet")
    return repository


def commits(repository: Repository, *subjects: str, tag: str = "v1.2.3") -> None:
    """Make commits after the tag of the version before them, and push them."""
    repository.git("tag", "--force", "--annotate", "--message", tag, tag)
    repository.git("push", "--quiet", "--force", "origin", tag)
    for number, subject in enumerate(subjects):
        repository.write(f"demo/part{number}.py", f"NUMBER = {number}\n")
        repository.commit(subject)
    repository.git("push", "--quiet")


def in_commit(repository: Repository, name: str) -> str:
    """Return a file of the release commit."""
    return repository.git("show", f"v1.3.0^{{}}:{name}") + "\n"


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        (
            "CHANGELOG.md",
            KEEP,
            KEEP.replace("## [Unreleased]\n", f"## [Unreleased]\n\n## [1.3.0] - {today()}\n"),
        ),
        (
            "CHANGES.rst",
            "Changes\n=======\n\n1.3.0 (unreleased)\n------------------\n\n- Warmer.\n",
            f"Changes\n=======\n\n1.3.0 ({today()})\n------------------\n\n- Warmer.\n",
        ),
        (
            "docs/history.md",
            "# History\n\n## 1.3\n\n- Warmer.\n\n## 1.2\n",
            "# History\n\n## 1.3\n\n- Warmer.\n\n## 1.2\n",
        ),
    ],
    ids=["Keep a Changelog", "zest.releaser", "without a date"],
)
def test_written_by_hand(make_repository: MakeRepository, cli: Cli, name: str, before: str, after: str) -> None:
    """The section of what comes next becomes that of the release, in its commit; the document has it, too."""
    repository = with_files(make_repository, {name: before})
    result = cli(*MINOR, "--json", cwd=repository.path)
    assert result.code == 0, result.err
    assert in_commit(repository, name) == after
    document = json.loads(result.out)
    assert document["changes"] in {"- Greetings are warmer.", "- Warmer."}
    assert "changelog" not in [told["check"] for told in document["warnings"]]


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# Changes\n\n## 1.2.3\n\n- Cold.\n", "CHANGES.md says nothing of 1.3.0, and stays as it is"),
        ("# Changes\n\n## 1.3.0\n\n- Warmer.\n", "CHANGES.md has the section of 1.3.0"),
    ],
)
def test_a_changelog_that_is_not_changed(make_repository: MakeRepository, cli: Cli, text: str, said: str) -> None:
    """The step says whether the changelog has a section of the release, in a dry run as in the release."""
    repository = with_files(make_repository, {"CHANGES.md": text})
    dry, done = (cli(*MINOR, *flag, cwd=repository.path) for flag in (["--dry-run"], []))
    assert (dry.code, done.code) == (0, 0), done.err
    assert all(" ".join(each.out.split()).count(said) == 1 for each in (dry, done)), dry.out
    assert in_commit(repository, "CHANGES.md") == text


@pytest.mark.usefixtures("index")
def test_the_next_version_begins(make_repository: MakeRepository, cli: Cli) -> None:
    """With `after_release`, the changelog gets a section for the next version, as zest.releaser does."""
    text = "Changes\n=======\n\n1.3.0 (unreleased)\n------------------\n\n- Warmer.\n"
    repository = with_files(make_repository, {"CHANGES.rst": text}, '[tool.release]\nafter_release = "dev"')
    result = cli(*MINOR, cwd=repository.path)
    assert result.code == 0, result.err
    begun = "1.3.1 (unreleased)\n------------------\n\n- Nothing changed yet.\n\n\n"
    released = f"Changes\n=======\n\n1.3.0 ({today()})\n------------------\n\n- Warmer.\n"
    assert in_commit(repository, "CHANGES.rst") == released
    assert repository.git("show", "HEAD:CHANGES.rst") + "\n" == released.replace("1.3.0 (", f"{begun}1.3.0 (")


TOWNCRIER = '[tool.towncrier]\nname = "demo"\ndirectory = "news"\nfilename = "NEWS.rst"'
SCRIV = '[tool.scriv]\nformat = "md"'


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(
    ("settings", "files", "name", "fragment"),
    [
        (TOWNCRIER, {"news/7.feature.rst": "Warmer greetings.\n", "NEWS.rst": ""}, "NEWS.rst", "news/7.feature.rst"),
        (SCRIV, {"changelog.d/7.md": "### Added\n\n- Warmer greetings.\n"}, "CHANGELOG.md", "changelog.d/7.md"),
    ],
    ids=["towncrier", "scriv"],
)
def test_fragments(
    make_repository: MakeRepository, cli: Cli, settings: str, files: dict[str, str], name: str, fragment: str
) -> None:
    """The project's tool collects the fragments in the changelog, and they are gone; the task shows them before."""
    repository = with_files(make_repository, files, settings)
    before = cli("changelog", "--part", "minor", cwd=repository.path)
    assert before.code == 0, before.err
    assert "Warmer greetings." in before.out
    assert repository.git("status", "--porcelain") == ""
    result = cli(*MINOR, cwd=repository.path)
    assert result.code == 0, result.err
    text = in_commit(repository, name)
    assert "Warmer greetings." in text
    assert "1.3.0" in text
    assert fragment not in repository.git("ls-tree", "-r", "--name-only", "v1.3.0").splitlines()


@pytest.mark.usefixtures("index")
def test_generated_from_commits(make_repository: MakeRepository, cli: Cli) -> None:
    """The commits since the last tag make the section of a new changelog; noise is left out, the rest is grouped."""
    repository = with_files(make_repository, {}, '[tool.release]\nchangelog = "generate"')
    commits(repository, *COMMITS)
    ids = {line.split(" ", 1)[1]: line[:7] for line in repository.git("log", "--format=%H %s").splitlines()}
    result = cli(*MINOR, cwd=repository.path)
    assert result.code == 0, result.err
    assert in_commit(repository, "CHANGELOG.md") == (
        f"# Changelog\n\n## 1.3.0 - {today()}\n\n### Breaking changes\n\n- greet: drop `hello` (#12)\n\n"
        f"### Fixed\n\n- A fault ({ids['fix: a fault.']})\n\n### Other\n\n- Say more ({ids['Say more']})\n"
    )


@pytest.mark.usefixtures("index")
def test_the_projects_own_configuration_of_git_cliff(make_repository: MakeRepository, cli: Cli) -> None:
    """A project that has configured git-cliff gets what its template says, in the form of its changelog."""
    body = "{% for commit in commits %}\n* {{ commit.message | upper }}{% endfor %}\n"
    own = f"[changelog]\nbody = '''\n## {{{{ version }}}}\n{body}'''\n[git]\nfilter_unconventional = false\n"
    files = {"cliff.toml": own, "CHANGELOG.md": "# Log\n\n## v1.2.3\n\n* OLD\n"}
    repository = with_files(make_repository, files)
    commits(repository, "Say more")
    result = cli(*MINOR, cwd=repository.path)
    assert result.code == 0, result.err
    assert in_commit(repository, "CHANGELOG.md") == "# Log\n\n## v1.3.0\n\n* SAY MORE\n\n## v1.2.3\n\n* OLD\n"


@pytest.mark.usefixtures("index")
def test_hooks_that_write_it(make_repository: MakeRepository, cli: Cli) -> None:
    """What the project's hooks did to the changelog is left as they did it."""
    write = "import pathlib; pathlib.Path('CHANGELOG.md').write_text('# Log\\n\\n## 1.3.0\\n\\n- By a hook.\\n')"
    hooks = f"[tool.release]\npre_release_hooks = [{json.dumps(['python', '-c', write])}]"
    repository = with_files(make_repository, {"CHANGELOG.md": KEEP}, hooks)
    result = cli(*MINOR, "--json", cwd=repository.path)
    assert result.code == 0, result.err
    assert in_commit(repository, "CHANGELOG.md") == "# Log\n\n## 1.3.0\n\n- By a hook.\n"
    assert json.loads(result.out)["changes"] == "- By a hook."


@pytest.mark.usefixtures("known")
def test_what_is_shown_before(make_repository: MakeRepository, cli: Cli) -> None:
    """The plan shows the first lines, and a dry run the difference; nothing is changed."""
    many = "\n".join(f"- Change {number}." for number in range(12))
    repository = with_files(make_repository, {"CHANGELOG.md": KEEP.replace("- Greetings are warmer.", many)})
    result = cli("release", "--part", "minor", "--dry-run", cwd=repository.path)
    assert result.code == 0, result.err
    assert "\n    - Change 7.\n    … and 4 more lines: release-recipes changelog\n" in result.out
    assert f"+## [1.3.0] - {today()}\n" in result.out
    assert repository.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("subjects", "current", "version", "because"),
    [
        (("fix: a", "Say"), "1.2.3", "1.2.4", "patch, for 'fix: a'"),
        (("fix: a", "feat: b"), "1.2.3", "1.3.0", "minor, for 'feat: b'"),
        (("feat!: b",), "1.2.3", "2.0.0", "major, for 'feat!: b'"),
        (("feat!: b",), "0.2.3", "0.3.0", "minor, for 'feat!: b'"),
    ],
)
def test_the_part_that_commits_say(
    make_repository: MakeRepository, cli: Cli, subjects: tuple[str, ...], current: str, version: str, because: str
) -> None:
    """`--part auto` takes the part from conventional commits, and names the one that decides."""
    repository = make_repository(noxfile=True, version=current)
    commits(repository, *subjects, tag=f"v{current}")
    result = cli("changelog", "--part", "auto", cwd=repository.path)
    assert result.code == 0, result.err
    assert result.out.startswith(f"demo-package {current} → {version} (--part auto: {because} (")


@pytest.mark.parametrize(
    ("subjects", "said"),
    [((), "no commit since v1.2.3 says"), (("Say", "Tell"), "none of 2 commits since v1.2.3 says")],
)
def test_commits_that_do_not_say(
    make_repository: MakeRepository, cli: Cli, subjects: tuple[str, ...], said: str
) -> None:
    """Where no commit says it, nothing is guessed."""
    repository = make_repository(noxfile=True, files=quick_files())
    commits(repository, *subjects)
    result = cli("changelog", "--part", "auto", cwd=repository.path)
    assert (result.code, result.out) == (2, "")
    assert f"error: --part auto: {said} what it changes." in result.err
    assert "Name the part: --part patch" in result.err


def test_a_way_that_cannot_work(make_repository: MakeRepository, cli: Cli) -> None:
    """A setting that the project does not fit is refused."""
    repository = with_files(make_repository, {}, '[tool.release]\nchangelog = "fragments"')
    result = cli("changelog", cwd=repository.path)
    assert result.code == 2
    assert "changelog is 'fragments', but neither towncrier nor scriv is configured." in result.err


def test_a_project_without_a_changelog(make_repository: MakeRepository, cli: Cli) -> None:
    """The task shows the commits all the same, and says that no changelog is written."""
    repository = make_repository(noxfile=True, files=quick_files())
    commits(repository, "Say more")
    result = cli("changelog", cwd=repository.path)
    assert result.code == 0, result.err
    assert "No changelog is written: NEWS.md has no headings of versions. The commits since v1.2.3:" in result.out
    assert "- Say more (" in result.out


def test_the_same_files_for_testpypi(make_repository: MakeRepository, cli: Cli, known: PypiServer) -> None:
    """For TestPyPI, the date of the section is that of HEAD."""
    repository = with_files(make_repository, {"CHANGELOG.md": KEEP})
    test = {"TEST_PYPI_REPOSITORY_URL": known.upload_url, "PYPI_TEST_TOKEN": known.token}
    result = cli(*MINOR, "--test", "--dry-run", cwd=repository.path, env=test)
    assert result.code == 0, result.err
    day = repository.git("log", "-1", "--format=%cs")
    assert f"+## [1.3.0] - {day}\n" in result.out
