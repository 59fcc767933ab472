"""Categories, orders and numbers on one footing: factor analysis of mixed data, with weights.

A level of a category is a column of 0 and 1, centred at its share p and divided by the root of p, as in multiple
correspondence analysis; a number is standardised; an order is scored by the middle ranks of its levels (ridits: Bross
1958) and standardised. Their principal components are those of Pages (2004, Revue de statistique appliquee 52) and of
Hill and Smith (1976, Taxon 25): in the first component no characteristic counts for more than 1, however many levels it
has. Components that explain more than one standardised number does, an eigenvalue above 1, are kept; the others
are mostly noise, and clusters found with them less stable.

The division by the root of p blows up rare levels, so a level rarer than ``rare`` is scaled as if it had that share.
A level that stands apart from an order, and a missing number, is a level of 0 and 1 beside the order or number, which is
taken to be average there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse

from informality.inference.sampling.moments import FloatArray, IntArray
from informality.inference.segments.characteristics import Cases, Column


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """The raw columns of one characteristic: ``levels`` of 0 and 1, and a number before them or not.

    ``scored``: how many of the levels, from the first, are an order and not levels of their own.
    """

    start: int
    number: bool
    levels: int
    scored: int

    @property
    def places(self) -> IntArray:
        """The columns of 0 and 1."""
        first = self.start + self.number
        return np.arange(first, first + self.levels)


@dataclass(frozen=True, slots=True, eq=False)
class RawColumns:
    """Patterns as a sparse matrix ``x`` (m, d), and the block of each characteristic; made once, for any weights."""

    x: sparse.csr_array
    blocks: tuple[Block, ...]

    @classmethod
    def of(cls, cases: Cases, weight: FloatArray) -> RawColumns:
        """``weight`` (m,) of the patterns serves to shift and scale numbers to a size near 1."""
        parts, blocks, start = [], [], 0
        for column in cases.columns:
            part, block = _raw(column, cases.first, weight, start)
            parts.append(part)
            blocks.append(block)
            start += part.shape[1]
        return cls(sparse.csr_array(sparse.hstack(parts, format="csr")), tuple(blocks))

    def coordinates(self, weight: FloatArray, rare: float) -> FloatArray:
        """Coordinates (m, r) of all patterns in the components found with these weights (m,), not all 0."""
        w = weight / weight.sum()
        mean = self.x.T @ w
        squares = (self.x.T @ (self.x * w[:, None])).toarray() - np.outer(mean, mean)
        scale = self._scale(mean, squares, rare)
        size, axes = linalg.eigh(scale.T @ squares @ scale)
        kept = np.flatnonzero(size > min(1.0, size[-1] * (1 - 1e-9)))[::-1]
        to_components = scale @ axes[:, kept]
        return np.asarray(self.x @ to_components - mean @ to_components)

    def _scale(self, mean: FloatArray, squares: FloatArray, rare: float) -> FloatArray:
        """(d, s) raw columns to standardised ones; a level or number without spread has none."""
        columns = []
        for block in self.blocks:
            at = block.places
            if block.number or block.scored:
                line = np.zeros(len(mean))
                if block.number:
                    known = 1 - mean[at].sum()  # a missing number stands as 0, and is moved to the mean
                    line[block.start] = 1.0
                    line[at] = mean[block.start] / known if known > 0 else 0.0
                else:
                    share = mean[at[: block.scored]]
                    ridit = np.cumsum(share) - share / 2
                    line[at[: block.scored]] = ridit - (ridit @ share) / share.sum() if share.sum() > 0 else 0.0
                spread = line @ squares @ line
                if spread > 1e-12:
                    columns.append(line / np.sqrt(spread))
            for place in at[block.scored :]:
                if mean[place] > 0:
                    line = np.zeros(len(mean))
                    line[place] = 1 / np.sqrt(max(mean[place], rare))
                    columns.append(line)
        return np.column_stack(columns)


def _raw(column: Column, rows: IntArray, weight: FloatArray, start: int) -> tuple[sparse.csr_array, Block]:
    m = len(rows)
    values = column.values[rows]
    if column.what.kind == "number":
        gone = np.isnan(values)
        w = np.where(gone, 0.0, weight)
        filled = np.where(gone, 0.0, values)
        middle = w @ filled / w.sum()
        spread = np.sqrt(w @ (filled - middle) ** 2 / w.sum())
        standard = np.where(gone, 0.0, (filled - middle) / (spread or 1.0))[:, None]
        if not gone.any():
            return sparse.csr_array(standard), Block(start, True, 0, 0)
        return sparse.csr_array(np.column_stack([standard, gone])), Block(start, True, 1, 0)
    levels = len(column.levels)
    scored = sum(level in column.what.order for level in column.levels) if column.what.kind == "ordered" else 0
    ones = sparse.csr_array((np.ones(m), (np.arange(m), values)), shape=(m, levels))
    return ones, Block(start, False, levels, scored)
