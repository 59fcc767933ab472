"""The map of tiles: every number of its regions, with its interval, and nothing that is withheld. By hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from informality.publication import tile_map
from informality.publication.tile_map import tile_figure, tiles_of

ROWS = pd.DataFrame(
    {
        "heading": ["Now", "Now", "More", "More"], "level1": ["bokeo", "attapeu"] * 2, "unit": "share",
        "value": [0.1, 0.2, 0.3, None], "se": 0.02, "se_parameters": 0.0, "ci_low": [0.05, 0.15, 0.25, None],
        "ci_high": [0.15, 0.25, 0.35, None], "lo80": None, "hi80": None,
    }
)  # fmt: skip


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Rows as a view selects them, and the words of their regions."""
    monkeypatch.setattr(tile_map, "selected", lambda view, told: ROWS)
    return SimpleNamespace(country="LAO", facts={"currency": "LAK"}, label=lambda kind, row: row["level1"].title())


def test_each_region_has_its_number_and_one_without_is_empty(told: Any) -> None:
    drawn = tile_figure(None, told)  # type: ignore[arg-type]
    assert isinstance(drawn, tuple)
    svg, spoken, notes = drawn
    assert spoken.startswith(
        "Map of tiles, per cent. Now: Bokeo 10.0 (sample 5.0 to 15.0), Attapeu 20.0 (sample 15.0 to 25.0); "
    )
    assert spoken.endswith("More: Bokeo 30.0 (sample 25.0 to 35.0), Attapeu not shown.")
    assert svg.count("stroke-dasharray") == 1, "the region without a number"
    assert len(notes) == 2


def test_a_country_without_a_grid_has_no_map(told: Any) -> None:
    told.country = "XXX"
    assert tile_figure(None, told) == "There is no map of these regions."  # type: ignore[arg-type]


def test_no_two_regions_stand_in_one_place() -> None:
    places = [(at.column, at.row) for at in tiles_of("LAO").values()]
    assert len(places) == len(set(places)) == 18
