"""What can be worked out from published sums: which sets of persons are sums and differences of other sets.

A published number tells the weight (and the count) of a set of persons. Whoever adds and subtracts published numbers
reaches exactly the span of the published sets, as vectors of 0 and 1 over persons; so a hidden set is safe from
arithmetic if and only if its vector lies outside (Hundepool et al. 2012, Statistical Disclosure Control, chapter 4.2:
secondary suppression as a system of linear relations; here over all tables at once, not table by table).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular
from scipy.linalg.lapack import dpstrf

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

INDEPENDENT = 1e-9
"""Share of a set's length outside the span of others from which on it counts as a set of its own in the factorisation."""
SIEVE = 1e-3
"""Share of a set's squared length outside the span below which its sum is carried out in full."""
RECOVERED = 1e-6
"""Largest miss at any kind of person of a sum that still counts as having met a set of 0s and 1s."""


@dataclass(slots=True)
class Sets:
    """Distinct sets of persons (of ``n``), numbered as they are added; the empty set is not kept and numbered -1."""

    n: int
    members: list[npt.NDArray[np.uint8]] = field(default_factory=list)
    size: list[int] = field(default_factory=list)
    _known: dict[bytes, int] = field(default_factory=dict)

    def add(self, mask: Bools) -> int:
        """The number of a set, given as (n,) True for its persons."""
        count = int(mask.sum())
        if not count:
            return -1
        packed = np.packbits(mask)
        number = self._known.setdefault(packed.tobytes(), len(self.members))
        if number == len(self.members):
            self.members.append(packed)
            self.size.append(count)
        return number

    def mask(self, number: int) -> Bools:
        """(n,) True for the persons of a set."""
        return np.unpackbits(self.members[number], count=self.n).astype(bool)

    def relations(self) -> Relations:
        """How the sets lie to each other: what sums of them can be told from one another."""
        key = np.zeros(self.n, dtype=np.uint64)
        numbers = np.random.default_rng(0).integers(0, 2**64, len(self.members), dtype=np.uint64)
        for packed, number in zip(self.members, numbers, strict=True):
            key += np.unpackbits(packed, count=self.n) * number
        _, first = np.unique(key, return_index=True)
        table = np.empty((len(self.members), len(first)), dtype=np.float32)
        for i, packed in enumerate(self.members):
            table[i] = np.unpackbits(packed, count=self.n)[first]
        return Relations(table, (table @ table.T).astype(float))


@dataclass(frozen=True, slots=True)
class Relations:
    """Sets over kinds of persons: persons who belong to the same sets cannot be told apart by any sum, so one stands for all.

    ``table``: (sets, kinds) 0 and 1; ``common``: (sets, sets) kinds that two sets share (whole numbers, exact). Kinds are
    found by the sum of a random 64-bit number per set; that two of a million meet in one sum has a probability of 3e-8.
    """

    table: npt.NDArray[np.float32]
    common: Floats

    def recovered(self, shown: Index, hidden: Index) -> dict[int, Index]:
        """For each hidden set that sums and differences of shown ones meet: the shown sets it can be worked out from.

        ``shown`` and ``hidden``: numbers of sets. A basis of the shown sets comes from a pivoted Cholesky
        factorisation; every sum it suggests is carried out and compared kind by kind, so that rounding cannot report
        what is not so.
        """
        if not len(shown) or not len(hidden):
            return {}
        length = np.sqrt(self.common[shown, shown])
        products = self.common[np.ix_(shown, shown)] / length[:, None] / length
        factor, pivot, rank, _ = dpstrf(products, lower=1, tol=INDEPENDENT)
        basis = pivot[:rank] - 1
        lower, length, basis = np.tril(factor[:rank, :rank]), length[basis], shown[basis]
        half = solve_triangular(lower, self.common[np.ix_(basis, hidden)] / length[:, None], lower=True)
        times = solve_triangular(lower, half, lower=True, trans="T") / length[:, None]
        inside = self.common[hidden, hidden] - (half**2).sum(axis=0) < SIEVE * self.common[hidden, hidden]
        found = {}
        for i in np.flatnonzero(inside):
            used = np.flatnonzero(np.abs(times[:, i]) > RECOVERED)
            total = times[used, i] @ self.table[basis[used]].astype(float)
            if np.abs(total - self.table[hidden[i]]).max() < RECOVERED:
                found[int(hidden[i])] = basis[used]
        return found
