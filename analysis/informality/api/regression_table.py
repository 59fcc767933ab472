"""The lines of a regression table: a heading for each factor, its reference level, and a line for each coefficient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np

from informality.api.printing import finer, number_format, p_words
from informality.api.results import Context
from informality.api.rows import CONFIDENCE
from informality.inference.models.fitted import Fit as CoreFit
from informality.inference.models.quantile_regression import QuantileFit
from informality.inference.models.several_outcomes import Multinomial, Ordered
from informality.publication.formats import NumberFormat
from informality.publication.table import Cell, Column, RowGroup

TIMES = " × "
RATIO = NumberFormat("", 1, 3)
EMPTY = Cell(words=" ")


@dataclass(frozen=True, slots=True)
class Line:
    """``place``: which coefficient stands here; None for a reference level. ``heading`` is empty for a number.

    ``constant``: a constant or a cut point, whose exponent compares nobody.
    """

    heading: str
    label: str
    place: int | None
    constant: bool = False


def lines(core: CoreFit | QuantileFit, context: Context, of: str, units: Mapping[str, str]) -> list[Line]:
    """The lines of a fitted model, equation by equation; ``of``: the outcome, where it is a category variable."""
    likelihood, width = core.data.likelihood, len(core.data.sample.matrix.names)
    if isinstance(likelihood, Multinomial):
        return [
            line
            for r, outcome in enumerate(likelihood.outcomes[1:])
            for line in _equation(core, context, units, r * width, f"{context.label(of, outcome)}: ")
        ]
    found = list(_equation(core, context, units, 0, ""))
    if isinstance(likelihood, Ordered):
        labels = [context.label(of, outcome) for outcome in likelihood.outcomes]
        cuts = [f"{low} | {high}" for low, high in pairwise(labels)]
        found += [Line("Cut points", cut, width + i, constant=True) for i, cut in enumerate(cuts)]
    return found


def _equation(
    core: CoreFit | QuantileFit, context: Context, units: Mapping[str, str], first: int, prefix: str
) -> Iterator[Line]:
    """The lines of one equation, whose coefficients begin at ``first``; the constant comes last."""
    matrix = core.data.sample.matrix
    columns = list(zip(range(first, first + len(matrix.terms)), matrix.terms, matrix.parts, strict=True))
    constant = None
    for _, same in groupby(columns, key=lambda column: column[1]):
        term = list(same)
        parts = term[0][2]
        if not parts:
            constant = Line("", f"{prefix}Constant", term[0][0], constant=True)
            continue
        title = TIMES.join(context.title(name) for name, _ in parts)
        if not any(level for _, level in parts):
            unit = units.get(parts[0][0], "") if len(parts) == 1 else ""
            yield Line("", f"{prefix}{title}" + (f" ({unit})" if unit else ""), term[0][0])
            continue
        variable = matrix.variables.get(parts[0][0]) if len(parts) == 1 else None
        if variable is not None and variable.labels[1:] == tuple(level for _, _, ((_, level),) in term):
            yield Line(prefix + title, context.label(variable.name, variable.labels[0]), None)
        for place, _, pieces in term:
            label = TIMES.join(context.label(name, level) for name, level in pieces if level)
            yield Line(prefix + title, label, place)
    if constant is not None:
        yield constant


def table_parts(
    core: CoreFit | QuantileFit, drawn: list[Line], ratio: str
) -> tuple[tuple[Column, ...], tuple[RowGroup, ...]]:
    """Columns and rows of the table; ``ratio``: what exp(coefficient) is called, or empty."""
    low, high = core.interval(CONFIDENCE)
    number = limit = RATIO if ratio else number_format("", core.se)
    if ratio:
        low, high = np.exp(low), np.exp(high)
    around = (f"{CONFIDENCE * 100:g}% interval",)
    columns = (
        Column("label", ""),
        Column("value", "Coefficient", number, align="right"),
        Column("se", "Std. error", finer(number, ""), align="right"),
        *([Column("ratio", ratio.capitalize(), RATIO, align="right")] if ratio else []),
        Column("low", "Low", limit, around, "right"),
        Column("high", "High", limit, around, "right"),
        Column("p", "p", align="right"),
    )

    def row(line: Line) -> tuple[Cell, ...]:
        i = line.place
        if i is None:
            told = [Cell(words="reference") if c.key == ("ratio" if ratio else "value") else EMPTY for c in columns[1:]]
            return (Cell(line.label), *told)
        value, se = float(core.value[i]), float(core.se[i])
        exponent = [Cell(float(np.exp(value)))] if ratio else []
        ends = [Cell(float(end[i])) if np.isfinite(end[i]) else Cell() for end in (low, high)]
        if ratio and line.constant:
            exponent, ends = [EMPTY], [EMPTY, EMPTY]
        return (Cell(line.label), Cell(value), Cell(se), *exponent, *ends, Cell(p_words(float(core.p[i]))))

    runs = groupby(drawn, key=lambda line: line.heading)
    return columns, tuple(RowGroup(heading, tuple(map(row, run))) for heading, run in runs)
