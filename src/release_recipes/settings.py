"""Settings: from the environment, ``.env``, ``[tool.release]`` or defaults, in this order; each knows its origin.

``.env`` is read without interpolation, and its values do not enter the process's environment. A token is not a
setting of ``pyproject.toml``: it comes from the environment, ``.env`` or the keyring; only :func:`token` returns it.
"""

from __future__ import annotations  # the types of settings are read as they are written

import contextlib
import difflib
import os
import re
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from release_recipes.errors import InvalidSetting, typed
from release_recipes.secrets.token import Token, ask_keyring, hold_environment, read_environment


@dataclass(frozen=True)
class Target:
    """An index: the address for uploads, the address of its simple API, and the user."""

    upload_address: str
    #: The root of the simple API, with a slash at its end.
    index_address: str
    username: str = "__token__"


#: Only this module contains the addresses of PyPI and TestPyPI.
PYPI = Target("https://upload.pypi.org/legacy/", "https://pypi.org/simple/")
TEST_PYPI = Target("https://test.pypi.org/legacy/", "https://test.pypi.org/simple/")

#: The hosts of PyPI and TestPyPI by upload address; each token contains that of its index.
HOSTS = {PYPI.upload_address: "pypi.org", TEST_PYPI.upload_address: "test.pypi.org"}

#: The pages on which a user creates a token, by upload address.
TOKEN_PAGES = {address: f"https://{host}/manage/account/token/" for address, host in HOSTS.items()}

#: Where a user registers a trusted publisher, by upload address: below it, for a project or for the account.
PUBLISHER_PAGES = {address: f"https://{host}/manage/" for address, host in HOSTS.items()}

#: The index address by upload address; that of another index is ``/simple/`` below its upload address.
_INDEXES = {target.upload_address: target.index_address for target in (PYPI, TEST_PYPI)}

#: The origin of a setting that the packages of a repository share.
SHARED = "pyproject.toml at the top"


def _setting(default: Any, about: str, env: str = "", choices: str = "") -> Any:  # noqa: ANN401 - as dataclasses.field
    """Describe a setting: its default, its purpose, its environment variables (the first wins), and its values."""
    words = tuple(choices.split())
    told = f"{about} One of {', '.join(f'`{word}`' for word in words)}." if words else about
    return field(default=default, metadata={"env": tuple(env.split()), "about": told, "choices": words})


def _on(about: str, env: str = "") -> Any:  # noqa: ANN401 - as dataclasses.field
    return _setting(default=True, about=f"`false`: {about}", env=env)


def _off(about: str, env: str = "") -> Any:  # noqa: ANN401 - as dataclasses.field
    return _setting(default=False, about=f"`true`: {about}", env=env)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting under its name in ``[tool.release]``; ``docs/settings.md`` is made from this."""

    repository_url: str = _setting(
        PYPI.upload_address, "The address that distributions are uploaded to.", "PYPI_REPOSITORY_URL"
    )
    test_repository_url: str = _setting(TEST_PYPI.upload_address, "The same for `--test`.", "TEST_PYPI_REPOSITORY_URL")
    index_url: str = _setting(
        "", "The root of the index's simple API; derived from the upload address by default.", "PYPI_INDEX_URL"
    )
    test_index_url: str = _setting("", "The same for `--test`.", "TEST_PYPI_INDEX_URL")
    username: str = _setting(
        "__token__", "The user that uploads; set it for an index that does not use tokens.", "PYPI_USERNAME"
    )
    version: str = _setting("", "The version to release, unless a flag says otherwise.", "RELEASE_VERSION MCP_VERSION")
    auto_git_tag: bool = _on("only the branch is pushed; no tag and no GitHub release are made.", "AUTO_GIT_TAG")
    run_tests_before_upload: bool = _on("the tests are skipped, as with `--skip-tests`.", "RUN_TESTS_BEFORE_UPLOAD")
    clean_build_artifacts: bool = _on(
        "the distributions are kept in `dist/` after the release.", "CLEAN_BUILD_ARTIFACTS"
    )
    verbose_output: bool = _off("the output of the tools is shown while they run.", "VERBOSE_OUTPUT")
    remote: str = _setting(
        "", "The git remote to push to; by default the remote that git pushes the branch to, or `origin`."
    )
    branches: tuple[str, ...] = _setting(
        (), "Patterns of the branches to release from; by default the remote's default branch, or `main`."
    )
    version_files: tuple[str, ...] = _setting(
        (), "Further files that contain the version, besides those in which it is surely the project's own. Not used "
        "if bump-my-version is configured.",
    )  # fmt: skip
    left_alone: tuple[str, ...] = _setting((), "Files in which the version is neither changed nor looked for.")
    pre_release_hooks: tuple[tuple[str, ...], ...] = _setting((), "Commands to run after the bump, without a shell.")
    test_sessions: tuple[str, ...] = _setting((), "Nox sessions that run the tests; by default `test` or `tests`.")
    test_command: tuple[str, ...] = _setting(
        (), "The command that runs the tests, one string or its words; by default it is [found](how-it-works.md#tests)."
    )
    build_session: str = _setting("build", "The Nox session that fills `dist/`; empty to build without nox.")
    tag: str = _setting(
        "", "The name of the tag, such as `v{version}`; by default like the tags that exist. If there are none, it is "
        "`v{version}`, or `{name}-v{version}` in a folder of a repository with several packages.",
    )  # fmt: skip
    commit_message: str = _setting("", "The first line of the release commit's message; by default `release: {tag}`.")
    commit_body: str = _setting("", "The body of the release commit's message, such as a trailer.")
    changelog: str = _setting(
        "auto", "How the [changelog](changelog.md) gets the section of a release: `keep`, it is written by hand; "
        "`fragments`, by towncrier or scriv; `generate`, from the commits by git-cliff; `auto`, as the project has it.",
        choices="auto keep fragments generate off",
    )  # fmt: skip
    after_release: str = _setting(
        "none", "`dev`: a second commit in the same push sets the next development version, such as 1.3.0.dev0.",
        choices="none dev",
    )  # fmt: skip
    install_after_release: bool = _off(
        "the released version is installed from the index at the end; a failure is a warning."
    )
    github_release: bool = _on("no GitHub release is made.")
    publish: str = _setting(
        "here", "What publishes: with `ci`, the tag is pushed, and [CI publishes on it]"
        "(how-it-works.md#published-by-ci), which is watched.", "RELEASE_PUBLISH", choices="here ci",
    )  # fmt: skip
    normalise_sdist: bool = _on(
        "sdists stay as the build backend packs them; by default they are repacked, so that two builds are identical."
    )
    twine_strict: bool = _off("the warnings of `twine check` stop a release, as with `--strict`.")
    try_install: str = _setting(
        "wheels", "Distributions to install into a new environment before the upload.", choices="wheels all off"
    )
    reproducible: str = _setting(
        "rehearse", "Build twice and compare: `rehearse` only warns, in rehearsals.", choices="rehearse warn stop off"
    )
    wheels: str = _setting(
        "local", "Wheels to release: `local` is what is built here, without what PyPI refuses and auditwheel cannot "
        "repair.", "RELEASE_WHEELS", choices="local none",
    )  # fmt: skip
    expect: tuple[str, ...] = _setting(
        (), "The files of a release, as patterns: `sdist`, or the tags in the name of a wheel, such as"
        " `cp311-*-manylinux*_x86_64*`. Each pattern needs a file, and each file a pattern.",
    )  # fmt: skip
    trusted_publishing: str = _setting(
        "auto", "Whether a token is made by [Trusted Publishing](secrets.md#trusted-publishing): `auto` in CI, for "
        "PyPI and TestPyPI, if no token is set; `always` for any index, and no other token is used.",
        "PYPI_TRUSTED_PUBLISHING", choices="auto always never",
    )  # fmt: skip
    attestations: bool = _on(
        "files that are uploaded to PyPI by Trusted Publishing have no attestations (PEP 740). `true`: those for "
        "another index have them, too; they are public.",
        "PYPI_ATTESTATIONS",
    )
    skip_checks: tuple[str, ...] = _setting((), "Names of checks to skip.")
    upload_workers: int = _setting(4, "The largest number of files to upload in parallel.")
    #: Where each value came from: a variable's name, ``.env``, ``pyproject.toml``, :data:`SHARED` or ``default``.
    origins: Mapping[str, str] = field(default_factory=dict)

    def origin(self, name: str) -> str:
        """Return the origin of a value."""
        return self.origins.get(name, "default")

    def by_ci(self, *, test: bool) -> bool:
        """Return whether CI publishes a release; what goes to TestPyPI is always published here."""
        return self.publish == "ci" and not test

    def target(self, *, test: bool) -> Target:
        """Return the index of a release; with ``test``, the index for ``--test``, which is TestPyPI by default."""
        upload = self.test_repository_url if test else self.repository_url
        index = self.test_index_url if test else self.index_url
        index = index or _INDEXES.get(upload) or f"{upload.rstrip('/')}/simple/"
        user = Target.username if upload == TEST_PYPI.upload_address else self.username
        return Target(upload, index.rstrip("/") + "/", user)


def private(*targets: Target) -> tuple[str, ...]:
    """Return the addresses of the indexes that are not for everyone; on PyPI and TestPyPI, anyone may have any name."""
    addresses = dict.fromkeys(target.index_address for target in targets)
    return tuple(address for address in addresses if address not in {PYPI.index_address, TEST_PYPI.index_address})


@dataclass(frozen=True)
class Sources:
    """The sources of settings, each read once."""

    environment: Mapping[str, str]
    dotenv: Mapping[str, str]
    pyproject: Mapping[str, Any]
    #: That at the top of the repository, if it is no package itself: the packages share its ``[tool.release]``.
    shared: Mapping[str, Any] = field(default_factory=dict)

    def named(self, name: str) -> tuple[str, str] | None:
        """Return a variable's value and origin; an empty variable is not set."""
        for values, origin in ((self.environment, f"environment {name}"), (self.dotenv, f".env {name}")):
            if values.get(name, "").strip():
                return values[name].strip(), origin
        return None

    def misspelled(self) -> list[tuple[str, str]]:
        """Return the unknown names in ``.env`` that are similar to a known name, each with that name."""
        known = [name for each in fields(Settings) for name in each.metadata.get("env", ())]
        known += [token_name(test=test) for test in (False, True)]
        unknown = [name for name in self.dotenv if name not in known]
        return [(name, near) for name in unknown for near in difflib.get_close_matches(name.upper(), known, 1, 0.8)]


def read_pyproject(root: Path) -> dict[str, Any]:
    """Return the project's ``pyproject.toml``; empty if it does not exist.

    Raises:
        InvalidSetting: It is not TOML.
    """
    path = root / "pyproject.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message, at = f"pyproject.toml cannot be read: {error}.", re.search(r"at line (\d+)", str(error))
        hint, line = "Fix the TOML at that position.", int(at[1]) if at else 0
        raise InvalidSetting(message, hint, file=_in_repository(path), line=line) from None


def _in_repository(path: Path) -> str:
    """Return the path of a file relative to the repository around it, with slashes."""
    top = next((folder for folder in path.parents if (folder / ".git").exists()), path.parent)
    return path.relative_to(top).as_posix()


def sources(root: Path, top: Path | None = None) -> Sources:
    """Read every source of settings; the credentials in them are masked from now on.

    Args:
        root: The project's folder.
        top: The repository's, if that is another one.

    Raises:
        InvalidSetting: A file cannot be read.
    """
    filled = _dotenv(dotenv_folder(root, top or root) / ".env")
    hold_environment(filled)
    return Sources(read_environment(), filled, read_pyproject(root))


def hold_dotenv(folder: Path, named: str = "") -> None:
    """Mask the credentials of each ``.env`` that may be read: before a process is started, which may get a copy.

    Args:
        folder: The current folder; those around it are looked at, too, up to the top of the repository.
        named: The project's folder, relative to the current folder or to the repository's; empty if it is not named.
    """
    around = [folder, *folder.parents]
    top = next((number for number, each in enumerate(around) if (each / ".git").exists()), 0)
    for each in dict.fromkeys([*around[: top + 1], folder / named, around[top] / named]):
        with contextlib.suppress(InvalidSetting):  # it is told when the settings are read
            hold_environment(_dotenv(each / ".env"))


def dotenv_folder(root: Path, top: Path) -> Path:
    """Return the folder whose ``.env`` is read: the repository's if the project's has none."""
    return root if (root / ".env").is_file() or not (top / ".env").is_file() else top


def _dotenv(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    from dotenv.parser import parse_stream

    try:
        with path.open(encoding="utf-8") as file:
            lines = list(parse_stream(file))
    except (OSError, UnicodeDecodeError) as error:
        message = f".env cannot be read: {error}."
        hint = "Fix the file, or set environment variables instead."
        raise InvalidSetting(message, hint, file=_in_repository(path)) from None
    for line in lines:
        if line.error or (line.key and line.value is None):
            text = line.original.string  # the empty lines before it are a part of it
            at = line.original.line + text[: len(text) - len(text.lstrip())].count("\n")
            message = f"Line {at} of .env cannot be read."  # the line itself may contain a token
            hint = "Write each line as NAME=value, and quote a value that has spaces."
            raise InvalidSetting(message, hint, file=_in_repository(path), line=at)
    return {line.key: line.value for line in lines if line.key and line.value}


def load(found: Sources) -> Settings:
    """Return the settings.

    Raises:
        InvalidSetting: A key of ``[tool.release]`` is unknown, or a value cannot be used.
    """
    known = {f.name: f for f in fields(Settings) if f.name != "origins"}
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for pyproject, origin in ((found.shared, SHARED), (found.pyproject, "pyproject.toml")):
        for name, value in _table(pyproject, known).items():
            values[name], origins[name] = _typed(name, value, str(known[name].type), origin), origin
    for name, described in known.items():
        told = [(variable, *given) for variable in described.metadata["env"] if (given := found.named(variable))]
        for variable, value, origin in told[:1]:
            values[name], origins[name] = _typed(variable, value, str(described.type), origin), origin
        if len({value for _, value, _ in told}) > 1:
            message = f"{' and '.join(f'{variable} ({value})' for variable, value, _ in told)} contradict each other."
            raise InvalidSetting(message, "Set one of them.")
    _check_addresses(values)
    _check_choices(known, values)
    for name in {"repository_url", "test_repository_url"} & values.keys():
        values[name] = _as_pypi_spells_it(values[name])
    return Settings(**values, origins=origins)


def token(found: Sources, target: Target, *, test: bool = False, keyring: bool = True) -> Token | None:
    """Return the token for an index; ``None`` if there is none.

    Args:
        found: The sources.
        target: The index.
        test: Whether it is for ``--test``, which has its own variable.
        keyring: Whether the keyring is asked if no source has a token, as twine does.
    """
    given = found.named(token_name(test=test))
    if given and not is_placeholder(given[0]):
        return Token(*given)
    return ask_keyring(target.upload_address, target.username) if keyring else None


def is_placeholder(value: str) -> bool:
    """Return whether a value is a placeholder, such as ``pypi-your-token-here``."""
    return bool(_PLACEHOLDER.fullmatch(value))


_PLACEHOLDER = re.compile(
    r"(pypi-)?([-_.…x*]+|<.*>|.*(\.\.\.|…).*|(.*[-_ ])?(your|change-?me|replace|insert)([-_ ].*)?)",
    re.IGNORECASE,
)


def token_name(*, test: bool) -> str:
    """Return the name of the variable for the token."""
    return "PYPI_TEST_TOKEN" if test else "PYPI_API_TOKEN"


def _table(pyproject: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``[tool.release]``; each of its keys is known."""
    table = pyproject.get("tool", {}).get("release", {})
    if not isinstance(table, dict):
        message = "[tool.release] in pyproject.toml is not a table."
        raise InvalidSetting(message, "Write it as a table: [tool.release]")
    for key in table:
        if "token" in key.lower() or "password" in key.lower():
            message = f"{key} is set in [tool.release], but pyproject.toml is committed and must not hold a credential."
            raise InvalidSetting(message, "Remove it, revoke it, and put a new one into .env: PYPI_API_TOKEN=…")
        if key not in known:
            near = difflib.get_close_matches(key.replace("-", "_").lower(), known, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]}?" if near else f"See the list of settings: {typed('explain', 'settings')}"
            raise InvalidSetting(f"[tool.release] has an unknown setting {key!r}.", hint)
    return table


_BOOLEANS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


#: What a value has to be, by the type of its setting; the others are lists.
_WANTED = {"bool": "true or false", "int": "a whole number above 0", "str": "a string"}


def _typed(name: str, value: Any, kind: str, origin: str) -> Any:  # noqa: ANN401, PLR0911 - one return a kind
    """Return a value in the type of its setting.

    Raises:
        InvalidSetting: It is not of that type.
    """
    with contextlib.suppress(ValueError):  # a quote that is not closed
        match kind, value:
            case "bool", bool():
                return value
            case "bool", str() if value.lower() in _BOOLEANS:
                return _BOOLEANS[value.lower()]
            case "int", int() if not isinstance(value, bool) and value > 0:
                return value
            case "tuple[str, ...]", str() if name == "test_command":
                return tuple(shlex.split(value))
            case "str", str():
                return value
            case "tuple[str, ...]", list() if all(isinstance(item, str) for item in value):
                return tuple(value)
            case "tuple[tuple[str, ...], ...]", list() if value == [] or all(_is_command(item) for item in value):
                return tuple(tuple(shlex.split(item) if isinstance(item, str) else item) for item in value)
    wanted = _WANTED.get(kind, "a list of strings")
    message = f"{name} ({origin.split(maxsplit=1)[0]}) is {value!r}, which is not {wanted}."
    raise InvalidSetting(message, f"Set {name} to {wanted}.")


def _is_command(item: object) -> bool:
    """Return whether a value is a command: a line, or a list of words."""
    return bool(item) and (isinstance(item, str) or (isinstance(item, list) and all(isinstance(w, str) for w in item)))


def _check_choices(known: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Refuse a value that is not one of a setting's choices."""
    for name, value in values.items():
        choices = known[name].metadata["choices"]
        if choices and value not in choices:
            raise InvalidSetting(
                f"{name} is {value!r}, which is not one of its values.", f"Use one of {', '.join(choices)}."
            )


def _check_addresses(values: Mapping[str, Any]) -> None:
    """Refuse an address that cannot be used, or that may contain a password; the latter is not shown."""
    for name in ("repository_url", "test_repository_url", "index_url", "test_index_url"):
        address = values.get(name, "")
        if {"@", "?", "#"} & set(address):
            message = f"{name} contains a user, a password or a query, which would appear in every log."
            raise InvalidSetting(message, "Remove it, and set PYPI_USERNAME and PYPI_API_TOKEN instead.")
        if address and not _is_web_address(address):
            message = f"{name} is {address!r}, which is not a web address."
            raise InvalidSetting(message, "Use an address that starts with https:// or http://")


def _as_pypi_spells_it(address: str) -> str:
    """Return an upload address as it is; that of PyPI or TestPyPI, with a slash more or less, as they write it."""
    parts = urlsplit(address)
    for official in HOSTS:
        theirs = urlsplit(official)
        if (parts.hostname, parts.path.strip("/")) == (theirs.hostname, theirs.path.strip("/")):
            return official
    return address


def _is_web_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def where_to_put(name: str, root: Path, top: Path) -> str:
    """Return the command to set a token, for the files that exist, with their paths from the current folder.

    Args:
        name: The token's name.
        root: The project's folder.
        top: The repository's.
    """
    if (filled := dotenv_folder(root, top) / ".env").is_file():
        return f"Put {name}=… into {_from_here(filled, top)}"
    example = next((each for folder in (root, top) if (each := folder / ".env.example").is_file()), None)
    path = _from_here((example or filled).with_name(".env"), top)
    if example:
        private = "" if os.name == "nt" else f" && chmod 600 {path}"
        return f"cp {_from_here(example, top)} {path}{private}, then put {name}=… there"
    return f"echo {name}=… > {path}" if os.name == "nt" else f"(umask 077; echo '{name}=…' > {path})"


def _from_here(path: Path, top: Path) -> str:
    """Return a path as it is typed in the current folder; from elsewhere than the repository, only its name."""
    here, there = Path.cwd().resolve(), path.resolve()
    return shlex.quote(os.path.relpath(there, here)) if here.is_relative_to(top.resolve()) else path.name
