"""What differs between two distributions of one name: member by member, and said in one line."""

from collections import defaultdict

from release_recipes.distributions.distribution import Distribution

#: How many members are named for each thing in which they differ.
_NAMED = 5

#: What of a member can differ, as it is told; in this order.
_ASPECTS = {"kind": "kind", "target": "target", "sha256": "content", "mode": "mode", "mtime": "time", "owner": "owner"}


def differences(first: Distribution, second: Distribution) -> dict[str, list[str]]:
    """Return what differs between two distributions, each with the members that it is about; empty: the same bytes."""
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
    """Say what differs in one line."""
    said = []
    for word, names in told.items():
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        joint = ":" if word in {"missing", "added"} else " of"
        said.append(f"{word}{joint} {', '.join(names[:_NAMED])}{more}" if names else _WHOLE[word])
    return "; ".join(said)


_WHOLE = {"archive": "the archive's own bytes, such as the time in gzip's header", "order": "the order of the members"}
