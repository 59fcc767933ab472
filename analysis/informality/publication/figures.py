"""Figures from the results table: dots, lines and bars, always with their intervals.

Each figure draws what :func:`lay_out` returns and nothing else. Colours keep one meaning in the whole
report and differ in lightness as well as hue; shape repeats what colour says. Text is drawn with the
package's own fonts and stored as outlines, so that a page looks the same everywhere and the same input
gives the same bytes.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.language import say
from informality.foundation.library import LIBRARY
from informality.publication.formats import NumberFormat, column_format
from informality.publication.notes import interval_words, lower_first, notes_of, why_missing
from informality.publication.plain import folded, width_of
from informality.publication.published import Publication
from informality.publication.table import one_line
from informality.publication.view_specs import FigureSpec
from informality.publication.views import lay_out, one_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

FONTS = LIBRARY / "fonts"

INK, SOFT, GRID = "#1d2329", "#55606b", "#e3e7eb"
LOOKS = {
    "": (INK, "o"),
    "formal": ("#1f5a8a", "D"),
    "informal": ("#b5541c", "o"),
    "household": ("#6f7536", "s"),
    "female": ("#7b3f8c", "o"),
    "male": ("#1c756b", "D"),
    "IE_IS": ("#a8480f", "o"),
    "IE_FS": ("#d8854a", "o"),
    "IE_HH": ("#efc29b", "o"),
    "FE_FS": ("#1f5a8a", "D"),
    "FE_IS": ("#6fa3cb", "D"),
    "FE_HH": ("#bdd5e8", "D"),
    "informal_employment": ("#b5541c", "o"),
    "informal_sector": ("#5c4a1e", "s"),
}
"""Colour and mark of a level; the same in every figure."""
SPARE = tuple(zip(("#3d4a57", "#8a6d00", "#4b5a8c", "#7a3b3b", "#3f6b4f", "#6b6b6b"), "osD^vP", strict=True))

WIDTH = 4.3
"""Inches. Drawn narrow, so that text stays readable when the page is 375 pixels wide."""

INSTEAD = {"suppressed": "too few answers to show", "not_determinable": "cannot be worked out"}
ABSENT = "not available"


def figure_of_view(id: str, view: FigureSpec, pub: Publication) -> tuple[str, str, list[str]] | str:
    """``(svg, alternative text, notes)`` of a published figure, or a sentence saying why there is none.

    The figure shows shares in per cent; another unit raises :class:`InformalityError`.
    """
    laid = lay_out(view, pub)
    if reason := why_missing(laid):
        return reason
    if one_unit(id, laid) != "share":
        raise InformalityError(
            Problem(
                f"views.yml, figure `{id}`",
                "a figure shows shares",
                f"unit {laid['unit'].iloc[0]}",
                "choose a table of shares or set `statistic: share`",
            ),
            ExitCode.SPEC,
        )
    laid = laid.assign(row=laid["row"].map(one_line), column=laid["column"].map(one_line))
    elsewhere = laid.groupby("row")["group"].transform("nunique") > 1
    laid["row"] = laid["row"].mask(elsewhere & (laid["group"] != ""), laid["group"] + ": " + laid["row"])
    whole = laid[
        "column_level"
    ].isna()  # rows that hold for a whole breakdown; told once, and only where nothing else is
    laid = laid[~whole | ~(laid["row"].isin(laid.loc[~whole, "row"]) | laid["row"].duplicated())]
    if view.sort:
        laid = laid.sort_values("value", ascending=False, na_position="last", kind="stable")
    number = column_format("share", laid["se"], "")
    reference = _reference(view, pub) if view.reference else None
    draw = {"dots": _dots, "lines": _lines, "bars": _bars}[view.kind]
    svg = drawn(draw, laid, number, pub, reference)
    notes = [
        say(view.note) or say("Lines show the {interval}.", interval=lower_first(interval_words(laid))),
        *notes_of(laid, pub, {"unreliable": say(", hollow mark")}),
    ]
    return svg, _alternative(view, laid, number, pub), notes


def _reference(view: FigureSpec, pub: Publication) -> float | None:
    """The value not broken down, drawn as a line to compare with."""
    total = lay_out(view.model_copy(update={"by": [""], "column": "", "only": {}}), pub)["value"].dropna()
    return float(total.iloc[0]) * 100 if len(total) else None


def _alternative(view: FigureSpec, laid: pd.DataFrame, number: NumberFormat, pub: Publication) -> str:
    """The figure in words: what it is, and every number it shows with its interval."""
    kind = {"dots": say("Dot plot"), "lines": say("Line chart"), "bars": say("Stacked bar chart")}[view.kind]
    parts = []
    for row in laid.to_dict("records"):
        name = ", ".join(filter(None, (row["row"], row["column"])))
        if pd.isna(row["value"]):
            parts.append(f"{name}: {say(INSTEAD.get(row['grade'], ABSENT))}")
            continue
        flag = lower_first(pub.meanings[row["grade"]]) if pub.flags.get(row["grade"]) else ""
        interval = (
            say("{low} to {high}", low=number(row["ci_low"]), high=number(row["ci_high"]))
            if pd.notna(row["ci_low"])
            else ""
        )
        aside = "; ".join(filter(None, (interval, flag.rstrip("."))))
        parts.append(f"{name}: {number(row['value'])}" + (f" ({aside})" if aside else ""))
    return say(
        "{kind} with the {interval}. {title}. {numbers}.",
        kind=kind,
        interval=lower_first(interval_words(laid)),
        title=say(view.title),
        numbers="; ".join(parts),
    )


# -- drawing -------------------------------------------------------------------------------------------


def drawn(draw: Any, laid: pd.DataFrame, number: NumberFormat, pub: Publication, reference: float | None) -> str:
    import matplotlib as mpl
    import seaborn as sns

    style = {
        **sns.axes_style("white"),
        "font.family": families(),
        "font.size": 9,
        "text.color": INK,
        "text.parse_math": False,
        "axes.labelcolor": SOFT,
        "xtick.color": SOFT,
        "ytick.color": INK,
        "svg.fonttype": "path",
        "svg.hashsalt": "informality",
    }
    with mpl.rc_context(style):
        canvas = draw(laid, number, pub, reference)
        out = io.StringIO()
        canvas.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    svg = out.getvalue()
    return svg[svg.index("<svg") :]


def families() -> list[str]:
    """Names under which the package's font files are known to matplotlib.

    The names are our own, so that a font of the same family installed on the machine is never taken.
    """
    from matplotlib import font_manager

    families = []
    for file, family in (("NotoSans", "Informality Noto Sans"), ("NotoSansLao", "Informality Noto Sans Lao")):
        families.append(family)
        if not any(font.name == family for font in font_manager.fontManager.ttflist):
            for style, weight in (("Regular", 400), ("Bold", 700)):
                path = str(FONTS / f"{file}-{style}.ttf")
                entry = font_manager.FontEntry(
                    fname=path, name=family, weight=weight, stretch="normal", size="scalable"
                )
                font_manager.fontManager.ttflist.append(entry)
    return families


def _series(laid: pd.DataFrame) -> dict[str, str]:
    """Words of each series by identifier."""
    named = laid[laid["column_level"].notna()]
    return dict(zip(named["column_level"], named["column"], strict=True)) or {"": ""}


def looks_of(levels: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Colour and mark of each level."""
    spare = itertools.cycle(SPARE)
    return {level: LOOKS.get(level) or next(spare) for level in levels}


def _canvas(
    rows: Sequence[float], labels: Sequence[str], above: float, right: float
) -> tuple[Canvas, Axes, list[float]]:
    """A canvas whose rows have these heights (inches), labelled on the left; the middle of each row."""
    from matplotlib.figure import Figure as Canvas

    height, below = sum(rows), 0.5
    left = min(0.2 + 0.068 * max(width_of(line) for label in labels for line in label.split("\n")), 1.75)
    total = height + above + below
    canvas = Canvas(figsize=(WIDTH, total))
    axes = canvas.add_axes((left / WIDTH, below / total, (WIDTH - left - right) / WIDTH, height / total))
    middles, top = [], 0.0
    for row in rows:
        middles.append(top + row / 2)
        top += row
    axes.set(xlim=(0, 100), ylim=(height, 0), xticks=[0, 25, 50, 75, 100], xlabel=say("Per cent"))
    axes.set_yticks(middles, labels, linespacing=1.05)
    axes.tick_params(length=0, pad=4)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)
    return canvas, axes, middles


def wrapped(labels: Sequence[str], width: int = 22) -> list[str]:
    """Labels in lines of about ``width`` letters; marks above and below a letter do not count."""
    return ["\n".join(folded(label, width)) for label in labels]


def _key(canvas: Canvas, handles: Sequence[Any], columns: int) -> None:
    legend = canvas.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0, 1),
        ncols=columns,
        frameon=False,
        handletextpad=0.4,
        columnspacing=1.2,
        fontsize=8.5,
        borderpad=0.2,
        labelspacing=0.35,
        handlelength=1.2,
    )
    legend.set_in_layout(False)


def _dots(laid: pd.DataFrame, number: NumberFormat, pub: Publication, reference: float | None) -> Canvas:
    import seaborn as sns
    from matplotlib.lines import Line2D

    names = laid["row"].value_counts(sort=False)
    series = _series(laid)
    looks, order, step = looks_of(list(series)), list(series), 0.2
    labels = wrapped(list(names.index))
    heights = [max(step * len(order), 0.175 * (label.count("\n") + 1)) + 0.1 for label in labels]
    above = 0.08 + (0.26 if len(order) > 1 or reference is not None else 0)
    canvas, axes, middles = _canvas(heights, labels, above, 0.55)
    if len(order) > 1:
        marks = [(*looks[level], words) for level, words in series.items()]
        _key(canvas, [Line2D([], [], color=c, marker=m, linestyle="", label=w) for c, m, w in marks], len(marks))
    if reference is not None:
        axes.axvline(reference, color=SOFT, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
        axes.annotate(
            say("All: {value}", value=number(reference / 100)),
            (reference, 0),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            color=SOFT,
            fontsize=8,
            annotation_clip=False,
        )
    for row in laid.to_dict("records"):
        alone = names[row["row"]] == 1
        place = 0.0 if alone else order.index(row["column_level"]) - (len(order) - 1) / 2
        y = middles[names.index.get_loc(row["row"])] + step * place
        if pd.isna(row["value"]):
            axes.text(1, y, say(INSTEAD.get(row["grade"], ABSENT)), color=SOFT, fontsize=8, va="center")
            continue
        colour, mark = looks[row["column_level"]]
        if pd.notna(row["ci_low"]):
            axes.hlines(y, row["ci_low"] * 100, row["ci_high"] * 100, color=colour, linewidth=1.6, zorder=2)
        sns.scatterplot(
            x=[row["value"] * 100],
            y=[y],
            marker=mark,
            s=22,
            linewidth=1.2,
            edgecolor=colour,
            ax=axes,
            zorder=3,
            facecolor="white" if row["grade"] == "unreliable" else colour,
            legend=False,
            clip_on=False,
        )
        text = f"{number(row['value'])} {pub.flags.get(row['grade'], '')}".strip()
        axes.text(105, y, text, color=colour if len(order) > 1 else INK, va="center", fontsize=8.5)
    axes.set(xlabel=say("Per cent"), ylabel="")
    return canvas


def _lines(laid: pd.DataFrame, number: NumberFormat, pub: Publication, reference: float | None) -> Canvas:
    from matplotlib.figure import Figure as Canvas

    names = list(dict.fromkeys(laid["row"]))
    series = _series(laid)
    looks = looks_of(list(series))
    canvas = Canvas(figsize=(WIDTH, 3.2))
    axes = canvas.add_axes((0.08, 0.14, 0.76, 0.77))
    ends: list[tuple[float, str]] = []
    for i, (level, part) in enumerate(laid.groupby("column_level", sort=False)):
        part = part.assign(x=part["row"].map(names.index) + 0.12 * (i - (len(series) - 1) / 2))
        value, (colour, mark) = part["value"] * 100, looks[str(level)]
        axes.plot(part["x"], value, color=colour, linewidth=1.8, zorder=2)
        axes.vlines(part["x"], part["ci_low"] * 100, part["ci_high"] * 100, color=colour, linewidth=1.6)
        hollow = part["grade"] == "unreliable"
        for these, face in ((~hollow, colour), (hollow, "white")):
            axes.scatter(
                part["x"][these],
                value[these],
                marker=mark,
                s=22,
                facecolor=face,
                edgecolor=colour,
                linewidth=1.2,
                zorder=3,
            )
        for x, grade in zip(part["x"], part["grade"].where(part["value"].isna()), strict=True):
            if isinstance(grade, str):
                axes.text(
                    x,
                    2 + 3 * i,
                    say(INSTEAD.get(grade, ABSENT)),
                    color=colour,
                    fontsize=8,
                    rotation=90,
                    ha="center",
                    va="bottom",
                )
        if value.notna().any():
            ends.append((float(value.dropna().iloc[-1]), str(level)))
    last = 200.0
    for y, level in sorted(ends, reverse=True):  # names never overlap: each at least seven points below the last
        last = min(y, last - 7)
        axes.text(
            len(names) - 0.7,
            last,
            wrapped([series[level]], 12)[0],
            color=looks[level][0],
            fontweight="bold",
            va="center",
            clip_on=False,
        )
    axes.set(xlim=(-0.4, len(names) - 0.6), ylim=(0, 102), yticks=[0, 25, 50, 75, 100])
    axes.set_title(say("Per cent"), loc="left", fontsize=9, color=SOFT, pad=6)
    axes.set_xticks(range(len(names)), wrapped(names, 8))
    axes.tick_params(length=0)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)
    return canvas


def _bars(laid: pd.DataFrame, number: NumberFormat, pub: Publication, reference: float | None) -> Canvas:
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Patch

    names = list(dict.fromkeys(laid["row"]))
    series = _series(laid)
    colours = {level: colour for level, (colour, _) in looks_of(list(series)).items()}
    labels = wrapped(names)
    words = wrapped(list(series.values()), 30)
    key = [Patch(color=colours[level], label=text) for level, text in zip(series, words, strict=True)]
    lines = sum(sorted((text.count("\n") + 1 for text in words), reverse=True)[: (len(key) + 1) // 2])
    canvas, axes, middles = _canvas(
        [0.44] * len(names), labels, 0.15 + 0.2 * lines, 0.9 if laid["value"].isna().any() else 0.2
    )
    _key(canvas, key, 2)
    ends = dict.fromkeys(names, 0.0)
    for row in laid.to_dict("records"):
        y, left = middles[names.index(row["row"])], ends[row["row"]]
        if pd.isna(row["value"]):
            continue
        value, colour = row["value"] * 100, colours[row["column_level"]]
        axes.barh(y, value, left=left, height=0.3, color=colour, edgecolor="white", linewidth=0.8)
        if pd.notna(row["ci_low"]):
            low, high = left + row["ci_low"] * 100, left + row["ci_high"] * 100
            axes.hlines(y + 0.19, low, high, color=INK, linewidth=1.6, clip_on=False)
            axes.vlines((low, high), y + 0.165, y + 0.215, color=INK, linewidth=1, clip_on=False)
        if value >= 8:
            red, green, blue = to_rgb(colour)
            dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
            text = f"{number(row['value'])} {pub.flags.get(row['grade'], '')}".strip()
            axes.text(left + value / 2, y, text, color="white" if dark else INK, fontsize=8, ha="center", va="center")
        ends[row["row"]] = left + value
    for name in laid.loc[laid["value"].isna(), "row"].unique():
        axes.text(
            ends[name] + 1, middles[names.index(name)], say("part not shown"), color=SOFT, fontsize=7.5, va="center"
        )
    return canvas
