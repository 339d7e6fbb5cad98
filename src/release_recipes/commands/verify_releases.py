"""``history --verify``: whether every release is still what it was."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial

from packaging.utils import canonicalize_version
from packaging.version import Version

from release_recipes import events
from release_recipes.commands import verify_tags
from release_recipes.commands.checkout import Checkout
from release_recipes.commands.past_releases import World
from release_recipes.errors import NoIndexAnswer, NotAsReleased, counted
from release_recipes.findings import Finding
from release_recipes.index import attestations
from release_recipes.index.client import Index
from release_recipes.index.page import Listed
from release_recipes.processes.threads import in_parallel
from release_recipes.project.source import is_version
from release_recipes.state.history import Release

#: Files that are compared at once: where an index offers no hashes, they are fetched.
_AT_ONCE = 16


def verify(checkout: Checkout, releases: Sequence[Release], world: World) -> str:
    """Compare releases with the remote, the index and GitHub. Returns ``verified``.

    Args:
        checkout: The checkout.
        releases: Those that were made, as the history and the tags here know them.
        world: What remote, indexes and GitHub say.

    Raises:
        NotAsReleased: Something is not as it was, or could not be looked at.
    """
    looked = _Looked(checkout, releases, world)
    found = [_unverified(fault) for fault in world.faults]
    for one in releases:
        found += [*looked.tag(one), *looked.files(one), *looked.forge(one)]
    found += [*looked.strays(), *looked.compared()]
    events.tell(*looked.lines())
    if found:
        raise NotAsReleased(found)
    return "verified"


class _Looked:
    """What is compared, and how much of it."""

    def __init__(self, checkout: Checkout, releases: Sequence[Release], world: World) -> None:
        self._checkout, self._releases, self._world = checkout, releases, world
        self._remote = checkout.settings.remote
        #: Once for each index, since a keyring may ask for its password.
        self._index_of = cache(checkout.index_of)
        self._here = {ref.removeprefix("refs/tags/") for ref in checkout.git.refs("refs/tags/")}
        self._merged = verify_tags.merged(checkout, world)
        self._signed = verify_tags.signed(checkout, [one.tag for one in releases], world)
        #: The comparisons of files, some of which have to ask the index.
        self._waiting: list[Callable[[], Iterator[Finding]]] = []
        #: Versions of tags that other tools made, of which the index has nothing.
        self._elsewhere: list[str] = []
        #: Versions that are older than the first release of ours, and have no tag.
        self._untagged: list[str] = []
        #: The number of files whose hash no tag and no history has.
        self._unhashed = 0
        #: Files whose attestations were looked at, and those whose attestations nothing here verifies.
        self._attested, self._unattested = list[str](), list[str]()
        self._counts = dict.fromkeys(("tags", "signatures", "files", "attestations", "assets"), 0)

    def tag(self, one: Release) -> Iterator[Finding]:
        """Compare a tag with the remote's."""
        if not one.tag or self._world.refs is None:
            return
        self._counts["tags"] += 1
        theirs = self._world.refs.tag(one.tag)
        if theirs is None:
            yield Finding(f"The tag {one.tag} is not on the remote.", f"Push it: git push {self._remote} {one.tag}")
        elif one.tag_object and theirs != one.tag_object:
            moved = f"the remote has {theirs[:12]}, released was {one.tag_object[:12]}"
            see = f"Find out who changed it: git ls-remote --tags {self._remote} {one.tag}"
            yield Finding(f"The tag {one.tag} was moved: {moved}.", see)
        elif self._merged is not None and one.tag in self._here and one.tag not in self._merged:
            why = "It was abandoned, or a branch was rewritten: find out."
            yield Finding(f"The commit of {one.tag} is on no branch of the remote.", why)
        if one.tag in self._signed:
            self._counts["signatures"] += 1
            if fault := self._signed[one.tag]:
                see = f"See: git verify-tag {one.tag}"
                yield Finding(f"The signature of {one.tag} is not valid: {fault}", see)

    def files(self, one: Release) -> Iterator[Finding]:
        """Compare the files of a release with those of its index."""
        address, name = one.index or self._world.default, f"{one.project} {one.version}"
        if address not in self._world.pages:
            return
        served = {each.filename: each for each in self._world.served(one)}
        listed = {each.filename: each.sha256 for each in one.files}
        if not served:
            if one.index or listed:
                why = "It was deleted there, or was never published there."
                yield Finding(f"{address} has no files of {name}.", why)
            else:  # a tag of another tool, whose release may be elsewhere
                self._elsewhere.append(one.version)
            return
        self._counts["files"] += len(served)
        self._unhashed += 0 if listed else len(served)
        for filename in sorted(listed.keys() - served.keys()):
            yield Finding(f"{filename} is missing on {address}.", f"It was deleted there, after the release of {name}.")
        index = self._index_of(address)
        for filename, theirs in sorted(served.items()):
            if filename in listed:
                self._waiting.append(partial(self._file, one, theirs, listed[filename], index))
            elif listed:
                why = "Find out who uploaded it, and when."
                yield Finding(f"{filename} is on {address}, but was not released.", why)
            if theirs.yanked:
                why = f": {theirs.yanked_why}" if theirs.yanked_why else ""
                yield Finding(f"{filename} is yanked{why}.", "If that is right, nothing is to do; pip avoids it.")

    def _file(self, one: Release, file: Listed, sha256: str, index: Index) -> Iterator[Finding]:
        """Compare a file, which is fetched if the index offers no hash, and look at its attestations."""
        theirs = index.sha256(file)
        if theirs != sha256:
            message = f"{file.filename} has another sha256 today: {theirs[:12]}…, released was {sha256[:12]}…"
            yield Finding(message, "Find out who replaced it, and release the next version.")
        if not file.has_provenance:
            return
        if not attestations.can_verify():
            self._unattested.append(file.filename)
            return
        self._attested.append(file.filename)
        served = index.provenance(one.project, one.version, file.filename)
        if wrong := attestations.fault_of(file.filename, sha256, served):
            message = f"The attestation of {file.filename} is not valid: {wrong}"
            yield Finding(message, "Find out who changed it, and release the next version.")

    def forge(self, one: Release) -> Iterator[Finding]:
        """Compare the release of a forge, and its assets."""
        if self._world.forge is None or not one.tag:
            return
        release = self._world.forge.get(one.tag)
        command = f"release-recipes publish --tag {one.tag} --only github"
        if release is None:
            # Otherwise none is made, or another tool made the tag.
            if self._checkout.settings.github_release and (one.index or one.files):
                yield Finding(f"GitHub has no release of {one.tag}.", f"If there was one, make it again: {command}")
            return
        assets = {asset["name"]: str(asset.get("digest") or "") for asset in release["assets"]}
        for each in one.files:
            self._counts["assets"] += 1
            digest = assets.get(each.filename)
            if digest is None:
                yield Finding(f"The release {one.tag} on GitHub lacks {each.filename}.", f"Add it: {command}")
            elif digest and digest != f"sha256:{each.sha256}":
                yield Finding(f"{each.filename} of {one.tag} on GitHub is another file.", "Find out who replaced it.")

    def strays(self) -> Iterator[Finding]:
        """Find what is public but not among the releases: tags of the remote, and versions of an index."""
        known = {canonicalize_version(one.version) for one in self._releases}
        tagged = {tag: canonicalize_version(version) for tag, version in self._world.tags.items()}
        if absent := [tag for tag, version in tagged.items() if version not in known and tag not in self._here]:
            shown = ", ".join(absent[:5]) + (", …" if absent[5:] else "")
            message = f"{counted(len(absent), 'tag')} of the remote not here, and so not verified: {shown}."
            yield Finding(message, f"Get them: git fetch --tags {self._remote}")
        known |= {*tagged.values()}
        for address, page in sorted(self._world.pages.items()):
            ours = [Version(one.version) for one in self._releases if one.index == address and is_version(one.version)]
            strays = [version for version in page.versions() if canonicalize_version(version) not in known]
            for version in sorted(map(Version, strays)):
                if ours and version > min(ours):
                    hint = "If it is yours, tag its commit. If nobody of you did it, yank it, and revoke the tokens."
                    yield Finding(f"{address} has {version}, of which there is no tag.", hint)
                else:
                    self._untagged.append(str(version))

    def compared(self) -> list[Finding]:
        """Make the comparisons of files, some in parallel."""
        found = list[Finding]()

        def work(jobs: Sequence[Callable[[], Iterator[Finding]]]) -> None:
            for job in jobs:
                try:
                    found.extend(job())
                except NoIndexAnswer as error:
                    found.append(_unverified(error))

        for failure in in_parallel([partial(work, self._waiting[number::_AT_ONCE]) for number in range(_AT_ONCE)]):
            raise failure
        return sorted(found, key=lambda each: each.message)

    def lines(self) -> Iterator[str]:
        """Say what was looked at, and what was not."""
        self._counts["attestations"] = len(self._attested)
        found = ", ".join(f"{count} {name}" for name, count in self._counts.items() if count) or "nothing"
        yield f"Looked at {counted(len(self._releases), 'release')}: {found}."
        if self._elsewhere:
            yield f"Not on the index, and their tags were not made by this tool: {', '.join(self._elsewhere)}."
        if self._untagged:
            yield f"On the index, older than the first release of ours, without a tag: {', '.join(self._untagged)}."
        unasked = self._world.unasked
        if self._unhashed:
            unasked["files"] = f"the hashes of {counted(self._unhashed, 'file')} (their tags list none)"
        if self._unattested:
            how = "pip install 'release-recipes[attest]'"
            unasked["attestations"] = f"the attestations of {len(self._unattested)} files ({how})"
        if unasked:
            yield f"Not looked at: {'; '.join(unasked.values())}."
        if none := [name for name, count in self._counts.items() if not count and name not in unasked]:
            yield f"Not looked at, because there are none here: {', '.join(none)}."


def _unverified(fault: object) -> Finding:
    return Finding(f"This could not be verified: {fault}", "Run the same command again.")
