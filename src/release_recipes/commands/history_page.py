"""The page of ``history --html``: one file with a table and charts, and nothing from elsewhere."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from string import Template

from release_recipes.commands.history_view import CHARTED, COLUMNS, duration, fills, row, size, timed
from release_recipes.errors import counted
from release_recipes.secrets.mask import MASK
from release_recipes.state.history import Release
from release_recipes.workflows import template

#: The colour of each step; the last one is that of all others. They differ in print and for the colour-blind.
_COLOURS = ("#2b6cb0", "#dd8a1d", "#2f855a", "#b83280", "#6b46c1", "#c05621", "#94a3b8")

#: The width of a chart, the space before and after its bars, and the height of a row, in its own units.
_WIDTH, _LEFT, _RIGHT, _HIGH = 800, 100, 120, 26


def page(project: str, releases: Sequence[Release]) -> str:
    """Return the page; every text in it is masked and escaped."""
    charts = ""
    if spent := timed(releases):
        legend = "".join(
            f'<span><i style="background:{colour}"></i>{_safe(name)}</span>'
            for name, colour in fills(spent[0][1], _COLOURS).items()
        )
        charts += f"<h2>Where the time went</h2>{_bars('Seconds of each release by step', spent, duration)}"
        charts += f'<p class="legend">{legend}</p>'
    if sized := [(one, {"files": float(one.size)}) for one in releases if one.size][:CHARTED]:
        charts += f"<h2>Size of the files</h2>{_bars('Bytes of each release', sized, size)}"
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return Template(template("history.html")).substitute(
        project=_safe(project),
        about=f"{counted(len(releases), 'release')}, as the history, the tags and the index know them; made at {now}.",
        columns="".join(f"<th>{name}</th>" for name in COLUMNS),
        rows="\n".join(_row(one) for one in releases),
        charts=charts,
        files="\n".join(_files(one) for one in releases if one.files) or "<p>None are known.</p>",
    )


def _row(one: Release) -> str:
    cells = (f'<td data-name="{name}">{_safe(text)}</td>' for name, text in zip(COLUMNS, row(one), strict=True))
    return f"<tr>{''.join(cells)}</tr>"


def _files(one: Release) -> str:
    listed = "".join(
        f"<li>{_safe(each.filename)}, {size(each.size)}<br><code>{_safe(each.sha256)}</code></li>" for each in one.files
    )
    tag = f"<br>tag {_safe(one.tag)} <code>{_safe(one.commit)}</code>" if one.tag else ""
    return f"<details><summary>{_safe(one.version)}</summary>{tag}<ul>{listed}</ul></details>"


def _bars(title: str, bars: Sequence[tuple[Release, Mapping[str, float]]], shown: Callable[[float], str]) -> str:
    """Return a chart with a bar for each release, in SVG, with words for those who cannot see it."""
    most = max(sum(parts.values()) for _one, parts in bars) or 1
    colours = fills(bars[0][1], _COLOURS)
    drawn, said = [], []
    for number, (one, parts) in enumerate(bars):
        at, top, words = float(_LEFT), number * _HIGH, shown(sum(parts.values()))
        drawn.append(f'<text x="0" y="{top + 18}">{_safe(MASK(one.version)[:12])}</text>')
        for name, part in parts.items():
            width = part / most * (_WIDTH - _LEFT - _RIGHT)
            place = f'x="{at:.1f}" y="{top + 4}" width="{width:.1f}" height="18"'
            tip = _safe(f"{one.version}: {name} {shown(part)}")
            drawn.append(f'<rect {place} fill="{colours[name]}"><title>{tip}</title></rect>')
            at += width
        drawn.append(f'<text x="{at + 6:.1f}" y="{top + 18}">{_safe(words)}</text>')
        said.append(f"{one.version}: {words}")
    head = f'<svg viewBox="0 0 {_WIDTH} {len(bars) * _HIGH}" role="img"><title>{_safe(title)}</title>'
    return f"{head}<desc>{_safe('; '.join(said))}</desc>{''.join(drawn)}</svg>"


def _safe(text: str) -> str:
    return escape(MASK(text))
