"""Rows that are alike are one: the covariate patterns of a model, and the way back to rows and PSUs.

A row enters a likelihood through its covariates, its outcome and its weight. Rows with the same covariates and
outcome have the same score per unit of weight, so a model is fitted on the distinct patterns with their summed
weights, which changes nothing, and the total of the scores in a PSU needs only the weight of each pattern there.
A survey with a dozen factors has a few thousand patterns; where a covariate is continuous nothing is alike, and
every row is its own pattern.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from informality.inference.models.covariates import Variable
from informality.inference.sampling.design import Design
from informality.inference.sampling.moments import FloatArray, IntArray

_SAMPLE = 10_000
_WORTH_IT = 0.4  # collapse when there are at most this many patterns for each row


@dataclass(frozen=True, slots=True, eq=False)
class Patterns:
    """``rows`` (N,): the file rows of the model. ``code`` (N,): the pattern of each, None if all differ.

    ``first`` (m,): a file row that shows each pattern.
    """

    rows: IntArray
    code: IntArray | None
    first: IntArray

    @classmethod
    def find(cls, variables: Iterable[Variable], rows: IntArray) -> Patterns:
        """Patterns of the variables (covariates, outcome, offset) among these rows of the file."""
        columns = list(variables)
        if len(rows) > _SAMPLE:
            sample = rows[:: len(rows) // _SAMPLE]
            distinct = len(pd.unique(_keys(columns, sample)))
            # pairs that are alike among s rows, out of s^2/2, tell how many patterns there are
            alike = len(sample) - distinct
            if alike == 0 or len(sample) ** 2 / (2 * alike) > _WORTH_IT * len(rows):
                return cls(rows, None, rows)
        code, keys = pd.factorize(_keys(columns, rows))
        first = np.empty(len(keys), dtype=np.intp)
        first[code[::-1]] = rows[::-1]
        return cls(rows, code.astype(np.intp, copy=False), first)

    def __len__(self) -> int:
        return len(self.first)

    def among(self, chosen: NDArray[np.bool_]) -> Patterns:
        """Some of the patterns (m,) and their rows."""
        if self.code is None:
            return Patterns(self.rows[chosen], None, self.first[chosen])
        place = np.cumsum(chosen) - 1
        mine = chosen[self.code]
        return Patterns(self.rows[mine], place[self.code[mine]], self.first[chosen])

    def sums(self, values: FloatArray) -> FloatArray:
        """Sums by pattern (m,) of values (n,) of all file rows, such as weights."""
        mine = values[self.rows]
        if self.code is None:
            return mine
        return np.asarray(np.bincount(self.code, mine, minlength=len(self.first)), dtype=np.float64)

    def spread(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values of patterns (m, ...) given to the rows of the model (N, ...)."""
        return values if self.code is None else values[self.code]

    def by_unit(self, design: Design) -> sparse.csr_matrix:
        """Weight of each pattern in each sampled unit (PSU, or what the design keeps sums by), sparse (m, U)."""
        unit = design.unit
        shape = (len(self.first), int(unit.max()) + 1)
        weight, unit = design.weight[self.rows], unit[self.rows]
        if self.code is None:
            return sparse.csr_matrix((weight, unit, np.arange(len(unit) + 1)), shape)
        return sparse.csr_matrix((weight, (self.code, unit)), shape)


def _keys(columns: list[Variable], rows: IntArray) -> IntArray:
    """One number for each row, the same for rows alike."""
    key = np.zeros(len(rows), dtype=np.int64)
    size = 1
    for column in columns:
        values = column.values[rows]
        if values.dtype.kind == "f":
            codes, levels = pd.factorize(values)
            span = len(levels)
        else:
            low = int(values.min(initial=0))
            codes, span = values.astype(np.int64) - low, int(values.max(initial=0)) - low + 1
        if size > (1 << 62) // span:
            key, levels = pd.factorize(key)
            size = len(levels)
            if size > (1 << 62) // span:
                codes, levels = pd.factorize(codes)
                span = len(levels)
        key = key * span + codes
        size *= span
    return key


def unit_totals(by_unit: sparse.csr_matrix, rows: slice, values: FloatArray) -> tuple[IntArray | slice, FloatArray]:
    """The units that hold some patterns (``rows``), and their totals of the patterns' values (rows, k)."""
    part = by_unit[rows]
    if part.shape[1] <= part.shape[0]:  # few units: all are held, or nearly
        return slice(None), np.asarray(part.T @ values)
    units, place = np.unique(part.indices, return_inverse=True)
    local = sparse.csr_matrix((part.data, place, part.indptr), (part.shape[0], len(units)))
    return units, np.asarray(local.T @ values)
