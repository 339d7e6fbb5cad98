"""Scan staged files for credentials."""

from release_recipes.programs.git import Git
from release_recipes.scan.text import Place, scan_bytes

#: The mode of a submodule, which has no content in this repository.
_SUBMODULE = "160000"


def scan_staged(git: Git) -> list[Place]:
    """Scan the complete staged content of each file that the next commit would add or change."""
    listed = git.ask("diff", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", "--diff-filter=d").split("\0")
    blobs = {
        path: blob
        for (_, mode, _, blob, _), path in zip(map(str.split, listed[:-1:2]), listed[1::2], strict=True)
        if mode != _SUBMODULE
    }
    contents = zip(blobs, git.contents(blobs.values()), strict=True)
    return [place for path, content in contents for place in scan_bytes(path, content)]
