"""Figures of models: the effect of each level against its reference, with its interval, covariate by covariate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from informality.foundation.language import say
from informality.publication.figures import GRID, INK, SOFT, WIDTH, drawn, wrapped
from informality.publication.formats import MINUS, NumberFormat, column_format, plain_number
from informality.publication.model_tables import model_rows, table_of_model
from informality.publication.notes import interval_words, lower_first, notes_of
from informality.publication.published import Publication
from informality.publication.view_specs import EffectFigureSpec

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

_ROW, _HEAD, _BELOW = 0.2, 0.3, 0.5  # inches
_LEFT, _RIGHT = 1.75, 0.5


def figure_of_effects(id: str, view: EffectFigureSpec, pub: Publication) -> tuple[str, str, list[str]] | str:
    """``(svg, alternative text, notes)`` of the effects of a model in percentage points, or why there is none."""
    reason = table_of_model(id, view, pub)
    if isinstance(reason, str):
        return reason
    rows = model_rows(view, pub)
    rows = rows[rows["level2"].isna()]
    rows = rows.assign(
        group=[pub.labels.variable(v) for v in rows["dim1"]],
        row=[
            pub.labels.level(v, x) if pd.notna(x) else pub.labels.variable(v)
            for v, x in zip(rows["dim1"], rows["level1"], strict=True)
        ],
    )
    number = column_format(str(rows["unit"].iloc[0]), rows["se"], "")
    svg = drawn(_effects, rows, number, pub, None)
    notes = [
        *([say(view.note)] if view.note else []),
        say(
            (
                "Lines show the {interval}. Each mark compares a group with the reference group of its block, all "
                "else in the model alike."
            ),
            interval=lower_first(interval_words(rows)),
        ),
        *notes_of(rows, pub, {"unreliable": say(", hollow mark")}),
    ]
    return svg, _alternative(view, rows, number), notes


def _alternative(view: EffectFigureSpec, rows: pd.DataFrame, number: NumberFormat) -> str:
    parts = []
    for row in rows.to_dict("records"):
        if pd.isna(row["value"]):
            parts.append(say("{group}: too few answers to show", group=row["row"]))
        elif row["note"] == "reference":
            parts.append(say("{variable}: reference {group}", variable=row["group"], group=row["row"]))
        else:
            parts.append(
                say(
                    "{group}: {value} ({low} to {high})",
                    group=row["row"],
                    value=number(row["value"]),
                    low=number(row["ci_low"]),
                    high=number(row["ci_high"]),
                )
            )
    return say(
        "Dot plot with the {interval}. {title}. {numbers}.",
        interval=lower_first(interval_words(rows)),
        title=say(view.title),
        numbers="; ".join(parts),
    )


def _effects(rows: pd.DataFrame, number: NumberFormat, pub: Publication, reference: float | None) -> Canvas:
    from matplotlib.figure import Figure as Canvas

    places: list[tuple[str, float, dict[str, object] | None]] = []
    height = 0.0
    for group, part in rows.groupby("group", sort=False):
        places.append((str(group), height + _HEAD * 0.62, None))
        height += _HEAD
        for row in part.to_dict("records"):
            label = wrapped([str(row["row"])], 26)[0]
            tall = _ROW + 0.15 * label.count("\n")
            places.append((label, height + tall / 2, row))
            height += tall
    height += 0.05
    total = height + _BELOW
    canvas = Canvas(figsize=(WIDTH, total))
    axes = canvas.add_axes((_LEFT / WIDTH, _BELOW / total, (WIDTH - _LEFT - _RIGHT) / WIDTH, height / total))
    limits = pd.concat([rows["ci_low"], rows["ci_high"], rows["value"]]).dropna() * number.scale
    reach = max(abs(float(limits.min())), abs(float(limits.max())), 1e-9)
    low, high = min(float(limits.min()), -0.12 * reach), max(float(limits.max()), 0.12 * reach)
    pad = 0.04 * (high - low)
    axes.set(xlim=(low - pad, high + pad), ylim=(height, 0), xlabel=number.heading)
    axes.set_yticks([])
    axes.xaxis.set_major_formatter(lambda x, _: _dash(plain_number(x)))
    axes.tick_params(length=0, pad=4)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.axvline(0, color=SOFT, linewidth=0.9, zorder=1)
    left = axes.get_yaxis_transform()
    edge = -_LEFT / (WIDTH - _LEFT - _RIGHT) + 0.02
    for label, y, row in places:
        if row is None:
            axes.text(edge, y, label, transform=left, va="center", fontweight="bold", fontsize=9, clip_on=False)
            continue
        value = row["value"]
        shown = pd.notna(value)
        is_reference = row["note"] == "reference"
        axes.text(-0.03, y, label, transform=left, ha="right", va="center", fontsize=8.5, linespacing=1.0,
                  color=SOFT if is_reference or not shown else INK, clip_on=False)  # fmt: skip
        if not shown:
            axes.text(0, y, (" " + say("too few answers to show")), color=SOFT, fontsize=8, va="center")
            continue
        if is_reference:
            axes.scatter([0], [y], marker="|", s=40, color=SOFT, linewidth=1.2, zorder=3)
            axes.text(1.02, y, say("reference"), transform=left, color=SOFT, va="center", fontsize=7.5, clip_on=False)
            continue
        scaled = [float(row[k]) * number.scale for k in ("value", "ci_low", "ci_high")]  # type: ignore[arg-type]
        axes.hlines(y, scaled[1], scaled[2], color=INK, linewidth=1.5, zorder=2)
        face = "white" if row["grade"] == "unreliable" else INK
        axes.scatter([scaled[0]], [y], marker="o", s=20, facecolor=face, edgecolor=INK, linewidth=1.2, zorder=3)
        sign = "+" if scaled[0] > 0 else ""
        text = f"{sign}{_dash(number(float(value)))} {pub.flags.get(str(row['grade']), '')}".strip()  # type: ignore[arg-type]
        axes.text(1.02, y, text, transform=left, va="center", fontsize=8.5, clip_on=False)
    return canvas


def _dash(text: str) -> str:
    """The package's font has no minus sign; its en dash looks like one."""
    return text.replace(MINUS, "–").replace("-", "–")
