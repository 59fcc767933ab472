"""What an anonymised file is: the rule as written, the columns with their words, and what was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd
from pydantic import Field

from informality.foundation.quantities import QuantitySpec, Status
from informality.foundation.specfile import SpecModel, Words

WITHHELD = "withheld"
"""A fourth kind of missing, of anonymised files alone."""


class NumberSpec(SpecModel):
    """Significant ``digits`` that are kept, and the share of the largest values that are set to the smallest of them."""

    digits: int = Field(ge=1)
    top: float = Field(ge=0, lt=0.5)


class CodeSpec(SpecModel):
    """How a kind of missing is written: letter of Stata's extended missing values, codes of SPSS."""

    stata: Words
    category: int
    number: int


class AnonymitySpec(SpecModel):
    """A file of ``library/anonymisation``."""

    id: Words
    title: Words
    summary: Words
    sources: list[Words] = Field(min_length=1)
    status: Status
    fewest: QuantitySpec
    keys: list[Words] = Field(min_length=1)
    places: list[Words]
    withheld: Words
    undecided: Words
    keep: list[Words]
    outcomes: list[Words]
    numbers: dict[str, NumberSpec]
    codes: dict[str, CodeSpec]


@dataclass(frozen=True, slots=True)
class LabelledColumn:
    """A column of the file. ``levels``: words by category, in order; empty for numbers and running numbers."""

    name: str
    title: str
    levels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Anonymised:
    """``frame``: categories as categoricals, numbers with why they are missing beside them (``.missing``); ``log``: what
    was done (what, column, persons)."""

    frame: pd.DataFrame
    columns: tuple[LabelledColumn, ...]
    missing: Mapping[str, str]
    log: pd.DataFrame
    spec: AnonymitySpec
