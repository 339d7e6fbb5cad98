"""bump-my-version in a process of its own, run by this file's path; it gets ready at once, and then answers.

Its hooks are code of the project, which must not see our environment. Nothing here imports release_recipes, and no
commit, tag or push is made whatever the configuration says.
"""

import contextlib
import io
import json
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path

from bumpversion.bump import do_bump
from bumpversion.config import get_configuration
from bumpversion.exceptions import BumpVersionError
from bumpversion.show import do_show
from bumpversion.versioning.version_config import VersionConfig


def main() -> None:
    """Answer each line of standard input by one of output.

    A line is ``{"verb", "value", "folder", "file", "config", "hooks", "environment"}``. The answer has ``output`` (for
    ``show``: the whole configuration as JSON), or ``error``: what the user is told.
    """
    questions = os.fdopen(os.dup(0), encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # Hooks inherit these: whatever they print is no answer, and there is nothing for them to read.
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for line in questions:
        try:
            request = json.loads(line)
            os.environ.clear()
            os.environ.update(request.pop("environment"))
            with contextlib.chdir(request.pop("folder")):
                answer = {"output": _answer(**request)}
        except (BumpVersionError, OSError, ValueError) as error:
            answer = {"error": str(getattr(error, "message", "") or error)}
        except Exception as error:  # noqa: BLE001 - a bug of bump-my-version is told in a sentence, too
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


def _answer(verb: str, value: str, file: str, config: str, *, hooks: bool) -> str:
    """Return the configuration of the project here as JSON, or edit its version files.

    Args:
        verb: ``show``; ``raise`` for a part; ``set`` for a version.
        value: The part or the version; may be empty for ``show``.
        file: The project's own configuration; empty where one was made.
        config: The one that was made (TOML), or nothing.
        hooks: Whether the hooks run that come before a commit; those after one never do.
    """
    made = tomllib.loads(config)["tool"]["bumpversion"] if config else {}
    path = Path(file).absolute() if file else None
    if verb == "show":
        with contextlib.redirect_stdout(io.StringIO()) as shown, _untouched_index():
            do_show("all", config=get_configuration(path, **made), format_="json", increment=value or None)
        return shown.getvalue()
    made |= {"commit": False, "tag": False, "push_tag": False, "allow_dirty": True, "post_commit_hooks": []}
    if not hooks:
        made |= {"setup_hooks": [], "pre_commit_hooks": []}
    edits_only = get_configuration(path, **made)
    if verb == "set" and not _says(edits_only.version_config, value):
        # The project's parts have no place for what stands in this version: it is one part then.
        edits_only = get_configuration(path, **made | {"parse": "(?P<version>.+)", "serialize": ("{version}",)})
    part, version = (value, None) if verb == "raise" else (None, value)
    do_bump(part, version, edits_only, path)
    return ""


@contextlib.contextmanager
def _untouched_index() -> Iterator[None]:
    """Keep git, which bump-my-version asks for tags, from refreshing the index of the user's repository.

    git takes an index that is not there for an empty one, and cannot write to one whose folder is not there.
    """
    os.environ["GIT_INDEX_FILE"] = str(Path(__file__).with_name("no folder") / "index")
    try:
        yield
    finally:
        del os.environ["GIT_INDEX_FILE"]


def _says(config: VersionConfig, version: str) -> bool:
    """Say whether a version that is read and written by a project's parts is still the same."""
    try:
        parsed = config.parse(version)
        return parsed is not None and config.serialize(parsed, {}) == version
    except (BumpVersionError, KeyError, ValueError):
        return False


if __name__ == "__main__":
    main()
