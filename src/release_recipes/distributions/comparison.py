"""The differences between two distributions of the same name, member by member, and a line that describes them."""

from collections import defaultdict

from release_recipes.distributions.distribution import Distribution

#: The number of members that are listed for each kind of difference.
_NAMED = 5

#: What can differ in a member, and its name for the user; in this order.
_ASPECTS = {"kind": "kind", "target": "target", "sha256": "content", "mode": "mode", "mtime": "time", "owner": "owner"}


def differences(first: Distribution, second: Distribution) -> dict[str, list[str]]:
    """Return the kinds of differences between two distributions, with their members; empty for identical files."""
    if first.path.read_bytes() == second.path.read_bytes():
        return {}
    ours = {member.name: member for member in first.members}
    theirs = {member.name: member for member in second.members}
    told: defaultdict[str, list[str]] = defaultdict(list)
    told["missing"] = sorted(ours.keys() - theirs.keys())
    told["added"] = sorted(theirs.keys() - ours.keys())
    for name in ours.keys() & theirs.keys():
        for aspect, word in _ASPECTS.items():
            if getattr(ours[name], aspect) != getattr(theirs[name], aspect):
                told[word].append(name)
    found = {word: sorted(names) for word, names in told.items() if names}
    if not found:
        same_order = [member.name for member in first.members] == [member.name for member in second.members]
        return {"archive" if same_order else "order": []}
    return found


def sentence(told: dict[str, list[str]]) -> str:
    """Describe the differences in one line."""
    said = []
    for word, names in told.items():
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        joint = ":" if word in {"missing", "added"} else " of"
        said.append(f"{word}{joint} {', '.join(names[:_NAMED])}{more}" if names else _WHOLE[word])
    return "; ".join(said)


_WHOLE = {
    "archive": "the bytes of the archive itself, such as the time in the gzip header",
    "order": "the order of the members",
}
