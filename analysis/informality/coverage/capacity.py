"""Can they pay: three tests of a contribution against earnings, the household's means and its food.

Each test is reported by itself; a baseline says which of them decide who can join. Payments within a household
are tested for each person alone (``own_only``, the default) or for all its eligible members at once (``all_members``).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

HouseholdMode = Literal["own_only", "all_members"]
_ROUNDING = 1e-12  # a burden that equals the limit but for rounding passes


def burden(pay: npt.ArrayLike, earnings: npt.ArrayLike) -> Floats:
    """What the member pays as a share of earnings; infinite for who pays without any, NaN where earnings are unknown."""
    p, y = np.asarray(pay, dtype=float), np.asarray(earnings, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = p / y
    return np.asarray(np.where((y == 0) & (p == 0), 0.0, share))


def passes_burden(share: npt.ArrayLike, limit: npt.ArrayLike) -> Bools:
    """Burden test: at most ``limit`` (3.5, 5a); unknown earnings do not pass. Broadcasts over limits."""
    return np.asarray(np.asarray(share) <= np.asarray(limit) * (1 + _ROUNDING))


def household_payment(pay: npt.ArrayLike, household: npt.NDArray[np.intp], mode: HouseholdMode) -> Floats:
    """The payment that the household test counts for each person (n,): the own one, or that of the household."""
    own = np.asarray(pay, dtype=float)
    if mode == "own_only":
        return own
    return np.asarray(np.bincount(household, own, minlength=int(household.max(initial=-1)) + 1)[household])


def household_residual(means: npt.ArrayLike, pay: npt.ArrayLike, persons: npt.ArrayLike) -> Floats:
    """What is left to each person of the household: (means - payments) / persons, a month (3.5, 5b)."""
    return np.asarray((np.asarray(means, dtype=float) - np.asarray(pay)) / np.asarray(persons))


def passes_household(residual: npt.ArrayLike, line: float, margin: float = 0.0) -> Bools:
    """Household test: what is left reaches the poverty line and a margin above it."""
    return np.asarray(np.asarray(residual) >= line * (1 + margin))


def passes_food(means: npt.ArrayLike, pay: npt.ArrayLike, persons: npt.ArrayLike, food_line: float) -> Bools:
    """Food test: what the household has beyond food covers the payment (3.5, 5c)."""
    return np.asarray(np.asarray(means) - food_line * np.asarray(persons) >= np.asarray(pay))
