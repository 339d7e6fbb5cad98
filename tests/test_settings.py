"""Settings: where each comes from, which place wins, and what is refused."""

import os
from pathlib import Path

import pytest

from release_recipes.errors import InvalidSetting, InvalidVersion, WrongUsage
from release_recipes.plan import Request, Wanted, wanted
from release_recipes.secrets.mask import MASK
from release_recipes.settings import PYPI, TEST_PYPI, Settings, Sources, hold_dotenv, load, sources, token


def read(environment: dict[str, str] | None = None, dotenv: dict[str, str] | None = None) -> Settings:
    """Return the settings that an environment and a `.env` give."""
    return load(Sources(environment or {}, dotenv or {}, {}))


def read_table(**table: object) -> Settings:
    """Return the settings that `[tool.release]` gives."""
    return load(Sources({}, {}, {"tool": {"release": table}}))


def test_the_user_of_testpypi() -> None:
    """The user name of a private index is none of TestPyPI, which knows only tokens; another test index gets it."""
    ours = {"username": "sam", "repository_url": "https://packages.example.org/"}
    users = [read_table(**ours).target(test=test).username for test in (False, True)]
    other = read_table(**ours, test_repository_url="https://test.example.org/").target(test=True)
    assert (users, other.username) == (["sam", "__token__"], "sam")


def test_the_defaults() -> None:
    """Where nobody says anything, a release goes to PyPI with tests, a tag and a cleaned-up folder."""
    settings = load(Sources({}, {}, {}))
    assert (settings.repository_url, settings.target(test=False).index_address) == (
        "https://upload.pypi.org/legacy/",
        "https://pypi.org/simple/",
    )
    assert (settings.test_repository_url, settings.target(test=True).index_address) == (
        "https://test.pypi.org/legacy/",
        "https://test.pypi.org/simple/",
    )
    assert (settings.username, settings.remote, settings.branches) == ("__token__", "", ())
    assert (settings.auto_git_tag, settings.run_tests_before_upload, settings.clean_build_artifacts) == (True,) * 3
    assert (settings.verbose_output, settings.version, settings.tag) == (False, "", "")
    assert (settings.upload_workers, settings.normalise_sdist, settings.install_after_release) == (4, True, False)
    assert settings.origin("repository_url") == "default"


@pytest.mark.parametrize(
    ("variable", "name", "value"),
    [
        ("PYPI_REPOSITORY_URL", "repository_url", "https://upload.example.org/"),
        ("TEST_PYPI_REPOSITORY_URL", "test_repository_url", "https://upload.example.org/"),
        ("PYPI_INDEX_URL", "index_url", "https://index.example.org/simple/"),
        ("TEST_PYPI_INDEX_URL", "test_index_url", "https://index.example.org/simple/"),
        ("PYPI_USERNAME", "username", "ada"),
        ("RELEASE_VERSION", "version", "2.0.0"),
        ("MCP_VERSION", "version", "2.0.0"),
        ("AUTO_GIT_TAG", "auto_git_tag", False),
        ("RUN_TESTS_BEFORE_UPLOAD", "run_tests_before_upload", False),
        ("CLEAN_BUILD_ARTIFACTS", "clean_build_artifacts", False),
        ("VERBOSE_OUTPUT", "verbose_output", True),
    ],
)
def test_the_variables(variable: str, name: str, value: str | bool) -> None:
    """Each variable sets its setting, from the environment and from `.env`, and the origin says which."""
    words = str(value).lower() if isinstance(value, bool) else value
    for settings, origin in (
        (read({variable: words}), f"environment {variable}"),
        (read({}, {variable: words}), f".env {variable}"),
        (read({variable: ""}, {variable: words}), f".env {variable}"),
    ):
        assert (getattr(settings, name), settings.origin(name)) == (value, origin)


def test_the_order_of_the_places() -> None:
    """The environment wins over `.env`, that over pyproject.toml, and that over the default."""
    found = Sources({}, {}, {"tool": {"release": {"repository_url": "https://toml.example.org/"}}})
    told = [load(found)]
    found = Sources({}, {"PYPI_REPOSITORY_URL": "https://dotenv.example.org/"}, found.pyproject)
    told.append(load(found))
    found = Sources({"PYPI_REPOSITORY_URL": "https://env.example.org/"}, found.dotenv, found.pyproject)
    told.append(load(found))
    assert [(settings.repository_url, settings.origin("repository_url")) for settings in told] == [
        ("https://toml.example.org/", "pyproject.toml"),
        ("https://dotenv.example.org/", ".env PYPI_REPOSITORY_URL"),
        ("https://env.example.org/", "environment PYPI_REPOSITORY_URL"),
    ]


@pytest.mark.parametrize("word", ["false", "False", "0", "no", "off", "FALSE"])
def test_the_words_for_no(word: str) -> None:
    """A switch is switched off by the words that people use for it, in any case."""
    assert read({"AUTO_GIT_TAG": word}).auto_git_tag is False


@pytest.mark.parametrize(
    ("upload", "index"),
    [
        ("https://upload.pypi.org/legacy", "https://pypi.org/simple/"),
        ("https://test.pypi.org/legacy/", "https://test.pypi.org/simple/"),
        ("http://localhost:8080/", "http://localhost:8080/simple/"),
        ("http://localhost:8080", "http://localhost:8080/simple/"),
        ("https://pkgs.example.org/team/", "https://pkgs.example.org/team/simple/"),
    ],
)
def test_the_index_is_derived(upload: str, index: str) -> None:
    """Where the index is asked follows from where files are uploaded, unless it is said."""
    assert read({"PYPI_REPOSITORY_URL": upload}).target(test=False).index_address == index
    said = {"PYPI_REPOSITORY_URL": upload, "PYPI_INDEX_URL": "https://mirror.example.org/simple"}
    assert read(said).target(test=False).index_address == "https://mirror.example.org/simple/"


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("branch", "Did you mean branches?"),
        ("version-files", "Did you mean version_files?"),
        ("pre_release_hook", "Did you mean pre_release_hooks?"),
        ("xyzzy", "See the list of settings: release-recipes explain settings"),
    ],
)
def test_an_unknown_key(key: str, hint: str) -> None:
    """A key of `[tool.release]` that there is not is an error that names the nearest one."""
    with pytest.raises(InvalidSetting) as caught:
        read_table(**{key: "anything"})
    assert (caught.value.message, caught.value.hint) == (f"[tool.release] has an unknown setting {key!r}.", hint)


@pytest.mark.parametrize("key", ["token", "pypi_api_token", "PYPI_API_TOKEN", "password"])
def test_a_token_in_pyproject(key: str) -> None:
    """A credential in a file that is committed is refused, and told to be revoked; its value is not told."""
    with pytest.raises(InvalidSetting) as caught:
        read_table(**{key: "pypi-AgEIcHlwaS5vcmc"})
    assert caught.value.message == (
        f"{key} is set in [tool.release], but pyproject.toml is committed and must not hold a credential."
    )
    assert caught.value.hint == "Remove it, revoke it, and put a new one into .env: PYPI_API_TOKEN=…"


@pytest.mark.parametrize(
    "address",
    [
        "https://ada:correct-horse@pkgs.example.org/",
        "https://ada@pkgs.example.org/",
        "https://:correct-horse@pkgs.example.org/",
        "https://pypi-AgEIcHlwaS5vcmc@pkgs.example.org/",
    ],
)
@pytest.mark.parametrize("variable", ["PYPI_REPOSITORY_URL", "TEST_PYPI_INDEX_URL"])
def test_an_address_with_a_password(address: str, variable: str) -> None:
    """An address that carries credentials is refused, without repeating them."""
    with pytest.raises(InvalidSetting, match="contains a user, a password") as caught:
        read({variable: address})
    assert "correct-horse" not in caught.value.message
    assert "AgEI" not in caught.value.message


@pytest.mark.parametrize("address", ["upload.pypi.org/legacy/", "ftp://pkgs.example.org/", "https:///legacy", "pypi"])
def test_an_address_that_is_none(address: str) -> None:
    """An address that nothing can be uploaded to is refused."""
    with pytest.raises(InvalidSetting, match="which is not a web address"):
        read({"PYPI_REPOSITORY_URL": address})


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"auto_git_tag": "perhaps"}, "auto_git_tag (pyproject.toml) is 'perhaps', which is not true or false."),
        ({"branches": "main"}, "branches (pyproject.toml) is 'main', which is not a list of strings."),
        ({"branches": ["main", 3]}, "branches (pyproject.toml) is ['main', 3], which is not a list of strings."),
        ({"upload_workers": 0}, "upload_workers (pyproject.toml) is 0, which is not a whole number above 0."),
        ({"upload_workers": True}, "upload_workers (pyproject.toml) is True, which is not a whole number above 0."),
        ({"tag": 3}, "tag (pyproject.toml) is 3, which is not a string."),
        ({"pre_release_hooks": [""]}, "pre_release_hooks (pyproject.toml) is [''], which is not a list of strings."),
        ({"test_command": "a 'b"}, """test_command (pyproject.toml) is "a 'b", which is not a list of strings."""),
        (
            {"pre_release_hooks": ["'"]},
            """pre_release_hooks (pyproject.toml) is ["'"], which is not a list of strings.""",
        ),
        (
            {"pre_release_hooks": "make"},
            "pre_release_hooks (pyproject.toml) is 'make', which is not a list of strings.",
        ),
    ],
)
def test_a_value_of_another_type(table: dict[str, object], message: str) -> None:
    """A value that cannot be used is refused, with what would be one."""
    with pytest.raises(InvalidSetting) as caught:
        read_table(**table)
    assert caught.value.message == message


def test_a_variable_of_another_type() -> None:
    """A variable that cannot be used is named as it was set."""
    with pytest.raises(InvalidSetting) as caught:
        read({"AUTO_GIT_TAG": "perhaps"})
    assert caught.value.message == "AUTO_GIT_TAG (environment) is 'perhaps', which is not true or false."


def test_hooks_are_words_and_never_a_shell() -> None:
    """A hook is a list of words, or a line that is split into them."""
    settings = read_table(pre_release_hooks=["python 'my hook.py' && true", ["make", "all"]])
    assert settings.pre_release_hooks == (("python", "my hook.py", "&&", "true"), ("make", "all"))


@pytest.mark.parametrize("table", [3, "text", ["list"]])
def test_a_table_that_is_none(table: object) -> None:
    """`release = 3` in `[tool]` is refused."""
    with pytest.raises(InvalidSetting, match="is not a table"):
        load(Sources({}, {}, {"tool": {"release": table}}))


# -- the files ---------------------------------------------------------------------------------------------------------


def test_dotenv_is_read_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in `.env` is interpolated, and nothing of it enters the process's environment."""
    (tmp_path / ".env").write_text(
        "# tokens\nexport PYPI_API_TOKEN='pypi-AgEI$x${HOME}end'\nPYPI_USERNAME=ada # who\nPYPI_TEST_TOKEN=\n",
        encoding="utf-8",
    )
    monkeypatch.delenv("PYPI_API_TOKEN", raising=False)
    found = sources(tmp_path)
    held = token(found, PYPI)
    assert held is not None
    assert held.reveal() == "pypi-AgEI$x${HOME}end"
    assert token(found, TEST_PYPI, test=True) is None
    assert load(found).username == "ada"
    assert not {"PYPI_API_TOKEN", "PYPI_USERNAME"} & os.environ.keys()


def test_the_environment_wins_over_dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that is exported is the one that is used; an empty one is none."""
    (tmp_path / ".env").write_text("PYPI_API_TOKEN=pypi-of-the-file\n", encoding="utf-8")
    for exported, used in (("pypi-of-the-shell", "pypi-of-the-shell"), (" ", "pypi-of-the-file")):
        monkeypatch.setenv("PYPI_API_TOKEN", exported)
        held = token(sources(tmp_path), PYPI)
        assert held is not None
        assert held.reveal() == used


def test_every_credential_of_dotenv_is_masked(tmp_path: Path) -> None:
    """A credential in `.env` that no task needs is masked like the one that is used; another value is not."""
    lines = ("PYPI_TEST_TOKEN=pypi-of-testpypi", "GITLAB_TOKEN=glpat-0123456789", "PYPI_USERNAME=ada-lovelace")
    (tmp_path / ".env").write_text("\n".join(lines), encoding="utf-8")
    sources(tmp_path)
    text = "pypi-of-testpypi glpat-0123456789 ada-lovelace"
    assert MASK(text) == "********** ********** ada-lovelace"


def test_a_dotenv_that_is_no_text(tmp_path: Path) -> None:
    """A `.env` that cannot be read is wrong usage, not an empty one."""
    (tmp_path / ".env").write_bytes(b"PYPI_API_TOKEN=\xff\xfe\n")
    with pytest.raises(InvalidSetting, match=r"^\.env cannot be read: "):
        sources(tmp_path)


@pytest.mark.parametrize("content", [b"[project\n", b"name = 'x'\nname = 'y'\n", b"x = '\xff'\n"])
def test_a_pyproject_that_is_no_toml(content: bytes, tmp_path: Path) -> None:
    """A broken pyproject.toml is told with the place where it breaks."""
    (tmp_path / "pyproject.toml").write_bytes(content)
    with pytest.raises(InvalidSetting, match=r"^pyproject\.toml cannot be read: "):
        sources(tmp_path)


# -- the version that is asked for -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "variables", "expected"),
    [
        (Request(), {}, ("patch", "", "default: patch")),
        (Request(part="minor"), {}, ("minor", "", "--part minor")),
        (
            Request(part="none"),
            {"RELEASE_VERSION": "2.0.0"},
            ("none", "", "--part none, over 2.0.0 of environment RELEASE_VERSION"),
        ),
        (
            Request(new_version="2.0.0rc1"),
            {"RELEASE_VERSION": "3.0.0"},
            ("", "2.0.0rc1", "--new-version, over 3.0.0 of environment RELEASE_VERSION"),
        ),
        (Request(), {"RELEASE_VERSION": "3.0.0"}, ("", "3.0.0", "environment RELEASE_VERSION")),
        (Request(), {"MCP_VERSION": "3.0.0"}, ("", "3.0.0", "environment MCP_VERSION")),
        (
            Request(),
            {"MCP_VERSION": "4.0.0", "RELEASE_VERSION": "4.0.0"},
            ("", "4.0.0", "environment RELEASE_VERSION"),
        ),
        (Request(new_version="v2.0.0"), {}, ("", "2.0.0", "--new-version")),
        (Request(new_version="2025.08.03"), {}, ("", "2025.08.03", "--new-version")),
    ],
)
def test_what_is_asked_for(request_: Request, variables: dict[str, str], expected: tuple[str, str, str]) -> None:
    """Flags win over variables, and the plan can say where the version came from; a tag's "v" is none of it."""
    assert wanted(request_, read(variables)) == Wanted(*expected)


def test_both_flags() -> None:
    """A part and a version exclude each other."""
    with pytest.raises(WrongUsage, match="--part and --new-version cannot be used together"):
        wanted(Request(part="minor", new_version="2.0.0"), read())


@pytest.mark.parametrize("version", ["two", "1.2.three", "1.2.3-x-y"])
def test_a_version_that_is_none(version: str) -> None:
    """An explicit version that is not one of PEP 440 is wrong usage, with where it came from."""
    with pytest.raises(InvalidVersion) as caught:
        wanted(Request(new_version=version), read())
    assert caught.value.message == f"{version!r} (from --new-version) is not a valid version (PEP 440)."
    with pytest.raises(InvalidVersion, match=r"from \.env MCP_VERSION"):
        wanted(Request(), read({}, {"MCP_VERSION": version}))


@pytest.mark.parametrize("here", [".", "packages/other"])
def test_the_env_of_a_package_that_is_named(here: str, tmp_path: Path) -> None:
    """It is held before git is asked, also from elsewhere in the repository; one that cannot be read is told later."""
    for folder in (".git", "packages/core", "packages/other"):
        (tmp_path / folder).mkdir(parents=True)
    token = f"a-password-{here}-of-a-private-index"
    (tmp_path / "packages/core/.env").write_text(f"PYPI_API_TOKEN={token}\n", encoding="utf-8")
    (tmp_path / ".env").write_text("no line of it\n", encoding="utf-8")
    hold_dotenv(tmp_path / here)
    assert not MASK.holds(token)
    hold_dotenv(tmp_path / here, "packages/core")
    assert MASK.holds(token)
