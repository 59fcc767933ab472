"""Figures of coverage: every mark with its sampling error (thick) and the range of assumptions (thin), never "
"one line for both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from informality.foundation.language import say
from informality.publication.coverage_number_words import drawn_number_words, parted, unit_of_number
from informality.publication.coverage_tables import MONEY, number_of
from informality.publication.coverage_views import CoverageViewSpec, Told, idle_words, without_idle
from informality.publication.figures import GRID, INK, SOFT, WIDTH, drawn, wrapped
from informality.publication.formats import MINUS, NumberFormat, marked

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

QUO, FOCUS, THIRD = SOFT, "#1f5a8a", "#b5541c"
PALE = "#c9d6e2"
DRAWING = (
    "Thick lines: 95% confidence interval, from the sample alone. Thin lines: middle 80 per cent of the draws of what "
    "nobody has measured."
)
KEY = 58
"""Letters of an entry of a key before it goes on in the next line."""
Drawn = tuple[str, str, list[str]]
"""SVG, alternative text, notes."""


def dash(text: str) -> str:
    """The package's font has no minus sign; its en dash looks like one."""
    return text.replace(MINUS, "–").replace("-", "–")


def axes_of(height: float, left: float, right: float, below: float = 0.5, above: float = 0.1) -> tuple[Canvas, Axes]:
    """A canvas whose plot is ``height`` inches high, with the margins given in inches, in the look of all figures."""
    from matplotlib.figure import Figure as Canvas

    total = height + below + above
    canvas = Canvas(figsize=(WIDTH, total))
    axes = canvas.add_axes((left / WIDTH, below / total, (WIDTH - left - right) / WIDTH, height / total))
    axes.tick_params(length=0, pad=4)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)
    return canvas, axes


def draw(make: Callable[[], Canvas]) -> str:
    """SVG of a canvas made with the fonts and style of the report."""
    return drawn(lambda *_: make(), pd.DataFrame(), NumberFormat(""), None, None)  # type: ignore[arg-type]


def spoken(row: Mapping[str, Any], number: NumberFormat) -> str:
    """A number with both its doubts, in words."""
    text = number(row["value"])
    if pd.notna(row["ci_low"]):
        doubts = [say("sample {low} to {high}", low=number(row["ci_low"]), high=number(row["ci_high"]))]
        if pd.notna(row["lo80"]):
            doubts.append(say("assumptions {low} to {high}", low=number(row["lo80"]), high=number(row["hi80"])))
        text += f" ({'; '.join(doubts)})"
    return text


# -- marks in rows -------------------------------------------------------------------------------------


def rows_figure(view: CoverageViewSpec, told: Told, what: str) -> Drawn | str:
    """One mark in each row (label), one colour for each heading; both doubts as lines."""
    rows, idle = without_idle(view, told)
    rows = rows[rows["value"].notna()]
    if rows.empty or not (rows["value"] != 0).any():
        return say("There is nothing to draw: no number of this figure can be shown.")
    unit = str(rows["unit"].iloc[0])
    number = number_of(unit, rows, str(told.facts["currency"]))
    series = list(dict.fromkeys(rows["heading"]))
    colours = dict(zip(series, (QUO, FOCUS, THIRD), strict=False)) if len(series) > 1 else {series[0]: FOCUS}

    def make() -> Canvas:
        labels = list(dict.fromkeys(rows["label"]))
        words = wrapped(labels, 26)
        step, gap = (0.17, 0.1) if len(labels) <= 12 else (0.15, 0.05)  # a page must hold it at its own size
        heights = [max(step * len(series), 0.155 * (w.count("\n") + 1)) + gap for w in words]
        key = key_height(series) + 0.1 if len(series) > 1 else 0.0
        left = min(0.15 + 0.066 * max(len(line) for w in words for line in w.split("\n")), 1.8)
        canvas, axes = axes_of(sum(heights), left, 0.62, above=0.08 + key)
        middles, top = [], 0.0
        for height in heights:
            middles.append(top + height / 2)
            top += height
        scaled = rows[["value", "ci_low", "ci_high", "lo80", "hi80"]] * number.scale
        low, high = min(0.0, float(scaled.min().min())), max(0.0, float(scaled.max().max()))
        axes.set(xlim=(low - 0.02 * (high - low), high + 0.02 * (high - low)), ylim=(top, 0), xlabel=number.heading)
        axes.set_yticks(middles, words, linespacing=1.05)
        axes.grid(axis="x", color=GRID, linewidth=0.8)
        axes.xaxis.set_major_formatter(lambda x, _: dash(f"{x:,.10g}".replace(",", "\u202f")))
        axes.locator_params(axis="x", nbins=5)
        axes.axvline(0, color=SOFT, linewidth=0.9, zorder=1)
        for row in rows.to_dict("records"):
            place = series.index(row["heading"]) - (len(series) - 1) / 2
            y, colour = middles[labels.index(row["label"])] + step * place, colours[row["heading"]]
            mark(axes, row, y, colour, number, told)
        if len(series) > 1:
            legend(canvas, [(colours[s], s) for s in series])
        return canvas

    parts = [
        f"{r['label']}{', ' + r['heading'] if len(series) > 1 else ''}: {spoken(r, number)}"
        for r in rows.to_dict("records")
    ]
    return (
        draw(make),
        say("Dot plot. {what}. {unit}. {numbers}.", what=what, unit=number.heading, numbers="; ".join(parts)),
        [*idle_words(idle, told), say(DRAWING)],
    )


def mark(axes: Axes, row: Mapping[str, Any], y: float, colour: str, number: NumberFormat, told: Told) -> None:
    """A number as a mark, its sampling error as a thick line and the range of assumptions as a thin one with ends."""
    s = number.scale
    if pd.notna(row["lo80"]):
        axes.hlines(y, row["lo80"] * s, row["hi80"] * s, color=colour, linewidth=0.8, zorder=2)
        axes.vlines((row["lo80"] * s, row["hi80"] * s), y - 0.035, y + 0.035, color=colour, linewidth=0.8, zorder=2)
    if pd.notna(row["ci_low"]):
        axes.hlines(y, row["ci_low"] * s, row["ci_high"] * s, color=colour, linewidth=2.6, zorder=3)
    hollow = row["grade"] == "unreliable"
    axes.scatter(
        [row["value"] * s],
        [y],
        s=20,
        facecolor="white" if hollow else colour,
        edgecolor=colour,
        linewidth=1.2,
        zorder=4,
    )
    text = f"{number(row['value'])} {told.pub.flags.get(row['grade'], '')}".strip()
    axes.text(
        1.02, y, dash(text), transform=axes.get_yaxis_transform(), color=colour, va="center", fontsize=8, clip_on=False
    )


def key_height(entries: Sequence[str]) -> float:
    """Inches that a key of these entries takes, one under the other."""
    return sum(0.24 + 0.16 * words.count("\n") for words in wrapped(entries, KEY))


def legend(canvas: Canvas, entries: Sequence[tuple[str, str]], style: Sequence[Any] = ()) -> None:
    """A key above the plot, one line for each series."""
    from matplotlib.lines import Line2D

    styles: list[Any] = list(style) or ["-"] * len(entries)
    handles = [
        Line2D([], [], color=c, linewidth=2.2, linestyle=s, label=w)
        for (c, _), w, s in zip(entries, wrapped([words for _, words in entries], KEY), styles, strict=True)
    ]
    key = canvas.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0, 1), ncols=1, frameon=False, fontsize=8.5,
        handlelength=1.6, borderpad=0.2, labelspacing=0.35,
    )  # fmt: skip
    key.set_in_layout(False)


# -- paths ---------------------------------------------------------------------------------------------


def fan_figure(told: Told, table: str, indicator: str, scenarios: Sequence[str], what: str) -> Drawn | str:
    """An indicator by year: the central path, the sampling error as a dark band, the range of assumptions as a "
    "pale one."""
    if told.facts["years"]["first"] == told.facts["years"]["last"]:
        return say("One year is run, so there is no path to draw.")
    rows = told.pub.results
    keep = (
        (rows["table"] == table)
        & (rows["indicator"] == indicator)
        & (rows["scheme"] == "all")
        & (rows["payer"] == "all")
    )
    keep &= (
        (rows["branch"] == "all")
        & rows["dim1"].isna()
        & rows["value"].notna()
        & (rows["definition"] == told.pub.headline)
    )
    rows = rows[keep & rows["scenario"].isin(scenarios)]
    if rows.empty:
        return say("There is nothing to draw: no number of this figure can be shown.")
    number = number_of(str(rows["unit"].iloc[0]), rows, str(told.facts["currency"]))
    colours = dict(zip(scenarios, (QUO, FOCUS, THIRD), strict=False))

    def make() -> Canvas:
        canvas, axes = axes_of(2.3, 0.5, 0.2, above=0.35 + key_height([told.scenarios[s] for s in scenarios]))
        for name in scenarios:
            part = rows[rows["scenario"] == name].sort_values("year")
            x, colour = part["year"].astype(int), colours[name]
            axes.fill_between(
                x, part["lo80"] * number.scale, part["hi80"] * number.scale, color=colour, alpha=0.16, linewidth=0
            )
            axes.fill_between(
                x, part["ci_low"] * number.scale, part["ci_high"] * number.scale, color=colour, alpha=0.38, linewidth=0
            )
            axes.plot(x, part["value"] * number.scale, color=colour, linewidth=1.8)
        axes.set_ylim(bottom=min(0.0, float((rows[["lo80", "ci_low"]].min() * number.scale).min())))
        axes.set_title(number.heading, loc="left", fontsize=9, color=SOFT, pad=6)
        axes.locator_params(axis="x", integer=True)
        axes.grid(axis="y", color=GRID, linewidth=0.8)
        axes.yaxis.set_major_formatter(lambda y, _: dash(f"{y:,.10g}".replace(",", "\u202f")))
        legend(canvas, [(colours[s], told.scenarios[s]) for s in scenarios])
        return canvas

    parts = []
    for name in scenarios:
        part = rows[rows["scenario"] == name].sort_values("year").to_dict("records")
        ends = [part[0], part[-1]] if len(part) > 1 else part
        parts.append(f"{told.scenarios[name]}: " + "; ".join(f"{r['year']}: {spoken(r, number)}" for r in ends))
    note = say(
        "Dark band: 95% confidence interval, from the sample alone. Pale band: middle 80 per cent of the "
        "draws of what nobody has measured."
    )
    return (
        draw(make),
        say("Line chart by year. {what}. {unit}. {numbers}.", what=what, unit=number.heading, numbers=". ".join(parts)),
        [note],
    )


# -- tornado -------------------------------------------------------------------------------------------


def tornado_figure(told: Told, indicator: str, what: str, most: int = 10) -> Drawn | str:
    """Each uncertain number by itself at its 10th and 90th percentile, the widest first."""
    found = [r for r in told.facts["tornado"] if r["indicator"] == indicator][:most]
    if not found:
        return say("No number that is uncertain moves this result.")
    unit = "persons" if indicator == "members" else told.facts["currency"]
    spread = pd.DataFrame({"se": [r["width"] / 4 for r in found], "se_parameters": 0.0})
    number = number_of(str(unit), spread, str(told.facts["currency"]))
    named = [drawn_number_words(r["parameter"], told) for r in found]

    def make() -> Canvas:
        words = wrapped(named, 30)
        heights = [0.15 * (w.count("\n") + 1) + 0.12 for w in words]
        canvas, axes = axes_of(sum(heights), 1.95, 0.25, above=0.32)
        centre, top = found[0]["centre"] * number.scale, 0.0
        middles = []
        for row, height in zip(found, heights, strict=True):
            y = top + height / 2
            middles.append(y)
            top += height
            for end, colour in (("at_low", PALE), ("at_high", FOCUS)):
                axes.barh(y, row[end] * number.scale - centre, left=centre, height=0.17, color=colour, linewidth=0)
        axes.axvline(centre, color=INK, linewidth=1)
        axes.set(ylim=(top, 0), xlabel=number.heading)
        axes.set_yticks(middles, words, linespacing=1.05, fontsize=8)
        axes.locator_params(axis="x", nbins=5)
        axes.xaxis.set_major_formatter(lambda x, _: dash(f"{x:,.10g}".replace(",", "\u202f")))
        axes.grid(axis="x", color=GRID, linewidth=0.8)
        from matplotlib.patches import Patch

        key = [Patch(color=PALE, label=say("at its 10th percentile")), Patch(color=FOCUS, label=say("at its 90th"))]
        canvas.legend(
            handles=key, loc="upper left", bbox_to_anchor=(0, 1), ncols=2, frameon=False, fontsize=8.5, borderpad=0.2
        )
        return canvas

    parts = [
        say(
            "{what}: {at_low} at {low}, {at_high} at {high} ({unit})",
            what=n,
            at_low=number(r["at_low"]),
            low=marked(f"{r['low']:.3g}"),
            at_high=number(r["at_high"]),
            high=marked(f"{r['high']:.3g}"),
            unit=unit_of_number(*parted(r["parameter"], told), r["unit"], told),
        )
        for n, r in zip(named, found, strict=True)
    ]
    centre = number(found[0]["centre"])
    notes = [
        say(
            "One number at a time, all others at their most likely value; the line is the result with all of them there."
        ),
        *([] if unit == "persons" else [say(MONEY)]),
    ]
    return (
        draw(make),
        say(
            "Bar chart. {what}. {unit}, {centre} in the middle. {numbers}.",
            what=what,
            unit=number.heading,
            centre=centre,
            numbers="; ".join(parts),
        ),
        notes,
    )
