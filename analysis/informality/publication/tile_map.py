"""Regions as tiles that stand to each other as on a map: a number and its interval in each, no area larger than its people.

Where a tile stands is data (``library/tiles.yml``); a country without it has no such figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd
from pydantic import Field

from informality.foundation.language import say
from informality.foundation.library import LIBRARY
from informality.foundation.quantities import Status
from informality.foundation.specfile import SpecModel, Words, load
from informality.publication.coverage_figures import Drawn, dash, draw, spoken
from informality.publication.coverage_tables import number_of
from informality.publication.coverage_views import CoverageViewSpec, Told, selected
from informality.publication.figures import INK, SOFT, WIDTH, wrapped

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

PALE, DARK = (0.97, 0.89, 0.82), (0.66, 0.28, 0.06)
"""Few and many, as in the explorer."""


class TileSpec(SpecModel):
    """Column and row of a region in the grid, from the upper left, and a name that fits into a tile."""

    column: int
    row: int
    short: Words


class TilesSpec(SpecModel):
    """``library/tiles.yml``: where each region stands, by country."""

    title: Words
    sources: list[Words] = Field(min_length=1)
    status: Status
    tiles: dict[str, dict[str, TileSpec]]


@cache
def tiles_of(country: str) -> Mapping[str, TileSpec]:
    """Tiles by level of ``region``, of a country by its three letters (ISO 3166); empty for one without a grid."""
    return load(LIBRARY / "tiles.yml", TilesSpec).spec.tiles.get(country, {})


def tile_figure(view: CoverageViewSpec, told: Told) -> Drawn | str:
    """One map for each heading of a view by region, side by side, all in one scale of colour.

    A region without a number has an empty tile with a dashed edge; the sampling error stands in the tile below the number.
    """
    tiles, rows = tiles_of(told.country), selected(view, told)
    rows = rows[rows["level1"].isin(tiles)]
    if not tiles or rows["value"].notna().sum() < 2:
        return say("There is no map of these regions.")
    number = number_of(str(rows["unit"].iloc[0]), rows, str(told.facts["currency"]))
    known = rows["value"].dropna()
    low, high = float(known.min()), float(known.max())
    maps = list(dict.fromkeys(rows["heading"]))
    wide, tall = max(t.column for t in tiles.values()) + 1, max(t.row for t in tiles.values()) + 1

    def make() -> Canvas:
        from matplotlib.figure import Figure as Canvas
        from matplotlib.patches import FancyBboxPatch

        size = min((WIDTH - 0.3 * (len(maps) - 1)) / (len(maps) * wide), 0.86)
        above = 0.3 + 0.16 * max(wrapped([heading], 34)[0].count("\n") + 1 for heading in maps)
        canvas = Canvas(figsize=(WIDTH, tall * size * 0.72 + above))
        for k, heading in enumerate(maps):
            axes = canvas.add_axes(
                (
                    k * (wide * size + 0.3) / WIDTH,
                    0,
                    wide * size / WIDTH,
                    tall * size * 0.72 / (tall * size * 0.72 + above),
                )
            )
            axes.set(xlim=(0, wide), ylim=(tall, 0))
            axes.axis("off")
            axes.set_title(wrapped([heading], 34)[0], loc="left", fontsize=9, color=INK, pad=4)
            for row in rows[rows["heading"] == heading].to_dict("records"):
                tile, empty = tiles[row["level1"]], pd.isna(row["value"])
                share = 0.0 if empty else (row["value"] - low) / (high - low or 1.0)
                colour = tuple(a + (b - a) * share for a, b in zip(PALE, DARK, strict=True))
                ink = "white" if share > 0.7 else INK
                box = FancyBboxPatch(
                    (tile.column + 0.06, tile.row + 0.07), 0.88, 0.86, boxstyle="round,pad=0,rounding_size=0.08",
                    facecolor="white" if empty else colour, edgecolor="#8a6a55", linewidth=0.6,
                    linestyle=(0, (3, 2)) if empty else "-",
                )  # fmt: skip
                axes.add_patch(box)
                middle = tile.column + 0.5
                place: dict[str, Any] = {"ha": "center", "va": "center", "color": ink}
                axes.text(middle, tile.row + 0.25, tile.short, fontsize=min(5.6, 46 / len(tile.short)), **place)
                text = "–" if empty else dash(number(row["value"]))
                axes.text(middle, tile.row + 0.53, text, fontsize=9, fontweight="bold", **place)
                if pd.notna(row["ci_low"]):
                    interval = f"{dash(number(row['ci_low']))} – {dash(number(row['ci_high']))}"
                    axes.text(middle, tile.row + 0.79, interval, fontsize=5.2, **place)
        canvas.text(0, 0.985, number.heading, fontsize=9, color=SOFT, ha="left", va="top")
        return canvas

    parts = [
        f"{heading}: "
        + ", ".join(
            f"{told.label('level', row)} {spoken(row, number) if pd.notna(row['value']) else say('not shown')}"
            for row in rows[rows["heading"] == heading].to_dict("records")
        )
        for heading in maps
    ]
    notes = [
        say("Each tile is a region, placed roughly as on a map. Below the number stands its 95% confidence interval."),
        say("The range of the assumptions stands in the table below."),
    ]
    return (
        draw(make),
        say("Map of tiles, {unit}. {numbers}.", unit=number.heading.lower(), numbers="; ".join(parts)),
        notes,
    )
