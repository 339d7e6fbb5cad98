"""Settings: environment, then ``.env``, then ``[tool.release]``, then defaults; each knows its origin.

``.env`` is read without interpolation, and its values do not enter the process's environment. A token is no setting of
``pyproject.toml``: it comes from the environment, ``.env`` or the keyring, and only :func:`token` hands it out.
"""

from __future__ import annotations  # the types of settings are read as they are written

import difflib
import os
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from release_recipes.errors import InvalidSetting
from release_recipes.secrets.token import Token, ask_keyring, hold_environment, read_environment


@dataclass(frozen=True)
class Target:
    """An index: where distributions are uploaded, where it is asked about them, and as whom."""

    upload_address: str
    #: The root of the simple API, with a slash at its end.
    index_address: str
    username: str = "__token__"


#: The addresses of PyPI and TestPyPI stand in this module only.
PYPI = Target("https://upload.pypi.org/legacy/", "https://pypi.org/simple/")
TEST_PYPI = Target("https://test.pypi.org/legacy/", "https://test.pypi.org/simple/")

#: Where a user makes a token for them, by upload address.
TOKEN_PAGES = {
    PYPI.upload_address: "https://pypi.org/manage/account/token/",
    TEST_PYPI.upload_address: "https://test.pypi.org/manage/account/token/",
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


def _on(env: str, about: str) -> Any:  # noqa: ANN401 - as dataclasses.field
    return _setting(default=True, env=env, about=f"`false`: {about}")


def _off(env: str, about: str) -> Any:  # noqa: ANN401 - as dataclasses.field
    return _setting(default=False, env=env, about=f"`true`: {about}")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting under its name in ``[tool.release]``; ``docs/settings.md`` is made from this."""

    repository_url: str = _setting(PYPI.upload_address, "PYPI_REPOSITORY_URL", "Where distributions are uploaded.")
    test_repository_url: str = _setting(TEST_PYPI.upload_address, "TEST_PYPI_REPOSITORY_URL", "The same for `--test`.")
    index_url: str = _setting("", "PYPI_INDEX_URL", "The root of the simple API to ask; derived where it can be.")
    test_index_url: str = _setting("", "TEST_PYPI_INDEX_URL", "The same for `--test`.")
    username: str = _setting("__token__", "PYPI_USERNAME", "Who uploads; an index without tokens wants a user.")
    version: str = _setting("", "RELEASE_VERSION MCP_VERSION", "An explicit version to release; flags win.")
    auto_git_tag: bool = _on("AUTO_GIT_TAG", "the branch is pushed, no tag, no GitHub release.")
    run_tests_before_upload: bool = _on("RUN_TESTS_BEFORE_UPLOAD", "as `--skip-tests`.")
    clean_build_artifacts: bool = _on("CLEAN_BUILD_ARTIFACTS", "distributions stay in `dist/`.")
    verbose_output: bool = _off("VERBOSE_OUTPUT", "the tools' own output is shown as it comes.")
    remote: str = _setting("origin", "", "The git remote that is released to.")
    branches: tuple[str, ...] = _setting((), "", "Release branches, as patterns; `main`, or the remote's `master`.")
    version_files: tuple[str, ...] = _setting((), "", "Files with the version, where bump-my-version has no settings.")
    pre_release_hooks: tuple[tuple[str, ...], ...] = _setting((), "", "Commands run after the bump, without a shell.")
    test_sessions: tuple[str, ...] = _setting((), "", "Nox sessions that test; else `test` or `tests`.")
    build_session: str = _setting("build", "", "The Nox session that fills `dist/`.")
    tag: str = _setting("", "", "The tag's name; `v{version}`.")
    commit_message: str = _setting("", "", "The release commit's first line; `release: {tag}`.")
    commit_body: str = _setting("🤖 Generated with PyPI Release Automation", "", "Its body.")
    github_release: bool = _on("", "no GitHub release.")
    normalise_sdist: bool = _off("", "sdists are repacked so that two builds are the same bytes.")
    twine_strict: bool = _off("", "what `twine check --strict` adds stops a release, too.")
    try_install: str = _setting(
        "wheels", "", "What is installed into a fresh environment before the upload.", choices="wheels all off"
    )
    reproducible: str = _setting(
        "rehearse", "", "What a second build that differs does; by default it is made, and warns, in a rehearsal only.",
        choices="rehearse warn stop off",
    )  # fmt: skip
    skip_checks: tuple[str, ...] = _setting((), "", "Names of checks that are not made.")
    upload_workers: int = _setting(4, "", "How many files are uploaded at once, at the most.")
    #: Where each value came from: a variable's name, ``.env``, ``pyproject.toml`` or ``default``.
    origins: Mapping[str, str] = field(default_factory=dict)

    def origin(self, name: str) -> str:
        """Return where a value came from."""
        return self.origins.get(name, _DEFAULT)

    def target(self, *, test: bool) -> Target:
        """Return the index that a release goes to; with ``test`` TestPyPI, or what is set in its place."""
        upload, index = (
            (self.test_repository_url, self.test_index_url) if test else (self.repository_url, self.index_url)
        )
        return Target(upload, (index or derived_index(upload)).rstrip("/") + "/", self.username)


def derived_index(upload: str) -> str:
    """Return where to ask about what is uploaded to an address: known for PyPI, else ``/simple/`` beside it."""
    known = {target.upload_address.rstrip("/"): target.index_address for target in (PYPI, TEST_PYPI)}
    return known.get(upload.rstrip("/"), upload.rstrip("/") + "/simple/")


@dataclass(frozen=True)
class Sources:
    """The places that settings come from, each read once."""

    environment: Mapping[str, str]
    dotenv: Mapping[str, str]
    pyproject: Mapping[str, Any]

    def named(self, name: str) -> tuple[str, str] | None:
        """Return a variable's value and origin; an empty one is not set."""
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
        raise InvalidSetting(message, "Fix it at that place.") from None


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
        raise InvalidSetting(message, "Fix it, or give the settings as environment variables.") from None


def load(found: Sources) -> Settings:
    """Return the settings.

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
    _check_addresses(values)
    _check_choices(known, values)
    return Settings(**values, origins=origins)


def token(found: Sources, target: Target, *, test: bool = False) -> Token | None:
    """Return the token for an index, which knows its origin; ``None`` where there is none.

    Args:
        found: What the places hold. Where none has a token, the keyring is asked as twine would ask it.
        target: The index.
        test: Whether it is meant by ``--test``, for which there is a variable of its own.
    """
    if given := found.named(token_name(test=test)):
        return Token(*given)
    return ask_keyring(target.upload_address, target.username)


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
