"""The page of ``history --html``: one file with a table and charts, and nothing from elsewhere."""

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from string import Template

from release_recipes.commands.history_view import CHARTED, COLUMNS, duration, longest, row, size
from release_recipes.errors import counted
from release_recipes.secrets.mask import MASK
from release_recipes.state.history import Release

#: The colour of each step; the last one is that of all others. They differ in print and for the colour-blind.
_COLOURS = ("#2b6cb0", "#dd8a1d", "#2f855a", "#b83280", "#6b46c1", "#c05621", "#94a3b8")

#: The width of a chart, the space before and after its bars, and the height of a row, in its own units.
_WIDTH, _LEFT, _RIGHT, _HIGH = 800, 100, 120, 26


def page(project: str, releases: Sequence[Release]) -> str:
    """Return the page; every text in it is masked and escaped."""
    timed, sized = [one for one in releases if one.steps][:CHARTED], [one for one in releases if one.size][:CHARTED]
    steps = longest(timed)
    parts = [[(step, one.steps.get(step, 0.0)) for step in steps] for one in timed]
    parts = [
        [*each, ("other", sum(one.steps.values()) - sum(s for _, s in each))]
        for each, one in zip(parts, timed, strict=True)
    ]
    charts = ""
    if timed:
        shown = [duration(sum(one.steps.values())) for one in timed]
        names = [*steps, "other"]
        legend = "".join(
            f'<span><i style="background:{colour}"></i>{_(name)}</span>'
            for name, colour in zip(names, _fills(names), strict=True)
        )
        charts += f"<h2>Where the time went</h2>{_bars('Seconds of each release by step', timed, parts, shown)}"
        charts += f'<p class="legend">{legend}</p>'
    if sized:
        bytes_of, shown = [[("bytes", float(one.size))] for one in sized], [size(one.size) for one in sized]
        charts += f"<h2>Size of the files</h2>{_bars('Bytes of each release', sized, bytes_of, shown)}"
    template = Template(files("release_recipes").joinpath("templates/history.html").read_text("utf-8"))
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return template.substitute(
        project=_(project),
        about=f"{counted(len(releases), 'release')}, as the history, the tags and the index know them; made at {now}.",
        columns="".join(f"<th>{name}</th>" for name in COLUMNS),
        rows="\n".join(_row(one) for one in releases),
        charts=charts,
        files="\n".join(_files(one) for one in releases if one.files) or "<p>None are known.</p>",
    )


def _row(one: Release) -> str:
    cells = zip(COLUMNS, row(one), strict=True)
    return f"<tr>{''.join(f'<td data-name={chr(34)}{name}{chr(34)}>{_(text)}</td>' for name, text in cells)}</tr>"


def _files(one: Release) -> str:
    listed = "".join(
        f"<li>{_(each.filename)}, {size(each.size)}<br><code>{_(each.sha256)}</code></li>" for each in one.files
    )
    tag = f"<br>tag {_(one.tag)} <code>{_(one.commit)}</code>" if one.tag else ""
    return f"<details><summary>{_(one.version)}</summary>{tag}<ul>{listed}</ul></details>"


def _fills(names: Sequence[str]) -> list[str]:
    return [*_COLOURS[: len(names) - 1], _COLOURS[-1]]


def _bars(
    title: str, releases: Sequence[Release], parts: Sequence[Sequence[tuple[str, float]]], shown: Sequence[str]
) -> str:
    """Return a chart with a bar for each release, in SVG, with words for those who cannot see it."""
    most = max(sum(part for _name, part in each) for each in parts) or 1
    rows = []
    for number, (one, each, words) in enumerate(zip(releases, parts, shown, strict=True)):
        at, top = float(_LEFT), number * _HIGH
        rows.append(f'<text x="0" y="{top + 18}">{_(one.version[:12])}</text>')
        for (name, part), colour in zip(
            each, _fills([name for name, _part in each]) if len(each) > 1 else _COLOURS, strict=False
        ):
            width = part / most * (_WIDTH - _LEFT - _RIGHT)
            tip = f"{one.version}: {name} {part:.1f}" if len(each) > 1 else f"{one.version}: {words}"
            place = f'x="{at:.1f}" y="{top + 4}" width="{width:.1f}" height="18"'
            rows.append(f'<rect {place} fill="{colour}"><title>{_(tip)}</title></rect>')
            at += width
        rows.append(f'<text x="{at + 6:.1f}" y="{top + 18}">{_(words)}</text>')
    height = len(releases) * _HIGH
    said = "; ".join(f"{one.version}: {words}" for one, words in zip(releases, shown, strict=True))
    head = f'<svg viewBox="0 0 {_WIDTH} {height}" role="img"><title>{_(title)}</title><desc>{_(said)}</desc>'
    return f"{head}{''.join(rows)}</svg>"


def _(text: str) -> str:
    return escape(MASK(text))
