"""Life tables and annuities.

Death rates m(x) are those of five-year groups, constant within each; q = 1 - exp(-m) at single ages, and the
table ends at age 110. Life expectancy sums the person-years lived, d/m; annuities are paid yearly in advance,
and :func:`monthly` turns them into twelve payments a year (Woolhouse: subtract 11/24).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

TOP_AGE = 109
_MONTHLY = 11 / 24


@dataclass(frozen=True, slots=True, eq=False)
class LifeTable:
    """``rates`` m(x), (110,), and ``alive`` l(x), (111,), from 1 at birth, by single age."""

    rates: Floats
    alive: Floats

    @classmethod
    def of(cls, rates: Mapping[int, float]) -> LifeTable:
        """From the death rate of each age group, by the age the group begins with."""
        starts = sorted(rates)
        ages = np.arange(TOP_AGE + 1)
        m = np.array([rates[a] for a in starts])[np.searchsorted(starts, ages, side="right") - 1]
        return cls(m, np.concatenate([[1.0], np.cumprod(np.exp(-m))]))

    def expectancy(self, age: int) -> float:
        """Years of life left at an age (0: life expectancy at birth)."""
        lived = (self.alive[:-1] - self.alive[1:]) / self.rates
        beyond = self.alive[-1] / self.rates[-1]
        return float((lived[age:].sum() + beyond) / self.alive[age])

    def survival(self, start: npt.ArrayLike, end: npt.ArrayLike) -> Floats:
        """Probability of living from age ``start`` to age ``end`` (whole years; broadcast)."""
        return np.asarray(self.alive[np.asarray(end, dtype=int)] / self.alive[np.asarray(start, dtype=int)])

    def annuity_due(self, age: int, rate: float) -> float:
        """Present value of 1 a year for life, in advance, first payment at ``age``; ``rate`` is real, yearly."""
        years = np.arange(TOP_AGE + 1 - age, dtype=float)
        return float((self.alive[age:-1] / self.alive[age] * (1.0 + rate) ** -years).sum())


def monthly(annuity_due: float) -> float:
    """Present value of 1 a year paid in twelve parts, from that of 1 a year in advance."""
    return annuity_due - _MONTHLY
