"""Sums over rows, kept by PSU and cell: all that any estimate needs, and all that is kept.

(By second-stage unit or by row where the design asks for it: ``Design.unit`` says which.)

A cell is whatever the caller tabulates by (a domain). Each row adds its weight, weight x value and
weight x value squared to the line of its (psu, cell) pair, and only pairs that occur have a line:
geography nests PSUs, so there are far fewer of them than PSUs x cells. Sums of parts add up, so a file
read in chunks, or spread over processes, gives the same :class:`Moments` as the whole file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from informality.foundation.errors import ExitCode, InformalityError, Problem

IntArray = NDArray[np.intp]
FloatArray = NDArray[np.float64]

# A table with this many places per row is still filled faster than the rows are sorted.
_PLACES_PER_ROW = 8


def compact(key: IntArray, size: int) -> tuple[IntArray, IntArray]:
    """Number the keys that occur: codes (n,) and the sorted keys behind them, so key == keys[code].

    ``key`` (n,) lies in 0..size-1. Small ranges are counted into a table, large ones are sorted.
    """
    if size > _PLACES_PER_ROW * len(key) + 1024:
        keys, codes = np.unique(key, return_inverse=True)
        return codes, keys
    occurs = np.zeros(size, dtype=bool)
    occurs[key] = True
    keys = np.flatnonzero(occurs)
    number = np.empty(size, dtype=np.intp)
    number[keys] = np.arange(len(keys))
    return number[key], keys


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Additive sums for m populated (psu, cell) pairs, sorted by psu and then cell, and k values.

    ``psu``, ``cell``: (m,) codes. ``n``: (m,) cases, that is rows with a weight other than 0.
    ``weight``: (m,) sum of w. ``sums``: (m, k) sum of w*y. ``nonzero``: (m, k) cases with y other than 0.
    ``products``: (m, k) sum of w*y*y; of a numerator y and denominator x (m, 3): w*y*y, w*y*x, w*x*x.
    ``cross``: only for calibrated weights, (p, n_cells, k + 1) sums over the rows of a cell of
    w*y and, last, of w, each times the row's p instruments (``Design.calibration.instrument``).
    Squares are summed as they are, so the design effect of a value that varies by less than a
    thousandth of its mean loses digits; standard errors do not use them.
    """

    n_cells: int
    psu: IntArray
    cell: IntArray
    n: IntArray
    weight: FloatArray
    sums: FloatArray
    nonzero: IntArray
    products: FloatArray
    cross: FloatArray | None = None

    @classmethod
    def from_arrays(
        cls,
        weight: FloatArray,
        psu: IntArray,
        cell: ArrayLike | None,
        n_cells: int,
        y: ArrayLike,
        instrument: sparse.csr_array | None = None,
    ) -> Moments:
        """Moments of values ``y`` (n,) or (n, k), all k taken over the same rows.

        ``cell`` (n,) integer codes; a negative code, or NaN in any of the k values, puts the row
        outside (R's ``na.rm=TRUE``). ``cell=None`` puts every row in cell 0.
        """
        values = _values(y)
        rows = _Rows(weight, psu, cell, n_cells, values)
        y_rows = rows.take(values)
        wy = rows.weight[:, None] * y_rows
        cross = rows.cross(instrument, wy)
        return rows.moments(rows.add_up(wy), rows.count(y_rows != 0), rows.add_up(wy * y_rows), cross)

    @classmethod
    def from_pair(
        cls,
        weight: FloatArray,
        psu: IntArray,
        cell: ArrayLike | None,
        n_cells: int,
        numerator: ArrayLike,
        denominator: ArrayLike,
        instrument: sparse.csr_array | None = None,
    ) -> Moments:
        """Moments of a numerator and a denominator (n,), with their cross product; for ratios."""
        values = np.hstack([_values(numerator), _values(denominator)])
        if values.shape[1] != 2:
            raise ValueError("a ratio takes one numerator and one denominator")
        rows = _Rows(weight, psu, cell, n_cells, values)
        yx = rows.take(values)
        w_yx = rows.weight[:, None] * yx
        products = np.column_stack([w_yx[:, 0] * yx[:, 0], w_yx[:, 0] * yx[:, 1], w_yx[:, 1] * yx[:, 1]])
        cross = rows.cross(instrument, w_yx)
        return rows.moments(rows.add_up(w_yx), rows.count(yx != 0), rows.add_up(products), cross)

    @classmethod
    def from_codes(
        cls,
        weight: FloatArray,
        psu: IntArray,
        cell: ArrayLike | None,
        n_cells: int,
        outcome: ArrayLike,
        n_outcomes: int,
        instrument: sparse.csr_array | None = None,
    ) -> Moments:
        """Moments of the ``n_outcomes`` indicators of a category code ``outcome`` (n,), in one pass.

        A negative outcome puts the row outside. Equal to :meth:`from_arrays` on the n x n_outcomes
        matrix of indicators, which is never built.
        """
        codes = _codes(outcome, n_outcomes, "outcome")
        rows = _Rows(weight, psu, cell, n_cells, codes)
        codes = rows.take(codes)
        place = rows.code * n_outcomes + codes
        shape = (len(rows.key), n_outcomes)
        size = shape[0] * n_outcomes
        sums = np.bincount(place, rows.weight, minlength=size).astype(np.float64, copy=False).reshape(shape)
        cases = np.bincount(rows.cases(place), minlength=size).reshape(shape)
        cross = rows.cross_of_codes(instrument, codes, n_outcomes)
        return rows.moments(sums, cases, sums, cross)  # an indicator is its own square

    def add(self, other: Moments) -> Moments:
        """The moments of the rows of both: same psu codes, cells and values, different rows."""
        if len({(m.n_cells, m.sums.shape[1], m.products.shape[1]) for m in (self, other)}) > 1:
            raise ValueError("moments of different cells or values cannot be added")
        key = np.concatenate([m.psu * m.n_cells + m.cell for m in (self, other)])
        code, keys = compact(key, int(key.max(initial=-1)) + 1)
        here, there = code[: len(self.psu)], code[len(self.psu) :]

        def merged(mine: NDArray[Any], theirs: NDArray[Any]) -> NDArray[Any]:
            out = np.zeros((len(keys), *mine.shape[1:]), dtype=mine.dtype)
            out[here] = mine
            out[there] += theirs  # each pair has one line, so no place is hit twice
            return out

        return Moments(
            n_cells=self.n_cells,
            psu=keys // self.n_cells,
            cell=keys % self.n_cells,
            n=merged(self.n, other.n),
            weight=merged(self.weight, other.weight),
            sums=merged(self.sums, other.sums),
            nonzero=merged(self.nonzero, other.nonzero),
            products=merged(self.products, other.products),
            cross=None if self.cross is None or other.cross is None else self.cross + other.cross,
        )


def add_up(code: IntArray, columns: FloatArray, size: int) -> FloatArray:
    """Sums (size, k) of columns (n, k) by code (n,)."""
    sums = [np.bincount(code, column, minlength=size) for column in columns.T]
    return np.column_stack(sums).astype(np.float64, copy=False)


class _Rows:
    """The rows inside the universe, each with the line (``code``) of its (psu, cell) pair."""

    def __init__(
        self, weight: FloatArray, psu: IntArray, cell: ArrayLike | None, n_cells: int, value: FloatArray | IntArray
    ) -> None:
        cells = None if cell is None else _codes(cell, n_cells, "cell")
        if len({len(weight), len(psu), len(value), len(value if cells is None else cells)}) > 1:
            raise ValueError("weight, psu, cell and value must have the same number of rows")
        inside = value >= 0 if value.ndim == 1 else ~np.isnan(value).any(axis=1)
        if cells is not None:
            inside &= cells >= 0
        self._keep = None if inside.all() else np.flatnonzero(inside)
        self.weight: FloatArray = self.take(weight)
        self.n_cells = n_cells
        key = self.take(psu) * n_cells
        self._cells = None if cells is None else self.take(cells)
        if self._cells is not None:
            key += self._cells
        self.code, self.key = compact(key, int(key.max(initial=-1)) + 1)
        self._zero_weights = not self.weight.all()

    def take(self, values: NDArray[Any]) -> NDArray[Any]:
        return values if self._keep is None else values[self._keep]

    def cases(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values of the cases: rows with a weight."""
        return values[self.weight != 0] if self._zero_weights else values

    def add_up(self, columns: FloatArray) -> FloatArray:
        """Sums of columns (n, k) by line: (m, k)."""
        return add_up(self.code, columns, len(self.key))

    def count(self, flags: NDArray[np.bool_]) -> IntArray:
        """Cases (rows with a weight) by line for which the columns of flags (n, k) hold: (m, k)."""
        code, flags = self.cases(self.code), self.cases(flags)
        return np.column_stack([np.bincount(code[f], minlength=len(self.key)) for f in flags.T])

    def cross(self, instrument: sparse.csr_array | None, columns: FloatArray) -> FloatArray | None:
        """Sums (p, cells, k + 1) over the rows of weighted columns (n, k) and the weight times the instruments."""
        if instrument is None:
            return None
        k = columns.shape[1] + 1
        place = np.arange(k) if self._cells is None else self._cells[:, None] * k + np.arange(k)
        return self._cross(instrument, np.column_stack([columns, self.weight]), place, k)

    def cross_of_codes(self, instrument: sparse.csr_array | None, codes: IntArray, n_codes: int) -> FloatArray | None:
        """The same for the indicators of codes (n,), which are never built."""
        if instrument is None:
            return None
        first = np.zeros(1, dtype=np.intp) if self._cells is None else self._cells * (n_codes + 1)
        place = np.column_stack([first + codes, np.broadcast_to(first + n_codes, codes.shape)])
        return self._cross(instrument, np.column_stack([self.weight, self.weight]), place, n_codes + 1)

    def _cross(self, instrument: sparse.csr_array, values: FloatArray, place: IntArray, k: int) -> FloatArray:
        row = np.broadcast_to(np.arange(len(values))[:, None], values.shape).ravel()
        place = np.broadcast_to(place, values.shape).ravel()
        table = sparse.csr_array((values.ravel(), (row, place)), shape=(len(values), self.n_cells * k))
        inside = instrument if self._keep is None else instrument[self._keep]
        return np.asarray((inside.T @ table).toarray()).reshape(-1, self.n_cells, k)

    def moments(self, sums: FloatArray, nonzero: IntArray, products: FloatArray, cross: FloatArray | None) -> Moments:
        return Moments(
            n_cells=self.n_cells,
            psu=self.key // self.n_cells,
            cell=self.key % self.n_cells,
            n=np.bincount(self.cases(self.code), minlength=len(self.key)),
            weight=self.add_up(self.weight[:, None])[:, 0],
            sums=sums,
            nonzero=nonzero,
            products=products,
            cross=cross,
        )


def _values(y: Any) -> FloatArray:
    """Values as a float matrix (n, k); pandas' missing values become NaN; infinities are refused."""
    if hasattr(y, "to_numpy"):
        y = y.to_numpy(dtype=np.float64, na_value=np.nan)
    values = np.asarray(y, dtype=np.float64)
    values = values[:, None] if values.ndim == 1 else values
    if np.isinf(values).any():
        raise InformalityError(
            Problem(
                place="values to estimate",
                what="a value is infinite",
                found=f"{int(np.isinf(values).any(axis=1).sum()):,} rows",
                fix="set such values to missing, or look for a division by zero",
            ),
            ExitCode.DATA,
        )
    return values


def _codes(codes: ArrayLike, size: int, name: str) -> IntArray:
    """Codes as intp: small integer types would overflow when psu and cell are combined."""
    array = np.asarray(codes)
    if array.dtype.kind not in "iub":
        raise TypeError(f"{name} must hold integer codes, not {array.dtype}")
    if array.max(initial=-1) >= size:
        raise ValueError(f"{name} has code {array.max()}, but there are only {size}")
    return array.astype(np.intp, copy=False)
