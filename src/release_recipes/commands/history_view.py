"""How releases of the past are shown: rows of a table, and charts made of characters."""

from collections.abc import Iterable, Sequence

from release_recipes.secrets.mask import MASK
from release_recipes.state.history import Release

#: The releases of which a chart shows where the time went, and the width of that in characters.
CHARTED, _WIDTH = 20, 40

#: The steps that a chart names, and the name of all others.
_NAMED, _OTHERS = 6, "other steps"

#: The fill of each step in the chart; the last one is that of all others.
_FILLS = "█▓▒░▚▞·"

_BLOCKS = "▁▂▃▄▅▆▇█"

COLUMNS = ("version", "date", "by", "from", "time", "tries", "files", "index", "outcome")


def row(one: Release) -> list[str]:
    """Return the cells of a release: for the terminal, and for the page."""
    files = f"{len(one.files)}, {size(one.size)}" if one.size else str(len(one.files) or "")
    return [
        one.version,
        one.at[:10],
        MASK(one.who).partition(" <")[0],  # before it is cut: a part of a credential is not found
        "CI" if "://" in one.where else one.where,
        duration(one.seconds),
        str(one.attempts or ""),
        files,
        MASK(one.index).partition("://")[2].partition("/")[0],
        one.outcome,
    ]


def duration(seconds: float | None) -> str:
    """Return seconds as a person writes them."""
    if seconds is None:
        return ""
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds) // 60} min {int(seconds) % 60:02} s"  # noqa: PLR2004


def size(count: float) -> str:
    """Return bytes as a person writes them."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:  # noqa: PLR2004
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def timed(releases: Sequence[Release]) -> list[tuple[Release, dict[str, float]]]:
    """Return the last releases, each with its seconds by step: those that took longest in all of them, and the rest."""
    last = [one for one in releases if one.steps][:CHARTED]
    names = dict.fromkeys(step for one in last for step in one.steps)
    steps = sorted(names, key=lambda step: -sum(one.steps.get(step, 0) for one in last))[:_NAMED]
    found = []
    for one in last:
        parts = {step: one.steps.get(step, 0.0) for step in steps}
        found.append((one, {**parts, _OTHERS: sum(one.steps.values()) - sum(parts.values())}))
    return found


def fills(names: Iterable[str], palette: Sequence[str]) -> dict[str, str]:
    """Return what fills the part of each name in a chart: the last of a palette is that of all others."""
    return {**dict(zip(names, palette, strict=False)), _OTHERS: palette[-1]}


def chart(releases: Sequence[Release]) -> list[str]:
    """Return where the time went in the last releases, as a bar each."""
    bars = timed(releases)
    if not bars:
        return []
    # One release that waited for minutes must not make a dot of every other.
    totals = [sum(parts.values()) for _, parts in bars]
    most = min(max(totals), 3 * _median(totals)) or 1.0
    filled = fills(bars[0][1], _FILLS)
    lines = ["", "Where the time went:"]
    for one, parts in reversed(bars):
        bar = "".join(filled[step] * round(part / most * _WIDTH) for step, part in parts.items())
        bar = bar if len(bar) <= _WIDTH else f"{bar[: _WIDTH - 1]}…"
        lines.append(f"  {one.version:<12} {bar:<{_WIDTH}} {duration(sum(parts.values())):>8}")
    return [*lines, f"  {'  '.join(f'{fill} {step}' for step, fill in filled.items())}"]


def growth(releases: Sequence[Release]) -> list[str]:
    """Return what grows: the size of the files, and steps that take longer than before."""
    lines = []
    sizes = [one.size for one in reversed(releases[:CHARTED]) if one.size and one.outcome == "released"]
    if len(sizes) > 1:
        low, high = min(sizes), max(sizes)
        spark = "".join(_BLOCKS[(each - low) * (len(_BLOCKS) - 1) // max(high - low, 1)] for each in sizes)
        change = (sizes[-1] - sizes[0]) / sizes[0]
        lines.append(f"Size of the files: {spark}  {size(sizes[0])} → {size(sizes[-1])} ({change:+.0%})")
    bars = timed(releases)
    halves = (bars[: len(bars) // 2], bars[len(bars) // 2 :])
    for step in bars[0][1] if bars else ():
        new, old = (_median([one.steps[step] for one, _ in half if step in one.steps]) for half in halves)
        if old and new > old * 1.25 and new - old > 1:
            lines.append(f"{step} takes {new / old - 1:.0%} longer than before: {duration(old)} → {duration(new)}")
    return ["", *lines] if lines else []


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2] if values else 0.0
