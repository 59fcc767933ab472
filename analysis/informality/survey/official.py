"""Figures that others published, as a profile quotes them: benchmarks to reproduce, and comparisons to explain."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from informality.foundation.grammar import CellValue
from informality.foundation.quantities import Status
from informality.foundation.specfile import SpecModel, Words


class PublishedSpec(SpecModel):
    """A published figure: a statistic of persons of this survey, or agreement with a flag row by row."""

    title: Words
    statistic: Literal["total", "share", "mean", "agreement"]
    of: dict[str, CellValue] | Words | None = None
    among: dict[str, CellValue] = Field(default_factory=dict)
    definition: Words | None = None
    step: Words | None = None
    flag: Words | None = None
    value: float
    unit: Words
    source: Words
    status: Status
    waves: list[Words] | None = None

    @model_validator(mode="after")
    def _says_what(self) -> PublishedSpec:
        if self.statistic == "agreement":
            if not (self.flag and self.definition and self.step):
                raise ValueError("an agreement names `flag`, `definition` and `step`")
        elif self.of is None:
            raise ValueError(f"a {self.statistic} says what it is `of`")
        return self


class BenchmarkSpec(PublishedSpec):
    """An official figure to reproduce within ``tolerance``."""

    tolerance: float = Field(ge=0)
    note: Words | None = None


class ComparisonSpec(PublishedSpec):
    """A published figure that need not come out of this file, shown beside ours; ``why`` it differs, and by what."""

    why: Words | None = None
