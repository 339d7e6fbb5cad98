"""bump-my-version's ``show`` and ``bump``, run in a process of their own by its path.

Its command line imports prompts and an HTTP client first, which takes as long as all the rest; a release would wait for
that twice. Nothing here imports release_recipes, and no commit, tag or push is made whatever the configuration says.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bumpversion.versioning.version_config import VersionConfig


def main(verb: str, value: str, config: str) -> None:
    """Print the whole configuration as JSON (``value``: a part to raise), or edit the version files.

    Args:
        verb: ``show``; ``raise`` for a part; ``set`` for a version.
        value: The part or the version; may be empty for ``show``.
        config: A configuration file; empty for the project's own.
    """
    from bumpversion.bump import do_bump
    from bumpversion.config import get_configuration
    from bumpversion.config.files import find_config_file
    from bumpversion.exceptions import BumpVersionError
    from bumpversion.show import do_show

    try:
        file = find_config_file(Path(config) if config else None)
        if verb == "show":
            do_show("all", config=get_configuration(file), format_="json", increment=value or None)
            return
        edits_only = get_configuration(file, commit=False, tag=False, push_tag=False, allow_dirty=True)
        if verb == "set" and not _says(edits_only.version_config, value):
            # The project's parts have no place for what stands in this version: it is one part then.
            whole = {"parse": "(?P<version>.+)", "serialize": ("{version}",)}
            edits_only = get_configuration(file, commit=False, tag=False, push_tag=False, allow_dirty=True, **whole)
        part, version = (value, None) if verb == "raise" else (None, value)
        do_bump(part, version, edits_only, file)
    except (BumpVersionError, OSError, ValueError) as error:
        sys.exit(str(getattr(error, "message", "") or error))


def _says(config: "VersionConfig", version: str) -> bool:
    """Say whether a version that is read and written by a project's parts is still the same."""
    from bumpversion.exceptions import BumpVersionError

    try:
        parsed = config.parse(version)
        return parsed is not None and config.serialize(parsed, {}) == version
    except (BumpVersionError, KeyError, ValueError):
        return False


if __name__ == "__main__":
    main(*sys.argv[1:])
