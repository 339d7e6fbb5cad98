"""How releases of the past are shown: rows of a table, and charts made of characters."""

from collections.abc import Sequence

from release_recipes.state.history import Release

#: The releases of which the chart shows where the time went, the steps that it names, and its width in characters.
CHARTED, NAMED, WIDTH = 20, 6, 40

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
        one.who.partition(" <")[0],
        "CI" if "://" in one.where else one.where,
        duration(one.seconds),
        str(one.attempts or ""),
        files,
        one.index.partition("://")[2].partition("/")[0],
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


def longest(releases: Sequence[Release]) -> list[str]:
    """Return the steps that took the most time in some releases, the longest first."""
    total: dict[str, float] = {}
    for one in releases:
        for step, seconds in one.steps.items():
            total[step] = total.get(step, 0) + seconds
    return sorted(total, key=lambda step: -total[step])[:NAMED]


def chart(releases: Sequence[Release]) -> list[str]:
    """Return where the time went in the last releases, as a bar each."""
    timed = [one for one in releases if one.steps][:CHARTED]
    if not timed:
        return []
    steps = longest(timed)
    # One release that waited for minutes must not make a dot of every other.
    totals = [sum(one.steps.values()) for one in timed]
    most = min(max(totals), 3 * _median(totals)) or 1.0
    lines = ["", "Where the time went:"]
    for one in reversed(timed):
        parts = [one.steps.get(step, 0) for step in steps]
        parts.append(sum(one.steps.values()) - sum(parts))
        bar = "".join(fill * round(part / most * WIDTH) for fill, part in zip(_FILLS, parts, strict=False))
        bar = bar if len(bar) <= WIDTH else f"{bar[: WIDTH - 1]}…"
        lines.append(f"  {one.version:<12} {bar:<{WIDTH}} {duration(sum(one.steps.values())):>8}")
    legend = [f"{fill} {step}" for fill, step in zip(_FILLS, steps, strict=False)]
    return [*lines, f"  {'  '.join([*legend, f'{_FILLS[-1]} other steps'])}"]


def growth(releases: Sequence[Release]) -> list[str]:
    """Return what grows: the size of the files, and steps that take longer than before."""
    lines = []
    sizes = [one.size for one in reversed(releases[:CHARTED]) if one.size and one.outcome == "released"]
    if len(sizes) > 1:
        low, high = min(sizes), max(sizes)
        spark = "".join(_BLOCKS[(each - low) * (len(_BLOCKS) - 1) // max(high - low, 1)] for each in sizes)
        change = (sizes[-1] - sizes[0]) / sizes[0]
        lines.append(f"Size of the files: {spark}  {size(sizes[0])} → {size(sizes[-1])} ({change:+.0%})")
    timed = [one for one in releases if one.steps][:CHARTED]
    half = len(timed) // 2
    for step in longest(timed) if half else ():
        parts = (timed[:half], timed[half:])
        new, old = (_median([one.steps[step] for one in part if step in one.steps]) for part in parts)
        if old and new > old * 1.25 and new - old > 1:
            lines.append(f"{step} takes {new / old - 1:.0%} longer than before: {duration(old)} → {duration(new)}")
    return ["", *lines] if lines else []


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2] if values else 0.0
