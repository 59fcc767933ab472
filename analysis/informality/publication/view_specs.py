"""What ``library/views.yml`` may say: every published table and figure, and the sentences that compare."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from informality.foundation.library import LIBRARY
from informality.foundation.specfile import SpecFile, SpecModel, Words, load

VIEWS = LIBRARY / "views.yml"

Shown = Literal["share", "total", "mean", "ratio", "difference"]
"""The statistics of plain tables."""


class ViewSpec(SpecModel):
    """One published table. ``by`` lists breakdowns ("" is none, "area sex" is sex within area)."""

    title: Words
    table: Words
    by: list[str]
    row: Literal["level", "variable", "indicator", "definition", "universe"] = "level"
    column: str = ""
    indicators: list[str] = Field(default_factory=list)
    statistic: Shown | None = None
    statistics: list[Words] = Field(default_factory=list)
    definitions: Literal["headline", "all"] = "headline"
    only: dict[str, list[str]] = Field(default_factory=dict)
    note: str = ""


class FigureSpec(ViewSpec):
    """One published figure: the same selection, and how it is drawn."""

    kind: Literal["dots", "lines", "bars"]
    sort: bool = False
    reference: bool = False


class ModelViewSpec(SpecModel):
    """One published table of a model: the blocks of columns, and the covariates shown (all, without ``only``)."""

    title: Words
    table: Words
    statistics: list[Words] = Field(min_length=1)
    only: list[Words] = Field(default_factory=list)
    note: str = ""


class EffectFigureSpec(ModelViewSpec):
    """One published figure of a model: the effects of its covariates, one statistic."""

    statistics: list[Words] = Field(min_length=1, max_length=1)


class GapViewSpec(SpecModel):
    """One published table of a decomposition."""

    title: Words
    table: Words
    note: str = ""


class SegmentViewSpec(SpecModel):
    """One published table of segments, with what is said of each."""

    title: Words
    table: Words
    note: str = ""


class WaveViewSpec(SpecModel):
    """One published table with a column for each wave and each change: indicators by the breakdowns of ``by``."""

    title: Words
    table: Words
    by: list[str] = Field(default_factory=lambda: [""])
    indicators: list[str] = Field(default_factory=list)
    note: str = ""


class TrendSpec(WaveViewSpec):
    """One published line chart over the waves; ``only`` keeps some levels of the breakdowns."""

    only: list[str] = Field(default_factory=list)


class ReadingViewSpec(SpecModel):
    """One published table of other readings of the questionnaire."""

    title: Words
    table: Words
    note: str = ""


class ChangeSpec(SpecModel):
    """What a sentence says the change of."""

    table: Words
    indicator: Words


class DefinitionViewSpec(SpecModel):
    """One kind of published tables on what rests on the definition."""

    title: Words
    table: Words
    kind: Literal["gaps", "flows", "movers", "bounds", "groups", "assumed", "options"]
    note: str = ""


class ContrastSpec(SpecModel):
    """Two groups that a sentence compares, by a row of the table ``differences``."""

    indicator: Words
    by: Words
    levels: list[Words] = Field(min_length=2, max_length=2)


class ExtremesSpec(SpecModel):
    """A breakdown whose highest and lowest groups a sentence names."""

    table: Words
    by: Words


class ViewsSpec(SpecModel):
    """The whole of ``views.yml``."""

    tables: dict[str, ViewSpec]
    models: dict[str, ModelViewSpec]
    effects: dict[str, EffectFigureSpec]
    gaps: dict[str, GapViewSpec]
    segments: dict[str, SegmentViewSpec]
    robustness: dict[str, DefinitionViewSpec]
    figures: dict[str, FigureSpec]
    waves: dict[str, WaveViewSpec] = Field(default_factory=dict)
    trends: dict[str, TrendSpec] = Field(default_factory=dict)
    readings: dict[str, ReadingViewSpec] = Field(default_factory=dict)
    changes: dict[str, ChangeSpec] = Field(default_factory=dict)
    prose: dict[str, list[Literal["definition", "universe", "indicator"]]]
    contrasts: dict[str, ContrastSpec]
    extremes: dict[str, ExtremesSpec]


def read_views(path: Path = VIEWS) -> SpecFile[ViewsSpec]:
    """The views the report uses; mistakes in the file raise :class:`InformalityError` with their lines."""
    return load(path, ViewsSpec)
