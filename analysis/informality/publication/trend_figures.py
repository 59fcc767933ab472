"""Lines over the waves of a series, each point with its interval; no line runs through a break."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from informality.foundation.language import say
from informality.publication.figures import GRID, SOFT, drawn, looks_of, wrapped
from informality.publication.formats import NumberFormat, column_format
from informality.publication.notes import interval_words, lower_first, notes_of
from informality.publication.published import Publication, levels_of
from informality.publication.series import CHANGE, ONE_WAVE, Series
from informality.publication.view_specs import TrendSpec

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas


def figure_of_trend(id: str, view: TrendSpec, series: Series | None) -> tuple[str, str, list[str]] | str:
    """``(svg, alternative text, notes)``, or a sentence saying why there is none."""
    if series is None:
        return say(ONE_WAVE)
    pub, parts = series.pub, []
    order = {wave.name: i for i, wave in enumerate(series.waves)}
    for by in view.by:
        rows = series.rows(view.table, view.indicators, by)
        rows = rows[(rows["statistic"] != CHANGE) & (rows["unit"] == "share")]
        levels = [levels_of(row).get(by, "") if by else "" for row in rows.to_dict("records")]
        rows = rows.assign(series=levels, name=[pub.labels.level(by, x) if x else say("All") for x in levels])
        if view.only and by:
            rows = rows[rows["series"].isin(view.only)]
        parts.append(rows.assign(x=rows["wave"].map(order)))
    laid = pd.concat(parts, ignore_index=True).sort_values("x", kind="stable")
    if laid["value"].isna().all():
        return say("Cannot be worked out from these waves.")
    number = column_format("share", laid["se"], "")
    broken = [
        (order[p.earlier], order[p.later]) for p in series.pairs if p.broken and order[p.later] - order[p.earlier] == 1
    ]

    def draw(laid: pd.DataFrame, number: NumberFormat, pub: Publication, reference: Any) -> Canvas:
        return _trend(laid, number, series, broken)

    svg = drawn(draw, laid, number, pub, None)
    notes = [
        say(view.note) or say("Upright lines show the {interval}.", interval=lower_first(interval_words(laid))),
        *notes_of(laid, pub),
    ]
    titles = {wave.name: wave.title for wave in series.waves}
    notes += [
        say(
            "The line is interrupted between {earlier} and {later}, where the series breaks: {reason}.",
            earlier=titles[p.earlier],
            later=titles[p.later],
            reason=p.broken,
        )
        for p in series.pairs
        if p.broken and (order[p.earlier], order[p.later]) in broken
    ]
    return svg, _words(view, laid, number, titles, bool(broken)), notes


def _words(view: TrendSpec, laid: pd.DataFrame, number: NumberFormat, titles: dict[str, str], broken: bool) -> str:
    points = []
    for row in laid.to_dict("records"):
        if pd.notna(row["value"]):
            interval = (
                (" " + say("({low} to {high})", low=number(row["ci_low"]), high=number(row["ci_high"])))
                if pd.notna(row["ci_low"])
                else ""
            )
            points.append(f"{row['name']}, {titles[row['wave']]}: {number(row['value'])}{interval}")
    interrupted = say(", interrupted at a break in series") if broken else ""
    return say(
        "Line chart over time with the {interval}{interrupted}. {title}. {numbers}.",
        interval=lower_first(interval_words(laid)),
        interrupted=interrupted,
        title=say(view.title),
        numbers="; ".join(points),
    )


def _trend(laid: pd.DataFrame, number: NumberFormat, series: Series, broken: list[tuple[int, int]]) -> Canvas:
    from matplotlib.figure import Figure as Canvas

    from informality.publication.figures import WIDTH

    times = [wave.middle for wave in series.waves]
    span = max(times) - min(times) or 1.0
    names = dict(zip(laid["series"], laid["name"], strict=True))
    looks = looks_of(list(names))
    canvas = Canvas(figsize=(WIDTH, 3.2))
    axes = canvas.add_axes((0.09, 0.2, 0.7, 0.71))
    highest = laid["ci_high"].fillna(laid["value"]).max() * 100
    top = min(100.0, math.ceil(highest * 1.15 / 10) * 10)
    ends = []
    for i, (level, part) in enumerate(laid.groupby("series", sort=False)):
        colour, mark = looks[str(level)]
        shift = 0.025 * span * (i - (len(names) - 1) / 2)
        x, value = part["x"].map(lambda place: times[place]) + shift, part["value"] * 100
        cut = [0, *(k for k in range(1, len(part)) if (part["x"].iloc[k - 1], part["x"].iloc[k]) in broken), len(part)]
        for start, end in itertools.pairwise(cut):
            axes.plot(x.iloc[start:end], value.iloc[start:end], color=colour, linewidth=1.8, zorder=2)
        low, high = value - part["ci_low"] * 100, part["ci_high"] * 100 - value
        axes.errorbar(x, value, yerr=[low, high], fmt="none", ecolor=colour, elinewidth=1.4, capsize=4, capthick=1.4)
        hollow = part["grade"] == "unreliable"
        for these, face in ((~hollow, colour), (hollow, "white")):
            axes.scatter(
                x[these], value[these], marker=mark, s=12, facecolor=face, edgecolor=colour, linewidth=1.2, zorder=3
            )
        if value.notna().any():
            ends.append((float(value.dropna().iloc[-1]), str(level)))
    last = 2 * top
    for y, level in sorted(ends, reverse=True):
        last = min(y, last - top * 0.085)
        text = wrapped([f"{names[level]} {number(y / 100)}"], 14)[0]
        axes.text(
            max(times) + 0.1 * span, last, text, color=looks[level][0], fontweight="bold", va="center", clip_on=False
        )
    for earlier, later in broken:
        middle = (times[earlier] + times[later]) / 2
        axes.axvline(middle, color=SOFT, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
        axes.text(middle, top, "break ", color=SOFT, fontsize=8, rotation=90, ha="right", va="top")
    axes.set(xlim=(min(times) - 0.1 * span, max(times) + 0.07 * span), ylim=(0, top))
    axes.set_title(say("Per cent"), loc="left", fontsize=9, color=SOFT, pad=6)
    width = max(8, 34 // len(times))
    axes.set_xticks(times, wrapped([wave.title for wave in series.waves], width))
    axes.tick_params(length=0, pad=6)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)
    return canvas
