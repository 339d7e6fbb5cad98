"""Checks of a tag that is published: its form, its version, its kind, and its commit."""

from collections.abc import Iterator, Sequence

from packaging.utils import canonicalize_name, canonicalize_version
from packaging.version import Version

from release_recipes import forge
from release_recipes.check.facts import Facts
from release_recipes.findings import TAG, Check, Finding
from release_recipes.processes.environment import shown
from release_recipes.state.tagged import Tagged

#: Commits from the tips of branches that are fetched into a shallow clone, one after the other; the last means all.
_DEPTHS = (50, 500, 5000, 2**31 - 1)


def _tagged(facts: Facts) -> Tagged:
    """Return the tag; the checks of this module run only if there is one."""
    if facts.tagged is None:
        raise AssertionError(facts.subject.occasion)
    return facts.tagged


def _version(facts: Facts) -> Iterator[Finding]:
    tagged, plan = _tagged(facts), facts.plan()
    if tagged.name == plan.own_tag:
        return
    named = facts.versions_of([tagged.name]).get(tagged.name)
    if named is None:
        message = f"The tag {tagged.name} does not name a version of {plan.project}."
        yield Finding(message, f"Publish the tag of a version; that of {plan.version} is {plan.own_tag}.")
    elif canonicalize_version(named) != canonicalize_version(plan.version):
        message = f"The tag {tagged.name} names version {named}, but the project has {plan.version} there."
        yield Finding(message, "Tag the commit with that version, under a name that was never used.")
    elif plan.habit:
        message = f"The tag {tagged.name} has another form than the tags that exist: {plan.own_tag} would be the next."
        yield Finding(message, "If that is intended, set in [tool.release]: skip_checks = ['tag-version']")


def _annotated(facts: Facts) -> Iterator[Finding]:
    """Compare with the tag of the greatest version below, on the remote."""
    tagged = _tagged(facts)
    known = {name: Version(version) for name, version in facts.versions_of(tagged.refs.tags()).items()}
    own = known.pop(tagged.name, None)
    last = max((name for name in known if own is None or known[name] < own), key=known.__getitem__, default="")
    if f"refs/tags/{last}^{{}}" in tagged.refs.refs and not tagged.is_annotated:
        message = f"{tagged.name} is a lightweight tag, but the one of the version before, {last}, is annotated."
        make = shown(["git", "tag", "--force", "--message", tagged.name, tagged.name, tagged.commit[:12]])
        again = f"{make} && {shown(['git', 'push', '--force', facts.remote, tagged.name])}"
        yield Finding(message, f"If nothing of it is published yet, make it again: {again}")


def _moved(facts: Facts) -> Iterator[Finding]:
    tagged, here, remote = _tagged(facts), forge.current(), facts.remote
    if not tagged.is_as_here:
        message = f"The tag {tagged.name} is {tagged.here[:12]} here, but {tagged.object[:12]} on {remote}."
        hint = f"Find out which is right. To take that of {remote}: git fetch --force {remote} tag {tagged.name}"
        yield Finding(message, hint)
    elif here and here.tag == tagged.name and here.commit not in {"", tagged.commit, tagged.object}:
        yield Finding(
            f"The tag {tagged.name} was moved after this job began: from {here.commit[:12]} to {tagged.commit[:12]}.",
            "Find out who moved it. A tag is published only from the commit that it was pushed with.",
        )


def _index(facts: Facts) -> Iterator[Finding]:
    """Compare with the index that the tag or its commit names: a private package must not go to another one."""
    said, target, plan, test = _tagged(facts).said, facts.target, facts.plan(), facts.request.test
    at_tag = facts.project.pyproject.get("tool", {}).get("release", {}).get("repository_url", "").rstrip("/")
    is_set = facts.settings.origin("repository_url").startswith(("environment", ".env")) or test
    if at_tag not in {"", target.upload_address.rstrip("/")} and not is_set:
        yield Finding(
            f"The commit of the tag names the index {at_tag}, but this goes to {target.upload_address}.",
            f"Check out the tag, then run the same command again: git switch --detach {plan.tag}",
        )
    # A message with an index is ours; checksums in another one may be of anything.
    of, ours = (canonicalize_name(said.project), said.version), (canonicalize_name(plan.project), plan.version)
    if said.index_address and of != ours:
        yield Finding(
            f"The message of the tag is that of {' '.join(of)}, but this is {plan.project} {plan.version}.",
            "Publish the tag that the release has made; or tag the commit again, with another message.",
        )
    if said.index_address.rstrip("/") not in {"", target.index_address.rstrip("/")} and not test:
        yield Finding(
            f"The tag was made for a release to {said.index_address}, but this goes to {target.index_address}.",
            "Set the addresses of that index here, too: repository_url and index_url in [tool.release].",
        )


def _on_branch(facts: Facts) -> Iterator[Finding]:
    tagged, head = _tagged(facts), "refs/heads/"
    branches = [ref for ref in tagged.refs.refs if ref.startswith(head)]
    if not _is_in([ref for ref in branches if facts.is_release_branch(ref.removeprefix(head))], tagged, facts):
        patterns = ", ".join(facts.release_branches())
        message = f"The commit of {tagged.name} ({tagged.commit[:12]}) is not on a release branch ({patterns})."
        hint = "Merge it first; or name its branch in pyproject.toml: [tool.release] branches = […]"
        yield Finding(message, hint)


def _is_in(branches: Sequence[str], tagged: Tagged, facts: Facts) -> bool:
    """Return whether a branch has the commit of a tag; what is missing to know it is fetched, without refs."""
    git, tips = facts.git, [tagged.refs.refs[ref] for ref in branches]
    if any(git.contains(tagged.commit, tip) for tip in tips):
        return True
    depths = [0]
    if branches and git.is_shallow():
        # A depth that is less than what is here would cut the history of the user's clone.
        here = git.count("--all", ())
        depths = [depth for depth in _DEPTHS if depth > here]
    for depth in depths:
        if depth:
            git.deepen(facts.remote, depth, *branches, f"refs/tags/{tagged.name}")
        for ref in branches:
            git.fetch_missing(facts.remote, tagged.refs.refs, ref)
        if any(git.contains(tagged.commit, tip) for tip in tips):
            return True
    return False


CHECKS = (
    Check("tag-version", "a tag that names another version than the one that is published", _version, occasions=TAG),
    Check("tag-annotated", "a tag without an author and a date, by mistake", _annotated, occasions=TAG),
    Check("tag-moved", "a release from another commit than the one that was tagged first", _moved, occasions=TAG),
    Check("tag-index", "a private package on another index than the one that it was released for", _index,
          occasions=TAG),
    Check("tag-branch", "a release of a commit that was never merged", _on_branch, occasions=TAG),
)  # fmt: skip
