"""What sets a segment apart: shares and means inside and outside it, with the errors of the design."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from informality.inference.estimates.derived import Derived, cells
from informality.inference.estimates.estimate import Estimate, means, shares
from informality.inference.estimates.intervals import interval
from informality.inference.sampling.design import Design
from informality.inference.sampling.moments import FloatArray, IntArray
from informality.inference.segments.characteristics import Cases, Column


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """One characteristic inside and outside one segment.

    ``estimate``: shares (2, L) of the levels, or means (2,), outside first; ``difference`` (L,) or (1,), inside less
    outside. ``distance``: of shares, half the sum of their absolute differences, the part of the segment that would
    have to change for it to be like the others; of a number, the largest difference of the two cumulated shares
    (Kolmogorov-Smirnov). Both lie between 0 and 1. ``spreads``: of a number, the difference in standard deviations.
    """

    segment: int
    place: int  # of the characteristic among all
    column: Column
    levels: tuple[str, ...]  # none for a mean
    estimate: Estimate
    difference: Derived
    distance: float
    spreads: float = np.nan

    @property
    def inside(self) -> FloatArray:
        """(L,) shares, or (1,) the mean, of the segment."""
        return np.atleast_1d(self.estimate.value[1])

    @property
    def outside(self) -> FloatArray:
        """(L,) shares, or (1,) the mean, of all other cases."""
        return np.atleast_1d(self.estimate.value[0])

    def lines(self) -> list[dict[str, Any]]:
        """Rows of a table: inside, outside and difference of each level."""
        what = self.column.what
        columns = []
        for where, place in (("inside", 1), ("outside", 0)):
            low, high = interval(self.estimate)
            numbers = (self.estimate.value, self.estimate.se, low, high, self.estimate.n)
            columns.append((where, [np.atleast_1d(x[place]) for x in numbers]))
        low, high = interval(self.difference)
        # of the difference the cases are those of the segment, the smaller side that it rests on
        columns.append(("difference", [self.difference.value, self.difference.se, low, high, columns[0][1][4]]))
        return [
            {
                "segment": self.segment + 1,
                "characteristic": what.name,
                "title": what.printed,
                "level": level,
                "label": what.label(level) if level else "",
                "measure": "share" if level else "mean",
                "where": where,
                "value": value[i],
                "se": se[i],
                "low": low_[i],
                "high": high_[i],
                "n": int(n[i]),
                "distance": self.distance,
            }
            for i, level in enumerate(self.levels or ("",))
            for where, (value, se, low_, high_, n) in columns
        ]


def contrasts(design: Design, cases: Cases, segment: IntArray, number: int) -> list[list[Contrast]]:
    """For each of ``number`` segments its contrasts with all others, the largest distance first.

    ``segment``: (n,) codes in the file, -1 outside the domain. A number some of whose values are missing has a contrast
    of its means among those known, and one of the share that is missing.
    """
    out = []
    for k in range(number):
        side = np.where(segment < 0, -1, (segment == k).astype(np.intp))
        mine = [c for i in range(len(cases.columns)) for c in _of_column(design, cases, i, k, side)]
        out.append(sorted(mine, key=lambda c: -round(c.distance, 9)))
    return out


def profile_table(sets: list[list[Contrast]]) -> pd.DataFrame:
    """The contrasts as a tidy table, for each segment in order of distance."""
    return pd.DataFrame([line for mine in sets for contrast in mine for line in contrast.lines()])


def _of_column(design: Design, cases: Cases, place: int, k: int, side: IntArray) -> list[Contrast]:
    column = cases.columns[place]
    if column.what.kind != "number":
        return [_of_levels(design, column, column.values, column.levels, k, place, side)]
    out = [_of_mean(design, cases, column, k, place, side)]
    codes, (_, missing) = column.codes
    if codes[cases.rows].any():
        out.append(_of_levels(design, column, codes, ("known", missing), k, place, side))
    return out


def _of_levels(
    design: Design, column: Column, codes: IntArray, levels: tuple[str, ...], k: int, place: int, side: IntArray
) -> Contrast:
    estimate = shares(design, codes, len(levels), side, 2)
    both = cells(estimate)
    size = len(levels)
    difference = (both[size:] - both[:size]).named("difference")
    distance = float(np.abs(difference.value).sum() / 2)
    return Contrast(k, place, column, levels, estimate, difference, distance)


def _of_mean(design: Design, cases: Cases, column: Column, k: int, place: int, side: IntArray) -> Contrast:
    estimate = means(design, column.values, side, 2)
    both = cells(estimate)
    difference = (both[1] - both[0]).named("difference")
    known = cases.rows[~np.isnan(column.values[cases.rows])]
    y, w, inside = column.values[known], design.weight[known], side[known] == 1
    order = np.argsort(y, kind="stable")
    last = np.flatnonzero(np.append(np.diff(y[order]) > 0, True))
    cumulated = [np.cumsum(np.where(s, w, 0.0)[order])[last] for s in (inside, ~inside)]
    distance = 0.0
    if all(c[-1] > 0 for c in cumulated):
        distance = float(np.abs(cumulated[0] / cumulated[0][-1] - cumulated[1] / cumulated[1][-1]).max())
    mean = w @ y / w.sum()
    spread = np.sqrt(w @ (y - mean) ** 2 / w.sum())
    spreads = float(difference.value[0] / spread) if spread > 0 else np.nan
    return Contrast(k, place, column, (), estimate, difference, distance, spreads)
