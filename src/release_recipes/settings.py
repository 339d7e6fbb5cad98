"""Settings: flags, then environment, then ``.env``, then ``[tool.release]``, then defaults; each knows its origin.

``.env`` is read without interpolation, and its values do not enter the process's environment. A token is no setting of
``pyproject.toml``: it comes from the environment, ``.env`` or the keyring, and only :func:`token` hands it out.
"""

from __future__ import annotations

import difflib
import os
import shlex
import tomllib
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from release_recipes.errors import InvalidSetting
from release_recipes.secrets.token import Token, ask_keyring, hold_environment, read_environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: The addresses of PyPI and TestPyPI stand in this module only: where files are uploaded, and where they are read.
PYPI = ("https://upload.pypi.org/legacy/", "https://pypi.org/simple/")
TEST_PYPI = ("https://test.pypi.org/legacy/", "https://test.pypi.org/simple/")

#: Where a person makes a token for them.
TOKEN_PAGES = {
    PYPI[0]: "https://pypi.org/manage/account/token/",
    TEST_PYPI[0]: "https://test.pypi.org/manage/account/token/",
}

_DEFAULT = "default"


def _setting(default: Any, env: str, about: str, choices: str = "") -> Any:  # noqa: ANN401 - as dataclasses.field
    """Describe one setting: its default, its names in the environment (the first wins), what it is for, its words."""
    words = tuple(choices.split())
    told = f"{about} One of {', '.join(f'`{word}`' for word in words)}." if words else about
    names = {"env": tuple(env.split()), "about": told, "choices": words}
    if isinstance(default, (list, tuple)):
        return field(default_factory=lambda: tuple(default), metadata=names)
    return field(default=default, metadata=names)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting under its name in ``[tool.release]``; ``docs/settings.md`` is made from this."""

    repository_url: str = _setting(PYPI[0], "PYPI_REPOSITORY_URL", "Where distributions are uploaded.")
    test_repository_url: str = _setting(TEST_PYPI[0], "TEST_PYPI_REPOSITORY_URL", "The same for `--test`.")
    index_url: str = _setting("", "PYPI_INDEX_URL", "The root of the simple API to ask; derived where it can be.")
    test_index_url: str = _setting("", "TEST_PYPI_INDEX_URL", "The same for `--test`.")
    username: str = _setting("__token__", "PYPI_USERNAME", "Who uploads; an index without tokens wants a user.")
    version: str = _setting("", "RELEASE_VERSION MCP_VERSION", "An explicit version to release; flags win.")
    auto_git_tag: bool = _setting(
        default=True, env="AUTO_GIT_TAG", about="`false`: the branch is pushed, no tag, no GitHub release."
    )
    run_tests_before_upload: bool = _setting(
        default=True, env="RUN_TESTS_BEFORE_UPLOAD", about="`false`: as `--skip-tests`."
    )
    clean_build_artifacts: bool = _setting(
        default=True, env="CLEAN_BUILD_ARTIFACTS", about="`false`: distributions stay in `dist/`."
    )
    verbose_output: bool = _setting(
        default=False, env="VERBOSE_OUTPUT", about="`true`: the tools' own output is shown as it comes."
    )
    remote: str = _setting("origin", "", "The git remote that is released to.")
    branches: tuple[str, ...] = _setting((), "", "Release branches, as patterns; `main`, or the remote's `master`.")
    version_files: tuple[str, ...] = _setting((), "", "Files with the version, where bump-my-version has no settings.")
    pre_release_hooks: tuple[tuple[str, ...], ...] = _setting((), "", "Commands run after the bump, without a shell.")
    test_sessions: tuple[str, ...] = _setting((), "", "Nox sessions that test; else `test` or `tests`.")
    build_session: str = _setting("build", "", "The Nox session that fills `dist/`.")
    tag: str = _setting("", "", "The tag's name; `v{version}`.")
    commit_message: str = _setting("", "", "The release commit's first line; `release: {tag}`.")
    commit_body: str = _setting("🤖 Generated with PyPI Release Automation", "", "Its body.")
    github_release: bool = _setting(default=True, env="", about="`false`: no GitHub release.")
    normalise_sdist: bool = _setting(
        default=False, env="", about="`true`: sdists are repacked so that two builds are the same bytes."
    )
    twine_strict: bool = _setting(
        default=False, env="", about="`true`: what `twine check --strict` adds stops a release, too."
    )
    try_install: str = _setting(
        "wheels", "", "What is installed into a fresh environment before the upload.", choices="wheels all off"
    )
    reproducible: str = _setting(
        "rehearse", "", "What a second build that differs does; by default it is made, and warns, in a rehearsal only.",
        choices="rehearse warn stop off",
    )  # fmt: skip
    skip_checks: tuple[str, ...] = _setting((), "", "Names of checks that are not made.")
    upload_workers: int = _setting(8, "", "How many files are uploaded at once, at the most.")
    #: Where each value came from: ``--flag``, a variable's name, ``.env``, ``pyproject.toml`` or ``default``.
    origins: Mapping[str, str] = field(default_factory=dict)

    def origin(self, name: str) -> str:
        """Return where a value came from."""
        return self.origins.get(name, _DEFAULT)

    def upload_address(self, *, test: bool) -> str:
        """Return where distributions are uploaded."""
        return self.test_repository_url if test else self.repository_url

    def index_address(self, *, test: bool) -> str:
        """Return the root of the simple API that belongs to the upload address, with a slash at its end."""
        explicit, upload = (self.test_index_url, self.upload_address(test=test)) if test else (
            self.index_url, self.upload_address(test=test)
        )  # fmt: skip
        return (explicit or derived_index(upload)).rstrip("/") + "/"


def derived_index(upload: str) -> str:
    """Return where to ask about what is uploaded to an address: known for PyPI, else ``/simple/`` beside it."""
    known = {address.rstrip("/"): index for address, index in (PYPI, TEST_PYPI)}
    return known.get(upload.rstrip("/"), upload.rstrip("/") + "/simple/")


@dataclass(frozen=True)
class Sources:
    """The places that settings come from, each read once."""

    environment: Mapping[str, str]
    dotenv: Mapping[str, str]
    pyproject: Mapping[str, Any]

    def named(self, name: str) -> tuple[str, str] | None:
        """Return a variable's value and origin; an empty one counts as not set."""
        for values, origin in ((self.environment, f"environment {name}"), (self.dotenv, f".env {name}")):
            if values.get(name, "").strip():
                return values[name].strip(), origin
        return None


def read_pyproject(root: Path) -> dict[str, Any]:
    """Return the project's ``pyproject.toml``; empty where there is none.

    Raises:
        InvalidSetting: It is not TOML.
    """
    path = root / "pyproject.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"pyproject.toml cannot be read: {error}."
        raise InvalidSetting(message, "Mend it at that place.") from None


def sources(root: Path) -> Sources:
    """Read every place that settings come from; the credentials in them are masked from now on.

    Raises:
        InvalidSetting: A file among them cannot be read.
    """
    filled = _dotenv(root / ".env")
    hold_environment(filled)
    return Sources(read_environment(), filled, read_pyproject(root))


def _dotenv(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    from dotenv import dotenv_values

    try:
        return {name: value for name, value in dotenv_values(path, interpolate=False).items() if value}
    except (OSError, UnicodeDecodeError) as error:
        message = f".env cannot be read: {error}."
        raise InvalidSetting(message, "Mend it, or give the settings as environment variables.") from None


def load(found: Sources, flags: Mapping[str, str] | None = None) -> Settings:
    """Return the settings.

    Args:
        found: What the places hold.
        flags: Values from the command line, under the names of ``[tool.release]``.

    Raises:
        InvalidSetting: A key of ``[tool.release]`` is unknown, or a value cannot be used.
    """
    known = {f.name: f for f in fields(Settings) if f.name != "origins"}
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for name, value in _table(found.pyproject, known).items():
        values[name], origins[name] = _typed(name, value, str(known[name].type), "pyproject.toml"), "pyproject.toml"
    for name, described in known.items():
        for variable in described.metadata["env"]:
            if given := found.named(variable):
                values[name], origins[name] = _typed(variable, given[0], str(described.type), given[1]), given[1]
                break
    for name, value in (flags or {}).items():
        values[name], origins[name] = value, f"--{name.replace('_', '-')}"
    _check_addresses(values)
    _check_choices(known, values)
    return Settings(**values, origins=origins)


def token(found: Sources, *, test: bool, address: str = "", username: str = "") -> Token | None:
    """Return the token for the index in question, which knows its origin; ``None`` where there is none.

    Args:
        found: What the places hold. Where none has a token, the keyring is asked as twine would ask it.
        test: Whether TestPyPI's is meant.
        address: The upload address of a record; else that of the settings.
        username: Its user; likewise.
    """
    if given := found.named(token_name(test=test)):
        return Token(*given)
    settings = load(found)
    return ask_keyring(address or settings.upload_address(test=test), username or settings.username)


def token_name(*, test: bool) -> str:
    """Return the variable that holds the token for the index in question."""
    return "PYPI_TEST_TOKEN" if test else "PYPI_API_TOKEN"


def _table(pyproject: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``[tool.release]``, once each of its keys is known."""
    table = pyproject.get("tool", {}).get("release", {})
    if not isinstance(table, dict):
        message = "[tool.release] in pyproject.toml is not a table."
        raise InvalidSetting(message, "Write it as a table: [tool.release]")
    for key in table:
        if "token" in key.lower() or "password" in key.lower():
            message = f"{key} in [tool.release]: pyproject.toml is committed, and no place for a credential."
            raise InvalidSetting(message, "Take it out, revoke it, and put the new one into .env (PYPI_API_TOKEN=…).")
        if key not in known:
            near = difflib.get_close_matches(key.replace("-", "_").lower(), known, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]}?" if near else "The keys are listed in docs/settings.md."
            raise InvalidSetting(f"There is no setting {key!r} in [tool.release].", hint)
    return table


_BOOLEANS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def _typed(name: str, value: Any, kind: str, origin: str) -> Any:  # noqa: ANN401 - one return a kind
    """Return a value in the type of its setting.

    Raises:
        InvalidSetting: It is not of that type.
    """
    match kind, value:
        case "bool", bool():
            return value
        case "bool", str() if value.lower() in _BOOLEANS:
            return _BOOLEANS[value.lower()]
        case "int", int() if not isinstance(value, bool) and value > 0:
            return value
        case "str", str():
            return value
        case "tuple[str, ...]", list() if all(isinstance(item, str) for item in value):
            return tuple(value)
        case "tuple[tuple[str, ...], ...]", list() if value == [] or all(_is_command(item) for item in value):
            return tuple(tuple(shlex.split(item) if isinstance(item, str) else item) for item in value)
    wanted = {"bool": "true or false", "int": "a whole number above 0", "str": "a string"}.get(
        kind, "a list of strings"
    )
    message = f"{name} ({origin.split(maxsplit=1)[0]}) is {value!r}, which is not {wanted}."
    raise InvalidSetting(message, f"Give {name} as {wanted}.")


def _is_command(item: object) -> bool:
    """Say whether an entry of ``pre_release_hooks`` is a command: a line, or a list of words."""
    return bool(item) and (isinstance(item, str) or (isinstance(item, list) and all(isinstance(w, str) for w in item)))


def _check_choices(known: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Refuse a word that is none of those that a setting takes."""
    for name, value in values.items():
        choices = known[name].metadata["choices"]
        if choices and value not in choices:
            raise InvalidSetting(f"{name} is {value!r}, which is no choice.", f"Give one of {', '.join(choices)}.")


def _check_addresses(values: Mapping[str, Any]) -> None:
    """Refuse an address that no upload could go to, or that carries a password."""
    for name in ("repository_url", "test_repository_url", "index_url", "test_index_url"):
        address = values.get(name, "")
        parts = urlsplit(address)
        if parts.password or (parts.username and "@" in parts.netloc):
            message = f"{name} carries a user or a password, which would stand in every log."
            raise InvalidSetting(message, "Take it out; give PYPI_USERNAME and PYPI_API_TOKEN.")
        if address and (parts.scheme not in {"http", "https"} or not parts.hostname):
            raise InvalidSetting(
                f"{name} is {address!r}, which is no web address.", "Give one with http:// or https://"
            )


def example() -> str:
    """Return where the token goes, for whoever has none yet."""
    return f"cp .env.example .env{'' if os.name == 'nt' else ' && chmod 600 .env'}"
