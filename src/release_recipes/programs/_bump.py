"""bump-my-version in a separate process, which is run by the path of this file; it imports it, and answers requests.

Its hooks are code of the project, which must not see our environment. Nothing here imports release_recipes, and no
commit, tag or push is made, whatever the configuration says.
"""

import contextlib
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

from bumpversion.bump import do_bump
from bumpversion.config import get_configuration
from bumpversion.exceptions import BumpVersionError
from bumpversion.show import do_show
from bumpversion.versioning.version_config import VersionConfig


def main() -> None:
    """Answer each line of standard input with a line of output.

    A line is ``{"verb", "value", "folder", "file", "hooks", "environment"}``. The answer has ``output`` (for
    ``show``: the whole configuration as JSON), or ``error``: the message for the user.
    """
    questions = os.fdopen(os.dup(0), encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # Hooks inherit these: their output is not an answer, and they have nothing to read.
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
        except Exception as error:  # noqa: BLE001 - a bug of bump-my-version is an error message, too
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


def _answer(verb: str, value: str, file: str, *, hooks: bool) -> str:
    """Return the configuration of the project as JSON, or edit its version files.

    Args:
        verb: ``show``; ``raise`` for a part; ``set`` for a version.
        value: The part or the version; may be empty for ``show``.
        file: The project's configuration.
        hooks: Whether setup hooks and pre-commit hooks run; post-commit hooks never do.
    """
    path = Path(file).absolute()
    if verb == "show":
        with contextlib.redirect_stdout(io.StringIO()) as shown, _untouched_index():
            do_show("all", config=get_configuration(path), format_="json", increment=value or None)
        return shown.getvalue()
    made: dict[str, object] = {
        "commit": False,
        "tag": False,
        "push_tag": False,
        "allow_dirty": True,
        "post_commit_hooks": [],
    }
    if not hooks:
        made |= {"setup_hooks": [], "pre_commit_hooks": []}
    edits_only = get_configuration(path, **made)
    if verb == "set" and not _says(edits_only.version_config, value):
        # The parts of the project cannot express this version, so it becomes a single part.
        edits_only = get_configuration(path, **made | {"parse": "(?P<version>.+)", "serialize": ("{version}",)})
    part, version = (value, None) if verb == "raise" else (None, value)
    do_bump(part, version, edits_only, path)
    return ""


@contextlib.contextmanager
def _untouched_index() -> Iterator[None]:
    """Keep git, which bump-my-version asks for tags, from refreshing the index of the user's repository.

    git treats a missing index as empty, and cannot write an index to a folder that does not exist.
    """
    os.environ["GIT_INDEX_FILE"] = str(Path(__file__).with_name("no folder") / "index")
    try:
        yield
    finally:
        del os.environ["GIT_INDEX_FILE"]


def _says(config: VersionConfig, version: str) -> bool:
    """Return whether a version stays the same when it is parsed and serialized by a project's parts."""
    try:
        parsed = config.parse(version)
        return parsed is not None and config.serialize(parsed, {}) == version
    except (BumpVersionError, KeyError, ValueError):
        return False


if __name__ == "__main__":
    main()
