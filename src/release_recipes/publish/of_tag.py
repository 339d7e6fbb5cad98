"""Which files belong to the release of a tag that exists, and whether the index has them already.

The list in the tag's message decides, where there is one: another file is never uploaded beside those that it names.
"""

import contextlib
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from packaging.version import Version

from release_recipes import events
from release_recipes.distributions.comparison import differences, sentence
from release_recipes.distributions.distribution import Distribution
from release_recipes.errors import BadDistribution, FileConflict, NoIndexAnswer, typed
from release_recipes.findings import Finding
from release_recipes.index.client import Index
from release_recipes.publish.listing import Listing
from release_recipes.state.record import Artifact, Record, in_upload_order
from release_recipes.state.temporary import PREFIX

#: The check that these findings are told under.
_CHECK = "tag-files"


def artifacts(
    listed: Mapping[str, str], have: Sequence[Artifact], found: Listing, index: Index, project: str, dist: Path
) -> tuple[Artifact, ...]:
    """Return the files of the release.

    Args:
        listed: sha256 by file name, as the tag lists them; empty if it lists none.
        have: The distributions in ``dist``; empty if nothing was built because the index has everything.
        found: What the index has of these files.
        index: The index.
        project: The project's name.
        dist: The folder of the distributions.

    Raises:
        BadDistribution: A file that is still to be uploaded is not the one that the tag lists.
        FileConflict: The tag lists no files, and the index has a different one.
    """
    here = {each.filename: each for each in have}
    if not listed:
        for name in found.other:
            why = _difference(index, project, dist / name)
            hint = (
                f"{why}If an earlier run has published this tag, nothing is left to do; the tag does not list its "
                "files, so this cannot be seen. Otherwise publish the files that were uploaded first (--dist DIR), or "
                "release the next version."
            )
            raise FileConflict(name, found.ours[name], found.theirs[name], hint, may_be_public=True)
        return in_upload_order(have)
    right = [name for name in listed if name in here and here[name].sha256 == listed[name]]
    errors = [_not_listed(name, listed[name], here.get(name)) for name in found.absent if name not in right]
    if errors:
        raise BadDistribution(errors)
    for each in have:
        if each.filename not in listed:
            message = f"The tag does not list {each.filename}, so it is not uploaded."
            events.warn(message, "Only the files that the tag lists belong to its release.", _CHECK)
        elif each.sha256 != listed[each.filename]:
            why = _difference(index, project, dist / each.filename)
            message = f"{each.filename} differs from the file that is published, which is the one that the tag lists."
            events.warn(message, f"{why}The published file stays.", _CHECK)
    # The size of a file is known only if it is here.
    return in_upload_order(here[name] if name in right else Artifact(name, listed[name], 0) for name in listed)


def _not_listed(name: str, sha256: str, mine: Artifact | None) -> Finding:
    message = f"The tag lists {name}, which is neither on the index nor among the distributions here."
    if mine:
        message = f"{name} is not the file that the tag lists: sha256 {mine.sha256} here, {sha256} in the tag."
    hint = (
        f"It was built for the release that made the tag. Finish that release on its machine ({typed('resume')}), or "
        "publish its files: --dist DIR. If they are lost, release the next version."
    )
    return Finding(message, hint, check=_CHECK)


def _difference(index: Index, project: str, mine: Path) -> str:
    """Return a sentence with what differs between a file and that of the index; empty if that cannot be known."""
    with contextlib.suppress(NoIndexAnswer, OSError), tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
        theirs = Path(folder, mine.name)
        file = index.page(project).files.get(mine.name)
        if file and index.save(file, theirs) and (told := differences(Distribution(mine), Distribution(theirs))):
            return f"What differs: {sentence(told)}. "
    return ""


def one_spelling(record: Record, index: Index) -> None:
    """Check that the index does not have the version under another spelling, such as 1.3 beside 1.3.0.

    Raises:
        BadDistribution: It does; for an index, that is the same release.
    """
    ours = {_spelled(each.filename) for each in record.artifacts}
    for file in index.page(record.project).files.values():
        if file.version and Version(file.version) == Version(record.version) and _spelled(file.filename) not in ours:
            message = f"The index has {file.filename}, which is the same version as {record.version}."
            raise BadDistribution([Finding(message, "Release the next version.", check=_CHECK)])


def _spelled(filename: str) -> str:
    """Return the version as the name of a distribution spells it."""
    is_wheel = filename.endswith(".whl")
    return filename.split("-")[1] if is_wheel else filename.removesuffix(".tar.gz").rpartition("-")[2]


def complete(record: Record, index: Index, dist: Path) -> None:
    """Download the files of a release that are not in a folder, or differ there: the assets of the GitHub release.

    Raises:
        NoIndexAnswer: The index does not serve one.
        BadDistribution: It serves another file.
    """
    lacking = [each for each in record.artifacts if not _is_in(dist, each)]
    page = index.page(record.project) if lacking else None
    for artifact in lacking:
        file = page.files.get(artifact.filename) if page else None
        if file is None or not index.save(file, dist / artifact.filename):
            raise NoIndexAnswer(f"The index does not serve {artifact.filename}.", "Publish it first: --only index")
        if not _is_in(dist, artifact):
            message = f"The index serves another {artifact.filename} than it lists."
            raise BadDistribution([Finding(message, "Try again; a cache may be out of date.", check=_CHECK)])


def _is_in(dist: Path, artifact: Artifact) -> bool:
    path = dist / artifact.filename
    return path.is_file() and Artifact.of(path).sha256 == artifact.sha256
